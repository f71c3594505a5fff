"""Approvals, expiry, holds, jumps and retiring targets: what binds a claim, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plans.errors import Refused, Unavailable
from plans.names import JUMP_MAX, approval_key, blob_key, settings_key
from plans.plan import Waiver
from plans.published import Published
from tests.builders import (
    CHANGED,
    OTHER_LINEAGE,
    START,
    STREAM,
    T1,
    T2,
    Stream,
    a,
    overwrite_item,
    overwrite_object,
)
from tests.doubles.faults import unavailable

Act = Callable[[Stream, Published], object]


def head(stream: Stream, **request: Any) -> Published:
    """An approved plan 2 on an applied plan 1."""
    first = stream.publish()
    stream.approve(first)
    assert stream.enact(first).outcome == "applied"
    published = stream.publish(CHANGED, **request)
    stream.approve(published)
    return published


# Approvals


def test_approvals_are_of_people_other_than_the_planner_unless_allowed() -> None:
    stream = Stream(approvals=1, self_approval="allow")
    published = stream.publish(CHANGED)
    stream.approve(published, "ada")
    stream.set(self_approval="deny")
    error = stream.refusal(published)
    assert (error.rule, error.expected, error.actual) == (
        "approvals",
        "1 approval of these bytes that stand",
        "0",
    )
    stream.set(self_approval="allow")
    assert stream.enact(published).outcome == "applied"


def test_two_approvals_are_of_two_people() -> None:
    stream = Stream(approvals=2)
    published = stream.publish(CHANGED)
    stream.approve(published, "bob")
    stream.approve(published, "bob")
    error = stream.refusal(published)
    assert error.expected == "2 approvals of these bytes that stand"
    stream.approve(published, "cyd")
    assert stream.enact(published).outcome == "applied"


def test_more_approvals_than_a_transaction_holds_are_no_obstacle() -> None:
    stream = Stream(approvals=2)
    published = stream.publish(CHANGED)
    for number in range(101):
        stream.approve(published, f"person-{number}")
    assert stream.enact(published).outcome == "applied"


@pytest.mark.parametrize("field", ["lineage", "generation"])
def test_an_approval_of_another_plan_counts_for_nothing(field: str) -> None:
    stream = Stream(approvals=1)
    published = stream.publish(CHANGED)
    stream.approve(published)
    attributes = stream.grounds(1).approvals[0].model_dump(mode="json")
    strange = {"lineage": OTHER_LINEAGE, "generation": 7}[field]
    key = approval_key(STREAM, 1, "bob")
    overwrite_item(stream.register, key, **attributes | {field: strange})
    assert stream.refusal(published).rule == "approvals"


def test_a_waived_plan_needs_an_approval_though_the_stream_asks_for_none() -> None:
    stream = Stream(protect=("www",))
    published = stream.publish(CHANGED, "protected")
    assert stream.refusal(published).rule == "approvals"
    stream.approve(published)
    assert stream.enact(published).outcome == "applied"


def test_a_waiver_of_another_rule_does_not_pass_the_guard() -> None:
    stream = Stream(protect=("www",))
    published = stream.publish(CHANGED, "protected")
    waived = stream.forge(published.plan, waivers=(Waiver(rule="apex", reason="?"),))
    stream.approve(waived)
    assert stream.refusal(waived).rule == "protected"


# Expiry binds the first claim only


def test_expiry_of_plan_and_approval_binds_the_first_claim_only() -> None:
    stream = Stream(approvals=1)
    stream.approve(stream.publish())
    stream.enact()
    published = stream.publish(CHANGED)
    stream.approve(published)
    stream.die_before_step(published)
    stream.clock.sleep(10_000 * 3600)
    outcome = stream.enact(published)
    assert (outcome.outcome, outcome.resumed) == ("applied", True)


# Holds


def test_an_override_passes_a_hold_and_a_plan_observed_under_one_does_not_outlive_it() -> None:
    stream = Stream()
    stream.applied()
    stream.hold()
    planned = stream.publish(CHANGED)
    assert stream.refusal(planned).rule == "held"
    stream.release()
    assert stream.refusal(planned).rule == "observed-under-hold"
    stream.hold()
    override = stream.publish(CHANGED, origin="override")
    assert stream.enact(override).outcome == "applied"
    rollback = stream.publish(START, origin="rollback")
    stream.release()
    assert stream.enact(rollback).outcome == "applied"


# Jumps


def test_a_jump_out_of_reach_is_refused_unless_a_person_says_it_is_real() -> None:
    stream = Stream()
    published = head(stream)
    far = 2 + JUMP_MAX
    jumped = stream.forge(published.plan, generation=far)
    blob = published.plan.attachments[0].digest
    stored = stream.archive.read(blob_key(STREAM, 2, blob))
    assert stored
    overwrite_object(stream.archive, blob_key(STREAM, far, blob), stored.body)
    error = stream.refusal(jumped)
    assert (error.rule, error.expected, error.actual) == (
        "jump-max",
        f"at most {far - 1}",
        str(far),
    )
    assert stream.enact().generation == 2, "the next normal generation still enacts"
    base = stream.publish(START).plan.base
    jumped = stream.forge(jumped.plan, generation=far + 1, base=base)
    overwrite_object(stream.archive, blob_key(STREAM, far + 1, blob), stored.body)
    assert stream.enact(jumped, allow_jump="restored").outcome == "refused", "its befores moved"
    assert stream.pointer
    assert stream.pointer.desired_generation == far + 1


# Retiring targets


def test_a_retired_target_may_be_gone_from_the_next_plan_and_a_retiring_one_may_not() -> None:
    stream = Stream(T1, T2)
    stream.applied()
    published = stream.publish(CHANGED)
    stream.set(targets=(T1,), retiring=(T2,))
    assert stream.refusal(published).rule == "targets"
    stream.applied()
    later = stream.applied({**START, **a("third")})
    assert [target.target for target in later.plan.targets] == [T1]
    again = stream.publish(START)
    stream.set(targets=(T1, T2), retiring=())
    error = stream.refusal(again)
    assert (error.rule, error.expected, error.actual) == ("targets", f"{T1}, {T2}", T1)


# Stores that do not answer (G9)


@pytest.mark.parametrize(
    ("operation", "subject"),
    [
        ("read", "settings pointer last"),
        ("scan", "decision#"),
        ("scan", "journal#"),
        ("get", "plans"),
        ("get", "blobs"),
    ],
)
def test_a_store_that_does_not_answer_stops_the_pass_before_any_claim(
    operation: str, subject: str
) -> None:
    stream = Stream(mode="converge")
    published = head(stream)
    stream.faults.next(operation, subject, unavailable)
    assert isinstance(stream.refusal(published), Unavailable)
    assert stream.enact(published).outcome == "applied"


def test_a_stream_that_is_not_there_is_refused() -> None:
    stream = Stream()
    overwrite_item(stream.register, settings_key("dns/other"), version=1)
    with pytest.raises(Refused):
        stream.enact(stream="dns/other")
    with pytest.raises(Refused) as caught:
        stream.enact(stream="dns/nowhere")
    assert caught.value.rule == "stream-missing"
