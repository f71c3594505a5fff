"""A part of a bucket on MiniStack, for the tests of what only the archive in S3 does."""

from __future__ import annotations

from functools import cache
from uuid import uuid4

from plans.names import plan_key, plans_prefix
from plans.storage.s3 import S3Archive
from tests.builders import FixedClock
from tests.doubles.botocore_faults import WireFaults
from tests.emulators.servers import Server, new_bucket

STREAM = "dns/example.com"
KEY, NEXT = plan_key(STREAM, 7), plan_key(STREAM, 8)
PREFIX = plans_prefix(STREAM)


class Bucket:
    """A part of a bucket on MiniStack, the archive there, and the wire between the two."""

    def __init__(self, server: Server) -> None:
        self.name = one_bucket(server)
        self.prefix = f"tests/{uuid4()}"
        self.clock = FixedClock()
        self.client = server.client("s3")
        self.wire = WireFaults(self.client)
        self.archive = self.part(self.prefix)

    def part(self, prefix: str) -> S3Archive:
        return S3Archive(self.name, prefix, clock=self.clock, client=lambda: self.client)

    def put(self, key: str, body: bytes = b"") -> None:
        """As somebody else, unconditionally."""
        self.client.put_object(Bucket=self.name, Key=f"{self.prefix}/{key}", Body=body)
        self.wire.sent.pop()

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=f"{self.prefix}/{key}")
        self.wire.sent.pop()


def body_of(archive: S3Archive, key: str = KEY) -> bytes:
    found = archive.read(key)
    assert found is not None
    return found.body


def etag_of(archive: S3Archive, key: str = KEY) -> str:
    found = archive.read(key)
    assert found is not None
    return found.etag


@cache
def one_bucket(server: Server) -> str:
    """All tests share one, each below a prefix of its own."""
    return new_bucket(server)
