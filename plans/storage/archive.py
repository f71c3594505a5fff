"""The Archive: write-once objects.

Guarantees every backend gives (``tests/contracts/test_archive.py`` holds each of them to it):

1. ``create`` succeeds at most once per key, for ever, whoever races: a key that was buried or read
   stays taken.
2. An object is seen whole or not at all; what ``create`` acknowledged survives a crash.
3. ``list`` is in ascending byte order of keys and complete: an error is an error, never "no more".
4. ``bury`` replaces an object by a tombstone only if it is unchanged since it was read.

Not guaranteed: that an object is still there. Archives get lost; every caller must cope.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as read: its bytes, and the backend's token for "unchanged since"."""

    body: bytes
    etag: str


class Archive(Protocol):
    """Write-once storage of plans and their attachments. Keys are ``/``-separated ASCII."""

    def create(self, key: str, body: bytes) -> None:
        """Store ``body`` under a new key.

        Raises:
            KeyTaken: the key exists. Whether the bytes there are ours is for the caller to read.
            Unknown: the write was sent and its fate is not known; read back before deciding.
            Unavailable: nothing was written (a full disk, no permission, store unreachable).
        """
        ...

    def read(self, key: str) -> Stored | None:
        """The object, or None if there is none.

        Raises:
            Unavailable: it could not be read; this never means that it is not there.
        """
        ...

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys that start with ``prefix`` and sort after ``after``, ascending.

        Raises:
            Unavailable: the listing is not complete.
        """
        ...

    def bury(self, key: str, tombstone: bytes, etag: str) -> None:
        """Replace the object by a tombstone, so that its key stays taken for ever.

        Raises:
            Conflict: the object is not the one that was read under ``etag``, or is gone.
            Unknown, Unavailable: as for ``create``.
        """
        ...
