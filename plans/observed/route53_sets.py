r"""Route 53's record sets and ours: the whole of ``ResourceRecordSet``, in both directions.

==================================== ==========================================================
member                               here
==================================== ==========================================================
``Name``, ``Type``                   ``RecordKey.name`` and ``.type``
``SetIdentifier``                    ``RecordKey.identifier``
``TTL``, ``ResourceRecords``         ``Records.ttl`` and ``.values``
``AliasTarget``                      ``alias=<hosted zone id>:<DNS name>:<true|false>``; TTL 0, no
                                     values. The flag is ``EvaluateTargetHealth``; the id is
                                     ``self`` where it is the zone's own
``Weight``                           ``weight=<0 to 255>``
``Region``                           ``region=<region>``
``Failover``                         ``failover=<PRIMARY|SECONDARY>``
``MultiValueAnswer``                 ``multivalue=<true|false>``
``GeoLocation``                      ``geo_continent=<code>``, ``geo_country=<code>``,
                                     ``geo_subdivision=<code>``
``GeoProximityLocation``             ``geoproximity_region=<region>``,
                                     ``geoproximity_local_zone=<group>``,
                                     ``geoproximity_coordinates=<latitude>,<longitude>``,
                                     ``geoproximity_bias=<-99 to 99>``
``CidrRoutingConfig``                ``cidr=<collection id>:<location>``
``HealthCheckId``                    ``health_check=<id>``
``TrafficPolicyInstanceId``          ``traffic_policy_instance=<id>``; TTL 0, no values
==================================== ==========================================================

Guarantees:

1. Nothing is read as something simpler than it is: a member, or a form, that the table lacks is a
   ``ValueError`` that names it.
2. ``read_set(raw_set(key, records))`` gives key and records again, in whatever zone: one state fits
   two hosted zones of one name, since what points into the zone itself does so by ``self``.
3. Where a set is written in other letters than we would (an address in capitals, values in another
   order), ``read_set`` says that it is not ``exact``: whoever must name it to the service exactly
   keeps what was read.

Every function is pure. Source: API Reference, ResourceRecordSet; botocore's model of it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from plans.kinds.dns import OWN_ZONE, RecordKey, Records, records
from plans.kinds.rdata import shown
from plans.observed.route53_text import (
    name_from_api,
    name_to_api,
    value_from_api,
    value_to_api,
)

RawSet = Mapping[str, Any]
"""A record set as the SDK has it."""

_SIMPLE: Final = frozenset({"Name", "Type", "TTL", "ResourceRecords"})
_VALUE: Final = frozenset({"Value"})
_NOT_ATTRIBUTES: Final = _SIMPLE | {"SetIdentifier"}
_IN_PARTS: Final = frozenset({"GeoLocation", "GeoProximityLocation"})
_NUMBER: Final = re.compile(r"0|-?[1-9][0-9]*")
_ALIAS: Final = re.compile(r"([^:]+):(.+):(true|false)", re.DOTALL)
_CIDR: Final = re.compile(r"([^:]+):(.+)", re.DOTALL)
_FLAG: Final = re.compile("true|false")
_COORDINATES: Final = re.compile(r"([^,]+),([^,]+)")


class Read(NamedTuple):
    """A record set as it was read. ``exact``: ``raw_set`` gives just what the service has."""

    key: RecordKey
    records: Records
    exact: bool


def read_set(raw: RawSet, zone_id: str = OWN_ZONE) -> Read:
    """A record set of the service's.

    Args:
        zone_id: the hosted zone's; by default it is not known, and no alias has it.

    Raises:
        ValueError: a name, value, member or form that is not known here.
    """
    name, rdtype = name_from_api(raw["Name"]), raw["Type"]
    if raw.keys() == _SIMPLE:
        key = RecordKey(name, rdtype)
        content, as_is = _values(rdtype, raw)
        # The reader gives back the text itself only where both dialects write the same.
        return Read(key, content, (as_is and name is raw["Name"]) or raw == raw_set(key, content))
    key = RecordKey(name, rdtype, raw.get("SetIdentifier", ""))
    attributes = tuple(sorted(_attributes(_alias_moved(raw, zone_id, OWN_ZONE))))
    if "ResourceRecords" in raw or "TTL" in raw:
        if "AliasTarget" in raw or not raw.keys() >= _SIMPLE:
            raise ValueError("it has not just one of an alias, or a TTL with values")
        content, _ = _values(rdtype, raw)
        content = Records(content.ttl, content.values, attributes)
    elif "AliasTarget" in raw or "TrafficPolicyInstanceId" in raw:
        content = Records(0, (), attributes)
    else:
        raise ValueError("it has neither values nor an alias")
    return Read(key, content, raw == raw_set(key, content, zone_id))


def raw_set(key: RecordKey, content: Records, zone_id: str = OWN_ZONE) -> RawSet:
    """The record set as the service takes it.

    Args:
        zone_id: the hosted zone's, which stands for ``self``.

    Raises:
        ValueError: an attribute is unknown, repeated or of another form than the table's, or there
            are values beside an alias, or neither.
    """
    raw: dict[str, Any] = {"Name": name_to_api(key.name), "Type": key.type}
    if key.identifier:
        raw["SetIdentifier"] = key.identifier
    if content.values:
        raw["TTL"] = content.ttl
        raw["ResourceRecords"] = [
            {"Value": value_to_api(key.type, value)} for value in content.values
        ]
    for attribute in content.attributes:
        name, _, text = attribute.partition("=")
        member = _MEMBERS.get(name)
        if member is None:
            raise ValueError(f"Route 53 has no attribute {shown(name)}")
        _put(raw, member.path, member.from_text(text))
    if bool(content.values) == ("AliasTarget" in raw) and "TrafficPolicyInstanceId" not in raw:
        raise ValueError("it has not just one of an alias, or a TTL with values")
    return _alias_moved(raw, OWN_ZONE, zone_id)


def _alias_moved(raw: RawSet, before: str, after: str) -> RawSet:
    """The record set with ``after`` as its alias's hosted zone, where that is ``before``."""
    target = raw.get("AliasTarget")
    if target is None or target.get("HostedZoneId") != before:
        return raw
    return {**raw, "AliasTarget": {**target, "HostedZoneId": after}}


def _values(rdtype: str, raw: RawSet) -> tuple[Records, bool]:
    """TTL and values, and whether they are written as we write them."""
    found = raw["ResourceRecords"]
    written = [record["Value"] for record in found if record.keys() == _VALUE]
    if len(written) < len(found):
        written = [_members(record, "ResourceRecord", "Value")[0] for record in found]
    values = [value_from_api(rdtype, text) for text in written]
    content = records(raw["TTL"], values)
    same = all(map(operator.is_, values, written))
    return content, same and values == list(content.values)


def _attributes(raw: RawSet) -> Iterator[str]:
    for name, value in raw.items():
        if name in _NOT_ATTRIBUTES:
            continue
        found: list[tuple[tuple[str, ...], Any]] = [((name,), value)]
        if name in _IN_PARTS:
            found = [((name, part), value[part]) for part in value]
        if not found:
            raise ValueError(f"its {name} is empty")
        for path, part in found:
            attribute = _NAMES.get(path)
            if attribute is None:
                raise ValueError(f"it has a {'.'.join(path)}, which planfence does not know")
            yield f"{attribute}={_MEMBERS[attribute].to_text(part)}"


def _put(raw: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *outer, last = path
    for name in outer:
        raw = raw.setdefault(name, {})
    if last in raw:
        raise ValueError(f"it has two of {'.'.join(path)}")
    raw[last] = value


def _members(value: Mapping[str, Any], of: str, *names: str) -> list[Any]:
    """The members of a structure that has just these."""
    for name in value:
        if name not in names:
            raise ValueError(f"its {of} has a {name}, which planfence does not know")
    for name in names:
        if name not in value:
            raise ValueError(f"its {of} has no {name}")
    return [value[name] for name in names]


def _matched(pattern: re.Pattern[str], text: str, form: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown(text)} is not of the form {form}")
    return match


def _text(text: str) -> str:
    if not text:
        raise ValueError("an attribute is empty")
    return text


def _number(text: str) -> int:
    return int(_matched(_NUMBER, text, "whole number")[0])


def _flag_to_text(value: bool) -> str:
    return "true" if value else "false"


def _flag(text: str) -> bool:
    return _matched(_FLAG, text, "true or false")[0] == "true"


def _alias_to_text(value: Mapping[str, Any]) -> str:
    names = ("HostedZoneId", "DNSName", "EvaluateTargetHealth")
    zone, name, evaluate = _members(value, "AliasTarget", *names)
    return f"{_first(zone)}:{name_from_api(name)}:{_flag_to_text(evaluate)}"


def _alias_from_text(text: str) -> dict[str, Any]:
    match = _matched(_ALIAS, text, "zone id:name:true or false")
    return {
        "HostedZoneId": match[1],
        "DNSName": name_to_api(match[2]),
        "EvaluateTargetHealth": _flag(match[3]),
    }


def _cidr_to_text(value: Mapping[str, Any]) -> str:
    collection, location = _members(value, "CidrRoutingConfig", "CollectionId", "LocationName")
    return f"{_first(collection)}:{location}"


def _first(text: str) -> str:
    """An id before a colon: with one of its own, the text would be read as another's."""
    if ":" in text:
        raise ValueError(f"its id {shown(text)} has a colon")
    return text


def _cidr_from_text(text: str) -> dict[str, Any]:
    match = _matched(_CIDR, text, "collection id:location")
    return {"CollectionId": match[1], "LocationName": match[2]}


def _coordinates_to_text(value: Mapping[str, Any]) -> str:
    return ",".join(_members(value, "Coordinates", "Latitude", "Longitude"))


def _coordinates_from_text(text: str) -> dict[str, Any]:
    match = _matched(_COORDINATES, text, "latitude,longitude")
    return {"Latitude": match[1], "Longitude": match[2]}


class _Member(NamedTuple):
    """Where an attribute stands in a record set, and how it is written."""

    path: tuple[str, ...]
    to_text: Callable[[Any], str] = _text
    from_text: Callable[[str], Any] = _text


_MEMBERS: Final[Mapping[str, _Member]] = {
    "alias": _Member(("AliasTarget",), _alias_to_text, _alias_from_text),
    "cidr": _Member(("CidrRoutingConfig",), _cidr_to_text, _cidr_from_text),
    "failover": _Member(("Failover",)),
    "geo_continent": _Member(("GeoLocation", "ContinentCode")),
    "geo_country": _Member(("GeoLocation", "CountryCode")),
    "geo_subdivision": _Member(("GeoLocation", "SubdivisionCode")),
    "geoproximity_bias": _Member(("GeoProximityLocation", "Bias"), str, _number),
    "geoproximity_coordinates": _Member(
        ("GeoProximityLocation", "Coordinates"), _coordinates_to_text, _coordinates_from_text
    ),
    "geoproximity_local_zone": _Member(("GeoProximityLocation", "LocalZoneGroup")),
    "geoproximity_region": _Member(("GeoProximityLocation", "AWSRegion")),
    "health_check": _Member(("HealthCheckId",)),
    "multivalue": _Member(("MultiValueAnswer",), _flag_to_text, _flag),
    "region": _Member(("Region",)),
    "traffic_policy_instance": _Member(("TrafficPolicyInstanceId",)),
    "weight": _Member(("Weight",), str, _number),
}
_NAMES: Final = {member.path: name for name, member in _MEMBERS.items()}
