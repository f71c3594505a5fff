"""The backends that the contract suites run against. A new one is one line in a table below."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from planfence.clock import SystemClock
from plans.storage.archive import Archive
from plans.storage.dynamodb import DynamoRegister
from plans.storage.files import FileArchive
from plans.storage.register import Action, Attributes, Item, Key, Register
from plans.storage.s3 import S3Archive
from plans.storage.sqlite import SqliteRegister
from tests.contracts.races import Racers, racing
from tests.doubles.memory import MemoryArchive, MemoryRegister
from tests.emulators.servers import Server, aws_from_environment, new_bucket, new_table

OpenArchive = Callable[[], Archive]
OpenRegister = Callable[[], Register]


class ArchiveBackend(NamedTuple):
    """How to make an empty store. What is returned opens it, once per client.

    ``rounds``: of a race between processes that share it, which take longer on some; 0 where they
    cannot share it. Where they can, what opens it can be pickled.
    """

    prepare: Callable[[pytest.FixtureRequest], OpenArchive]
    rounds: int


class SharedArchive(NamedTuple):
    """An archive for races of processes."""

    open: OpenArchive
    rounds: int


class RegisterBackend(NamedTuple):
    """As ``ArchiveBackend``."""

    prepare: Callable[[pytest.FixtureRequest], OpenRegister]
    rounds: int


class SharedRegister(NamedTuple):
    """A register for races of processes."""

    open: OpenRegister
    rounds: int


def _files(request: pytest.FixtureRequest) -> OpenArchive:
    folder: Path = request.getfixturevalue("tmp_path") / "archive"
    FileArchive(folder).prepare()
    return partial(FileArchive, folder)


def _memory_archive(_: pytest.FixtureRequest) -> OpenArchive:
    archive = MemoryArchive()
    return lambda: archive


def _bucket(fixture: str, request: pytest.FixtureRequest) -> OpenArchive:
    server: Server = request.getfixturevalue(fixture)
    return _part_of(one_bucket(server), partial(server.client, "s3"))


@cache
def one_bucket(server: Server) -> str:
    """All tests share one, each below a prefix of its own: SeaweedFS is slow to make them."""
    return new_bucket(server)


def _part_of(bucket: str, client: Callable[[], Any]) -> OpenArchive:
    return partial(_opened_part, bucket, f"tests/{uuid.uuid4()}", client)


def _opened_part(bucket: str, prefix: str, client: Callable[[], Any]) -> Archive:
    return S3Archive(bucket, prefix, clock=SystemClock(), client=partial(_with_pages, client))


def _with_pages(client: Callable[[], Any]) -> Any:
    """A client that lists in pages of 7 keys, so that most listings here have several."""
    made = client()
    made.meta.events.register("provide-client-params.s3.ListObjectsV2", _of_seven)
    return made


def _of_seven(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    return {**params, "MaxKeys": 7}


def _aws_bucket(_: pytest.FixtureRequest) -> OpenArchive:
    assert AWS is not None
    return _part_of(AWS.bucket, partial(AWS.client, "s3"))


def _sqlite(request: pytest.FixtureRequest) -> OpenRegister:
    path: Path = request.getfixturevalue("tmp_path") / "register.db"
    SqliteRegister(path).prepare()
    return partial(SqliteRegister, path)


def _memory_register(_: pytest.FixtureRequest) -> OpenRegister:
    register = MemoryRegister()
    return lambda: register


def _table(fixture: str, request: pytest.FixtureRequest) -> OpenRegister:
    server: Server = request.getfixturevalue(fixture)
    return partial(_opened_table, new_table(server), partial(server.client, "dynamodb"))


def _opened_table(table: str, client: Callable[[], Any]) -> Register:
    return DynamoRegister(table, clock=SystemClock(), client=client)


def _aws_table(request: pytest.FixtureRequest) -> OpenRegister:
    assert AWS is not None
    opened = partial(_opened_table, AWS.table, partial(AWS.client, "dynamodb"))
    # A table takes AWS half a minute to make: all tests share one, each with partitions of its own.
    return partial(Partitions, opened, f"{uuid.uuid4()}#")


class Partitions:
    """The partitions of a register whose names have a prefix, which nobody sees."""

    def __init__(self, opened: OpenRegister, prefix: str) -> None:
        self._register = opened()
        self._prefix = prefix
        self.close = getattr(self._register, "close", lambda: None)

    def read(self, key: Key) -> Attributes | None:
        return self._register.read(self._inner(key))

    def read_all(self, *keys: Key) -> tuple[Attributes | None, ...]:
        return self._register.read_all(*map(self._inner, keys))

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        for item in self._register.scan(f"{self._prefix}{pk}", prefix, after):
            yield Item(Key(pk, item.key.sk), item.attributes)

    def write(self, *actions: Action, token: str | None = None) -> None:
        inner = (replace(action, key=self._inner(action.key)) for action in actions)
        self._register.write(*inner, token=token)

    def _inner(self, key: Key) -> Key:
        return Key(self._prefix + key.pk, key.sk) if key.pk else key  # "" is refused as such


ARCHIVES = {
    "files": ArchiveBackend(_files, rounds=100),
    "memory": ArchiveBackend(_memory_archive, rounds=0),
    "ministack": ArchiveBackend(partial(_bucket, "ministack_server"), rounds=20),
    "moto": ArchiveBackend(partial(_bucket, "moto_server"), rounds=6),  # one request at a time
    # Writers of one key wait a second for each other's lock.
    "seaweedfs": ArchiveBackend(partial(_bucket, "seaweedfs_server"), rounds=2),
}
REGISTERS = {
    "sqlite": RegisterBackend(_sqlite, rounds=100),
    "memory": RegisterBackend(_memory_register, rounds=0),
    "ministack": RegisterBackend(partial(_table, "ministack_server"), rounds=40),
    "moto": RegisterBackend(partial(_table, "moto_server"), rounds=15),  # one request at a time
}
AWS = aws_from_environment()
if AWS is not None:
    ARCHIVES["aws"] = ArchiveBackend(_aws_bucket, rounds=10)
    REGISTERS["aws"] = RegisterBackend(_aws_table, rounds=10)


# What an emulator does otherwise than S3: the test that shows it, and how. ``docs/aws.md`` has the
# same as a table. Each is a strict expected failure: an emulator that is mended fails the suite.
_STORED_AS = "a versioned key is compared with StartAfter as what it is stored as, KEY.versions"
_FOLDER = "a StartAfter that is a folder's name leaves out all keys in the folder"
_PAGES = "over several pages, folders ascend by their names without the slash: ab/c before ab-c/d"
ARCHIVE_DEVIATIONS = {
    **{
        f"test_list_has_all_keys_of_a_prefix_above_after_and_no_others[seaweedfs-{prefix}]": reason
        for prefix, reason in {
            "": _STORED_AS,
            "a": _STORED_AS,
            "ab": _STORED_AS,
            "ab/": _STORED_AS,
            "ab/c": _STORED_AS,
            "b/c": _FOLDER,
        }.items()
    },
    "test_list_ascends_by_the_bytes_of_whole_keys[seaweedfs]": _PAGES,
    "test_list_agrees_with_sorting_whatever_the_keys[seaweedfs]": _STORED_AS,
    "test_a_key_of_punctuation_is_only_a_key[seaweedfs-a\\\\b]": "a backslash becomes a slash",
}


@pytest.fixture(params=ARCHIVES)
def open_archive(request: pytest.FixtureRequest) -> OpenArchive:
    reason = ARCHIVE_DEVIATIONS.get(request.node.name)
    if reason is not None:
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    return ARCHIVES[request.param].prepare(request)


@pytest.fixture
def archive(open_archive: OpenArchive) -> Archive:
    return open_archive()


@pytest.fixture(params=[name for name, backend in ARCHIVES.items() if backend.rounds])
def shared_archive(request: pytest.FixtureRequest) -> SharedArchive:
    backend = ARCHIVES[request.param]
    return SharedArchive(backend.prepare(request), backend.rounds)


@pytest.fixture(params=REGISTERS)
def open_register(request: pytest.FixtureRequest) -> Iterator[OpenRegister]:
    with _closing(REGISTERS[request.param].prepare(request)) as opened:
        yield opened


@pytest.fixture
def register(open_register: OpenRegister) -> Register:
    return open_register()


@pytest.fixture(params=[name for name, backend in REGISTERS.items() if backend.rounds])
def shared_register(request: pytest.FixtureRequest) -> SharedRegister:
    backend = REGISTERS[request.param]
    return SharedRegister(backend.prepare(request), backend.rounds)


@contextmanager
def _closing(client: OpenRegister) -> Iterator[OpenRegister]:
    """The same, with everything closed in the end that it has opened."""
    opened: list[Register] = []

    def remembered() -> Register:
        opened.append(client())
        return opened[-1]

    yield remembered
    for register in opened:
        getattr(register, "close", lambda: None)()


# For what takes an archive and a register at once: not every mix, and each backend that a stream
# can rest on.
PAIRS = {
    "memory": ("memory", "memory"),
    "embedded": ("files", "sqlite"),
    "ministack": ("ministack", "ministack"),
    "seaweedfs": ("seaweedfs", "sqlite"),
    **({"aws": ("aws", "aws")} if "aws" in ARCHIVES else {}),
}


class Stores(NamedTuple):
    """An archive and a register, empty."""

    archive: Archive
    register: Register


@pytest.fixture(params=PAIRS)
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    of_archive, of_register = PAIRS[request.param]
    register = REGISTERS[of_register].prepare(request)()
    yield Stores(ARCHIVES[of_archive].prepare(request)(), register)
    getattr(register, "close", lambda: None)()


@pytest.fixture(scope="session")
def racers() -> Iterator[Racers]:
    with racing() as racers:
        yield racers
