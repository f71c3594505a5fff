"""The archive of local files where a process dies or pauses, and what a power cut would leave."""

from __future__ import annotations

import fcntl
import itertools
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import plans
from plans.errors import KeyTaken
from plans.storage import files
from plans.storage.archive import Archive
from plans.storage.files import FileArchive

KEY = "streams/dns/example.com/plans/000000000007.json"
NEXT = "streams/dns/example.com/plans/000000000008.json"
REPOSITORY = Path(plans.__file__).parents[1]
# A process that is killed would leave half a file of coverage data.
UNMEASURED = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    FileArchive(tmp_path / "archive").prepare()
    return tmp_path / "archive"


@pytest.fixture
def archive(root: Path) -> FileArchive:
    return FileArchive(root)


def litter(root: Path) -> list[str]:
    return [path.name for path in (root / ".control").iterdir() if path.name != "lock"]


def body(archive: Archive, key: str) -> bytes:
    found = archive.read(key)
    assert found is not None
    return found.body


# processes that die or pause

STOPPED_AT = """
import os, sys
from pathlib import Path
from plans.storage.files import FileArchive

def stop(*_):
    print("stopped", flush=True)
    sys.stdin.read()

archive = FileArchive(Path(sys.argv[1]))
key, call = sys.argv[2:]
setattr(os, call, stop)
if call == "link":
    archive.create(key, b"plan" * 1000)
else:
    archive.bury(key, b"tombstone", archive.read(key).etag)
"""


@contextmanager
def stopped_before(call: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    """A real process that waits right before ``os.<call>``."""
    command = [sys.executable, "-c", STOPPED_AT, str(root), KEY, call]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=UNMEASURED, text=True, stdin=pipe, stdout=pipe
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "stopped\n"
            yield process
        finally:
            process.kill()


def test_a_writer_killed_before_it_publishes_leaves_no_object(
    archive: FileArchive, root: Path
) -> None:
    with stopped_before("link", root) as process:
        assert len(litter(root)) == 1
        assert archive.read(KEY) is None
        process.kill()
    assert archive.read(KEY) is None
    assert list(archive.list("")) == []
    archive.create(KEY, b"another's plan")
    assert body(archive, KEY) == b"another's plan"


def test_a_paused_bury_stops_nobody_else_and_a_killed_one_leaves_the_plan(
    archive: FileArchive, root: Path
) -> None:
    archive.create(KEY, b"plan")
    with stopped_before("replace", root) as process:
        assert body(archive, KEY) == b"plan"
        archive.create(NEXT, b"plan")
        assert list(archive.list("")) == [KEY, NEXT]
        with (root / ".control" / "lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process.kill()
    read = archive.read(KEY)
    assert read is not None
    assert read.body == b"plan"
    archive.bury(KEY, b"tombstone", read.etag)
    assert body(archive, KEY) == b"tombstone"


def test_what_a_dead_process_left_under_the_same_name_is_not_reused(
    archive: FileArchive, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = root / ".control" / f"temp-{os.getpid()}-0"
    left.write_text("half a pl")
    monkeypatch.setattr(files, "_numbers", itertools.count())
    archive.create(KEY, b"plan")
    assert body(archive, KEY) == b"plan"
    assert left.read_text() == "half a pl"


# durability


def synced(patch: pytest.MonkeyPatch) -> list[str]:
    """Every path synced from now on, in order."""
    paths: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        paths.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    patch.setattr(os, "fsync", fsync)
    return paths


def test_a_create_is_acknowledged_after_file_and_folders_are_synced(
    archive: FileArchive, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = synced(monkeypatch)
    archive.create("a/b/1", b"plan")
    assert "/.control/temp-" in paths.pop(0)
    assert paths == [str(root), str(root / "a"), str(root / "a" / "b")]
    paths.clear()
    archive.create("a/b/2", b"plan")
    assert paths[1:] == [str(root / "a" / "b")]


def test_a_key_is_reported_as_taken_after_its_folders_are_synced(
    archive: FileArchive, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FileArchive(root).create("a/1", b"plan")
    paths = synced(monkeypatch)
    with pytest.raises(KeyTaken):
        archive.create("a/1", b"plan")
    assert paths[1:] == [str(root), str(root / "a")]


def test_objects_are_read_only_files(archive: FileArchive, root: Path) -> None:
    archive.create(KEY, b"plan")
    assert stat.S_IMODE((root / KEY).stat().st_mode) & 0o222 == 0
