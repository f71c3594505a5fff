"""What a zone holds, read by neither of the two tools, and told in a form to compare.

Values are compared by what they mean. At the double that is its own parser: a DELETE there has to
say a value to the letter, so the letters are a tool's own business. At BIND it is the canonical
form of DNSSEC (RFC 4034 section 6.2), with names in lower case in HTTPS and SVCB too.

planfence's fence record and the SOA are left out: the one is planfence's alone, the other the
service's. Everything else counts, the NS records of the zone itself too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

import dns.name
import dns.rdata
import dns.rdatatype

from tests.differential.texts import texts
from tests.differential.zones import Names
from tests.doubles.route53.double import Double
from tests.doubles.route53.names import stored_name
from tests.doubles.route53.rdata import parsed
from tests.servers.bind import Zone

Held = dict[tuple[str, str], tuple[int, frozenset[Hashable]]]
"""TTL in seconds and values, by absolute name and type."""

_FENCE = "_planfence."
_PLAIN = {"Name", "Type", "TTL", "ResourceRecords"}


class Row(NamedTuple):
    """One record: a label below the zone, TTL in seconds, type, value in presentation format."""

    label: str
    ttl: int
    type: str
    value: str

    def name(self, zone: str) -> str:
        return f"{self.label}.{zone}" if self.label else zone


def rows_of(names: Names) -> list[Row]:
    """What a zone of ``zones`` means, record by record."""
    return [
        Row(label, content.ttl, rdtype, value)
        for label, sets in names.items()
        for rdtype, content in sets.items()
        for value in texts(rdtype, content)
    ]


def rows(text: str) -> list[Row]:
    """Records as lines: ``www 300 A 192.0.2.1``, with ``@`` for the zone itself."""
    split = [line.split(None, 3) for line in text.splitlines() if line.strip()]
    return [
        Row("" if label == "@" else label, int(ttl), rdtype, value)
        for label, ttl, rdtype, value in split
    ]


# Route 53


def at_route53(double: Double, zone_id: str, zone: str) -> Held:
    """What a hosted zone of the double holds; sets that are not plain stand as they are."""
    found: Held = {}
    for each in double.record_sets(zone_id):
        name, rdtype = each["Name"], each["Type"]
        if rdtype == "SOA" or name == _FENCE + zone:
            continue
        if each.keys() == _PLAIN:
            values = [parsed(rdtype, record["Value"]) for record in each["ResourceRecords"]]
            found[name, rdtype] = int(each["TTL"]), frozenset(values)
        else:
            found[name, f"{rdtype} {each.get('SetIdentifier')}"] = 0, frozenset([repr(each)])
    return found


def meant_at_route53(records: Iterable[Row], zone: str) -> Held:
    return _held(records, lambda row: stored_name(row.name(zone)), parsed)


def raw_sets(records: Iterable[Row], zone: str) -> list[dict[str, Any]]:
    """The record sets as somebody else's program may have written them."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in records:
        name = stored_name(row.name(zone))
        empty = {"Name": name, "Type": row.type, "TTL": row.ttl, "ResourceRecords": []}
        raw = found.setdefault((name, row.type), empty)
        raw["ResourceRecords"].append({"Value": row.value})
    return list(found.values())


# BIND


def at_bind(zone: Zone) -> Held:
    """What BIND transfers."""
    found = [
        (name.to_text().lower(), ttl, dns.rdatatype.to_text(rdata.rdtype), _canonical(rdata))
        for name, ttl, rdata in zone.transfer().iterate_rdatas()
    ]
    return _joined(each for each in found if each[2] != "SOA" and each[0] != _FENCE + zone.name)


def meant_at_bind(records: Iterable[Row], zone: str) -> Held:
    return _held(
        records,
        lambda row: dns.name.from_text(row.name(zone)).to_text().lower(),
        lambda rdtype, value: _canonical(dns.rdata.from_text("IN", rdtype, value)),
    )


def _canonical(rdata: dns.rdata.Rdata) -> bytes:
    if dns.rdatatype.to_text(rdata.rdtype) in ("HTTPS", "SVCB"):
        rdata = rdata.replace(target=rdata.target.canonicalize())  # type: ignore[attr-defined]
    return rdata.to_digestable()


def _held(
    records: Iterable[Row],
    name_of: Callable[[Row], str],
    meaning: Callable[[str, str], Hashable],
) -> Held:
    return _joined(
        (name_of(row), row.ttl, row.type, meaning(row.type, row.value)) for row in records
    )


def _joined(records: Iterable[tuple[str, int, str, Hashable]]) -> Held:
    found: dict[tuple[str, str], tuple[int, set[Hashable]]] = {}
    for name, ttl, rdtype, value in records:
        found.setdefault((name, rdtype), (ttl, set()))[1].add(value)
    return {key: (ttl, frozenset(values)) for key, (ttl, values) in found.items()}
