"""One planning pass: what it publishes, what it refuses, and under which number."""

from __future__ import annotations

import pytest

from plans.document import encode
from plans.errors import Refused, Unavailable
from plans.fence import Fence, Unreadable
from plans.guards import Breached
from plans.kinds.dns import apply_changes
from plans.names import plan_key
from plans.plan import FenceAtPlanning, GuardResult, Plan, PlanReference, Summary, content_digest
from plans.published import read_desired, read_plan
from tests.builders import (
    CHANGED,
    LINEAGE,
    NS,
    START,
    STREAM,
    T1,
    T2,
    ZONE,
    Stream,
    a,
    overwrite_object,
)
from tests.doubles.faults import unavailable


def guard(plan: Plan, rule: str) -> GuardResult:
    [found] = [entry for entry in plan.guards if entry.rule == rule]
    return found


def breach(stream: Stream, *waived: str, **request: object) -> Breached:
    with pytest.raises(Breached) as caught:
        stream.plan(*waived, **request)
    return caught.value


# What is published


def test_a_first_plan_names_every_target_and_says_that_nothing_was_there() -> None:
    stream = Stream(T1, T2)
    stream.zone(T2).state = dict(CHANGED)
    published = stream.publish(CHANGED, reason="renumbering")
    plan = published.plan
    assert (plan.generation, plan.parent, plan.origin, plan.reason) == (
        1,
        None,
        "planner",
        "renumbering",
    )
    assert (plan.base.desired, plan.base.applied, plan.base.hold) == (None, None, None)
    assert plan.base.fences == (
        FenceAtPlanning(target=T1, fence=None),
        FenceAtPlanning(target=T2, fence=None),
    )
    assert [target.target for target in plan.targets] == [T1, T2]
    assert [len(step.changes) for step in plan.targets[1].steps] == [0], (
        "a fence is raised all same"
    )
    assert plan.summary == Summary(creates=1, updates=1, deletes=0)
    assert read_plan(stream.archive, STREAM, LINEAGE, 1, published.digest) == published
    assert read_desired(stream.archive, plan, ZONE) == CHANGED


def test_a_plans_changes_turn_what_was_observed_into_what_is_desired() -> None:
    stream = Stream()
    desired = {key: records for key, records in CHANGED.items() if "mail" not in key.name}
    plan = stream.publish(desired).plan
    [step] = plan.targets[0].steps
    assert apply_changes(START, step.changes) == desired
    assert plan.summary == Summary(creates=1, updates=1, deletes=1)


def test_steps_are_cut_to_what_the_target_takes_at_once() -> None:
    plan = Stream(step_changes_max=1).publish(CHANGED).plan
    assert [(step.number, len(step.changes)) for step in plan.targets[0].steps] == [(1, 1), (2, 1)]


def test_a_plan_carries_pointer_fences_and_hold_as_they_were_observed() -> None:
    stream = Stream(T1, T2)
    first = stream.applied(CHANGED)
    stream.zone(T2).fence = Unreadable("v=spf1 -all")
    stream.hold()
    plan = stream.publish(START).plan
    reference = PlanReference(generation=1, digest=first.digest)
    fence = stream.zone().fence
    assert isinstance(fence, Fence)
    assert (plan.parent, plan.base.desired, plan.base.applied) == (reference,) * 3
    assert plan.base.fences == (
        FenceAtPlanning(target=T1, fence=fence.text()),
        FenceAtPlanning(target=T2, fence="v=spf1 -all"),
    )
    assert plan.base.hold
    assert (plan.base.hold.by, plan.base.hold.reason) == ("bob", "incident")


def test_the_content_digest_is_equal_for_an_identical_re_plan_only() -> None:
    stream = Stream()
    published = stream.publish(CHANGED)
    first = published.plan
    stream.reject(published)
    again = stream.publish(CHANGED).plan
    other = stream.publish(START).plan
    assert first.content_digest == again.content_digest != other.content_digest
    desired = first.attachments[0].digest
    assert content_digest("converge", desired, first.waves, ()) != first.content_digest


def test_nothing_to_do_publishes_nothing_and_says_why() -> None:
    stream = Stream()
    published = stream.applied(CHANGED)
    outcome = stream.plan()
    assert (outcome.outcome, outcome.published) == ("unchanged", None)
    assert outcome.why == "generation 1 is applied and nothing differs"
    assert (outcome.generation, outcome.digest) == (1, published.digest)


def test_a_retiring_target_gets_one_last_step_that_only_raises_its_fence() -> None:
    stream = Stream(T1, T2)
    stream.applied(CHANGED)
    stream.set(targets=(T1,), retiring=(T2,))
    outcome = stream.plan()
    assert outcome.outcome == "published"
    assert outcome.why == "a target retires"
    assert outcome.published
    [kept, retiring] = outcome.published.plan.targets
    assert (kept.retire, retiring.retire) == (False, True)
    assert [step.changes for step in retiring.steps] == [()]
    assert stream.enact().outcome == "applied"
    assert stream.plan().outcome == "unchanged"
    assert [target.target for target in stream.publish(START).plan.targets] == [T1]


def test_a_target_that_does_not_exist_needs_a_desired_apex_ns() -> None:
    stream = Stream(T1, T2)
    without = {key: records for key, records in START.items() if key != NS}
    stream.desired.records = without
    observed = stream.zone(T2).observe()
    missing = type(observed)(None, {}, exists=False)
    stream.faults.next("observe", T2, lambda _: missing)
    with pytest.raises(Refused) as caught:
        stream.plan()
    assert caught.value.rule == "apex-ns-missing"
    stream.desired.records = START
    stream.faults.next("observe", T2, lambda _: missing)
    assert stream.plan().outcome == "published"


def test_a_retiring_target_need_not_exist() -> None:
    stream = Stream(T1, T2)
    stream.applied()
    stream.set(targets=(T1,), retiring=(T2,))
    stream.desired.records = {key: records for key, records in START.items() if key != NS}
    gone = type(stream.zone(T2).observe())(None, {}, exists=False)
    stream.faults.next("observe", T2, lambda _: gone)
    assert stream.plan().outcome == "published"


@pytest.mark.parametrize(
    ("operation", "subject"),
    [
        ("read", "settings pointer"),
        ("list", "plans"),
        ("scan", "decision#"),
        ("observe", T2),
        ("create", "blobs"),
        ("create", "plans"),
    ],
)
def test_what_cannot_be_read_or_written_publishes_nothing(operation: str, subject: str) -> None:
    stream = Stream(T1, T2)
    stream.faults.next(operation, subject, unavailable)
    stream.desired.records = CHANGED
    with pytest.raises(Unavailable):
        stream.plan()
    assert stream.archive.read(plan_key(STREAM, 1)) is None
    assert not any(call.startswith(("write fence", "apply")) for call in stream.faults.calls)


# Guards


def test_a_breach_publishes_nothing_and_a_waiver_by_name_publishes_with_its_reason() -> None:
    stream = Stream(protect=("www",))
    stream.desired.records = CHANGED
    error = breach(stream)
    assert (error.rule, error.actual) == ("protected", "www.example.com.")
    assert error.remedy
    assert "--allow protected --reason TEXT" in error.remedy
    breach(stream, "updates-max")
    assert stream.archive.read(plan_key(STREAM, 1)) is None
    plan = stream.publish(CHANGED, "protected").plan
    assert guard(plan, "protected").outcome == "waived"
    assert plan.needs_approval
    assert [waiver.reason for waiver in plan.waivers] == ["known"]


def test_an_unreadable_parent_refuses_unless_that_is_waived() -> None:
    stream = Stream()
    stream.applied()
    overwrite_object(stream.archive, plan_key(STREAM, 1), b"torn")
    stream.desired.records = CHANGED
    assert breach(stream).rule == "parent-unreadable"
    plan = stream.publish(CHANGED, "parent-unreadable").plan
    assert plan.parent
    assert plan.parent.generation == 1
    assert guard(plan, "parent-unreadable").outcome == "waived"


def test_an_altered_parent_passes_on_nothing_of_its_own_making() -> None:
    stream = Stream()
    published = stream.applied()
    stream.forge(published.plan, source="f" * 40)
    stream.desired.records = CHANGED
    assert breach(stream).rule == "parent-unreadable"


def test_a_head_that_does_not_parse_is_a_parent_by_the_digest_of_its_bytes() -> None:
    stream = Stream()
    published = stream.publish(CHANGED)
    torn = encode(published.plan)[:-10]
    overwrite_object(stream.archive, plan_key(STREAM, 1), torn)
    plan = stream.publish(CHANGED, "parent-unreadable").plan
    assert plan.generation == 2
    assert plan.parent
    assert plan.parent.digest != published.digest


# A standing override (S9)


def test_a_planners_plan_does_not_undo_an_override_until_it_is_released() -> None:
    stream = Stream()
    stream.applied()
    override = stream.applied(CHANGED, origin="override")
    stream.desired.records = START
    error = breach(stream)
    assert (error.rule, error.actual) == ("undoes-override", "generation 2 stands")
    waived = stream.publish(START, "undoes-override").plan
    reference = PlanReference(generation=2, digest=override.digest)
    assert waived.standing == reference
    stream.desired.records = dict(START) | a("third")
    assert breach(stream).rule == "undoes-override", "inherited by the plan that waived it"
    stream.release(2)
    assert stream.publish().plan.standing is None


def test_a_newer_override_stands_in_place_of_the_one_before() -> None:
    stream = Stream()
    stream.applied(CHANGED, origin="override")
    second = stream.applied(START, origin="rollback")
    assert second.plan.standing
    assert second.plan.standing.generation == 1
    stream.desired.records = CHANGED
    assert breach(stream).actual == "generation 2 stands"


def test_an_override_always_gets_a_generation_of_its_own() -> None:
    # A pending planner's plan of the same content would be stopped by the hold of the emergency.
    stream = Stream()
    stream.applied()
    stream.hold()
    assert stream.publish(CHANGED).plan.generation == 2
    override = stream.publish(CHANGED, origin="override")
    assert (override.plan.generation, override.plan.origin) == (3, "override")
    assert stream.enact(override).outcome == "applied"
    outcome = stream.plan(origin="rollback")
    assert (outcome.outcome, outcome.generation) == ("published", 4)
    assert outcome.why == "nothing differs, and the rollback stands from now on"
    stream.enact()
    assert stream.plan().outcome == "unchanged"
