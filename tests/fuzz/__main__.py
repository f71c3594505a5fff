"""Fuzzes every target for a share of the time: ``python -m tests.fuzz [SECONDS] [--only TARGET]``.

Ends with 1 if a target broke, and says where the input is; make it a file of the corpus, so that
every test run tries it from then on.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import TARGETS

TAIL_LINES = 40


def fuzzed(name: str, folder: Path, seconds: int, *options: str) -> tuple[bool, str]:
    """Whether a target held for so long, and what the fuzzer said last."""
    command = [sys.executable, "-m", "tests.fuzz.one", name, str(folder)]
    # Coverage measures the corpus, which is run without this: one process has one tracer.
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    ended = subprocess.run(
        [*command, f"-max_total_time={seconds}", *options],
        env=environment | {"PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = ended.stdout.decode(errors="replace")
    return ended.returncode == 0, "\n".join(said.splitlines()[-TAIL_LINES:])


def runs(said: str) -> int:
    """How many inputs the fuzzer says that it tried."""
    match = re.search(r"stat::number_of_executed_units:\s*([0-9]+)", said)
    return int(match[1]) if match else 0


def reached(said: str) -> tuple[int, int]:
    """How much of the readers' code, and of documents' places, the fuzzer says that it reached.

    Returns:
        Edges and places together, and those with how often each was passed.
    """
    found = re.findall(r"cov: ([0-9]+) ft: ([0-9]+)", said)
    return (int(found[-1][0]), int(found[-1][1])) if found else (0, 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=int, default=60, help="for all (default: 60)")
    parser.add_argument("--only", action="append", choices=TARGETS, help="just this target")
    parser.add_argument("--folder", type=Path, help="keeps what was found from run to run")
    asked = parser.parse_args()
    names = asked.only or list(TARGETS)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="planfence-fuzz-"))
    broken = 0
    for name in names:
        held, said = fuzzed(name, folder / name, max(1, asked.seconds // len(names)))
        found = len(list((folder / name / "found").iterdir()))
        edges, features = reached(said)
        print(
            f"{name:8} {'held' if held else 'BROKE'}: {runs(said)} inputs tried, {found} kept;"
            f" {edges} edges and places, {features} features"
        )
        if not held:
            broken += 1
            print(said)
            print(f"the input is in {folder / name}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
