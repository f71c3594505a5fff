"""A follower hands out every entry, in order and once, in memory that does not grow."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from plans.errors import Failed, Refused, Unavailable
from plans.follower import BEGINNING, Follower, JournalGap, place_after
from plans.journal import Draft, End, Entry, end_after, entry_id, record
from plans.storage.register import Item
from tests.builders import STREAM, FixedClock
from tests.doubles.faults import Faults, FaultyRegister, unavailable
from tests.doubles.memory import MemoryRegister

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def draft(number: int) -> Draft:
    return Draft("claimed", MOMENT, "eve", f"{number:032x}", number)


def entries(count: int) -> Iterator[Entry]:
    """A journal of so many entries, chained, one at a time."""
    end = BEGINNING
    for number in range(1, count + 1):
        entry = draft(number).placed(STREAM, end.sequence + 1, end.hashed)
        yield entry
        end = end_after(entry)


def follower(clock: FixedClock | None = None, after: End = BEGINNING, **limits: float) -> Follower:
    return Follower(STREAM, clock or FixedClock(), after, **limits)  # type: ignore[arg-type]


def numbers(found: Iterator[Entry]) -> list[int]:
    return [entry.sequence for entry in found]


@pytest.mark.parametrize("seed", range(20))
def test_in_whatever_order_and_number_entries_come_each_is_handed_out_once_in_order(
    seed: int,
) -> None:
    dice = random.Random(seed)
    journal = list(entries(300))
    delivered = [entry for entry in journal for _ in range(dice.randint(1, 3))]
    dice.shuffle(delivered)
    ours = follower()
    assert numbers(ours.follow(delivered)) == list(range(1, 301))
    assert numbers(ours.follow(delivered)) == []
    assert ours.watermark == end_after(journal[-1])


def test_a_follower_begins_where_its_watermark_was_kept() -> None:
    journal = list(entries(10))
    first = follower()
    assert numbers(first.follow(journal[:6])) == [1, 2, 3, 4, 5, 6]
    assert numbers(follower(after=first.watermark).follow(journal)) == [7, 8, 9, 10]


def test_who_begins_after_an_entry_begins_with_the_next() -> None:
    register = MemoryRegister()
    for number in range(1, 6):
        record(register, STREAM, draft(number))
    for sequence in range(6):
        begun = follower(after=place_after(register, STREAM, sequence))
        assert numbers(begun.read(register)) == list(range(sequence + 1, 6))


def test_nobody_begins_after_an_entry_that_is_not_there() -> None:
    """There is no hash to hold the next one against."""
    register = MemoryRegister()
    for number in range(1, 6):
        record(register, STREAM, draft(number))
    with pytest.raises(Refused, match=r"has no entry 6 .*found none from there on") as caught:
        place_after(register, STREAM, 6)
    assert caught.value.rule == "journal-after"
    with pytest.raises(Refused, match=r"has no entry 3 .*found entry 4 next"):
        place_after(Holed(register, Faults()), STREAM, 3)


def test_what_comes_again_is_dropped_by_its_number_however_long_ago_it_was() -> None:
    """A cache of ids forgets the oldest, and then takes it for new."""
    journal = list(entries(5_000))
    ours = follower()
    assert len(numbers(ours.follow(journal))) == 5_000
    assert numbers(ours.follow(journal[:10])) == []


def test_the_buffer_is_bounded_and_what_it_drops_is_read_again() -> None:
    register = MemoryRegister()
    for number in range(1, 60):
        record(register, STREAM, draft(number))
    ours = follower(waiting_max=5)
    journal = list(follower().read(register))
    assert numbers(ours.follow(reversed(journal[1:]))) == []
    assert sorted(ours._waiting) == [2, 3, 4, 5, 6]
    assert numbers(ours.read(register)) == list(range(1, 60))
    assert not ours._waiting


def test_memory_does_not_grow_with_the_journal() -> None:
    def peak(count: int) -> int:
        ours = follower(waiting_max=50)
        tracemalloc.start()
        handed = sum(1 for _ in ours.follow(entries(count)))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert handed == count
        return most

    assert peak(40_000) < 1.5 * peak(1_000) + 20_000


def test_a_place_that_stays_empty_raises_an_alarm_and_nothing_behind_it_is_handed_out() -> None:
    clock = FixedClock()
    journal = list(entries(9))
    ours = follower(clock, gap_seconds=60.0)
    assert numbers(ours.follow(journal[:3] + journal[4:])) == [1, 2, 3]
    clock.sleep(59)
    ours.check()
    clock.sleep(1)
    with pytest.raises(JournalGap) as caught:
        ours.check()
    assert "entry 4 of dns/example.com has been missing for 60 s, and 5 later" in str(caught.value)
    assert (caught.value.rule, caught.value.exit_code) == ("journal-gap", 1)
    assert numbers(ours.follow([journal[3]])) == [4, 5, 6, 7, 8, 9]
    ours.check()


def test_a_gap_is_as_old_as_itself_and_not_as_the_one_before_it() -> None:
    clock = FixedClock()
    journal = list(entries(9))
    ours = follower(clock, gap_seconds=60.0)
    list(ours.follow([journal[1]]))
    clock.sleep(50)
    assert numbers(ours.follow([journal[0], journal[5]])) == [1, 2]
    clock.sleep(50)
    ours.check()
    clock.sleep(10)
    with pytest.raises(JournalGap, match="entry 3 "):
        ours.check()


def test_reading_from_a_register_with_a_hole_raises_the_alarm_too() -> None:
    clock = FixedClock()
    register = MemoryRegister()
    for number in range(1, 6):
        record(register, STREAM, draft(number))
    holed = Holed(register, Faults())
    ours = follower(clock, gap_seconds=10.0)
    assert numbers(ours.read(holed)) == [1, 2]
    clock.sleep(10)
    with pytest.raises(JournalGap):
        list(ours.read(holed))


class Holed(FaultyRegister):
    """A register whose third journal entry is not there."""

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        found = super().scan(pk, prefix, after)
        return (item for item in found if item.key.sk != f"{3:012d}")


def test_an_entry_that_does_not_follow_the_one_before_it_is_refused() -> None:
    journal = list(entries(3))
    altered = journal[1].model_copy(update={"by": "mallory"})
    ours = follower()
    assert numbers(ours.follow([journal[0], altered])) == [1, 2]
    with pytest.raises(Failed, match=r"entry 3 of dns/example\.com does not follow") as caught:
        list(ours.follow([journal[2]]))
    assert caught.value.rule == "journal-broken"
    other = draft(1).placed("dns/other", 1, BEGINNING.hashed)
    with pytest.raises(Failed, match=r"entry 1 of dns/example\.com does not follow"):
        list(follower().follow([other]))


def test_a_register_that_fails_is_an_error_and_its_silence_has_an_age() -> None:
    """The watch of the first report swallowed its error, and read as "nothing happened"."""
    clock, faults = FixedClock(), Faults()
    register = FaultyRegister(MemoryRegister(), faults)
    record(register, STREAM, draft(1))
    ours = follower(clock)
    assert numbers(ours.read(register)) == [1]
    clock.sleep(7)
    faults.next("scan", "journal", unavailable)
    with pytest.raises(Unavailable):
        list(ours.read(register))
    assert ours.silent_seconds == 7
    record(register, STREAM, draft(2))
    assert numbers(ours.read(register)) == [2]
    assert ours.silent_seconds == 0


def test_ids_of_one_moment_are_as_many_as_the_events() -> None:
    """Type and millisecond were the key in the first report; two events of one were one."""
    made = (draft(number) for number in range(100_000))
    assert len({entry_id(STREAM, each, {}) for each in made}) == 100_000


def test_an_id_keeps_its_parts_apart_and_has_no_clock_in_it() -> None:
    def of(by: str, attempt: str, at: datetime = MOMENT, **details: str) -> str:
        told = Draft("claimed", at, by, attempt, 7, None, tuple(details.items()))
        return entry_id(STREAM, told, details)

    assert of("ab", "c") != of("a", "bc")
    assert of("a", "b", x="y") != of("a", "b", xy="")
    assert of("a", "b", step="1") != of("a", "b", step="2")
    assert of("a", "b") == of("a", "b", at=datetime(2030, 1, 1, tzinfo=UTC))
