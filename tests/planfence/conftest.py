"""The fixture that every test of the command has."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulators.servers import Server
from tests.emulators.sockets import LOOPBACK
from tests.planfence.cloud import CloudProject, new_cloud_project
from tests.planfence.project import Project


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    """An empty project folder."""
    root = tmp_path / "project"
    root.mkdir()
    return Project(root, capsys)


@pytest.fixture
def cloud_project(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    ministack_server: Server,
) -> CloudProject:
    """An empty project folder whose stores will be in AWS, with the account's root acting."""
    return new_cloud_project(tmp_path / "project", capsys, monkeypatch, ministack_server)


@pytest.fixture
def unreachable() -> Iterator[str]:
    """An endpoint that nobody serves, nor can before the test ends."""
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))  # and does not listen
        yield f"http://{LOOPBACK}:{bound.getsockname()[1]}"
