"""Pruning on every pair of stores: what must never go, by name.

S14 and S11 of ``facts/design-schedules.md``, F6 of ``facts/failure-modes.md``. S14 is shown with
versions that lack the protection, too, which show the symptom.
"""

from __future__ import annotations

import pytest

import plans.journal
import plans.marks
import plans.mirror
from plans.errors import Refused
from plans.marks import pin, unpin
from plans.names import pin_key, plan_key
from plans.pruning import prune
from plans.storage.register import All
from tests.builders import STREAM, T1, T2, Stream
from tests.contracts.conftest import Stores
from tests.doubles.faults import after, unavailable
from tests.pruned import (
    AT_ONCE,
    blob_of,
    deeds,
    desired,
    everything,
    grow_old,
    history,
    is_buried,
    janitor,
    on_stores,
    pin_of,
    pin_plan,
    plan_is_buried,
    pruned,
    state_of,
    surveyed,
)


@pytest.fixture
def stream(stores: Stores) -> Stream:
    return on_stores(*stores, **AT_ONCE)


@pytest.fixture
def two_targets(stores: Stores) -> Stream:
    return on_stores(*stores, T1, T2, **AT_ONCE)


# The way it goes


def test_what_nothing_reaches_is_marked_and_then_buried_with_its_attachments(
    stream: Stream,
) -> None:
    made = history(stream, 4)
    before = everything(stream)
    assert deeds(pruned(stream)) == [
        *((1, "mark", "unreachable"), (2, "mark", "unreachable"), (3, "mark", "unreachable")),
        (4, "keep", "head"),
        *((1, "bury", "unreachable"), (2, "bury", "unreachable"), (3, "bury", "unreachable")),
    ]
    for published in made[:3]:
        assert plan_is_buried(stream, published.plan.generation)
        assert is_buried(stream, blob_of(published))
    left = everything(stream)
    assert left.keys() == before.keys()
    kept = plan_key(STREAM, 4), blob_of(made[3])
    assert {key: left[key] for key in kept} == {key: before[key] for key in kept}


def test_a_second_pass_finds_nothing_to_do(stream: Stream) -> None:
    history(stream, 3)
    pruned(stream)
    left = everything(stream)
    assert deeds(pruned(stream)) == [
        (1, "pruned", "pruned"),
        (2, "pruned", "pruned"),
        (3, "keep", "head"),
    ]
    assert everything(stream) == left


def test_a_grace_lies_between_the_mark_and_the_burial(stream: Stream) -> None:
    stream.set(prune_grace_hours=24)
    history(stream, 2)
    assert deeds(pruned(stream)) == [(1, "mark", "unreachable"), (2, "keep", "head")]
    stream.clock.sleep(24 * 3600 - 1)
    assert deeds(pruned(stream))[-1] == (1, "wait", "grace")
    assert not plan_is_buried(stream, 1)
    stream.clock.sleep(1)
    assert deeds(pruned(stream))[-1] == (1, "bury", "unreachable")


def test_looking_writes_nothing_and_says_what_a_pass_would_do(stream: Stream) -> None:
    history(stream, 3)
    stream.faults.calls.clear()
    assert deeds(surveyed(stream)) == [
        (1, "mark", "unreachable"),
        (2, "mark", "unreachable"),
        (3, "keep", "head"),
    ]
    assert {call.split()[0] for call in stream.faults.calls} <= {"read", "scan", "get", "list"}


# S14: a mark and a pin exclude each other


def test_s14_a_plan_that_is_pinned_after_the_janitor_chose_it_is_not_marked(
    stream: Stream,
) -> None:
    made = history(stream, 3)
    # J has read everything and chosen g1 and g2; a person pins g1; J writes.
    stream.faults.next("write", "prune#", after(lambda: pin_plan(stream, made[0])))
    told = pruned(stream)
    assert deeds(told)[:2] == [(1, "keep", "raced"), (2, "mark", "unreachable")]
    assert not plan_is_buried(stream, 1)
    assert (state_of(stream, 1), state_of(stream, 2)) == (None, "pruned")
    assert deeds(surveyed(stream))[0] == (1, "keep", "pinned")


def test_s14_without_the_check_on_the_pin_a_plan_is_pinned_and_marked(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = history(stream, 3)
    monkeypatch.setattr(plans.marks, "unpinned", lambda: All(()))
    stream.faults.next("write", "prune#", after(lambda: pin_plan(stream, made[0])))
    marked = next(prune(janitor(stream)))
    assert (marked.generation, marked.deed) == (1, "mark")
    assert state_of(stream, 1) == "marked"
    assert stream.register.inner.read(pin_key(STREAM, 1)) is not None


@pytest.mark.parametrize("state", ["marked", "pruned"])
def test_s14_a_plan_that_is_marked_cannot_be_pinned(stream: Stream, state: str) -> None:
    stream.set(prune_grace_hours=24 if state == "marked" else 0)
    made = history(stream, 2)
    wanted = pin_of(stream, made[0])
    # The person has looked, and found no mark; J marks; the pin is written.
    stream.faults.next("write", "pin#", after(lambda: pruned(stream)))
    with pytest.raises(Refused) as raised:
        pin(stream.register, STREAM, 1, wanted)
    assert raised.value.rule == ("marked" if state == "marked" else "plan-pruned")
    assert state_of(stream, 1) == state
    assert stream.register.inner.read(pin_key(STREAM, 1)) is None


def test_s14_without_the_check_on_the_mark_a_plan_is_pinned_and_buried(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = history(stream, 2)
    monkeypatch.setattr(plans.marks, "unmarked", lambda: All(()))
    stream.faults.next("write", "pin#", after(lambda: pruned(stream)))
    pin(stream.register, STREAM, 1, pin_of(stream, made[0]))
    assert plan_is_buried(stream, 1)
    assert stream.register.inner.read(pin_key(STREAM, 1)) is not None


def test_a_pinned_plan_is_kept_until_it_is_unpinned(stream: Stream) -> None:
    made = history(stream, 3)
    pin_plan(stream, made[0])
    assert deeds(pruned(stream))[0] == (1, "keep", "pinned")
    found = plans.marks.as_pin(stream.register.inner.read(pin_key(STREAM, 1)), STREAM, 1)
    assert found is not None
    ended = found.model_copy(update={"state": "unpinned", "attempt": stream.new_id()})
    unpin(stream.register, STREAM, 1, found, ended)
    assert deeds(pruned(stream))[-1] == (1, "bury", "unreachable")


def test_a_mark_that_does_not_hold_any_more_is_withdrawn_and_its_plan_can_be_pinned(
    stream: Stream,
) -> None:
    stream.set(prune_grace_hours=24)
    made = history(stream, 2)
    pruned(stream)
    stream.set(retain_days=3650)
    grow_old(stream, days=2)
    assert deeds(pruned(stream))[-1] == (1, "withdraw", "retain-days")
    assert state_of(stream, 1) == "withdrawn"
    pin_plan(stream, made[0])
    stream.set(retain_days=1)
    assert deeds(pruned(stream)) == [(1, "keep", "pinned"), (2, "keep", "head")]


# F6: a partial apply, and keep-N


def test_f6_what_a_target_that_fails_still_serves_is_kept(two_targets: Stream) -> None:
    stream = two_targets
    stream.applied(desired(1))
    for number in (2, 3):  # t2 fails g2 and g3
        published = stream.publish(desired(number))
        stream.faults.next("apply", T2, unavailable)
        assert stream.enact(published).outcome == "partial"
    grow_old(stream)
    [first, *others] = surveyed(stream)
    assert (first.deed, first.rule) == ("keep", "applied")
    assert {told.deed for told in others} == {"keep"}
    # Even where the pointer says more than the targets do, the fence of t2 keeps g1.
    stream.point(applied_generation=3, applied_digest=published.digest)
    assert deeds(surveyed(stream)) == [
        (1, "keep", "fence"),
        (2, "keep", "fence"),
        (3, "keep", "head"),
    ]
    told = {each.generation: each.why for each in pruned(stream)}
    assert told[1] == f"on the fence of {T2}"
    assert told[2] == f"above the fence of {T2}, which was read at 1"
    assert not any(plan_is_buried(stream, generation) for generation in (1, 2, 3))


def test_f6_with_a_mirror_that_lags_what_the_target_serves_is_kept(two_targets: Stream) -> None:
    stream = two_targets
    stream.applied(desired(1))
    # E applies g2 to t1 and dies before its mirror; g3 is claimed, and no target answers it.
    second = stream.publish(desired(2))
    stream.die_before_step(second, T2)
    third = stream.publish(desired(3))
    for target in (T1, T2):
        stream.faults.next("fence", target, unavailable)
    assert stream.enact(third).outcome == "unavailable"
    stream.point(applied_generation=3, applied_digest=third.digest)
    grow_old(stream)
    assert stream.steps(T1)[-1][0] == 2
    mirrors = plans.mirror.read_mirrors(stream.register, STREAM)
    assert {target: mirror.generation for target, mirror in mirrors.items()} == {T1: 1, T2: 1}
    # The rule "neither head nor pointer nor on a mirror" would let go what t1 serves: g2.
    assert deeds(pruned(stream)) == [
        (1, "keep", "fence"),
        (2, "keep", "fence"),
        (3, "keep", "head"),
    ]
    assert not plan_is_buried(stream, 2)


def test_s11_a_target_whose_mirror_is_missing_keeps_everything(two_targets: Stream) -> None:
    stream = two_targets
    history(stream, 3)
    stream.set(targets=(T1, T2, "memory:t3"))
    assert [told.rule for told in surveyed(stream)] == ["fence", "fence", "head"]
