"""Coverage counts the tests that are about the code, and stands aside for those that search."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.measured import CHILDREN, TESTS, UNMEASURED, OnlyWhatCounts


class Measuring:
    """As much of coverage as it takes."""

    def __init__(self) -> None:
        self.on = True

    def start(self) -> None:
        assert not self.on
        self.on = True

    def stop(self) -> None:
        assert self.on
        self.on = False


def test_neither_tests_that_search_nor_what_they_start_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CHILDREN, "how")
    measuring = Measuring()
    plugin = OnlyWhatCounts(cast(Any, measuring))
    seen = []
    for path in ("plans/test_a.py", "fuzz/test_b.py", "model/deep/test_c.py", "test_docs.py"):
        plugin.pytest_runtest_protocol(cast(Any, SimpleNamespace(path=TESTS / path)))
        seen.append((measuring.on, os.environ.get(CHILDREN)))
    assert seen == [(True, "how"), (False, None), (False, None), (True, "how")]


def test_what_was_found_before_a_search_is_kept_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHILDREN, "how")
    measuring = Measuring()
    plugin = OnlyWhatCounts(cast(Any, measuring))
    plugin.pytest_runtest_protocol(cast(Any, SimpleNamespace(path=TESTS / "fuzz" / "test_b.py")))
    plugin.pytest_sessionfinish()
    assert measuring.on


@pytest.mark.parametrize("folder", sorted(UNMEASURED), ids=lambda folder: folder.name)
def test_what_is_left_out_is_there(folder: Path) -> None:
    assert list(folder.rglob("test_*.py"))
