"""Which tests count as coverage of a line: those that are about the code, not those that search.

A line that only a seeded schedule, a fuzzer or a model happens to reach is not tested by it in any
way that a reader could find. And measuring makes Python three times as slow, which these tests feel
most.
"""

from __future__ import annotations

import os
from pathlib import Path

import coverage
import pytest

TESTS = Path(__file__).resolve().parent
# Beside those that search: the tests of what other tests are made of.
UNMEASURED = frozenset(
    TESTS / folder
    for folder in """
    differential doubles emulators fuzz histories model processes properties simulation
    """.split()
)
# Coverage measures a process that is started with it: ``patch = ["subprocess"]`` puts it there.
CHILDREN = "COVERAGE_PROCESS_CONFIG"


class OnlyWhatCounts:
    """Stops measuring for tests that do not count, here and in the processes that they start."""

    def __init__(self, measuring: coverage.Coverage) -> None:
        self._coverage = measuring
        self._children = os.environ[CHILDREN]
        self._on = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self._measure(UNMEASURED.isdisjoint(item.path.parents))

    def pytest_sessionfinish(self) -> None:
        self._measure(True)

    def _measure(self, on: bool) -> None:
        if on and not self._on:
            os.environ[CHILDREN] = self._children
            self._coverage.start()
        elif self._on and not on:
            self._coverage.stop()
            del os.environ[CHILDREN]
        self._on = on
