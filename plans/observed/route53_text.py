r"""Route 53's own dialect of names and values, and our canonical text, in both directions.

What differs (Developer Guide, "DNS domain name format" and "Supported DNS record types"):

* An escape is a backslash and three **octal** digits; in zone files, and here, they are decimal.
* A name comes back in lower case, with every byte but ``a-z 0-9 - _`` as such an escape: ``*`` is
  ``\052``. Names are complete with or without a final dot.
* A value comes back to the letter as somebody wrote it: an address in capitals, a name without its
  final dot, a string with an escape where none is needed.

Guarantees:

1. ``value_from_api(t, value_to_api(t, v)) == v`` for every canonical value, and so for names.
2. Two texts of the service that mean the same give the same canonical text, but for letters in the
   target of HTTPS and SVCB: canonical text keeps them.
3. What is no name or value raises ``ValueError`` with the reason; nothing is guessed.

Every function is pure.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import dns.exception
import dns.name

from plans.kinds.plain import NAME_TEXT_MAX, is_plain_value
from plans.kinds.rdata import normal_value, shown

VALUE_CHARACTERS_MAX: Final = 4_000  # API Reference, ResourceRecord

_PLAIN_NAME: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+")
_WILDCARD: Final = "\\052."
_KEPT: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
_NAME_PART: Final = re.compile(r"\\([0-3][0-7]{2})|([^\\])")
_ESCAPE: Final = re.compile(r"\\(?:([0-3][0-7]{2})|([^0-9])|)", re.DOTALL)
_DECIMAL: Final = re.compile(r"\\(?:([0-9]{3})|(.))", re.DOTALL)

_ONE_NAME: Final = frozenset({"CNAME", "NS", "PTR"})
# Where a name stands among a value's fields, of types that have other fields too.
_NAME_FIELD: Final = {"HTTPS": 1, "MX": 1, "NAPTR": 5, "SRV": 3, "SVCB": 1}
_LETTERS_COUNT: Final = frozenset({"HTTPS", "SVCB"})  # see ``plans.kinds.rdata``
_CAPITALS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
# How many fields stand before hexadecimal text, which dnspython cuts into chunks.
_HEX_AFTER: Final = {"DS": 3, "SSHFP": 2, "TLSA": 3}


def name_from_api(text: str) -> str:
    """The canonical form of a name as the service returns it, or as somebody gave it.

    Raises:
        ValueError: it is no name.
    """
    if _PLAIN_NAME.fullmatch(text) and len(text) <= NAME_TEXT_MAX:
        return text
    return _unusual_name(text)


@lru_cache(maxsize=4096)
def _unusual_name(text: str) -> str:
    return _name(text).canonicalize().to_text()


def _name(text: str) -> dns.name.Name:
    """A name with its letters as they are."""
    if text == ".":
        return dns.name.root  # no name's own, but what a value may point at: no such service
    if not text:
        raise ValueError("a name is empty")
    labels: list[bytearray] = [bytearray()]
    at = 0
    while at < len(text):
        part = _NAME_PART.match(text, at)
        if part is None:
            raise ValueError(f"name {shown(text)} has an escape that is not three octal digits")
        at = part.end()
        octal, char = part.groups()
        if octal is None and char == ".":
            labels.append(bytearray())
        elif octal is not None:
            labels[-1].append(int(octal, 8))
        elif "!" <= char <= "~":
            labels[-1] += char.encode()
        else:
            raise ValueError(f"name {shown(text)} has {char!r} in it")
    if labels[-1]:
        labels.append(bytearray())  # names are complete, with or without a final dot
    try:
        return dns.name.Name([bytes(label) for label in labels])
    except dns.exception.DNSException as error:
        raise ValueError(f"name {shown(text)}: {error}") from error


def name_to_api(name: str) -> str:
    """A canonical name as the service itself writes it, so that both sides agree on its letters."""
    if _PLAIN_NAME.fullmatch(name):
        return name
    if name.startswith("*.") and _PLAIN_NAME.fullmatch(name, 2):
        return _WILDCARD + name[2:]
    return _as_written(name, _KEPT)


def _as_written(name: str, kept: frozenset[int]) -> str:
    labels = dns.name.from_text(name).labels[:-1]
    return "".join(f"{''.join(_octal(byte, kept) for byte in label)}." for label in labels) or "."


def _octal(byte: int, kept: frozenset[int]) -> str:
    return chr(byte) if byte in kept else f"\\{byte:03o}"


def value_from_api(rdtype: str, text: str) -> str:
    """The canonical text of a value as it is stored.

    Raises:
        ValueError: it is no value of its type.
    """
    if is_plain_value(rdtype, text):
        return text
    if rdtype in _ONE_NAME:
        return name_from_api(text.strip())
    if rdtype in _NAME_FIELD:
        return normal_value(rdtype, _with_name(rdtype, text), None)
    return normal_value(rdtype, _with_decimals(text), None)


def value_to_api(rdtype: str, value: str) -> str:
    """A canonical value as the service takes it."""
    if is_plain_value(rdtype, value):
        return value
    if rdtype in _ONE_NAME:
        return name_to_api(value)
    fields = value.split(" ")
    hex_after = _HEX_AFTER.get(rdtype)
    if hex_after is not None:
        return " ".join([*fields[:hex_after], "".join(fields[hex_after:])])
    name_field = _NAME_FIELD.get(rdtype)
    if name_field is None:
        return _with_octals(value)
    # NAPTR has strings before its name, which may have spaces in them; its name is the last field.
    at = len(fields) - 1 if rdtype == "NAPTR" else name_field
    before, after = " ".join(fields[:at]), " ".join(fields[at + 1 :])
    name = fields[at]
    name = _as_written(name, _KEPT | _CAPITALS) if rdtype in _LETTERS_COUNT else name_to_api(name)
    parts = [_with_octals(before), name, _with_octals(after)]
    return " ".join(part for part in parts if part)


def _with_name(rdtype: str, text: str) -> str:
    """The text in presentation format: its name made canonical, its escapes decimal."""
    fields = text.split()
    at = len(fields) - 1 if rdtype == "NAPTR" else _NAME_FIELD[rdtype]
    if not 0 < at < len(fields):
        raise ValueError(f"{rdtype} value {shown(text)} has too few fields")
    where = [match.span() for match in re.finditer(r"\S+", text)][at]
    before, after = text[: where[0]], text[where[1] :]
    name = fields[at]
    name = _name(name).to_text() if rdtype in _LETTERS_COUNT else name_from_api(name)
    return _with_decimals(before) + name + _with_decimals(after)


def _with_decimals(text: str) -> str:
    """Octal escapes made decimal; others (a quote, a backslash) mean the same in both."""

    def decimal(match: re.Match[str]) -> str:
        octal, other = match.groups()
        if octal is not None:
            return f"\\{int(octal, 8):03d}"
        if other is None:
            raise ValueError(f"{shown(text)} has an escape that is not three octal digits")
        return "\\" + other

    return _ESCAPE.sub(decimal, text) if "\\" in text else text


def _with_octals(text: str) -> str:
    def octal(match: re.Match[str]) -> str:
        decimal, other = match.groups()
        return f"\\{int(decimal):03o}" if decimal is not None else "\\" + other

    return _DECIMAL.sub(octal, text) if "\\" in text else text
