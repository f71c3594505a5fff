"""What only the archive in S3 does: what it sends, what it takes for an answer, what it costs."""

from __future__ import annotations

import tracemalloc
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSResponse
from urllib3 import HTTPResponse

from plans.errors import PlanfenceError, Refused, Unavailable
from plans.storage.aws import BUDGET_SECONDS
from plans.storage.s3 import S3Archive
from tests.builders import FixedClock
from tests.doubles.botocore_faults import (
    Fault,
    Send,
    WireFaults,
    answer,
    answering,
    cut,
    damaged,
    lost_before,
    s3_error,
)
from tests.emulators.servers import Server
from tests.plans.storage.buckets import KEY, NEXT, PREFIX, STREAM, Bucket, body_of, etag_of


@pytest.fixture
def bucket(ministack_server: Server) -> Bucket:
    return Bucket(ministack_server)


# what it is made of


@pytest.mark.parametrize("prefix", ["a//b", "a/../b", ".", "ä", "a\n"])
def test_a_prefix_that_no_key_could_have_is_a_programming_error(prefix: str) -> None:
    with pytest.raises(ValueError, match="not the prefix of an archive"):
        S3Archive("bucket", prefix, clock=FixedClock())


def test_slashes_around_a_prefix_do_not_count(bucket: Bucket) -> None:
    bucket.part(f"/{bucket.prefix}/").create(KEY, b"plan")
    assert body_of(bucket.archive) == b"plan"


def test_archives_of_one_bucket_do_not_see_each_other(bucket: Bucket) -> None:
    other = bucket.part(f"{bucket.prefix}-2")
    bucket.archive.create(KEY, b"one")
    assert other.read(KEY) is None
    assert list(other.list("")) == []
    other.create(KEY, b"two")
    assert [body_of(each) for each in (bucket.archive, other)] == [b"one", b"two"]
    # Without a prefix the whole bucket is the archive.
    whole = bucket.part("")
    assert body_of(whole, f"{bucket.prefix}/{KEY}") == b"one"
    assert f"{bucket.prefix}/{KEY}" in list(whole.list("tests/"))


def test_the_sdks_client_is_made_at_the_first_use_and_once(bucket: Bucket) -> None:
    made: list[object] = []

    def client() -> Any:
        made.append(bucket.client)
        return bucket.client

    archive = S3Archive(bucket.name, bucket.prefix, clock=bucket.clock, client=client)
    with pytest.raises(ValueError, match="not an archive key"):
        archive.create("", b"plan")
    assert made == []
    archive.create(KEY, b"plan")
    assert body_of(archive) == b"plan"
    assert len(made) == 1


def test_without_a_client_it_is_the_sdks_own(
    bucket: Bucket, ministack_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ministack_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    archive = S3Archive(bucket.name, bucket.prefix, clock=bucket.clock, region="eu-west-1")
    archive.create(KEY, b"plan")
    assert body_of(bucket.archive) == b"plan"


# what it sends


def test_a_create_is_conditional_and_has_its_checksum_length_and_type(bucket: Bucket) -> None:
    sent: list[dict[str, Any]] = []

    def record(request: Any, **_: Any) -> None:
        sent.append({name.lower(): value for name, value in request.headers.items()})

    bucket.client.meta.events.register("before-send.s3.PutObject", record)
    bucket.archive.create(KEY, b"plan")
    bucket.archive.create(f"streams/{STREAM}/blobs/000000000007/{'a' * 64}", b"blob")
    etag = etag_of(bucket.archive)
    bucket.archive.bury(KEY, b"tombstone", etag)
    conditions = [
        {name: each[name] for name in ("if-none-match", "if-match") if name in each}
        for each in sent
    ]
    create, bury = {"if-none-match": b"*"}, {"if-match": etag.encode()}
    assert conditions == [create, create, bury]
    assert [each["content-length"] for each in sent] == [b"4", b"4", b"9"]
    assert [each["content-type"] for each in sent] == [
        b"application/json",
        b"application/octet-stream",
        b"application/json",
    ]
    sums = [b64encode(sha256(each).digest()) for each in (b"plan", b"blob", b"tombstone")]
    assert [each["x-amz-checksum-sha256"] for each in sent] == sums


def test_no_copy_is_made_of_a_large_body(bucket: Bucket) -> None:
    body = bytes(30_000_000)
    bucket.archive.create(NEXT, b"the client is warm")
    tracemalloc.start()
    try:
        bucket.archive.create(KEY, body)
        created = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        found = bucket.archive.read(KEY)
        read = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found is not None
    assert found.body == body
    assert created < 5_000_000
    assert read < len(body) + 5_000_000


# an archive that is not there


@pytest.mark.parametrize(
    "call",
    [
        lambda archive: archive.create(KEY, b"plan"),
        lambda archive: archive.read(KEY),
        lambda archive: list(archive.list(PREFIX)),
        lambda archive: archive.bury(KEY, b"tombstone", '"etag"'),
    ],
    ids=["create", "read", "list", "bury"],
)
@pytest.mark.parametrize("server", ["ministack_server", "moto_server"])
def test_a_bucket_that_is_not_there_is_never_an_empty_archive(
    request: pytest.FixtureRequest, server: str, call: Callable[[S3Archive], object]
) -> None:
    client = request.getfixturevalue(server).client("s3")
    wire = WireFaults(client)
    archive = S3Archive(f"nobodys-{uuid4()}", "p", clock=FixedClock(), client=lambda: client)
    with pytest.raises(Unavailable, match=r"there is no archive at s3://nobodys-.*/p") as raised:
        call(archive)
    assert raised.value.rule == "archive-unavailable"
    assert len(wire.sent) == 1, "no use trying again"


# read


@pytest.mark.parametrize(
    "fault",
    [
        cut(3),
        cut(0),
        damaged,
        lost_before,
        s3_error(500, "InternalError"),
        s3_error(503, "SlowDown"),
        answering(200, b"<html>sign in</html>", content_type="text/html"),
        answering(502, b"<html>bad gateway</html>"),
    ],
    ids=["cut", "no body", "damaged", "lost", "500", "slow down", "a proxy's page", "502"],
)
def test_a_read_that_was_spoilt_on_its_way_is_made_again(bucket: Bucket, fault: Fault) -> None:
    bucket.archive.create(KEY, b"the plan")
    bucket.wire.next("GetObject", fault, fault)
    assert body_of(bucket.archive) == b"the plan"
    assert bucket.wire.sent == ["PutObject", *["GetObject"] * 3]
    for _ in range(1000):
        bucket.wire.next("GetObject", fault)
    start = bucket.clock.monotonic()
    with pytest.raises(Unavailable, match="did not serve within 30 s"):
        bucket.archive.read(KEY)
    assert bucket.clock.monotonic() - start <= BUDGET_SECONDS


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (s3_error(403, "AccessDenied"), "access-denied"),
        (answering(404, b"<html>no such page</html>"), "store-refused"),
    ],
    ids=["denied", "a proxy's 404"],
)
def test_only_s3s_own_word_means_that_an_object_is_not_there(
    bucket: Bucket, fault: Fault, rule: str
) -> None:
    bucket.wire.next("GetObject", fault)
    with pytest.raises(Refused) as raised:
        bucket.archive.read(KEY)
    assert raised.value.rule == rule
    assert bucket.archive.read(KEY) is None


def test_the_answer_for_a_missing_object_that_is_cut_short_is_no_answer(bucket: Bucket) -> None:
    bucket.wire.next("GetObject", cut(40))
    assert bucket.archive.read(KEY) is None
    assert bucket.wire.sent == ["GetObject"] * 2


@pytest.mark.parametrize("size", [None, 9])
def test_a_body_of_another_size_is_refused_before_it_is_read(
    bucket: Bucket, size: int | None
) -> None:
    body = Unread()
    bucket.wire.next("GetObject", body.answered)
    with pytest.raises(Refused) as raised:
        bucket.archive.read(KEY, size=size)
    assert raised.value.rule == "object-size"
    assert f"s3://{bucket.name}/{bucket.prefix}/{KEY}" in str(raised.value)
    assert body.closed


class Unread:
    """A body of a terabyte, of which nobody may read a byte."""

    closed = False

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")

    def close(self) -> None:
        self.closed = True

    def answered(self, _: Send) -> AWSResponse:
        response = answer(200, b"", content_length=str(10**12), etag='"0"')
        response.raw = HTTPResponse(self, response.headers, 200, preload_content=False)  # type: ignore[arg-type]
        return response


# errors


@pytest.mark.parametrize("code", ["NotImplemented", "InvalidRequest"])
def test_a_store_without_conditional_writes_is_refused_at_once(bucket: Bucket, code: str) -> None:
    bucket.wire.next("PutObject", s3_error(501 if code == "NotImplemented" else 400, code))
    with pytest.raises(Refused) as raised:
        bucket.archive.create(KEY, b"plan")
    assert raised.value.rule == "store-refused"
    assert bucket.wire.sent == ["PutObject"]
    assert bucket.archive.read(KEY) is None


def test_every_error_is_one_line_that_names_the_archive(bucket: Bucket) -> None:
    errors: list[PlanfenceError] = []
    for fault in (s3_error(403, "AccessDenied"), s3_error(404, "NoSuchBucket"), lost_before):
        bucket.wire.next("PutObject", fault)
        with pytest.raises(PlanfenceError) as raised:
            bucket.archive.create(KEY, b"plan")
        errors.append(raised.value)
    for error in errors:
        assert f"s3://{bucket.name}/{bucket.prefix}" in str(error)
        assert "\n" not in str(error)
        assert error.remedy
