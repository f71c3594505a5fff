"""A zone of any size, the same on every run: what a hosting company's busiest zone looks like.

Every 100 names hold 110 record sets of some 135 records: hosts with A, a sixth of them with AAAA
too, aliases, DKIM keys and other texts, mail, services and a few of the rarer types.

``python -m bench.zones SIZE FILE`` writes one as octoDNS YAML, with ``;`` escaped in TXT.
"""

from __future__ import annotations

import argparse
import random
import string
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

# What the apex refers to in the zone itself: a name server loads no zone without its own address.
_HOSTS = ("mx1", "mx2", "ns1", "ns2")
_LETTERS = string.ascii_letters + string.digits

Rendered = tuple[str, str]
"""A type, and its values as YAML with their key in front."""


def zone_yaml(
    record_sets: int, *, without: Collection[str] = (), changed: bool = False
) -> Iterator[str]:
    """A zone of so many record sets, part by part.

    Args:
        without: types that it has no record sets of.
        changed: of every hundred record sets one has another TTL.
    """
    source = random.Random(record_sets)
    yield "---\n"
    yield _entry("''", [*_apex()], 3600)
    for host in _HOSTS:
        yield _entry(host, [_listed("A", ["198.18.0.53"])], 3600)
    left = record_sets - 3 - len(_HOSTS)
    to_change = record_sets // 100 if changed else 0
    number = 0
    while left > 0:
        name, sets = _name(number, source)
        sets = [each for each in sets if each[0] not in without][:left]
        ttl = 300 if number % 3 else 3600
        if len(sets) == 1 and left <= to_change * 100:
            ttl, to_change = ttl + 1, to_change - 1
        if sets:
            yield _entry(name, sets, ttl)
        left -= len(sets)
        number += 1


def _apex() -> Iterator[Rendered]:
    yield _listed("NS", ["ns1.example.com.", "ns2.example.com.", "ns3.example.net."])
    yield _mail("example.com.")
    yield _listed("TXT", ["v=spf1 include:_spf.example.com -all"])


def _entry(name: str, sets: list[Rendered], ttl: int) -> str:
    """One name as octoDNS writes it: a map, or a list of maps for several types."""
    if len(sets) == 1:
        rdtype, values = sets[0]
        return f"{name}:\n  ttl: {ttl}\n  type: {rdtype}\n  {values}\n"
    parts = [f"{name}:\n"]
    for rdtype, values in sets:
        deeper = values.replace("\n", "\n  ")
        parts.append(f"  - ttl: {ttl}\n    type: {rdtype}\n    {deeper}\n")
    return "".join(parts)


def _name(number: int, source: random.Random) -> tuple[str, list[Rendered]]:
    """The name of one number, and its record sets."""
    place = number % 100
    region = source.choice(("eu", "us", "ap"))
    if place < 60:
        count = 1 + (place % 4 == 0) + (place % 8 == 0)
        sets = [_listed("A", (_ipv4(source) for _ in range(count)))]
        if place % 6 == 0:
            sets.append(_listed("AAAA", [_ipv6(source)]))
        return f"host{number}.{region}", sets
    if place < 66:
        return f"v6-{number}", [_listed("AAAA", [_ipv6(source)])]
    if place < 86:
        target = f"lb{source.randrange(200)}.{region}.example.net."
        return f"app{number}.customers", [_listed("CNAME", [target])]
    return _rarer_name(number, place, source)


def _rarer_name(number: int, place: int, source: random.Random) -> tuple[str, list[Rendered]]:
    if place < 90:
        key = "".join(source.choices(_LETTERS, k=216))
        return f"s{number}._domainkey", [_listed("TXT", [rf"v=DKIM1\; k=rsa\; p={key}"])]
    if place < 93:
        text = "".join(source.choices(_LETTERS, k=43))
        return f"_acme-challenge.h{number}", [_listed("TXT", [text])]
    if place < 96:
        return f"mail{number}", [_mail("mail.example.net.")]
    if place == 96:
        service = _fields("SRV", port=5061, priority=10, target="sip.example.com.", weight=60)
        return f"_sips._tcp.t{number}", [service]
    if place == 97:
        return f"shop{number}", [_fields("CAA", flags=0, tag="issue", value="ca.example.net")]
    if place == 98:
        fingerprint = f"{source.getrandbits(256):064x}"
        found = _fields("SSHFP", algorithm=4, fingerprint=fingerprint, fingerprint_type=2)
        return f"ssh{number}", [found]
    return f"ptr{number}", [_listed("PTR", [f"host{number}.eu.example.com."])]


def _listed(rdtype: str, values: Iterable[str]) -> Rendered:
    found = sorted(set(values))
    if len(found) == 1:
        return rdtype, f"value: {found[0]}"
    return rdtype, "values:" + "".join(f"\n    - {value}" for value in found)


def _mail(domain: str) -> Rendered:
    values = (f"\n    - exchange: mx{n}.{domain}\n      preference: {10 * n}" for n in (1, 2))
    return "MX", "values:" + "".join(values)


def _fields(rdtype: str, **fields: object) -> Rendered:
    return rdtype, "value:" + "".join(f"\n    {key}: {value}" for key, value in fields.items())


def _ipv4(source: random.Random) -> str:
    return f"198.18.{source.randrange(256)}.{source.randrange(1, 255)}"


def _ipv6(source: random.Random) -> str:
    return f"2001:db8:{source.randrange(1, 65536):x}::{source.randrange(1, 65536):x}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.zones")
    parser.add_argument("size", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--without", metavar="TYPE", action="append", default=[])
    parser.add_argument("--changed", action="store_true")
    given = parser.parse_args()
    given.file.parent.mkdir(parents=True, exist_ok=True)
    with given.file.open("w", encoding="utf-8") as stream:
        stream.writelines(zone_yaml(given.size, without=given.without, changed=given.changed))


if __name__ == "__main__":
    main()
