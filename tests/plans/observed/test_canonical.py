"""The quick reader agrees with dnspython on every text, or leaves it to dnspython."""

from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enactor.zonefile import render
from plans.fence import Fence
from plans.kinds.dns import RecordKey, Records
from plans.kinds.plain import PLAIN_VALUES
from plans.kinds.rdata import normal_value
from plans.observed.canonical import quick_entries
from plans.observed.entries import Entry
from plans.observed.view import Observation
from plans.observed.zone_entries import read_zone_entries
from plans.observed.zonefile import Line, ZoneFile, parse_zone_file

ZONE: Final = "example.com."
FENCE: Final = Fence(1, 1, True, "d" * 64, "1" * 32, "a" * 32)
SOA: Final = Line(ZONE, 3600, "SOA", "ns1.example.net. host.example.com. 9 3600 600 1209600 300")
VALUES: Final = {
    "A": ("192.0.2.1", "192.0.2.255", "0.0.0.0"),
    "AAAA": ("2001:db8::1", "2001:db8:1:2:3:4:5:6", "fe80::", "::1", "2001:db8:0:1::"),
    "CAA": ('0 issue "ca.example.net; account=1"', '128 iodef ""', r'0 issue "a\"b"'),
    "CNAME": ("b.example.net.", ".", r"a\.b.example.net."),
    "MX": ("10 mx1.example.com.", "65535 mx2.example.com.", "0 ."),
    "NAPTR": (r'100 10 "u" "E2U+sip" "!^(.*)$!sip:\\1@example.com!" .',),
    "NS": ("ns1.example.net.",),
    "PTR": ("www.example.com.",),
    "SRV": ("0 5 5060 sip.example.com.",),
    "SSHFP": ("4 2 " + "0f" * 32, "255 1 " + "a9" * 20, "4 0 " + "0f" * 64),
    "TXT": ('"v=DKIM1; k=rsa" "p=(AB)"', r'"a \"quoted\" \000 one"', '""', '"1\\\\"'),
}
NAMES: Final = (ZONE, *(f"{label}.{ZONE}" for label in ("a", "*.b", "_x._tcp", r"x\;y", "a-1/2")))


def written(state: dict[RecordKey, Records], unmanaged: tuple[Line, ...] = ()) -> str:
    observation = Observation(FENCE, state, left_alone=len(unmanaged))
    return render(ZoneFile(observation, SOA, unmanaged, 60), ZONE).decode()


def by_dnspython(text: str, zone: str = ZONE) -> list[Entry]:
    return read_zone_entries(text, zone, "z")


def agrees(text: str, zone: str = ZONE) -> None:
    quick = quick_entries(text, zone)
    assert quick is None or quick == by_dnspython(text, zone)


EVERYTHING: Final = written(
    {
        RecordKey(name, rdtype): Records(
            60 * place, tuple(sorted(normal_value(rdtype, value, None) for value in values))
        )
        for place, (rdtype, values) in enumerate(VALUES.items())
        for name in NAMES
        if rdtype != "CNAME" or name == NAMES[1]
    },
    (Line(f"a.{ZONE}", 60, "TYPE65400", r"\# 1 00"),),
)


def test_what_planfence_writes_is_read_quickly_and_as_dnspython_reads_it() -> None:
    quick = quick_entries(EVERYTHING, ZONE)
    assert quick is not None
    assert quick == by_dnspython(EVERYTHING)
    assert {entry.type for entry in quick} == {*VALUES, "SOA", "TYPE65400"}
    assert [entry.line for entry in quick] == sorted(entry.line for entry in quick)


@pytest.mark.parametrize("rdtype", VALUES)
def test_a_plain_value_is_canonical_as_it_stands(rdtype: str) -> None:
    for value in VALUES[rdtype]:
        line = f"a.{ZONE} 60 IN {rdtype} {value}\n"
        quick = quick_entries(line, ZONE)
        assert quick is not None
        assert quick == by_dnspython(line)


def test_the_root_zone_is_read_quickly_too() -> None:
    text = ". 60 IN NS a.root-servers.net.\ncom. 60 IN NS a.gtld-servers.net.\n"
    quick = quick_entries(text, ".")
    assert quick is not None
    assert quick == by_dnspython(text, ".")


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"a.{ZONE} 60 IN A 192.0.2.1",
        f"a.{ZONE} 60 IN A 192.0.2.1\r\n",
        f"; a comment that some end here: \ra.{ZONE} 60 IN A 192.0.2.9\n",
        f"$ORIGIN {ZONE}\na.{ZONE} 60 IN A 192.0.2.1\n",
        f"$TTL 60 IN A 192.0.2.1\na.{ZONE} 60 IN A 192.0.2.1\n",
        f"a.{ZONE} 60 IN A 192.0.2.1\n 60 IN A 192.0.2.2\n",
        f"a.{ZONE} 60 A 192.0.2.1\n",
        f"a.{ZONE} IN 60 A 192.0.2.1\n",
        f"a.{ZONE} 60 CH A 192.0.2.1\n",
        f"a.{ZONE} 4294967296 IN A 192.0.2.1\n",
        f"a.{ZONE} 060 IN LOC 1 N 1 E 1m\n" * 2 + "a 1h IN A 192.0.2.1\n",
        "a.example.net. 60 IN A 192.0.2.1\n",
        "a.notexample.com. 60 IN A 192.0.2.1\n",
        f"{'a.' * 125}{ZONE} 60 IN A 192.0.2.1\n",
        f"a.{ZONE} 60 IN CNAME {'a.' * 128}\n",
        f"a.{ZONE} 60 IN A 192.0.2.256\n",
        f'a.{ZONE} 60 IN TXT "{"x" * 256}"\n',
        f"a.{ZONE} 60 IN MX 65536 b.{ZONE}\n",
        f'a.{ZONE} 60 IN CAA 256 issue "ca.example.net"\n',
        f"a.{ZONE} 60 IN SSHFP 4 2 {'0f' * 20}\n",
        # A line that takes in the next one, and a plain one between them.
        f'a.{ZONE} 60 IN TXT ( "x"\nb.{ZONE} 60 IN A 192.0.2.1\nc.{ZONE} 60 IN TXT "y" )\n',
        f'a.{ZONE} 60 IN TXT "x\\\nb.{ZONE} 60 IN A 192.0.2.1\nc.{ZONE} 60 IN TXT \\"y"\n',
    ],
)
def test_what_could_be_read_otherwise_is_left_to_dnspython(text: str) -> None:
    assert quick_entries(text, ZONE) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("2001:db8::1", True),
        ("2001:db8:1:2:3:4:5:6", True),
        ("2001:db8:1::", True),
        ("1::2:3:4:5:6", True),
        ("1::2:3:4:5:6:7", False),  # "::" for one group
        ("1:2:3:4:5:6::", False),
        ("2001:db8::1::2", False),
        ("2001:db8:0:0:1::", False),
        ("2001:DB8::1", False),
        ("2001:0db8::1", False),
        ("::ffff:192.0.2.1", False),
        ("1:2:3:4:5:6:7", False),
        ("1:2:3:4:5:6:7:8:9", False),
    ],
)
def test_an_address_is_plain_only_if_nothing_is_left_to_choose(text: str, plain: bool) -> None:
    assert bool(re.fullmatch(PLAIN_VALUES["AAAA"], text)) is plain
    agrees(f"a.{ZONE} 60 IN AAAA {text}\n")


_LINES: Final = EVERYTHING.splitlines(keepends=True)
_PIECES: Final = [
    *' \t\n\r\v\f\x00\x85\xa0\u2028;()"\\$@#.*-_:0aAfFgzZ9é',
    *("IN", "A", "TXT", "60", "00", "::", '" "', "\\032", "$TTL 5\n", "$ORIGIN a.\n", ZONE, " ; x"),
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A few lines of ours, moved, repeated, cut and spoilt."""
    lines = draw(st.lists(st.sampled_from(_LINES), min_size=1, max_size=6))
    text = "".join(lines)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 2))
        text = text[:at] + draw(st.sampled_from(["", *_PIECES])) + text[at + gone :]
    return draw(st.sampled_from([text, text, text.upper()]))


@settings(max_examples=1500, deadline=None)
@given(mutated())
def test_any_spoilt_file_is_read_as_dnspython_reads_it_or_left_to_it(text: str) -> None:
    agrees(text)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(PLAIN_VALUES)).flatmap(
        lambda rdtype: st.tuples(
            st.just(rdtype), st.from_regex(PLAIN_VALUES[rdtype], fullmatch=True)
        )
    )
)
def test_whatever_is_plain_is_canonical(found: tuple[str, str]) -> None:
    rdtype, value = found
    agrees(f"a.{ZONE} 60 IN {rdtype} {value}\n")


def test_a_file_is_the_same_zone_whichever_reader_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(line for line in EVERYTHING.split("\n") if " CNAME " not in line)
    quick = parse_zone_file(text.encode(), ZONE, "z")
    monkeypatch.setattr("plans.observed.zonefile.quick_entries", lambda text, zone: None)
    assert parse_zone_file(text.encode(), ZONE, "z") == quick
