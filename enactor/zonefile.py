"""A zone file as a target: a step is one rename, made only while the file holds the fence expected.

Guarantees:

1. A step lands whole or not at all. A reader, a crash or a full disk sees the old file or the new.
2. A step lands only on exactly the fence it expects and only if every ``before`` holds.
3. What is renamed into place has been parsed back and is, record for record, what was meant.
4. Every step on a zone with an SOA raises its serial, so that secondaries see it.

Not guaranteed: an editor that does not take the lock can be overwritten between our read and our
rename. And a holder of the lock that is paused makes others wait (DESIGN, "Where the fence lives":
the one exception to G6); they give up as ``Unavailable``, never by breaking the lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from enactor.targets import drifted, fence_moved
from plans.clock import Clock
from plans.errors import Refused, Unavailable, Unknown
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import (
    Change,
    RecordKey,
    ZoneState,
    apply_changes,
    canonical_order,
    fence_name,
    first_drift,
)
from plans.observed.view import Observation
from plans.observed.zonefile import (
    ABSENT,
    END,
    HEADER,
    Line,
    ZoneFile,
    ZoneFileView,
    parse_zone_file,
    read_regular_file,
    refusal_or_unavailable,
    symlink_refused,
)

FENCE_TTL: Final = 60
SOA_TTL: Final = 3600
MODE: Final = 0o644  # of a new file: a name server of another user reads it

_SOA_TIMERS: Final = "3600 600 1209600 300"  # refresh, retry, expire, minimum in seconds
_PAUSE_FIRST_SECONDS: Final = 0.01
_PAUSE_MAX_SECONDS: Final = 0.25


class ZoneFileTarget(ZoneFileView):
    """The zone file at ``path``; implements ``enactor.targets.Target``.

    Args:
        id: the target's URL without its query.
        path: where the file is, or will be.
        zone: the zone's name: absolute, lower case, with its final dot.
        clock: where waiting for the lock is done.
        busy_seconds: how long to wait for another writer.
    """

    drops_silently = False  # what is renamed into place was read back before

    def __init__(
        self,
        id: str,  # noqa: A002 - the word of the design, as in View
        path: Path,
        zone: str,
        *,
        clock: Clock,
        busy_seconds: float = 30.0,
    ) -> None:
        super().__init__(id, path, zone)
        self.clock = clock
        self.busy_seconds = busy_seconds

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        """Write changes and fence by one rename, or nothing.

        Raises:
            FenceMoved: the file holds another fence than ``expected``; nothing was changed.
            Drifted: a ``before`` does not hold; nothing was changed.
            Refused: the file is no whole zone file, or the zone would have no SOA for want of an
                apex NS, or the result would not read back as meant; nothing was changed.
            Unavailable: another writer holds the lock, or the system refused; nothing was changed.
            Unknown: the rename was called and then something failed; read the fence.
        """
        # The condition and the write are two system calls, so the lock makes them one. Claims:
        #
        # Racing enactors. A and B both read fence F and both send steps that expect F. One, say A,
        # gets the lock, finds F, renames a file with A's fence into place and unlocks. B's read
        # comes after it took the lock, so it finds A's fence, not F: FenceMoved, nothing written.
        # This holds whichever is newer; what B read before the lock decides nothing.
        #
        # Paused holder. A compares, stalls before its rename, and wakes after any length of time.
        # Nobody can have written between, since the lock is A's until A unlocks or dies: what A
        # compared is still so, and A's step is not stale. Others wait and end as Unavailable. If A
        # is killed the kernel drops the lock and A's rename never comes.
        #
        # A lock that expires, or that a waiter may break, would lose both arguments.
        _make_folder(self.path.parent)
        with self._locked():
            content = read_regular_file(self.path)
            found = ABSENT
            if content is not None:
                found = parse_zone_file(content[0], self.zone, str(self.path))
            self._check(found, changes, expected)
            meant = next_zone(found, changes, fence, self.zone)
            data = render(meant, self.zone)
            self._refuse_unless_read_back(data, meant)
            self._replace(data, content[1] if content is not None else None)

    def _check(self, found: ZoneFile, changes: tuple[Change, ...], expected: FenceSeen) -> None:
        """The write's condition. Called under the lock with what was read under it."""
        actual = found.observation.fence
        if actual != expected:
            raise fence_moved(str(self.path), expected, actual)
        drift = first_drift(found.observation.state, changes)
        if drift is not None:
            raise drifted(drift, found.observation.state.get(drift.key))

    def _refuse_unless_read_back(self, data: bytes, meant: ZoneFile) -> None:
        """Parse what would be written; a value with a line break or a name outside ends here."""
        remedy = "nothing was changed; correct the desired state and run `planfence plan`"
        rule = "zonefile-not-as-meant"
        try:
            if parse_zone_file(data, self.zone, "the new file") == meant:
                return
        except Refused as error:
            what = f"{self.path} would not be a whole zone file: {error.what}"
            raise Refused(what, rule=rule, remedy=remedy) from error
        what = f"{self.path} would not read back as the records that the step means"
        raise Refused(what, rule=rule, remedy=remedy)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock on the sibling ``<name>.lock``.

        The zone file itself cannot carry the lock: every write replaces it, and two writers would
        lock two inodes. The lock file is never replaced and never deleted, so that its path
        names one inode for as long as anybody uses it. Do not tidy it up.
        """
        path = self.path.with_name(f"{self.path.name}.lock")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o660)  # not for others: they could hold it for ever
        except OSError as error:
            raise refusal_or_unavailable(error, path, "open the lock") from error
        try:
            self._wait_for(descriptor, path)
            yield
        finally:
            os.close(descriptor)

    def _wait_for(self, descriptor: int, path: Path) -> None:
        """Take the lock or give up after ``busy_seconds``."""
        started = self.clock.monotonic()
        pause = _PAUSE_FIRST_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                left = started + self.busy_seconds - self.clock.monotonic()
                if left <= 0:
                    raise self._busy(path) from error
            except OSError as error:
                raise refusal_or_unavailable(error, path, "lock") from error
            self.clock.sleep(min(pause, left))
            pause = min(2 * pause, _PAUSE_MAX_SECONDS)

    def _busy(self, path: Path) -> Unavailable:
        return Unavailable(
            f"somebody else is writing {self.path}, for more than {self.busy_seconds:g} s",
            rule="target-busy",
            remedy=f"nothing was changed; try again, and if it stays so see who holds {path}",
        )

    def _replace(self, data: bytes, like: os.stat_result | None) -> None:
        """Put ``data`` in the file's place by rename, with mode and owner of the file it replaces.

        Raises:
            Refused, Unavailable: nothing was changed.
            Unknown: the rename was called. On a network file system even its own error can be the
                lost answer to a rename that was done.
        """
        # One fixed name: a crash leaves at most one such file, and the next step replaces it.
        temporary = self.path.with_name(f".{self.path.name}.planfence-new")
        try:
            _write_new(temporary, data, like)
        except OSError as error:
            _discard(temporary)
            raise refusal_or_unavailable(error, self.path, "write") from error
        try:
            os.rename(temporary, self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            _discard(temporary)
            raise Unknown(
                f"cannot tell if {self.path} was replaced for good: {error.strerror}",
                rule="target-unknown",
                remedy="read its fence and compare generations before anything else",
            ) from error


def next_zone(found: ZoneFile, changes: tuple[Change, ...], fence: Fence, zone: str) -> ZoneFile:
    """The file after a step. Pure.

    An existing SOA is raised, whatever the step changes: the fence record is part of the zone. The
    first step that leaves records behind adds an SOA; the fence alone stays without, since a file
    without SOA is served by nobody, and so nobody serves a zone that is not there yet.

    Raises:
        Refused: ``apex-ns-missing``: an SOA is to be added and no name server is there to name.
    """
    before = found.observation
    state = apply_changes(before.state, changes)
    soa = found.soa
    if soa is not None:
        soa = _raised(soa)
    elif state:
        soa = _first_soa(zone, state)
    observation = Observation(fence, state, left_alone=before.left_alone)
    return ZoneFile(observation, soa, found.unmanaged, FENCE_TTL)


def _raised(soa: Line) -> Line:
    """The SOA with the next serial: one more modulo 2^32 (RFC 1982 section 3.1), never 0.

    0 is skipped because some name servers take it as "not set".
    """
    mname, rname, serial, *timers = soa.text.split(" ")  # canonical text: one space between
    return soa._replace(text=" ".join([mname, rname, str((int(serial) + 1) % 2**32 or 1), *timers]))


def _first_soa(zone: str, state: ZoneState) -> Line:
    """The SOA of a zone that has none yet. Its primary is the first of the apex's name servers."""
    apex = state.get(RecordKey(zone, "NS"))
    if apex is None:
        raise Refused(
            f"the zone {zone} has no SOA, and no NS at its apex to make one from",
            rule="apex-ns-missing",
            remedy=f"add NS records for {zone} to the desired state and run `planfence plan`",
        )
    contact = "hostmaster." + zone.lstrip(".")
    return Line(zone, SOA_TTL, "SOA", f"{min(apex.values)} {contact} 1 {_SOA_TIMERS}")


def render(content: ZoneFile, zone: str) -> bytes:
    """The file's bytes: ``parse_zone_file`` reads back an equal ``ZoneFile``.

    Equal contents give equal bytes: SOA, apex NS, the rest in canonical order, the unmanaged
    records as they stood, the fence, and a last line that proves that the file is whole.
    """
    state = content.observation.state
    apex = RecordKey(zone, "NS")
    keys = sorted(state, key=lambda key: (key != apex, canonical_order(key.name), key.type))
    lines = [] if content.soa is None else [content.soa]
    for key in keys:
        lines += [Line(key.name, state[key].ttl, key.type, text) for text in state[key].values]
    lines += content.unmanaged
    fence = content.observation.fence
    if isinstance(fence, Fence):
        lines.append(Line(fence_name(zone), FENCE_TTL, "TXT", f'"{fence.text()}"'))
    body = "".join(f"{line.name} {line.ttl} IN {line.type} {line.text}\n" for line in lines)
    return f"{HEADER} for {zone}, written by `planfence enact`\n{body}{END}\n".encode()


def _write_new(path: Path, data: bytes, like: os.stat_result | None) -> None:
    """Create ``path`` with ``data`` on the disk. A leftover of a crash is replaced, never reused.

    The lock makes us the only writer, so a leftover is nobody's work in progress.
    """
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISLNK(os.lstat(path).st_mode):
            raise symlink_refused(path)
        os.unlink(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if like is not None:
            os.fchown(descriptor, like.st_uid, like.st_gid)
        os.fchmod(descriptor, MODE if like is None else stat.S_IMODE(like.st_mode))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(path: Path) -> None:
    """Remove what we were writing, if the system lets us; the next step replaces it otherwise."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def _make_folder(path: Path) -> None:
    """Create the folder of a zone file, each new level durable in the one above it."""
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        for folder in missing:
            _sync_folder(folder.parent)
    except OSError as error:
        raise refusal_or_unavailable(error, path, "create") from error


def _sync_folder(path: Path) -> None:
    """Make a rename or a new entry in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
