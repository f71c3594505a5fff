"""What a value of each record type may be.

Source: Developer Guide, "Supported DNS record types". Codes in capitals that were seen on AWS are
quoted by the public reports that ``behaviours`` names; the others are formed like them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Hashable
from typing import Final

import dns.exception
import dns.name
import dns.rdata

from tests.doubles.route53.names import NameProblem, stored_name

STRING_BYTES_MAX: Final = 255
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_ESCAPED: Final = re.compile(r"\\(?:([0-3][0-7]{2})|([^0-9]))")
_UINT16: Final = re.compile(r"[0-9]{1,5}")


class ValueProblem(ValueError):
    """Not a value of its type; the text is the service's."""


def parsed(rdtype: str, value: str) -> Hashable:
    """What a value means: two values of one set that mean the same are duplicates.

    Raises:
        ValueProblem: it is no value of this type.
    """
    try:
        return _PARSERS[rdtype](value)
    except NameProblem as problem:
        raise ValueProblem(f"Invalid Resource Record: '{problem}'") from problem


def _problem(code: str, reason: str, value: str) -> ValueProblem:
    return ValueProblem(
        f"Invalid Resource Record: 'FATAL problem: {code} ({reason}) encountered with '{value}''"
    )


def _ipv4(value: str) -> Hashable:
    try:
        return ipaddress.IPv4Address(value)
    except ValueError as error:
        code = "ARRDATAIllegalIPv4Address"
        raise _problem(code, "Value is not a valid IPv4 address", value) from error


def _ipv6(value: str) -> Hashable:
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError as error:
        code = "AAAARRDATAIllegalIPv6Address"
        raise _problem(code, "Value is not a valid IPv6 address", value) from error
    if address.scope_id is not None:
        raise _problem("AAAARRDATAIllegalIPv6Address", "Value has a zone identifier", value)
    return address


def _strings(value: str) -> Hashable:
    r"""Quoted strings of at most 255 bytes; a backslash makes the next character literal.

    ``\`` and three octal digits are one byte; bytes outside 040 to 176 must be written so. A
    backslash before another character is taken (octoDNS sends ``\;``), before other digits not.
    """
    strings = []
    at = 0
    while at < len(value):
        match = _STRING.match(value, at)
        if match is None:
            reason = "Value should be enclosed in quotation marks"
            raise _problem("InvalidCharacterString", reason, value)
        strings.append(_string(match[1], value))
        at = match.end()
        if at < len(value):
            if value[at] != " ":
                reason = "Value should be enclosed in quotation marks"
                raise _problem("InvalidCharacterString", reason, value)
            at = len(value) - len(value[at:].lstrip(" "))
    if not strings:
        raise _problem("CharacterStringEmpty", "Value is empty", value)
    return tuple(strings)


def _string(inner: str, value: str) -> bytes:
    if not all(" " <= char <= "~" for char in inner):
        raise _problem("UnsupportedCharacter", "Value contains unsupported characters", value)
    if "\\" in _ESCAPED.sub("", inner):
        raise _problem("InvalidEscape", "An escape code has three octal digits", value)
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 8)) if match[1] else match[2], inner)
    if len(plain) > STRING_BYTES_MAX:
        raise _problem("CharacterStringTooLong", "Value is too long", value)
    return plain.encode("latin-1")


def _name(value: str) -> Hashable:
    return stored_name(value)


def _target(text: str) -> str:
    """A name that may also be the root: "no such service" (RFC 7505, RFC 2782)."""
    return text if text == "." else stored_name(text)


def _number(text: str, code: str, value: str, most: int = 65_535) -> int:
    if not _UINT16.fullmatch(text) or int(text) > most:
        raise _problem(code, f"Value must be a number from 0 to {most}", value)
    return int(text)


def _mx(value: str) -> Hashable:
    priority, _, exchange = value.partition(" ")
    if not exchange.strip():
        raise _problem("MXRRDATAPriorityRequired", "Priority is required", value)
    return _number(priority, "MXRRDATAIllegalPriority", value), _target(exchange.strip())


def _srv(value: str) -> Hashable:
    fields = value.split()
    if len(fields) != 4:
        raise _problem("SRVRRDATANotFourFields", "Value must have four fields", value)
    numbers = tuple(_number(field, "SRVRRDATAIllegalNumber", value) for field in fields[:3])
    return *numbers, _target(fields[3])


def _caa(value: str) -> Hashable:
    match = re.fullmatch(r"([0-9]{1,3}) +([a-zA-Z0-9]+) +(\".*\")", value, re.DOTALL)
    if match is None:
        raise _problem("CAARRDATANotThreeFields", 'Value must be: flags tag "value"', value)
    flags = _number(match[1], "CAARRDATAIllegalFlags", value, 255)
    return flags, match[2].lower(), _strings(match[3])


def _soa(value: str) -> Hashable:
    fields = value.split()
    if len(fields) != 7 or not all(re.fullmatch(r"[0-9]{1,10}", field) for field in fields[2:]):
        raise _problem("SOARRDATANotSevenFields", "Value must have seven fields", value)
    return stored_name(fields[0]), stored_name(fields[1]), *map(int, fields[2:])


def _as_dnspython(rdtype: str) -> Callable[[str], Hashable]:
    """Types that planfence leaves to dnspython too: the double has no opinion of its own."""

    def parse(value: str) -> Hashable:
        decimal = re.sub(r"\\([0-3][0-7]{2})", lambda octal: f"\\{int(octal[1], 8):03d}", value)
        try:
            rdata = dns.rdata.from_text("IN", rdtype, decimal, dns.name.root, relativize=False)
            return rdata.to_wire()
        except (dns.exception.DNSException, ValueError, IndexError) as error:
            raise _problem(f"{rdtype}RRDATAInvalid", " ".join(str(error).split()), value) from error

    return parse


_PARSERS: Final[dict[str, Callable[[str], Hashable]]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CAA": _caa,
    "CNAME": _name,
    "MX": _mx,
    "NS": _name,
    "PTR": _name,
    "SOA": _soa,
    "SPF": _strings,
    "SRV": _srv,
    "TXT": _strings,
    **{rdtype: _as_dnspython(rdtype) for rdtype in "DS HTTPS NAPTR SSHFP SVCB TLSA".split()},
}
