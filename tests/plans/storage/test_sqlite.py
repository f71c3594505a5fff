"""What only the register in SQLite does: files that are missing, damaged, locked or full."""

from __future__ import annotations

import os
import random
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import plans
from plans.errors import ConditionFailed, Failed, Refused, Unavailable, Unknown
from plans.storage import sqlite
from plans.storage.register import Absent, Action, All, Key, Put, Where
from plans.storage.sqlite import SqliteRegister
from tests.contracts import races

KEY = Key("enact#dns/example.com", "pointer")
OTHER = Key("enact#dns/example.com", "other")
FIRST = Put(KEY, {"generation": 1}, Absent())
SECOND = Put(KEY, {"generation": 2}, Where("generation", "=", 1))
REPOSITORY = Path(plans.__file__).parents[1]
# A process that is killed would leave half a file of coverage data.
UNMEASURED = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "register.db"


@pytest.fixture
def register(path: Path) -> Iterator[SqliteRegister]:
    register = SqliteRegister(path, busy_seconds=0)
    register.prepare()
    register.write(FIRST)
    yield register
    register.close()


def uses(register: SqliteRegister) -> list[Callable[[], object]]:
    return [
        lambda: register.read(KEY),
        lambda: list(register.scan(KEY.pk)),
        lambda: register.write(SECOND),
    ]


def change(path: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(sql, values)
    connection.close()


# files that are not there


def test_a_missing_register_is_unavailable_and_is_not_created(path: Path) -> None:
    for use in uses(SqliteRegister(path)):
        with pytest.raises(Unavailable, match="there is no register") as raised:
            use()
        assert raised.value.rule == "register-unavailable"
        assert "planfence init" in str(raised.value)
    assert not path.exists()


def test_a_register_that_is_deleted_under_an_open_client_is_unavailable(
    register: SqliteRegister, path: Path
) -> None:
    assert register.read(KEY) == {"generation": 1}
    for left in path.parent.glob("register.db*"):
        left.unlink()
    for use in uses(register):
        with pytest.raises(Unavailable, match="planfence init"):
            use()


def test_a_register_that_goes_away_while_it_is_opened_is_not_created_again(
    register: SqliteRegister, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register.close()
    seen = os.stat(path)
    path.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", lambda _: seen)
        with pytest.raises(Unavailable, match="unable to open"):
            register.read(KEY)
    assert not path.exists()


def test_a_register_that_is_replaced_under_an_open_client_is_the_new_one(
    register: SqliteRegister, path: Path
) -> None:
    restored = SqliteRegister(path.parent / "restored.db")
    restored.prepare()
    restored.write(Put(KEY, {"generation": 9}, Absent()))
    restored.close()
    register.read(KEY)
    for left in path.parent.glob("register.db-*"):
        left.unlink()
    os.replace(path.parent / "restored.db", path)
    assert register.read(KEY) == {"generation": 9}


def test_a_folder_in_place_of_the_file_or_a_file_in_place_of_the_folder_is_unavailable(
    path: Path,
) -> None:
    path.mkdir()
    (path.parent / "file").write_text("")
    for register in (SqliteRegister(path), SqliteRegister(path.parent / "file" / "register.db")):
        for use in [*uses(register), register.prepare]:
            with pytest.raises(Unavailable) as raised:
                use()
            assert "planfence init" not in str(raised.value)
            assert "\n" not in str(raised.value)


# prepare


def test_prepare_makes_the_folder_and_is_idempotent(tmp_path: Path) -> None:
    register = SqliteRegister(tmp_path / "new" / "folder" / "register ?#%.db")
    register.prepare()
    register.write(FIRST)
    register.prepare()
    assert register.read(KEY) == {"generation": 1}
    register.close()


def test_a_prepare_that_is_cut_short_leaves_no_register_and_can_be_repeated(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    register = SqliteRegister(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", interrupted)
        with pytest.raises(KeyboardInterrupt):
            register.prepare()
    assert list(path.parent.iterdir()) == []
    register.prepare()
    assert list(path.parent.iterdir()) == [path]
    register.write(FIRST)
    register.close()


def test_processes_that_prepare_at_once_make_one_register(tmp_path: Path) -> None:
    with races.racing() as racers:
        races.assert_one_winner_each(racers.race(races.prepare_and_create, tmp_path, 40))


def test_every_connection_syncs_in_full_logs_ahead_and_waits(path: Path) -> None:
    register = SqliteRegister(path)
    register.prepare()
    connection = register._open()
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    register.close()


# how a condition is evaluated


def test_the_condition_stands_in_the_very_statement_that_writes(register: SqliteRegister) -> None:
    statements: list[str] = []
    register._open().set_trace_callback(statements.append)
    register.write(SECOND)
    begin, savepoint, insert, commit = statements
    assert begin == "BEGIN IMMEDIATE"
    assert savepoint.startswith("SAVEPOINT")
    assert insert.startswith("INSERT INTO items")
    assert "json_extract(found, '$.\"generation\"') = 1" in insert
    assert commit == "COMMIT"


# files that are damaged


def damaged(path: Path, damage: Callable[[bytes], bytes]) -> SqliteRegister:
    register = SqliteRegister(path)
    register.prepare()
    register.write(FIRST)
    for start in range(0, 1000, 100):
        keys = [Key(KEY.pk, f"{n:06d}") for n in range(start, start + 100)]
        register.write(*(Put(key, {"text": "x" * 100}, Absent()) for key in keys))
    register.close()
    path.write_bytes(damage(path.read_bytes()))
    return register


def _random(_: bytes) -> bytes:
    return random.Random(5).randbytes(50_000)


def _truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _torn(data: bytes) -> bytes:
    return data[:6000]


def _flipped(data: bytes) -> bytes:
    return data[:100] + bytes(byte ^ 0xFF for byte in data[100:])


def _flipped_items(data: bytes) -> bytes:
    return data[:4096] + bytes(byte ^ 0xFF for byte in data[4096:])


def _emptied(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [_random, _truncated, _torn, _flipped, _flipped_items, _emptied])
def test_a_damaged_file_is_a_failure_and_is_left_as_it_is(
    path: Path, damage: Callable[[bytes], bytes]
) -> None:
    register = damaged(path, damage)
    left = path.read_bytes()
    for use in uses(register):
        with pytest.raises(Failed) as raised:
            use()
        assert raised.value.rule == "register-corrupt"
        assert raised.value.remedy
        assert "\n" not in str(raised.value)
    assert path.read_bytes() == left


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "1", '{"a":1.5}', '{"a":{}}', '{"a":NaN}', '{"":1}', b"\xff\xfe{}"]
)
def test_an_item_that_cannot_be_decoded_is_a_failure(
    register: SqliteRegister, path: Path, body: str | bytes
) -> None:
    raw = body if isinstance(body, bytes) else body.encode()
    change(path, "UPDATE items SET body = CAST(? AS TEXT)", raw)
    for use in uses(register):
        with pytest.raises((Failed, ConditionFailed)) as raised:
            use()
        assert isinstance(raised.value, Failed)
        assert raised.value.rule == "register-corrupt"
    register.write(Put(OTHER, {"another": "item"}, Absent()))


def test_a_database_of_something_else_is_a_failure_and_is_not_taken_over(path: Path) -> None:
    change(path, "CREATE TABLE items (pk, sk, body)")
    register = SqliteRegister(path)
    for use in [*uses(register), register.prepare]:
        with pytest.raises(Failed, match="register-corrupt"):
            use()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    connection.close()


def test_a_register_without_its_table_is_a_failure(register: SqliteRegister, path: Path) -> None:
    change(path, "DROP TABLE items")
    for use in uses(register):
        with pytest.raises(Failed, match="no such table"):
            use()


def test_a_register_of_another_version_is_refused(register: SqliteRegister, path: Path) -> None:
    register.close()
    change(path, "PRAGMA user_version = 2")
    for use in [*uses(register), register.prepare]:
        with pytest.raises(Refused, match="another version") as raised:
            use()
        assert (raised.value.expected, raised.value.actual) == ("1", "2")


# files that are locked, full or not writable


def test_a_register_locked_by_another_writer_is_unavailable_and_still_reads(
    register: SqliteRegister, path: Path
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked") as raised:
        register.write(SECOND)
    assert type(raised.value) is Unavailable
    assert register.read(KEY) == {"generation": 1}
    other.close()
    register.write(SECOND)


def test_a_full_disk_is_unavailable_and_changes_nothing(register: SqliteRegister) -> None:
    connection = register._open()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable, match="full") as raised:
        register.write(SECOND, Put(OTHER, {"text": "x" * 100_000}, Absent()))
    assert type(raised.value) is Unavailable
    assert register.read(KEY) == {"generation": 1}
    assert register.read(OTHER) is None


@pytest.mark.parametrize(("cached_pages", "expected"), [(-2000, Unknown), (1, Unavailable)])
def test_a_write_is_unknown_if_its_commit_fails_and_unavailable_if_it_fails_before(
    register: SqliteRegister, path: Path, cached_pages: int, expected: type[Unavailable]
) -> None:
    # A disk that refuses the log's next bytes, written in COMMIT, or sooner if the cache is full.
    register._open().execute(f"PRAGMA cache_size = {cached_pages}")
    log = path.with_name("register.db-wal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 100, hard))
    try:
        with pytest.raises(Unavailable) as raised:
            register.write(SECOND, Put(OTHER, {"text": "x" * 100_000}, Absent()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert type(raised.value) is expected
    assert [item.attributes for item in register.scan(KEY.pk)] == [{"generation": 1}]
    register.write(SECOND)


def test_use_from_another_thread_is_a_programming_error_and_no_damage(
    register: SqliteRegister,
) -> None:
    register.read(KEY)
    raised: list[BaseException] = []

    def use() -> None:
        try:
            register.read(KEY)
        except sqlite3.ProgrammingError as error:
            raised.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert len(raised) == 1


# transactions that are cut short


def test_an_interrupt_between_two_actions_undoes_the_first(
    register: SqliteRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sqlite._do

    def interrupted(connection: sqlite3.Connection, action: Action) -> bool:
        if action.key == OTHER:
            raise KeyboardInterrupt
        return real(connection, action)

    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "_do", interrupted)
        with pytest.raises(KeyboardInterrupt):
            register.write(SECOND, Put(OTHER, {}, All(())))
    assert register.read(KEY) == {"generation": 1}
    register.write(SECOND)


STOPPED_BEFORE_COMMIT = """
import sys
from pathlib import Path
from plans.storage.register import All, Key, Put
from plans.storage.sqlite import SqliteRegister

def stop(*_):
    print("stopped", flush=True)
    sys.stdin.read()

register = SqliteRegister(Path(sys.argv[1]))
register._commit = stop
register.write(Put(Key(sys.argv[2], sys.argv[3]), {"generation": 99}, All(())))
"""


def test_a_writer_killed_before_its_commit_has_written_nothing_and_holds_no_lock(
    register: SqliteRegister, path: Path
) -> None:
    command = [sys.executable, "-c", STOPPED_BEFORE_COMMIT, str(path), *KEY]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=UNMEASURED, text=True, stdin=pipe, stdout=pipe
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "stopped\n"
            assert register.read(KEY) == {"generation": 1}
            with pytest.raises(Unavailable, match="locked"):
                register.write(SECOND)
        finally:
            process.kill()
    register.write(SECOND)
    assert register.read(KEY) == {"generation": 2}
