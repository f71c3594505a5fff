"""What a record set of Route 53 has beside TTL and values, read from zone YAML to its attributes.

One reader for each key: what it may hold, in which form, and the attributes that say the same in
``plans.observed.route53_sets``. A scalar keeps the text that was written, since the service keeps
it: ``49.2`` and ``49.20`` are two coordinates.

Source: API Reference, ResourceRecordSet, AliasTarget, GeoLocation, GeoProximityLocation,
CidrRoutingConfig; the lengths and patterns are those of botocore's model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from planner.yaml_events import Map, Node, Report, Scalar, kind
from plans.kinds.dns import ALIAS, OWN_ZONE
from plans.kinds.rdata import normal_name, shown
from plans.kinds.zone import within


class _Form(NamedTuple):
    """What a scalar must be. ``plain``: quotes would make it something else to YAML."""

    pattern: re.Pattern[str]
    expected: str
    plain: bool = False


def _form(pattern: str, expected: str, *, plain: bool = False) -> _Form:
    return _Form(re.compile(pattern), expected, plain)


_FLAG: Final = _form("true|false", "true or false", plain=True)
_REGION: Final = _form("[a-z0-9-]{1,64}", "a Region such as eu-west-1")
_SCALARS: Final[Mapping[str, _Form]] = {
    "failover": _form("PRIMARY|SECONDARY", "PRIMARY or SECONDARY"),
    "health_check": _form("[!-~]{1,64}", "a health check's id"),
    # Any text: but XML, which brings it, has no control characters other than white space.
    "id": _form(
        r"[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]{1,128}",
        "1 to 128 characters, no control characters",
    ),
    "multivalue": _FLAG,
    "region": _REGION,
    "weight": _form(
        "0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]",
        "a plain whole number from 0 to 255",
        plain=True,
    ),
}
# The keys of a map. A form of None: what stands there is a map again.
_MAPS: Final[Mapping[str, Mapping[str, _Form | None]]] = {
    "alias": {
        "zone": _form("self|[A-Z0-9]{1,32}", "self, or a hosted zone's id"),
        "name": _form("(?s:.+)", "a name"),
        "evaluate_health": _FLAG,
    },
    "cidr": {
        "collection": _form(
            "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", "a CIDR collection's id"
        ),
        "location": _form("[0-9A-Za-z_*-]{1,16}", "a location of the collection, or '*'"),
    },
    "coordinates": {
        "latitude": _form(
            r"[-+]?(?:90(?:\.0{0,2})?|[0-8]?[0-9](?:\.[0-9]{0,2})?)",
            "degrees from -90 to 90 with at most two decimals",
        ),
        "longitude": _form(
            r"[-+]?(?:180(?:\.0{0,2})?|(?:1[0-7]|0?[0-9])?[0-9](?:\.[0-9]{0,2})?)",
            "degrees from -180 to 180 with at most two decimals",
        ),
    },
    "geo": {
        "continent": _form("AF|AN|AS|EU|NA|OC|SA", "AF, AN, AS, EU, NA, OC or SA"),
        "country": _form(r"[A-Z]{2}|\*", "two capital letters (ISO 3166), or '*'"),
        "subdivision": _form("[0-9A-Z]{1,3}", "a code such as TX"),
    },
    "geoproximity": {
        "region": _REGION,
        "local_zone": _form("[a-z0-9-]{1,64}", "a Local Zone group such as us-west-2-lax-1"),
        "coordinates": None,
        "bias": _form("0|-?[1-9][0-9]?", "a plain whole number from -99 to 99", plain=True),
    },
}
# Which keys stand together, all of them.
_SHAPES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "alias": (("zone", "name", "evaluate_health"),),
    "cidr": (("collection", "location"),),
    "coordinates": (("latitude", "longitude"),),
    "geo": (("continent",), ("country",), ("country", "subdivision")),
    "geoproximity": tuple(
        (place, *bias)
        for bias in ((), ("bias",))
        for place in ("region", "local_zone", "coordinates")
    ),
}
_WITH_SUBDIVISIONS: Final = ("UA", "US")  # API Reference, GeoLocation and ListGeoLocations


class AttributeReader:
    """Reads the keys of a set to attributes; reports each problem with its line, and gives None.

    Args:
        zone: the zone's absolute name.
        report: takes a line and a reason.
    """

    def __init__(self, zone: str, report: Report) -> None:
        self.zone = zone
        self.report = report

    def read(self, key: str, node: Node | None) -> list[str] | None:
        """The attributes that ``key`` stands for; a key of a set that is a policy, or its health.

        A ``node`` of None was reported.
        """
        if key in _SCALARS:
            text = self.scalar(key, node)
            return None if text is None else [f"{key}={text}"]
        fields = self._map(key, node)
        if node is None or fields is None:
            return None
        if key == "cidr":
            return [f"cidr={fields['collection']}:{fields['location']}"]
        if "subdivision" in fields and fields["country"] not in _WITH_SUBDIVISIONS:
            known = " and ".join(_WITH_SUBDIVISIONS)
            self.report(node.line, f"geo: Route 53 has subdivisions of {known} only")
            return None
        return [f"{key}_{part}={text}" for part, text in fields.items()]

    def alias(self, name: str | None, line: int, node: Node | None) -> list[str] | None:
        """The attribute of an alias at ``name``, which is None if it was refused."""
        fields = self._map("alias", node)
        if fields is None:
            return None
        try:
            target = normal_name(fields["name"], None)
            if fields["zone"] == OWN_ZONE and not within(target, self.zone):
                raise ValueError(f"{target} is outside the zone {self.zone}, which is zone: self")
            if fields["zone"] == OWN_ZONE and target == name:
                raise ValueError(f"{target} would be an alias of itself")
        except ValueError as error:
            self.report(line, f"alias: {error}")
            return None
        return [f"{ALIAS}{fields['zone']}:{target}:{fields['evaluate_health']}"]

    def scalar(self, key: str, node: Node | None) -> str | None:
        """The text of a key that holds a scalar."""
        return self._text(key, node, _SCALARS[key])

    def _map(self, what: str, node: Node | None) -> dict[str, str] | None:
        """The texts of a map that has just the keys of one of its shapes."""
        if node is None:
            return None
        if not isinstance(node, Map):
            self.report(node.line, f"{what}: expected a map, found {kind(node)}")
            return None
        forms, given = _MAPS[what], list(node.entries)
        unknown = [key for key in given if key not in forms]
        for key in unknown:
            self.report(node.entries[key][0], f"unknown key {shown(key)} in {what}")
        fits = any(sorted(given) == sorted(shape) for shape in _SHAPES[what])
        if not fits and not unknown:
            expected = ", or ".join(" and ".join(shape) for shape in _SHAPES[what])
            found = " and ".join(given) or "nothing"
            self.report(node.line, f"{what}: expected {expected}; found {found}")
        texts = {key: self._part(what, key, node.entries[key][1]) for key in forms if key in given}
        kept = {key: text for key, text in texts.items() if text is not None}
        return kept if fits and len(kept) == len(texts) else None

    def _part(self, what: str, key: str, node: Node | None) -> str | None:
        form = _MAPS[what][key]
        if form is not None:
            return self._text(f"{what} {key}", node, form)
        fields = self._map(key, node)
        return None if fields is None else f"{fields['latitude']},{fields['longitude']}"

    def _text(self, what: str, node: Node | None, form: _Form) -> str | None:
        if node is None:
            return None
        if not isinstance(node, Scalar) or node.null:
            found = kind(node)
        elif form.plain and not node.plain:
            found = f"{shown(node.text)} in quotes"
        elif form.pattern.fullmatch(node.text):
            return node.text
        else:
            found = shown(node.text)
        self.report(node.line, f"{what}: expected {form.expected}, found {found}")
        return None
