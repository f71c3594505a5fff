"""What both parts of the demo tell with: run planfence as somebody, and hold it to what is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environment(user: str) -> dict[str, str]:
    """The environment of one of the people (or machines) of this story."""
    return {**os.environ, "PLANFENCE_USER": user, "PYTHONPATH": str(ROOT)}


def run_planfence(
    folder: Path, *arguments: str, user: str, apart: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run the command in a project folder; diagnostics come apart from the data if asked for."""
    return subprocess.run(
        [sys.executable, "-m", "planfence", *arguments],
        cwd=folder,
        env=environment(user),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if apart else subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )


def expect(holds: bool, claim: str) -> None:
    """End with exit code 1 unless what is told is so."""
    if not holds:
        print(f"\nNOT AS TOLD: {claim}", file=sys.stderr)
        raise SystemExit(1)


def title(text: str) -> None:
    print(f"\n== {text} ==", flush=True)


def values(zone_file: Path, name: str, rdtype: str) -> list[str]:
    """A record set's values, re-read from the zone file on disk."""
    records = (line.split(maxsplit=4) for line in zone_file.read_text().splitlines())
    return [fields[4] for fields in records if fields[:1] == [name] and fields[3] == rdtype]
