"""The backends that the contract suites run against. A new one is one line in a table below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from plans.storage.archive import Archive
from plans.storage.files import FileArchive
from plans.storage.register import Register
from plans.storage.sqlite import SqliteRegister
from tests.contracts.races import Racers, racing
from tests.doubles.memory import MemoryArchive, MemoryRegister

OpenArchive = Callable[[], Archive]
OpenRegister = Callable[[], Register]


class ArchiveBackend(NamedTuple):
    """How to make an empty store. What is returned opens it, once per client.

    ``shared``: processes can share it, and what opens it can be pickled.
    """

    prepare: Callable[[Path], OpenArchive]
    shared: bool


class RegisterBackend(NamedTuple):
    """As ``ArchiveBackend``."""

    prepare: Callable[[Path], OpenRegister]
    shared: bool


def _files(folder: Path) -> OpenArchive:
    FileArchive(folder / "archive").prepare()
    return partial(FileArchive, folder / "archive")


def _memory_archive(_: Path) -> OpenArchive:
    archive = MemoryArchive()
    return lambda: archive


def _sqlite(folder: Path) -> OpenRegister:
    SqliteRegister(folder / "register.db").prepare()
    return partial(SqliteRegister, folder / "register.db")


def _memory_register(_: Path) -> OpenRegister:
    register = MemoryRegister()
    return lambda: register


ARCHIVES = {
    "files": ArchiveBackend(_files, shared=True),
    "memory": ArchiveBackend(_memory_archive, shared=False),
}
REGISTERS = {
    "sqlite": RegisterBackend(_sqlite, shared=True),
    "memory": RegisterBackend(_memory_register, shared=False),
}


@pytest.fixture(params=ARCHIVES)
def open_archive(request: pytest.FixtureRequest, tmp_path: Path) -> OpenArchive:
    return ARCHIVES[request.param].prepare(tmp_path)


@pytest.fixture
def archive(open_archive: OpenArchive) -> Archive:
    return open_archive()


@pytest.fixture(params=[name for name, backend in ARCHIVES.items() if backend.shared])
def open_shared_archive(request: pytest.FixtureRequest, tmp_path: Path) -> OpenArchive:
    return ARCHIVES[request.param].prepare(tmp_path)


@pytest.fixture(params=REGISTERS)
def open_register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenRegister]:
    opened: list[Register] = []
    client = REGISTERS[request.param].prepare(tmp_path)

    def remembered() -> Register:
        opened.append(client())
        return opened[-1]

    yield remembered
    for register in opened:
        getattr(register, "close", lambda: None)()


@pytest.fixture
def register(open_register: OpenRegister) -> Register:
    return open_register()


@pytest.fixture(params=[name for name, backend in REGISTERS.items() if backend.shared])
def open_shared_register(request: pytest.FixtureRequest, tmp_path: Path) -> OpenRegister:
    return REGISTERS[request.param].prepare(tmp_path)


@pytest.fixture(scope="session")
def racers() -> Iterator[Racers]:
    with racing() as racers:
        yield racers
