"""The journal: an append-only record of what was tried and what happened.

Invariants (G7):

1. Sequence numbers of a stream are 1, 2, 3, ... without gaps or repeats.
2. Each entry names the one before it by the SHA-256 of its bytes.
3. An entry is written in the same transaction as what it tells of, or not at all.

``record`` is the one way to write it, and with it the one way to make a journaled change.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from plans.document import (
    DigestText,
    Document,
    GenerationNumber,
    IdText,
    Timestamp,
    decode,
    digest_of,
    encode,
)
from plans.errors import ConditionFailed, Conflict, Failed, Unavailable, Unknown
from plans.names import journal_key, journal_last_key, journal_partition
from plans.storage.register import (
    Absent,
    Action,
    All,
    Attributes,
    Condition,
    Put,
    Register,
    Where,
)

EntryKind = Literal[
    "created",
    "settings",
    "approved",
    "rejected",
    "held",
    "released",
    "override",
    "rollback",
    "break-glass",
    "pinned",
    "unpinned",
    "marked",
    "withdrawn",
    "pruned",
    "lease-lost",
    "lease-taken",
    "claimed",
    "resumed",
    "applied",
    "ended",
]
GENESIS = hashlib.sha256(b"planfence/journal/v1").hexdigest()
RACES_MAX = 1_000
RESENDS_MAX = 10
LOOKBACK = 200
TOKEN_LENGTH = 32


class Entry(Document):
    """One journal entry. ``previous`` is the SHA-256 of the entry before it, byte for byte.

    ``id`` is what the entry tells of, by ``entry_id``: the same however often it is told.
    """

    schema_version: Literal["planfence/entry/v1"] = Field("planfence/entry/v1", alias="schema")
    stream: str
    sequence: Annotated[int, Field(ge=1)]
    id: DigestText
    previous: DigestText
    kind: EntryKind
    at: Timestamp
    by: str
    attempt: IdText
    generation: GenerationNumber | None
    digest: DigestText | None
    details: dict[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has its place in the journal."""

    kind: EntryKind
    at: Timestamp
    by: str
    attempt: str
    generation: int | None = None
    digest: str | None = None
    details: tuple[tuple[str, str], ...] = ()

    def placed(self, stream: str, sequence: int, previous: str) -> Entry:
        return Entry(
            stream=stream,
            sequence=sequence,
            id=entry_id(stream, self, dict(self.details)),
            previous=previous,
            kind=self.kind,
            at=self.at,
            by=self.by,
            attempt=self.attempt,
            generation=self.generation,
            digest=self.digest,
            details=dict(self.details),
        )


def entry_id(stream: str, told: Draft | Entry, details: Mapping[str, str]) -> str:
    """SHA-256 over stream, generation, step, kind and payload, each with its length before it.

    No clock is in it, and nothing that could run two different events together: two events of one
    millisecond have two ids, and one event that is told twice has one.
    """
    payload = [told.by, told.attempt, told.digest or ""]
    payload += [part for detail in sorted(details.items()) for part in detail]
    generation, step = str(told.generation or ""), details.get("step", "")
    return _hashed([stream, generation, step, told.kind, _hashed(payload)])


def _hashed(parts: Sequence[str]) -> str:
    whole = [len(part).to_bytes(8, "big") + part for part in map(str.encode, parts)]
    return hashlib.sha256(b"".join(whole)).hexdigest()


@dataclass(frozen=True, slots=True)
class End:
    """Where a journal ends: the last sequence number and the SHA-256 of its entry's bytes."""

    sequence: int
    hashed: str


def end_after(entry: Entry) -> End:
    """The end of a journal whose last entry this is."""
    return End(entry.sequence, digest_of(encode(entry)))


def record(
    register: Register,
    stream: str,
    draft: Draft,
    *actions: Action,
    end: End | None = None,
    races_max: int = RACES_MAX,
) -> Entry:
    """Do the actions and journal them, in one transaction: both or neither.

    Two writers interleave: A and B both read sequence 7 as the last. A's transaction lands; B's
    fails on ``last`` (and on the entry's absence), re-reads, and is sent again for 9, with its own
    conditions evaluated anew by the store. A lost answer: the entry at the sequence it was sent
    with decides (schedule S15). Ours: done. Another's: ours can never land any more, since that
    key is taken for ever, so it is sent for the next. Nobody's: the same bytes are sent again; if
    the first is delivered late after all, one of the two finds the sequence taken.

    Args:
        end: where the caller saw the journal end, to save reading it. It is only a guess: the
            transaction's conditions tell whether it is so, and the end is read if it is not.
        races_max: how many places are tried. With 1 the entry follows ``end`` or is not written:
            for what was decided on the journal as it was read.

    Returns:
        The entry as written; its presence proves that the actions were written with it.

    Raises:
        ConditionFailed: a condition of ``actions`` does not hold; nothing was written. Its indices
            and items are those of ``actions``.
        Unknown: the fate could not be decided because the register stopped answering.
        Unavailable: nothing was written.
        Conflict: another's entry was there first, so often; nothing was written.
    """
    for _ in range(races_max):
        if end is None:
            end = read_end(register, stream)
        entry = draft.placed(stream, end.sequence + 1, end.hashed)
        if _send(register, stream, entry, _unmoved(end), actions) == "written":
            return entry
        end = None
    raise Conflict(
        f"lost {races_max} races for the next place in the journal of {stream}",
        rule="journal-contended",
        remedy="run the command again",
    )


def read_end(register: Register, stream: str) -> End:
    """Where the journal ends now.

    Raises:
        Failed: what says so is not readable (rule ``journal-corrupt``).
        Unavailable: the register cannot be read.
    """
    return as_end(register.read(journal_last_key(stream)), stream)


def as_end(last: Attributes | None, stream: str) -> End:
    """The end that the journal's ``last`` item tells.

    Raises:
        Failed: it tells none (rule ``journal-corrupt``).
    """
    if last is None:
        return End(0, GENESIS)
    sequence, hashed = last.get("sequence"), last.get("hash")
    if (
        not isinstance(sequence, int)
        or not isinstance(hashed, str)
        or re.fullmatch("[0-9a-f]{64}", hashed) is None
    ):
        raise Failed(
            f"the end of the journal of {stream} is not readable",
            rule="journal-corrupt",
            remedy=f"run `planfence journal {stream} --verify`",
        )
    return End(sequence, hashed)


def _unmoved(end: End) -> Condition:
    """That nobody wrote an entry after this end."""
    if end.sequence == 0:
        return Absent()
    return All((Where("sequence", "=", end.sequence), Where("hash", "=", end.hashed)))


def _send(
    register: Register, stream: str, entry: Entry, unmoved: Condition, actions: tuple[Action, ...]
) -> Literal["written", "raced"]:
    body = encode(entry).decode()
    hashed = digest_of(body.encode())
    key = journal_key(stream, entry.sequence)
    transaction = (
        *actions,
        Put(key, {"document": body}, Absent()),
        Put(
            journal_last_key(stream),
            {"sequence": entry.sequence, "hash": hashed},
            unmoved,
        ),
    )
    # The entry has the attempt and the sequence, so that no other write is ever named so; and the
    # name covers all of the transaction, since the same entry may be tried with other actions. What
    # the transaction has beside the two follows from the entry.
    token = digest_of(f"{body}{actions!r}".encode())[:TOKEN_LENGTH]
    lost: Unknown | ConditionFailed | None = None
    for _ in range(RESENDS_MAX):
        try:
            register.write(*transaction, token=token)
            return "written"
        except (Unknown, ConditionFailed) as error:
            lost = error
        except Unavailable as silence:
            if lost is None:
                raise
            raise _undecided(stream) from silence  # an earlier send may still be on its way
        try:
            there = register.read(key)
        except Unavailable as silence:
            raise _undecided(stream) from silence
        if there is not None:
            # Taken: by our own earlier send, or by another's, and then ours can never land.
            return "written" if there.get("document") == body else "raced"
        if isinstance(lost, ConditionFailed):
            mine = [index for index in lost.failed if index < len(actions)]
            if mine:
                raise ConditionFailed(lost.what, failed=mine, items=lost.items[: len(actions)])
            return "raced"
    raise _undecided(stream)


def _undecided(stream: str) -> Unknown:
    return Unknown(
        f"the journal of {stream} gave no certain answer to a write",
        rule="outcome-unknown",
        remedy="run the command again: it finds out what happened before it does anything",
    )


def read_entries(register: Register, stream: str, after: int = 0) -> Iterator[Entry]:
    """Entries in order, from ``after`` on (not included).

    Raises:
        Failed: an entry is not readable (rule ``journal-corrupt``).
        Unavailable: the register cannot be read.
    """
    start = f"{after:012d}" if after > 0 else ""
    for item in register.scan(journal_partition(stream), "", start):
        if item.key.sk != "last":
            yield _entry(stream, item.key.sk, item.attributes.get("document"))


def _entry(stream: str, place: str, body: object) -> Entry:
    try:
        if not isinstance(body, str):
            raise TypeError("no document")
        return decode(Entry, body.encode(), what=f"journal entry {place} of {stream}")
    except Exception as error:
        raise Failed(
            f"journal entry {place} of {stream} is not readable: {error}",
            rule="journal-corrupt",
            remedy="the journal was altered from outside: compare it with a backup",
        ) from error


def recent_entries(register: Register, stream: str, count: int = LOOKBACK) -> list[Entry]:
    """The last ``count`` entries, in order."""
    last = register.read(journal_last_key(stream))
    sequence = last.get("sequence") if last else 0
    after = max(0, sequence - count) if isinstance(sequence, int) else 0
    return list(read_entries(register, stream, after))


def verify(
    register: Register, stream: str, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Check sequence and hash chain from the first entry to the last.

    Returns:
        How many entries there are.

    Raises:
        Failed: the first entry that is missing, repeated, out of order or altered, by number.
    """
    expected_sequence, previous = 1, GENESIS
    for entry in read_entries(register, stream):
        if entry.sequence != expected_sequence or entry.stream != stream:
            raise _broken(stream, expected_sequence, "is missing or out of order")
        if entry.id != entry_id(stream, entry, entry.details):
            raise _broken(stream, expected_sequence, "was altered after it was written")
        if entry.previous != previous:
            raise _broken(stream, expected_sequence - 1, "was altered after it was written")
        previous = digest_of(encode(entry))
        progress(entry.sequence)
        expected_sequence += 1
    last = register.read(journal_last_key(stream))
    found = (last.get("sequence"), last.get("hash")) if last else (0, GENESIS)
    if found != (expected_sequence - 1, previous):
        raise _broken(stream, expected_sequence, "is missing, or the last one was altered")
    return expected_sequence - 1


def _broken(stream: str, sequence: int, how: str) -> Failed:
    return Failed(
        f"journal entry {sequence} of {stream} {how}",
        rule="journal-broken",
        remedy="somebody wrote to the register around planfence: compare it with a backup",
    )
