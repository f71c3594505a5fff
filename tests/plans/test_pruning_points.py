"""Pruning that ends at any point, by a crash or a bad answer: the next pass finishes it."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pytest

import plans.journal
import plans.marks
from plans.burying import SENDS_MAX
from plans.document import digest_of
from plans.errors import Conflict, Unavailable, Unknown
from plans.names import (
    blob_key,
    plan_key,
)
from tests.builders import (
    STREAM,
    T1,
    Died,
    Stream,
)
from tests.doubles.faults import (
    Fault,
    lost_after,
    lost_before,
    raising,
    twice,
    unavailable,
)
from tests.pruned import (
    AT_ONCE,
    everything,
    history,
    is_buried,
    journaled,
    late_blob,
    pin_plan,
    plan_is_buried,
    pruned,
    state_of,
    surveyed,
)

# Every point


@cache
def first_scene() -> Stream:
    stream = Stream(T1, **AT_ONCE)
    made = history(stream, 4)
    pin_plan(stream, made[1])
    late_blob(stream, 2)
    late_blob(stream, 3)
    return stream


def scene() -> Stream:
    """Two plans to go, one that is pinned with a loser's attachment beside it, and the head."""
    first, stream = first_scene(), Stream(T1, **AT_ONCE)
    stream.clock.time, stream.new_id.count = first.clock.time, first.new_id.count
    for ours, theirs in ((stream.archive, first.archive), (stream.register, first.register)):
        ours.inner = deepcopy(theirs.inner, _frozen(theirs.inner))
    stream.faults.calls.clear()
    return stream


def _frozen(store: Any) -> dict[int, Any]:
    """What a copy of a store may share with it: items never change, they are replaced."""
    return {id(item): item for item in vars(store).get("_items", {}).values()}


def check_done(stream: Stream, before: dict[str, bytes]) -> None:
    """What is to go is gone, each in order and journaled; nothing else was touched."""
    left = everything(stream)
    assert left.keys() == before.keys()
    touched = {key for key in left if left[key] != before[key]}
    gone = {plan_key(STREAM, generation) for generation in (1, 3)}
    blobs = {key for key in before if "/blobs/" in key and key.split("/")[-2][-1] in "13"}
    orphan = blob_key(STREAM, 2, digest_of(b"of a planner that lost"))
    assert touched == gone | blobs | {orphan}
    assert all(is_buried(stream, key) for key in touched)
    assert [state_of(stream, generation) for generation in (1, 2, 3, 4)] == [
        *("pruned", None, "pruned", None)
    ]
    for kind in ("marked", "pruned"):
        told = ", ".join(each["generations"] for each in journaled(stream, kind) if "count" in each)
        assert sorted(told.replace(" ", "").split(",")) == ["1", "3"], kind
    assert any("orphans" in each for each in journaled(stream, "pruned"))
    plans.journal.verify(stream.register.inner, STREAM)
    assert [entry.deed for entry in surveyed(stream)] == ["pruned", "keep", "pruned", "keep"]


def calls_of_a_pass() -> int:
    stream = scene()
    pruned(stream)
    return len(stream.faults.calls)


FAULTS: dict[str, Fault] = {
    "dies before": raising(Died()),
    "dies after": lambda send: (send(), raising(Died())(send)),
    "lost before": lost_before,
    "lost after": lost_after,
    "twice": twice,
    "unavailable": unavailable,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_pass_that_ends_at_any_point_is_finished_by_the_next(fault: Fault) -> None:
    points = calls_of_a_pass()
    assert points > 30
    for number in range(points):
        stream = scene()
        before = everything(stream)
        stream.faults.at(number, fault)
        try:
            pruned(stream)
        except (Died, Unavailable, Conflict):
            pass
        stream.faults.clear()
        pruned(stream)
        check_done(stream, before)


def test_a_plan_is_never_buried_after_its_attachments_at_any_point() -> None:
    for number in range(calls_of_a_pass()):
        stream = scene()
        stream.faults.at(number, raising(Died()))
        with pytest.raises(Died):
            pruned(stream)
        for generation in (1, 3):
            blobs = stream.archive.inner.list(f"streams/{STREAM}/blobs/{generation:012d}/")
            if any(is_buried(stream, key) for key in blobs):
                assert plan_is_buried(stream, generation)


def test_a_store_that_says_no_for_ever_ends_the_pass_and_nothing_is_half_told() -> None:
    stream = scene()
    stream.faults.next("bury", plan_key(STREAM, 1), lost_before, times=SENDS_MAX)
    with pytest.raises(Unknown, match="no certain answer"):
        pruned(stream)
    assert state_of(stream, 1) == "marked"
    assert not plan_is_buried(stream, 1)
