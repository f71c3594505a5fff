"""What pruning reads: what was applied last, which override stands, what is approved."""

from __future__ import annotations

from dataclasses import replace

import pytest

import plans.journal
import plans.marks
from plans.retained import newest_applied
from tests.builders import (
    STREAM,
    T1,
    Stream,
)
from tests.pruned import (
    AT_ONCE,
    desired,
    grow_old,
    history,
    janitor,
    surveyed,
)


@pytest.fixture
def stream() -> Stream:
    return Stream(T1, **AT_ONCE)


# What a rollback needs


def test_the_last_that_were_applied_are_kept_however_far_apart_in_the_journal(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plans.retained._WINDOW", 2)
    history(stream, 5)
    for _ in range(5):
        stream.hold()
        stream.release()
    end = plans.journal.read_end(stream.register, STREAM).sequence
    for count, newest in ((1, {5}), (2, {4, 5}), (5, {1, 2, 3, 4, 5}), (9, {1, 2, 3, 4, 5})):
        assert newest_applied(stream.register, STREAM, count, end) == newest
    stream.set(retain_count=3)
    assert [told.rule for told in surveyed(stream)] == [
        *("unreachable", "unreachable", "retain-count", "retain-count", "head")
    ]


@pytest.mark.parametrize("change", ["nothing", "applied", "override", "released", "shorter"])
def test_facts_that_are_read_again_in_one_pass_are_as_if_read_anew(
    stream: Stream, change: str
) -> None:
    stream.set(retain_count=2)
    history(stream, 2)
    if change == "released":
        stream.applied(desired(7), origin="override")
    before = janitor(stream).facts()
    if change == "applied":
        stream.applied(desired(8))
    if change == "override":
        stream.applied(desired(9), origin="override")
    if change == "released":
        stream.release(standing=3)
    if change == "shorter":
        stream.set(retain_count=1)
    anew = janitor(stream).facts()
    again = janitor(stream).facts(before)
    # One that is not among the newest any more is kept until the next pass.
    assert again.applied - before.applied == anew.applied - before.applied
    assert again.applied >= anew.applied
    assert replace(again, applied=anew.applied) == anew


def test_a_plan_that_was_never_applied_is_not_kept_for_a_rollback(stream: Stream) -> None:
    stream.set(retain_count=100)
    stream.applied(desired(1))
    stream.publish(desired(2))
    stream.applied(desired(3))
    grow_old(stream)
    assert [told.rule for told in surveyed(stream)] == ["retain-count", "unreachable", "head"]


@pytest.mark.parametrize("released", [False, True])
def test_the_override_that_stands_is_kept_until_it_is_released(
    stream: Stream, released: bool
) -> None:
    stream.applied(desired(1))
    stream.applied(desired(2), origin="override")
    for number in (3, 4):
        published = stream.publish(desired(number), "undoes-override")
        stream.approve(published)
        assert stream.enact(published).outcome == "applied"
    if released:
        stream.release(standing=2)
    grow_old(stream)
    rules = {told.generation: told.rule for told in surveyed(stream)}
    assert rules[2] == ("unreachable" if released else "standing")


def test_an_override_that_is_the_head_stands_itself(stream: Stream) -> None:
    stream.applied(desired(1))
    stream.applied(desired(2), origin="override")
    grow_old(stream)
    assert [told.rule for told in surveyed(stream)] == ["unreachable", "head"]


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_what_is_approved_and_may_still_be_claimed_is_kept(stream: Stream, decision: str) -> None:
    stream.applied(desired(1))
    waiting = stream.publish(desired(2))
    if decision == "rejected":
        stream.reject(waiting)
    stream.publish(desired(3)) if decision == "rejected" else stream.approve(waiting)
    stream.publish(desired(4))
    grow_old(stream)
    rules = {told.generation: told.rule for told in surveyed(stream)}
    assert rules[2] == {"approved": "approved", "rejected": "not-passed"}[decision]
