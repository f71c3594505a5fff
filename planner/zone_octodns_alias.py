"""octodns-route53's ``Route53Provider/ALIAS`` in zone YAML, as the aliases that it writes.

Each value is an alias of its own type: ``name`` is a name in the zone, without which it is the
zone itself, or the name of an AWS service with its hosted zone's id. octoDNS tells the two by the
name (``octodns_route53/record.py``, 1.3); where that guess and the final dot do not say the same,
the value is refused. An alias has no TTL: octoDNS's dumps have one that means nothing.
"""

from __future__ import annotations

import re
from typing import Final

from planner.yaml_events import Map, Node, Report, Scalar, kind
from plans.kinds.dns import ALIAS, MANAGED_TYPES, OWN_ZONE, Records
from plans.kinds.rdata import normal_name, shown

ALIAS_TYPE: Final = "Route53Provider/ALIAS"
ALIAS_KEYS: Final = frozenset({"type", "ttl", "value", "values", "octodns"})

# Names of AWS services, as octodns-route53 knows them: anywhere in the name, as amazonaws.com.cn.
_SERVICES: Final = (
    "amazonaws.com.",
    "cloudfront.net.",
    "elasticbeanstalk.com.",
    "awsglobalaccelerator.com.",
)
_FIELDS: Final = ("type", "name", "evaluate-target-health", "hosted-zone-id")
_FLAGS: Final = {"true": "true", "false": "false"}
_ZONE_ID: Final = re.compile(r"[A-Z0-9]{1,32}")  # API Reference, ResourceId
# Route 53 has no others: API Reference, AliasTarget; Developer Guide, "Supported DNS record types".
_TYPES: Final = frozenset(MANAGED_TYPES) - frozenset("DNAME LOC NS OPENPGPKEY URI".split())


def read_octodns_alias(node: Node, zone: str, report: Report) -> tuple[str, Records] | None:
    """One value: the type of the alias and the record set, or None if it was refused."""
    if not isinstance(node, Map):
        report(node.line, f"{ALIAS_TYPE} value: expected a map, found {kind(node)}")
        return None
    texts: dict[str, str | None] = dict.fromkeys(_FIELDS)
    whole = True
    for key, (line, value) in node.entries.items():
        if key not in _FIELDS:
            report(line, f"{ALIAS_TYPE}: unknown key {shown(key)}")
            whole = False
        elif isinstance(value, Scalar):
            texts[key] = None if value.null else value.text
        else:
            if value is not None:
                report(line, f"{ALIAS_TYPE} {key}: expected text, found {kind(value)}")
            whole = False
    if not whole:
        return None
    try:
        return _alias(texts, zone)
    except ValueError as error:
        report(node.line, f"{ALIAS_TYPE}: {error}")
        return None


def _alias(texts: dict[str, str | None], zone: str) -> tuple[str, Records]:
    """Raises: ValueError: with what is wrong."""
    rdtype, name, evaluate, zone_id = (texts[field] for field in _FIELDS)
    if rdtype not in _TYPES:
        raise ValueError(f"type {shown(rdtype)} is no alias's" if rdtype else "type is missing")
    flag = _FLAGS.get(evaluate or "false")
    if flag is None:
        raise ValueError(f"evaluate-target-health: expected true or false, found {evaluate}")
    if name is not None and any(service in name for service in _SERVICES):
        if zone_id is None or not _ZONE_ID.fullmatch(zone_id):
            raise ValueError(f"{shown(name)} is a service's, and needs its hosted-zone-id")
        target = normal_name(name, None)
    else:
        if zone_id is not None:
            raise ValueError(
                f"hosted-zone-id {shown(zone_id)} goes with a service's name only; for others write"
                " alias instead"
            )
        target, zone_id = _own_name(name, zone), OWN_ZONE
    return rdtype, Records(0, (), (f"{ALIAS}{zone_id}:{target}:{flag}",))


def _own_name(name: str | None, zone: str) -> str:
    """A name in the zone, to which octoDNS adds the zone's in any case."""
    if name is None or name == "":
        return zone
    if name.endswith(".") or name == "@" or any(each in f"{name}." for each in _SERVICES):
        raise ValueError(
            f"{shown(name)} is neither a service's name with its final dot nor one relative to"
            f" {zone}"
        )
    return normal_name(name, zone)
