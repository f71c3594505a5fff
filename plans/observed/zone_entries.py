"""The records of a zone file one by one, in the file's order, as dnspython reads them.

All of RFC 1035 section 5 but ``$INCLUDE``, because one target is one file. Nothing is merged and
nothing is left out: a zone object of dnspython's would fold two TTLs and a second CNAME away.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.transaction
import dns.zonefile

from plans.kinds.dns import MANAGED_TYPES
from plans.kinds.rdata import normal_name, value_of
from plans.observed.entries import Entry, invalid

_DIRECTIVES: Final = ("$GENERATE", "$ORIGIN", "$TTL")
_CANONICAL_TYPES: Final = frozenset({*MANAGED_TYPES, "SOA"})


class _Tokens(dns.tokenizer.Tokenizer):
    """Remembers the line on which the current entry began; ``where`` is already on the next."""

    entry_line = 1

    def get(self, want_leading: bool = False, want_comment: bool = False) -> dns.tokenizer.Token:
        if want_comment:  # asked for by the reader at the start of an entry, and only there
            self.entry_line = self.line_number
        return super().get(want_leading, want_comment)


class _Everywhere(dns.transaction.TransactionManager):
    """Tells the reader that every name is inside, since it drops others without a word."""

    def origin_information(self) -> tuple[dns.name.Name, bool, dns.name.Name]:
        return dns.name.root, False, dns.name.root


class _Found(NamedTuple):
    line: int
    name: dns.name.Name
    ttl: int
    rdata: dns.rdata.Rdata


class _Collector(dns.transaction.Transaction):
    """Takes records one by one, before a zone object would merge them."""

    def __init__(self, tokens: _Tokens) -> None:
        super().__init__(_Everywhere())
        self.tokens = tokens
        self.found: list[_Found] = []

    def add(self, *args: Any) -> None:
        self.found.append(_Found(self.tokens.entry_line, *args))

    def _set_origin(self, origin: dns.name.Name) -> None:
        pass


def read_zone_entries(text: str, zone: str, source: str) -> list[Entry]:
    """Every record of the file, relative names made absolute, none left out.

    Raises:
        Refused: ``zonefile-invalid``: a line cannot be read, or lies outside the zone.
    """
    tokens = _Tokens(text, source)
    collector = _Collector(tokens)
    reader = dns.zonefile.Reader(tokens, dns.rdataclass.IN, collector, allow_directives=_DIRECTIVES)
    origin = dns.name.from_text(zone)
    reader.current_origin = reader.last_name = origin
    try:
        reader.read()
    except (dns.exception.DNSException, ValueError) as error:
        reason = str(error).removeprefix(f"{source}:{tokens.line_number}: ").rstrip(".")
        if "'$INCLUDE'" in reason:
            reason = "$INCLUDE is not read: one target is one file, so put its records here"
        raise invalid(source, tokens.entry_line, reason or "syntax error") from error
    names: dict[dns.name.Name, str] = {}
    entries: list[Entry] = []
    for found in collector.found:
        name = names.get(found.name)
        try:
            if name is None:
                if not found.name.is_subdomain(origin):
                    raise ValueError(f"{found.name} is outside the zone {zone} of this stream")
                name = names[found.name] = normal_name(found.name.to_text(), zone)
            rdtype = dns.rdatatype.to_text(found.rdata.rdtype)
            text = value_of(found.rdata) if rdtype in _CANONICAL_TYPES else found.rdata.to_text()
        except ValueError as error:
            raise invalid(source, found.line, str(error)) from error
        entries.append(Entry(found.line, name, found.ttl, rdtype, text))
    return entries
