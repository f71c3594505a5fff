"""A claim stands only on all it was decided on; each part alone makes the store refuse."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plans.claim import Claimed, claim, complete
from plans.errors import Conflict, Superseded, Unavailable
from plans.fence import Fence
from plans.journal import Draft, read_end, read_entries, verify
from plans.mirror import mirror_at_completion, raise_mirror, read_mirrors
from plans.names import approval_key, hold_key, pointer_key
from plans.published import Published
from plans.settings import change_settings
from tests.builders import (
    CHANGED,
    LINEAGE,
    OTHER_LINEAGE,
    START,
    STREAM,
    T1,
    T2,
    Stream,
    a,
    forget,
    overwrite_item,
)
from tests.doubles.faults import after, lost_after, lost_before, unavailable


def draft(stream: Stream, published: Published, kind: str = "claimed") -> Draft:
    assert kind in {"claimed", "applied"}
    return Draft(
        "claimed" if kind == "claimed" else "applied",
        stream.clock.now(),
        "eve",
        stream.new_id(),
        published.plan.generation,
        published.digest,
    )


def claimed(stream: Stream, published: Published) -> Claimed:
    grounds = stream.grounds(published.plan.generation)
    return claim(stream.register, published, grounds, draft(stream, published))


def kinds(stream: Stream) -> list[str]:
    verify(stream.register, STREAM)
    return [entry.kind for entry in read_entries(stream.register, STREAM)]


def renewed(stream: Stream, published: Published) -> None:
    stream.approve(published, "bob")


def approved_as_other_bytes(stream: Stream, published: Published) -> None:
    approval = stream.grounds(published.plan.generation).approvals[-1]
    key = approval_key(STREAM, published.plan.generation, approval.approver)
    attributes = dict(stream.register.read(key) or {})
    overwrite_item(stream.register, key, **{**attributes, "digest": "0" * 64})


def approved_in_another_lineage(stream: Stream, published: Published) -> None:
    approval = stream.grounds(published.plan.generation).approvals[-1]
    key = approval_key(STREAM, published.plan.generation, approval.approver)
    attributes = dict(stream.register.read(key) or {})
    overwrite_item(stream.register, key, **{**attributes, "lineage": OTHER_LINEAGE})


def settings_changed(stream: Stream, _: Published) -> None:
    change_settings(
        stream.register,
        stream.settings,
        stream.settings,
        by="admin",
        clock=stream.clock,
        attempt=stream.new_id(),
    )


CHANGES: dict[str, Callable[[Stream, Published], object]] = {
    "the lineage": lambda stream, _: stream.point(lineage=OTHER_LINEAGE),
    "the generation": lambda stream, _: stream.point(desired_generation=2),
    "a newer generation": lambda stream, _: stream.point(desired_generation=3),
    "what is desired": lambda stream, _: stream.point(desired_digest="0" * 64),
    "what is applied": lambda stream, _: stream.point(applied_digest="0" * 64),
    "the settings": settings_changed,
    "a rejection": Stream.reject,
    "a hold": lambda stream, _: stream.hold(),
    "a renewed approval": renewed,
    "an approval of other bytes": approved_as_other_bytes,
    "an approval of another lineage": approved_in_another_lineage,
}


def second_plan(stream: Stream) -> Published:
    """Plan 2 on an applied plan 1, approved by two."""
    stream.applied(CHANGED)
    published = stream.publish(START)
    stream.approve(published, "bob")
    stream.approve(published, "cyd")
    return published


def test_a_claim_moves_the_pointer_and_is_journaled() -> None:
    stream = Stream()
    published = second_plan(stream)
    before = stream.pointer
    claimed(stream, published)
    after_it = stream.pointer
    assert before
    assert after_it
    assert after_it.desired.digest == published.digest
    assert after_it.applied == before.applied
    assert kinds(stream)[-1] == "claimed"


@pytest.mark.parametrize("case", CHANGES)
def test_a_claim_is_refused_by_the_store_if_one_thing_changed_after_it_was_decided(
    case: str,
) -> None:
    stream = Stream()
    published = second_plan(stream)
    grounds = stream.grounds(2)
    CHANGES[case](stream, published)
    pointer, count = stream.pointer, len(kinds(stream))
    with pytest.raises(Conflict, match="was decided on has changed") as caught:
        claim(stream.register, published, grounds, draft(stream, published))
    assert caught.value.rule == "claim-raced"
    assert stream.pointer == pointer
    assert len(kinds(stream)) == count


@pytest.mark.parametrize("approver", ["bob", "cyd"])
def test_each_approval_counted_must_still_stand(approver: str) -> None:
    stream = Stream()
    published = second_plan(stream)
    grounds = stream.grounds(2)
    stream.approve(published, approver)
    with pytest.raises(Conflict):
        claim(stream.register, published, grounds, draft(stream, published))


def test_a_hold_that_was_released_stops_no_claim_and_an_override_passes_any() -> None:
    stream = Stream()
    published = second_plan(stream)
    overwrite_item(stream.register, hold_key(STREAM), state="released")
    claimed(stream, published)

    emergency = Stream()
    override = emergency.publish(CHANGED, origin="override")
    emergency.hold()
    claimed(emergency, override)
    assert emergency.pointer
    assert emergency.pointer.desired_generation == 1


def test_of_two_first_plans_without_a_base_only_one_is_ever_claimed() -> None:
    stream = Stream()
    first = stream.publish(CHANGED)
    second = stream.publish(dict(START) | a("other"))
    grounds = stream.grounds(2)
    claimed(stream, first)
    assert second.plan.base.desired is None
    with pytest.raises(Conflict):
        claim(stream.register, second, grounds, draft(stream, second))
    with pytest.raises(Conflict):
        claimed(stream, second)


def test_a_plan_is_claimed_again_to_resume_it() -> None:
    stream = Stream()
    published = second_plan(stream)
    claimed(stream, published)
    stream.clock.sleep(3600)
    claimed(stream, published)
    assert kinds(stream)[-2:] == ["claimed", "claimed"]


@pytest.mark.parametrize("fault", [lost_before, lost_after])
def test_a_lost_answer_to_a_claim_is_decided_by_the_journal(fault: Callable[..., None]) -> None:
    stream = Stream()
    published = second_plan(stream)
    stream.faults.next("write", "pointer", fault)
    claimed(stream, published)
    assert kinds(stream).count("claimed") == 2
    assert stream.pointer
    assert stream.pointer.desired_generation == 2


# Completion


def completed(stream: Stream, published: Published) -> None:
    """Complete as an enactor does whose own claim is the newest that it knows of."""
    pointer = stream.pointer
    assert pointer
    made = Claimed(pointer, read_end(stream.register, STREAM))
    complete(stream.register, published, made, draft(stream, published, "applied"))


def test_completion_records_what_is_applied_under_its_own_attempt() -> None:
    stream = Stream()
    published = second_plan(stream)
    claimed(stream, published)
    completed(stream, published)
    assert stream.pointer
    assert stream.pointer.applied == stream.pointer.desired
    assert kinds(stream)[-1] == "applied"
    completed(stream, published)
    assert kinds(stream)[-2:] == ["claimed", "applied"]


def test_completion_is_superseded_by_a_newer_claim_before_or_during_it() -> None:
    stream = Stream()
    published = second_plan(stream)
    claimed(stream, published)
    newer = {"desired_generation": 3, "desired_digest": "0" * 64}
    stream.faults.next("write", "pointer", after(lambda: stream.point(**newer)))
    with pytest.raises(Superseded) as caught:
        completed(stream, published)
    assert (caught.value.rule, caught.value.exit_code) == ("superseded", 4)
    assert stream.pointer
    assert stream.pointer.applied_generation == 1


def test_a_pointer_that_is_gone_is_not_made_anew_by_a_completion() -> None:
    stream = Stream()
    published = second_plan(stream)
    made = claimed(stream, published)
    forget(stream.register, pointer_key(STREAM))
    with pytest.raises(Superseded, match="found no pointer"):
        complete(stream.register, published, made, draft(stream, published, "applied"))
    assert stream.pointer is None


def test_a_completion_needs_no_read_where_nobody_came_between() -> None:
    stream = Stream()
    published = second_plan(stream)
    made = claimed(stream, published)
    stream.faults.calls.clear()
    complete(stream.register, published, made, draft(stream, published, "applied"))
    assert [call.split()[0] for call in stream.faults.calls] == ["write"]


def test_a_mirror_that_leads_keeps_no_plan_from_being_recorded_as_applied() -> None:
    stream = Stream()
    published = second_plan(stream)
    made = claimed(stream, published)
    leading = Fence(9, 1, True, "d" * 64, LINEAGE, "e" * 32)
    raise_mirror(stream.register, STREAM, T1, None, leading, retired=False, attempt="e" * 32)
    fence = Fence(2, 1, True, published.digest, LINEAGE, "f" * 32)
    mirrors = (
        mirror_at_completion(STREAM, T1, fence, retired=False, attempt="f" * 32),
        mirror_at_completion(STREAM, T2, fence, retired=True, attempt="f" * 32),
    )
    complete(stream.register, published, made, draft(stream, published, "applied"), mirrors)
    assert stream.pointer
    assert stream.pointer.applied == stream.pointer.desired
    found = read_mirrors(stream.register, STREAM)
    assert (found[T1].generation, found[T2].generation, found[T2].retired) == (9, 2, True)


def test_completion_by_another_enactor_is_as_good_as_ones_own() -> None:
    stream = Stream()
    published = second_plan(stream)
    claimed(stream, published)
    stream.faults.next("write", "pointer", after(lambda: completed(stream, published)))
    completed(stream, published)
    assert kinds(stream).count("applied") == 2


def test_a_hold_stops_no_completion() -> None:
    stream = Stream()
    published = second_plan(stream)
    claimed(stream, published)
    stream.hold()
    completed(stream, published)
    assert stream.pointer
    assert stream.pointer.applied_generation == 2


def test_a_completion_that_is_never_let_through_ends() -> None:
    stream = Stream()
    published = second_plan(stream)
    claimed(stream, published)
    pointer = stream.pointer
    assert pointer
    for _ in range(20):
        stream.faults.next("write", "pointer", after(lambda: stream.point(applied_generation=9)))
        stream.faults.next(
            "read", "pointer", after(lambda: stream.point(**pointer.model_dump(mode="json")))
        )
    with pytest.raises(Conflict) as caught:
        completed(stream, published)
    assert caught.value.rule == "claim-raced"


def test_a_completion_without_a_register_changes_nothing() -> None:
    stream = Stream()
    published = second_plan(stream)
    claimed(stream, published)
    stream.faults.next("write", "pointer", unavailable)
    with pytest.raises(Unavailable):
        completed(stream, published)
    assert stream.pointer
    assert stream.pointer.applied_generation == 1
