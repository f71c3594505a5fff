"""The rows that ``make prove`` prints of the model, and that each would tell of a break."""

from __future__ import annotations

import pickle

import pytest

from tests.model import proof
from tests.model.schedules import PROOFS, SCHEDULES, Proof
from tests.model.spin import MISSING

SMALL = ("ENACTORS=2", "GENERATIONS=2", "CRASHES=1")
NAME = "converge, two steps"


def test_a_world_in_which_nothing_breaks_is_a_row_and_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proof, "PROOFS", {NAME: PROOFS[NAME]})
    monkeypatch.setattr(proof, "SPIN", ())
    monkeypatch.setattr(proof, "MISSING", [])
    world, total = proof.model_rows()
    assert (world.name, world.is_broken) == (f"model: {NAME}", False)
    assert world.value == "1,514 states, nothing broken"
    assert total.value.startswith("1,514 in 1 worlds, ")


def test_a_world_in_which_something_breaks_is_a_broken_row(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = SCHEDULES["S10"]
    broken = Proof(schedule.world._replace(off=schedule.rules), helpers=())
    monkeypatch.setattr(proof, "PROOFS", {"S10": broken})
    monkeypatch.setattr(proof, "SPIN", ())
    row = proof.model_rows()[0]
    assert row.is_broken
    assert schedule.breaks in row.value


def test_where_spin_is_not_installed_the_row_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "PROOFS", {})
    monkeypatch.setattr(proof, "MISSING", ["spin"])
    assert proof.model_rows()[-1] == ("SPIN", "not installed: spin", True)


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
@pytest.mark.parametrize(
    ("rules", "told", "is_broken"),
    [((), "nothing broken", False), (("NO_RESUME",), "invalid end state", True)],
)
def test_an_instance_of_spin_is_a_row(
    rules: tuple[str, ...], told: str, is_broken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "PROOFS", {})
    monkeypatch.setattr(proof, "SPIN", ((*SMALL, *rules),))
    row = proof.model_rows()[-1]
    assert (told in row.value, row.is_broken) == (True, is_broken)


def test_the_rows_can_be_asked_for_in_another_process() -> None:
    assert pickle.loads(pickle.dumps(proof.model_rows)) is proof.model_rows
