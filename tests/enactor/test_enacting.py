"""One enacting pass from claim to completion: how it ends, and what the next pass finds."""

from __future__ import annotations

from typing import Any

import pytest

from enactor.enacting import Outcome, TargetOutcome
from plans.errors import Failed, Superseded, Unavailable
from plans.journal import Entry, read_entries, verify
from plans.mirror import read_mirrors
from plans.names import journal_last_key
from plans.plan import Plan
from plans.published import Published
from tests.builders import (
    CHANGED,
    START,
    STREAM,
    T1,
    T2,
    Stream,
    a,
    a_fence,
    error_of,
    overwrite_item,
)
from tests.doubles.faults import Fault, after, lost_after, lost_before, raising, twice, unavailable


def head(stream: Stream, **request: Any) -> Published:
    """Plan 2, which changes things, on an applied plan 1."""
    stream.applied()
    return stream.publish(CHANGED, **request)


def journal(stream: Stream) -> list[Entry]:
    verify(stream.register, STREAM)
    return list(read_entries(stream.register, STREAM))


def ended(stream: Stream) -> dict[str, str]:
    """What the last entry says of how the pass ended."""
    entry = journal(stream)[-1]
    assert entry.kind == "ended"
    return entry.details


def applied_generation(stream: Stream) -> int:
    assert stream.pointer
    return stream.pointer.applied_generation


# From claim to completion


def test_a_pass_claims_writes_completes_and_journals_what_it_did() -> None:
    stream = Stream(T1, T2)
    published = stream.publish(CHANGED)
    outcome = stream.enact(published)
    assert outcome == Outcome(
        "applied",
        1,
        published.digest,
        (TargetOutcome(T1, True, None), TargetOutcome(T2, True, None)),
    )
    assert stream.zone(T1).state == stream.zone(T2).state == CHANGED
    assert stream.pointer
    assert stream.pointer.applied == stream.pointer.desired
    created, claimed, applied = journal(stream)
    assert (created.kind, claimed.kind, applied.kind) == ("created", "claimed", "applied")
    assert (claimed.by, claimed.generation, claimed.digest, claimed.details) == (
        "eve",
        1,
        published.digest,
        {"mode": "exact"},
    )
    assert claimed.attempt == applied.attempt == stream.pointer.attempt


def test_a_person_who_answers_for_something_is_in_the_journal_with_it() -> None:
    stream = Stream(mode="converge")
    stream.enact(stream.publish(), adopt=True, allow_jump="restored from a backup")
    assert journal(stream)[1].details == {
        "mode": "converge",
        "adopt": "yes",
        "jump-max": "restored from a backup",
    }


def test_a_pass_after_a_crash_resumes_where_the_fences_stand() -> None:
    # F5: the claim stands, nothing is applied, and the rule "take g above the pointer" would idle.
    stream = Stream(T1, T2, step_changes_max=1)
    published = head(stream)
    stream.die_before_step(published, f"{T1} v=pf1 g=2 s=2")
    assert applied_generation(stream) == 1
    outcome = stream.enact()
    assert (outcome.outcome, outcome.generation, outcome.resumed) == ("applied", 2, True)
    assert stream.steps(T1)[-2:] == [(2, 1, False), (2, 2, True)]
    assert [entry.kind for entry in journal(stream)][-3:] == ["claimed", "resumed", "applied"]
    assert stream.watched.told[-4:] == [
        "resumed 2",
        f"{T1} step 2 done",
        f"{T2} step 1",
        f"{T2} step 2 done",
    ]


def test_a_crash_after_the_last_step_leaves_only_the_completion() -> None:
    stream = Stream()
    published = head(stream)
    stream.faults.next("write", "pointer", lambda send: send())
    stream.faults.next("write", "pointer", raising(SystemExit()))
    with pytest.raises(SystemExit):
        stream.enact(published)
    writes = len(stream.zone().history)
    assert stream.enact().outcome == "applied"
    assert len(stream.zone().history) == writes


def test_a_mirror_that_cannot_be_raised_when_a_pass_ends_lags_and_the_next_pass_raises_it() -> None:
    stream = Stream(T1, T2)
    published = head(stream)
    stream.faults.next("apply", T2, unavailable)
    stream.faults.next("write", f"fence#{T1}", unavailable)
    assert stream.enact(published).outcome == "partial"
    assert read_mirrors(stream.register, STREAM)[T1].generation == 1
    assert stream.enact().outcome == "applied"
    assert read_mirrors(stream.register, STREAM)[T1].generation == 2


# A poison target (F14)


def test_a_poison_target_does_not_stop_the_others_and_the_next_pass_retries_only_it() -> None:
    stream = Stream(T1, T2)
    published = head(stream)
    stream.faults.next("apply", T1, unavailable)
    outcome = stream.enact(published)
    assert outcome.outcome == "partial"
    first, second = outcome.targets
    assert (first.done, second.done) == (False, True)
    assert first.error is outcome.error
    assert error_of(outcome).exit_code == 5
    assert applied_generation(stream) == 1
    assert ended(stream) == {
        "outcome": "partial",
        f"target {T1}": "not now [store-unavailable]",
        f"target {T2}": "done",
    }
    writes = len(stream.zone(T2).history)
    assert stream.enact().outcome == "applied"
    assert len(stream.zone(T2).history) == writes
    assert applied_generation(stream) == 2


def test_a_newer_plan_gets_past_a_poison_target() -> None:
    stream = Stream(T1, T2, mode="converge")
    published = head(stream)
    stream.faults.next("apply", T1, unavailable)
    assert stream.enact(published).outcome == "partial"
    assert stream.applied(START).plan.generation == 3
    assert stream.zone(T1).state == stream.zone(T2).state == START


# How a pass ends


def test_a_superseded_target_ends_the_pass_before_the_others_are_touched() -> None:
    stream = Stream(T1, T2)
    published = head(stream)
    stream.zone(T1).fence = a_fence(generation=3)
    outcome = stream.enact(published)
    assert outcome.outcome == "superseded"
    assert isinstance(outcome.error, Superseded)
    assert outcome.targets[1] == TargetOutcome(T2, False, None)
    assert ended(stream)[f"target {T2}"] == "not reached"
    assert stream.zone(T2).state == START


def test_being_superseded_decides_though_another_target_is_done() -> None:
    stream = Stream(T1, T2)
    published = head(stream)
    stream.zone(T2).fence = a_fence(generation=3)
    outcome = stream.enact(published)
    assert outcome.targets[0].done
    assert outcome.outcome == "superseded"


@pytest.mark.parametrize("order", [(T1, T2), (T2, T1)])
def test_a_refusal_decides_before_what_a_retry_mends(order: tuple[str, str]) -> None:
    stream = Stream(*order)
    published = head(stream)
    stream.faults.next("apply", T1, unavailable)
    stream.zone(T2).state.update(a("www", "203.0.113.9"))
    outcome = stream.enact(published)
    assert (outcome.outcome, error_of(outcome).rule) == ("refused", "drift")


def test_a_register_that_is_corrupt_fails_the_pass() -> None:
    stream = Stream()
    published = head(stream)
    corrupt = after(lambda: overwrite_item(stream.register, journal_last_key(STREAM), hash="?"))
    stream.faults.next("apply", "g=2", raising(Failed("broken", rule="register-corrupt")))
    outcome = stream.enact(published)
    assert (outcome.outcome, error_of(outcome).exit_code) == ("failed", 1)
    stream.faults.next("apply", "g=2", corrupt)
    outcome = stream.enact(published)
    assert (outcome.outcome, error_of(outcome).rule) == ("partial", "journal-corrupt")


def test_a_completion_that_is_superseded_says_so_though_every_target_is_done() -> None:
    stream = Stream()
    published = head(stream)
    newer = {"desired_generation": 3, "desired_digest": "0" * 64}
    stream.faults.next("write", "pointer", lambda send: send())
    stream.faults.next("write", "pointer", after(lambda: stream.point(**newer)))
    outcome = stream.enact(published)
    assert outcome.targets[0].done
    assert outcome.outcome == "superseded"
    assert applied_generation(stream) == 1


def test_a_completion_that_is_not_recorded_is_partial_and_the_next_pass_records_it() -> None:
    stream = Stream()
    published = head(stream)
    stream.faults.next("write", "pointer", lambda send: send())
    stream.faults.next("write", "pointer", unavailable)
    outcome = stream.enact(published)
    assert (outcome.outcome, error_of(outcome).exit_code) == ("partial", 5)
    assert stream.enact(published).outcome == "applied"


def test_a_pass_ends_as_it_ended_though_the_journal_is_away() -> None:
    stream = Stream()
    published = head(stream)
    stream.faults.next("apply", "g=2", unavailable)
    stream.faults.next("write", "pointer", lambda send: send())
    stream.faults.next("write", "last", unavailable)
    outcome = stream.enact(published)
    assert outcome.outcome == "unavailable"
    assert journal(stream)[-1].kind == "claimed"


# Waves


def in_two_waves(plan: Plan) -> Plan:
    [wave] = plan.waves
    return plan.model_copy(
        update={
            "waves": tuple(
                wave.model_copy(update={"number": number, "targets": (target,)})
                for number, target in enumerate(wave.targets, start=1)
            )
        }
    )


def test_a_wave_starts_when_the_one_before_is_done_on_all_its_targets() -> None:
    stream = Stream(T1, T2)
    published = stream.forge(in_two_waves(head(stream).plan))
    stream.faults.next("apply", T1, unavailable)
    outcome = stream.enact(published)
    assert (outcome.outcome, outcome.targets[1]) == (
        "unavailable",
        TargetOutcome(T2, False, None),
    )
    assert stream.zone(T2).state == START
    assert stream.enact(published).outcome == "applied"
    assert stream.zone(T2).state == CHANGED


# Races for the claim


def test_a_claim_that_lost_a_race_is_decided_anew_from_reads() -> None:
    stream = Stream()
    published = head(stream)
    stream.faults.next("write", "pointer", after(stream.hold))
    assert stream.refusal(published).rule == "held"
    stream.release()
    stream.faults.next("write", "pointer", after(lambda: stream.set(approvals=0)))
    assert stream.enact(published).outcome == "applied"


def test_a_claim_that_lost_to_a_newer_one_is_superseded_before_any_step() -> None:
    stream = Stream(mode="converge")
    published = head(stream)
    newer = stream.publish({**START, **a("third")})
    stream.faults.next("write", "pointer", after(lambda: stream.enact(newer)))
    with pytest.raises(Superseded):
        stream.enact(published)
    assert stream.zone().state == {**START, **a("third")}


def test_a_claim_without_a_register_changes_nothing() -> None:
    stream = Stream()
    published = head(stream)
    stream.faults.next("write", "pointer", unavailable)
    assert isinstance(stream.refusal(published), Unavailable)


# Every operation of a pass fails once


@pytest.mark.parametrize("mode", ["exact", "converge"])
@pytest.mark.parametrize("fault", [lost_before, lost_after, twice, unavailable])
def test_a_bad_answer_anywhere_leaves_at_most_one_effect_and_a_pass_that_resumes(
    fault: Fault, mode: str
) -> None:
    faulted, number = True, 0
    while faulted:
        stream = Stream(T1, T2, mode=mode, step_changes_max=1)
        published = stream.publish(CHANGED)
        start = len(stream.faults.calls)
        stream.faults.at(number, fault)
        try:
            outcome = stream.enact(published).outcome
        except Unavailable:
            outcome = "unavailable"
        faulted = len(stream.faults.calls) - start > number
        number += 1
        stream.faults.clear()
        assert outcome in {"applied", "unavailable", "partial"}
        assert stream.enact(published).outcome in {"applied", "already_applied"}
        for target in (T1, T2):
            assert stream.steps(target) == [(1, 0, False), (1, 1, False), (1, 2, True)]
            assert stream.zone(target).state == CHANGED
        assert applied_generation(stream) == 1
        journal(stream)
    assert number > 25


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_a_process_that_ends_anywhere_leaves_a_plan_that_another_completes(mode: str) -> None:
    faulted, number = True, 0
    while faulted:
        stream = Stream(T1, T2, mode=mode, step_changes_max=1)
        published = stream.publish(CHANGED)
        start = len(stream.faults.calls)

        def served_and_ended(send: Any) -> None:
            send()
            raise SystemExit

        stream.faults.at(number, served_and_ended if number % 2 else raising(SystemExit()))
        try:
            stream.enact(published)
        except SystemExit:
            pass
        faulted = len(stream.faults.calls) - start > number
        number += 1
        stream.faults.clear()
        assert stream.enact().outcome in {"applied", "already_applied"}
        assert stream.zone(T1).state == stream.zone(T2).state == CHANGED
        for target in (T1, T2):
            assert stream.steps(target) == [(1, 0, False), (1, 1, False), (1, 2, True)]
        journal(stream)
    assert number > 25


def test_a_bad_answer_anywhere_in_a_planning_pass_publishes_at_most_one_plan() -> None:
    for fault in (lost_before, lost_after, unavailable):
        for number in range(40):
            stream = Stream()
            stream.desired.records = CHANGED
            stream.faults.at(number, fault)
            try:
                stream.plan()
            except Unavailable:
                pass
            stream.faults.clear()
            outcome = stream.plan()
            assert (outcome.outcome, outcome.generation) in {("published", 1), ("pending", 1)}
