"""The scenarios of this folder in large numbers: ``python -m tests.processes.long_proof --help``.

The tests run them by the dozen, with fixed seeds. This runs them by the thousand, with seeds from
``--seed`` on, and stops at the first thing that is not as it must be, keeping its folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from plans.plan import Mode
from tests.processes.crew import limited
from tests.processes.disks import full_at_every_operation
from tests.processes.kills import kill_rounds
from tests.processes.pauses import pause_rounds
from tests.processes.races import (
    RACERS,
    enactors_race_in_converge,
    enactors_race_in_exact,
    planners_race,
)

MODES: Final[tuple[Mode, ...]] = ("exact", "converge")
KILLS_AT_ONCE: Final = 100  # in one folder, which is then removed
PAUSES_AT_ONCE: Final = 30  # the journal of one stream is verified after each

Part = tuple[str, Callable[[Path], str]]


def kills(count: int, seed: int) -> Iterator[Part]:
    for number in range(0, count, KILLS_AT_ONCE):
        wanted = min(KILLS_AT_ONCE, count - number)
        mode = MODES[number // KILLS_AT_ONCE % 2]

        def run(folder: Path, mode: Mode = mode, wanted: int = wanted, at: int = number) -> str:
            tally = kill_rounds(folder, mode, seed + at, wanted)
            return (
                f"{tally.kills['enactor']} enactors and {tally.kills['planner']} planners killed"
                f" over {tally.generations} generations, {len(tally.points)} kinds of operation"
                f" struck, {tally.points['from outside']} kills from outside"
            )

        yield f"kills, {mode}, from {number}", run


def races(count: int, seed: int) -> Iterator[Part]:
    for number in range(seed, seed + count):

        def run(folder: Path, at: int = number) -> str:
            first = bool(at % 2)
            planners_race(folder / "planners", at)
            for gated in (True, False):
                name = folder / f"converge-{gated}"
                enactors_race_in_converge(name, at, gated=gated, from_applied=first)
            enactors_race_in_exact(folder / "exact", at, from_applied=first)
            return f"{RACERS} planners, {RACERS} enactors in converge twice, {RACERS} in exact"

        yield f"races, seed {number}", run


def pauses(count: int) -> Iterator[Part]:
    for number in range(0, count, PAUSES_AT_ONCE):
        wanted = min(PAUSES_AT_ONCE, count - number)
        mode = MODES[number // PAUSES_AT_ONCE % 2]

        def run(folder: Path, mode: Mode = mode, wanted: int = wanted) -> str:
            woken = pause_rounds(folder / "world", mode, wanted)
            for end in woken:
                assert (end.report.exit_code, end.changed) == (4, ()), end
            return f"{len(woken)} enactors paused and woken, 0 stale writes"

        yield f"pauses, {mode}, from {number}", run


def disks() -> Iterator[Part]:
    for mode in MODES:

        def run(folder: Path, mode: Mode = mode) -> str:
            enacted = full_at_every_operation(folder / "enact", mode, publish=False)
            planned = full_at_every_operation(folder / "plan", mode, publish=True)
            for end in (*enacted, *planned):
                assert end.report.exit_code in (0, 5, 6), end
            return f"disk full at {len(enacted)} operations of enacting, {len(planned)} of planning"

        yield f"full disk, {mode}", run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.processes.long_proof")
    parser.add_argument("--kills", type=int, default=2000, help="kill -9 of enactors")
    parser.add_argument("--races", type=int, default=50, help="rounds of 16 processes each")
    parser.add_argument("--pauses", type=int, default=100, help="SIGSTOP of an enactor")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    parts = [
        *kills(chosen.kills, chosen.seed),
        *races(chosen.races, chosen.seed),
        *pauses(chosen.pauses),
        *disks(),
    ]
    for what, run in parts:
        folder = Path(tempfile.mkdtemp(prefix="planfence-proof-"))
        started = time.monotonic()
        try:
            with limited():
                result = run(folder)
        except Exception:
            print(f"FAILED: {what}; its stores are kept in {folder}", file=sys.stderr)
            raise
        shutil.rmtree(folder)
        print(f"{what}: {result} ({time.monotonic() - started:.1f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
