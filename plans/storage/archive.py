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
from typing import Final, Protocol

from plans.errors import Refused

# A plan of 100,000 changes has 12 MB. What is larger is nobody's plan, and would fill the memory.
OBJECT_BYTES_MAX: Final = 256 * 1024 * 1024
# The first segment of what a backend keeps for itself, which no key has.
CONTROL: Final = ".control"


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as read: its bytes, and the backend's token for "unchanged since"."""

    body: bytes
    etag: str


def valid_segment(name: str) -> bool:
    """Whether a key may have this between its slashes."""
    return name not in ("", ".", "..") and name.isascii() and name.isprintable()


def valid_key(key: str) -> bool:
    """Segments of printable ASCII, none of them empty, ``.`` or ``..``, the first not ``.control``.

    So a key is also a relative path below any folder, and none names what a backend keeps.
    """
    segments = key.split("/")
    return all(map(valid_segment, segments)) and segments[0] != CONTROL


def check_key(key: str) -> None:
    """Raises ``ValueError`` for what is no key."""
    if not valid_key(key):
        raise ValueError(f"not an archive key: {key!r}")


def check_prefix(prefix: str) -> None:
    """Raises ``ValueError`` for a prefix whose folders no key has."""
    folder, slash, _ = prefix.rpartition("/")
    if slash:
        check_key(folder)


def check_new(key: str, body: bytes) -> None:
    """Refuse to store what nobody would read.

    Raises:
        Refused: the body is larger than any object may be.
    """
    if len(body) > OBJECT_BYTES_MAX:
        raise Refused(
            f"{key} is larger than an object may be",
            rule="object-size",
            expected=f"at most {OBJECT_BYTES_MAX} bytes",
            actual=f"{len(body)} bytes",
            remedy="make the stream's desired state smaller, or make two streams of it",
        )


def check_size(name: str, found: int, wanted: int | None) -> None:
    """Refuse an object by its size, before its body is read.

    Raises:
        Refused: it is not of the size wanted, or larger than any object may be.
    """
    most = OBJECT_BYTES_MAX if wanted is None else wanted
    if found > most or (wanted is not None and found != wanted):
        raise Refused(
            f"{name} is not of the size it must have",
            rule="object-size",
            expected=f"{'at most ' if wanted is None else ''}{most} bytes",
            actual=f"{found} bytes",
            remedy="it was pruned, or somebody else wrote it: publish a new plan with"
            " `planfence plan`",
        )


class Archive(Protocol):
    """Write-once storage of plans and their attachments. Keys are as ``valid_key`` says.

    Every method may also raise ``Refused``: the store denies it, or does not do what it must, and
    nothing was changed.
    """

    def create(self, key: str, body: bytes) -> None:
        """Store ``body`` under a new key.

        Raises:
            Refused: it is larger than ``OBJECT_BYTES_MAX`` (rule ``object-size``).
            KeyTaken: the key exists. Whether the bytes there are ours is for the caller to read.
            Unknown: the write was sent and its fate is not known; read back before deciding.
            Unavailable: nothing was written (a full disk, no permission, store unreachable).
        """
        ...

    def read(self, key: str, *, size: int | None = None) -> Stored | None:
        """The object, or None if there is none.

        Args:
            size: how many bytes it must have. Another size is refused without reading the body.

        Raises:
            Refused: it is of another size (rule ``object-size``), or larger than
                ``OBJECT_BYTES_MAX``.
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
