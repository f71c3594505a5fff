"""A project folder and the command run in it: in this process, with a clock and ids of its own.

A command that only reads must change no byte under the folder, and JSON must be as its schema says;
``Project.run`` checks both every time it runs one, so that every test of this folder does.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from planfence.app import Outside
from planfence.cli import main
from plans.document import digest_of
from plans.names import Key, plan_key
from plans.storage.register import All, Put
from plans.storage.sqlite import SqliteRegister
from tests.planfence.documented import check_output

STREAM = "dns/example.com"
DESIRED = Path(__file__).parents[1] / "golden" / "desired"
READ_ONLY = (
    {"list"},
    {"show"},
    {"diff"},
    {"drift"},
    {"dump"},
    {"status"},
    {"journal"},
    {"metrics"},
    {"stream", "show"},
    {"--help"},
    {"check"},
    {"schema"},
    {"completion"},
)

CONFIG = """\
[streams."dns/example.com"]
kind    = "dns"
desired = "zones/example.com.yaml"
targets = ["zonefile:out/a.zone", "zonefile:out/b.zone"]
"""


@dataclass
class FixedClock:
    """Stands still, unless somebody sleeps or a test moves it."""

    time: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)
    slept: float = 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def tick(self, **units: float) -> None:
        self.time += timedelta(**units)


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


@dataclass
class Project:
    """One project folder. ``environment`` is all that the command sees of one."""

    root: Path
    capsys: pytest.CaptureFixture[str]
    clock: FixedClock = field(default_factory=FixedClock)
    environment: dict[str, str] = field(default_factory=lambda: {"PLANFENCE_USER": "ana@lab"})
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self, *arguments: str, folder: Path | None = None, others_write: bool = False) -> Ran:
        """Run a command. If it only reads, and nobody else writes, nothing may change."""
        reads = any(words <= set(arguments) for words in READ_ONLY) and "init" not in arguments
        reads = reads and not others_write
        reads = reads or ("prune" in arguments and "--apply" not in arguments)
        before = self.tree() if reads else None
        self.capsys.readouterr()
        outside = Outside(
            self.clock,
            lambda: f"{next(self.ids):032x}",
            self.environment,
            folder or self.root,
        )
        code = main(arguments, outside=outside)
        captured = self.capsys.readouterr()
        if reads:
            assert self.tree() == before, f"{arguments} only reads, and changed something"
        if "json" in arguments and captured.out and not {"--help", "--follow"} & set(arguments):
            check_output(arguments, captured.out)
        return Ran(code, captured.out, captured.err)

    def ok(self, *arguments: str) -> Ran:
        ran = self.run(*arguments)
        assert ran.code == 0, ran.err
        return ran

    def refused(self, code: int, rule: str, *arguments: str, one_line: bool = True) -> Ran:
        """Run a command that must be refused, changing nothing at all."""
        before = self.tree()
        ran = self.run(*arguments)
        assert (ran.code, ran.out) == (code, ""), ran
        assert f"[{rule}]" in ran.err or ran.err.startswith(f"planfence: {rule}: "), ran.err
        assert "Traceback" not in ran.err
        if one_line:
            assert ran.err.count("\n") == 1, ran.err
        assert self.tree() == before, "a refusal changed something"
        return ran

    def tree(self) -> dict[str, str]:
        """Every file under the folder by the hash of its content; SQLite's own side files aside."""
        return {
            path.relative_to(self.root).as_posix(): content_hash(path)
            for path in sorted(self.root.rglob("*"))
            if not path.name.endswith(("-wal", "-shm"))
        }

    # What tests prepare

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def desire(self, name: str) -> None:
        """Take one of the desired states in ``tests/golden/desired``."""
        self.write("zones/example.com.yaml", (DESIRED / f"{name}.yaml").read_text("utf-8"))

    def start(self, desired: str = "one") -> None:
        """A project with its stream, nothing planned."""
        self.write("planfence.toml", CONFIG)
        self.desire(desired)
        self.ok("init")

    def plan(self) -> int:
        document = self.ok("plan", STREAM, "--format", "json").json
        assert document["outcome"] == "published", document
        generation = document["generation"]
        assert isinstance(generation, int)
        return generation

    def approve(self, generation: int) -> None:
        self.ok("approve", STREAM, str(generation), "--digest", self.digest(generation))

    def enact(self, generation: int, *flags: str) -> Ran:
        digest = self.digest(generation)
        return self.run("enact", STREAM, str(generation), "--digest", digest, *flags)

    def go(self, desired: str | None = None) -> int:
        """Plan, approve and enact."""
        if desired:
            self.desire(desired)
        generation = self.plan()
        self.approve(generation)
        assert self.enact(generation).code == 0
        return generation

    def plan_path(self, generation: int, stream: str = STREAM) -> Path:
        return self.root / ".planfence/archive" / plan_key(stream, generation)

    def digest(self, generation: int) -> str:
        return digest_of(self.plan_path(generation).read_bytes())

    def put_plan(self, generation: int, body: bytes, stream: str = STREAM) -> Path:
        """Put bytes in a plan's place, around planfence: its files are read-only."""
        path = self.plan_path(generation, stream)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(body)
        return path

    def overwrite_item(self, key: Key, **changed: Any) -> None:
        """Change a register item around planfence."""
        register = SqliteRegister(self.root / ".planfence/register.db")
        attributes = {**(register.read(key) or {}), **changed}
        register.write(Put(key, attributes, All(())))
        register.close()


def content_hash(path: Path) -> str:
    if path.is_symlink():
        return f"-> {os.readlink(path)}"
    if path.is_dir():
        return "folder"
    return hashlib.sha256(path.read_bytes()).hexdigest()
