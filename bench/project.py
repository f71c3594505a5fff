"""A folder with a zone's YAML, and with planfence and octoDNS set up for one target.

Beside the zone there is another that differs in one record set of a hundred, with settings for both
programs that desire it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.processes import BIN, Command, python

STREAM: Final = "dns/example.com"
LARGEST: Final = 100_000
RUNS: Final = {1_000: 5, 10_000: 3, LARGEST: 2}  # record sets, and how often each side runs

# The zone as it is, and the one that differs. Each has a folder and settings of its name.
SAME: Final = "zones"
CHANGED: Final = "changed"

_STREAM: Final = """\
[streams."{stream}"]
kind = "dns"
desired = "{desired}/example.com.yaml"
targets = ["{target}"]
escaped_semicolons = true
{tables}"""
_STORES: Final = ".planfence"
_KEPT: Final = "kept"


@dataclass(frozen=True)
class Side:
    """A target as each program's settings name it.

    Args:
        target: its URL; ``tables`` is what planfence.toml has for it beside the stream.
        octodns: its provider.
        environment: what both programs are given beside the bench's own environment.
    """

    target: str
    octodns: Mapping[str, Any]
    tables: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """The folder. ``new`` makes one."""

    folder: Path
    side: Side

    @classmethod
    def new(cls, folder: Path, size: int, side: Side, *, without: Sequence[str] = ()) -> Project:
        """A project with nothing planned. ``without``: types that its zone has none of."""
        folder.mkdir()
        left_out = [flag for each in without for flag in ("--without", each)]
        for desired, flags in ((SAME, ()), (CHANGED, ("--changed",))):
            path = f"{desired}/example.com.yaml"
            python(folder, "-m", "bench.zones", str(size), path, *left_out, *flags).run()
            settings = _STREAM.format(
                stream=STREAM, desired=desired, target=side.target, tables=side.tables
            )
            (folder / f"{desired}.toml").write_text(settings)
            (folder / f"{desired}.json").write_text(json.dumps(_octodns(desired, side.octodns)))
        project = cls(folder, side)
        project.planfence("init").run()
        project.planfence("stream", "set", STREAM, "--approvals", "0").run()
        return project

    def planfence(
        self,
        *arguments: str,
        desired: str = SAME,
        says: str = "",
        prepare: Callable[[], object] | None = None,
    ) -> Command:
        return Command(
            (str(BIN / "planfence"), "--config", f"{desired}.toml", *arguments),
            self.folder,
            says=says,
            environment=self.side.environment,
            prepare=prepare,
        )

    def octodns(
        self, program: str, *arguments: str, desired: str = SAME, exit_code: int = 0, says: str = ""
    ) -> Command:
        return Command(
            (str(BIN / program), "--config-file", f"{desired}.json", *arguments),
            self.folder,
            exit_code=exit_code,
            says=says,
            environment=self.side.environment,
        )

    def apply(self, *waived: str) -> None:
        """Make the target what the zone asks for, with the plan that planfence makes of it.

        Args:
            waived: guards that the first plan of a target that is not empty breaks.
        """
        allow = [flag for rule in waived for flag in ("--allow", rule, "--reason", "bench")]
        self.planfence("plan", STREAM, "--quiet", "--json-into", "plan.json", *allow).run()
        plan = json.loads((self.folder / "plan.json").read_text())
        named = (STREAM, str(plan["generation"]), "--digest", plan["digest"])
        if waived:
            self.planfence("approve", *named).run()
        self.planfence("enact", *named, says="is applied").run()

    def keep(self) -> None:
        """Remember the stores as they are now."""
        shutil.copytree(self.folder / _STORES, self.folder / _KEPT)

    def restore(self) -> None:
        """Make the stores what was kept: a plan that was published since then never was."""
        shutil.rmtree(self.folder / _STORES)
        shutil.copytree(self.folder / _KEPT, self.folder / _STORES)


def _octodns(desired: str, live: Mapping[str, Any]) -> dict[str, Any]:
    source = {
        "class": "octodns.provider.yaml.YamlProvider",
        "directory": desired,
        "enforce_order": False,
    }
    return {
        "providers": {"desired": source, "live": live},
        "zones": {"example.com.": {"sources": ["desired"], "targets": ["live"]}},
    }
