"""A plan is published by exactly one create; lost answers are decided by what is there (F8)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from planner.publishing import SENDS_MAX, NumberTaken, publish
from plans.document import digest_of, encode
from plans.errors import KeyTaken, Unavailable, Unknown
from plans.names import blob_key, plan_key
from plans.published import Published, read_plan
from tests.builders import CHANGED, LINEAGE, STREAM, Stream, overwrite_object
from tests.doubles.faults import (
    Fault,
    after,
    answering,
    lost_after,
    lost_before,
    raising,
    twice,
    unavailable,
)
from tests.doubles.memory import MemoryArchive

BLOB = b"the desired state"
PLAN = Stream().publish(CHANGED).plan
KEY = plan_key(STREAM, 1)
BLOB_KEY = blob_key(STREAM, 1, digest_of(BLOB))


@pytest.fixture
def stream() -> Stream:
    return Stream()


def published(stream: Stream) -> Published:
    result = publish(stream.archive, PLAN, (BLOB,))
    assert read_plan(stream.archive, STREAM, LINEAGE, 1) == result
    stored = stream.archive.read(BLOB_KEY)
    assert stored
    assert stored.body == BLOB
    return result


def test_attachments_are_written_before_the_plan_that_names_them(stream: Stream) -> None:
    published(stream)
    creates = [call for call in stream.faults.calls if call.startswith("create")]
    assert creates == [f"create {BLOB_KEY}", f"create {KEY}"]


@pytest.mark.parametrize("kept", ["blobs", "plans"])
@pytest.mark.parametrize("fault", [lost_before, lost_after, twice])
def test_a_lost_or_doubled_answer_publishes_the_same_bytes_once(
    stream: Stream, fault: Fault, kept: str
) -> None:
    stream.faults.next("create", kept, fault, times=3)
    assert published(stream).digest == digest_of(encode(PLAN))


def test_a_plan_found_published_with_the_same_bytes_is_published(stream: Stream) -> None:
    assert published(stream) == published(stream)


@pytest.mark.parametrize("fault", [lost_before, lost_after])
def test_a_number_taken_by_other_bytes_is_lost(stream: Stream, fault: Fault) -> None:
    theirs = partial(overwrite_object, stream.archive, KEY, b"theirs")

    def overtaken(send: Callable[[], object]) -> None:
        theirs()
        fault(send)

    stream.faults.next("create", "plans", overtaken)
    with pytest.raises(NumberTaken):
        publish(stream.archive, PLAN, (BLOB,))
    stored = stream.archive.read(KEY)
    assert stored
    assert stored.body == b"theirs"


def test_a_key_that_is_taken_and_not_there_yet_is_tried_again(stream: Stream) -> None:
    stream.faults.next("create", "plans", raising(KeyTaken("exists", rule="write-once")))
    published(stream)


def test_an_archive_that_never_answers_gives_an_unknown_outcome(stream: Stream) -> None:
    stream.faults.next("create", "plans", lost_before, times=SENDS_MAX)
    with pytest.raises(Unknown) as caught:
        publish(stream.archive, PLAN, (BLOB,))
    assert caught.value.rule == "outcome-unknown"
    assert stream.archive.read(KEY) is None


def test_an_archive_that_goes_silent_after_the_create_gives_an_unknown_outcome(
    stream: Stream,
) -> None:
    # Not plain ``Unavailable``, which says that nothing of the plan was published.
    stream.faults.next("create", "plans", lost_after)
    stream.faults.next("get", "plans", unavailable)
    with pytest.raises(Unknown):
        publish(stream.archive, PLAN, (BLOB,))
    assert published(stream).digest == digest_of(encode(PLAN))


def test_a_full_archive_publishes_nothing(stream: Stream) -> None:
    stream.faults.next("create", "blobs", unavailable)
    with pytest.raises(Unavailable) as caught:
        publish(stream.archive, PLAN, (BLOB,))
    assert not isinstance(caught.value, Unknown)
    assert list(stream.archive.list("streams/")) == []


def test_nothing_is_deleted_on_any_path(stream: Stream) -> None:
    stream.archive.inner = MemoryArchive()
    stream.faults.next("create", "plans", lost_after)
    stream.faults.next("get", "plans", answering(None))
    published(stream)
    stream.faults.next("create", "plans", after(lambda: None))
    published(stream)
    assert not [call for call in stream.faults.calls if call.startswith("bury")]
