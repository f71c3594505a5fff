"""Which changes a plan may have, by dnspython alone: the second reader of ``plans.contents``.

It looks at the JSON and not at the models, takes no quick path, and knows no place. Of one type it
does not judge: in ``LOC`` dnspython's own text loses a centimetre.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype

from plans.kinds.dns import MANAGED_TYPES

_NOT_JUDGED: Final = "LOC"
# dnspython raises more than its own for text from outside.
_UNREADABLE: Final = (
    dns.exception.DNSException,
    ArithmeticError,
    LookupError,
    ValueError,
    struct.error,
)


def is_outside(change: Any, zone: str) -> bool:
    """Whether its name is not one of the zone's, or is the fence's."""
    is_fence = (change["name"], change["type"]) == (f"_planfence.{zone}", "TXT")
    return is_fence or f".{change['name']}"[-len(zone) - 1 :] != f".{zone}"


def can_be(target: Any) -> bool | None:
    """Whether all changes of one target of a plan are what planfence writes; None: not judged."""
    changes = [change for step in target["steps"] for change in step["changes"]]
    keys = [(change["name"], change["type"], change.get("identifier", "")) for change in changes]
    found = [_change(change) for change in changes]
    if len(keys) != len(set(keys)) or False in found:
        return False
    return None if None in found else True


def _change(change: Any) -> bool | None:
    sides = [side for side in (change["before"], change["after"]) if side is not None]
    if not _is_name(change["name"]) or change["type"] not in MANAGED_TYPES or not sides:
        return False
    if len(sides) == 2 and _compared(sides[0]) == _compared(sides[1]):
        return False
    values = [value for side in sides for value in side["values"]]
    if not all(map(_is_ordered, sides)):
        return False
    if change["type"] == _NOT_JUDGED and values:
        return None
    return all(_is_value(change["type"], value) for value in values)


def _compared(side: Any) -> Any:
    return side["ttl"], side["values"], side.get("attributes", [])


def _is_ordered(side: Any) -> bool:
    attributes = side.get("attributes", [])
    aliases = [each.split(":") for each in attributes if each.startswith("alias=")]
    return (
        all(texts == sorted(set(texts)) for texts in (side["values"], attributes))
        and bool(side["values"] or attributes)
        and all(_is_name(":".join(parts[1:-1])) for parts in aliases[:1])
    )


def _is_name(text: str) -> bool:
    try:
        name = dns.name.from_text(text, None)
        return name.is_absolute() and name.canonicalize().to_text() == text
    except _UNREADABLE:
        return False


def _is_value(rdtype: str, text: str) -> bool:
    try:
        rdata = dns.rdata.from_text("IN", rdtype, text, None, relativize=False)
        wire = rdata.to_digestable()  # with names in lower case where case means nothing
        return dns.rdata.from_wire("IN", rdtype, wire, 0, len(wire)).to_text() == text
    except _UNREADABLE:
        return False
