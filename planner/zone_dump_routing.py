"""What a set of Route 53 has beside TTL and values, as the keys that ``zone_routing`` reads.

Every attribute that ``plans.observed.route53_sets`` gives has its key, but that of traffic
policies: their sets are the service's own, and no desired state can ask for them (``unsayable``).
Attributes that no one set can have together are written all the same: the reader has the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from planner.zone_dump_yaml import Tree, in_natural_order, scalar
from plans.kinds.dns import Records

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


def unsayable(content: Records) -> list[str]:
    """The attributes of a set for which a desired state has no key."""
    return [text for text in content.attributes if text.partition("=")[0] not in _PATHS]


def keys_of(content: Records) -> dict[str, Tree]:
    """The keys of a set, without TTL and values, for its attributes."""
    tree: dict[str, Tree] = {}
    for attribute in content.attributes:
        name, _, text = attribute.partition("=")
        *outer, last = _PATHS[name].split(".")
        inside = tree
        for key in outer:
            below = inside.setdefault(key, {})
            assert isinstance(below, dict)
            inside = below
        inside[last] = _FORMS.get(name, scalar)(text)
    return {
        key: in_natural_order(each) if isinstance(each, dict) else each
        for key, each in tree.items()
    }


def _number(text: str) -> str:
    """A coordinate: text to the service, and a number where YAML keeps its digits."""
    return text if _NUMBER.fullmatch(text) else scalar(text)


def _alias(text: str) -> Tree:
    zone, _, rest = text.partition(":")
    name, _, evaluate = rest.rpartition(":")
    return {"evaluate_health": evaluate, "name": scalar(name), "zone": scalar(zone)}


def _cidr(text: str) -> Tree:
    collection, _, location = text.partition(":")
    return {"collection": scalar(collection), "location": scalar(location)}


def _coordinates(text: str) -> Tree:
    latitude, _, longitude = text.partition(",")
    return {"latitude": _number(latitude), "longitude": _number(longitude)}


# Where each attribute stands in a set's map.
_PATHS: Final[Mapping[str, str]] = {
    "alias": "alias",
    "cidr": "cidr",
    "failover": "failover",
    "geo_continent": "geo.continent",
    "geo_country": "geo.country",
    "geo_subdivision": "geo.subdivision",
    "geoproximity_bias": "geoproximity.bias",
    "geoproximity_coordinates": "geoproximity.coordinates",
    "geoproximity_local_zone": "geoproximity.local_zone",
    "geoproximity_region": "geoproximity.region",
    "health_check": "health_check",
    "multivalue": "multivalue",
    "region": "region",
    "weight": "weight",
}
# How its text is written, where not as text: numbers and truth values stand as they are.
_FORMS: Final[Mapping[str, Callable[[str], Tree]]] = {
    "alias": _alias,
    "cidr": _cidr,
    "geoproximity_bias": str,
    "geoproximity_coordinates": _coordinates,
    "multivalue": str,
    "weight": str,
}
