"""Zones for planfence and octoDNS to agree on, the same for a seed on every machine.

A zone is made as octoDNS writes one, by neither tool: labels, and under each the types with TTL and
values, text or a map. ``case`` gives what is live (an earlier zone, and what people did to it by
hand since) and what is desired: some names kept, some with other TTLs or values, some with other
types (a CNAME for addresses, and back), some gone, some new.

What a generated zone never holds is what the two tools are known to take differently: that is in
``differences``, one by one.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from tests.differential.texts import Set, Value, text

ZONE = "example.com."
APEX = ""

Names = Mapping[str, Mapping[str, Set]]
"""Labels below the zone, ``''`` for the zone itself, with their record sets by type."""

_TTLS = (0, 1, 60, 300, 3600, 86_400, 2**31 - 1)
_NOT_IN_LONG_TEXT = str.maketrans(";", ":")  # octoDNS cuts at other places then
TYPES: Mapping[str, tuple[str, ...]] = {
    "Route 53": tuple("A AAAA CAA CNAME DS MX NAPTR NS PTR SPF SRV TXT".split()),
    "BIND": tuple(
        "A AAAA CAA CNAME DS HTTPS LOC MX NAPTR NS PTR SPF SRV SSHFP SVCB TLSA TXT".split()
    ),
}
"""What planfence and octoDNS's provider both manage there."""

_LABELS = (
    *("www", "Mail", "api", "_dmarc", "*", "*.dev", "a.b.c", "x/y", "MiXeD.CaSe", "1e3", "10"),
    *("no", "null", "0x1f", "xn--bcher-kva", "_acme-challenge.www", "s1._domainkey", "2-31.dept"),
    *("l" * 63, "plus+and=", "!bang", "under_score", "host.sub", "www.sub", "-dash-", APEX),
)
_SERVICES = ("_sip._tcp", "_XMPP-Server._tcp", "_imaps._tcp.mail", "*.svc")
_DELEGATED = ("sub", "dev", "Dept.uk")
# Written by hand between others, so that it ends up in strings, maps and lists alike.
_TEXT = string.ascii_letters + string.digits + " .,:;=+-_/!#$%&'()*<>?@[]^`{|}~"


def case(seed: int, types: Iterable[str]) -> tuple[Names, Names]:
    """What is live, and what is desired.

    Args:
        seed: of all that is random here.
        types: that the zones may hold.
    """
    source = random.Random(seed)
    maker = _Maker(source, frozenset(types))
    earlier = maker.zone()
    return maker.changed(earlier), maker.changed(earlier)


def as_yaml(names: Names, *, escaped_semicolons: bool) -> str:
    r"""The zone as octoDNS's YAML; ``escaped_semicolons``: ``;`` is ``\;`` in TXT and SPF."""
    tree = {}
    for label, sets in names.items():
        entries = [_entry(rdtype, content, escaped_semicolons) for rdtype, content in sets.items()]
        tree[label] = entries[0] if len(entries) == 1 else entries
    return yaml.safe_dump(tree, width=200)


def _entry(rdtype: str, content: Set, escaped_semicolons: bool) -> dict[str, Any]:
    values: list[Value] = list(content.values)
    if rdtype in ("SPF", "TXT") and escaped_semicolons:
        values = [str(value).replace(";", "\\;") for value in values]
    one_or_more = {"value": values[0]} if len(values) == 1 else {"values": values}
    return {"type": rdtype, "ttl": content.ttl, **one_or_more}


class _Maker:
    """Makes names with their record sets out of one source of chance."""

    def __init__(self, source: random.Random, types: frozenset[str]) -> None:
        self.source = source
        self.types = types

    def zone(self) -> Names:
        labels = self.source.sample(_LABELS, self.source.randint(3, 12))
        return {label: self.sets(label) for label in [*labels, *self.some(_SERVICES + _DELEGATED)]}

    def changed(self, names: Names) -> Names:
        """The names after some time: never none of them."""
        after = {label: self.sets(label) for label in self.some(_LABELS, most=3)}
        for label, sets in names.items():
            what = self.source.random()
            if what < 0.4:
                after[label] = dict(sets)
            elif what < 0.6:
                after[label] = {rdtype: self.other(rdtype, each) for rdtype, each in sets.items()}
            elif what < 0.8:
                after[label] = self.sets(label)
        return after or names

    def some(self, labels: tuple[str, ...], most: int = 4) -> list[str]:
        return self.source.sample(labels, self.source.randint(0, most))

    def sets(self, label: str) -> dict[str, Set]:
        """What may stand at a name, and both tools take there."""
        if label in _SERVICES:
            rdtypes = ["SRV", *(["TXT"] if self.source.random() < 0.3 else [])]
        elif label in _DELEGATED:
            rdtypes = ["NS", *(["DS"] if self.source.random() < 0.5 else [])]
        elif label and self.source.random() < 0.25:
            rdtypes = ["CNAME"]
        else:
            usual = sorted(self.types - {"CNAME", "DS", "NS", "SRV"})
            rdtypes = self.source.sample(usual, self.source.randint(1, 3))
        return {rdtype: self.set_of(rdtype) for rdtype in rdtypes}

    def set_of(self, rdtype: str) -> Set:
        count = 1 if rdtype in _ONE_VALUE else self.source.choice((1, 1, 1, 2, 3, 5))
        values = [self.value(rdtype) for _ in range(count)]
        return Set(self.source.choice(_TTLS), _distinct(rdtype, values))

    def other(self, rdtype: str, before: Set) -> Set:
        """The same set with another TTL, or with one value more, less or other."""
        what = self.source.random()
        if what < 0.4:
            return Set(self.source.choice(_TTLS), before.values)
        if what < 0.6 and len(before.values) > 1:
            return Set(before.ttl, before.values[1:])
        if what < 0.8 and rdtype not in _ONE_VALUE:
            values = [self.value(rdtype), *before.values[1:]]
            return Set(before.ttl, _distinct(rdtype, values))
        return self.set_of(rdtype)

    def value(self, rdtype: str) -> Value:
        return _VALUES[rdtype](self.source)


def _distinct(rdtype: str, values: Iterable[Value]) -> tuple[Value, ...]:
    return tuple({text(rdtype, value).lower(): value for value in values}.values())


def _name(source: random.Random) -> str:
    """A name that a value points at."""
    labels = ["ns1.Example.NET.", "mx-2.example.org.", f"h{source.randrange(9)}.{ZONE}", ZONE]
    return source.choice([*labels, "_under.score.test.", "xn--bcher-kva.test.", "A.b.C.d.test."])


def _text(source: random.Random, longest: int = 40) -> str:
    length = source.randint(1, longest)
    return source.choice(string.ascii_letters) + "".join(source.choices(_TEXT, k=length))


def _long_text(source: random.Random) -> str:
    """Up to three character-strings, some ending just where one is full."""
    kind = source.random()
    if kind < 0.6:
        return _text(source)
    if kind < 0.8:
        return "".join(source.choices(string.ascii_letters, k=source.choice((255, 256, 510, 511))))
    return _text(source, longest=700).translate(_NOT_IN_LONG_TEXT)


def _number(bits: int) -> Callable[[random.Random], int]:
    return lambda source: source.choice((0, 1, 2**bits - 1, source.getrandbits(bits)))


_whole8, _whole16 = _number(8), _number(16)


def _digits(source: random.Random, size: int) -> str:
    """Hexadecimal digits for so many bytes, in either case."""
    text = source.randbytes(size).hex()
    return text.upper() if source.random() < 0.3 else text


def _ipv4(source: random.Random) -> str:
    return ".".join(str(byte) for byte in source.randbytes(4))


def _ipv6(source: random.Random) -> str:
    """In one of the ways in which people write one."""
    last = source.getrandbits(16)
    return source.choice(
        (f"2001:db8::{last:x}", f"2001:DB8:0:0::{last:04X}", f"2001:0db8:0:0:0:0:0:{last:04x}")
    )


def _caa(source: random.Random) -> Value:
    tag = source.choice(("issue", "issuewild", "iodef"))
    value = source.choice(("ca.example.net", ";", "ca.example.net; account=230123", "mailto:a@b.c"))
    return {"flags": source.choice((0, 128)), "tag": tag, "value": value}


def _ds(source: random.Random) -> Value:
    kind, size = source.choice(((1, 20), (2, 32), (4, 48)))
    algorithm = source.choice((8, 13, 15))
    return {
        "key_tag": _whole16(source),
        "algorithm": algorithm,
        "digest_type": kind,
        "digest": _digits(source, size),
    }


def _loc(source: random.Random) -> Value:
    return {
        "lat_degrees": source.randint(0, 89),
        "lat_minutes": source.randint(0, 59),
        "lat_seconds": source.randint(0, 59_999) / 1000,
        "lat_direction": source.choice("NS"),
        "long_degrees": source.randint(0, 179),
        "long_minutes": source.randint(0, 59),
        "long_seconds": source.randint(0, 59_999) / 1000,
        "long_direction": source.choice("EW"),
        "altitude": source.choice((0, 20, -100, 8848.86)),
        "size": source.choice((1, 10, 2000)),
        "precision_horz": source.choice((10, 300)),
        "precision_vert": source.choice((2, 10)),
    }


def _mx(source: random.Random) -> Value:
    if source.random() < 0.2:
        return {"priority": _whole16(source), "value": _name(source)}  # the older words for it
    return {"preference": _whole16(source), "exchange": _name(source)}


def _naptr(source: random.Random) -> Value:
    by_name = source.random() < 0.5
    return {
        "order": _whole16(source),
        "preference": _whole16(source),
        "flags": "S" if by_name else "U",
        "service": source.choice(("SIP+D2U", "E2U+sip", "")),
        "regexp": "" if by_name else "!^.*$!sip:info@example.com!",
        "replacement": "_sip._udp.example.com." if by_name else ".",
    }


def _srv(source: random.Random) -> Value:
    numbers = {key: _whole16(source) for key in ("priority", "weight", "port")}
    return {**numbers, "target": source.choice((_name(source), "."))}


def _sshfp(source: random.Random) -> Value:
    kind, size = source.choice(((1, 20), (2, 32)))
    algorithm = source.choice((1, 2, 3, 4))
    fingerprint = _digits(source, size)
    return {"algorithm": algorithm, "fingerprint_type": kind, "fingerprint": fingerprint}


def _tlsa(source: random.Random) -> Value:
    kind, size = source.choice(((1, 32), (2, 64)))
    return {
        "certificate_usage": source.randint(0, 3),
        "selector": source.randint(0, 1),
        "matching_type": kind,
        "certificate_association_data": _digits(source, size),
    }


def _binding(source: random.Random) -> Value:
    """HTTPS and SVCB: an alias, or a service with parameters."""
    if source.random() < 0.3:
        return {"svcpriority": 0, "targetname": _name(source).lower()}
    params: dict[str, Any] = {
        "alpn": source.choice((["h2"], ["h3", "h2"])),
        "ipv4hint": [_ipv4(source)],
        "ipv6hint": ["2001:db8::1"],
        "port": source.randint(1, 65_535),
    }
    kept = source.sample(sorted(params), source.randint(0, 3))
    target = source.choice((_name(source).lower(), "."))
    found: dict[str, Any] = {"svcpriority": source.randint(1, 65_535), "targetname": target}
    return {**found, "svcparams": {key: params[key] for key in kept}} if kept else found


_ONE_VALUE = frozenset({"CNAME", "PTR"})
_VALUES: dict[str, Callable[[random.Random], Value]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CAA": _caa,
    "CNAME": _name,
    "DS": _ds,
    "HTTPS": _binding,
    "LOC": _loc,
    "MX": _mx,
    "NAPTR": _naptr,
    "NS": _name,
    "PTR": _name,
    "SPF": _long_text,
    "SRV": _srv,
    "SSHFP": _sshfp,
    "SVCB": _binding,
    "TLSA": _tlsa,
    "TXT": _long_text,
}
