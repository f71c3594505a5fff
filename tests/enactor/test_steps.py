"""One target's steps: each expects the fence just read, and generations are compared each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from enactor.steps import SETBACKS_MAX, STEPS_MAX, UNKNOWNS_MAX
from plans.errors import Conflict, FenceMoved, Superseded, Unavailable
from plans.fence import Fence, FenceSeen
from plans.mirror import read_mirror
from plans.published import Published
from tests.builders import CHANGED, START, STREAM, T1, T2, Stream, a, a_fence, error_of
from tests.doubles.faults import (
    Fault,
    after,
    lost_after,
    lost_before,
    raising,
    twice,
    unavailable,
)


def head(stream: Stream, **request: Any) -> Published:
    """Plan 2, which changes things, on an applied plan 1."""
    stream.applied()
    return stream.publish(CHANGED, **request)


def stand(stream: Stream, seen: FenceSeen, target: str = T1) -> None:
    stream.zone(target).fence = seen


def mirrored(stream: Stream, target: str = T1) -> int:
    mirror = read_mirror(stream.register, STREAM, target)
    assert mirror
    return mirror.generation


# In order


def test_a_first_plan_creates_the_fence_alone_and_then_writes_step_by_step() -> None:
    stream = Stream(step_changes_max=1)
    stream.applied(CHANGED)
    assert stream.steps() == [(1, 0, False), (1, 1, False), (1, 2, True)]
    assert stream.zone().history[0][1] == START
    assert stream.zone().state == CHANGED
    attempts = {fence.attempt for fence, _ in stream.zone().history}
    assert len(attempts) == 2, "step 0 has an attempt id of its own"
    assert stream.watched.told == [
        "claimed 1",
        f"{T1} step 0",
        f"{T1} step 1",
        f"{T1} step 2 done",
    ]


def test_each_round_reads_fence_then_pointer_and_hold_before_it_writes() -> None:
    stream = Stream()
    published = head(stream)
    stream.faults.calls.clear()
    stream.enact(published)
    calls = [call.split(" v=")[0] for call in stream.faults.calls]
    last = calls.index(f"apply {T1}")
    first = max(place for place in range(last) if calls[place] == f"fence {T1}")
    assert calls[first : last + 1] == [
        f"fence {T1}",
        f"read pointer hold fence#{T1}",
        f"apply {T1}",
    ]


def test_a_converging_round_observes_after_pointer_and_hold() -> None:
    stream = Stream(mode="converge")
    published = head(stream)
    stream.faults.calls.clear()
    stream.enact(published)
    calls = [call.split(" v=")[0] for call in stream.faults.calls]
    last = calls.index(f"apply {T1}")
    assert calls[last - 2 : last] == [f"read pointer hold fence#{T1}", f"observe {T1}"]


def test_the_mirror_is_there_before_the_first_write_and_follows_what_was_read() -> None:
    stream = Stream()
    stream.desired.records = CHANGED
    published = stream.publish()
    stream.die_before_step(published)
    assert mirrored(stream) == 0
    stream.enact(published)
    assert mirrored(stream) == 1


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_a_fence_that_another_pass_creates_and_mirrors_meanwhile_is_not_taken_for_gone(
    mode: str,
) -> None:
    """The absence is read before the mirror, and both are written in between."""
    stream = Stream(mode=mode)
    stream.desired.records = CHANGED
    published = stream.publish()
    other = after(lambda: stream.enact(published))
    stream.faults.next("read", f"pointer hold fence#{T1}", other)
    assert stream.enact(published).outcome == "applied"
    assert [step[:2] for step in stream.steps()] == [(1, 0), (1, 1)], "nothing is done twice"


# Superseded


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_a_newer_generation_at_the_target_supersedes(mode: str) -> None:
    stream = Stream(mode=mode)
    published = head(stream)
    stand(stream, a_fence(generation=3))
    outcome = stream.enact(published)
    error = error_of(outcome)
    assert outcome.outcome == "superseded"
    assert isinstance(error, Superseded)
    assert (error.rule, error.expected, error.actual) == (
        "superseded",
        "at most generation 2",
        "generation 3",
    )
    assert stream.zone().state == START
    assert mirrored(stream) == 3, "what was read above the mirror is mirrored"


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_a_newer_claim_between_two_steps_supersedes_before_the_next(mode: str) -> None:
    stream = Stream(mode=mode, step_changes_max=1)
    published = head(stream)
    newer = {"desired_generation": 3, "desired_digest": "0" * 64}
    stream.faults.next("apply", "g=2 s=1", after(lambda: stream.point(**newer)))
    outcome = stream.enact(published)
    assert outcome.outcome == "superseded"
    assert stream.steps()[-1] == (2, 1, False)


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_a_newer_step_that_lands_under_a_paused_one_refuses_it(mode: str) -> None:
    # F1 and F4: the check was long ago; the target itself refuses, and generations are compared.
    stream = Stream(mode=mode)
    published = head(stream)

    def newer() -> None:
        stream.zone().fence = a_fence(generation=3)
        stream.zone().state = {**START, **a("third")}

    stream.faults.next("apply", "g=2 s=1", after(newer))
    assert stream.enact(published).outcome == "superseded"
    assert stream.zone().state == {**START, **a("third")}


def test_the_same_generation_of_other_bytes_is_refused() -> None:
    stream = Stream()
    published = head(stream)
    stand(stream, a_fence(generation=2))
    error = error_of(stream.enact(published))
    assert (error.rule, error.expected, error.actual) == (
        "generation-digest",
        published.digest,
        "d" * 64,
    )


# Two enactors of one plan, lost answers


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_another_enactors_step_of_the_same_plan_is_gone_on_from(mode: str) -> None:
    stream = Stream(mode=mode, step_changes_max=1)
    published = head(stream)
    others = stream.faults
    others.next("apply", "g=2 s=1", after(lambda: stream.enact(published)))
    assert stream.enact(published).outcome == "applied"
    assert stream.steps()[-2:] == [(2, 1, False), (2, 2, True)]
    assert stream.zone().state == CHANGED


@pytest.mark.parametrize("mode", ["exact", "converge"])
@pytest.mark.parametrize("step", ["g=1 s=0", "g=1 s=1", "g=1 s=2"])
@pytest.mark.parametrize("fault", [lost_before, lost_after, twice])
def test_a_step_has_one_effect_whatever_becomes_of_its_answer(
    fault: Fault, step: str, mode: str
) -> None:
    stream = Stream(mode=mode, step_changes_max=1)
    published = stream.publish(CHANGED)
    stream.faults.next("apply", step, fault, times=3)
    assert stream.enact(published).outcome == "applied"
    assert stream.steps() == [(1, 0, False), (1, 1, False), (1, 2, True)]
    assert stream.zone().state == CHANGED


def test_a_target_that_never_lets_a_step_through_is_left_to_the_next_pass() -> None:
    stream = Stream()
    published = head(stream)
    moved = raising(FenceMoved("moved", rule="fence-moved"))
    stream.faults.next("apply", "", moved, times=SETBACKS_MAX)
    outcome = stream.enact(published)
    error = error_of(outcome)
    assert (outcome.outcome, error.rule) == ("superseded", "target-contended")
    assert isinstance(error, Conflict)
    assert stream.enact(published).outcome == "applied"


def test_a_target_that_never_answers_is_not_asked_for_ever() -> None:
    stream = Stream()
    published = head(stream)
    stream.faults.next("apply", "", lost_before, times=UNKNOWNS_MAX + 1)
    outcome = stream.enact(published)
    assert (outcome.outcome, error_of(outcome).rule) == ("unavailable", "outcome-unknown")
    assert stream.enact(published).outcome == "applied"


def test_an_observation_that_is_torn_by_a_step_is_taken_again() -> None:
    stream = Stream(mode="converge")
    published = head(stream)
    fence = stream.zone().fence
    assert isinstance(fence, Fence)

    def written() -> None:
        stand(stream, a_fence(generation=1, attempt="f" * 32))
        stream.zone().state.update(a("mail", "203.0.113.1"))

    stream.faults.next("observe", T1, after(written))
    assert stream.enact(published).outcome == "applied"
    assert stream.zone().state == CHANGED


# The exact world


def test_a_record_that_changed_since_the_plan_refuses_and_asks_for_a_new_plan() -> None:
    stream = Stream()
    published = head(stream)
    stream.zone().state.update(a("www", "203.0.113.9"))
    outcome = stream.enact(published)
    error = error_of(outcome)
    assert (outcome.outcome, error.rule, error.exit_code) == ("refused", "drift", 3)
    assert error.remedy
    assert "planfence plan" in error.remedy
    assert stream.steps()[-1] == (1, 1, True)
    assert stream.applied().plan.generation == 3


def test_a_drift_that_is_really_another_step_is_compared_again() -> None:
    stream = Stream()
    published = head(stream)
    zone = stream.zone()

    def drifts_and_moves() -> None:
        zone.state.update(a("www", "203.0.113.9"))

    def moves(send: Callable[[], object]) -> object:
        zone.fence = a_fence(generation=3)
        return send()

    stream.faults.next("apply", "g=2 s=1", after(drifts_and_moves))
    stream.faults.next("fence", T1, lambda send: send())
    stream.faults.next("fence", T1, moves)
    assert stream.enact(published).outcome == "superseded"


def test_a_converging_step_computes_again_after_a_drift() -> None:
    stream = Stream(mode="converge")
    published = head(stream)
    by_hand = a("www", "203.0.113.9")
    stream.faults.next("apply", "g=2 s=1", after(lambda: stream.zone().state.update(by_hand)))
    assert stream.enact(published).outcome == "applied"
    assert stream.zone().state == CHANGED


def test_the_first_step_requires_the_fence_that_the_plan_was_made_on() -> None:
    stream = Stream()
    published = head(stream)
    stand(stream, a_fence())
    error = error_of(stream.enact(published))
    assert error.rule == "fence-moved"
    assert error.actual == a_fence().text()
    assert error.expected
    assert error.expected.startswith("v=pf1 g=1 ")


def test_a_plan_that_does_not_say_what_fence_it_saw_is_refused() -> None:
    stream = Stream()
    published = head(stream)
    base = published.plan.base.model_copy(update={"fences": ()})
    error = error_of(stream.enact(stream.forge(published.plan, base=base)))
    assert (error.rule, error.expected) == ("fence-moved", "no fence")


def test_a_fence_beyond_the_plans_last_step_is_refused() -> None:
    stream = Stream()
    published = head(stream)
    ahead = a_fence(generation=2, step=1, done=False, digest=published.digest)
    stand(stream, ahead)
    error = error_of(stream.enact(published))
    assert (error.rule, error.actual) == ("fence-step", "step 1, not done")


# Converging


@pytest.mark.parametrize("state", [{}, START, CHANGED, {**START, **a("junk"), **a("more")}])
def test_a_converging_plan_applies_from_any_state(state: dict[Any, Any]) -> None:
    stream = Stream(mode="converge", step_changes_max=1)
    published = head(stream)
    stream.zone().state = dict(state)
    outcome = stream.enact(published)
    assert outcome.outcome == "applied", outcome
    assert stream.zone().state == CHANGED
    assert [done for _, _, done in stream.steps()].count(True) == 2


def test_a_converging_plan_is_not_done_until_a_step_leaves_no_difference() -> None:
    stream = Stream(mode="converge", step_changes_max=1)
    published = head(stream)
    more = a("meanwhile")
    stream.faults.next("apply", "g=2 s=1", after(lambda: stream.zone().state.update(more)))
    assert stream.enact(published).outcome == "applied"
    assert stream.zone().state == CHANGED
    assert stream.steps()[-3:] == [(2, 1, False), (2, 2, False), (2, 3, True)]


def test_guards_bind_each_computed_difference() -> None:
    # S12: the world drifted since the review, so that the same desired state now deletes much.
    stream = Stream(mode="converge")
    published = head(stream)
    for number in range(20):
        stream.zone().state.update(a(f"by-hand-{number}"))
    error = error_of(stream.enact(published))
    assert (error.rule, error.exit_code) == ("deletes-max", 3)
    assert error.remedy
    assert "drifted since the review" in error.remedy
    assert stream.steps()[-1] == (1, 1, True)


def test_a_target_that_differs_after_every_step_there_is_is_left() -> None:
    stream = Stream(mode="converge")
    published = head(stream)
    stand(stream, a_fence(generation=2, step=STEPS_MAX, done=False, digest=published.digest))
    outcome = stream.enact(published)
    error = error_of(outcome)
    assert (outcome.outcome, error.rule) == ("unavailable", "target-unsettled")
    assert isinstance(error, Unavailable)


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_a_retiring_target_keeps_its_records_and_ends_its_mirror(mode: str) -> None:
    stream = Stream(T1, T2, mode=mode)
    stream.applied(CHANGED)
    stream.set(targets=(T1,), retiring=(T2,))
    stream.zone(T2).state.update(a("of-another-owner"))
    stream.applied(START)
    assert stream.zone(T1).state == START
    assert stream.zone(T2).state == {**CHANGED, **a("of-another-owner")}
    mirror = read_mirror(stream.register, STREAM, T2)
    assert mirror
    assert (mirror.generation, mirror.retired) == (2, True)
    assert stream.set(retiring=()).retiring == ()
    assert [target.target for target in stream.applied(CHANGED).plan.targets] == [T1]


# Stores and targets that do not answer (G9)


@pytest.mark.parametrize(
    ("operation", "subject"),
    [
        ("fence", T1),
        ("observe", T1),
        ("apply", T1),
        ("read", f"fence#{T1}"),
        ("write", f"fence#{T1}"),
    ],
)
def test_what_does_not_answer_stops_its_target_and_the_next_pass_resumes(
    operation: str, subject: str
) -> None:
    stream = Stream(mode="converge")
    published = stream.publish(CHANGED)
    stream.faults.next(operation, subject, unavailable)
    outcome = stream.enact(published)
    assert (outcome.outcome, error_of(outcome).exit_code) == ("unavailable", 5)
    resumed = stream.enact(published)
    assert (resumed.outcome, resumed.resumed) == ("applied", True)
    assert stream.zone().state == CHANGED
