"""Every test of this folder runs its scenario on one stage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processes.stage import Stage, stage


@pytest.fixture(scope="session")
def on_stage() -> Iterator[Stage]:
    with stage() as run:
        yield run
