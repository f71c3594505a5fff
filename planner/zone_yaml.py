"""The desired state of a zone, read from octoDNS zone YAML: all of it, or every reason why not.

octoDNS's syntax is accepted; what octoDNS reads silently, or differently from what a person reads,
is refused (``facts/peers.md``, "octoDNS YAML"):

* an empty file is an error, never an empty zone (the 2025 outage began with an emptied record);
* duplicate keys, ``value`` beside ``values``, the same name and type twice: no last one wins;
* types, keys and per-record settings that planfence does not act on, because ignoring a setting
  such as ``ignored`` or ``healthcheck`` would change what the file means;
* names that do not say where they belong: owners are relative to the zone, targets end with a dot.

It does not ask whether a zone is well run. Key order, ``lenient`` and best practices are octoDNS's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from planner.owners import ancestors, owner_in
from planner.yaml_events import Items, Map, Node, Report, Scalar, kind, read_entries
from planner.zone_dynamic import DynamicReader
from planner.zone_dynamic_sets import dynamic_sets
from planner.zone_octodns_alias import ALIAS_KEYS, ALIAS_TYPE, read_octodns_alias
from planner.zone_routing import RECORD_KEYS, SET_KEYS, RoutingReader
from planner.zone_values import ValueReader
from plans.collector import collector_paused
from plans.errors import Invalid, Refused
from plans.kinds.dns import MANAGED_TYPES, TTL_MAX, RecordKey, Records, records
from plans.kinds.rdata import normal_name, shown

TTL_DEFAULT = 3600  # octoDNS's ``default_ttl``

_TYPES = frozenset(MANAGED_TYPES)
_KEYS = frozenset({"type", "ttl", "value", "values", "dynamic"})
_REFUSED_KEYS = {
    "geo": "geo records are not managed by planfence",
}
_REFUSED_TYPES = {
    "ALIAS": "type ALIAS is not managed: it is a provider's own, not DNS",
    "SOA": "type SOA is not managed: it belongs to the target",
}
_HEALTH_SETTINGS = frozenset({"healthcheck", "route53"})
_NO_HEALTH_SETTINGS = (
    "sets up health checks, which planfence does not make: take it out, and name those that there"
    " are as health_check in the pools' values"
)
_ALONE = frozenset({"CNAME", "DNAME"})
_WHOLE = re.compile(r"0|[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class DesiredZone:
    """Every record set that the file asks for; SHA-256 and size in bytes of what was read."""

    records: dict[RecordKey, Records]
    digest: str
    size: int


def read_zone_yaml(path: Path, zone: str, *, escaped_semicolons: bool | None) -> DesiredZone:
    r"""Read one zone's desired state.

    Args:
        path: the YAML file.
        zone: the zone's absolute name.
        escaped_semicolons: whether the file writes ``;`` as ``\;`` in TXT and SPF; None refuses
            any file in which it matters.

    Raises:
        Refused: there is no such file (``desired-missing``) or it cannot be opened
            (``desired-unreadable``).
        Invalid: the file is not accepted (``desired-state``); ``problems`` has all the reasons,
            each as ``path:line: reason``, in the order of lines.
    """
    return parse_zone_yaml(_read(path), str(path), zone, escaped_semicolons=escaped_semicolons)


def parse_zone_yaml(
    data: bytes, source: str, zone: str, *, escaped_semicolons: bool | None
) -> DesiredZone:
    """What ``read_zone_yaml`` does with a file's bytes; ``source`` names them in each problem.

    Raises:
        Invalid: as for ``read_zone_yaml``.
    """
    problems: list[tuple[int, str]] = []

    def report(line: int, reason: str) -> None:
        problems.append((line, reason))

    with collector_paused():
        reader = _ZoneReader(normal_name(zone, "."), escaped_semicolons, report)
        for key, node in read_entries(data, report):
            reader.entry(key, node)
        reader.check_whole()
    if not reader.kept and not problems:
        report(1, "holds no record; that is never read as an empty zone")
    if problems:
        problems.sort(key=lambda problem: problem[0])
        raise Invalid(
            [f"{source}:{line}: {reason}" for line, reason in problems],
            rule="desired-state",
            remedy="mend the file and plan again",
        )
    return DesiredZone(reader.kept, hashlib.sha256(data).hexdigest(), len(data))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Refused(
            f"there is no desired state at {path}, and a missing file is never an empty zone",
            rule="desired-missing",
            remedy="restore the file, or correct the stream's 'desired' in planfence.toml",
        ) from error
    except IsADirectoryError as error:
        raise Invalid(
            [f"{path}: is a directory; planfence reads one file for a zone"],
            rule="desired-state",
            remedy="join the files that octoDNS's split_extension made",
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused(
            f"the desired state at {path} cannot be read: {reason}",
            rule="desired-unreadable",
            remedy="make the file readable",
        ) from error


class _ZoneReader:
    """Takes the file's entries one by one; ``kept`` has the record sets accepted so far."""

    def __init__(self, zone: str, escaped_semicolons: bool | None, report: Report) -> None:
        self.zone = zone
        self.report = report
        self.values = ValueReader(escaped_semicolons, report)
        self.dynamic = DynamicReader(self.values, report)
        self.routing = RoutingReader(zone, report, self._ttl, self._texts)
        self.kept: dict[RecordKey, Records] = {}
        self.lines: dict[RecordKey, int] = {}  # of each name and type, whatever its identifiers

    def entry(self, key: Scalar, node: Node) -> None:
        """One name with its record map, or list of record maps."""
        name = self._owner(key)
        found = node.items if isinstance(node, Items) else [node]
        if not found:
            self.report(node.line, f"{shown(key.text)} has no record")
        for each in found:
            if isinstance(each, Map):
                self._record(name, each)
            elif each is not None:
                self.report(
                    each.line, f"{shown(key.text)}: expected a record map, found {kind(each)}"
                )

    def _owner(self, key: Scalar) -> str | None:
        """The absolute name that a key stands for."""
        try:
            return owner_in(key.text, self.zone)
        except ValueError as error:
            self.report(key.line, str(error))
            return None

    def _record(self, name: str | None, node: Map) -> None:
        if not node.entries.keys() <= _KEYS:
            self._other_keys(node)
        rdtype = self._type(node)
        if rdtype == ALIAS_TYPE:
            self._octodns_aliases(name, node)
            return
        if "dynamic" in node.entries:
            if rdtype is not None:
                self._dynamic(name, rdtype, node)
            return
        if not RECORD_KEYS.isdisjoint(node.entries):
            if rdtype is not None:
                self._keep(name, rdtype, self.routing.read(name, rdtype, node), node.line)
            return
        ttl = self._ttl(node)
        if rdtype is None:
            return
        texts = self._texts(rdtype, node)
        if ttl is not None and texts:
            self._keep(name, rdtype, {"": records(ttl, texts)}, node.line)

    def _dynamic(self, name: str | None, rdtype: str, node: Map) -> None:
        for key in RECORD_KEYS.intersection(node.entries):
            self.report(node.entries[key][0], f"{key} beside dynamic: which one is meant?")
        dynamic = self.dynamic.read(rdtype, *node.entries["dynamic"])
        ttl, texts = self._ttl(node), self._texts(rdtype, node)
        if name is None or dynamic is None or ttl is None or not texts:
            return
        try:
            for made, sets in dynamic_sets(name, ttl, texts, dynamic).items():
                self._keep(made, rdtype, sets, node.line)
        except ValueError as error:
            self.report(node.line, str(error))

    def _octodns_aliases(self, name: str | None, node: Map) -> None:
        for key, (line, _) in node.entries.items():
            if key in (_KEYS | RECORD_KEYS) - ALIAS_KEYS:
                self.report(line, f"{key} does not go with {ALIAS_TYPE}")
        self._ttl(node)
        for value in self._written(node):
            found = None if value is None else read_octodns_alias(value, self.zone, self.report)
            if value is not None and found is not None:
                rdtype, content = found
                self._keep(name, rdtype, {"": content}, value.line)

    def _keep(self, name: str | None, rdtype: str, sets: Mapping[str, Records], line: int) -> None:
        """The sets of one name and type, by identifier. None, or a name of None, was refused."""
        if name is None or not sets:
            return
        place = RecordKey(name, rdtype)
        if place in self.lines:
            first = self.lines[place]
            self.report(line, f"{name} {rdtype} is here twice, first at line {first}")
            return
        self.lines[place] = line
        for identifier, content in sets.items():
            self.kept[RecordKey(name, rdtype, identifier)] = content
        if rdtype in _ALONE:
            self._check_alone(place, max(len(each.values) for each in sets.values()), line)

    def _check_alone(self, key: RecordKey, count: int, line: int) -> None:
        """RFC 2181 section 10.1 for CNAME, RFC 6672 section 2.4 for DNAME: one value, at most."""
        if count > 1:
            self.report(line, f"{key.name} {key.type} has {count} values; one is allowed")
        if key.name == self.zone:
            why = (
                "the zone's own NS and SOA are there (RFC 1034 section 3.6.2)"
                if key.type == "CNAME"
                else "nothing may be below it (RFC 6672 section 2.4), and the fence record is"
            )
            self.report(line, f"{key.type} at the apex: {why}")

    def _other_keys(self, node: Map) -> None:
        for key, (line, value) in node.entries.items():
            if key in _KEYS:
                continue
            if key == "octodns":
                self._settings(value, dynamic="dynamic" in node.entries)
            elif key in _REFUSED_KEYS:
                self.report(line, _REFUSED_KEYS[key])
            elif key in SET_KEYS - RECORD_KEYS:
                self.report(line, f"{key} belongs into a set of routing")
            elif key not in RECORD_KEYS:
                self.report(line, f"unknown key {shown(key)} in a record")

    def _settings(self, node: Node | None, *, dynamic: bool) -> None:
        """Settings of octoDNS for a record. Only ``lenient`` leaves the record what it is."""
        if isinstance(node, Map):
            for key, (line, _) in node.entries.items():
                if dynamic and key in _HEALTH_SETTINGS:
                    self.report(line, f"octodns.{key} {_NO_HEALTH_SETTINGS}")
                elif key != "lenient":
                    self.report(
                        line,
                        f"octodns.{key} changes what the record means; not managed by planfence",
                    )
        elif node is not None:
            self.report(node.line, f"octodns: expected a map, found {kind(node)}")

    def _type(self, node: Map) -> str | None:
        if "type" not in node.entries:
            self.report(node.line, "type is missing")
            return None
        value = node.entries["type"][1]
        if value is None:
            return None
        if not isinstance(value, Scalar) or value.null:
            self.report(value.line, f"type: expected text, found {kind(value)}")
            return None
        if value.text in _TYPES or value.text == ALIAS_TYPE:
            return value.text
        self.report(
            value.line,
            _REFUSED_TYPES.get(
                value.text,
                f"type {shown(value.text)} is not managed; managed are {' '.join(MANAGED_TYPES)}",
            ),
        )
        return None

    def _ttl(self, node: Map) -> int | None:
        if "ttl" not in node.entries:
            return TTL_DEFAULT
        value = node.entries["ttl"][1]
        if value is None:
            return None
        if not isinstance(value, Scalar):
            self.report(value.line, f"ttl: expected a number, found {kind(value)}")
        elif not value.plain or not _WHOLE.fullmatch(value.text):
            written = shown(value.text) + ("" if value.plain else " in quotes")
            self.report(
                value.line, f"ttl: expected a plain whole number of seconds, found {written}"
            )
        elif int(value.text) > TTL_MAX:
            self.report(value.line, f"ttl {value.text} is above {TTL_MAX} (RFC 2181 section 8)")
        else:
            return int(value.text)
        return None

    def _texts(self, rdtype: str, node: Map) -> list[str]:
        """The record's values as canonical text, or none at all if one was refused."""
        found = self._written(node)
        texts = [None if each is None else self.values.read(rdtype, each) for each in found]
        kept = [text for text in texts if text is not None]
        return kept if len(kept) == len(texts) else []

    def _written(self, node: Map) -> list[Node | None]:
        """The record's values as they stand in the file; None for one that was refused."""
        one, several = node.entries.get("value"), node.entries.get("values")
        if one is not None and several is not None:
            self.report(max(one[0], several[0]), "value beside values: which one is meant?")
        elif several is not None:
            return self._listed(*several)
        elif one is not None:
            return [one[1]]
        else:
            self.report(node.line, "value or values is missing")
        return []

    def _listed(self, line: int, node: Node | None) -> list[Node | None]:
        if isinstance(node, Items):
            if not node.items:
                self.report(line, "values is empty; to remove a record set, remove its record")
            return node.items
        if node is not None:
            self.report(line, f"values: expected a list, found {kind(node)}")
        return []

    def check_whole(self) -> None:
        """What one record cannot know: CNAME beside other data, and names below a DNAME."""
        aliases = {key.name for key in self.lines if key.type == "CNAME"}
        moved = {key.name for key in self.lines if key.type == "DNAME"}
        if not aliases and not moved:
            return
        for key, line in self.lines.items():
            if key.name in aliases and key.type != "CNAME":
                cname_line = self.lines[RecordKey(key.name, "CNAME")]
                self.report(
                    max(line, cname_line),
                    f"{key.name} has CNAME beside {key.type} (RFC 2181 section 10.1),"
                    f" see line {min(line, cname_line)}",
                )
            if moved and (above := moved.intersection(ancestors(key.name))):
                dname = above.pop()
                dname_line = self.lines[RecordKey(dname, "DNAME")]
                self.report(
                    line,
                    f"{key.name} is below the DNAME {dname} at line {dname_line}, which hides it"
                    " (RFC 6672 section 2.4)",
                )
