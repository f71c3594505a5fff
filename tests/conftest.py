"""Rules for every test run.

Where ``CI`` is set, a test that did not run is a failure: a suite that skips is green for the wrong
reason. An expected failure counts only where a mark on the test declares it.
"""

from __future__ import annotations

import os

import coverage
import pytest
from hypothesis import settings

from tests.measured import OnlyWhatCounts
from tests.provoked import EveryRefusalProvoked

# A server starts when a test asks for one.
pytest_plugins = ["tests.emulators.fixtures", "tests.servers.fixtures"]

IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}

# No deadlines: a slow machine is no bug. In CI the examples are the same in every run.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if IN_CI else "local")


class NothingSkipped:
    """Makes a run fail that skipped anything, and names what it skipped."""

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        declared = hasattr(report, "wasxfail") and "xfail" in report.keywords
        if report.skipped and not declared:
            self.skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.skipped:
            terminalreporter.section("skipped, which CI does not accept", red=True)
            for nodeid in self.skipped:
                terminalreporter.line(nodeid)


def pytest_configure(config: pytest.Config) -> None:
    provoked = EveryRefusalProvoked()
    provoked.install()
    config.pluginmanager.register(provoked, "every-refusal-provoked")
    if IN_CI:
        config.pluginmanager.register(NothingSkipped(), "nothing-skipped")
    measuring = coverage.Coverage.current()
    if measuring is not None:
        config.pluginmanager.register(OnlyWhatCounts(measuring), "only-what-counts")
