"""``make prove``: seeded schedules, small worlds, mutants and the model, and one table of all.

Every part is dealt out over processes, each of which imports the code anew. A violation ends the
seeds, with its seed and story. ``python -m tests.simulation.proof --help`` has the numbers.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from statistics import median
from typing import Final, NamedTuple

from plans.plan import Mode
from tests.model.proof import Row, model_rows
from tests.simulation.breaking import applied
from tests.simulation.invariants import Violation
from tests.simulation.memo import Memo, parsed_once
from tests.simulation.one_line import MUTANTS
from tests.simulation.seeded import run_seed
from tests.simulation.small_worlds import Bound, schedules

MODES: Final[tuple[Mode, ...]] = ("exact", "converge")
SEEDS: Final = 100_000
CHUNK: Final = 500
SEEDS_FOR_A_MUTANT: Final = 1_000
BOUNDS: Final = (Bound(preemptions=1, faults=1), Bound(preemptions=2, faults=0))
BOUNDS_LONG: Final = (Bound(preemptions=2, faults=1), Bound(preemptions=3, faults=0))
PARTS: Final = ("seeds", "small", "mutants", "model")
FAILURE_MODES: Final = tuple(f"F{number}" for number in range(1, 16))


@dataclass
class Tally:
    """What came of some seeds."""

    schedules: int = 0
    operations: list[int] = field(default_factory=list)
    struck: int = 0
    without_lease: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.schedules += other.schedules
        self.operations += other.operations
        self.struck += other.struck
        self.without_lease += other.without_lease
        self.hits += other.hits
        self.violations += other.violations


class Death(NamedTuple):
    """How a mutant ended: after how many seeds, and at which line of the last one's story.

    ``invariant`` is None where it survived.
    """

    name: str
    invariant: str | None
    seeds: int
    line: int
    what: str


def mode_of(seed: int) -> Mode:
    return MODES[seed % 2]


def run_seeds(first: int, count: int) -> Tally:
    """Run seeds, and go on after a violation."""
    tally = Tally()
    with _fast() as memo:
        for seed in range(first, first + count):
            memo.trim()
            tally.schedules += 1
            try:
                world = run_seed(seed, mode_of(seed))
            except AssertionError as error:
                tally.violations.append("\n".join((str(error), *getattr(error, "__notes__", ()))))
                continue
            tally.operations.append(world.sim.operations)
            tally.struck += world.sim.faults > 0
            tally.without_lease += world.shape.lease == "off"
            tally.hits.update(dict.fromkeys(+world.watch.hits, 1))
    return tally


def kill(number: int, seeds: int = SEEDS_FOR_A_MUTANT) -> Death:
    """Run seeds on one mutant until a named invariant fails. Any other error is no kill."""
    mutant = MUTANTS[number]
    errors: Counter[str] = Counter()
    with applied(mutant), _fast() as memo:
        for seed in range(seeds):
            memo.trim()
            try:
                run_seed(seed, mode_of(seed))
            except Violation as violation:
                what = str(violation).partition("\n")[0].partition(": ")[2][:70]
                line = violation.__notes__[0].count("\n")
                return Death(mutant.name, violation.invariant, seed + 1, line, what)
            except Exception as error:  # noqa: BLE001 -- whatever a broken line raises
                errors[type(error).__name__] += 1
    return Death(mutant.name, None, seeds, 0, str(dict(errors) or ""))


def run_small(mode: Mode, bound: Bound, part: int, parts: int) -> int:
    """Run a share of a small world's schedules; how many those were.

    Raises:
        Violation: one of them breaks an invariant.
    """
    count = 0
    with _fast() as memo:
        for _ in schedules(mode, bound, part, parts):
            memo.trim()
            count += 1
    return count


@contextmanager
def _fast() -> Iterator[Memo]:
    was_enabled = gc.isenabled()
    gc.disable()  # one collection for many schedules: each leaves its world behind
    try:
        with parsed_once() as memo:
            yield memo
    finally:
        if was_enabled:
            gc.enable()


def _prove_seeds(pool: ProcessPoolExecutor, first: int, count: int) -> Tally:
    whole, began = Tally(), time.monotonic()
    starts = range(first, first + count, CHUNK)
    counts = [min(CHUNK, first + count - start) for start in starts]
    for number, tally in enumerate(pool.map(run_seeds, starts, counts), start=1):
        whole.add(tally)
        if number % 20 == 0:
            _tell(f"{whole.schedules} schedules, {len(whole.violations)} violations")
        if whole.violations:
            break
    seconds = time.monotonic() - began
    _row("schedules run", f"{whole.schedules}, of them {whole.without_lease} with leases off")
    _row("schedules per second", f"{whole.schedules / seconds:.0f}, in {seconds:.0f} s")
    if whole.operations:
        _row("median schedule length", f"{median(whole.operations):.0f} operations")
        _row("schedules that a fault struck", f"{100 * whole.struck / len(whole.operations):.1f} %")
    hits = (f"{mode} {whole.hits[mode]}" for mode in FAILURE_MODES)
    _row("schedules with a hit of", ", ".join(hits))
    return whole


def _prove_small(pool: ProcessPoolExecutor, bounds: Iterable[Bound]) -> None:
    parts = 8
    for bound in bounds:
        for mode in MODES:
            jobs = [pool.submit(run_small, mode, bound, part, parts) for part in range(parts)]
            count = sum(job.result() for job in jobs)
            within = f"at most {bound.preemptions} preemptions and {bound.faults} faults"
            _row(f"every schedule of the small world, {mode}", f"{count}, {within}")


def _prove_mutants(pool: ProcessPoolExecutor) -> list[str]:
    survivors, seeds = [], []
    for death in pool.map(kill, range(len(MUTANTS))):
        if death.invariant is None:
            survivors.append(death.name)
            ended = f"SURVIVED {death.seeds} seeds {death.what}"
        else:
            seeds.append(death.seeds)
            where = f"seed {death.seeds:>3}, line {death.line:>3}"
            ended = f"{death.invariant:8} {where}: {death.what}"
        _row(f"mutant: {death.name}", ended)
    needed = f"; seeds needed: median {median(seeds):.0f}, at most {max(seeds)}" if seeds else ""
    _row("mutants killed", f"{len(MUTANTS) - len(survivors)} of {len(MUTANTS)}{needed}")
    return survivors


def _prove_model(rows: Iterable[Row]) -> list[str]:
    broken = []
    for row in rows:
        _row(row.name, row.value)
        if row.is_broken:
            broken.append(row.name)
    return broken


def _row(name: str, value: str) -> None:
    print(f"{name:60} {value}", flush=True)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Returns 1 if anything was violated, a mutant survived, or the model was not gone through."""
    parser = argparse.ArgumentParser(prog="proof", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many schedules")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--long", action="store_true", help="the small worlds to a wider bound")
    parser.add_argument("--only", choices=PARTS)
    asked = parser.parse_args()
    parts = (asked.only,) if asked.only else PARTS
    began = time.monotonic()
    with ProcessPoolExecutor(asked.jobs, get_context("spawn")) as pool:
        # The longest job goes first, beside the others.
        model = pool.submit(model_rows, long=asked.long) if "model" in parts else None
        violations = (
            _prove_seeds(pool, asked.first, asked.seeds).violations if "seeds" in parts else []
        )
        if "small" in parts:
            _prove_small(pool, BOUNDS_LONG if asked.long else BOUNDS)
        survivors = _prove_mutants(pool) if "mutants" in parts else []
        broken = _prove_model(model.result()) if model else []
    _row("violations", str(len(violations)))
    _row("took", f"{time.monotonic() - began:.0f} s on {asked.jobs} cores")
    for story in violations[:1]:
        print(story)
    return 1 if violations or survivors or broken else 0


if __name__ == "__main__":
    sys.exit(main())
