"""Which refusals a test run provoked: every one in the catalogue must be, by the whole suite.

Each ``PlanfenceError`` that the code makes, in this process, is recorded with the line that made it
and its rule, and each refusal of a command line with its line. An error that a test or a double
makes itself is not: it proves nothing of the code. One that our code makes where the catalogue sees
no refusal fails the run too: nothing may get around it.
Runs of a part of the suite record too, and are not held to it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from docs.catalogue import ROOMS, Place, catalogue, usage_places
from plans.errors import PlanfenceError

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"

Made = tuple[str, int, str]
"""File, line and rule."""

OUTPUT = "every-refusal-provoked"


class EveryRefusalProvoked:
    """Makes a run of the whole suite fail that left a refusal unprovoked, and names it."""

    def __init__(self) -> None:
        self.made: set[Made] = set()
        self.usages: set[tuple[str, int]] = set()
        self.whole = False
        self.missing: list[str] = []
        self.uninstall: Callable[[], None] = lambda: None

    def install(self) -> None:
        """Record every error from now on. Costs one walk up the stack for each."""
        original = PlanfenceError.__init__

        def recording(error: PlanfenceError, *arguments: Any, **named: Any) -> None:
            original(error, *arguments, **named)
            frame = sys._getframe(1)
            while frame.f_back is not None and frame.f_code.co_name == "__init__":
                frame = frame.f_back
            self.made.add((frame.f_code.co_filename, frame.f_lineno, error.rule))

        usage_original = click.UsageError.__init__

        def recording_usage(error: click.UsageError, *arguments: Any, **named: Any) -> None:
            usage_original(error, *arguments, **named)
            frame = sys._getframe(1)
            # Out of click, whose own methods some are made by, to the first line that is ours.
            while frame.f_back is not None and _ours(frame.f_code.co_filename) is None:
                frame = frame.f_back
            self.usages.add((frame.f_code.co_filename, frame.f_lineno))

        def uninstall() -> None:
            PlanfenceError.__init__ = original  # type: ignore[method-assign]
            click.UsageError.__init__ = usage_original  # type: ignore[method-assign]

        self.uninstall = uninstall
        PlanfenceError.__init__ = recording  # type: ignore[assignment, method-assign]
        click.UsageError.__init__ = recording_usage  # type: ignore[assignment, method-assign]

    def unprovoked(self, places: tuple[Place, ...]) -> list[str]:
        """Each rule of each place that nothing made there, as ``file:line class [rule]``."""
        return [
            f"{place} [{rule}]"
            for place in places
            for rule in place.rules
            if not any(_at(place, made) and made[2] == rule for made in self.made)
        ]

    def unprovoked_usages(self) -> list[str]:
        """Each refusal of a command line that nothing made, as ``file:line usage``."""
        return [
            f"{file}:{first} usage"
            for file, first, last in usage_places()
            if not any(_ours(path) == file and first <= line <= last for path, line in self.usages)
        ]

    def unseen(self, places: tuple[Place, ...]) -> list[str]:
        """Each line of ours that made an error and is no place of the catalogue."""
        return sorted(
            f"{_ours(made[0])}:{made[1]} [{made[2]}] is not in the catalogue"
            for made in self.made
            if _ours(made[0]) is not None and not any(_at(place, made) for place in places)
        )

    def pytest_deselected(self) -> None:
        self.whole = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # Before any plug-in deselects: what is deselected afterwards is told by the hook above.
        self.whole = {item.path for item in items} >= set(TESTS.rglob("test_*.py"))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a worker of pytest-xdist saw. One that crashed has failed the run anyway."""
        made, usages, self.whole = getattr(node, "workeroutput", {}).get(OUTPUT, ([], [], False))
        self.made.update(made)
        self.usages.update(usages)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[OUTPUT] = (self.made, self.usages, self.whole)
        elif self.whole and session.exitstatus == pytest.ExitCode.OK:
            places = catalogue()
            self.missing = [
                *self.unprovoked(places),
                *self.unprovoked_usages(),
                *self.unseen(places),
            ]
            if self.missing:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.missing:
            terminalreporter.section("refusals that no test provokes", red=True)
            for each in self.missing:
                terminalreporter.line(each)


def _ours(path: str) -> str | None:
    """The file's name in the catalogue, if it is one of the rooms'."""
    file = Path(path)
    if not file.is_relative_to(ROOT) or file.relative_to(ROOT).parts[0] not in ROOMS:
        return None
    return file.relative_to(ROOT).as_posix()


def _at(place: Place, made: Made) -> bool:
    return place.first_line <= made[1] <= place.last_line and Path(made[0]) == ROOT / place.file
