"""Two real `planfence enact`, one held by the service while the other enacts a newer generation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.route53.remote import RemoteDouble, running
from tests.planfence.project import STREAM

ZONE = "example.com."


class Commands:
    """A project folder, and commands in processes of their own."""

    def __init__(self, root: Path, double: RemoteDouble) -> None:
        self.root = root
        self.double = double
        self.zone_id = double.add_zone(ZONE)
        config = f'[streams."{STREAM}"]\ndesired = "example.com.yaml"\ntargets = ["route53://{self.zone_id}"]\n'
        (root / "planfence.toml").write_text(config)
        self.desire("www: {type: A, value: 192.0.2.1}")
        self.run("init")
        self.run("stream", "set", STREAM, "--approvals", "0", "--updates-max", "100%")

    def desire(self, *lines: str) -> None:
        (self.root / "example.com.yaml").write_text("\n".join(lines) + "\n")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.Popen(
            [sys.executable, "-m", "planfence", *arguments],
            cwd=self.root,
            env={**kept, **self.double.environment, "PLANFENCE_USER": "ana@lab"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        out, err = process.communicate()
        assert process.returncode == 0, err
        return out

    def plan(self) -> tuple[str, ...]:
        """A plan, and the arguments that enact it."""
        document = json.loads(self.run("plan", STREAM, "--format", "json"))
        return "enact", STREAM, str(document["generation"]), "--digest", document["digest"]

    def live(self) -> dict[str, str]:
        return {
            each["Name"]: each["ResourceRecords"][0]["Value"]
            for each in self.double.record_sets(self.zone_id)
            if each["Type"] == "A"
        }


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    with running() as double:
        yield Commands(tmp_path, double)


def test_an_enactor_held_by_the_service_is_refused_after_a_newer_one(commands: Commands) -> None:
    commands.run(*commands.plan())
    commands.desire("www: {type: A, value: 192.0.2.66}")
    stale = commands.plan()
    hold = commands.double.hold("ChangeResourceRecordSets")
    held = commands.start(*stale)
    try:
        assert hold.wait()
        # Another record changes, so that nothing but the fence can refuse the batch that is held.
        commands.desire("www: {type: A, value: 192.0.2.1}", "new: {type: A, value: 192.0.2.2}")
        commands.run(*commands.plan())
        newest = commands.live()
        assert newest == {"www.example.com.": "192.0.2.1", "new.example.com.": "192.0.2.2"}
        hold.release()
        out, err = held.communicate(timeout=60)
    finally:
        held.kill()
        held.communicate()
    assert held.returncode == 4, err
    assert "superseded" in out
    assert "Traceback" not in err
    assert commands.live() == newest
