"""Pruning in memory: what it is refused, what it leaves alone, and how much it takes."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest

import plans.journal
import plans.marks
from plans.errors import Conflict, Failed, Refused
from plans.marks import MARKS_MAX, folded, pin
from plans.names import (
    journal_last_key,
    pin_key,
    plan_key,
    pointer_key,
    prune_key,
)
from plans.pruning import prune, survey
from plans.storage import archive
from tests.builders import (
    OTHER_LINEAGE,
    STREAM,
    T1,
    Stream,
    forget,
    overwrite_item,
    overwrite_object,
)
from tests.doubles.faults import (
    after,
    answering,
    raising,
)
from tests.pruned import (
    AT_ONCE,
    blob_of,
    deeds,
    desired,
    grow_old,
    history,
    is_buried,
    janitor,
    journaled,
    late_blob,
    mark_of,
    pin_of,
    pin_plan,
    plan_is_buried,
    pruned,
    state_of,
    surveyed,
)


@pytest.fixture
def stream() -> Stream:
    return Stream(T1, **AT_ONCE)


# What it is refused


def scenario_of_changed_settings(stream: Stream) -> None:
    stream.set(retain_days=3650)


def scenario_of_a_lost_pointer(stream: Stream) -> None:
    forget(stream.register, pointer_key(STREAM))


@pytest.mark.parametrize("change", [scenario_of_changed_settings, scenario_of_a_lost_pointer])
def test_what_changes_before_the_mark_is_written_ends_the_pass(
    stream: Stream, change: Callable[[Stream], None]
) -> None:
    history(stream, 3)
    stream.faults.next("write", "prune#", after(lambda: change(stream)))
    with pytest.raises(Conflict) as raised:
        pruned(stream)
    assert raised.value.rule == "prune-raced"
    assert [state_of(stream, generation) for generation in (1, 2, 3)] == [None] * 3


def test_a_pointer_that_rises_meanwhile_is_no_obstacle(stream: Stream) -> None:
    history(stream, 3)
    stream.faults.next("write", "prune#", after(lambda: stream.applied(desired(9))))
    pruned(stream)
    assert [state_of(stream, generation) for generation in (1, 2)] == ["pruned", "pruned"]


def test_a_head_that_cannot_be_read_stops_it_for_nobody_knows_what_stands(stream: Stream) -> None:
    history(stream, 3)
    overwrite_object(stream.archive, plan_key(STREAM, 3), b"corrupt")
    with pytest.raises(Refused):
        surveyed(stream)
    stream.publish(desired(9), "parent-unreadable")
    assert [told.deed for told in surveyed(stream)] == ["mark", "mark", "keep", "keep"]


def test_a_pin_that_cannot_be_read_stops_it(stream: Stream) -> None:
    history(stream, 3)
    overwrite_item(stream.register.inner, pin_key(STREAM, 1), state="kept")
    with pytest.raises(Refused, match="document-invalid"):
        pruned(stream)


def test_a_mark_that_cannot_be_read_stops_it(stream: Stream) -> None:
    history(stream, 3)
    overwrite_item(stream.register.inner, prune_key(STREAM, 1), state="gone")
    with pytest.raises(Refused, match="document-invalid"):
        pruned(stream)


def test_a_journal_whose_end_cannot_be_read_stops_it(stream: Stream) -> None:
    history(stream, 3)
    overwrite_item(stream.register.inner, journal_last_key(STREAM), sequence="many")
    with pytest.raises(Failed, match="journal-corrupt"):
        surveyed(stream)


def test_a_stream_that_has_applied_nothing_keeps_everything(stream: Stream) -> None:
    stream.publish(desired(1))
    assert deeds(pruned(stream)) == [(1, "keep", "head")]
    stream.publish(desired(2))
    grow_old(stream)
    assert deeds(pruned(stream)) == [(1, "keep", "not-passed"), (2, "keep", "head")]


def test_a_pin_is_refused_where_one_stands_and_taken_back_only_as_it_was_seen(
    stream: Stream,
) -> None:
    made = history(stream, 2)
    assert plans.marks.as_pin(None, STREAM, 1) is None
    pin_plan(stream, made[0], by="ana")
    with pytest.raises(Refused, match="pinned already by ana: evidence") as raised:
        pin(stream.register, STREAM, 1, pin_of(stream, made[0], by="bob"))
    assert raised.value.rule == "pinned"
    stale = pin_of(stream, made[0])
    with pytest.raises(Conflict, match="pin-changed"):
        plans.marks.unpin(stream.register, STREAM, 1, stale, stale)
    assert deeds(surveyed(stream))[0] == (1, "keep", "pinned")


# What it leaves alone


@pytest.mark.parametrize("body", [b"", b"corrupt", b'{"schema":"planfence/tombstone/v1"}\n'])
def test_what_cannot_be_read_as_a_plan_is_kept_and_reported(stream: Stream, body: bytes) -> None:
    history(stream, 3)
    overwrite_object(stream.archive, plan_key(STREAM, 1), body)
    [first, *_] = pruned(stream)
    assert (first.deed, first.rule) == ("keep", "unreadable")
    assert "[document-invalid]" in first.why
    stored = stream.archive.inner.read(plan_key(STREAM, 1))
    assert stored is not None
    assert stored.body == body


def test_what_is_too_large_to_be_a_plan_is_kept_and_reported(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(stream, 3)
    overwrite_object(stream.archive, plan_key(STREAM, 1), b"x" * 100_000)
    monkeypatch.setattr(archive, "OBJECT_BYTES_MAX", 50_000)
    assert deeds(pruned(stream))[0] == (1, "keep", "unreadable")


def test_a_plan_of_another_lineage_is_kept_and_reported(stream: Stream) -> None:
    made = history(stream, 3)
    stream.forge(made[0].plan, lineage=OTHER_LINEAGE)
    [first, *_] = surveyed(stream)
    assert (first.rule, first.why) == ("unreadable", "not readable as a plan [foreign-lineage]")


def test_an_archive_that_denies_reading_stops_the_pass(stream: Stream) -> None:
    history(stream, 3)
    denied = Refused("no", rule="access-denied", remedy="ask")
    stream.faults.next("get", plan_key(STREAM, 1), raising(denied))
    with pytest.raises(Refused, match="access-denied"):
        surveyed(stream)


def test_a_tombstone_that_nobody_marked_is_left_as_it_is(stream: Stream) -> None:
    history(stream, 3)
    pruned(stream)
    forget(stream.register, prune_key(STREAM, 1))
    assert deeds(pruned(stream))[0] == (1, "pruned", "pruned")
    assert mark_of(stream, 1) is None


def test_other_bytes_than_were_marked_are_kept_and_the_mark_is_withdrawn(stream: Stream) -> None:
    stream.set(prune_grace_hours=24)
    made = history(stream, 3)
    pruned(stream)
    grow_old(stream, days=2)
    stream.forge(made[0].plan, created_by="somebody")
    assert deeds(pruned(stream))[-2:] == [(1, "withdraw", "digest"), (2, "bury", "unreachable")]
    assert (state_of(stream, 1), state_of(stream, 2)) == ("withdrawn", "pruned")
    assert not plan_is_buried(stream, 1)
    [told] = journaled(stream, "withdrawn")
    assert told == {"generations": "1", "count": "1"}


def test_a_plan_that_was_lost_meanwhile_has_its_mark_withdrawn(stream: Stream) -> None:
    stream.set(prune_grace_hours=24)
    history(stream, 3)
    pruned(stream)
    grow_old(stream, days=2)
    stream.faults.next("get", plan_key(STREAM, 1), answering(None))
    stream.faults.next("get", plan_key(STREAM, 1), answering(None))
    told = pruned(stream)
    assert (1, "withdraw", "plan-missing") in deeds(told)
    assert state_of(stream, 1) == "withdrawn"


def test_attachments_of_a_number_that_no_plan_has_are_left_for_who_is_slow(stream: Stream) -> None:
    history(stream, 2)
    key = late_blob(stream, 7)
    stray = f"streams/{STREAM}/blobs/!notes/readme"
    stream.archive.inner.create(stray, b"a stranger's")
    pruned(stream)
    assert not is_buried(stream, key)
    assert not is_buried(stream, stray)


def test_keys_that_are_no_plans_are_nobodys(stream: Stream) -> None:
    history(stream, 2)
    stream.archive.inner.create(f"streams/{STREAM}/plans/notes.txt", b"")
    stream.archive.inner.create(f"streams/{STREAM}/plans/plans/000000000001.json", b"")
    assert [told.generation for told in surveyed(stream)] == [1, 2]


# Attachments that no plan names


def test_what_a_loser_left_beside_a_plan_that_is_kept_goes_by_the_plans_age(
    stream: Stream,
) -> None:
    made = [stream.applied(desired(number)) for number in range(2)]
    orphan = late_blob(stream, 2)
    assert [told.attachments for told in pruned(stream)] == [0, 0]
    assert not is_buried(stream, orphan)
    grow_old(stream)
    [*_, head] = surveyed(stream)
    assert (head.generation, head.deed, head.attachments) == (2, "keep", 1)
    pruned(stream)
    assert is_buried(stream, orphan)
    assert not is_buried(stream, blob_of(made[1]))
    told = journaled(stream, "pruned")[0]
    assert told == {"generations": "2", "orphans": "1"}
    assert surveyed(stream)[-1].attachments == 0


def test_an_attachment_beside_a_plan_that_cannot_be_read_is_kept(stream: Stream) -> None:
    history(stream, 3)
    late_blob(stream, 1)
    pin_of_one = stream.archive.inner.read(plan_key(STREAM, 1))
    assert pin_of_one is not None
    overwrite_object(stream.archive, plan_key(STREAM, 1), b"corrupt")
    stream.set(retain_count=100)
    [first, *_] = pruned(stream)
    assert (first.deed, first.rule, first.attachments) == ("keep", "retain-count", 0)


def test_a_late_attachment_that_is_gone_again_is_no_obstacle(stream: Stream) -> None:
    history(stream, 2)
    pruned(stream)
    late_blob(stream, 1)
    stream.faults.next("get", "blobs/000000000001", answering(None), times=2)
    assert [told.attachments for told in surveyed(stream)] == [0, 0]


# Many


def test_one_transaction_marks_no_more_than_a_store_takes(stream: Stream) -> None:
    history(stream, 2 * MARKS_MAX + 3)
    pruned(stream)
    counts = [int(each["count"]) for each in journaled(stream, "marked")]
    assert counts == [MARKS_MAX, MARKS_MAX, 2]
    writes = [call for call in stream.faults.calls if call.startswith("write") and "prune#" in call]
    assert max(len(call.split()) - 1 for call in writes) <= 100
    told = [each["generations"] for each in journaled(stream, "pruned")]
    assert told == ["1-48", "49-96", "97-98"]


def test_a_plan_that_goes_costs_five_requests_of_the_archive_and_one_that_is_reached_none() -> None:
    def calls(count: int, kept: int) -> Counter[str]:
        stream = Stream(T1, **{**AT_ONCE, "retain_count": kept})
        history(stream, count)
        stream.faults.calls.clear()
        pruned(stream)
        return Counter(call.split()[0] for call in stream.faults.calls)

    more = calls(15, 1) - calls(5, 1)
    assert (more["get"], more["bury"], more["list"]) == (30, 20, 0)
    assert more.total() == 50
    assert not calls(15, 15) - calls(5, 15) - Counter(scan=2)


def test_what_is_told_ascends_in_each_part_and_is_told_when_it_is_done(stream: Stream) -> None:
    history(stream, 6)
    telling = prune(janitor(stream))
    parts: list[list[int]] = [[], []]
    for told in telling:
        parts[told.deed == "bury"].append(told.generation)
        if told.deed == "mark":
            assert state_of(stream, told.generation) == "marked"
        if told.deed == "bury":
            assert plan_is_buried(stream, told.generation)
    assert all(one < other for part in parts for one, other in pairwise(part))


def test_neighbours_are_folded() -> None:
    assert folded([1, 2, 3, 5, 7, 8]) == "1-3, 5, 7-8"
    assert folded([]) == ""


def test_memory_does_not_grow_with_the_number_of_plans() -> None:
    def peak_bytes(count: int) -> int:
        stream = Stream(T1, **AT_ONCE)
        history(stream, count)
        surveyed(stream)  # what is made once is made
        tracemalloc.start()
        for _ in survey(janitor(stream)):
            stream.faults.calls.clear()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak_bytes(160) < peak_bytes(40) + 20_000
