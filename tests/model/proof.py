"""The model's worlds and SPIN's instances, as rows of the table that ``make prove`` prints."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.model.explore import explore
from tests.model.recovery import wedge_check
from tests.model.schedules import LONG, PROOFS, Proof
from tests.model.spin import MISSING, check

STATES_MAX: Final = 4_000_000  # in memory: 2 KB each, about
FOUR: Final = ("ENACTORS=4", "GENERATIONS=4", "CRASHES=2")
SPIN: Final = (
    FOUR,
    ("ENACTORS=4", "GENERATIONS=3", "CRASHES=2", "PRUNING"),
    ("ENACTORS=3", "GENERATIONS=4", "CRASHES=2", "PRUNING"),
    ("ENACTORS=3", "GENERATIONS=4", "CRASHES=1", "LATE=1"),
    ("ENACTORS=3", "GENERATIONS=4", "CRASHES=1", "LOST=1"),
)
SPIN_LONG: Final = (
    *SPIN,
    (*FOUR, "PRUNING"),
    ("ENACTORS=4", "GENERATIONS=4", "CRASHES=1", "LATE=1"),
)


class Row(NamedTuple):
    """One line of the table."""

    name: str
    value: str
    is_broken: bool


def rows(*, long: bool = False) -> Iterator[Row]:
    """Explore everything; each row when it is known."""
    yield from _of_worlds({**PROOFS, **LONG} if long else PROOFS)
    yield from _of_spin(SPIN_LONG if long else SPIN)


def model_rows(*, long: bool = False) -> list[Row]:
    """All rows in one go, for a process of a pool."""
    return list(rows(long=long))


def _of_worlds(worlds: dict[str, Proof]) -> Iterator[Row]:
    total, began = 0, time.monotonic()
    for name, proof in worlds.items():
        check_each = wedge_check(proof.world, proof.helpers)
        found = explore(proof.world, states_max=STATES_MAX, each=check_each)
        total += found.states
        value = f"{found.states:,} states, {'; '.join(found.violations) or 'nothing broken'}"
        yield Row(f"model: {name}", value, is_broken=bool(found.violations))
    seconds = time.monotonic() - began
    told = f"{total:,} in {len(worlds)} worlds, {seconds:.0f} s; each asked whether it can recover"
    yield Row("states of the model", told, is_broken=False)


def _of_spin(instances: tuple[tuple[str, ...], ...]) -> Iterator[Row]:
    if MISSING:
        yield Row("SPIN", f"not installed: {', '.join(MISSING)}", is_broken=True)
        return
    for defines in instances:
        with tempfile.TemporaryDirectory() as folder:
            verdict = check(Path(folder), *defines)
        end = verdict.error or ("nothing broken" if verdict.is_complete else "not completed")
        value = f"{verdict.states:,} states, {end}, {verdict.seconds:.0f} s"
        value += f", {verdict.megabytes / 1_000:.1f} GB"
        broken = verdict.error is not None or not verdict.is_complete
        yield Row(f"SPIN: {' '.join(defines).lower()}", value, is_broken=broken)


def main() -> int:
    """Returns 1 if anything broke, was not completed, or SPIN is not there."""
    parser = argparse.ArgumentParser(prog="python -m tests.model.proof", description=__doc__)
    parser.add_argument("--long", action="store_true", help="larger worlds and instances too")
    broken = 0
    for row in rows(long=parser.parse_args().long):
        print(f"{row.name:60} {row.value}", flush=True)
        broken += row.is_broken
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
