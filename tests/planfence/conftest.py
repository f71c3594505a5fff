"""The fixture that every test of the command has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.planfence.project import Project


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    """An empty project folder."""
    root = tmp_path / "project"
    root.mkdir()
    return Project(root, capsys)
