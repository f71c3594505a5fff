"""Names and values that are canonical as they stand, told by their text alone.

Most are. These need no dnspython, whose import takes longer than many a command: what is not plain
goes to ``plans.kinds.rdata``, and both give the same text for the same name or value.

Every function is pure.
"""

from __future__ import annotations

import re

NAME_TEXT_MAX = 254  # 255 octets on the wire (RFC 1035 section 2.3.4) are 254 characters here
STRING_TYPES = frozenset({"CAA", "SPF", "TXT"})

# Plain text: what these match in full is canonical as it stands, names of at most NAME_TEXT_MAX.
# They cross no line break, so that they can be searched for in a whole file.
PLAIN_NAME = r"(?:[a-z0-9_*/-]{1,63}+\.)++"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_UINT16 = (
    r"(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}|0)"
)
_COUNT = r"(?:[1-9][0-9]{0,8}+|0)"
_UINT32 = r"(?:[1-3][0-9]{9}|4[01][0-9]{8}|[1-9][0-9]{0,8}+|0)"  # but for the last of them
# No group is 0 but those that "::" stands for, and those are two or more, not the first: nothing
# is left to choose (RFC 5952 section 4), and no IPv4 address is written inside.
_GROUP = r"[1-9a-f][0-9a-f]{0,3}+"
_IPV6 = (
    rf"(?:(?:{_GROUP}:){{7}}{_GROUP}"
    rf"|(?!(?:[0-9a-f]*:){{7}}){_GROUP}(?::{_GROUP})*+::(?:{_GROUP}(?::{_GROUP})*+)?)"
)
_STRING = r'"[ !#-\[\]-~]{0,255}+"'
PLAIN_VALUES: dict[str, str] = {
    "A": rf"{_OCTET}(?:\.{_OCTET}){{3}}",
    "AAAA": _IPV6,
    "CAA": rf"{_OCTET} [a-z0-9]{{1,15}}+ {_STRING}",
    **dict.fromkeys(("CNAME", "DNAME", "NS", "PTR"), PLAIN_NAME),
    "MX": rf"{_UINT16} {PLAIN_NAME}",
    "SOA": rf"{PLAIN_NAME} {PLAIN_NAME} {_UINT32}(?: {_COUNT}){{4}}",
    "SRV": rf"(?:{_UINT16} ){{3}}{PLAIN_NAME}",
    "SSHFP": rf"{_OCTET} (?:1 [0-9a-f]{{40}}|2 [0-9a-f]{{64}})",
    **dict.fromkeys(("SPF", "TXT"), rf"{_STRING}(?: {_STRING}){{0,9}}"),
}
_PLAIN_NAME = re.compile(PLAIN_NAME)
_PLAIN_VALUES = {rdtype: re.compile(value) for rdtype, value in PLAIN_VALUES.items()}


def plain_name(text: str, zone: str | None) -> str | None:
    """The canonical form of a name, or None if dnspython must say whether it is one.

    Args:
        zone: what completes a name without a final dot; None: nothing does.
    """
    if not text.isascii():
        return None
    full = text.lower()
    if zone is not None and not full.endswith("."):
        full = f"{full}.{zone}" if zone != "." else full + "."
    # An escape never matches here, so a final dot is a real one.
    return full if _PLAIN_NAME.fullmatch(full) and len(full) <= NAME_TEXT_MAX else None


def canonical_name(text: str, zone: str | None) -> str:
    """The canonical form of a name, as ``plans.kinds.rdata.normal_name`` has it.

    Raises:
        ValueError: as there.
    """
    plain = plain_name(text, zone)
    if plain is not None:
        return plain
    from plans.kinds.rdata import normal_name  # dnspython: not for an everyday name

    return normal_name(text, zone)


def canonical_value(rdtype: str, text: str) -> str:
    """The canonical text of a value with absolute names, as ``plans.kinds.rdata`` has it.

    Raises:
        ValueError: as for ``normal_value`` there.
    """
    if is_plain_value(rdtype, text):
        return text
    from plans.kinds.rdata import normal_value  # as above

    return normal_value(rdtype, text, None)


def is_plain_value(rdtype: str, text: str) -> bool:
    """Whether a value is canonical as it stands. If not, it may be so all the same."""
    plain = _PLAIN_VALUES.get(rdtype)
    return (
        plain is not None
        and plain.fullmatch(text) is not None
        and (len(text) <= NAME_TEXT_MAX or rdtype in STRING_TYPES)
    )
