"""Which refusals a test run provoked: every one in the catalogue must be, by the whole suite.

Each ``PlanfenceError`` that the code makes, in this process, is recorded with the line that made it
and its rule. An error that a test or a double makes itself is not: it proves nothing of the code.
Runs of a part of the suite record too, and are not held to it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docs.catalogue import Place, catalogue
from plans.errors import PlanfenceError

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"

Made = tuple[str, int, str]
"""File, line and rule."""


class EveryRefusalProvoked:
    """Makes a run of the whole suite fail that left a refusal unprovoked, and names it."""

    def __init__(self) -> None:
        self.made: set[Made] = set()
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

        def uninstall() -> None:
            PlanfenceError.__init__ = original  # type: ignore[method-assign]

        self.uninstall = uninstall
        PlanfenceError.__init__ = recording  # type: ignore[assignment, method-assign]

    def unprovoked(self, places: tuple[Place, ...]) -> list[str]:
        """Each rule of each place that nothing made there, as ``file:line class [rule]``."""
        return [
            f"{place} [{rule}]"
            for place in places
            for rule in place.rules
            if not any(_at(place, made) and made[2] == rule for made in self.made)
        ]

    def pytest_deselected(self) -> None:
        self.whole = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # Before any plug-in deselects: what is deselected afterwards is told by the hook above.
        self.whole = {item.path for item in items} >= set(TESTS.rglob("test_*.py"))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.whole and session.exitstatus == pytest.ExitCode.OK:
            self.missing = self.unprovoked(catalogue())
            if self.missing:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.missing:
            terminalreporter.section("refusals that no test provokes", red=True)
            for each in self.missing:
                terminalreporter.line(each)


def _at(place: Place, made: Made) -> bool:
    return place.first_line <= made[1] <= place.last_line and Path(made[0]) == ROOT / place.file
