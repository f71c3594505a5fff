"""Ten million of a thing, or fewer: for what is only wrong in large numbers."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from plans.follower import BEGINNING, Follower
from plans.journal import Draft, Entry, end_after, entry_id
from tests.builders import STREAM, FixedClock

MOMENT: Final = datetime(2026, 1, 1, tzinfo=UTC)  # at which the clock stands
_BUCKETS: Final = 256
_PAGE_BYTES: Final = 4096


def drafts(count: int) -> Iterator[Draft]:
    """So many different events of one kind, at one moment."""
    for number in range(1, count + 1):
        yield Draft("claimed", MOMENT, "eve", f"{number:032x}", number)


def entries(count: int) -> Iterator[Entry]:
    """A journal of so many entries, chained, one at a time."""
    end = BEGINNING
    for each in drafts(count):
        entry = each.placed(STREAM, end.sequence + 1, end.hashed)
        yield entry
        end = end_after(entry)


def id_of(draft: Draft) -> str:
    """What the journal names an event by."""
    return entry_id(STREAM, draft, {})


def collisions(count: int, named: Callable[[Draft], str] = id_of) -> int:
    """How many of so many names, each a SHA-256, are another's too.

    By their first 64 bits: ids that are equal are equal there. In buckets, so that ten million need
    no more than 80 MB.
    """
    buckets = [array("Q") for _ in range(_BUCKETS)]
    for each in drafts(count):
        start = int(named(each)[:16], 16)
        buckets[start % _BUCKETS].append(start)
    return count - sum(len(set(bucket)) for bucket in buckets)


def resident_bytes() -> int:
    """What this process holds, by the kernel's word: coarse, and costs nothing."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES


class Consumer(Protocol):
    """Hands out entries that come."""

    def follow(self, entries: Iterable[Entry]) -> Iterator[Entry]: ...


class Growth(NamedTuple):
    """Entries that were handed out, and what is held more after them than after a tenth."""

    handed_out: int
    grown_bytes: int


def growth(
    count: int, consumer: Consumer | None = None, held: Callable[[], int] = resident_bytes
) -> Growth:
    """What a consumer, ours unless another is given, keeps of a journal of so many entries."""
    consumer = consumer or Follower(STREAM, FixedClock())
    handed_out = before = 0
    for entry in consumer.follow(entries(count)):
        handed_out += 1
        assert entry.sequence == handed_out
        if handed_out == max(1, count // 10):
            before = held()
    return Growth(handed_out, held() - before)
