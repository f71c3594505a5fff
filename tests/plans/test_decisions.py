"""Decisions are bound to the bytes they were made on, and each is journaled with its reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from plans.decisions import (
    Approval,
    approvals_wanted,
    counted,
    enough,
    is_released,
    read_approvals,
    read_decisions,
    read_hold,
    read_rejection,
    relied_on,
)
from plans.errors import Conflict, Refused, Unavailable
from plans.journal import Entry, read_entries, verify
from plans.names import Key, hold_key, reject_key, released_key
from plans.plan import Waiver
from plans.published import Published
from tests.builders import CHANGED, LINEAGE, START, STREAM, Stream, a, overwrite_item
from tests.doubles.faults import Fault, after, lost_after, lost_before, unavailable


@pytest.fixture
def stream() -> Stream:
    return Stream(approvals=1)


@pytest.fixture
def published(stream: Stream) -> Published:
    return stream.publish(CHANGED)


def last_entry(stream: Stream) -> Entry:
    verify(stream.register, STREAM)
    return list(read_entries(stream.register, STREAM))[-1]


# Approvals


def test_an_approval_names_lineage_generation_digest_and_when_it_ends(
    stream: Stream, published: Published
) -> None:
    approval = stream.approve(published)
    assert read_approvals(stream.register, STREAM, 1) == (approval,)
    assert approval == Approval(
        lineage=LINEAGE,
        generation=1,
        digest=published.digest,
        approver="bob",
        at=stream.clock.now(),
        expires_at=stream.clock.now() + timedelta(hours=24),
        attempt=approval.attempt,
    )
    entry = last_entry(stream)
    assert (entry.kind, entry.by, entry.generation, entry.digest) == (
        "approved",
        "bob",
        1,
        published.digest,
    )


def test_approvals_of_one_generation_are_not_those_of_another(
    stream: Stream, published: Published
) -> None:
    stream.approve(published, "bob")
    stream.approve(published, "cyd")
    assert [entry.approver for entry in read_approvals(stream.register, STREAM, 1)] == [
        "bob",
        "cyd",
    ]
    assert read_approvals(stream.register, STREAM, 10) == ()


def test_the_same_person_approving_again_renews_the_approval(
    stream: Stream, published: Published
) -> None:
    first = stream.approve(published)
    stream.clock.sleep(3600)
    second = stream.approve(published)
    assert second.expires_at > first.expires_at
    assert read_approvals(stream.register, STREAM, 1) == (second,)


def test_who_made_a_plan_may_not_approve_it_unless_the_stream_allows_it(
    stream: Stream, published: Published
) -> None:
    with pytest.raises(Refused, match="ada made plan 1") as caught:
        stream.approve(published, "ada")
    assert caught.value.rule == "self-approval"
    assert read_approvals(stream.register, STREAM, 1) == ()
    stream.set(self_approval="allow")
    assert stream.approve(published, "ada").approver == "ada"


def test_a_rejected_plan_is_approved_by_nobody(stream: Stream, published: Published) -> None:
    stream.reject(published, reason="looks wrong")
    with pytest.raises(Refused, match="rejected by bob: looks wrong") as caught:
        stream.approve(published)
    assert caught.value.rule == "rejected"
    assert read_approvals(stream.register, STREAM, 1) == ()


def test_an_approval_never_carries_over_to_other_bytes(
    stream: Stream, published: Published
) -> None:
    stream.approve(published)
    other = stream.forge(published.plan, reason="other bytes")
    with pytest.raises(Refused, match="approved before as other bytes") as caught:
        stream.approve(other)
    assert caught.value.rule == "generation-digest"
    assert (caught.value.expected, caught.value.actual) == (published.digest, other.digest)


def test_an_approval_meets_settings_that_changed_meanwhile(
    stream: Stream, published: Published
) -> None:
    stream.faults.next("write", "approval", after(lambda: stream.set(self_approval="allow")))
    with pytest.raises(Conflict) as caught:
        stream.approve(published)
    assert caught.value.rule == "settings-changed"
    assert read_approvals(stream.register, STREAM, 1) == ()


def test_waivers_and_uncertain_ancestry_need_a_person_whatever_the_setting(
    stream: Stream, published: Published
) -> None:
    free = stream.set(approvals=0)
    two = free.model_copy(update={"approvals": 2})
    plan = published.plan
    assert (approvals_wanted(plan, free), approvals_wanted(plan, two)) == (0, 2)
    waived = plan.model_copy(update={"waivers": (Waiver(rule="apex", reason="known"),)})
    assert (approvals_wanted(waived, free), approvals_wanted(waived, two)) == (1, 2)
    for ancestry in ("unknown", "unrelated"):
        entry = plan.inputs[0].model_copy(update={"ancestry": ancestry})
        uncertain = plan.model_copy(update={"inputs": (entry,)})
        assert approvals_wanted(uncertain, free) == 1


def test_what_is_counted_is_of_these_bytes_and_what_a_claim_rests_on_is_no_more_than_it_needs(
    stream: Stream, published: Published
) -> None:
    plan, settings = published.plan, stream.set(approvals=2)
    approvals = tuple(stream.approve(published, by) for by in ("bob", "cyd", "dan"))
    now = stream.clock.now()
    assert counted(plan, published.digest, approvals, settings, now=now) == approvals
    assert counted(plan, "d" * 64, approvals, settings, now=now) == ()
    assert relied_on(plan, settings, approvals) == approvals[:2]
    emergency = stream.approve(published, "zoe", "nobody is awake")
    assert (enough(plan, settings, approvals[:1]), enough(plan, settings, (emergency,))) == (
        False,
        True,
    )
    assert relied_on(plan, settings, (*approvals[:1], emergency)) == (emergency,)


# Rejections


def test_a_rejection_is_final_and_says_who_and_why(stream: Stream, published: Published) -> None:
    assert read_rejection(stream.register, STREAM, 1) is None
    stream.reject(published, reason="looks wrong")
    found = read_rejection(stream.register, STREAM, 1)
    assert found
    assert (found.by, found.reason, found.generation) == ("bob", "looks wrong", 1)
    assert last_entry(stream).details == {"reason": "looks wrong"}
    with pytest.raises(Refused, match="rejected before by bob: looks wrong") as caught:
        stream.reject(published, "cyd")
    assert caught.value.rule == "rejected"


# Holds


def test_a_hold_stands_until_it_is_released(stream: Stream) -> None:
    assert read_hold(stream.register, STREAM, stream.clock.now()) is None
    stream.hold()
    found = read_hold(stream.register, STREAM, stream.clock.now())
    assert found
    assert (found.by, found.reason) == ("bob", "incident")
    with pytest.raises(Refused, match="held already by bob: incident") as caught:
        stream.hold("cyd")
    assert caught.value.rule == "held"
    stream.release()
    assert read_hold(stream.register, STREAM, stream.clock.now()) is None
    assert stream.register.read(hold_key(STREAM)), "the item stays, so that it never reappears"
    assert last_entry(stream).kind == "released"
    stream.hold("cyd")
    again = read_hold(stream.register, STREAM, stream.clock.now())
    assert again
    assert again.by == "cyd"


@pytest.mark.parametrize("fault", [lost_before, lost_after])
@pytest.mark.parametrize("act", [Stream.hold, Stream.release])
def test_a_lost_answer_to_a_decision_is_no_refusal(
    stream: Stream, act: Callable[[Stream], None], fault: Fault
) -> None:
    if act is Stream.release:
        stream.hold()
    stream.faults.next("write", "hold", fault)
    act(stream)
    assert (read_hold(stream.register, STREAM, stream.clock.now()) is None) == (
        act is Stream.release
    )
    assert last_entry(stream).sequence == (3 if act is Stream.release else 2)


def test_releasing_nothing_writes_nothing(stream: Stream) -> None:
    before = last_entry(stream)
    stream.release()
    assert last_entry(stream) == before


def test_release_ends_the_standing_override_once_with_or_without_a_hold(stream: Stream) -> None:
    assert not is_released(stream.register, STREAM, 7)
    stream.release(7)
    assert is_released(stream.register, STREAM, 7)
    assert last_entry(stream).generation == 7
    before = last_entry(stream)
    stream.release(7)
    assert last_entry(stream) == before
    stream.hold()
    stream.release(8)
    assert is_released(stream.register, STREAM, 8)
    assert read_hold(stream.register, STREAM, stream.clock.now()) is None


def test_only_the_hold_that_was_seen_is_released(stream: Stream) -> None:
    stream.hold()

    def replaced() -> None:
        held = dict(stream.register.inner.read(hold_key(STREAM)) or {})
        overwrite_item(stream.register.inner, hold_key(STREAM), **held | {"attempt": "e" * 32})

    stream.faults.next("write", "hold", after(replaced))
    with pytest.raises(Conflict) as caught:
        stream.release(7)
    assert caught.value.rule == "hold-changed"
    assert read_hold(stream.register, STREAM, stream.clock.now())
    assert stream.register.read(released_key(STREAM, 7)) is None


def test_a_hold_that_cannot_be_read_is_not_taken_for_none(stream: Stream) -> None:
    stream.faults.next("read", "hold", unavailable)
    with pytest.raises(Unavailable):
        read_hold(stream.register, STREAM, stream.clock.now())
    overwrite_item(stream.register, hold_key(STREAM), state="perhaps")
    with pytest.raises(Refused, match="the hold of dns/example"):
        read_hold(stream.register, STREAM, stream.clock.now())


# Everything in one query


def test_one_query_finds_every_decision_from_a_generation_on(stream: Stream) -> None:
    for number in range(1, 4):
        stream.approve(stream.publish({**CHANGED, **a(f"n{number}")}), "bob")
    stream.reject(stream.publish(START))
    stream.hold()
    before = len(stream.faults.calls)
    found = read_decisions(stream.register, STREAM, 2)
    assert [call.split()[0] for call in stream.faults.calls[before:]] == ["scan"]
    assert found.generations == {2, 3, 4}
    for generation in (2, 3):
        assert found.approvals(generation) == read_approvals(stream.register, STREAM, generation)
    assert found.approvals(4) == ()
    assert found.rejection(3) is None
    assert found.rejection(4) == read_rejection(stream.register, STREAM, 4)
    assert (
        found.hold(stream.clock.now())
        == read_hold(stream.register, STREAM, stream.clock.now())
        is not None
    )
    assert not found.is_released(2)


def test_an_old_decision_that_cannot_be_read_stops_nobody_else(stream: Stream) -> None:
    stream.approve(stream.publish(CHANGED), "bob")
    overwrite_item(stream.register, reject_key(STREAM, 7), strange="yes")
    overwrite_item(stream.register, Key(f"decision#{STREAM}", "reject#x"), strange="yes")
    found = read_decisions(stream.register, STREAM, 1)
    assert len(found.approvals(1)) == 1
    assert found.hold(stream.clock.now()) is None
    assert found.generations == {1, 7}
    with pytest.raises(Refused, match="rejection"):
        found.rejection(7)


def test_what_a_person_released_is_found_whatever_its_age(stream: Stream) -> None:
    stream.hold()
    stream.release(standing=3)
    assert read_decisions(stream.register, STREAM, 9).is_released(3)
