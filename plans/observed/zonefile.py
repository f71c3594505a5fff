"""A zone file as a target: read whole, or an error.

Guarantees:

1. One observation is one read of one file. Writers replace the file by rename, so a reader sees
   the file before or after a write, never a mix.
2. Complete or error. Nothing that a name server would see is passed over in silence: a record
   outside the zone, a second CNAME, two TTLs in one record set, an empty or a truncated file are
   refusals. Only a file that is proven absent counts as "nothing there".
3. A symlink, a folder or a pipe where the file should be is refused, never followed.

Not guaranteed: an editor that writes into the file in place, instead of renaming a new one over
it, can be seen half way. Its half may be a legal zone, which no reader can tell.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple

from plans.collector import collector_paused
from plans.errors import Refused, Unavailable
from plans.fence import FenceSeen
from plans.kinds.dns import (
    MANAGED_TYPES,
    TTL_MAX,
    Change,
    RecordKey,
    Records,
    fence_name,
    records,
)
from plans.observed.canonical import quick_entries
from plans.observed.entries import REMEDY, Entry, invalid
from plans.observed.fence_record import fence_seen
from plans.observed.view import Observation, refuse_routed

HEADER: Final = "; planfence zone file"
END: Final = "; end of zone"

_MANAGED: Final = frozenset(MANAGED_TYPES)
_SINGLE: Final = frozenset({"CNAME", "DNAME", "SOA"})  # RFC 1034 3.6.2, RFC 6672 2.4, RFC 1035 5.2
_CHUNK_BYTES: Final = 1 << 20


class Line(NamedTuple):
    """One record as it stands in a file: name and value absolute, in presentation format."""

    name: str
    ttl: int
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class ZoneFile:
    """All that a zone file holds, so that the file can be written again from it.

    Attributes:
        observation: fence, managed record sets and counts.
        soa: the SOA record, or None where there is none.
        unmanaged: records of types that planfence does not manage, in the file's order.
        fence_ttl: the fence record's TTL in seconds, or None where there is no fence record.
    """

    observation: Observation
    soa: Line | None
    unmanaged: tuple[Line, ...]
    fence_ttl: int | None


ABSENT: Final = ZoneFile(Observation(None, {}, exists=False), None, (), None)


class ZoneFileView:
    """A read-only view on the zone file at ``path``; implements ``plans.observed.view.View``.

    Args:
        id: the target's URL without its query.
        path: where the file is, or will be.
        zone: the zone's name: absolute, lower case, with its final dot.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - the word of the design, as in View
        path: Path,
        zone: str,
    ) -> None:
        self.id = id
        self.path = path
        self.zone = zone

    @property
    def step_capacity(self) -> tuple[int, ...]:
        """Nothing is counted: a rename replaces a file of any size."""
        return ()

    def step_size(self, change: Change) -> tuple[int, ...]:
        """Nothing is counted.

        Raises:
            Refused: a set with an identifier or attributes (rule ``set-unrepresentable``).
        """
        refuse_routed(self.id, change)
        return ()

    def read_fence(self) -> FenceSeen:
        """The fence in the file as it is now; None if the file or the record is proven absent.

        Raises:
            Refused: the file is no whole zone file (rules ``symlink``, ``not-a-file``,
                ``zonefile-*``).
            Unavailable: the file could not be read.
        """
        return self.observe().fence

    def observe(self) -> Observation:
        """The whole zone, from one read.

        Raises:
            Refused, Unavailable: as for ``read_fence``.
        """
        found = read_regular_file(self.path)
        if found is None:
            return ABSENT.observation
        return parse_zone_file(found[0], self.zone, str(self.path)).observation


def read_regular_file(path: Path) -> tuple[bytes, os.stat_result] | None:
    """The bytes and the status of one open file, or None if nothing stands at ``path``.

    Raises:
        Refused: ``symlink`` or ``not-a-file``: something else stands there.
        Unavailable: the system would not let it be read.
    """
    try:
        # O_NONBLOCK: opening a pipe must not wait for its other end.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refusal_or_unavailable(error, path, "read") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _not_a_file(path)
        chunks = []
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            chunks.append(chunk)
        return b"".join(chunks), status
    except OSError as error:
        raise refusal_or_unavailable(error, path, "read") from error
    finally:
        os.close(descriptor)


def refusal_or_unavailable(error: OSError, path: Path, verb: str) -> Refused | Unavailable:
    """The error to raise for an ``OSError`` met while nothing had been changed at ``path``."""
    if error.errno == errno.ELOOP:
        return symlink_refused(path)
    if error.errno == errno.ENXIO:  # a socket
        return _not_a_file(path)
    return Unavailable(
        f"cannot {verb} {path}: {error.strerror}",
        rule="target-unavailable",
        remedy="nothing was changed; mend it and try again",
    )


def symlink_refused(path: Path) -> Refused:
    """A symlink is never followed: it could lead a rename, a lock or a read to another zone."""
    return Refused(
        f"{path} is a symlink",
        rule="symlink",
        expected="a regular file",
        actual="a symlink",
        remedy="name the file itself as the target, or replace the symlink by a file",
    )


def _not_a_file(path: Path) -> Refused:
    return Refused(
        f"{path} is no regular file",
        rule="not-a-file",
        remedy="move it aside, or name another path as the target",
    )


def parse_zone_file(data: bytes, zone: str, source: str) -> ZoneFile:
    """Read a whole zone file.

    Args:
        data: the file's bytes.
        zone: the zone's name: absolute, lower case, with its final dot.
        source: what messages call the file.

    Raises:
        Refused: ``zonefile-empty``, ``zonefile-truncated``, ``zonefile-soa-missing`` or
            ``zonefile-invalid``; the message has the line where there is one.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise invalid(source, line, "not UTF-8 text") from error
    # Every file of ours ends with a line that says so. A copy that stopped half way may still be
    # a legal zone with records missing; without this it would plan as if somebody deleted them.
    if text.startswith(HEADER) and text.rstrip().rpartition("\n")[2] != END:
        raise Refused(
            f"{source} is truncated: it begins as a file of planfence and does not end as one",
            rule="zonefile-truncated",
            expected=f"the last line {END!r}",
            actual=f"{text.rstrip().rpartition(chr(10))[2][:60]!r}",
            remedy=REMEDY,
        )
    with collector_paused():
        entries = quick_entries(text, zone)
        if entries is None:
            from plans.observed.zone_entries import read_zone_entries

            entries = read_zone_entries(text, zone, source)
        if not entries:
            raise Refused(f"{source} holds no record", rule="zonefile-empty", remedy=REMEDY)
        return _assemble(entries, zone, source)


def _assemble(entries: Iterable[Entry], zone: str, source: str) -> ZoneFile:
    """Sort records into SOA, fence, managed and unmanaged, and refuse what no zone can be."""
    sets: dict[RecordKey, list[Entry]] = {}
    members: list[Entry] = []
    name = rdtype = ""
    for entry in entries:
        if entry.ttl > TTL_MAX:
            raise invalid(source, entry.line, f"TTL {entry.ttl} is above {TTL_MAX}")
        if entry.name != name or entry.type != rdtype:  # mostly, a set's records follow each other
            _, name, _, rdtype, _ = entry
            members = sets.setdefault(RecordKey(name, rdtype), [])
        members.append(entry)
    _refuse_cname_and_other_data(sets, source)
    fence_set = sets.pop(RecordKey(fence_name(zone), "TXT"), [])
    soa = _soa(sets, zone, source)
    if soa is None and sets:
        raise Refused(
            f"{source} holds records and no SOA", rule="zonefile-soa-missing", remedy=REMEDY
        )
    state: dict[RecordKey, Records] = {}
    left_alone: list[Entry] = []
    kinds_left_alone = 0
    for key, members in sets.items():
        if key.type in _MANAGED:
            state[key] = _records(key, members, source)
        else:
            kinds_left_alone += 1
            left_alone += members
    fence = fence_seen(entry.text for entry in fence_set)
    observation = Observation(fence=fence, state=state, left_alone=kinds_left_alone)
    # Each with a TTL of its own: those of an RRSIG set differ (RFC 4034 section 3).
    unmanaged = tuple(Line(*entry[1:]) for entry in sorted(left_alone, key=itemgetter(0)))
    return ZoneFile(observation, soa, unmanaged, fence_set[0].ttl if fence_set else None)


def _refuse_cname_and_other_data(sets: Iterable[RecordKey], source: str) -> None:
    """An alias stands alone but for DNSSEC's own types (RFC 2181 section 10.1, RFC 4035 2.5)."""
    aliases = {key.name for key in sets if key.type == "CNAME"}
    for key in sets:
        if key.name in aliases and key.type not in {"CNAME", "RRSIG", "NSEC", "KEY"}:
            raise invalid(source, None, f"{key.name} has both CNAME and {key.type}")


def _soa(sets: dict[RecordKey, list[Entry]], zone: str, source: str) -> Line | None:
    """Take the SOA out of ``sets``. The same SOA twice is one, as at both ends of a transfer."""
    soa = None
    for key in [key for key in sets if key.type == "SOA"]:
        members = sets.pop(key)
        content = _records(key, members, source)
        if key.name != zone:
            raise invalid(source, members[0].line, f"SOA at {key.name}, not at {zone}")
        soa = Line(zone, content.ttl, "SOA", content.values[0])
    return soa


def _records(key: RecordKey, members: list[Entry], source: str) -> Records:
    """One record set. Repeats are one value (RFC 2181 section 5); two TTLs are nobody's intent.

    Name servers differ on which of two TTLs they serve, and writing the file again would change
    what is served without a change in any plan: refused.
    """
    ttl = members[0].ttl
    for member in members:
        if member.ttl != ttl:
            reason = f"{key.name} {key.type} has the TTLs {ttl} and {member.ttl}"
            raise invalid(source, member.line, reason)
    content = records(ttl, [member.text for member in members])
    if key.type in _SINGLE and len(content.values) > 1:
        reason = f"{key.name} has {len(content.values)} {key.type} records"
        raise invalid(source, members[-1].line, reason)
    return content
