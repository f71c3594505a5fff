"""The archive in S3: an object per key, below one prefix of one bucket.

::

    s3://<bucket>/<prefix>/streams/dns/example.com/plans/000000000042.json
    s3://<bucket>/<prefix>/.control/write-once      made by ``prepare``, to try conditions on

The conditions are the service's own: ``If-None-Match: *`` and ``If-Match`` on PutObject (Amazon S3
User Guide, "How to prevent object overwrites with conditional writes"). S3 is strongly consistent:
a read or a listing sees every write acknowledged before it. Conditions look at the current version
only: over an object that somebody deleted, ``create`` succeeds, and so a plan is never deleted but
buried.

Whoever may read needs ``s3:ListBucket`` too, on the whole bucket: without it, S3 answers 403 where
there is no object, and "not there" cannot be told from "denied".
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property, partial
from io import BytesIO
from typing import Any, Final

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from plans.clock import Clock
from plans.errors import Conflict, KeyTaken, PlanfenceError, Refused, Unavailable
from plans.storage.archive import (
    Stored,
    check_key,
    check_new,
    check_prefix,
    check_size,
    valid_key,
    valid_segment,
)
from plans.storage.aws import BUDGET_SECONDS, Again, Calls, code_of
from plans.storage.aws import client as aws_client
from plans.storage.s3_setup import BucketSetup

# 412 is the code where the answer has no body, as of some gateways.
_PRECONDITION: Final = frozenset({"PreconditionFailed", "412"})
_NO_OBJECT: Final = frozenset({"NoSuchKey"})
_NO_BUCKET: Final = frozenset({"NoSuchBucket"})
# 409: another conditional write of this key is under way. Nothing was done, nothing is decided.
_CONTENTION: Final = frozenset({"ConditionalRequestConflict", "OperationAborted"})
# The body was cut or damaged on its way; S3 stores all of it or nothing.
_DAMAGED: Final = frozenset({"BadDigest", "IncompleteBody", "XAmzContentChecksumMismatch"})


class S3Archive:
    """An ``Archive`` in a bucket, for any number of processes anywhere.

    Every method raises ``ValueError`` for what ``plans.storage.archive.valid_key`` says is no key.
    No process makes another one wait.

    Args:
        bucket: its name. Only ``prepare`` creates it.
        prefix: what all keys are below; segments as a key's, or nothing. Slashes at its ends do
            not count.
        region: the bucket's; the SDK's own setting if None.
        budget_seconds: how long to try before ``Unavailable``.
        client: makes the SDK's client, at the first use.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        clock: Clock,
        region: str | None = None,
        budget_seconds: float = BUDGET_SECONDS,
        client: Callable[[], Any] | None = None,
    ) -> None:
        prefix = prefix.strip("/")
        if prefix and not all(map(valid_segment, prefix.split("/"))):
            raise ValueError(f"not the prefix of an archive: {prefix!r}")
        self._bucket = bucket
        self._root = f"{prefix}/" if prefix else ""
        self._url = f"s3://{bucket}/{prefix}".rstrip("/")
        self._calls = Calls(f"the archive {self._url}", clock, budget_seconds)
        self._make_client = client or partial(aws_client, "s3", region=region)

    @cached_property
    def _client(self) -> Any:
        return self._make_client()

    def prepare(self, *, create: bool = True) -> list[str]:
        """Make the bucket and its settings, as far as they are missing. Idempotent.

        Never touches an object; statements of the bucket's policy that are not planfence's stay.
        A setting that the store does not know (``NotImplemented``) is not asked for: an archive
        rests on the conditions of PutObject, which are tried out here, and on nothing else.

        Args:
            create: False changes nothing, and only looks.

        Returns:
            What is missing or wrong and was not mended, a line each, with what to do.

        Raises:
            Refused: the bucket is somebody else's, or the store does not keep conditions (rule
                ``conditions-ignored``), or denies this.
            Unknown, Unavailable: as for ``create``.
        """
        setup = BucketSetup(self._client, self._calls, self._bucket, self._root)
        return setup.prepare(self._send, create=create)

    def check(self) -> list[str]:
        """What ``prepare`` would have to mend: a line for each, with what to do."""
        return self.prepare(create=False)

    def create(self, key: str, body: bytes) -> None:
        """Store ``body`` under a new key; see ``Archive.create``.

        On return it is stored redundantly, with its SHA-256 checked by S3.
        """
        check_key(key)
        check_new(key, body)
        # The condition is PutObject's own: no current version under the key, in one step of S3.
        # A before B: B is answered 412, or 409 while A is under way, and then B is sent again and
        # is answered 412. B before A: the same with the names exchanged. A bury between the two
        # puts a version on top and never frees the key, so the second create is still answered 412.
        # Our own lost success comes back as 412 too, when the caller sends again: it reads back.
        try:
            self._put(key, body, IfNoneMatch="*")
        except ClientError as error:
            if code_of(error) not in _PRECONDITION:
                raise self._no_archive() from error
            raise KeyTaken(
                f"{key} exists in the archive {self._url}",
                rule="write-once",
                remedy="read whose bytes it has, then decide again",
            ) from error

    def read(self, key: str, *, size: int | None = None) -> Stored | None:
        """The object and its ETag, or None; see ``Archive.read``.

        A body that was cut short or does not have the checksum that S3 gave with it is read again.
        """
        check_key(key)

        def get() -> Stored:
            found = self._client.get_object(Bucket=self._bucket, Key=self._root + key)
            with closing(found["Body"]) as body:
                _require(found, "ContentLength", "ETag")
                check_size(f"{self._url}/{key}", found["ContentLength"], size)
                return Stored(body.read(), found["ETag"])

        try:
            return self._calls.read(get, answers=_NO_OBJECT | _NO_BUCKET)
        except ClientError as error:
            if code_of(error) in _NO_OBJECT:
                return None
            raise self._no_archive() from error

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys that start with ``prefix`` and sort after ``after``; see ``Archive.list``.

        One request for each 1,000 keys found, and one if there are none, however many there are
        before ``after``. Every key acknowledged before the first step is listed; one created
        meanwhile may be.
        """
        check_prefix(prefix)
        return self._listed(prefix, after)

    def bury(self, key: str, tombstone: bytes, etag: str) -> None:
        """Replace the object by a tombstone if unchanged since read; see ``Archive.bury``."""
        check_key(key)
        check_new(key, tombstone)

        # The condition is PutObject's own: the current version has this ETag, in one step of S3.
        # A before B: B is answered 412, for A's tombstone has another ETag, or 409 while A is under
        # way. B before A: the same with the names exchanged. A create between the two is answered
        # 412 and changes nothing; somebody's deletion frees the key, and is answered 404 or 409.
        # After a 409 the ETag is read before the same write is sent again ("Conditional writes"
        # asks for it): a key that was taken over meanwhile is left alone without another write.
        def replace() -> None:
            try:
                self._send(key, tombstone, IfMatch=etag)
            except ClientError as error:
                if code_of(error) not in _CONTENTION:
                    raise
                found = self._etag(key)
                if found != etag:
                    raise self._changed(key, etag, found) from error
                raise Again("another write of this object was under way") from error

        try:
            self._calls.write(
                replace, answers=_PRECONDITION | _NO_OBJECT | _NO_BUCKET, again=_DAMAGED
            )
        except ClientError as error:
            code = code_of(error)
            if code in _NO_BUCKET:
                raise self._no_archive() from error
            found = None if code in _NO_OBJECT else "another object"
            raise self._changed(key, etag, found) from error

    def _put(self, key: str, body: bytes, **condition: str) -> None:
        """Raises ``ClientError`` for 412 and for a bucket that is not there."""
        self._calls.write(
            lambda: self._send(key, body, **condition),
            answers=_PRECONDITION | _NO_BUCKET,
            again=_CONTENTION | _DAMAGED,
        )

    def _send(self, key: str, body: bytes, **condition: str) -> None:
        """One PutObject. The body is not copied: ``BytesIO`` shares the bytes that it is made of.

        As a file it is also announced (``Expect: 100-continue``), so that a refusal may come before
        30 MB were sent for nothing.
        """
        digest = hashlib.sha256(body).digest()
        put = self._client.put_object(
            Bucket=self._bucket,
            Key=self._root + key,
            Body=BytesIO(body),
            ContentLength=len(body),
            ContentType="application/json" if key.endswith(".json") else "application/octet-stream",
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=b64encode(digest).decode(),
            **condition,
        )
        _require(put, "ETag")

    def _etag(self, key: str) -> str | None:
        """The current version's, or None."""

        def head() -> str:
            found = self._client.head_object(Bucket=self._bucket, Key=self._root + key)
            _require(found, "ETag")
            return str(found["ETag"])

        try:
            return self._calls.read(head, answers=frozenset({"404"}))
        except ClientError:
            return None

    def _listed(self, prefix: str, after: str) -> Iterator[str]:
        last = self._root + after if after else ""
        page = self._page(prefix, {"StartAfter": last} if last else {})
        while True:
            for entry in page.get("Contents", ()):
                name = entry["Key"]
                if name <= last or not name.startswith(self._root + prefix):
                    raise self._out_of_order(name, last)
                last = name
                key = name.removeprefix(self._root)
                if valid_key(key):  # What is not, a console's "folder" say, is no object of ours.
                    yield key
            if not page["IsTruncated"]:
                return
            page = self._page(prefix, {"ContinuationToken": page["NextContinuationToken"]})

    def _page(self, prefix: str, start: dict[str, str]) -> Any:
        def fetch() -> Any:
            page = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=self._root + prefix, **start
            )
            # An empty or foreign document parses as an answer without anything in it, and that
            # would say "no more keys".
            _require(page, "IsTruncated")
            if page["IsTruncated"]:
                _require(page, "Contents", "NextContinuationToken")
            for entry in page.get("Contents", ()):
                _require(entry, "Key")
            return page

        try:
            return self._calls.read(fetch, answers=_NO_BUCKET)
        except ClientError as error:
            raise self._no_archive() from error

    def _no_archive(self) -> PlanfenceError:
        return Unavailable(
            f"there is no archive at {self._url}",
            rule="archive-unavailable",
            remedy="run `planfence init --create`, or correct the archive's URL",
        )

    def _changed(self, key: str, etag: str, found: str | None) -> PlanfenceError:
        return Conflict(
            f"{key} is not the object that was read",
            rule="changed-since-read",
            expected=etag,
            actual="no object" if found is None else found,
            remedy="read it again, then decide again",
        )

    def _out_of_order(self, name: str, last: str) -> PlanfenceError:
        return Refused(
            f"the archive {self._url} does not list its keys in ascending order",
            rule="listing-order",
            expected=f"a key above {last!r}",
            actual=repr(name),
            remedy="use a general-purpose bucket of S3, or another endpoint",
        )


def _require(answer: Any, *members: str) -> None:
    """Every answer of S3 has these. One without is a proxy's, and says nothing of the store."""
    missing = [member for member in members if member not in answer]
    if missing:
        raise ResponseParserError(f"the answer is not one of S3's: it has no {missing[0]}")
