"""The embedded archive: one local file per object.

::

    <root>/streams/dns/example.com/plans/000000000042.json    an object; its path is its key
    <root>/.control/lock                                      serialises ``bury``, and nothing else
    <root>/.control/temp-<process>-<number>                   a write under way, or one cut short

``.control`` also marks the root as prepared. Without it an unmounted disk would look like an
archive that has lost every plan; with it, that is ``Unavailable``.

Needs a file system with hard links and ``fsync`` of folders. No key may be a folder of another one.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from plans.errors import Conflict, KeyTaken, Refused, Unavailable, Unknown
from plans.storage.archive import (
    CONTROL,
    Stored,
    check_key,
    check_new,
    check_size,
    valid_segment,
)

_numbers = itertools.count()

# With these errors the kernel refused a link or rename before it changed anything. With any other
# (EIO, or ESTALE and ETIMEDOUT on a network file system) the change may have been made.
_NOTHING_DONE: Final = frozenset(
    {
        errno.EEXIST, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS,
        errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EXDEV,
        errno.EMLINK, errno.EOPNOTSUPP,
    }
)  # fmt: skip

_REMEDIES: Final = {
    errno.ENOSPC: "free some space, then try again",
    errno.EDQUOT: "free some space or raise the quota, then try again",
    errno.EACCES: "give this user access to the archive, then try again",
    errno.EPERM: "give this user access to the archive, on a file system with hard links",
    errno.EROFS: "mount the file system writable, then try again",
}


class FileArchive:
    """An ``Archive`` in a local folder, for any number of processes on one host.

    ``create``, ``read`` and ``list`` take no lock, so that a paused process stops nobody. ``bury``
    takes one, and a paused ``bury`` makes other ``bury`` calls wait.

    Every method raises ``ValueError`` for a key that is absolute, has an empty, ``.`` or ``..``
    segment, stands in ``.control`` or is not printable ASCII, and ``Refused`` (rule ``symlink``)
    where an object or a folder below the root is a symbolic link.

    Args:
        root: the archive's folder. Only ``prepare`` creates it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._control = root / CONTROL
        self._durable: set[Path] = set()

    def prepare(self) -> None:
        """Make the root, if need be. Idempotent; never touches an object.

        Raises:
            Unavailable: it could not be made.
        """
        with self._reported(self._root):
            folder, missing = self._control, []
            while not folder.is_dir():
                missing.append(folder)
                folder = folder.parent
            for made in reversed(missing):
                made.mkdir(exist_ok=True)
                sync_folder(made.parent)

    def create(self, key: str, body: bytes) -> None:
        """Store ``body`` under a new key; see ``Archive.create``.

        On return the object survives a power cut. ``KeyTaken`` is raised only after what holds the
        key is just as safe: a caller who finds its own bytes there counts them as published.
        """
        path = self._path(key)
        check_new(key, body)
        # The condition is link(2)'s own: it fails if the name exists, in one step of the kernel.
        # A before B: B's link finds the name and fails; B's bytes never had a name in the tree.
        # B before A: the same with the names exchanged. A crash of either leaves a file in
        # .control, which is no object. A bury between the two replaces the name without ever
        # freeing it, so the second link still fails.
        with self._reported(path), self._temporary(body) as temporary:
            self._make_folders(path.parent)
            taken = False
            try:
                with _fate_unknown(path, unless=_NOTHING_DONE):
                    os.link(temporary, path)
            except FileExistsError:
                taken = True
            # The other writer may have died between its link and this, or may be just there.
            with _fate_unknown(path):
                sync_folder(path.parent)
        if taken:
            raise KeyTaken(
                f"{key} exists in the archive {self._root}",
                rule="write-once",
                remedy="read whose bytes it has, then decide again",
            )

    def read(self, key: str, *, size: int | None = None) -> Stored | None:
        """The object and the SHA-256 of its bytes, or None; see ``Archive.read``."""
        path = self._path(key)
        with self._reported(path):
            return self._find(path, size)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys that start with ``prefix`` and sort after ``after``; see ``Archive.list``.

        Opens only folders that can hold such keys. Every key acknowledged before the first step
        is listed; one created meanwhile may be.
        """
        start = prefix[: prefix.rfind("/") + 1]
        if start:
            self._path(start[:-1])
        return self._walk(start, prefix, after)

    def bury(self, key: str, tombstone: bytes, etag: str) -> None:
        """Replace the object by a tombstone if unchanged since read; see ``Archive.bury``.

        Waits for another ``bury`` of this archive that is under way.
        """
        path = self._path(key)
        check_new(key, tombstone)
        # A before B: B takes the lock after A let go, reads A's tombstone, and its etag differs.
        # B before A: the same with the names exchanged. Only the lock's holder replaces a name
        # and ``create`` never does, so what was compared is what is replaced. A holder that dies
        # loses the lock with its file descriptor, before the rename or after it.
        with self._reported(path), self._locked(), self._temporary(tombstone) as temporary:
            found = self._find(path)
            if found is None or found.etag != etag:
                raise Conflict(
                    f"{key} is not the object that was read",
                    rule="changed-since-read",
                    expected=etag,
                    actual="no object" if found is None else found.etag,
                    remedy="read it again, then decide again",
                )
            with _fate_unknown(path, unless=_NOTHING_DONE):
                os.replace(temporary, path)
            with _fate_unknown(path):
                sync_folder(path.parent)

    def _path(self, key: str) -> Path:
        """The file of a key.

        A folder that is a link is refused: it may dangle because its disk is not mounted, and
        "not there" would then be a lie.
        """
        check_key(key)
        path = self._root
        segments = key.split("/")
        for segment in segments[:-1]:
            path /= segment
            if path.is_symlink():
                raise _link_refused(path)
        return path / segments[-1]

    def _find(self, path: Path, size: int | None = None) -> Stored | None:
        try:
            body = _read_file(path, size)
        except FileNotFoundError:
            os.stat(self._control)  # Fails in turn if it is the whole archive that is not there.
            return None
        return Stored(body, hashlib.sha256(body).hexdigest())

    def _walk(self, folder_key: str, prefix: str, after: str) -> Iterator[str]:
        folder = self._root / folder_key
        is_start = prefix.startswith(folder_key)
        with self._reported(folder):
            if is_start:
                os.stat(self._control)  # An unmounted archive must not list as an empty one.
            try:
                keys = _matching(folder, folder_key, prefix, after)
            except FileNotFoundError:
                # Where the listing starts, no key was created yet. But a folder that was seen
                # a moment ago and is gone means that the listing would not be complete.
                if is_start:
                    return
                raise
        for key in keys:
            if key.endswith("/"):
                yield from self._walk(key, prefix, after)
            else:
                yield key

    def _make_folders(self, folder: Path) -> None:
        """Make what is missing between the root and ``folder``, to survive a power cut.

        The whole chain is synced once per folder and instance, found folders too: whoever made
        them may have died before it synced them.
        """
        if folder in self._durable:
            return
        current = self._root
        for part in folder.relative_to(self._root).parts:
            parent, current = current, current / part
            with suppress(FileExistsError):
                os.mkdir(current)
            sync_folder(parent)
        self._durable.add(folder)

    @contextmanager
    def _temporary(self, body: bytes) -> Iterator[Path]:
        """A complete and synced file that is no object yet; gone afterwards."""
        path, descriptor = self._new_file()
        try:
            try:
                rest = memoryview(body)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            yield path
        finally:
            # A temporary that stays behind is litter, but harms nothing and must hide no error.
            with suppress(OSError):
                os.unlink(path)

    def _new_file(self) -> tuple[Path, int]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        while True:
            path = self._control / f"temp-{os.getpid()}-{next(_numbers)}"
            try:
                # Read-only for everybody from the start: objects are never written to again.
                return path, os.open(path, flags, 0o444)
            except FileExistsError:
                pass  # Left by an earlier process of this number, or another host's.

    @contextmanager
    def _locked(self) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._control / "lock", flags, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _reported(self, path: Path) -> Iterator[None]:
        """Every OSError inside means "nothing was changed", and becomes ``Unavailable``."""
        try:
            yield
        except OSError as error:
            if error.errno == errno.ENOENT and not os.path.isdir(self._control):
                what, remedy = f"there is no archive at {self._root}", "run `planfence init`"
            else:
                what = f"the archive cannot use {path}: {error.strerror}"
                remedy = _REMEDIES.get(error.errno or 0, "check the disk, then try again")
            raise Unavailable(what, rule="archive-unavailable", remedy=remedy) from error


def _matching(folder: Path, folder_key: str, prefix: str, after: str) -> list[str]:
    """What one folder has of ``prefix`` and ``after``, ascending: object keys, and ``folder/``.

    The slash counts in the order, as it does in the keys below: ``a-b`` < ``a/b`` < ``ab``.
    """
    keys: set[str] = set()
    # Twice: where a rename moves the directory entry (btrfs), a scan during a bury may miss the
    # name that is replaced. A name is buried once, so that two scans cannot both miss it.
    for _ in range(2):
        with os.scandir(folder) as entries:
            for entry in entries:
                key = folder_key + entry.name
                if not valid_segment(entry.name):
                    continue  # Something else's file; no key names it.
                if not entry.is_dir():
                    if key > after and key.startswith(prefix):
                        keys.add(key)
                elif key != CONTROL:
                    key += "/"
                    in_prefix = key.startswith(prefix) or prefix.startswith(key)
                    if in_prefix and (key > after or after.startswith(key)):
                        if entry.is_symlink():
                            raise _link_refused(folder / entry.name)
                        keys.add(key)
    return sorted(keys)


def _read_file(path: Path, size: int | None) -> bytes:
    # O_NONBLOCK: to open a FIFO that lies there must not hang.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP and path.is_symlink():
            raise _link_refused(path) from error
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        check_size(str(path), found.st_size, size)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut. Raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _fate_unknown(path: Path, unless: frozenset[int] = frozenset()) -> Iterator[None]:
    """From here on the object may be changed: an OSError no longer says that it was not."""
    try:
        yield
    except OSError as error:
        if error.errno in unless:
            raise
        raise Unknown(
            f"it is not known whether {path} was written: {error.strerror}",
            rule="archive-unknown",
            remedy="read it back before anything else",
        ) from error


def _link_refused(path: Path) -> Refused:
    return Refused(
        f"{path} is a symbolic link, and objects of an archive are files of their own",
        rule="symlink",
        remedy="put the file itself in its place",
    )
