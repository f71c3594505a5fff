"""The journal has no gaps, no repeats and one order, whatever becomes of the answers (G7, S15)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from functools import partial

import pytest

from plans.document import digest_of, encode
from plans.errors import ConditionFailed, Conflict, Failed, Unavailable, Unknown
from plans.journal import (
    GENESIS,
    RACES_MAX,
    RESENDS_MAX,
    Draft,
    Entry,
    read_entries,
    recent_entries,
    record,
    verify,
)
from plans.names import Key, journal_key, journal_last_key, journal_partition
from plans.storage.register import Absent, Action, Check, Either, Item, Put, Register, Where
from tests.builders import STREAM, FixedClock, overwrite_item
from tests.doubles.faults import (
    Fault,
    Faults,
    FaultyRegister,
    after,
    answering,
    lost_after,
    lost_before,
    twice,
    unavailable,
)
from tests.doubles.memory import MemoryRegister

FACT = Key("decision#" + STREAM, "fact")
LAST = journal_last_key(STREAM)


def draft(number: int) -> Draft:
    return Draft(
        "ended", FixedClock().now(), "ada", f"{number:032x}", details=(("n", str(number)),)
    )


def write(register: Register, number: int) -> Entry:
    return record(register, STREAM, draft(number))


def numbers(register: Register) -> list[str]:
    """Which drafts the journal holds, in order, after it was verified."""
    assert verify(register, STREAM) == len(list(read_entries(register, STREAM)))
    return [entry.details["n"] for entry in read_entries(register, STREAM)]


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def register(faults: Faults) -> FaultyRegister:
    return FaultyRegister(MemoryRegister(), faults)


def test_entries_are_numbered_without_gaps_and_each_names_the_one_before(
    register: Register,
) -> None:
    entries = [write(register, number) for number in range(5)]
    assert [entry.sequence for entry in entries] == [1, 2, 3, 4, 5]
    assert list(read_entries(register, STREAM)) == entries
    previous = GENESIS
    for entry in entries:
        assert entry.previous == previous
        previous = digest_of(encode(entry))
    seen: list[int] = []
    assert verify(register, STREAM, seen.append) == 5
    assert seen == [1, 2, 3, 4, 5]


def test_an_empty_journal_is_whole() -> None:
    assert verify(MemoryRegister(), STREAM) == 0
    assert recent_entries(MemoryRegister(), STREAM) == []


def test_entries_can_be_read_from_the_end(register: Register) -> None:
    for number in range(5):
        write(register, number)
    assert [entry.sequence for entry in recent_entries(register, STREAM, 2)] == [4, 5]
    assert [entry.sequence for entry in recent_entries(register, STREAM)] == [1, 2, 3, 4, 5]
    assert [entry.sequence for entry in read_entries(register, STREAM, after=3)] == [4, 5]


def test_a_transaction_is_named_by_its_entry_and_by_every_action() -> None:
    class Named(MemoryRegister):
        def write(self, *actions: Action, token: str | None = None) -> None:
            names.append(token)
            super().write(*actions, token=token)

    names: list[str | None] = []
    entries = [(0, "n", 1), (0, "n", 1), (1, "n", 1), (0, "m", 1), (0, "n", 2)]
    for number, name, value in entries:
        record(Named(), STREAM, draft(number), Put(FACT, {name: value}, Absent()))
    record(Named(), STREAM, draft(0), Put(FACT, {"n": 1}, Either((Absent(),))))
    record(Named(), STREAM, draft(0), Check(FACT, Absent()))
    assert names[0] == names[1]
    assert len(set(names)) == len(names) - 1


# Lost answers and duplicates (S15)


@pytest.mark.parametrize("fault", [lost_before, lost_after, twice])
@pytest.mark.parametrize("earlier", [0, 1])
def test_a_lost_or_doubled_answer_writes_exactly_one_entry_with_its_action(
    register: FaultyRegister, faults: Faults, fault: Fault, earlier: int
) -> None:
    for number in range(earlier):
        write(register, number)
    faults.next("write", "last", fault)
    entry = record(register, STREAM, draft(7), Put(FACT, {"n": 7}, Absent()))
    assert entry.sequence == earlier + 1
    assert numbers(register) == [*map(str, range(earlier)), "7"]
    assert register.read(FACT) == {"n": 7}


@pytest.mark.parametrize(
    "script", list(itertools.product([lost_before, lost_after, twice], repeat=3))
)
def test_any_three_bad_answers_in_a_row_still_write_exactly_one_entry(
    register: FaultyRegister, faults: Faults, script: tuple[Fault, ...]
) -> None:
    for fault in script:
        faults.next("write", "last", fault)
    record(register, STREAM, draft(1), Put(FACT, {"n": 1}, Absent()))
    write(register, 2)
    assert numbers(register)[0] == "1"
    assert sorted(numbers(register)) == ["1", "2"]


def test_another_writer_in_between_sends_ours_to_the_next_place(
    register: FaultyRegister, faults: Faults
) -> None:
    write(register, 0)
    faults.next("write", "last", after(lambda: write(register.inner, 1)))
    assert write(register, 2).sequence == 3
    assert numbers(register) == ["0", "1", "2"]


def test_another_writer_after_a_lost_request_takes_the_place_and_ours_can_never_land_there(
    register: FaultyRegister, faults: Faults
) -> None:
    def lost_then_overtaken(send: Callable[[], object]) -> None:
        write(register.inner, 1)
        lost_before(send)

    faults.next("write", "last", lost_then_overtaken)
    assert write(register, 2).sequence == 2
    assert numbers(register) == ["1", "2"]


def test_a_late_duplicate_after_other_entries_finds_its_place_taken(
    register: FaultyRegister, faults: Faults
) -> None:
    late: list[Callable[[], object]] = []

    def kept(send: Callable[[], object]) -> None:
        late.append(send)
        send()

    faults.next("write", "last", kept)
    write(register, 1)
    write(register, 2)
    with pytest.raises(ConditionFailed):
        late[0]()
    assert numbers(register) == ["1", "2"]


def test_a_register_that_never_answers_gives_an_unknown_outcome(
    register: FaultyRegister, faults: Faults
) -> None:
    faults.next("write", "last", lost_before, times=RESENDS_MAX)
    with pytest.raises(Unknown) as caught:
        write(register, 1)
    assert caught.value.rule == "outcome-unknown"
    assert numbers(register) == []


def test_a_register_that_goes_silent_after_a_write_gives_an_unknown_outcome(
    register: FaultyRegister, faults: Faults
) -> None:
    # Not plain ``Unavailable``, which says that nothing was written: here everything was.
    faults.next("write", "last", lost_after)
    faults.next("read", f"{1:012d}", unavailable)
    with pytest.raises(Unknown):
        write(register, 1)
    assert numbers(register) == ["1"]


def test_a_register_that_refuses_to_serve_writes_nothing(
    register: FaultyRegister, faults: Faults
) -> None:
    faults.next("write", "last", unavailable)
    with pytest.raises(Unavailable) as caught:
        write(register, 1)
    assert not isinstance(caught.value, Unknown)
    assert numbers(register) == []


# Conditions of what is journaled


def test_a_condition_that_does_not_hold_writes_no_entry_and_keeps_its_place(
    register: Register,
) -> None:
    first = Put(FACT, {"n": 1}, Absent())
    with pytest.raises(ConditionFailed) as caught:
        record(
            register,
            STREAM,
            draft(1),
            Check(FACT, Absent()),
            Check(LAST._replace(pk="settings#x"), Where("n", "=", 1)),
        )
    assert caught.value.failed == (1,)
    assert caught.value.items == (None, None)
    record(register, STREAM, draft(2), first)
    with pytest.raises(ConditionFailed) as caught:
        record(register, STREAM, draft(3), first)
    assert (caught.value.failed, caught.value.items) == ((0,), ({"n": 1},))
    assert numbers(register) == ["2"]


def test_what_was_lost_once_is_not_called_unwritten_when_the_register_goes_away(
    register: FaultyRegister, faults: Faults
) -> None:
    faults.next("write", "last", lost_before)
    faults.next("write", "last", unavailable)
    with pytest.raises(Unknown, match="no certain answer"):
        write(register, 1)
    assert numbers(register) == []


def test_a_condition_is_evaluated_again_after_a_lost_race(
    register: FaultyRegister, faults: Faults
) -> None:
    put = Put(FACT, {"n": 1}, Absent())
    faults.next("write", "fact", after(lambda: record(register.inner, STREAM, draft(1), put)))
    with pytest.raises(ConditionFailed) as caught:
        record(register, STREAM, draft(2), put)
    assert caught.value.failed == (0,)
    assert numbers(register) == ["1"]


def test_a_race_lost_a_thousand_times_ends(register: FaultyRegister, faults: Faults) -> None:
    other = itertools.count(1)
    faults.next("write", "last", after(lambda: write(register.inner, next(other))), times=RACES_MAX)
    with pytest.raises(Conflict) as caught:
        write(register, 0)
    assert caught.value.rule == "journal-contended"
    assert len(numbers(register)) == RACES_MAX


def test_an_end_that_moved_without_an_entry_is_read_again(
    register: FaultyRegister, faults: Faults
) -> None:
    write(register, 0)
    held = register.read(LAST)
    assert held is not None
    strange = partial(overwrite_item, register.inner, LAST, sequence=1, hash="f" * 64)
    mended = partial(overwrite_item, register.inner, LAST, **held)
    faults.next("write", "last", after(strange))
    faults.next("write", "last", after(mended))
    write(register, 1)
    assert numbers(register) == ["0", "1"]


@pytest.mark.parametrize(
    "end",
    [{"sequence": "1", "hash": GENESIS}, {"sequence": 1, "hash": 0}, {"sequence": 1, "hash": "?"}],
)
def test_an_unreadable_end_stops_writing(register: Register, end: dict[str, object]) -> None:
    overwrite_item(register, LAST, **end)
    with pytest.raises(Failed) as caught:
        write(register, 1)
    assert caught.value.rule == "journal-corrupt"
    assert recent_entries(register, STREAM) == []


# Verifying


def tampered(register: Register, edit: Callable[[list[Item]], list[Item]]) -> MemoryRegister:
    """A register with an edited journal, as somebody with access around planfence makes it."""
    copy = MemoryRegister()
    for item in edit(list(register.scan(journal_partition(STREAM)))):
        copy.write(Put(item.key, item.attributes, Absent()))
    return copy


def moved(item: Item, sequence: int) -> Item:
    return Item(journal_key(STREAM, sequence), item.attributes)


def altered(item: Item, **fields: str) -> Item:
    document = json.loads(str(item.attributes["document"])) | (fields or {"by": "eve"})
    body = json.dumps(document, separators=(",", ":")) + "\n"
    return Item(item.key, {"document": body})


TAMPERINGS: dict[str, tuple[Callable[[list[Item]], list[Item]], str]] = {
    "first missing": (lambda items: items[1:], "entry 1 of dns/example.com is missing"),
    "one missing": (lambda items: items[:2] + items[3:], "entry 3 of dns/example.com is missing"),
    "last missing": (lambda items: items[:4] + items[5:], "entry 5 of dns/example.com is missing"),
    "tail truncated": (lambda items: items[:2] + items[5:], "entry 3 of dns/example.com is miss"),
    "all missing": (lambda items: items[5:], "entry 1 of dns/example.com is missing"),
    "end missing": (lambda items: items[:5], "entry 6 of dns/example.com is missing"),
    "repeated": (
        lambda items: [*items[:2], moved(items[1], 3), *items[3:]],
        "entry 3 of dns/example.com is missing or out of order",
    ),
    "repeated at the end": (
        lambda items: [*items, moved(items[4], 6)],
        "entry 6 of dns/example.com is missing or out of order",
    ),
    "reordered": (
        lambda items: [items[0], moved(items[2], 2), moved(items[1], 3), *items[3:]],
        "entry 2 of dns/example.com is missing or out of order",
    ),
    "altered": (
        lambda items: [items[0], altered(items[1]), *items[2:]],
        "entry 2 of dns/example.com was altered",
    ),
    "last altered": (
        lambda items: [*items[:4], altered(items[4]), items[5]],
        "entry 5 of dns/example.com was altered",
    ),
    "time of one altered": (
        lambda items: [
            items[0],
            altered(items[1], at="2001-01-01T00:00:00Z"),
            *items[2:],
        ],
        "entry 2 of dns/example.com was altered",
    ),
    "time of the last altered": (
        lambda items: [*items[:4], altered(items[4], at="2001-01-01T00:00:00Z"), items[5]],
        "the last one was altered",
    ),
}


@pytest.mark.parametrize("case", TAMPERINGS)
def test_verify_names_the_first_entry_that_is_wrong(register: Register, case: str) -> None:
    for number in range(5):
        write(register, number)
    edit, said = TAMPERINGS[case]
    with pytest.raises(Failed, match=said) as caught:
        verify(tampered(register, edit), STREAM)
    assert caught.value.rule == "journal-broken"


def test_an_entry_of_another_stream_is_out_of_order(register: Register) -> None:
    entry = record(register, "dns/other", draft(1))
    overwrite_item(register, journal_key(STREAM, 1), document=encode(entry).decode())
    with pytest.raises(Failed, match=r"entry 1 of dns/example\.com is missing or out"):
        verify(register, STREAM)


@pytest.mark.parametrize("attributes", [{"document": "{}"}, {"document": 1}, {"other": "x"}])
def test_an_unreadable_entry_is_named(register: Register, attributes: dict[str, object]) -> None:
    write(register, 0)
    overwrite_item(register, journal_key(STREAM, 2), **attributes)
    with pytest.raises(Failed, match=f"entry {2:012d} of {STREAM} is not readable") as caught:
        verify(register, STREAM)
    assert caught.value.rule == "journal-corrupt"


def test_a_journal_that_cannot_be_read_is_not_called_broken(
    register: FaultyRegister, faults: Faults
) -> None:
    faults.next("scan", "journal", unavailable)
    with pytest.raises(Unavailable):
        verify(register, STREAM)
    faults.next("read", "last", answering(None))
    assert verify(register, STREAM) == 0
