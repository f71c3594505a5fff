"""What is written reads back equal, whatever the zone holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enactor.zonefile import next_zone, render
from plans.fence import Fence
from plans.kinds.dns import MANAGED_TYPES, Change, RecordKey, Records
from plans.kinds.rdata import normal_value
from plans.observed.view import Observation
from plans.observed.zonefile import Line, ZoneFile, parse_zone_file

ZONE = "example.com."
FENCE = Fence(1, 1, False, "d" * 64, "1" * 32, "a" * 32)
SOA = "ns1.example.net. hostmaster.example.com. 9 3600 600 1209600 300"

EXAMPLES = {
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
    "CAA": '0 issue "ca.example.net; account=1"',
    "CNAME": "b.example.net.",
    "DNAME": "b.example.net.",
    "DS": "1 8 2 " + "ab" * 32,
    "HTTPS": '1 . alpn="h2,h3" port="8443"',
    "LOC": "52 22 23.000 N 4 53 32.000 E -2.00m 10m 10000m 10m",
    "MX": "10 mail.example.com.",
    "NAPTR": r'100 10 "u" "E2U+sip" "!^.*$!sip:\\1@example.com!" .',
    "NS": "ns1.example.net.",
    "OPENPGPKEY": "AwEAAQ==",
    "PTR": "b.example.net.",
    "SPF": '"v=spf1 -all"',
    "SRV": "0 5 5060 sip.example.com.",
    "SSHFP": "1 2 " + "ab" * 32,
    "SVCB": "0 b.example.net.",
    "TLSA": "3 1 1 " + "ab" * 32,
    "TXT": r'"one" "two; (\"three\")" "\000\255" ""',
    "URI": '10 1 "https://example.com/"',
}


def written(state: dict[RecordKey, Records], unmanaged: tuple[Line, ...] = ()) -> ZoneFile:
    soa = Line(ZONE, 3600, "SOA", SOA)
    observation = Observation(FENCE, state, left_alone=len(unmanaged))
    return ZoneFile(observation, soa, unmanaged, 60)


def test_there_is_an_example_of_every_managed_type() -> None:
    assert set(EXAMPLES) == set(MANAGED_TYPES)


@pytest.mark.parametrize("rdtype", MANAGED_TYPES)
def test_what_is_written_reads_back_equal(rdtype: str) -> None:
    value = normal_value(rdtype, EXAMPLES[rdtype], ZONE)
    meant = written({RecordKey(r"x\;y.*.example.com.", rdtype): Records(2**31 - 1, (value,))})
    assert parse_zone_file(render(meant, ZONE), ZONE, "z") == meant


@given(
    st.lists(st.sampled_from(["@", "a", "b", "*.b", "xn--a", "a.a", "_x._tcp"]), unique=True),
    st.lists(st.binary(max_size=255), min_size=1, max_size=3),
    st.integers(0, 2**31 - 1),
    st.booleans(),
)
def test_any_text_under_any_name_reads_back_equal(
    names: list[str], strings: list[bytes], ttl: int, signed: bool
) -> None:
    text = " ".join('"' + "".join(f"\\{byte:03d}" for byte in string) + '"' for string in strings)
    content = Records(ttl, (normal_value("TXT", text, ZONE),))
    state = {RecordKey(ZONE if name == "@" else f"{name}.{ZONE}", "TXT"): content for name in names}
    meant = written(state, (Line(ZONE, ttl, "TYPE65400", "\\# 1 00"),) if signed else ())
    data = render(meant, ZONE)
    assert parse_zone_file(data, ZONE, "z") == meant
    assert render(parse_zone_file(data, ZONE, "z"), ZONE) == data


def test_the_order_of_records_in_memory_makes_no_difference() -> None:
    keys = [RecordKey(f"{label}.{ZONE}", "A") for label in ("b", "a.b", "a", "c")]
    content = Records(60, ("192.0.2.1",))
    forward = written(dict.fromkeys(keys, content))
    backward = written(dict.fromkeys(reversed(keys), content))
    assert render(forward, ZONE) == render(backward, ZONE)


def test_a_file_without_a_fence_is_written_without() -> None:
    assert b"_planfence" not in render(ZoneFile(Observation(None, {}), None, (), None), ZONE)


def test_the_root_zone_gets_an_soa_of_its_own() -> None:
    absent = ZoneFile(Observation(None, {}), None, (), None)
    ns = Change(".", "NS", None, Records(60, ("a.root-servers.net.",)))
    meant = next_zone(absent, (ns,), FENCE, ".")
    assert meant.soa is not None
    assert meant.soa.text.startswith("a.root-servers.net. hostmaster. 1 ")
    assert parse_zone_file(render(meant, "."), ".", "z") == meant
