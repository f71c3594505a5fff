"""Following a journal: every entry in order, each exactly once, in memory that does not grow.

Guarantees:

1. Entries are handed out by sequence, 1 after another, whatever order they come in and however
   often. How far it got is one number, the watermark: what is at or below it was handed out, and is
   dropped when it comes again. No set of what was seen is kept, so that none can forget.
2. An entry that comes before its turn waits in a buffer of at most ``WAITING_MAX``; where that is
   full, the one furthest ahead is dropped, since the register has it for ever.
3. Each entry names the one handed out before it by its hash, or it is refused: nobody follows a
   journal that was altered.
4. A place that stays empty is an alarm (``JournalGap``), and so is a register that does not answer:
   neither ever reads as "nothing happened".

Exactly once holds for one follower. Who must keep that over restarts keeps ``watermark`` together
with what it did, in one write, and begins there again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from plans.clock import Clock
from plans.errors import Failed, Refused
from plans.journal import GENESIS, End, Entry, end_after, read_entries
from plans.storage.register import Register

WAITING_MAX: Final = 1_000
GAP_SECONDS: Final = 60.0

BEGINNING: Final = End(0, GENESIS)


class JournalGap(Failed):
    """An entry is missing for too long, while later ones are there."""


def place_after(register: Register, stream: str, sequence: int) -> End:
    """The watermark at an entry, for who begins to follow after it; 0: at the beginning.

    Raises:
        Refused: the journal has no such entry (rule ``journal-after``).
        Failed: the entry is not readable.
        Unavailable: the register does not answer.
    """
    if sequence == 0:
        return BEGINNING
    entry = next(read_entries(register, stream, sequence - 1), None)
    if entry is None or entry.sequence != sequence:
        raise Refused(
            f"the journal of {stream} has no entry {sequence}",
            rule="journal-after",
            expected="an entry that is there",
            actual=f"entry {entry.sequence} next" if entry else "none from there on",
            remedy=f"see `planfence journal {stream}` for the newest",
        )
    return end_after(entry)


class Follower:
    """One consumer's place in the journal of one stream.

    Args:
        clock: whose monotonic time tells how old a gap is.
        after: the watermark: the last entry that was handed out before, and its hash.
        waiting_max: how many entries may wait for their turn.
        gap_seconds: how long a place may stay empty before ``check`` raises the alarm.
    """

    def __init__(
        self,
        stream: str,
        clock: Clock,
        after: End = BEGINNING,
        *,
        waiting_max: int = WAITING_MAX,
        gap_seconds: float = GAP_SECONDS,
    ) -> None:
        self.stream = stream
        self.watermark = after
        self._clock = clock
        self._waiting_max = waiting_max
        self._gap_seconds = gap_seconds
        self._waiting: dict[int, Entry] = {}
        self._gap_since: float | None = None
        self._heard = clock.monotonic()

    @property
    def silent_seconds(self) -> float:
        """How long ago the register answered last, or this follower began."""
        return self._clock.monotonic() - self._heard

    def read(self, register: Register) -> Iterator[Entry]:
        """What the register has beyond the watermark, each as it is handed out.

        Raises:
            Failed: the journal was altered, or an entry is not readable.
            JournalGap: as for ``check``.
            Unavailable: the register does not answer; what was handed out stays so.
        """
        yield from self.follow(read_entries(register, self.stream, self.watermark.sequence))
        self._heard = self._clock.monotonic()
        self.check()

    def follow(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Entries from anywhere, in any order and number: those whose turn it is.

        Raises:
            Failed: an entry does not follow the one before it (rule ``journal-broken``).
        """
        for entry in entries:
            if entry.sequence > self.watermark.sequence:
                self._waiting[entry.sequence] = entry
                yield from self._in_turn()
                if len(self._waiting) > self._waiting_max:
                    del self._waiting[max(self._waiting)]
        waits = bool(self._waiting)
        if not waits:
            self._gap_since = None
        elif self._gap_since is None:
            self._gap_since = self._clock.monotonic()

    def check(self) -> None:
        """Raise the alarm, if the next place has been empty for too long.

        Raises:
            JournalGap: it has.
        """
        if self._gap_since is None:
            return
        seconds = self._clock.monotonic() - self._gap_since
        if seconds >= self._gap_seconds:
            raise JournalGap(
                f"journal entry {self.watermark.sequence + 1} of {self.stream} has been missing for"
                f" {seconds:.0f} s, and {len(self._waiting)} later ones wait for it",
                rule="journal-gap",
                remedy=f"run `planfence journal {self.stream} --verify`",
            )

    def _in_turn(self) -> Iterator[Entry]:
        while (entry := self._waiting.pop(self.watermark.sequence + 1, None)) is not None:
            if entry.previous != self.watermark.hashed or entry.stream != self.stream:
                raise Failed(
                    f"journal entry {entry.sequence} of {self.stream} does not follow the one"
                    " before it",
                    rule="journal-broken",
                    remedy="somebody wrote to the register around planfence: run"
                    f" `planfence journal {self.stream} --verify`",
                )
            self.watermark = end_after(entry)
            self._gap_since = None
            yield entry
