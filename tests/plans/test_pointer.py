"""The pointer moves only where the conditions that the store evaluates allow it."""

from __future__ import annotations

from typing import Any

import pytest

from plans.document import to_attributes
from plans.errors import ConditionFailed, Refused
from plans.names import pointer_key
from plans.plan import Base, Plan, PlanReference
from plans.pointer import (
    Pointer,
    claim_condition,
    claimed,
    completion_condition,
    matches_base,
    names,
    read_pointer,
)
from plans.storage.register import Absent, Check, Condition, Put
from tests.builders import LINEAGE, OTHER_LINEAGE, STREAM, Stream
from tests.doubles.memory import MemoryRegister

D2, D3, D5 = ("2" * 64, "3" * 64, "5" * 64)
KEY = pointer_key(STREAM)

# Plan 5, made when 3 was desired and 2 applied.
POINTER = Pointer(
    lineage=LINEAGE,
    desired_generation=3,
    desired_digest=D3,
    applied_generation=2,
    applied_digest=D2,
    attempt="a" * 32,
)
BASE = Base(desired=POINTER.desired, applied=POINTER.applied, fences=(), hold=None)
PLAN = Stream().publish().plan.model_copy(update={"generation": 5, "base": BASE})
CONVERGING = PLAN.model_copy(update={"mode": "converge"})
CLAIMED = claimed(POINTER, PLAN, D5, "b" * 32)


def holds(pointer: Pointer | None, condition: Condition) -> bool:
    """Whether the store, holding this pointer, lets a write through."""
    register = MemoryRegister()
    if pointer is not None:
        register.write(Put(KEY, to_attributes(pointer), Absent()))
    try:
        register.write(Check(KEY, condition))
    except ConditionFailed:
        return False
    return True


def moved(**attributes: Any) -> Pointer:
    return POINTER.model_copy(update=attributes)


def test_a_first_claim_stands_on_the_state_that_was_read() -> None:
    assert holds(POINTER, claim_condition(POINTER, PLAN, D5))
    assert holds(POINTER, claim_condition(POINTER, CONVERGING, D5))


MOVED: dict[str, dict[str, Any]] = {
    "lineage": {"lineage": OTHER_LINEAGE},
    "desired is this generation": {"desired_generation": 5},
    "desired is newer": {"desired_generation": 6},
    "desired is older": {"desired_generation": 2},
    "desired has another digest": {"desired_digest": D2},
    "applied is newer": {"applied_generation": 3},
    "applied is older": {"applied_generation": 1},
    "applied has another digest": {"applied_digest": D3},
    "nothing is applied": {"applied_generation": 0, "applied_digest": None},
}


@pytest.mark.parametrize("case", MOVED)
def test_each_condition_of_an_exact_claim_alone_makes_the_store_refuse(case: str) -> None:
    assert not holds(moved(**MOVED[case]), claim_condition(POINTER, PLAN, D5))


@pytest.mark.parametrize("case", MOVED)
def test_a_converging_claim_is_bound_to_lineage_order_and_what_it_carries_over(case: str) -> None:
    free = case in {"desired is older", "desired has another digest"}
    assert holds(moved(**MOVED[case]), claim_condition(POINTER, CONVERGING, D5)) is free


@pytest.mark.parametrize("attribute", ["desired", "applied"])
@pytest.mark.parametrize("reference", [None, PlanReference(generation=1, digest=D2)])
def test_an_exact_claim_needs_the_base_it_was_made_on(
    attribute: str, reference: PlanReference | None
) -> None:
    other = PLAN.model_copy(update={"base": BASE.model_copy(update={attribute: reference})})
    assert not holds(POINTER, claim_condition(POINTER, other, D5))
    assert not matches_base(POINTER, other.base)
    assert matches_base(POINTER, BASE)


def test_no_base_conflicts_with_a_pointer_that_exists() -> None:
    nothing = Base(desired=None, applied=None, fences=(), hold=None)
    first = PLAN.model_copy(update={"base": nothing, "generation": 5})
    fresh = moved(applied_generation=0, applied_digest=None)
    assert holds(None, claim_condition(None, first, D5))
    assert matches_base(None, nothing)
    assert not matches_base(None, BASE)
    assert not holds(fresh, claim_condition(None, first, D5))
    assert not holds(fresh, claim_condition(fresh, first, D5))
    assert not matches_base(fresh, nothing)


def test_a_claim_carries_over_what_is_applied() -> None:
    assert (CLAIMED.desired, CLAIMED.applied) == (
        PlanReference(generation=5, digest=D5),
        POINTER.applied,
    )
    first = claimed(None, PLAN, D5, "b" * 32)
    assert (first.applied_generation, first.applied) == (0, None)


@pytest.mark.parametrize("plan", [PLAN, CONVERGING], ids=["exact", "converge"])
def test_a_resume_stands_while_the_same_bytes_are_desired(plan: Plan) -> None:
    condition = claim_condition(CLAIMED, plan, D5)
    assert names(CLAIMED, plan, D5)
    assert holds(CLAIMED, condition)
    for attributes in (
        {"lineage": OTHER_LINEAGE},
        {"desired_generation": 6},
        {"desired_generation": 4},
        {"desired_digest": D3},
        {"applied_generation": 5},
        {"applied_digest": D5},
    ):
        assert not holds(CLAIMED.model_copy(update=attributes), condition)


def test_the_same_generation_of_other_bytes_is_no_resume() -> None:
    assert not names(CLAIMED, PLAN, D3)
    assert not holds(CLAIMED, claim_condition(CLAIMED, CONVERGING, D3))


def test_applied_advances_only_while_the_same_bytes_are_desired_and_once() -> None:
    condition = completion_condition(PLAN, D5)
    assert holds(CLAIMED, condition)
    for attributes in (
        {"lineage": OTHER_LINEAGE},
        {"desired_generation": 6},
        {"desired_generation": 4},
        {"desired_digest": D3},
        {"applied_generation": 5},
    ):
        assert not holds(CLAIMED.model_copy(update=attributes), condition)
    assert not holds(None, condition)


def test_a_pointer_is_read_back_as_written_or_refused() -> None:
    register = MemoryRegister()
    assert read_pointer(register, STREAM) is None
    assert not names(None, PLAN, D5)
    register.write(Put(KEY, to_attributes(POINTER), Absent()))
    assert read_pointer(register, STREAM) == POINTER
    strange = MemoryRegister()
    strange.write(Put(KEY, {"desired_generation": 0}, Absent()))
    with pytest.raises(Refused, match="the pointer of dns/example"):
        read_pointer(strange, STREAM)
