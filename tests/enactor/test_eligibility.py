"""Which plan is chosen, and every reason to refuse one before anything is claimed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from enactor.eligibility import Chosen, choose
from enactor.enacting import Outcome
from enactor.ports import Request
from plans.document import digest_of, encode
from plans.errors import Refused, Superseded
from plans.journal import Draft, record
from plans.kinds.dns import Change, RecordKey, Records
from plans.kinds.zone import zone_document
from plans.names import approval_key, blob_key, plan_key
from plans.plan import Plan, Tombstone
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
    forget,
    overwrite_item,
    overwrite_object,
)
from tests.doubles.faults import answering

Act = Callable[[Stream, Published], object]


def head(stream: Stream, **request: Any) -> Published:
    """An approved plan 2 on an applied plan 1."""
    first = stream.publish()
    stream.approve(first)
    assert stream.enact(first).outcome == "applied"
    published = stream.publish(CHANGED, **request)
    stream.approve(published)
    return published


# What is chosen


def test_nothing_published_is_nothing_to_do() -> None:
    assert Stream().enact() == Outcome("already_applied", None, None)


def test_what_is_applied_is_said_before_any_claim_and_without_its_file() -> None:
    stream = Stream()
    published = stream.applied(CHANGED)
    overwrite_object(stream.archive, plan_key(STREAM, 1), b"torn")
    expected = Outcome("already_applied", 1, published.digest)
    assert stream.enact() == expected
    assert stream.enact(published) == expected
    assert stream.enact(generation=1) == expected


def test_the_newest_eligible_plan_is_chosen() -> None:
    stream = Stream(approvals=1, mode="converge")
    first = stream.publish(CHANGED)
    second = stream.publish({**START, **a("second")})
    third = stream.publish({**START, **a("third")})
    stream.approve(first)
    stream.approve(second)
    chosen = choose(stream.enactor_ports, Request(STREAM, "eve"))
    assert isinstance(chosen, Chosen)
    assert chosen.published == second
    assert chosen.desired == {**START, **a("second")}
    assert not chosen.resumes
    stream.approve(third)
    assert stream.enact().generation == 3


def test_with_nothing_eligible_the_rule_that_stops_the_head_is_named() -> None:
    stream = Stream(approvals=1)
    stream.publish(CHANGED)
    second = stream.publish({**START, **a("second")})
    stream.reject(second)
    assert stream.refusal().rule == "rejected"


def test_the_desired_plan_is_resumed_where_nothing_newer_is_eligible() -> None:
    stream = Stream(approvals=1)
    published = head(stream)
    stream.die_before_step(published)
    stream.publish({**START, **a("third")})
    outcome = stream.enact()
    assert (outcome.outcome, outcome.generation, outcome.resumed) == ("applied", 2, True)
    assert stream.refusal().rule == "base-moved", "said before that nobody approved it: no use"


def test_a_newer_eligible_plan_goes_before_the_one_that_is_half_done() -> None:
    stream = Stream(mode="converge")
    published = head(stream)
    stream.die_before_step(published)
    stream.publish({**START, **a("third")})
    outcome = stream.enact()
    assert (outcome.outcome, outcome.generation, outcome.resumed) == ("applied", 3, False)


@pytest.mark.parametrize("digest", [True, False])
def test_a_plan_may_be_named_with_or_without_its_digest(digest: bool) -> None:
    stream = Stream()
    published = head(stream)
    outcome = stream.enact(generation=2, digest=published.digest if digest else None)
    assert (outcome.outcome, outcome.digest) == ("applied", published.digest)


def test_a_plan_older_than_the_pointers_is_superseded() -> None:
    stream = Stream()
    first = stream.applied(CHANGED)
    stream.applied(START)
    error = stream.refusal(first)
    assert isinstance(error, Superseded)
    assert (error.rule, error.exit_code) == ("superseded", 4)
    assert (error.expected, error.actual) == ("generation 1 at the pointer", "generation 2")


# What is refused, and by which rule


def overwritten(stream: Stream, body: bytes) -> None:
    overwrite_object(stream.archive, plan_key(STREAM, 2), body)


def edited_target(plan: Plan, **fields: Any) -> Plan:
    [wave] = plan.waves
    target = wave.targets[0].model_copy(update=fields)
    changed = wave.model_copy(update={"targets": (target, *wave.targets[1:])})
    return plan.model_copy(update={"waves": (changed,)})


def with_change(name: str, rdtype: str, *values: str) -> Act:
    """Somebody writes a plan around planfence, and gets it approved."""

    def act(stream: Stream, published: Published) -> Published:
        step = published.plan.targets[0].steps[0]
        strange = Change(name, rdtype, None, Records(60, values))
        steps = (step.model_copy(update={"changes": (*step.changes, strange)}),)
        forged = stream.forge(edited_target(published.plan, steps=steps))
        stream.approve(forged, by="cyd")
        forget(stream.register, approval_key(STREAM, 2, "bob"))
        return forged

    return act


def approved_as_other_bytes(stream: Stream, published: Published) -> None:
    approval = stream.grounds(2).approvals[0]
    key = approval_key(STREAM, 2, "bob")
    attributes = approval.model_dump(mode="json") | {"digest": "0" * 64}
    overwrite_item(stream.register, key, **attributes)
    assert published.digest != "0" * 64


def journaled_as_other_bytes(stream: Stream, published: Published) -> None:
    now, generation = stream.clock.now(), published.plan.generation
    record(stream.register, STREAM, Draft("ended", now, "?", "e" * 32, generation, "0" * 64))


def altered(stream: Stream, published: Published) -> None:
    stream.forge(published.plan, created_by="mallory")


def at_another_number(_: Stream, published: Published) -> Published:
    return Published(published.plan.model_copy(update={"generation": 9}), published.digest)


REFUSALS: dict[str, tuple[str, Act]] = {
    "missing": ("plan-missing", at_another_number),
    "pruned": (
        "plan-pruned",
        lambda stream, published: overwritten(
            stream, encode(Tombstone(generation=2, digest=published.digest))
        ),
    ),
    "torn": ("digest", lambda stream, _: overwritten(stream, b"torn")),
    "altered": ("digest", altered),
    "foreign": (
        "foreign-lineage",
        lambda stream, published: stream.forge(published.plan, lineage=OTHER_LINEAGE),
    ),
    "zone of its changes": ("zone", with_change("www.example.org.", "A", "192.0.2.1")),
    "the fence among its changes": ("zone", with_change(f"_planfence.{ZONE}", "TXT", '"x"')),
    "the SOA among its changes": ("document-invalid", with_change(ZONE, "SOA", "x")),
    "no value": ("document-invalid", with_change(f"new.{ZONE}", "A")),
    "no address": ("document-invalid", with_change(f"new.{ZONE}", "A", "192.0.2.256")),
    "zone of the stream": ("zone", lambda stream, _: stream.set(zone="example.org.")),
    "another target": (
        "targets",
        lambda stream, _: stream.set(targets=(T1, T2)),
    ),
    "a target that retires without being asked to": (
        "targets",
        lambda stream, published: stream.forge(edited_target(published.plan, retire=True)),
    ),
    "other bytes approved": ("generation-digest", approved_as_other_bytes),
    "other bytes journaled": ("generation-digest", journaled_as_other_bytes),
    "rejected": ("rejected", Stream.reject),
    "held": ("held", lambda stream, _: stream.hold()),
    "not approved": ("approvals", lambda stream, _: stream.set(approvals=2)),
    "approvals that expired": ("approvals", lambda stream, _: stream.clock.sleep(25 * 3600)),
    "expired": ("expired", lambda stream, _: stream.clock.sleep(168 * 3600)),
    "desired moved": (
        "base-moved",
        lambda stream, _: stream.point(desired_digest="0" * 64),
    ),
    "applied moved": (
        "base-moved",
        lambda stream, _: stream.point(applied_digest="0" * 64),
    ),
    "limits that were lowered": (
        "updates-max",
        lambda stream, _: stream.set(updates_max="0"),
    ),
    "names that were protected": (
        "protected",
        lambda stream, _: stream.set(protect=("www",)),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_plan_that_cannot_be_enacted_is_refused_before_any_claim(case: str) -> None:
    rule, act = REFUSALS[case]
    stream = Stream(approvals=0 if case == "expired" else 1)
    stream.approve(stream.publish())
    assert stream.enact().outcome == "applied"
    published = stream.publish(CHANGED)
    stream.approve(published)
    changed = act(stream, published)
    error = stream.refusal(changed if isinstance(changed, Published) else published)
    assert isinstance(error, Refused)
    assert (error.rule, error.exit_code) == (rule, 3)
    assert error.remedy


def test_another_digest_at_the_pointer_is_refused() -> None:
    stream = Stream()
    published = head(stream)
    stream.die_before_step(published)
    error = stream.refusal(generation=2, digest="0" * 64)
    assert (error.rule, error.expected) == ("generation-digest", published.digest)


def test_a_pointer_of_another_lineage_stops_everything() -> None:
    stream = Stream()
    published = head(stream)
    stream.point(lineage=OTHER_LINEAGE)
    assert stream.refusal(published).rule == "foreign-lineage"
    assert stream.refusal().rule == "foreign-lineage"


def test_no_base_conflicts_with_a_pointer_that_exists() -> None:
    stream = Stream()
    first = stream.publish(CHANGED)
    second = stream.publish({**START, **a("second")})
    stream.enact(first)
    error = stream.refusal(second)
    assert (error.rule, error.expected, error.actual) == (
        "base-moved",
        "desired none, applied none",
        "desired 1, applied 1",
    )


def test_a_base_conflicts_with_a_pointer_that_is_gone() -> None:
    stream = Stream()
    published = head(stream)
    other = Stream()
    stream.register.inner = other.register.inner
    error = stream.refusal(published)
    assert (error.rule, error.actual) == ("base-moved", "desired none, applied none")


@pytest.mark.parametrize(("mode", "rule"), [("exact", None), ("converge", "attachment-missing")])
def test_only_what_computes_from_the_desired_state_needs_it(mode: str, rule: str | None) -> None:
    stream = Stream(mode=mode)
    published = head(stream)
    stream.faults.next("get", "blobs", answering(None))
    if rule is None:
        assert stream.enact(published).outcome == "applied"
        assert stream.zone(T1).state == CHANGED
    else:
        assert stream.refusal(published).rule == rule


def test_a_desired_state_with_what_cannot_be_is_refused_where_it_is_computed_from() -> None:
    stream = Stream(mode="converge")
    published = head(stream)
    strange = {**CHANGED, RecordKey(f"new.{ZONE}", "A"): Records(60, ("192.0.2.256",))}
    body = encode(zone_document(ZONE, strange))
    [entry] = published.plan.attachments
    other = entry.model_copy(update={"digest": digest_of(body), "size": len(body)})
    overwrite_object(stream.archive, blob_key(STREAM, 2, other.digest), body)
    forged = stream.forge(published.plan, attachments=(other,))
    assert stream.refusal(forged).rule == "desired-invalid"
