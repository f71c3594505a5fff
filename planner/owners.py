"""Names of a zone's records as people write them, relative to the zone. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from plans.kinds.dns import fence_name
from plans.kinds.rdata import normal_name, shown

_LABEL = re.compile(r"(?:[^.\\]|\\.)+\.")


def owner_in(text: str, zone: str) -> str:
    """The absolute name that ``text`` stands for.

    Args:
        zone: absolute, in canonical form.

    Raises:
        ValueError: it is no name, does not say where it belongs, or is the fence's.
    """
    if text == "@":
        raise ValueError("name '@': write '' for the zone itself")
    if text.endswith(".") and not text.endswith("\\."):
        name = normal_name(text, None)
        inside = zone in (".", name) or zone in ancestors(name)
        raise ValueError(
            f"name {shown(text)} ends with a dot, but names are relative to {zone}"
            if inside
            else f"name {shown(text)} is outside the zone {zone}"
        )
    name = normal_name(text, zone)
    if name == fence_name(zone):
        raise ValueError(f"name {shown(text)} is reserved: planfence keeps its fence there")
    return name


def ancestors(name: str) -> Iterator[str]:
    """The names above ``name``, the nearest first, without the root."""
    at = 0
    while (label := _LABEL.match(name, at)) is not None:
        at = label.end()
        if at < len(name):
            yield name[at:]
