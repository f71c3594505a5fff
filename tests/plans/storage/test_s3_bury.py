"""Burying in S3: by condition, and after a 409 only what is still the same."""

from __future__ import annotations

import pytest
from botocore.awsrequest import AWSResponse

from plans.errors import Conflict, Unavailable, Unknown
from plans.storage.aws import BUDGET_SECONDS
from tests.doubles.botocore_faults import (
    Fault,
    Send,
    after,
    answering,
    lost_after,
    lost_before,
    no_connection,
    s3_error,
    served_but,
    twice,
)
from tests.emulators.servers import Server
from tests.plans.storage.buckets import KEY, Bucket, body_of, etag_of


@pytest.fixture
def bucket(ministack_server: Server) -> Bucket:
    return Bucket(ministack_server)


CONFLICT = s3_error(409, "ConditionalRequestConflict")


def test_after_a_409_an_unchanged_object_is_buried_by_the_same_write_sent_again(
    bucket: Bucket,
) -> None:
    bucket.archive.create(KEY, b"plan")
    etag = etag_of(bucket.archive)
    bucket.wire.clear()
    bucket.wire.next("PutObject", CONFLICT, CONFLICT)
    bucket.archive.bury(KEY, b"tombstone", etag)
    assert bucket.wire.sent == ["PutObject", "HeadObject"] * 2 + ["PutObject"]
    assert body_of(bucket.archive) == b"tombstone"


@pytest.mark.parametrize("change", ["replaced", "deleted"])
def test_after_a_409_a_changed_object_is_left_alone(bucket: Bucket, change: str) -> None:
    bucket.archive.create(KEY, b"plan")
    etag = etag_of(bucket.archive)
    bucket.wire.clear()

    def changed(_: Send) -> AWSResponse:
        if change == "replaced":
            bucket.put(KEY, b"another tombstone")
        else:
            bucket.delete(KEY)
        return CONFLICT(_)

    bucket.wire.next("PutObject", changed)
    with pytest.raises(Conflict) as raised:
        bucket.archive.bury(KEY, b"tombstone", etag)
    assert raised.value.rule == "changed-since-read"
    assert (raised.value.actual == "no object") == (change == "deleted")
    assert bucket.wire.sent == ["PutObject", "HeadObject"]
    found = bucket.archive.read(KEY)
    assert (found and found.body) == (b"another tombstone" if change == "replaced" else None)


def test_a_409_for_ever_ends_within_the_budget_with_nothing_changed(bucket: Bucket) -> None:
    bucket.archive.create(KEY, b"plan")
    etag = etag_of(bucket.archive)
    bucket.wire.next("PutObject", *[CONFLICT] * 1000)
    start = bucket.clock.monotonic()
    with pytest.raises(Unavailable, match="another write of this object was under way") as raised:
        bucket.archive.bury(KEY, b"tombstone", etag)
    assert type(raised.value) is Unavailable
    assert bucket.clock.monotonic() - start <= BUDGET_SECONDS
    assert body_of(bucket.archive) == b"plan"


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (lost_before, b"plan"),
        (lost_after, b"tombstone"),
        (s3_error(500, "InternalError"), b"plan"),
        (served_but(s3_error(500, "InternalError")), b"tombstone"),
        (answering(200, b""), b"plan"),
    ],
    ids=["lost before", "lost after", "500", "500 after the effect", "a proxy's 200"],
)
def test_f8_a_bury_without_an_answer_is_unknown_and_sent_once(
    bucket: Bucket, fault: Fault, left: bytes
) -> None:
    bucket.archive.create(KEY, b"plan")
    etag = etag_of(bucket.archive)
    bucket.wire.clear()
    bucket.wire.next("PutObject", fault)
    with pytest.raises(Unknown):
        bucket.archive.bury(KEY, b"tombstone", etag)
    assert bucket.wire.sent == ["PutObject"]
    assert body_of(bucket.archive) == left


@pytest.mark.parametrize("fault", [twice, served_but(CONFLICT)], ids=["twice", "409 after all"])
def test_f8_a_bury_that_meets_its_own_tombstone_conflicts_and_has_buried(
    bucket: Bucket, fault: Fault
) -> None:
    bucket.archive.create(KEY, b"plan")
    bucket.wire.next("PutObject", fault)
    with pytest.raises(Conflict):
        bucket.archive.bury(KEY, b"tombstone", etag_of(bucket.archive))
    assert body_of(bucket.archive) == b"tombstone"


@pytest.mark.parametrize(
    "fault",
    [no_connection, s3_error(503, "SlowDown"), s3_error(400, "XAmzContentChecksumMismatch")],
    ids=["no connection", "slow down", "damaged"],
)
def test_a_bury_that_was_not_done_is_sent_again(bucket: Bucket, fault: Fault) -> None:
    bucket.archive.create(KEY, b"plan")
    bucket.wire.next("PutObject", fault, fault)
    bucket.archive.bury(KEY, b"tombstone", etag_of(bucket.archive))
    assert body_of(bucket.archive) == b"tombstone"


@pytest.mark.parametrize("found", ["no object", "another object"])
def test_bury_says_what_it_found_instead(bucket: Bucket, found: str) -> None:
    if found == "another object":
        bucket.archive.create(KEY, b"plan")
    with pytest.raises(Conflict) as raised:
        bucket.archive.bury(KEY, b"tombstone", '"0123"')
    assert (raised.value.expected, raised.value.actual) == ('"0123"', found)


def test_bury_overtaken_on_its_way_changes_nothing(bucket: Bucket) -> None:
    bucket.archive.create(KEY, b"plan")
    etag = etag_of(bucket.archive)
    bucket.wire.next("PutObject", after(lambda: bucket.put(KEY, b"another tombstone")))
    with pytest.raises(Conflict):
        bucket.archive.bury(KEY, b"tombstone", etag)
    assert body_of(bucket.archive) == b"another tombstone"
