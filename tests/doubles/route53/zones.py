"""A hosted zone: its record sets, in the order in which they are listed."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from tests.doubles.route53.batch import Names, Verdict, Zone
from tests.doubles.route53.names import listing_order, stored_name
from tests.doubles.route53.record_sets import Key, RecordSet

SETS_MAX: Final = 10_000
FENCE_LABEL: Final = "_planfence"
# What CreateHostedZone makes. Seen: sTywin/dyndns53#2.
_SERVERS: Final = ("ns-331.awsdns-41.com", "ns-1749.awsdns-26.co.uk", "ns-683.awsdns-21.net")
_SOA: Final = f"{_SERVERS[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"

Place = tuple[bytes, Key]  # of a record set in a listing


class Page(NamedTuple):
    record_sets: list[RecordSet]
    following: RecordSet | None


class HostedZone:
    """One zone. ``sets_max`` is its quota, ``protections`` the comments by name and type."""

    def __init__(self, zone_id: str, name: str, reference: str, *, private: bool) -> None:
        self.id = zone_id
        self.name = name
        self.reference = reference
        self.private = private
        self.name_servers = _SERVERS
        self.sets_max = SETS_MAX
        self.protections: dict[tuple[str, str], str] = {}
        self.busy_until_seconds = float("-inf")
        self._names: dict[str, Mapping[Key, RecordSet]] = {}
        self._order: list[Place] = []
        servers = [{"Value": f"{server}."} for server in self.name_servers]
        soa = [{"Value": _SOA}]
        self.put({"Name": name, "Type": "NS", "TTL": 172_800, "ResourceRecords": servers})
        self.put({"Name": name, "Type": "SOA", "TTL": 900, "ResourceRecords": soa})

    @property
    def count(self) -> int:
        return len(self._order)

    def as_judged(self) -> Zone:
        return Zone(self.id, self.name, self._names, self.count, self.sets_max, self.protections)

    def commit(self, verdict: Verdict) -> None:
        """Write what a batch was judged to make of the zone."""
        self._replace(verdict.names)

    def put(self, *members: Mapping[str, Any]) -> None:
        """Put record sets there, unjudged: what the service holds, however it came there."""
        names: dict[str, dict[Key, RecordSet]] = {}
        for each in members:
            record_set = RecordSet(each)
            name = record_set.name
            names.setdefault(name, dict(self._names.get(name, {})))[record_set.key] = record_set
        self._replace(names)

    def page(self, start: tuple[str, str, str] | None, size: int) -> Page:
        """Record sets from a name, type and identifier on, or from the first."""
        at = 0
        if start is not None:
            key = Key(stored_name(start[0]), start[1], start[2])
            at = bisect_left(self._order, (listing_order(key.name), key))
        places = self._order[at : at + size + 1]
        found = [self._names[key.name][key] for _, key in places]
        return Page(found[:size], found[size] if len(found) > size else None)

    def record_sets(self) -> Iterator[RecordSet]:
        """All of them, in the order of a listing."""
        return (self._names[key.name][key] for _, key in self._order)

    def fence(self) -> tuple[str, ...] | None:
        """The values of the fence record, which is a TXT set like any other; None: none."""
        name = f"{FENCE_LABEL}.{self.name}"
        found = self._names.get(name, {}).get(Key(name, "TXT", ""))
        return None if found is None else found.values

    def _replace(self, names: Names) -> None:
        for name, after in names.items():
            before: Iterable[Key] = self._names.get(name, {})
            order = listing_order(name)
            for key in before:
                if key not in after:
                    del self._order[bisect_left(self._order, (order, key))]
            for key in after:
                if key not in before:
                    insort(self._order, (order, key))
            if after:
                self._names[name] = after
            else:
                self._names.pop(name, None)
