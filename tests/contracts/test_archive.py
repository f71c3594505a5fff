"""What every archive guarantees (``plans.storage.archive``), held against each backend."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

import plans.storage.archive
from plans.errors import Conflict, KeyTaken, Refused
from plans.names import plan_key, plans_prefix
from plans.storage.archive import Archive
from plans.storage.files import FileArchive
from tests.contracts import races
from tests.contracts.conftest import OpenArchive, SharedArchive

KEY = plan_key("dns/example.com", 7)
BODIES = [b"", b"{}", bytes(range(256)), b"\r\n\0", b"x" * 1_000_003]
BAD_KEYS = [
    "", "/", "/etc/passwd", "a/", "a//b", ".", "..", "a/../b", "../a", "a/./b", "a/..", "ä",
    "a\nb", "a\0b", ".control", ".control/lock",
]  # fmt: skip


def keys_of(archive: Archive, prefix: str = "", after: str = "") -> list[str]:
    return list(archive.list(prefix, after))


# create and read


@pytest.mark.parametrize("body", BODIES, ids=len)
def test_what_was_created_is_read_back_byte_for_byte(archive: Archive, body: bytes) -> None:
    archive.create(KEY, body)
    found = archive.read(KEY)
    assert found is not None
    assert found.body == body


def test_every_client_reads_what_one_has_created(open_archive: OpenArchive) -> None:
    reader = open_archive()
    assert reader.read(KEY) is None
    open_archive().create(KEY, b"plan")
    found = reader.read(KEY)
    assert found is not None
    assert found.body == b"plan"
    assert keys_of(reader) == [KEY]


def test_a_key_that_was_never_created_reads_as_none(archive: Archive) -> None:
    assert archive.read(KEY) is None
    archive.create(plan_key("dns/example.com", 8), b"the next one")
    assert archive.read(KEY) is None


@pytest.mark.parametrize("again", [b"plan", b"other"], ids=["same bytes", "other bytes"])
def test_a_second_create_is_refused_and_changes_nothing(archive: Archive, again: bytes) -> None:
    archive.create(KEY, b"plan")
    before = archive.read(KEY)
    with pytest.raises(KeyTaken):
        archive.create(KEY, again)
    assert archive.read(KEY) == before
    assert keys_of(archive) == [KEY]


def test_f8_a_create_sent_twice_is_told_apart_by_reading_back(open_archive: OpenArchive) -> None:
    ours, theirs = open_archive(), open_archive()
    ours.create(KEY, b"ours")
    theirs.create(plan_key("dns/example.com", 8), b"theirs")
    decided = []
    for generation in (7, 8):
        key = plan_key("dns/example.com", generation)
        with pytest.raises(KeyTaken):
            ours.create(key, b"ours")
        found = ours.read(key)
        assert found is not None
        decided.append("mine" if found.body == b"ours" else "another's")
    assert decided == ["mine", "another's"]


@pytest.mark.parametrize("key", BAD_KEYS, ids=repr)
def test_a_key_that_is_no_path_of_segments_is_a_programming_error(
    archive: Archive, key: str
) -> None:
    with pytest.raises(ValueError, match="not an archive key"):
        archive.create(key, b"plan")
    with pytest.raises(ValueError, match="not an archive key"):
        archive.read(key)
    with pytest.raises(ValueError, match="not an archive key"):
        archive.bury(key, b"tombstone", "etag")
    if "/" in key:
        with pytest.raises(ValueError, match="not an archive key"):
            archive.list(f"{key}/")
    assert keys_of(archive) == []


PUNCTUATED = [
    "a b", " a", "a ", "a%20b", "a+b", "a&b", "a=b?c", 'a"b', "a<b>'", "a\\b", "a~b", "a;b:c@d",
    "a#b", "{x}|^`", "a*b$c,d!(e)[f]", "...", ".a/..b/c..",
]  # fmt: skip


@pytest.mark.parametrize("key", PUNCTUATED)
def test_a_key_of_punctuation_is_only_a_key(archive: Archive, key: str) -> None:
    archive.create(key, b"plan")
    with pytest.raises(KeyTaken):
        archive.create(key, b"other")
    found = archive.read(key)
    assert found is not None
    archive.bury(key, b"tombstone", found.etag)
    assert keys_of(archive) == [key]
    assert keys_of(archive, key[:1]) == [key]


# sizes


def test_an_object_of_another_size_than_wanted_is_refused_and_left_as_it_is(
    archive: Archive,
) -> None:
    body = b"x" * 300_000
    archive.create(KEY, body)
    for size in (0, 299_999, 300_001):
        with pytest.raises(Refused) as refused:
            archive.read(KEY, size=size)
        assert refused.value.rule == "object-size"
    found = archive.read(KEY, size=300_000)
    assert found is not None
    assert found.body == body
    assert archive.read(plan_key("dns/example.com", 8), size=1) is None


def test_what_nobody_would_read_is_never_stored(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.create(KEY, b"12345")
    read = archive.read(KEY)
    assert read is not None
    with monkeypatch.context() as patch:
        patch.setattr(plans.storage.archive, "OBJECT_BYTES_MAX", 4)
        with pytest.raises(Refused, match="object-size"):
            archive.create(plan_key("dns/example.com", 8), b"12345")
        with pytest.raises(Refused, match="object-size"):
            archive.bury(KEY, b"54321", read.etag)
        with pytest.raises(Refused, match="object-size"):
            archive.read(KEY)
    assert keys_of(archive) == [KEY]
    assert archive.read(KEY) == read


# bury


def test_bury_replaces_an_unchanged_object_by_the_tombstone(archive: Archive) -> None:
    archive.create(KEY, b"plan")
    read = archive.read(KEY)
    assert read is not None
    archive.bury(KEY, b"tombstone", read.etag)
    found = archive.read(KEY)
    assert found is not None
    assert found.body == b"tombstone"
    assert found.etag != read.etag
    assert keys_of(archive) == [KEY]


def test_a_buried_object_cannot_be_buried_again_by_who_read_the_plan(archive: Archive) -> None:
    archive.create(KEY, b"plan")
    read = archive.read(KEY)
    assert read is not None
    archive.bury(KEY, b"first", read.etag)
    with pytest.raises(Conflict):
        archive.bury(KEY, b"second", read.etag)
    found = archive.read(KEY)
    assert found is not None
    assert found.body == b"first"


def test_bury_of_a_key_that_does_not_exist_conflicts_and_creates_nothing(archive: Archive) -> None:
    with pytest.raises(Conflict):
        archive.bury(KEY, b"tombstone", "any etag")
    assert archive.read(KEY) is None
    archive.create(KEY, b"plan")


def test_f7_a_planner_that_slept_cannot_create_a_pruned_generation_again(
    open_archive: OpenArchive,
) -> None:
    slow, others = open_archive(), open_archive()
    assert keys_of(slow, plans_prefix("dns/example.com")) == []
    for generation in range(7, 41):
        others.create(plan_key("dns/example.com", generation), b"plan %d" % generation)
    read = others.read(KEY)
    assert read is not None
    others.bury(KEY, b"tombstone of 7", read.etag)
    with pytest.raises(KeyTaken):
        slow.create(KEY, b"other bytes")
    found = slow.read(KEY)
    assert found is not None
    assert found.body == b"tombstone of 7"


# list


NESTED = ["a", "a-b", "a.b", "a0/1", "ab/-", "ab/c", "ab/c.json", "ab-c/d", "b/c/d", "b/c0", "z"]


def test_an_archive_without_objects_lists_nothing(archive: Archive) -> None:
    assert keys_of(archive) == []
    assert keys_of(archive, plans_prefix("dns/example.com")) == []


def test_list_ascends_by_the_bytes_of_whole_keys(archive: Archive) -> None:
    for key in random.Random(1).sample(NESTED, len(NESTED)):
        archive.create(key, key.encode())
    assert keys_of(archive) == sorted(NESTED)


@pytest.mark.parametrize("prefix", ["", "a", "ab", "ab/", "ab/c", "b/c", "b/c/", "c", "zz"])
def test_list_has_all_keys_of_a_prefix_above_after_and_no_others(
    archive: Archive, prefix: str
) -> None:
    for key in NESTED:
        archive.create(key, b"")
    points = {key[:n] for key in NESTED for n in range(len(key) + 1)} | {"ab/c~", "b/c/a", "~"}
    for after in points:
        expected = sorted(key for key in NESTED if key.startswith(prefix) and key > after)
        assert keys_of(archive, prefix, after) == expected


def test_list_agrees_with_sorting_whatever_the_keys(archive: Archive) -> None:
    chance = random.Random(2)
    folders, names = ["a/", "a-/", "a.0/", "aa/", "b/"], ["x", "x-", "x.y", "xx", "-"]
    keys = {
        "".join(chance.choices(folders, k=chance.randrange(3))) + chance.choice(names)
        for _ in range(80)
    }
    for key in keys:
        archive.create(key, b"")
    for _ in range(100):
        near, other = chance.choice(sorted(keys)), chance.choice(sorted(keys))
        prefix = near[: chance.randrange(len(near) + 1)]
        after = other[: chance.randrange(len(other) + 1)]
        expected = sorted(key for key in keys if key.startswith(prefix) and key > after)
        assert keys_of(archive, prefix, after) == expected


def test_the_head_is_found_by_listing_from_the_pointer_on(archive: Archive) -> None:
    for generation in (1, 2, 9, 10, 11, 99, 100, 101):
        archive.create(plan_key("dns/example.com", generation), b"plan")
    archive.create(plan_key("dns/example.org", 5), b"another stream's")
    pointer = plan_key("dns/example.com", 10)
    found = keys_of(archive, plans_prefix("dns/example.com"), pointer)
    assert found == [plan_key("dns/example.com", g) for g in (11, 99, 100, 101)]


# races


def test_of_racing_creates_of_one_key_exactly_one_wins(
    racers: races.Racers, shared_archive: SharedArchive
) -> None:
    won = racers.race(races.create_rounds, *shared_archive)
    races.assert_one_winner_each(won)


def test_of_racing_buries_of_one_object_exactly_one_wins_and_the_key_stays_taken(
    racers: races.Racers, shared_archive: SharedArchive
) -> None:
    won = racers.race(races.bury_rounds, *shared_archive)
    races.assert_one_winner_each(won)


def test_who_lists_during_creates_sees_whole_objects_and_no_gaps(
    racers: races.Racers, shared_archive: SharedArchive
) -> None:
    assert all(racers.race(races.watch_or_create, shared_archive.open, 30))


def test_the_race_detects_a_create_that_checks_and_then_opens(
    racers: races.Racers, tmp_path: Path
) -> None:
    FileArchive(tmp_path).prepare()
    opened = partial(races.CreatesByOpening, tmp_path)
    with pytest.raises(AssertionError):
        races.assert_one_winner_each(racers.race(races.create_rounds, opened, 1))


def test_the_race_detects_a_bury_without_a_lock(racers: races.Racers, tmp_path: Path) -> None:
    FileArchive(tmp_path).prepare()
    opened = partial(races.BuriesWithoutLock, tmp_path)
    with pytest.raises(AssertionError):
        races.assert_one_winner_each(racers.race(races.bury_rounds, opened, 1))
