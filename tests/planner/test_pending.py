"""A schedule never outdates a plan that can still be enacted, and replaces one that cannot (S3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from plans.deciding import record_override
from plans.errors import Refused
from plans.kinds.dns import Change, RecordKey, Records
from plans.marks import pin, unpin
from plans.names import blob_key
from plans.published import Published
from tests.builders import (
    CHANGED,
    OTHER_LINEAGE,
    START,
    STREAM,
    T1,
    T2,
    ZONE,
    Stream,
    a,
    a_fence,
    overwrite_object,
)
from tests.doubles.faults import lost_before, unavailable
from tests.pruned import pin_of, pin_plan

Act = Callable[[Stream, Published], object]


def head(stream: Stream) -> Published:
    """A published plan 2 on an applied plan 1."""
    stream.applied()
    published = stream.publish(CHANGED)
    assert published.plan.generation == 2
    return published


def half_applied(stream: Stream, published: Published) -> None:
    """Claimed, first target done, second at its first step."""
    stream.die_before_step(published, f"{T2} v=pf1 g=2 s=2")


def pending(stream: Stream, published: Published, *waived: str) -> bool:
    outcome = stream.plan(*waived)
    if outcome.outcome != "pending":
        assert outcome.outcome == "published"
        assert outcome.generation
        assert outcome.generation > published.plan.generation
        return False
    assert (outcome.generation, outcome.digest) == (published.plan.generation, published.digest)
    assert outcome.published == published
    assert "waits to be enacted" in outcome.why
    return True


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_a_head_that_asks_for_the_same_and_can_be_enacted_is_pending(mode: str) -> None:
    stream = Stream(T1, T2, mode=mode)
    published = head(stream)
    for _ in range(3):
        assert pending(stream, published)
    assert stream.enact(published).outcome == "applied"
    assert stream.plan().outcome == "unchanged"


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_a_first_plan_is_pending_too(mode: str) -> None:
    stream = Stream(mode=mode)
    assert pending(stream, stream.publish(CHANGED))


def drifted(stream: Stream, *_: Any, target: str = T1) -> None:
    stream.zone(target).state.update(a("www", "203.0.113.9"))


def fence(stream: Stream, target: str = T1, **fields: Any) -> None:
    """Another fence at the target, as if somebody had written there."""
    stream.zone(target).fence = a_fence(**fields)


def desired(records: Mapping[RecordKey, Records]) -> Act:
    def act(stream: Stream, _: Published) -> None:
        stream.desired.records = records

    return act


OVERTAKEN: dict[str, Act] = {
    "another desired state": desired({**START, **a("other")}),
    "a rejection": Stream.reject,
    "expiry": lambda stream, _: stream.clock.sleep(168 * 3600),
    "another mode": lambda stream, _: stream.set(mode="converge"),
    "a new target": lambda stream, _: stream.set(targets=(T1, T2, "memory:t3")),
    "a retiring target": lambda stream, _: stream.set(targets=(T1,), retiring=(T2,)),
    "a record changed by hand": drifted,
    "a fence of another attempt": lambda stream, _: fence(stream),
    "a fence of a newer generation": lambda stream, _: fence(stream, generation=9),
    "a fence of its generation with other bytes": lambda stream, _: fence(stream, generation=2),
    "a fence of another lineage": lambda stream, _: fence(stream, lineage=OTHER_LINEAGE),
    "a fence that is gone": lambda stream, _: setattr(stream.zone(), "fence", None),
    "a pointer that moved": lambda stream, _: stream.point(desired_digest="e" * 64),
    "an applied that moved": lambda stream, _: stream.point(applied_digest="e" * 64),
}


@pytest.mark.parametrize("case", OVERTAKEN)
def test_an_exact_head_that_the_world_has_overtaken_is_superseded(case: str) -> None:
    stream = Stream(T1, T2)
    published = head(stream)
    OVERTAKEN[case](stream, published)
    assert not pending(stream, published)


BINDS_CONVERGE = {
    "another desired state",
    "a rejection",
    "expiry",
    "a new target",
    "a retiring target",
    "a fence of a newer generation",
    "a fence of its generation with other bytes",
}


@pytest.mark.parametrize("case", [case for case in OVERTAKEN if case != "another mode"])
def test_a_converging_head_applies_from_any_state_that_is_not_newer(case: str) -> None:
    stream = Stream(T1, T2, mode="converge")
    published = head(stream)
    OVERTAKEN[case](stream, published)
    assert pending(stream, published) == (case not in BINDS_CONVERGE)


def test_a_plan_without_changes_supersedes_a_head_that_the_world_has_overtaken() -> None:
    # S3a: someone makes the change by hand; the head would be enacted later, on what comes then.
    stream = Stream()
    published = head(stream)
    stream.zone().state = dict(CHANGED)
    outcome = stream.plan()
    assert outcome.outcome == "published"
    assert outcome.why == "it supersedes a plan that the world has overtaken"
    assert outcome.published
    assert outcome.published.plan.summary.updates == 0
    assert stream.enact().generation == 3
    assert published.plan.generation == 2


def test_going_back_to_what_is_applied_supersedes_the_head() -> None:
    # S3b: the desired state returns to what is live; nothing differs, and still the head must go.
    stream = Stream()
    published = head(stream)
    stream.desired.records = START
    outcome = stream.plan()
    assert (outcome.outcome, outcome.generation) == ("published", 3)
    assert outcome.why == "it supersedes a plan that the world has overtaken"
    newest = stream.enact()
    assert (newest.outcome, newest.generation) == ("applied", 3)
    assert stream.zone().state == START
    assert published.plan.generation == 2


# Claimed heads


def test_a_half_applied_head_is_pending_whatever_expired_meanwhile() -> None:
    stream = Stream(T1, T2, step_changes_max=1)
    published = head(stream)
    half_applied(stream, published)
    assert pending(stream, published)
    stream.clock.sleep(1000 * 3600)
    assert pending(stream, published)
    drifted(stream, target=T1)
    assert pending(stream, published), "a target that is done is right"
    assert stream.enact().outcome == "applied"


def test_a_half_applied_head_whose_rest_no_longer_holds_is_superseded() -> None:
    stream = Stream(T1, T2, step_changes_max=1)
    published = head(stream)
    half_applied(stream, published)
    drifted(stream, target=T2)
    assert not pending(stream, published)


def test_a_half_applied_converging_head_is_pending_after_any_drift() -> None:
    stream = Stream(T1, T2, step_changes_max=1, mode="converge")
    published = head(stream)
    half_applied(stream, published)
    drifted(stream, target=T2)
    assert pending(stream, published)


def test_a_claimed_head_of_which_nothing_landed_needs_its_base() -> None:
    stream = Stream()
    published = head(stream)
    stream.faults.next("apply", "", lost_before, times=100)
    assert stream.enact(published).outcome != "applied"
    stream.faults.clear()
    assert pending(stream, published)
    drifted(stream)
    assert not pending(stream, published)


# Holds and waivers


def test_a_head_observed_under_a_hold_is_pending_only_while_it_lasts() -> None:
    stream = Stream()
    stream.applied()
    stream.hold()
    published = stream.publish(CHANGED)
    assert pending(stream, published)
    stream.release()
    assert not pending(stream, published)


def test_an_override_claimed_under_a_hold_stays_pending_after_it() -> None:
    stream = Stream()
    stream.applied()
    stream.hold()
    published = stream.publish(CHANGED, origin="override")
    stream.die_before_step(published)
    stream.release()
    assert pending(stream, published)


def test_a_request_for_another_waiver_makes_a_new_plan() -> None:
    stream = Stream()
    stream.applied()
    published = stream.publish(CHANGED, "apex")
    assert pending(stream, published)
    assert pending(stream, published, "apex")
    assert not pending(stream, published, "apex", "protected")


# What an enactor could only refuse


def test_a_head_whose_desired_state_is_gone_is_superseded() -> None:
    stream = Stream()
    published = head(stream)
    key = blob_key(STREAM, 2, published.plan.attachments[0].digest)
    overwrite_object(stream.archive, key, b"torn")
    assert not pending(stream, published)


@pytest.mark.parametrize("mode", ["exact", "converge"])
@pytest.mark.parametrize("name", [f"_planfence.{ZONE}", f"new.{ZONE}", "www.example.org."])
def test_a_head_with_a_change_that_cannot_be_is_superseded(mode: str, name: str) -> None:
    """All else of it is as it must be: it asks for the same, and every ``before`` holds."""
    stream = Stream(mode=mode)
    published = head(stream)
    [wave] = published.plan.waves
    [target] = wave.targets
    [step] = target.steps
    strange = Change(name, "TXT", None, Records(60, ("x",)))
    step = step.model_copy(update={"changes": (*step.changes, strange)})
    target = target.model_copy(update={"steps": (step,)})
    forged = stream.forge(published.plan, waves=(wave.model_copy(update={"targets": (target,)}),))
    assert stream.refusal(forged).rule in ("document-invalid", "zone")
    assert not pending(stream, forged)
    assert stream.enact().outcome == "applied"


def test_a_head_that_was_approved_as_other_bytes_is_superseded() -> None:
    stream = Stream()
    published = head(stream)
    stream.approve(published)
    other = stream.forge(published.plan, created_by="mallory")
    assert not pending(stream, other)


def test_a_head_whose_number_an_override_had_as_other_bytes_is_superseded() -> None:
    stream = Stream()
    published = head(stream)
    override = stream.publish(START, origin="override", mode="converge")
    recorded(stream, override)
    other = stream.forge(published.plan, generation=override.plan.generation)
    assert not pending(stream, other)


def test_a_number_is_recorded_for_one_override_only() -> None:
    stream = Stream()
    head(stream)
    override = stream.publish(START, origin="override", mode="converge")
    recorded(stream, override)
    other = stream.forge(override.plan, reason="another")
    with pytest.raises(Refused) as refused:
        recorded(stream, other)
    assert refused.value.rule == "generation-digest"
    assert (refused.value.expected, refused.value.actual) == (override.digest, other.digest)


def test_a_number_that_was_pinned_is_not_pinned_again_as_other_bytes() -> None:
    stream = Stream()
    published = head(stream)

    first = pin_of(stream, published)
    pin(stream.register, STREAM, 2, first)
    taken_back = pin_of(stream, published).model_copy(update={"state": "unpinned"})
    unpin(stream.register, STREAM, 2, first, taken_back)
    other = stream.forge(published.plan, reason="another")
    with pytest.raises(Refused) as refused:
        pin_plan(stream, other)
    assert refused.value.rule == "generation-digest"
    assert not pending(stream, other)
    pin_plan(stream, published)


def recorded(stream: Stream, published: Published) -> None:
    record_override(
        stream.register,
        published.plan,
        published.digest,
        by="oda",
        reason="tested",
        given="by hand",
        clock=stream.clock,
        attempt=stream.new_id(),
    )


def test_a_head_without_its_desired_state_asks_for_nothing() -> None:
    stream = Stream()
    published = head(stream)
    assert not pending(stream, stream.forge(published.plan, attachments=()))


# Unchanged


UNSETTLED: dict[str, Act] = {
    "a target's fence is not done": lambda stream, published: fence(
        stream, generation=2, digest=published.digest, done=False
    ),
    "a target's fence has another digest": lambda stream, _: fence(stream, generation=2),
    "a target's fence is older": lambda stream, _: fence(stream),
    "a target's fence is foreign": lambda stream, published: fence(
        stream, generation=2, digest=published.digest, lineage=OTHER_LINEAGE
    ),
    "a target's fence is gone": lambda stream, _: setattr(stream.zone(), "fence", None),
}


@pytest.mark.parametrize("case", UNSETTLED)
def test_without_its_fence_a_target_is_not_unchanged_though_nothing_differs(case: str) -> None:
    stream = Stream(T1, T2)
    published = head(stream)
    assert stream.enact(published).outcome == "applied"
    UNSETTLED[case](stream, published)
    outcome = stream.plan()
    assert outcome.outcome == "published"
    assert outcome.why == "a target's fence is not the one that was applied"


def test_a_drift_on_an_applied_plan_is_planned() -> None:
    stream = Stream(T1, T2)
    assert stream.enact(head(stream)).outcome == "applied"
    drifted(stream)
    outcome = stream.plan()
    assert (outcome.outcome, outcome.why) == ("published", "the desired state differs")


def test_a_stream_whose_targets_already_agree_gets_a_first_plan_for_their_fences() -> None:
    outcome = Stream().plan()
    assert outcome.outcome == "published"
    assert outcome.why == "nothing was enacted yet: the targets need their fence"


def test_an_unreadable_parent_is_not_unchanged() -> None:
    stream = Stream()
    published = stream.applied()
    overwrite_object(
        stream.archive, f"streams/{STREAM}/plans/{published.plan.generation:012d}.json", b"torn"
    )
    assert stream.plan("parent-unreadable").outcome == "published"


def test_decisions_that_cannot_be_read_are_not_taken_for_none() -> None:
    stream = Stream()
    head(stream)
    stream.faults.next("scan", "decision#", unavailable)
    with pytest.raises(Exception, match="not now"):
        stream.plan()
