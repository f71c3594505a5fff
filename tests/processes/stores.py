"""The two stores of a world: as the product opens them, and what befalls them from the outside.

Two kinds, embedded and on AWS (MiniStack), for one text of every scenario. A scenario is given a
``StoresAt`` and asks it for new and empty stores, once for each world that it makes.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol
from uuid import uuid4

from planfence.clock import SystemClock
from plans.clock import Clock
from plans.storage.archive import Archive
from plans.storage.aws import BUDGET_SECONDS
from plans.storage.dynamodb import DynamoRegister
from plans.storage.dynamodb_items import attributes_of
from plans.storage.files import FileArchive
from plans.storage.register import Register
from plans.storage.s3 import S3Archive
from plans.storage.sqlite import SqliteRegister
from tests.emulators.servers import Server, new_table

_BATCH_MAX: Final = 25  # items of one BatchWriteItem
_WRITERS: Final = ("settings", "decision", "enact", "journal")  # see ``plans.names``


class Stores(Protocol):
    """One archive and one register. Any process may use them; what it opens is its own."""

    @property
    def archive(self) -> Archive: ...

    def register(self) -> AbstractContextManager[Register]:
        """The register, opened at its first use and closed at the end: never across a fork."""
        ...

    def build(self) -> None:
        """Make them, if they are not there yet."""
        ...

    def copied(self, folder: Path) -> Stores:
        """Others with the same contents. The folder is a copy already."""
        ...

    def check(self) -> None:
        """The register is sound below the level that planfence reads it at."""
        ...

    def empty(self, prefix: str) -> None:
        """Take all that an archive has below a folder, so that no trace of it stays."""
        ...

    def delete(self, key: str) -> None:
        """Take one object, as anybody would who is not planfence."""
        ...

    def overwrite(self, key: str, data: bytes) -> None:
        """Put other bytes in an object's place, around its protection."""
        ...


class StoresAt(Protocol):
    """Makes stores of one kind. Can be pickled."""

    @property
    def WITHIN(self) -> tuple[str, ...]:  # noqa: N802 - a constant of those who have it
        """Points inside a write of the register that claims or completes."""
        ...

    def __call__(self, folder: Path, /) -> Stores: ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """Files and SQLite, in one folder."""

    WITHIN: ClassVar[tuple[str, ...]] = ("before COMMIT", "after COMMIT")

    folder: Path

    @property
    def archive(self) -> FileArchive:
        return FileArchive(self.folder / "archive")

    @property
    def register_path(self) -> Path:
        return self.folder / "register.db"

    @contextmanager
    def register(self) -> Iterator[Register]:
        with closing(SqliteRegister(self.register_path)) as register:
            yield register

    def build(self) -> None:
        self.archive.prepare()
        SqliteRegister(self.register_path).prepare()

    def copied(self, folder: Path) -> Stores:
        return Embedded(folder)

    def check(self) -> None:
        """SQLite finds nothing wrong with its file, the write-ahead log of the dead included."""
        with closing(sqlite3.connect(self.register_path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)

    def empty(self, prefix: str) -> None:
        shutil.rmtree(self.folder / "archive" / prefix)

    def delete(self, key: str) -> None:
        (self.folder / "archive" / key).unlink()

    def overwrite(self, key: str, data: bytes) -> None:
        self.delete(key)  # objects are read-only
        (self.folder / "archive" / key).write_bytes(data)


# By endpoint and service. A fork has none of its parent's: two processes that wrote on one
# connection would read each other's answers.
_clients: dict[tuple[str, str], Any] = {}
os.register_at_fork(after_in_child=_clients.clear)


def _client(server: Server, service: str) -> Any:
    """This process's client, made at its first use; about 5 ms where the parent has made one."""
    key = (server.endpoint, service)
    if key not in _clients:
        _clients[key] = server.client(service)
    return _clients[key]


@dataclass(frozen=True, slots=True)
class Aws:
    """An archive below a prefix of a versioned bucket, and a register in a table of its own."""

    server: Server
    bucket: str
    prefix: str
    table: str
    budget_seconds: float = BUDGET_SECONDS
    archive_class: type[S3Archive] = S3Archive
    register_class: type[DynamoRegister] = DynamoRegister
    clock: Clock = SystemClock()  # noqa: RUF009 - it has no state

    @property
    def archive(self) -> S3Archive:
        return self.archive_class(
            self.bucket,
            self.prefix,
            clock=self.clock,
            budget_seconds=self.budget_seconds,
            client=lambda: self._s3,
        )

    @contextmanager
    def register(self) -> Iterator[Register]:
        register = self.register_class(
            self.table,
            clock=self.clock,
            budget_seconds=self.budget_seconds,
            client=lambda: self._dynamodb,
        )
        with closing(register):
            yield register

    def build(self) -> None:
        """Nothing: bucket and table are there."""

    def copied(self, folder: Path) -> Stores:
        copy = replace(self, prefix=uuid4().hex, table=new_table(self.server))
        for name in self.archive.list(""):
            source = {"Bucket": self.bucket, "Key": f"{self.prefix}/{name}"}
            self._s3.copy_object(Bucket=self.bucket, Key=f"{copy.prefix}/{name}", CopySource=source)
        puts = [{"PutRequest": {"Item": item}} for item in self._items()]
        for start in range(0, len(puts), _BATCH_MAX):
            batch = {copy.table: puts[start : start + _BATCH_MAX]}
            assert not self._dynamodb.batch_write_item(RequestItems=batch)["UnprocessedItems"]
        return copy

    def check(self) -> None:
        """Every item of the table is one that a register writes, and of somebody who may."""
        for item in self._items():
            attributes_of(item)
            assert item["pk"]["S"].split("#")[0] in _WRITERS, item

    def empty(self, prefix: str) -> None:
        """Every version, so that nothing could bring one back."""
        pages = self._s3.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self.bucket, Prefix=f"{self.prefix}/{prefix}"):
            for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                self._s3.delete_object(
                    Bucket=self.bucket, Key=version["Key"], VersionId=version["VersionId"]
                )

    def delete(self, key: str) -> None:
        """A plain DELETE, which leaves a delete marker."""
        self._s3.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}")

    def overwrite(self, key: str, data: bytes) -> None:
        self._s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=data)

    def at(self, port: int, budget_seconds: float) -> Aws:
        """The same stores behind another port of this host, asked for that long."""
        server = replace(self.server, endpoint=f"http://127.0.0.1:{port}")
        return replace(self, server=server, budget_seconds=budget_seconds)

    def _items(self) -> Iterator[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan")
        for page in pages.paginate(TableName=self.table, ConsistentRead=True):
            yield from page["Items"]

    @property
    def _s3(self) -> Any:
        return _client(self.server, "s3")

    @property
    def _dynamodb(self) -> Any:
        return _client(self.server, "dynamodb")


@dataclass(frozen=True, slots=True)
class AwsAt:
    """Makes stores in one bucket of a server."""

    WITHIN: ClassVar[tuple[str, ...]] = (
        "sent TransactWriteItems claimed",
        "sent TransactWriteItems applied",
    )

    server: Server
    bucket: str
    archive_class: type[S3Archive] = S3Archive
    register_class: type[DynamoRegister] = DynamoRegister

    def __call__(self, folder: Path) -> Aws:
        stores = Aws(
            self.server,
            self.bucket,
            uuid4().hex,
            new_table(self.server),
            archive_class=self.archive_class,
            register_class=self.register_class,
        )
        for service in ("s3", "dynamodb"):  # what they load is then loaded for every fork
            _client(self.server, service)
        return stores
