"""Burying one object: it is replaced by a tombstone, on the condition that it is what was read.

Nothing is deleted, attachments neither: no role needs the right to, and every key that was ever
taken stays taken (ADR 0008).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from plans.document import digest_of, encode
from plans.errors import Conflict, Refused, Unknown
from plans.plan import Tombstone
from plans.published import is_tombstone
from plans.storage.archive import Archive, Stored

Buried = Literal["buried", "missing", "changed"]
SENDS_MAX = 10


def read_object(archive: Archive, key: str) -> Stored | None:
    """An object, or None where there is none, or one that is too large to be planfence's.

    Raises:
        Refused, Unavailable: it could not be read.
    """
    try:
        return archive.read(key)
    except Refused as refusal:
        if refusal.rule != "object-size":
            raise
        return None


def bury(archive: Archive, key: str, generation: int, digest: str | None) -> Buried:
    """Bury an object, unless it is buried already.

    Interleavings of the conditional replacement: another janitor buries it between our reading and
    our writing, then the condition fails in the store, and what is read next is a tombstone. Our
    own answer is lost, or our own first send arrives late: the same. Somebody puts other bytes
    there, which no planfence does: they are read next, and are not the ones that were meant.
    ``create`` finds the key taken before and after.

    Args:
        digest: of the only bytes that may be buried; None: whatever is there.

    Returns:
        What stands there now: a tombstone, nothing, or other bytes.

    Raises:
        Unknown: no certain answer within the bounded sends; the next run reads what stands there.
        Unavailable: the archive cannot be used.
    """
    for _ in range(SENDS_MAX):
        stored = read_object(archive, key)
        if stored is None:
            return "missing"
        if is_tombstone(stored.body):
            return "buried"
        found = digest_of(stored.body)
        if digest is not None and found != digest:
            return "changed"
        tombstone = encode(Tombstone(generation=generation, digest=found))
        try:
            archive.bury(key, tombstone, stored.etag)
            return "buried"
        except (Conflict, Unknown):
            continue  # what stands there now decides
    raise Unknown(
        f"the archive gave no certain answer for {key}",
        rule="outcome-unknown",
        remedy="run the command again: it finds out what was buried before it does anything",
    )


def buriable(archive: Archive, keys: Iterable[str]) -> tuple[str, ...]:
    """Those of the keys that something stands under which is no tombstone yet."""
    return tuple(key for key in keys if _stands(archive, key))


def _stands(archive: Archive, key: str) -> bool:
    stored = read_object(archive, key)
    return stored is not None and not is_tombstone(stored.body)
