"""What a terminal gets, through rich, and what a pipe gets, which is plain and always the same."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable

import pytest

import planfence.render.progress
from planfence.app import App, Flags, Outside
from planfence.output import Block, Grid, Line, as_text, plain_text
from planfence.render.progress import progress
from planfence.render.terminal import as_terminal_text
from tests.planfence.project import STREAM, Project

DIGEST = "0123456789abcdef" * 4
EVIL = "[bold]x[/bold] [link=https://evil.example]y[/link] :smile: \x1b[2J\u202e \\[red]"
SHOWN = "[bold]x[/bold] [link=https://evil.example]y[/link] :smile: \\x1b[2J\\u202e \\[red]"


def bare(text: str) -> str:
    """Text without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_markup_and_control_characters_of_documents_are_shown_as_they_are() -> None:
    blocks: list[Block] = [Line(EVIL, "loud"), Grid(((EVIL, EVIL),), ("A", "B"))]
    text = as_terminal_text(blocks, {"COLUMNS": "400"})
    assert bare(text).count(SHOWN) == 3
    assert set(re.findall(r"\x1b\[[^m]*m", text)) <= {"\x1b[1m", "\x1b[0m", "\x1b[2m"}
    assert plain_text(blocks).count(SHOWN) == 3


def test_a_grid_is_folded_to_the_width_and_loses_nothing() -> None:
    grid = Grid(((DIGEST, "a" * 90, "b"),), indent="  ", styles=("loud",))
    rows = bare(as_terminal_text([grid], {"COLUMNS": "60"})).splitlines()
    assert len(rows) > 1
    assert max(map(len, rows)) <= 60
    assert all(row.startswith("  ") for row in rows)
    columns = "".join(row[2:].split("  ")[0] for row in rows)
    assert columns.startswith(DIGEST[:10])
    assert sum(row.count("a") for row in rows) == 90 + DIGEST.count("a")


def test_the_columns_that_tell_rows_apart_are_not_folded_while_there_is_room() -> None:
    rows = (("passed", "never-empty", "29 left", "limit: at least 1 record set left"),)
    shown = bare(as_terminal_text([Grid(rows)], {"COLUMNS": "40"}))
    assert shown.startswith("  ".join(rows[0][:2]))
    assert max(map(len, shown.splitlines())) <= 40


@pytest.mark.parametrize("columns", [1, 20, 30, 64, 65])
def test_no_column_is_lost_however_narrow_the_terminal(columns: int) -> None:
    cells = tuple(letter * 9 for letter in "abcdefgh")
    shown = bare(as_terminal_text([Grid((cells, cells[::-1]))], {"COLUMNS": str(columns)}))
    assert {letter: shown.count(letter) for letter in "abcdefgh"} == dict.fromkeys("abcdefgh", 18)


def test_a_line_is_left_to_the_terminal_so_that_a_command_can_be_copied() -> None:
    command = f"planfence enact {STREAM} 7 --digest {DIGEST}"
    assert as_terminal_text([Line(command)], {"COLUMNS": "20"}) == f"{command}\n"


@pytest.mark.parametrize("columns", ["", "0", "x", "-3"])
def test_a_width_that_is_none_is_not_used(columns: str) -> None:
    assert as_terminal_text([Grid((("a", "b"),))], {"COLUMNS": columns}) == "a  b\n"


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, True),
        ({"TERM": "xterm"}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "unknown"}, False),
    ],
)
def test_only_a_terminal_that_wants_them_gets_colours(
    environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    blocks = (Line("x", "added"), Grid((("a", "b"),)))
    assert as_text(blocks, environment) == ("\x1b[32mx\x1b[0m\na  b\n" if coloured else "x\na  b\n")


def test_what_is_piped_does_not_depend_on_the_terminal(project: Project) -> None:
    project.start()
    project.plan()
    first = project.ok("show", STREAM).out
    project.environment |= {"COLUMNS": "20", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    assert project.ok("show", STREAM).out == first
    assert project.digest(1) in first
    assert "\x1b" not in first


# Progress


class AtOnce:
    """A timer for which the time has come."""

    def __init__(self, seconds: float, show: Callable[[], None]) -> None:
        self.show = show

    def start(self) -> None:
        self.show()

    def cancel(self) -> None: ...
    def join(self) -> None: ...


class Never(AtOnce):
    """A timer that is cancelled before its time."""

    def start(self) -> None: ...


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_with_its_counts_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    with progress(f"verifying {EVIL}", 200, AtOnce) as told:
        told(50)
    text = terminal.getvalue()
    assert SHOWN in bare(text)
    assert "50/200" in bare(text)
    assert text.endswith("\x1b[2K")  # the line is cleared


def test_work_that_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("reading", None, Never) as told:
        told(1)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("environment", "quiet", "terminal"),
    [({}, False, False), ({}, True, True), ({"TERM": "dumb"}, False, True)],
)
def test_progress_is_for_terminals_only(
    environment: dict[str, str], quiet: bool, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("progress was shown")

    monkeypatch.setattr(planfence.render.progress, "progress", never)
    monkeypatch.setattr(sys, "stderr", Terminal() if terminal else io.StringIO())
    app = App(Outside(environment=environment), Flags(quiet=quiet))
    with app.working("reading") as told:
        told(1)


def test_a_pass_tells_what_it_reads(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = planfence.render.progress.progress

    def watched(what: str, total: int | None) -> object:
        seen.append(what if total is None else f"{what}, {total}")
        return real(what, total, Never)

    project.start()
    monkeypatch.setattr(planfence.render.progress, "progress", watched)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    project.ok("plan", STREAM)
    assert seen == [
        "reading the desired state",
        "observing zonefile:out/a.zone",
        "observing zonefile:out/b.zone",
    ]
    seen.clear()
    project.ok("journal", STREAM, "--verify")
    assert seen == [f"verifying the journal of {STREAM}, 1"]
