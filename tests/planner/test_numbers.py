"""A higher generation means a later observation, whatever was lost, forged or raced (S6, F9)."""

from __future__ import annotations

from functools import partial

import pytest

from planner.planning import RACES_MAX
from plans.errors import Conflict
from plans.fence import Fence
from plans.names import JUMP_MAX, approval_key, plan_key
from plans.plan import PlanReference
from tests.builders import (
    CHANGED,
    LINEAGE,
    OTHER_LINEAGE,
    START,
    STREAM,
    T1,
    T2,
    ZONE,
    Stream,
    a,
    overwrite_item,
    overwrite_object,
)
from tests.doubles.faults import after
from tests.doubles.memory import MemoryArchive
from tests.pruned import pin_plan


def test_a_number_follows_the_head_even_where_it_was_never_claimed() -> None:
    stream = Stream()
    stream.publish(CHANGED)
    assert stream.publish(dict(START) | a("third")).plan.generation == 2


def test_a_number_follows_the_pointer_where_the_archive_was_lost() -> None:
    stream = Stream()
    stream.point(
        lineage=LINEAGE,
        desired_generation=7,
        desired_digest="d" * 64,
        applied_generation=7,
        applied_digest="d" * 64,
        attempt="a" * 32,
    )
    plan = stream.publish(CHANGED, "parent-unreadable").plan
    assert plan.generation == 8
    assert plan.parent == PlanReference(generation=7, digest="d" * 64)


def test_a_number_follows_a_fence_of_ones_own_lineage_only() -> None:
    stream = Stream(T1, T2)
    stream.zone(T1).fence = Fence(9, 1, True, "d" * 64, LINEAGE, "a" * 32)
    stream.zone(T2).fence = Fence(99, 1, True, "d" * 64, OTHER_LINEAGE, "a" * 32)
    assert stream.publish(CHANGED).plan.generation == 10


def test_a_forged_number_out_of_reach_is_reported_and_puts_no_plan_out_of_reach() -> None:
    stream = Stream()
    overwrite_object(stream.archive, plan_key(STREAM, 10**11), b"x")
    stream.desired.records = CHANGED
    outcome = stream.plan()
    assert outcome.generation == 1
    assert outcome.notes == (f"ignored {plan_key(STREAM, 10**11)}: its number is out of reach",)
    assert stream.plan().notes == outcome.notes
    assert stream.enact().outcome == "applied"
    assert stream.plan().notes == outcome.notes


@pytest.mark.parametrize("decision", ["approved", "rejected", "pinned"])
@pytest.mark.parametrize("claimed", [False, True])
def test_a_number_that_people_decided_on_is_not_given_to_other_bytes_after_a_lost_archive(
    decision: str, claimed: bool
) -> None:
    stream = Stream()
    if claimed:
        stream.applied()
    lost = stream.publish(CHANGED)
    if decision == "approved":
        stream.approve(lost)
    elif decision == "rejected":
        stream.reject(lost)
    else:
        pin_plan(stream, lost)
    stream.archive.inner = MemoryArchive()
    waived = ("parent-unreadable",) if claimed else ()
    other = stream.publish(dict(START) | a("other"), *waived)
    assert other.plan.generation == lost.plan.generation + 1
    if not waived:
        assert stream.enact(other).outcome == "applied"


def test_a_decision_on_a_number_out_of_reach_or_on_none_is_ignored() -> None:
    stream = Stream()
    for key in (approval_key(STREAM, JUMP_MAX + 1, "eve"), approval_key(STREAM, 10**11, "eve")):
        overwrite_item(stream.register, key, by="eve")
    overwrite_item(stream.register, key._replace(sk="approval#x#eve"), by="eve")
    assert stream.publish(CHANGED).plan.generation == 1


# Planners that race


def test_a_plan_that_lost_its_number_is_thrown_away_and_the_world_is_read_again() -> None:
    stream = Stream()
    stream.desired.records = CHANGED
    other = dict(START) | a("theirs")

    def beaten() -> None:
        stream.publish(other)
        stream.desired.records = CHANGED
        stream.zone().state.update(a("by-hand"))

    stream.faults.next("create", "plans", after(beaten))
    plan = stream.publish().plan
    assert plan.generation == 2
    assert plan.parent
    assert plan.parent.generation == 1
    deleted = [change.name for change in plan.targets[0].steps[0].changes if not change.after]
    assert deleted == [f"by-hand.{ZONE}"], "the second pass observed after the first head"


def test_a_pass_that_finds_its_desired_state_published_by_another_is_pending() -> None:
    stream = Stream()
    stream.desired.records = CHANGED
    stream.faults.next("create", "plans", after(partial(stream.publish, by="bob")))
    outcome = stream.plan()
    assert (outcome.outcome, outcome.generation) == ("pending", 1)


def test_a_pass_that_is_always_beaten_ends() -> None:
    stream = Stream()
    stream.desired.records = CHANGED
    count = iter(range(RACES_MAX))

    def beaten() -> None:
        generation = next(count) + 1
        overwrite_object(stream.archive, plan_key(STREAM, generation), b"x")

    stream.faults.next("create", "plans", after(beaten), times=RACES_MAX)
    with pytest.raises(Conflict) as caught:
        stream.plan("parent-unreadable")
    assert caught.value.rule == "planning-contended"
