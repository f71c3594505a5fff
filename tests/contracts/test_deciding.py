"""What people decide, on every register: approvals, rejections, holds, overrides, rollbacks.

The rules stand in conditions that the register evaluates. So each word of them is shown on each
register, also where a decision lands between an enactor's check and its claim.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from plans.decisions import read_approvals, read_hold, read_rejection
from plans.document import encode
from plans.errors import PlanfenceError, Refused, Superseded
from plans.guards import Breached
from plans.journal import read_entries, verify
from plans.names import approval_key, blob_key, hold_key, plan_key
from plans.published import Published
from plans.storage.register import Register
from tests.builders import CHANGED, START, STREAM, T1, T2, Ids, Stream, a, overwrite_item
from tests.doubles.faults import after

A_THIRD = {**START, **a("www", "192.0.2.3")}


class OnRegister(Stream):
    """A stream on the register that is tested. Emulators remember ids: these were never used."""

    def __init__(self, register: Register) -> None:
        super().__init__(T1, T2, register=register, new_id=Ids(uuid.uuid4().int >> 8), approvals=1)

    def kinds(self) -> list[str]:
        verify(self.register, STREAM)
        return [entry.kind for entry in read_entries(self.register, STREAM)]

    def live(self) -> list[object]:
        return [self.zone(target).state for target in (T1, T2)]

    def planned(self) -> Published:
        """Generation 1 is applied, generation 2 is published."""
        first = self.publish(START)
        self.approve(first)
        assert self.enact(first).outcome == "applied"
        return self.publish(CHANGED)


@pytest.fixture
def stream(register: Register) -> OnRegister:
    return OnRegister(register)


# How many, and whose


def test_a_plan_needs_as_many_people_as_the_stream_asks_for(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.set(approvals=2)
    assert stream.refusal(planned).rule == "approvals"
    stream.approve(planned, "bob")
    stream.approve(planned, "bob")
    assert stream.refusal(planned).actual == "1", "one person counts once"
    stream.approve(planned, "cyd")
    assert stream.enact(planned).outcome == "applied"


def test_who_made_a_plan_approves_it_only_where_the_stream_allows_it(stream: OnRegister) -> None:
    planned = stream.planned()
    with pytest.raises(Refused) as caught:
        stream.approve(planned, "ada")
    assert caught.value.rule == "self-approval"
    stream.set(self_approval="allow")
    stream.approve(planned, "ada")
    stream.set(self_approval="deny")
    assert stream.refusal(planned).rule == "approvals", "it counts as the settings are now"
    stream.set(self_approval="allow")
    assert stream.enact(planned).outcome == "applied"


def test_an_approval_ends(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.set(approval_hours=2)
    stream.approve(planned)
    stream.clock.sleep(2 * 3600)
    assert stream.refusal(planned).rule == "approvals"
    stream.approve(planned)
    stream.clock.sleep(2 * 3600 - 1)
    assert stream.enact(planned).outcome == "applied"


# Bound to the bytes, used once


def test_f12_an_approval_of_a_does_not_enact_b(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.approve(planned)
    other = stream.publish(A_THIRD)
    assert stream.refusal(other).rule == "approvals"
    with pytest.raises(Refused) as caught:
        stream.enact(generation=3, digest=planned.digest)
    assert caught.value.rule == "digest"
    forged = stream.forge(planned.plan, reason="other bytes")
    assert stream.refusal(forged).rule == "generation-digest"
    with pytest.raises(Refused) as caught:
        stream.approve(forged)
    assert caught.value.rule == "generation-digest"
    assert stream.live() == [START, START]


def test_f12_last_weeks_job_run_again_changes_nothing(stream: OnRegister) -> None:
    old = stream.planned()
    stream.approve(old)
    stream.enact(old)
    newer = stream.publish(A_THIRD)
    stream.approve(newer)
    stream.enact(newer)
    kinds = stream.kinds()
    with pytest.raises(Superseded):
        stream.enact(old)
    assert (stream.live(), stream.kinds()) == ([A_THIRD, A_THIRD], kinds)


def test_an_approval_is_used_up_by_the_claim(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.approve(planned)
    stream.enact(planned)
    stream.zone(T1).state = dict(START)  # somebody undoes it by hand
    again = stream.publish(CHANGED)
    kinds = stream.kinds()
    assert stream.enact(planned).outcome == "already_applied"
    assert stream.refusal(again).rule == "approvals", "the same changes, and other bytes"
    assert (stream.live()[0], stream.kinds()) == (START, kinds)


def test_an_identical_plan_that_is_approved_stays_the_one_to_enact(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.approve(planned)
    again = stream.plan()
    assert (again.outcome, again.generation, again.digest) == ("pending", 2, planned.digest)
    assert stream.enact(planned).outcome == "applied"


# Between check and claim


def _ask_for_two(stream: OnRegister, _: Published) -> None:
    stream.set(approvals=2)


def _other_bytes(stream: OnRegister, planned: Published) -> None:
    attributes = stream.register.inner.read(approval_key(STREAM, 2, "bob"))
    assert attributes
    changed = {**attributes, "digest": "d" * 64}
    overwrite_item(stream.register.inner, approval_key(STREAM, 2, "bob"), **changed)


def _reject(stream: OnRegister, planned: Published) -> None:
    stream.reject(planned, "cyd")


def _hold(stream: OnRegister, _: Published) -> None:
    stream.hold("cyd")


@pytest.mark.parametrize(
    ("act", "rule"),
    [
        (_ask_for_two, "approvals"),
        (_other_bytes, "generation-digest"),
        (_reject, "rejected"),
        (_hold, "held"),
    ],
)
def test_s10_the_register_refuses_a_claim_that_a_decision_came_before(
    act: Callable[[OnRegister, Published], None], rule: str, stream: OnRegister
) -> None:
    planned = stream.planned()
    stream.approve(planned)
    stream.faults.next("write", "pointer", after(lambda: act(stream, planned)))
    with pytest.raises(Refused) as caught:
        stream.enact(planned)
    assert caught.value.rule == rule
    assert stream.pointer
    assert stream.pointer.desired_generation == 1
    assert (stream.live(), "claimed" in stream.kinds()[4:]) == ([START, START], False)


# Rejections


def test_a_rejection_is_final_for_its_generation(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.approve(planned)
    stream.reject(planned)
    assert stream.refusal(planned).rule == "rejected"
    for act in (stream.approve, stream.reject):
        with pytest.raises(Refused) as caught:
            act(planned, "cyd")
        assert caught.value.rule == "rejected"
    again = stream.publish()
    assert (again.plan.generation, again.plan.waves) == (3, planned.plan.waves)
    stream.approve(again)
    assert stream.enact(again).outcome == "applied"


def test_a_plan_that_is_claimed_is_not_rejected_any_more(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.approve(planned)
    stream.die_before_step(planned)
    kinds = stream.kinds()
    with pytest.raises(Refused) as caught:
        stream.reject(planned)
    assert caught.value.rule == "claimed"
    assert "planfence hold" in (caught.value.remedy or "")
    assert "planfence override" in (caught.value.remedy or "")
    assert (read_rejection(stream.register, STREAM, 2), stream.kinds()) == (None, kinds)
    assert stream.enact(planned).outcome == "applied"


def test_a_claim_that_lands_first_refuses_the_rejection_in_the_store(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.approve(planned)
    stream.faults.next("write", "reject#", after(lambda: stream.enact(planned)))
    with pytest.raises(Refused) as caught:
        stream.reject(planned)
    assert caught.value.rule == "claimed"
    assert read_rejection(stream.register, STREAM, 2) is None
    assert stream.live() == [CHANGED, CHANGED]


def test_of_two_rejections_the_first_stands(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.faults.next("write", "reject#", after(lambda: stream.reject(planned, "cyd", "mine")))
    with pytest.raises(Refused, match="rejected before by cyd: mine"):
        stream.reject(planned)


def test_a_rejection_comes_too_late_for_what_a_newer_claim_has_passed(stream: OnRegister) -> None:
    planned = stream.planned()
    newer = stream.publish(A_THIRD)
    stream.approve(newer)
    stream.faults.next("write", "reject#", after(lambda: stream.enact(newer)))
    with pytest.raises(Superseded):
        stream.reject(planned)
    assert read_rejection(stream.register, STREAM, 2) is None


# In an emergency


def test_one_approval_is_enough_where_the_glass_is_broken(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.set(approvals=3)
    stream.approve(planned, "ada", "nobody is awake")  # who made it, too
    assert stream.enact(planned).outcome == "applied"
    told = [entry for entry in read_entries(stream.register, STREAM) if entry.kind == "break-glass"]
    assert [(each.by, each.generation, each.details) for each in told] == [
        ("ada", 2, {"reason": "nobody is awake"})
    ]


def test_broken_glass_lets_nothing_but_these_bytes_through(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.approve(planned, "ada", "nobody is awake")
    forged = stream.forge(planned.plan, reason="other bytes")
    assert stream.refusal(forged).rule == "generation-digest"
    assert stream.refusal(stream.publish(A_THIRD)).rule == "approvals"
    rejected = stream.publish({**START, **a("new")})
    stream.reject(rejected)
    with pytest.raises(Refused, match="rejected"):
        stream.approve(rejected, "ada", "nobody is awake")


# Holds


def test_a_hold_with_an_end_stops_claims_until_then_and_says_so(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.approve(planned)
    stream.hold("cyd", "migration", timedelta(hours=2))
    for refused in (stream.refusal(planned), _refusal(stream.hold)):
        assert refused.rule == "held"
        assert "by cyd until 2026-01-01T02:00:00Z: migration" in refused.what
    under = stream.publish(A_THIRD)
    assert stream.refusal(under).rule == "held"
    stream.clock.sleep(2 * 3600)
    assert read_hold(stream.register, STREAM, stream.clock.now()) is None
    stream.approve(under)
    assert stream.refusal(under).rule == "observed-under-hold", "for good"
    assert stream.plan().outcome == "published"
    assert stream.enact(planned).outcome == "applied", "it was made before the hold"
    kinds = stream.kinds()
    stream.release()
    assert stream.kinds() == kinds, "nothing is left to release"
    stream.hold("dan")
    assert _refusal(stream.hold).what.endswith("held already by dan: incident")


def test_a_hold_that_has_ended_no_longer_stands_in_the_condition_of_a_claim(
    stream: OnRegister,
) -> None:
    planned = stream.planned()
    stream.approve(planned)
    stream.hold(lasting=timedelta(minutes=30))
    kept = stream.register.inner.read(hold_key(STREAM))
    stream.clock.sleep(30 * 60 - 1)
    assert stream.refusal(planned).rule == "held"
    stream.clock.sleep(1)
    assert stream.enact(planned).outcome == "applied"
    assert stream.register.inner.read(hold_key(STREAM)) == kept, "it is not what was written over"


def _refusal(act: Callable[[], object]) -> PlanfenceError:
    with pytest.raises(PlanfenceError) as caught:
        act()
    return caught.value


# Overrides


def test_s9_f11_an_override_stands_until_a_person_releases_it(stream: OnRegister) -> None:
    planned = stream.planned()
    override = stream.publish(A_THIRD, origin="override", mode="converge", by="oda")
    stream.approve(override)
    stream.hold()
    assert stream.enact(override).outcome == "applied"
    stream.desired.records = dict(CHANGED)
    with pytest.raises(Breached) as refused:
        stream.plan()
    assert refused.value.rule == "undoes-override"
    assert "planfence release" in (refused.value.remedy or "")
    with pytest.raises(Superseded):
        stream.enact(planned)
    assert stream.live() == [A_THIRD, A_THIRD]
    stream.release(standing=3)
    again = stream.publish(CHANGED)
    stream.approve(again)
    assert stream.enact(again).outcome == "applied"
    assert read_approvals(stream.register, STREAM, 3), "nothing that was decided is lost"


@pytest.mark.parametrize("origin", ["override", "rollback"])
def test_f11_a_paused_enactor_does_not_undo_what_was_forced_back(
    origin: str, stream: OnRegister
) -> None:
    paused = stream.planned()
    stream.approve(paused)

    def forced_back() -> None:
        back = stream.publish(START, origin=origin, mode="converge", by="oda")
        assert back.plan.generation == 3
        stream.approve(back)
        assert stream.enact(back).outcome == "applied"

    stream.faults.next("apply", "g=2 s=1", after(forced_back))
    assert stream.enact(paused).outcome == "superseded"
    assert stream.live() == [START, START]
    assert stream.pointer
    assert (stream.pointer.desired_generation, stream.pointer.applied_generation) == (3, 3)


def test_f11_a_huge_generation_stops_nobody_below_it(stream: OnRegister) -> None:
    planned = stream.planned()
    huge = 10**11
    forged = stream.forge(planned.plan, generation=huge)
    body = encode(planned.plan)
    stream.archive.inner.create(f"{plan_key(STREAM, 1)[:-17]}{2**53}.json", body)
    desired = planned.plan.attachments[0].digest
    stored = stream.archive.inner.read(blob_key(STREAM, 2, desired))
    assert stored
    stream.archive.inner.create(blob_key(STREAM, huge, desired), stored.body)
    stream.approve(forged)
    assert stream.refusal(forged).rule == "jump-max"
    override = stream.plan(origin="override", mode="converge")
    assert (override.generation, len(override.notes)) == (3, 2)
    assert override.published
    stream.approve(override.published)
    assert stream.enact(override.published).outcome == "applied"
