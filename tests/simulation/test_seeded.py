"""Seeded schedules over the real code, and proof that they would notice.

A failure prints its seed and the schedule as a numbered story. To see one again:
``run_seed(SEED, "exact")`` in a shell, then print the world's ``sim``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plans.document import decode
from plans.plan import Mode
from tests.doubles.zone import MemoryZone
from tests.simulation import mutants
from tests.simulation.invariants import Violation
from tests.simulation.memo import Memo, parsed_once
from tests.simulation.ports import LeasedRegister
from tests.simulation.seeded import run_seed, trace_hash
from tests.simulation.world import Shape

CHUNK = 50
CHUNKS = 20  # times CHUNK, for each mode
ROOT = Path(__file__).parents[2]
MODES: tuple[Mode, ...] = ("exact", "converge")


@pytest.fixture(autouse=True)
def memo() -> Iterator[Memo]:
    """What is pure is computed once, for each test anew: some take a rule back."""
    with parsed_once() as memo:
        yield memo


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_invariant_holds_in_seeded_schedules(chunk: int, mode: Mode) -> None:
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        run_seed(seed, mode)


def test_the_same_seed_gives_the_same_trace_under_any_hash_seed() -> None:
    traces = f"[trace_hash(run_seed(seed, mode).sim) for mode in {MODES} for seed in range(12)]"
    code = f"from tests.simulation.seeded import run_seed, trace_hash\nprint({traces})"
    found = set()
    for hash_seed in range(4):
        environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        found.add(run.stdout)
    here = [trace_hash(run_seed(seed, mode).sim) for mode in MODES for seed in range(12)]
    assert found == {f"{here}\n"}


def test_what_was_written_is_what_its_bytes_are_parsed_to(memo: Memo) -> None:
    for mode in MODES:
        for seed in range(12):
            run_seed(seed, mode)
    assert {model.__name__ for model, _ in memo.parsed} >= {"Plan", "ZoneDocument", "Entry"}
    for (model, body), document in memo.parsed.items():
        assert decode(model, body, what="what was written") == document


def _first_violation(
    mode: Mode, shape: Shape | None, seeds: int, invariants: tuple[str, ...]
) -> Violation | None:
    for seed in range(seeds):
        try:
            run_seed(seed, mode, shape)
        except Violation as violation:
            if violation.invariant in invariants:
                return violation
    return None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("zone", [mutants.UnfencedZone, mutants.CarelessZone])
def test_without_the_fence_a_stale_write_is_found(mode: Mode, zone: type[MemoryZone]) -> None:
    assert _first_violation(mode, Shape(zone=zone), 120, ("G1",)) is not None


MUTANT_STORES = [
    pytest.param(mutants.PointerWithoutConditions, ("pointer",), id="pointer"),
    pytest.param(mutants.MirrorsWithoutConditions, ("mirror",), id="mirrors"),
    pytest.param(mutants.JournalOverwritten, ("G7",), id="journal"),
]


@pytest.mark.parametrize(("register", "invariants"), MUTANT_STORES)
def test_without_the_stores_conditions_the_broken_invariant_is_named(
    register: type[LeasedRegister], invariants: tuple[str, ...]
) -> None:
    assert _first_violation("converge", Shape(register=register), 250, invariants) is not None


MUTANT_RULES = [
    pytest.param(mutants.keep_the_old_list, "converge", ("done",), id="keep the old list"),
    pytest.param(mutants.refresh_and_retry, "converge", ("G1",), id="refresh and retry"),
    pytest.param(mutants.claim_without_approvals, "exact", ("G8",), id="unapproved claim"),
    pytest.param(mutants.mirror_before_the_write, "exact", ("mirror",), id="mirror leads"),
    pytest.param(mutants.silent_when_nothing_differs, "exact", ("G4",), id="silent planner"),
]


@pytest.mark.parametrize(("take_back", "mode", "invariants"), MUTANT_RULES)
def test_without_a_rule_the_broken_invariant_is_named(
    monkeypatch: pytest.MonkeyPatch,
    take_back: Callable[[pytest.MonkeyPatch], None],
    mode: Mode,
    invariants: tuple[str, ...],
) -> None:
    take_back(monkeypatch)
    assert _first_violation(mode, None, 250, invariants) is not None
