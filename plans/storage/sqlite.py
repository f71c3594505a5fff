"""The embedded register: one SQLite database, for any number of processes on one host.

One table, ``items(pk, sk, body)``, the attributes as one JSON object. A condition is compiled to
SQL and stands in the statement that writes, so that SQLite decides and not Python (guarantee 3 of
``Register``). An item is JSON and not columns because the register must not know what it keeps.

``synchronous=FULL``: an acknowledged write survives a power cut. ``BEGIN IMMEDIATE``: a deferred
transaction that reads first fails with "locked" whenever another one wrote in between.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from plans.errors import ConditionFailed, Failed, Refused, Unavailable, Unknown
from plans.storage.actions import check_actions, check_attributes
from plans.storage.files import sync_folder
from plans.storage.register import (
    Absent,
    Action,
    All,
    Attributes,
    Condition,
    Item,
    Key,
    Put,
    Where,
)

_APPLICATION_ID: Final = 0x504C4E46  # "PLNF"
_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE items (
    pk TEXT NOT NULL, sk TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (pk, sk)
) STRICT, WITHOUT ROWID
"""
_PAGE: Final = 256  # items read at once by ``scan``
_BUSY_SECONDS: Final = 30  # waiting for the write lock is unfair: 1.3 s was seen with 16 writers

# One row whatever is stored: the body found under the key, or NULL where there is no item.
_FOUND: Final = "(SELECT (SELECT body FROM items WHERE pk = ? AND sk = ?) AS found)"

_TRY_AGAIN: Final = frozenset(
    {
        sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOLFS,
    }
)  # fmt: skip


class SqliteRegister:
    """A ``Register`` in a SQLite file. Opens it at the first use, one connection per instance.

    An instance belongs to the thread that used it first; take another one for another thread or
    process. Reads and writes raise, besides what ``Register`` says:

    - ``Unavailable`` (``register-unavailable``) for a file that is missing (an empty register
      would say "no pointer"), locked for longer than ``busy_seconds``, full, or not accessible;
    - ``Failed`` (``register-corrupt``) for one that is damaged or not a register;
    - ``Refused`` (``register-schema``) for one that another version of planfence has made;
    - ``ValueError`` for actions that no register could do: an empty key, a value that is no
      ``Attribute``, whole numbers beyond 63 bits, NUL in text, two actions on one key.

    Args:
        path: the database file. Only ``prepare`` creates it.
        busy_seconds: how long a write waits for those of others.
    """

    def __init__(self, path: Path, *, busy_seconds: float = _BUSY_SECONDS) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    def prepare(self) -> None:
        """Create the database and its folder, if need be. Idempotent; changes no item.

        Raises:
            Unavailable: it could not be made.
            Failed: there is a file already that is not a register.
            Refused: the register is of another version of planfence.
        """
        try:
            if not self._path.exists():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._create()
        except OSError as error:
            raise self._unavailable(error.strerror or "error") from error
        with self._session():
            pass  # Opening it has verified it.
        self.close()

    def close(self) -> None:
        """Close the connection, if one is open. The next use opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def read(self, key: Key) -> Attributes | None:
        """The item's attributes, or None; see ``Register.read``."""
        with self._session() as connection:
            return self._find(connection, key)

    def read_all(self, *keys: Key) -> tuple[Attributes | None, ...]:
        """Several items; see ``Register.read_all``."""
        with self._session() as connection:
            return tuple(self._find(connection, key) for key in keys)

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        """Items of a partition, ascending by code point; see ``Register.scan``.

        Reads page by page and holds no transaction in between: a slow reader must not keep the
        write-ahead log from being emptied. Items written meanwhile may or may not be seen.
        """
        last = after
        while True:
            with self._session() as connection:
                rows = connection.execute(
                    "SELECT sk, body FROM items WHERE pk = ? AND sk >= ? AND sk > ?"
                    " ORDER BY sk LIMIT ?",
                    (pk, prefix, last, _PAGE),
                ).fetchall()
            for last, body in rows:  # ends as the key that the next page starts above
                if not last.startswith(prefix):
                    return
                key = Key(pk, last)
                yield Item(key, self._decoded(key, body))
            if len(rows) < _PAGE:
                return

    def write(self, *actions: Action, token: str | None = None) -> None:
        """Do all of the actions, or none; see ``Register.write``. Tokens are not remembered."""
        check_actions(actions, token)
        with self._session() as connection:
            # SQLite has one writer at a time, from BEGIN IMMEDIATE on. A before B: B waits, and
            # its conditions are evaluated on what A committed. B before A: the same with the
            # names exchanged. Each action's condition stands in its own statement and no two
            # actions share a key, so each sees what was there before the transaction.
            # A crash anywhere before the end of COMMIT leaves what was there before.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("SAVEPOINT untouched")
            if all(_do(connection, action) for action in actions):
                self._commit(connection)
                return
            # Still under the write lock: what is read now is what the conditions were held to.
            connection.execute("ROLLBACK TO untouched")
            failed = [n for n, action in enumerate(actions) if not _holds(connection, action)]
            items = [self._find(connection, action.key) for action in actions]
            connection.execute("ROLLBACK")
        pk, sk = actions[failed[0]].key
        raise ConditionFailed(
            f"the condition on {pk} {sk} does not hold", failed=failed, items=items
        )

    def _create(self) -> None:
        # Made aside and linked into place when complete: SQLite does not wait for others when it
        # turns write-ahead logging on, and nobody must see a register without its table.
        # A before B: B's link finds the name and fails, and B's empty database is dropped, as is
        # A's if B was first. link(2) decides; neither can replace a register that has items.
        folder = self._path.parent
        with tempfile.TemporaryDirectory(prefix=".register-", dir=folder) as aside:
            new = Path(aside) / "register.db"
            with self._translated(), closing(self._connect(new, "rwc")) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(_SCHEMA)
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            with suppress(FileExistsError):
                os.link(new, self._path)
            sync_folder(folder)

    def _commit(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise Unknown(
                f"it is not known whether the register {self._path} was written: {error}",
                rule="register-unknown",
                remedy="read the items again before anything else",
            ) from error

    def _find(self, connection: sqlite3.Connection, key: Key) -> Attributes | None:
        row = connection.execute("SELECT body FROM items WHERE pk = ? AND sk = ?", key).fetchone()
        return None if row is None else self._decoded(key, row[0])

    def _decoded(self, key: Key, body: str) -> Attributes:
        try:
            attributes = json.loads(body)
            check_attributes(attributes)
        except (ValueError, AttributeError) as error:
            raise self._corrupt(f"item {key.pk} {key.sk} is damaged: {error}") from error
        return attributes  # type: ignore[no-any-return]  # JSON, checked just above

    @contextmanager
    def _session(self) -> Iterator[sqlite3.Connection]:
        """The open connection. Whatever goes wrong inside ends it, and any transaction with it."""
        with self._translated():
            try:
                yield self._open()
            except BaseException:
                self.close()
                raise

    def _open(self) -> sqlite3.Connection:
        # A connection goes on working on a file that was deleted or replaced; the pointer that
        # everybody else sees is another one by then. So each use looks at the name again.
        try:
            status = os.stat(self._path)
        except FileNotFoundError as error:
            raise Unavailable(
                f"there is no register at {self._path}",
                rule="register-unavailable",
                remedy="run `planfence init`",
            ) from error
        except OSError as error:
            raise self._unavailable(error.strerror or "error") from error
        identity = (status.st_dev, status.st_ino)
        if self._connection is None or self._opened != identity:
            self.close()
            connection = self._connect(self._path, "rw")
            self._connection, self._opened = connection, identity
            self._verify(connection)
        return self._connection

    def _connect(self, path: Path, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")  # damage is found sooner
        except BaseException:
            connection.close()
            raise
        return connection

    def _verify(self, connection: sqlite3.Connection) -> None:
        found = _pragma(connection, "application_id")
        if found != _APPLICATION_ID:
            raise self._corrupt(f"application id {found:#x}, not {_APPLICATION_ID:#x}")
        version = _pragma(connection, "user_version")
        if version != _SCHEMA_VERSION:
            raise Refused(
                f"the register {self._path} is of another version of planfence",
                rule="register-schema",
                expected=str(_SCHEMA_VERSION),
                actual=str(version),
                remedy="use the version of planfence that made it",
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # Ours, such as use from two threads: it says nothing about the register.
        except sqlite3.Error as error:
            # Text that is not UTF-8 is found by Python, and has no code.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            if code & 0xFF in _TRY_AGAIN:
                raise self._unavailable(str(error)) from error
            raise self._corrupt(str(error)) from error

    def _unavailable(self, reason: str) -> Unavailable:
        return Unavailable(
            f"the register {self._path} cannot be used: {reason}",
            rule="register-unavailable",
            remedy="look at the disk, the permissions and who else is using it, then try again",
        )

    def _corrupt(self, reason: str) -> Failed:
        return Failed(
            f"the register {self._path} is damaged or not a register: {reason}",
            rule="register-corrupt",
            remedy="keep the file, restore a backup, and compare it with the targets' fences",
        )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _do(connection: sqlite3.Connection, action: Action) -> bool:
    """Do one action if its condition holds; whether it did."""
    if not isinstance(action, Put):
        return _holds(connection, action)
    condition, values = _compiled(action.condition)
    body = json.dumps(dict(action.attributes), ensure_ascii=False, separators=(",", ":"))
    # Condition and write are one statement. Its interleavings are argued in ``write``.
    cursor = connection.execute(  # every value is bound; ``_compiled`` says which words are not
        f"INSERT INTO items (pk, sk, body) SELECT ?, ?, ? FROM {_FOUND} WHERE {condition}"  # noqa: S608
        " ON CONFLICT (pk, sk) DO UPDATE SET body = excluded.body",
        [*action.key, body, *action.key, *values],
    )
    return cursor.rowcount == 1


def _holds(connection: sqlite3.Connection, action: Action) -> bool:
    condition, values = _compiled(action.condition)
    sql = f"SELECT {condition} FROM {_FOUND}"  # noqa: S608  as above
    return bool(connection.execute(sql, [*values, *action.key]).fetchone()[0])


def _compiled(condition: Condition) -> tuple[str, list[str | int]]:
    """A condition as SQL over ``found``, never NULL, with the values to bind in order.

    Nothing of a caller's is in the SQL but an operator, and ``check_actions`` knows all six.
    """
    if isinstance(condition, Absent):
        return "found IS NULL", []
    if isinstance(condition, Where):
        # The type is compared first: SQLite orders every number before every text, JSON true
        # comes out as 1, and a missing attribute as NULL, which IS (unlike =) makes false.
        kind = "text" if isinstance(condition.value, str) else "integer"
        path = f'$."{condition.attribute}"'
        compared = f"json_extract(found, ?) {condition.operator} ?"
        return f"(json_type(found, ?) IS '{kind}' AND {compared})", [path, path, condition.value]
    joint, nothing = (" AND ", "1") if isinstance(condition, All) else (" OR ", "0")
    parts = [_compiled(part) for part in condition.parts]
    sql = joint.join(part for part, _ in parts)
    return f"({sql or nothing})", [value for _, values in parts for value in values]
