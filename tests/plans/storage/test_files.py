"""What only the archive of local files does: disks that fail, links, processes that die."""

from __future__ import annotations

import errno
import itertools
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from plans.errors import KeyTaken, Refused, Unavailable, Unknown
from plans.storage.archive import Archive
from plans.storage.files import FileArchive

KEY = "streams/dns/example.com/plans/000000000007.json"
NEXT = "streams/dns/example.com/plans/000000000008.json"
NOTHING_DONE = [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS]


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


def failing(number: int, *, turn: int = 0) -> Callable[..., Any]:
    """A system call that fails on its ``turn``, and on later ones; does nothing before."""
    turns = itertools.count()

    def call(*_: Any, **__: Any) -> None:
        if next(turns) >= turn:
            raise OSError(number, os.strerror(number))

    return call


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# disks that fail


@pytest.mark.parametrize("number", [*NOTHING_DONE, errno.EIO], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["write", "fsync", "link"])
def test_a_create_that_the_disk_refuses_leaves_nothing_behind(
    root: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(number))
        with pytest.raises(Unavailable) as raised:
            FileArchive(root).create(KEY, b"plan")
    expected = Unknown if (call, number) == ("link", errno.EIO) else Unavailable
    assert type(raised.value) is expected
    assert os.strerror(number) in str(raised.value)
    assert raised.value.remedy
    assert "\n" not in str(raised.value)
    assert litter(root) == []
    assert FileArchive(root).read(KEY) is None
    assert list(FileArchive(root).list("")) == []
    FileArchive(root).create(KEY, b"later")


def test_a_disk_that_takes_only_half_of_an_object_leaves_nothing_behind(
    archive: FileArchive, root: Path
) -> None:
    with file_size_limit(1000), pytest.raises(Unavailable, match="File too large"):
        archive.create(KEY, b"x" * 2000)
    assert litter(root) == []
    assert archive.read(KEY) is None


def test_a_create_whose_folder_was_not_synced_is_unknown_and_reads_back(
    archive: FileArchive, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.create(NEXT, b"makes the folders")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing(errno.ENOSPC, turn=1))
        with pytest.raises(Unknown, match="not known") as raised:
            archive.create(KEY, b"plan")
    assert raised.value.rule == "archive-unknown"
    assert body(archive, KEY) == b"plan"
    assert litter(root) == []


@pytest.mark.parametrize(
    ("call", "turn", "expected", "left"),
    [
        ("write", 0, Unavailable, b"plan"),
        ("fsync", 0, Unavailable, b"plan"),
        ("replace", 0, Unavailable, b"plan"),
        ("fsync", 1, Unknown, b"tombstone"),
    ],
)
def test_a_bury_that_the_disk_refuses_leaves_plan_or_tombstone_whole(
    archive: FileArchive,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    turn: int,
    expected: type[Unavailable],
    left: bytes,
) -> None:
    archive.create(KEY, b"plan")
    read = archive.read(KEY)
    assert read is not None
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(errno.ENOSPC, turn=turn))
        with pytest.raises(Unavailable) as raised:
            archive.bury(KEY, b"tombstone", read.etag)
    assert type(raised.value) is expected
    assert body(archive, KEY) == left
    assert litter(root) == []


def test_an_object_that_cannot_be_read_is_never_reported_as_missing(
    archive: FileArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.create(KEY, b"plan")
    for number in (errno.EACCES, errno.EIO, errno.ELOOP):
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", failing(number))
            with pytest.raises(Unavailable):
                archive.read(KEY)


def test_a_file_where_a_folder_should_be_is_unavailable(archive: FileArchive, root: Path) -> None:
    (root / "streams").write_text("not a folder")
    for use in (
        lambda: archive.create(KEY, b"plan"),
        lambda: archive.read(KEY),
        lambda: list(archive.list("streams/dns/example.com/plans/")),
        lambda: archive.bury(KEY, b"tombstone", "etag"),
    ):
        with pytest.raises(Unavailable, match="Not a directory"):
            use()
    assert litter(root) == []


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "fifo"])
def test_what_is_not_a_file_does_not_read_as_an_object(
    archive: FileArchive, root: Path, make: Callable[[Path], None]
) -> None:
    archive.create(NEXT, b"makes the folders")
    make(root / KEY)
    with pytest.raises(Unavailable, match=r"not a regular file|Is a directory"):
        archive.read(KEY)
    with pytest.raises(KeyTaken):
        archive.create(KEY, b"plan")


# what was not prepared, or went away


@pytest.mark.parametrize("exists", [False, True], ids=["no folder", "an unmounted folder"])
def test_an_archive_that_was_not_prepared_is_unavailable_and_is_not_created(
    tmp_path: Path, exists: bool
) -> None:
    root = tmp_path / "archive"
    if exists:
        root.mkdir()
    archive = FileArchive(root)
    for use in (
        lambda: archive.create(KEY, b"plan"),
        lambda: archive.read(KEY),
        lambda: list(archive.list("")),
        lambda: list(archive.list("streams/dns/example.com/plans/")),
        lambda: archive.bury(KEY, b"tombstone", "etag"),
    ):
        with pytest.raises(Unavailable, match="there is no archive") as raised:
            use()
        assert raised.value.rule == "archive-unavailable"
        assert "planfence init" in str(raised.value)
    assert root.exists() == exists
    assert not exists or list(root.iterdir()) == []


def test_prepare_makes_the_root_once_and_touches_nothing_later(tmp_path: Path) -> None:
    archive = FileArchive(tmp_path / "some" / "where" / "archive")
    archive.prepare()
    archive.create(KEY, b"plan")
    archive.prepare()
    assert body(archive, KEY) == b"plan"


def test_a_root_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="File exists"):
        FileArchive(tmp_path / "file" / "archive").prepare()


def test_a_folder_that_goes_away_under_a_listing_is_an_error_and_no_end(
    archive: FileArchive, root: Path
) -> None:
    for key in ("a/1", "b/1"):
        archive.create(key, b"")
    listing = archive.list("")
    assert next(listing) == "a/1"
    (root / "b" / "1").unlink()
    (root / "b").rmdir()
    with pytest.raises(Unavailable):
        next(listing)


# what list reads


def test_list_shows_no_temporary_no_lock_and_no_name_that_is_no_key(
    archive: FileArchive, root: Path
) -> None:
    archive.create(KEY, b"plan")
    (root / ".control" / "temp-1-1").write_text("left by a process that died")
    (root / "streams" / "ä.json").write_text("not ours")
    assert list(archive.list("")) == [KEY]
    assert list(archive.list(".")) == []


def test_list_opens_only_folders_that_can_hold_what_was_asked_for(
    archive: FileArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stream in ("a", "b", "c"):
        for part in ("blobs", "plans"):
            archive.create(f"streams/dns/{stream}/{part}/1", b"")
    opened: list[str] = []
    real = os.scandir

    def scan(path: Path) -> Any:
        opened.append(path.name)
        return real(path)

    monkeypatch.setattr(os, "scandir", scan)
    found = ["streams/dns/b/plans/1", "streams/dns/c/blobs/1", "streams/dns/c/plans/1"]
    assert list(archive.list("streams/dns/", "streams/dns/b/plans/0")) == found
    # Neither a, nor the blobs of b, nor anything above the prefix.
    assert opened[::2] == ["dns", "b", "plans", "c", "blobs", "plans"]


def test_list_misses_no_key_whose_folder_entry_a_bury_moves_during_a_scan(
    archive: FileArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.create(KEY, b"plan")
    archive.create(NEXT, b"plan")
    real, scans = os.scandir, itertools.count()

    class Scan:
        """The first scan of the plans misses one, as btrfs may while it is renamed over."""

        def __init__(self, path: Path) -> None:
            self.entries = real(path)
            self.missed = path.name == "plans" and next(scans) == 0

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            return (e for e in self.entries if not (self.missed and e.name in KEY))

        def __exit__(self, *_: object) -> None:
            self.entries.close()

    monkeypatch.setattr(os, "scandir", Scan)
    assert list(archive.list("")) == [KEY, NEXT]


# links


def test_an_object_that_is_a_link_is_refused_and_its_key_is_taken(
    archive: FileArchive, root: Path, tmp_path: Path
) -> None:
    archive.create(NEXT, b"plan")
    for destination in (root / NEXT, tmp_path / "nowhere"):
        (root / KEY).symlink_to(destination)
        with pytest.raises(Refused, match="symbolic link") as raised:
            archive.read(KEY)
        assert raised.value.rule == "symlink"
        with pytest.raises(Refused, match="symbolic link"):
            archive.bury(KEY, b"tombstone", "etag")
        with pytest.raises(KeyTaken):
            archive.create(KEY, b"plan")
        assert list(archive.list("")) == [KEY, NEXT]
        (root / KEY).unlink()


def test_a_folder_that_is_a_link_is_refused_even_where_it_dangles(
    archive: FileArchive, root: Path, tmp_path: Path
) -> None:
    (root / "streams").symlink_to(tmp_path)
    for use in (
        lambda: archive.read(KEY),
        lambda: list(archive.list("")),
        lambda: list(archive.list("streams/dns/")),
    ):
        with pytest.raises(Refused, match="symbolic link"):
            use()
    (root / "streams").unlink()
    (root / "streams").symlink_to(tmp_path / "not mounted")
    with pytest.raises(Refused, match="symbolic link"):
        archive.read(KEY)
