"""What a record set of octoDNS's YAML is in presentation format, by neither of the two tools.

So a test says what a zone should hold without asking planfence or octoDNS, and can put a zone there
that neither of them wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Value = str | dict[str, Any]


@dataclass(frozen=True)
class Set:
    """A record set as octoDNS has it: TTL in seconds, and values of its YAML."""

    ttl: int
    values: tuple[Value, ...]


STRING_BYTES_MAX = 255
_FIELDS = {
    "CAA": "flags tag value",
    "DS": "key_tag algorithm digest_type digest",
    "MX": "preference exchange",
    "NAPTR": "order preference flags service regexp replacement",
    "SRV": "priority weight port target",
    "SSHFP": "algorithm fingerprint_type fingerprint",
    "TLSA": "certificate_usage selector matching_type certificate_association_data",
}
_QUOTED = {"CAA": {"value"}, "NAPTR": {"flags", "service", "regexp"}}
_OLDER = {"priority": "preference", "value": "exchange"}  # of MX


def texts(rdtype: str, content: Set) -> list[str]:
    """Its values, each on one line."""
    return [text(rdtype, value) for value in content.values]


def text(rdtype: str, value: Value) -> str:
    """One value in presentation format. Free text is cut every 255 bytes, as octoDNS cuts it."""
    if isinstance(value, str):
        return _strings(value) if rdtype in ("SPF", "TXT") else value
    if rdtype == "MX":
        value = {_OLDER.get(key, key): each for key, each in value.items()}
    if rdtype == "LOC":
        return _location(value)
    if rdtype in ("HTTPS", "SVCB"):
        return _binding(value)
    quoted = _QUOTED.get(rdtype, set())
    return " ".join(
        _quoted(str(value[key])) if key in quoted else str(value[key])
        for key in _FIELDS[rdtype].split()
    )


def _strings(value: str) -> str:
    cuts = range(0, len(value), STRING_BYTES_MAX)
    return " ".join(_quoted(value[at : at + STRING_BYTES_MAX]) for at in cuts)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _location(value: dict[str, Any]) -> str:
    parts = [
        str(value[f"{axis}_{part}"])
        for axis in ("lat", "long")
        for part in ("degrees", "minutes", "seconds", "direction")
    ]
    lengths = [f"{value[key]}m" for key in "altitude size precision_horz precision_vert".split()]
    return " ".join([*parts, *lengths])


def _binding(value: dict[str, Any]) -> str:
    params = [
        f'{key}="{",".join(each) if isinstance(each, list) else each}"'
        for key, each in value.get("svcparams", {}).items()
    ]
    return " ".join([str(value["svcpriority"]), value["targetname"], *params])
