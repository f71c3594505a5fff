"""Routing policies, aliases and health checks in zone YAML: what a set of Route 53 may have.

The keys are planfence's own, beside octoDNS's (``docs/desired-state.md``, "Routing"). ``routing``
holds several sets of one name and type; ``alias`` and ``health_check`` may stand in a set of it, or
in a record map itself.

Guarantees:

1. Every set that ``plans.observed.route53_sets`` reads from the service can be said, but those that
   traffic policies make, and is read as the same attributes.
2. Refused is what Route 53 documents that it never holds: no policy or two in one set, several in
   one name and type, two sets of one identifier or for one place, weighted sets of several TTLs, a
   primary that nothing checks, types that have no routing.

Left to the service, because it changes with time or AWS's own pages differ: which Regions, health
checks and CIDR collections there are, whether there is what an alias points at, how many sets a
name and how many values a set may have, whether a failover alias must evaluate health.

Source: API Reference, ResourceRecordSet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from planner.yaml_events import Items, Map, Node, Report, kind
from planner.zone_attributes import AttributeReader
from plans.kinds.dns import ALIAS, Records, records
from plans.kinds.rdata import shown

RECORD_KEYS: Final = frozenset({"alias", "health_check", "routing"})
POLICIES: Final = tuple("cidr failover geo geoproximity multivalue region weight".split())
SET_KEYS: Final = frozenset({*POLICIES, *"alias health_check id ttl value values".split()})

_NOT_BESIDE_ALIAS: Final = ("ttl", "value", "values")
_NOT_BESIDE_ROUTING: Final = ("alias", "health_check", *_NOT_BESIDE_ALIAS)
_HEALTH_CHECK: Final = "health_check="
_MANY_ALIKE: Final = ("multivalue", "weight")
_NOT_THERE: Final = frozenset("DNAME LOC OPENPGPKEY URI".split())
_NO_ALIAS: Final = _NOT_THERE | {"NS"}
_NO_ROUTING: Final = _NO_ALIAS | {"DS"}


class _Set(NamedTuple):
    """A set of ``routing`` as far as it could be read: None was reported."""

    line: int
    identifier: str | None
    policy: str | None
    content: Records | None


class RoutingReader:
    """Reads record maps that have a key of ``RECORD_KEYS``; reports each problem with its line.

    Args:
        zone: the zone's absolute name.
        report: takes a line and a reason.
        ttl: reads the TTL of a map, or reports why not and gives None.
        texts: reads the values of a type from a map, or reports why not and gives none at all.
    """

    def __init__(
        self,
        zone: str,
        report: Report,
        ttl: Callable[[Map], int | None],
        texts: Callable[[str, Map], list[str]],
    ) -> None:
        self.report = report
        self.attributes = AttributeReader(zone, report)
        self.ttl = ttl
        self.texts = texts

    def read(self, name: str | None, rdtype: str, node: Map) -> dict[str, Records]:
        """The sets of a record map by identifier, which is empty where there is one only.

        None at all if anything was refused, as a ``name`` of None was.
        """
        if "routing" in node.entries:
            return self._routed(name, rdtype, node)
        content = self._content(name, rdtype, node)
        return {} if content is None else {"": content}

    def _routed(self, name: str | None, rdtype: str, node: Map) -> dict[str, Records]:
        line, found = node.entries["routing"]
        beside = [key for key in _NOT_BESIDE_ROUTING if key in node.entries]
        for key in beside:
            self.report(node.entries[key][0], f"{key} beside routing: it belongs into each set")
        routable = rdtype not in _NO_ROUTING
        if not routable:
            self.report(line, f"routing: Route 53 routes no records of type {rdtype}")
        if not isinstance(found, Items) or not found.items:
            if found is not None:
                what = "an empty one" if isinstance(found, Items) else kind(found)
                self.report(found.line, f"routing: expected a list of sets, found {what}")
            return {}
        sets = [self._set(name, rdtype, each) for each in found.items]
        kept = [each for each in sets if each is not None]
        faults = list(_faults(rdtype, kept))
        for fault_line, reason in faults:
            self.report(fault_line, reason)
        whole = {
            each.identifier: each.content
            for each in kept
            if each.identifier and each.policy and each.content
        }
        return whole if len(whole) == len(sets) and routable and not beside and not faults else {}

    def _set(self, name: str | None, rdtype: str, node: Node | None) -> _Set | None:
        if not isinstance(node, Map):
            if node is not None:
                self.report(node.line, f"routing: expected a set's map, found {kind(node)}")
            return None
        unknown = [key for key in node.entries if key not in SET_KEYS]
        for key in unknown:
            self.report(node.entries[key][0], f"unknown key {shown(key)} in a set of routing")
        identifier = None
        if "id" in node.entries:
            identifier = self.attributes.scalar("id", node.entries["id"][1])
        else:
            self.report(node.line, "a set of routing has no id, which tells it apart")
        policies = [key for key in node.entries if key in POLICIES]
        if not policies:
            self.report(node.line, f"a set of routing has no policy: {', '.join(POLICIES)}")
        for key in policies[1:]:
            self.report(node.entries[key][0], f"{key} beside {policies[0]}: a set has one policy")
        content = self._content(name, rdtype, node, *policies)
        policy = policies[0] if len(policies) == 1 else None
        return _Set(node.line, identifier, policy, content if policy and not unknown else None)

    def _content(self, name: str | None, rdtype: str, node: Map, *policies: str) -> Records | None:
        """TTL and values, or an alias; and the attributes of these policies and of the health."""
        found = [
            self.attributes.read(key, node.entries[key][1])
            for key in (*policies, "health_check")
            if key in node.entries
        ]
        if "alias" in node.entries:
            found.append(self._alias(name, rdtype, node))
            content = Records(0, ())
        else:
            ttl, texts = self.ttl(node), self.texts(rdtype, node)
            if ttl is None or not texts:
                return None
            content = records(ttl, texts)
        attributes = [text for each in found if each is not None for text in each]
        if None in found:
            return None
        return Records(content.ttl, content.values, tuple(sorted(attributes)))

    def _alias(self, name: str | None, rdtype: str, node: Map) -> list[str] | None:
        line, value = node.entries["alias"]
        beside = [key for key in _NOT_BESIDE_ALIAS if key in node.entries]
        for key in beside:
            what = "an alias has the TTL and the values of what it points at"
            self.report(node.entries[key][0], f"{key} beside alias: {what}")
        found = self.attributes.alias(name, line, value)
        if rdtype in _NO_ALIAS:
            self.report(line, f"alias: Route 53 has none of type {rdtype}")
            return None
        return None if beside else found


def _faults(rdtype: str, sets: Sequence[_Set]) -> Iterator[tuple[int, str]]:
    """Why sets cannot stand together, or one of them alone, each with its line."""
    yield from _told_apart(sets)
    yield from _of_one_policy(sets)
    for each in sets:
        if each.content is not None:
            yield from _own_faults(rdtype, each.line, each.content)
    yield from _one_for_each_place(sets)
    yield from _of_one_ttl(sets)


def _told_apart(sets: Sequence[_Set]) -> Iterator[tuple[int, str]]:
    lines: dict[str, int] = {}
    for line, identifier, _, _ in sets:
        if identifier in lines:
            yield line, f"id {shown(identifier)} is here twice, first at line {lines[identifier]}"
        elif identifier is not None:
            lines[identifier] = line


def _of_one_policy(sets: Sequence[_Set]) -> Iterator[tuple[int, str]]:
    known = [each for each in sets if each.policy is not None]
    for line, _, policy, _ in known:
        if policy != known[0].policy:
            other = f"{known[0].policy} at line {known[0].line}"
            yield line, f"{policy} beside {other}: all sets of a name and type have one policy"


def _one_for_each_place(sets: Sequence[_Set]) -> Iterator[tuple[int, str]]:
    lines: dict[tuple[str, ...], int] = {}
    for line, _, policy, content in sets:
        if content is None or policy in _MANY_ALIKE:
            continue
        place = _place(content)
        if place in lines:
            yield line, f"{' '.join(place)} is here twice, first at line {lines[place]}"
        lines.setdefault(place, line)


def _of_one_ttl(sets: Sequence[_Set]) -> Iterator[tuple[int, str]]:
    ttls = [
        (line, content.ttl)
        for line, _, policy, content in sets
        if policy == "weight" and content is not None and content.values
    ]
    for line, ttl in ttls:
        if ttl != ttls[0][1]:
            other = f"{ttls[0][1]} at line {ttls[0][0]}"
            yield line, f"ttl {ttl} beside {other}: weighted sets of a name and type have one TTL"


def _own_faults(rdtype: str, line: int, content: Records) -> Iterator[tuple[int, str]]:
    place, alias = _place(content), not content.values
    if place[0].startswith("multivalue=") and alias:
        yield line, "multivalue: Route 53 has no such aliases"
    if place[0].startswith("multivalue=") and rdtype == "CNAME":
        yield line, "multivalue: Route 53 has no such CNAME"
    checked = any(text.startswith(_HEALTH_CHECK) for text in content.attributes)
    if place == ("failover=PRIMARY",) and not alias and not checked:
        yield line, "a PRIMARY with values needs a health_check: nothing else makes it fail over"


def _place(content: Records) -> tuple[str, ...]:
    """What its policy tells a set by: its attributes but for alias and health check."""
    beside = (ALIAS, _HEALTH_CHECK)
    return tuple(text for text in content.attributes if not text.startswith(beside))
