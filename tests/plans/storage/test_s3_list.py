"""A listing of an archive in S3 is complete or an error, and the head costs one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from plans.errors import Refused, Unavailable
from plans.names import plan_key
from tests.doubles.botocore_faults import answering, cut, lost_before, s3_error
from tests.emulators.servers import Server
from tests.plans.storage.buckets import KEY, NEXT, PREFIX, STREAM, Bucket


@pytest.fixture
def bucket(ministack_server: Server) -> Bucket:
    return Bucket(ministack_server)


def page(
    bucket: Bucket,
    keys: Sequence[str],
    *,
    more: bool = False,
    token: bool = True,
    whole: bool = True,
) -> bytes:
    """A page of a listing as S3 writes it; ``whole``: with all that S3 says."""
    parts = [
        f"<Contents><Key>{bucket.prefix}/{key}</Key></Contents>" if key else "<Contents/>"
        for key in keys
    ]
    if whole:
        parts.append(f"<IsTruncated>{str(more).lower()}</IsTruncated>")
    if more and token:
        parts.append("<NextContinuationToken>next</NextContinuationToken>")
    return f"<ListBucketResult>{''.join(parts)}</ListBucketResult>".encode()


def test_what_is_no_key_of_an_archive_is_no_object_of_it(bucket: Bucket) -> None:
    bucket.archive.create(KEY, b"plan")
    for foreign in ("", "streams/", "streams//x", ".control/write-once", "streams/ä", "a/../b"):
        bucket.put(foreign)
    bucket.put("streams/dns/example.com/plans/notes.txt")
    notes = "streams/dns/example.com/plans/notes.txt"
    assert list(bucket.archive.list("")) == [KEY, notes]


@pytest.mark.parametrize("number", [10, 300])
def test_the_head_costs_one_request_however_many_plans_there_are(
    bucket: Bucket, number: int
) -> None:
    for generation in range(1, number + 1):
        bucket.put(plan_key(STREAM, generation))
    pointer = plan_key(STREAM, number - 2)
    found = list(bucket.archive.list(PREFIX, pointer))
    assert found == [plan_key(STREAM, number - 1), plan_key(STREAM, number)]
    assert list(bucket.archive.list(PREFIX, found[-1])) == []
    assert bucket.wire.sent == ["ListObjectsV2"] * 2


def test_a_listing_costs_one_request_for_each_page(bucket: Bucket) -> None:
    def three_a_page(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**params, "MaxKeys": 3}

    keys = [plan_key(STREAM, generation) for generation in range(1, 11)]
    for key in keys:
        bucket.put(key)
    bucket.client.meta.events.register("provide-client-params.s3.ListObjectsV2", three_a_page)
    listing = bucket.archive.list(PREFIX)
    assert bucket.wire.sent == []
    assert [next(listing) for _ in range(3)] == keys[:3]
    assert len(bucket.wire.sent) == 1
    assert list(listing) == keys[3:]
    assert len(bucket.wire.sent) == 4


@pytest.mark.parametrize(
    ("keys", "next_keys"),
    [
        ([NEXT, KEY], []),
        ([KEY, KEY], []),
        ([plan_key(STREAM, 6)], []),
        ([plan_key(STREAM, 5)], []),
        ([plan_key("dns/example.org", 7)], []),
        (["a"], []),
        ([KEY, NEXT], [NEXT]),
        ([KEY, NEXT], [KEY]),
    ],
    ids=[
        "descending", "twice", "not above", "below", "of another stream", "of another folder",
        "a page again", "a page before",
    ],
)  # fmt: skip
def test_a_listing_that_does_not_ascend_is_refused(
    bucket: Bucket, keys: list[str], next_keys: list[str]
) -> None:
    bucket.wire.next(
        "ListObjectsV2",
        answering(200, page(bucket, keys, more=bool(next_keys))),
        answering(200, page(bucket, next_keys)),
    )
    with pytest.raises(Refused) as raised:
        list(bucket.archive.list(PREFIX, plan_key(STREAM, 6)))
    assert raised.value.rule == "listing-order"


@pytest.mark.parametrize(
    "garbage",
    [
        {"keys": [], "whole": False},
        {"keys": [KEY], "whole": False},
        {"keys": [], "more": True},
        {"keys": [KEY], "more": True, "token": False},
        {"keys": [None]},
    ],
    ids=[
        "nothing said", "no end said", "an empty page with more", "more without a token",
        "an entry without a key",
    ],
)  # fmt: skip
def test_a_page_that_does_not_say_how_it_goes_on_is_no_end_of_a_listing(
    bucket: Bucket, garbage: dict[str, Any]
) -> None:
    bucket.archive.create(KEY, b"plan")
    spoilt = answering(200, page(bucket, **garbage))
    bucket.wire.next("ListObjectsV2", spoilt, answering(200, b"<html/>"), cut(100), lost_before)
    assert list(bucket.archive.list(PREFIX)) == [KEY]
    assert bucket.wire.left == 0
    for _ in range(1000):
        bucket.wire.next("ListObjectsV2", spoilt)
    with pytest.raises(Unavailable, match="did not serve"):
        list(bucket.archive.list(PREFIX))


def test_a_bucket_that_goes_between_two_pages_is_no_end_of_a_listing(bucket: Bucket) -> None:
    bucket.wire.next(
        "ListObjectsV2",
        answering(200, page(bucket, [KEY], more=True)),
        s3_error(404, "NoSuchBucket"),
    )
    listing = bucket.archive.list(PREFIX)
    assert next(listing) == KEY
    with pytest.raises(Unavailable, match="there is no archive"):
        next(listing)
