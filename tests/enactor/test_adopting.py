"""A fence that is gone, unreadable or foreign is replaced only by a person's word (--adopt)."""

from __future__ import annotations

import pytest

from plans.errors import Refused
from plans.fence import FenceSeen, Unreadable
from tests.builders import CHANGED, OTHER_LINEAGE, T1, Stream, a_fence, error_of
from tests.doubles.faults import after


def stand(stream: Stream, seen: FenceSeen, target: str = T1) -> None:
    stream.zone(target).fence = seen


STRANGE: dict[str, tuple[FenceSeen, str, str]] = {
    "gone": (None, "fence-missing", "none"),
    "unreadable": (Unreadable("v=spf1 -all"), "fence-unreadable", "v=spf1 -all"),
    "of another lineage": (
        a_fence(lineage=OTHER_LINEAGE),
        "fence-foreign",
        OTHER_LINEAGE,
    ),
}


@pytest.mark.parametrize("mode", ["exact", "converge"])
@pytest.mark.parametrize("case", STRANGE)
def test_a_strange_fence_is_replaced_only_by_adoption(case: str, mode: str) -> None:
    seen, rule, actual = STRANGE[case]
    stream = Stream(mode=mode)
    stream.applied()
    stand(stream, seen)
    published = stream.publish(CHANGED)
    history = len(stream.zone().history)
    error = error_of(stream.enact(published))
    assert isinstance(error, Refused)
    assert (error.rule, error.actual, len(stream.zone().history)) == (rule, actual, history)
    assert error.remedy
    assert "--adopt" in error.remedy
    assert stream.enact(published, adopt=True).outcome == "applied"
    assert stream.steps()[-2:] == [(2, 0, False), (2, 1, True)]


@pytest.mark.parametrize("case", STRANGE)
def test_a_fence_lost_after_planning_is_adopted_by_a_converging_plan(case: str) -> None:
    stream = Stream(mode="converge")
    stream.applied()
    published = stream.publish(CHANGED)
    stand(stream, STRANGE[case][0])
    assert error_of(stream.enact(published)).rule == STRANGE[case][1]
    assert stream.enact(published, adopt=True).outcome == "applied"


@pytest.mark.parametrize("case", STRANGE)
def test_a_fence_lost_after_planning_is_adopted_only_by_an_exact_plan_that_saw_it(
    case: str,
) -> None:
    # S2: another plan may have written between planning and the loss, and nothing would tell.
    stream = Stream()
    stream.applied()
    published = stream.publish(CHANGED)
    stand(stream, STRANGE[case][0])
    error = error_of(stream.enact(published, adopt=True))
    assert isinstance(error, Refused)
    assert error.rule == "fence-moved"
    again = stream.publish(CHANGED)
    assert again.plan.generation == 3
    assert stream.enact(again, adopt=True).outcome == "applied"


def test_a_fence_that_was_seen_at_planning_and_is_gone_is_missed_though_the_mirror_is_0() -> None:
    stream = Stream(mode="converge")
    stand(stream, a_fence())
    published = stream.publish(CHANGED)
    stand(stream, None)
    error = error_of(stream.enact(published))
    assert (error.rule, error.expected) == (
        "fence-missing",
        "the fence that stood there at planning",
    )


def test_a_fence_that_appears_before_ours_is_created_is_not_replaced() -> None:
    # S13: absent when read, then another's.
    stream = Stream()
    published = stream.publish(CHANGED)
    stream.faults.next("apply", "g=1 s=0", after(lambda: stand(stream, a_fence(generation=2))))
    assert stream.enact(published).outcome == "superseded"
    assert stream.steps() == []
