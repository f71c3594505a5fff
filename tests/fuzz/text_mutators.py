"""Changes YAML files and fence records as what they are: lines with an indent, fields in an order.

The same seed makes the same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

RECORDS: Final = (
    "{type: A, value: 192.0.2.1}",
    "{type: A, ttl: 60, values: [192.0.2.1, 192.0.2.2]}",
    "{type: AAAA, value: '2001:db8::1'}",
    "{type: CAA, value: {flags: 0, tag: issue, value: ca.example.net}}",
    "{type: CNAME, value: other.example.net.}",
    "{type: MX, values: [{exchange: mail.example.com., preference: 10}]}",
    "{type: NS, values: [ns1.example.com., ns2.example.net.]}",
    "{type: SRV, value: {priority: 1, weight: 2, port: 53, target: a.example.com.}}",
    "{type: TXT, value: 'v=spf1 -all'}",
    "{type: TXT, values: ['a\\; b', \"c\\x41\\u2028\"]}",
    "{type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {alpn: [h2, h3]}}}",
    (
        "{type: LOC, value: {lat_degrees: 1, lat_minutes: 2, lat_seconds: 3.5, lat_direction: N,"
        " long_degrees: 4, long_minutes: 5, long_seconds: 6, long_direction: E, altitude: 7,"
        " size: 1, precision_horz: 10, precision_vert: 2}}"
    ),
    "{type: DS, value: {key_tag: 1, algorithm: 8, digest_type: 2, digest: " + "ab" * 32 + "}}",
    "[{type: A, value: 192.0.2.1}, {type: AAAA, value: 2001:db8::1}]",
)
MEMBERS: Final = (
    "{id: a, address: 192.0.2.1, capacity: 1}",
    "{id: b, address: 192.0.2.2, capacity: 0.5, health: {file: b}}",
    "{id: c, address: 192.0.2.3, capacity: 3, health: {http: {url: http://192.0.2.3/}}}",
    "{id: d, address: other.example.net., capacity: 1e9, health: {route53: abc-1}}",
)
PIECES: Final = (
    "- : , [ ] { } & * ! | > ' \" # % @ ` ~ ? --- ... <<: null yes 010 0x1f 1_000 12:30 1.10 .inf"
    " type: ttl: value: values: octodns: routing: id: weight: dynamic: pools: rules: alias: geos:"
    " health: members: address: capacity: min_members: seen_bad: name: healthcheck: A AAAA CNAME MX"
    " SOA ALIAS TXT URL <<: *a &a *b &b !!str !!int !!binary !include !!set !!omap !<tag:x> %YAML"
    " |- >+ |2 \\ \\; \\x41 \\u0000 '' www '*' '' 2147483648 4294967296 -1 é e\u0301 \ufeff"
    " \u2028 \u0661 \x85 \t \0 \U0001f600"
).split(" ")
ZONE_FILE: Final = (
    "www 300 IN A 192.0.2.1",
    "www.example.com. 300 IN A 192.0.2.2",
    "@ IN AAAA 2001:db8::1",
    "*.a 60 IN CNAME b.example.net.",
    "mail IN MX 10 mail",
    'txt 300 IN TXT "a b" "c\\"d" e\\059',
    "long 1h IN TXT ( one ; a comment\n  two )",
    '_planfence 60 IN TXT "v=pf1"',
    "example.com. 3600 IN SOA ns1 host 1 3600 600 1209600 300",
    "example.com. 3600 IN NS ns1.example.com.",
    "srv 300 IN SRV 1 2 53 a",
    "sig 300 IN TYPE65280 \\# 2 abcd",
    "$TTL 1d",
    "$ORIGIN a.example.com.",
    "$ORIGIN example.org.",
    "  300 IN A 192.0.2.9",
    "; planfence: a comment",
)
ZONE_FILE_PIECES: Final = (
    "( ) ; @ IN CH ANY 300 1h 1w2d 0 -1 2147483648 4294967296 A AAAA TXT SOA NS CNAME DS RRSIG . .."
    ' \\ \\. \\032 \\000 \\300 * " "" a.b WWW \u00e9 \ufeff \u2028 \x85 \t \0 \r \x0c $TTL $ORIGIN'
    " $INCLUDE # \\# TYPE1 CLASS1 www.example.com. example.com. com. 192.0.2.01 192.0.2.256 ::"
).split(" ")
OWNERS: Final = ("''", "www", "'*'", "a.b", '"\\u00e9"', "_sip._tcp", "WWW", "www.", "'null'", "~")
BREAKS: Final = ("\n", "\n", "\n", "\r\n", "\r", "\u2028", "\x85", "")

FENCE: Final = (
    ("v", ("pf1", "pf1", "pf1", "pf2", "PF1", "", "\uff50f1")),
    (
        "g",
        ("1", "7", "0", "999999999999", "1000000000000", "01", "+1", "1.0", "\u0661", "1_0"),
    ),
    ("s", ("0", "1", "999999", "1000000", "00", " 1", "", "1e3")),
    ("e", ("0", "1", "2", "01", "", "True")),
    ("d", ("d" * 64, "0" * 64, "D" * 64, "d" * 63, "d" * 65, "g" * 64, "")),
    ("l", ("1" * 32, "2" * 32, "F" * 32, "1" * 31, "1" * 33)),
    ("a", ("e" * 32, "0" * 32, "e" * 31, "e" * 32 + "\n", "e" * 32 + " ")),
)

SIZES: Final = (("d", 64), ("l", 32), ("a", 32))


def zone(text: str, rng: Random) -> str:
    """A zone file's text, changed."""
    lines = text.split("\n")
    if rng.random() < 0.3:
        _put(lines, f"{rng.choice(OWNERS)}: {rng.choice(RECORDS)}", rng)
    return _edited(lines, PIECES, rng)


def pools(text: str, rng: Random) -> str:
    """A pools file's text, changed."""
    lines = text.split("\n")
    if rng.random() < 0.3:
        kind = rng.choice(("A", "A", "AAAA", "CNAME"))
        members = ", ".join(rng.choices(MEMBERS, k=rng.randint(1, 3)))
        entry = f"  {rng.choice(OWNERS)}: {{type: {kind}, members: [{members}]}}"
        _put(lines, entry, rng)
    return _edited(lines, PIECES, rng)


def zonefile(text: str, rng: Random) -> str:
    """A zone file's text, in the form of RFC 1035, changed."""
    lines = text.split("\n")
    if rng.random() < 0.3:
        _put(lines, rng.choice(ZONE_FILE), rng)
    return _edited(lines, ZONE_FILE_PIECES, rng)


def _put(lines: list[str], line: str, rng: Random) -> None:
    lines.insert(rng.randint(0, len(lines)), line)


def _edited(lines: list[str], pieces: Sequence[str], rng: Random) -> str:
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        lines[at : at + 1] = _line(lines[at], lines, pieces, rng)
        lines = lines or [""]
    return _joined(lines, rng)


def _line(line: str, lines: list[str], pieces: Sequence[str], rng: Random) -> list[str]:
    """What stands where a line stood."""
    words, deed = line.split(" "), rng.randrange(10)
    if deed == 0:
        return []
    if deed == 1:
        return [line, line]
    if deed == 2:
        return [line, rng.choice(lines)]
    if deed == 3:
        return [f"  {line}" if rng.random() < 0.5 else line.removeprefix("  ")]
    if deed == 4:  # an anchor or a tag before a value, or an alias in its place
        key, found, value = line.partition(": ")
        mark = rng.choice(("&a ", "*a #", "!!str ", "!!int ", "&a !x ", "<<: ", "? ", "| ", "- "))
        return [f"{key}{found}{mark}{value}"]
    if deed in {5, 6}:  # another word
        words[rng.randrange(len(words))] = rng.choice(pieces)
        return [" ".join(words)]
    if deed == 7:  # quoted, or not
        words[-1] = words[-1].strip("'\"") if rng.random() < 0.5 else f"'{words[-1]}'"
        return [" ".join(words)]
    place = rng.randint(0, len(line))
    return [line[:place] + rng.choice(pieces) + line[place + rng.choice((0, 0, 1)) :]]


def _joined(lines: list[str], rng: Random) -> str:
    if rng.random() < 0.95:
        return "\n".join(lines)
    return "".join(line + rng.choice(BREAKS) for line in lines)


def fence(text: str, rng: Random) -> str:
    """A fence record's text: of good fields, mostly; or with one other; or in another order."""
    fields = text.split(" ") if rng.random() < 0.4 else _good(rng)
    for _ in range(rng.choice((0, 1, 1, 2))):
        at = rng.randrange(len(FENCE))
        name, values = FENCE[at]
        fields[at : at + 1] = [f"{name}={rng.choice(values)}"]
    deed = rng.randrange(12)
    if deed == 0:
        rng.shuffle(fields)
    elif deed == 1:
        fields.insert(rng.randint(0, len(fields)), rng.choice((*fields, "x=1", "")))
    elif deed == 2:
        del fields[rng.randrange(len(fields))]
    between = rng.choice((*[" "] * 8, "  ", "\t", "\n", "\u00a0"))
    return rng.choice(("",) * 12 + (" ", '"', "\ufeff", "x\n")) + between.join(fields)


def _good(rng: Random) -> list[str]:
    digits = "0123456789abcdef"
    return [
        "v=pf1",
        f"g={rng.randint(1, 10 ** rng.randint(1, 12) - 1)}",
        f"s={rng.randint(0, 10 ** rng.randint(1, 6) - 1)}",
        f"e={rng.randint(0, 1)}",
        *(f"{name}={''.join(rng.choices(digits, k=k))}" for name, k in SIZES),
    ]
