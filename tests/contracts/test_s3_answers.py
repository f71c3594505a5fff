"""What S3 answers, and where an emulator answers otherwise: the table in ``docs/aws.md``.

``plans.storage.s3`` rests on these answers. Each row is an operation, the precondition it meets and
the outcome that S3 documents; it is asked of every emulator, and of AWS if a person wants it. What
an emulator does otherwise is an expected failure with its reason, and strict.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.contracts.conftest import AWS, one_bucket
from tests.emulators.servers import Server

BODY, OTHER = b"plan", b"tombstone"
NO_ETAG = '"00000000000000000000000000000000"'


class Asked:
    """An object's key of its own, and the requests that a row may make of it."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client = client
        self.bucket = bucket
        self.key = f"answers/{uuid4()}/key"

    def create(self, body: bytes = BODY) -> str:
        return self.put(body, IfNoneMatch="*")

    def put(self, body: bytes = BODY, **more: Any) -> str:
        checked = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": _sum(body)}
        put = self.client.put_object(
            Bucket=self.bucket, Key=self.key, Body=body, **{**checked, **more}
        )
        return str(put["ETag"])

    def get(self) -> str:
        got = self.client.get_object(Bucket=self.bucket, Key=self.key, ChecksumMode="ENABLED")
        got["Body"].read()
        return str(got["ETag"])

    def delete(self) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self.key)

    def keys(self, *names: str, after: str, most: int = 1000) -> str:
        """Which of these a listing finds after that name, in which order."""
        folder = self.key.removesuffix("key")
        for name in names:
            self.client.put_object(Bucket=self.bucket, Key=folder + name, Body=b"")
        found, more = [], {"StartAfter": folder + after}
        while more:
            page = self.client.list_objects_v2(
                Bucket=self.bucket, Prefix=folder, MaxKeys=most, **more
            )
            found += [each["Key"].removeprefix(folder) for each in page.get("Contents", ())]
            token = page.get("NextContinuationToken")
            more = {"ContinuationToken": token} if page["IsTruncated"] else {}
        return " ".join(found)

    def elsewhere(self) -> Asked:
        """The same in a bucket that is not there."""
        return Asked(self.client, f"planfence-nobodys-{uuid4()}")


class Row(NamedTuple):
    operation: str
    precondition: str
    outcome: str
    ask: Callable[[Asked], object]
    deviations: Mapping[str, str] = MappingProxyType({})


def created(then: Callable[[Asked, str], object]) -> Callable[[Asked], object]:
    """The object is there, and this is asked with its ETag."""
    return lambda asked: then(asked, asked.create())


def buried(asked: Asked) -> str:
    """The ETag of before, of an object that was replaced since."""
    etag = asked.create()
    asked.put(OTHER, IfMatch=etag)
    return etag


def deleted(asked: Asked) -> str:
    """The ETag of before, of an object that has a delete marker now."""
    etag = asked.create()
    asked.delete()
    return etag


def checksum_of(asked: Asked) -> str:
    asked.create()
    head = asked.client.head_object(Bucket=asked.bucket, Key=asked.key, ChecksumMode="ENABLED")
    return "its SHA-256" if head["ChecksumSHA256"] == _sum(BODY) else str(head)


def _sum(body: bytes) -> str:
    return b64encode(sha256(body).digest()).decode()


SEAWEEDFS = "seaweedfs"
_412 = {SEAWEEDFS: "answers 412"}
ROWS = [
    Row("PutObject, If-None-Match: *", "no such key", "200", Asked.create),
    Row(
        "PutObject, If-None-Match: *",
        "the key exists, with the same bytes",
        "412 PreconditionFailed",
        created(lambda asked, _: asked.create()),
    ),
    Row(
        "PutObject, If-None-Match: *",
        "the key exists, with other bytes",
        "412 PreconditionFailed",
        created(lambda asked, _: asked.create(OTHER)),
    ),
    Row(
        "PutObject, If-None-Match: *",
        "the current version is a delete marker",
        "200",
        lambda asked: (deleted(asked), asked.create()),
    ),
    Row(
        "PutObject, If-Match",
        "the ETag of the current version",
        "200",
        created(lambda asked, etag: asked.put(OTHER, IfMatch=etag)),
    ),
    Row(
        "PutObject, If-Match",
        "the ETag of a version before",
        "412 PreconditionFailed",
        lambda asked: asked.put(b"another", IfMatch=buried(asked)),
    ),
    Row(
        "PutObject, If-Match",
        "an ETag that nothing has",
        "412 PreconditionFailed",
        created(lambda asked, _: asked.put(OTHER, IfMatch=NO_ETAG)),
    ),
    Row(
        "PutObject, If-Match",
        "no such key",
        "404 NoSuchKey",
        lambda asked: asked.put(OTHER, IfMatch=NO_ETAG),
        _412,
    ),
    Row(
        "PutObject, If-Match",
        "the current version is a delete marker",
        "404 NoSuchKey",
        lambda asked: asked.put(OTHER, IfMatch=deleted(asked)),
        _412,
    ),
    Row(
        "PutObject, x-amz-checksum-sha256",
        "not the body's",
        "400 BadDigest",
        lambda asked: asked.put(BODY, ChecksumSHA256=_sum(OTHER)),
        {"moto": "stores it"},
    ),
    Row(
        "PutObject, If-None-Match: *",
        "no such bucket",
        "404 NoSuchBucket",
        lambda asked: asked.elsewhere().create(),
        {SEAWEEDFS: "makes the bucket"},
    ),
    Row("HeadObject, checksum mode", "created with a checksum", "its SHA-256", checksum_of),
    Row("GetObject", "the key exists", "200", created(lambda asked, _: asked.get())),
    Row("GetObject", "no such key", "404 NoSuchKey", Asked.get),
    Row(
        "GetObject",
        "the current version is a delete marker",
        "404 NoSuchKey",
        lambda asked: (deleted(asked), asked.get()),
    ),
    Row(
        "GetObject", "no such bucket", "404 NoSuchBucket", lambda asked: asked.elsewhere().get()
    ),
    Row(
        "ListObjectsV2, StartAfter",
        "a key",
        "2 3",
        lambda asked: asked.keys("3", "1", "2", after="1"),
    ),
    Row(
        "ListObjectsV2, StartAfter",
        "a key, and a dot more",
        "2 3",
        lambda asked: asked.keys("3", "1", "2", after="1."),
        {SEAWEEDFS: "takes a versioned key for what it stores it as, 1.versions, and lists it"},
    ),
    Row(
        "ListObjectsV2, StartAfter",
        "a beginning of a key, up to a slash",
        "a/1 a/2 b",
        lambda asked: asked.keys("a/1", "a/2", "b", after="a"),
        {SEAWEEDFS: "leaves out every key below it"},
    ),
    Row(
        "ListObjectsV2, several pages",
        "keys that differ before a slash",
        "a a-b/1 a/1 a0",
        lambda asked: asked.keys("a", "a/1", "a-b/1", "a0", after="0", most=1),
        {SEAWEEDFS: "sorts folders by their names, without the slash"},
    ),
    Row(
        "ListObjectsV2",
        "no such bucket",
        "404 NoSuchBucket",
        lambda asked: asked.elsewhere().keys(after="a"),
    ),
]  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    backends = ["ministack", "moto", SEAWEEDFS, *(["aws"] if AWS else [])]
    metafunc.parametrize(
        ("backend", "row"),
        [
            pytest.param(
                backend,
                row,
                id=f"{backend}-{row.operation}-{row.precondition}",
                marks=[
                    pytest.mark.xfail(strict=True, reason=f"{backend} {row.deviations[backend]}")
                ]
                if backend in row.deviations
                else [],
            )
            for backend in backends
            for row in ROWS
        ],
    )


def test_s3_answers_as_it_documents(request: pytest.FixtureRequest, backend: str, row: Row) -> None:
    if backend == "aws":
        assert AWS is not None
        asked = Asked(AWS.client("s3"), AWS.bucket)
    else:
        server: Server = request.getfixturevalue(f"{backend}_server")
        asked = Asked(server.client("s3"), one_bucket(server))
    assert outcome_of(row.ask, asked) == row.outcome


def outcome_of(ask: Callable[[Asked], object], asked: Asked) -> str:
    try:
        answered = ask(asked)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return f"{status} {error.response['Error']['Code']}"
    return answered if isinstance(answered, str) and not answered.startswith('"') else "200"
