"""Canonical text of DNS names and values, the same whether read from YAML, a zone file or a server.

Two texts from here are equal exactly if the names or values are equal on the wire:

* a name is absolute, lower case (RFC 4343: case means nothing), with a final dot, and escapes only
  where dnspython needs them;
* a value is dnspython's text of what goes over the wire, with the names inside it lower-cased. It
  has been there and back: ``LOC`` keeps one digit of a size, ``SVCB`` sorts its parameters, and a
  server's answer must not read as a difference;
* in HTTPS and SVCB the target's letters stay as they are: a name server takes two cases for two
  values, and a prerequisite of an UPDATE must give the one that it has (RFC 3597 section 6);
* TXT and SPF keep their character-strings as they were cut (RFC 1035 section 3.3.14): ``"ab"`` and
  ``"a" "b"`` are two values.

What this module does not do: judge whether a value makes sense in its zone (the planner's reader
does), or read a service's own dialect, such as the octal escapes of Route 53 (its view does).

Every function is pure. Text that is no name or value raises ``ValueError`` with the reason in one
line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import cast

import dns.exception
import dns.ipv6
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.LOC import LOC

from plans.kinds.plain import is_plain_value, plain_name

RDATA_BYTES_MAX = 65_535  # RDLENGTH has 16 bits (RFC 1035 section 3.2.1)
STRING_BYTES_MAX = 255  # of one character-string (RFC 1035 section 3.3)

_IN = dns.rdataclass.IN

_SPACE = re.compile(r"[\x00-\x20\x7f]")
_QUOTED_OR_ESCAPED = re.compile(r'"(?:[^"\\]|\\.)*"|\\.', re.DOTALL)
_DROPPED_BY_ZONE_FILES = re.compile(r"[;()\x00-\x08\x0a-\x1f]")

# Types whose value is one name, and where other types have their names.
_ONE_NAME = frozenset({"CNAME", "DNAME", "NS", "PTR"})
_NAME_FIELDS: dict[RdataType, tuple[str, ...]] = {
    RdataType.CNAME: ("target",),
    RdataType.DNAME: ("target",),
    RdataType.HTTPS: ("target",),
    RdataType.MX: ("exchange",),
    RdataType.NAPTR: ("replacement",),
    RdataType.NS: ("target",),
    RdataType.PTR: ("target",),
    RdataType.SOA: ("mname", "rname"),
    RdataType.SRV: ("target",),
    RdataType.SVCB: ("target",),
}
# Types younger than RFC 3597: a server compares their values octet by octet (its section 6).
_LETTERS_COUNT = frozenset({RdataType.HTTPS, RdataType.SVCB})
_LOC_LENGTHS = ("altitude", "size", "horizontal_precision", "vertical_precision")


def normal_name(text: str, zone: str | None) -> str:
    """The canonical form of a name, completed with ``zone`` (absolute) if it has no final dot.

    ``''`` and ``@`` are the zone itself. With ``zone`` None only an absolute name is accepted.

    Raises:
        ValueError: no name (an empty label, one above 63 octets, a name above 255, a bad escape:
            RFC 1035 section 2.3.4), not ASCII, a space or control character inside, or relative
            with nothing to complete it.
    """
    return plain_name(text, zone) or _parsed_name(text, zone)


def _parsed_name(text: str, zone: str | None) -> str:
    if not text.isascii():
        raise ValueError(f"name {shown(text)} is not ASCII; write its A-labels (xn--...)")
    if _SPACE.search(text):
        raise ValueError(f"name {shown(text)} has a space or control character in it")
    try:
        name = dns.name.from_text(text, None if zone is None else _origin(zone))
    except dns.exception.DNSException as error:
        raise ValueError(f"name {shown(text)}: {_reason(error)}") from error
    return _canonical_name(name)


def _canonical_name(name: dns.name.Name) -> str:
    if not name.is_absolute():
        raise ValueError(f"name {shown(name.to_text())} has no final dot")
    return name.canonicalize().to_text()


@lru_cache(maxsize=64)
def _origin(zone: str) -> dns.name.Name:
    return dns.name.from_text(zone)


def normal_value(rdtype: str, text: str, zone: str | None) -> str:
    """The canonical text of a value in presentation format (RFC 1035 section 5.1), one line.

    Relative names inside it are completed with ``zone``; with ``zone`` None they are refused.

    Raises:
        ValueError: not a value of ``rdtype``, with dnspython's reason; above 65,535 octets; a
            length in LOC that the wire cannot hold exactly (RFC 1876 section 2); or an unquoted
            ``;``, bracket or line break, of which dnspython would silently drop the rest.
    """
    if is_plain_value(rdtype, text):
        return text
    if rdtype == "AAAA":
        try:
            return dns.ipv6.canonicalize(text)
        except (dns.exception.DNSException, ValueError):
            pass  # parsed again below, for the reason
    elif rdtype in _ONE_NAME:
        return normal_name(text, zone)
    return _parsed_value(rdtype, text, zone)


@lru_cache(maxsize=4096)
def _parsed_value(rdtype: str, text: str, zone: str | None) -> str:
    if _DROPPED_BY_ZONE_FILES.search(_QUOTED_OR_ESCAPED.sub("", text)):
        raise ValueError(
            f"{rdtype} value {shown(text)} has an unquoted ';', bracket or line break in it"
        )
    try:
        origin = None if zone is None else _origin(zone)
        before = rdata_of(rdtype, text, origin)
        after = _from_wire(before)
    except Exception as error:
        # dnspython raises more than DNSException for text from outside: struct.error,
        # OverflowError, IndexError. Each of them means that this is no such value.
        raise ValueError(f"{rdtype} value {shown(text)}: {_reason(error)}") from error
    if rdtype == "LOC" and any(
        getattr(before, field) != getattr(after, field) for field in _LOC_LENGTHS
    ):
        raise ValueError(
            f"LOC value {shown(text)}: the wire holds whole centimetres, and one digit of a size or"
            f" precision; the nearest is '{after.to_text()}'"
        )
    return after.to_text()


def value_of(rdata: dns.rdata.Rdata) -> str:
    """The canonical text of rdata read from a zone file or a message, its names absolute.

    Raises:
        ValueError: a name inside is relative (it was read with ``relativize``), the rdata cannot be
            sent, or no text gives it back: DS, OPENPGPKEY, SSHFP and TLSA without their data.
    """
    rdtype = rdata.rdtype  # dnspython types all rdata alike: what each has, its type tells
    if rdtype in (RdataType.A, RdataType.AAAA):
        return cast(str, rdata.address)  # type: ignore[attr-defined]
    if rdtype in (RdataType.CNAME, RdataType.DNAME, RdataType.NS, RdataType.PTR):
        return _canonical_name(rdata.target)  # type: ignore[attr-defined]
    if rdtype in (RdataType.SPF, RdataType.TXT):
        return rdata.to_text()
    try:
        text = _from_wire(_with_whole_lengths(rdata)).to_text()
        if not text or text.endswith(" "):
            raise ValueError("without data it has no text to be written with")
        return text
    except Exception as error:  # as in _parsed_value
        raise ValueError(
            f"{dns.rdatatype.to_text(rdtype)} value {shown(rdata.to_text())}: {_reason(error)}"
        ) from error


def rdata_of(rdtype: str, value: str, origin: dns.name.Name | None = None) -> dns.rdata.Rdata:
    """The rdata of a canonical value, which goes over the wire as exactly that value.

    Use this, not dnspython's ``from_text``, to send a value (see ``_with_whole_lengths``).
    """
    return _with_whole_lengths(dns.rdata.from_text(_IN, rdtype, value, origin, relativize=False))


def _with_whole_lengths(rdata: dns.rdata.Rdata) -> dns.rdata.Rdata:
    """LOC with lengths in whole centimetres; other types as they are.

    dnspython reads "0.29m" as 28.999999999999996 cm and truncates when it writes the wire.
    """
    if not isinstance(rdata, LOC):
        return rdata
    lengths = (round(getattr(rdata, field)) for field in _LOC_LENGTHS)
    # dnspython leaves this and some other calls untyped.
    return LOC(rdata.rdclass, rdata.rdtype, rdata.latitude, rdata.longitude, *lengths)  # type: ignore[no-untyped-call]


def _from_wire(rdata: dns.rdata.Rdata) -> dns.rdata.Rdata:
    """``rdata`` with lower-case names where case means nothing, to the wire and back."""
    names = {field: getattr(rdata, field) for field in _NAME_FIELDS.get(rdata.rdtype, ())}
    for name in names.values():
        if not name.is_absolute():
            raise ValueError(f"name {shown(name.to_text())} has no final dot")
    if names and rdata.rdtype not in _LETTERS_COUNT:
        rdata = rdata.replace(**{field: name.canonicalize() for field, name in names.items()})
    wire = rdata.to_wire()
    if wire is None or len(wire) > RDATA_BYTES_MAX:
        raise ValueError(f"more than {RDATA_BYTES_MAX} octets")
    return dns.rdata.from_wire(rdata.rdclass, rdata.rdtype, wire, 0, len(wire))


def quoted(strings: Iterable[bytes]) -> str:
    r"""Character-strings in presentation format, as dnspython writes them: ``"a" "b\"c"``."""
    return " ".join(f'"{_escaped(string)}"' for string in strings)


def _escaped(string: bytes) -> str:
    text = string.decode("latin-1")
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(
        f"\\{char}" if char in '"\\' else char if " " <= char <= "~" else f"\\{ord(char):03d}"
        for char in text
    )


def shown(text: str) -> str:
    """``text`` in quotes, on one line and short, for a message."""
    safe = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text[:100])
    return f"'{safe}...'" if len(text) > 100 else f"'{safe}'"


def _reason(error: Exception) -> str:
    """An exception's text as one line without a final full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
