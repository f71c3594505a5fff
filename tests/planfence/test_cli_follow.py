"""``journal --follow``: every entry as it comes, and a silence that is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from planfence.following import POLL_SECONDS
from plans.errors import Unavailable
from plans.journal import Draft, record
from plans.names import journal_key
from plans.storage.register import Item
from plans.storage.sqlite import SqliteRegister
from tests.planfence.project import STREAM, FixedClock, Project, Ran

ROOT = Path(__file__).parents[2]
FOLLOW = ("journal", STREAM, "--follow")


@dataclass
class EventfulClock(FixedClock):
    """A clock in whose sleeps something happens; after the last of them somebody interrupts."""

    events: list[Callable[[], object]] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if not self.events:
            raise KeyboardInterrupt
        self.events.pop(0)()


def register_of(project: Project) -> SqliteRegister:
    return SqliteRegister(project.root / ".planfence/register.db")


def journaled(project: Project, count: int) -> None:
    """So many entries more."""
    register = register_of(project)
    for number in range(count):
        attempt = f"{next(project.ids):032x}"
        draft = Draft("claimed", project.clock.now(), "eve@lab", attempt, number + 1)
        record(register, STREAM, draft)
    register.close()


def followed(project: Project, *events: Callable[[], object], flags: tuple[str, ...] = ()) -> Ran:
    """Follow for one poll, and for one more after each event."""
    project.clock = EventfulClock(project.clock.time, events=list(events))
    return project.run(*FOLLOW, *flags, others_write=bool(events))


def sequences(ran: Ran) -> list[int]:
    return [int(line.split()[0]) for line in ran.out.splitlines()]


@pytest.fixture
def begun(project: Project) -> Project:
    """A project whose journal has five entries."""
    project.start()
    journaled(project, 4)
    return project


def test_entries_are_shown_as_they_come_each_once_until_an_interrupt(begun: Project) -> None:
    ran = followed(begun, lambda: journaled(begun, 2), lambda: None, lambda: journaled(begun, 1))
    assert sequences(ran) == list(range(1, 9))
    assert ran.code == 130
    assert f"`planfence journal {STREAM} --follow --after 8` goes on from here" in ran.err
    assert "Traceback" not in ran.err


def test_it_begins_with_the_newest_or_after_a_number_and_ends_nowhere(begun: Project) -> None:
    assert sequences(followed(begun, flags=("--limit", "2"))) == [4, 5]
    assert sequences(followed(begun, flags=("--after", "3"))) == [4, 5]
    assert sequences(followed(begun, flags=("--after", "0"))) == [1, 2, 3, 4, 5]
    assert sequences(followed(begun, flags=("--after", "5"))) == []
    newer = followed(begun, lambda: journaled(begun, 60), flags=("--after", "5", "--limit", "1"))
    assert sequences(newer) == list(range(6, 66))


def test_in_json_each_entry_is_one_line(begun: Project) -> None:
    ran = followed(begun, lambda: journaled(begun, 1), flags=("--format", "json"))
    documents = [json.loads(line) for line in ran.out.splitlines()]
    assert [each["sequence"] for each in documents] == [1, 2, 3, 4, 5, 6]
    assert {each["schema"] for each in documents} == {"planfence/entry/v1"}


def test_what_an_emergency_did_and_a_lost_lease_stand_out(begun: Project) -> None:
    register = register_of(begun)
    for kind in ("break-glass", "lease-lost", "lease-taken"):
        attempt = f"{next(begun.ids):032x}"
        record(register, STREAM, Draft(kind, begun.clock.now(), "eve", attempt, 1))
    register.close()
    ran = followed(begun, flags=("--limit", "3"))
    assert [line.split()[3] for line in ran.out.splitlines()] == [
        "BREAK-GLASS",
        "LEASE-LOST",
        "LEASE-TAKEN",
    ]


@pytest.mark.parametrize("flags", [(), ("--quiet",)])
def test_a_register_that_does_not_answer_is_told_with_its_age_and_asked_again(
    begun: Project, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    """The watch of the first report had a handler that did nothing: silence read as no change."""
    scan = SqliteRegister.scan
    down = [False]

    def silent(self: SqliteRegister, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        if down[0]:
            raise Unavailable("nobody answers", rule="register-unavailable")
        return scan(self, pk, prefix, after)

    def falls() -> None:
        journaled(begun, 1)
        down[0] = True

    monkeypatch.setattr(SqliteRegister, "scan", silent)
    ran = followed(begun, falls, lambda: None, lambda: down.__setitem__(0, False), flags=flags)
    told = [line for line in ran.err.splitlines() if "register" in line]
    unheard = "planfence: unavailable: nobody answers [register-unavailable]; nothing is known of"
    assert told == [
        f"{unheard} the journal of {STREAM} for {POLL_SECONDS:.0f} s",
        f"{unheard} the journal of {STREAM} for {2 * POLL_SECONDS:.0f} s",
        f"planfence: the register answers again about {STREAM}",
    ]
    assert sequences(ran) == [1, 2, 3, 4, 5, 6], "and nothing was missed"


@pytest.mark.parametrize("flags", [(), ("--format", "json")])
def test_an_entry_that_was_altered_ends_it_with_1(begun: Project, flags: tuple[str, ...]) -> None:
    register = register_of(begun)
    body = str((register.read(journal_key(STREAM, 2)) or {})["document"])
    register.close()
    begun.overwrite_item(journal_key(STREAM, 2), document=body.replace("eve@lab", "mal@lab"))
    ran = followed(begun, flags=flags)
    assert ran.code == 1
    assert "[journal-broken]" in ran.err
    lines = ran.out.splitlines()
    if flags:
        assert [json.loads(line).get("rule") for line in lines] == [None, None, "journal-broken"]
    else:
        assert len(lines) == 2


@pytest.mark.parametrize("after", ["6", "999"])
def test_to_begin_after_an_entry_that_is_not_there_is_refused(begun: Project, after: str) -> None:
    ran = begun.refused(3, "journal-after", *FOLLOW, "--after", after)
    assert f"the journal of {STREAM} has no entry {after}" in ran.err


@pytest.mark.parametrize("flags", [("--format", "markdown"), ("--json-into", "out.json")])
def test_what_has_no_end_is_no_comment_and_no_file(begun: Project, flags: tuple[str, ...]) -> None:
    ran = begun.run(*FOLLOW, *flags, others_write=True)
    assert ran.code == 64
    assert "--follow has no end" in ran.err


def test_a_reader_that_goes_away_ends_it(begun: Project) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(
        [sys.executable, "-m", "planfence", *FOLLOW],
        cwd=begun.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=writer,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(writer)
        _, err = process.communicate()
    assert (process.returncode, err) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_ends_it_with_5_and_says_how_to_go_on(
    begun: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        ran = begun.run(*FOLLOW)
        monkeypatch.undo()
    assert ran.code == 5
    assert "cannot write the output: No space left on device [output-unwritable]" in ran.err
    assert "--follow --after 1` goes on from here" in ran.err
