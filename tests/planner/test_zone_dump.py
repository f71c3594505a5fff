"""What is dumped reads back as what it was dumped from, and nothing is dumped that would not."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import planner.zone_dump
from planner.zone_dump import dump_zone, has_semicolons, zone_text
from planner.zone_dump_yaml import natural, scalar
from planner.zone_yaml import parse_zone_yaml, read_zone_yaml
from plans.errors import Invalid, Refused
from plans.kinds.dns import MANAGED_TYPES, RecordKey, Records
from plans.kinds.rdata import normal_value, quoted
from tests.planner.zones import VALUES, ZONE, zones

EXAMPLE = Path(__file__).parents[2] / "examples/dns/zones/example.com.yaml"
X = RecordKey("x.example.com.", "TXT")


def dumped(
    state: dict[RecordKey, Records], *, escaped: bool | None = None, zone: str = ZONE
) -> str:
    return dump_zone(zone, state, escaped_semicolons=escaped, source="zonefile:z")


def one(rdtype: str, value: str, *, escaped: bool | None = None) -> str:
    """How a single value is written."""
    content = Records(300, (normal_value(rdtype, value, None),))
    text = dumped({RecordKey("x.example.com.", rdtype): content}, escaped=escaped)
    head = f"---\nx:\n  ttl: 300\n  type: {rdtype}\n  value:"
    assert text.startswith(head)
    return dedent(text.removeprefix(head).lstrip(" ").lstrip("\n")).rstrip("\n")


def read(text: str, *, escaped: bool | None, zone: str = ZONE) -> dict[RecordKey, Records]:
    return parse_zone_yaml(text.encode(), "dump", zone, escaped_semicolons=escaped).records


@pytest.mark.parametrize("escaped", [True, False])
def test_the_example_zone_comes_back_whole(escaped: bool) -> None:
    state = read_zone_yaml(EXAMPLE, ZONE, escaped_semicolons=True).records
    assert {key.type for key in state} == set(MANAGED_TYPES) == set(VALUES)
    text = dumped(state, escaped=escaped)
    assert read(text, escaped=escaped) == state
    assert dumped(dict(reversed(state.items())), escaped=escaped) == text


@given(state=zones, escaped=st.booleans())
def test_any_zone_comes_back_whole(state: dict[RecordKey, Records], escaped: bool) -> None:
    assert read(dumped(state, escaped=escaped), escaped=escaped) == state


@given(state=zones, escaped=st.booleans())
def test_values_come_back_from_maps_and_from_text(
    state: dict[RecordKey, Records], escaped: bool
) -> None:
    for with_maps in (True, False):
        text = zone_text(ZONE, state, escaped, with_maps=with_maps)
        assert read(text, escaped=escaped) == state


NUMBERS = set(
    "algorithm altitude certificate_usage digest_type fingerprint_type key_tag lat_degrees"
    " lat_minutes lat_seconds long_degrees long_minutes long_seconds matching_type order port"
    " precision_horz precision_vert preference priority selector size svcpriority ttl"
    " weight".split()
)


@given(state=zones)
def test_nothing_is_a_number_or_a_date_to_yaml_but_the_fields_that_are_numbers(
    state: dict[RecordKey, Records],
) -> None:
    def check(node: Any, number: bool) -> None:
        if isinstance(node, dict):
            # NAPTR has flags too, which are text.
            numbers = NUMBERS | ({"flags"} if node.keys() == {"flags", "tag", "value"} else set())
            for key, value in node.items():
                check(key, number=False)
                check(value, number=key in numbers)
        elif isinstance(node, list):
            for item in node:
                check(item, number=False)
        elif node is not None:  # no-default-alpn
            assert type(node) in ((int, float) if number else (str,)), node

    check(yaml.safe_load(zone_text(ZONE, state, escaped_semicolons=True)), number=False)


# What a plain scalar is to YAML 1.1 (yaml.org/type) and to the core schema of 1.2, if not text.
NOT_TEXT = re.compile(
    r"|y|n|yes|no|true|false|on|off|null|~|=|<<|\.|"
    r"[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?0x[0-9a-f_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|"
    r"[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)(e[-+]?[0-9]+)?|[-+]?\.inf|\.nan|"
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?",
    re.IGNORECASE,
)


WORDS = """
    y N yes No ON off TRUE False null ~ = << 010 0x1f 0b1 0o7 1e3 1_000 12:30 1.5 .5 . .inf .NaN -1
    +1 - -- 2026-01-01 1:2:3:4:5:6:7:8 fe80:: ::1 @ * & ! | > % ? # , [ ] { } a: a:b it's " `
""".split()


@pytest.mark.parametrize("text", [*WORDS, "", " a", "a ", "a #b", "a: b", "- a", "? a", "1 2"])
@pytest.mark.parametrize("before", ["", "x"])
def test_text_is_quoted_where_yaml_means_something_by_it(text: str, before: str) -> None:
    written = scalar(before + text)
    assert yaml.safe_load(f"- {written}\n") == [before + text]
    assert written.startswith("'") or not NOT_TEXT.fullmatch(written)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_any_text_is_read_as_that_text(text: str) -> None:
    written = scalar(text)
    assert yaml.safe_load(f"{written}:\n- {written}\n") == {text: [text]}
    assert written.startswith("'") or not NOT_TEXT.fullmatch(written)


@pytest.mark.parametrize("text", ["192.0.2.1", "2001:db8::1", "www.example.net.", "v=spf1 -all"])
def test_what_everybody_writes_bare_stays_bare(text: str) -> None:
    assert scalar(text) == text


HTTPS_MAP = r"""
svcparams:
  alpn:
    - h2
    - h3
  key65400: 'a\"b'
  no-default-alpn:
  port: 443
svcpriority: 1
targetname: '.'
""".strip()
NAPTR_MAP = r"""
flags: U
order: 1
preference: 2
regexp: '!^(.*)$!\\1!'
replacement: '.'
service: E2U+sip
""".strip()
LOC_MAP = """
altitude: -2
lat_degrees: 52
lat_direction: 'N'
lat_minutes: 22
lat_seconds: 23.5
long_degrees: 4
long_direction: E
long_minutes: 53
long_seconds: 32
precision_horz: 10000
precision_vert: 10
size: 1
""".strip()


@pytest.mark.parametrize(
    ("rdtype", "value", "written"),
    [
        ("CAA", '0 issue ";"', "flags: 0\ntag: issue\nvalue: ';'"),
        ("MX", "10 mx.example.net.", "exchange: mx.example.net.\npreference: 10"),
        ("SRV", "1 2 3 .", "port: 3\npriority: 1\ntarget: '.'\nweight: 2"),
        ("URI", '1 2 "https://a.example/"', "priority: 1\ntarget: https://a.example/\nweight: 2"),
        ("HTTPS", "1 .", "svcpriority: 1\ntargetname: '.'"),
        (
            "HTTPS",
            '1 . alpn="h2,h3" no-default-alpn port=443 key65400="a\\"b"',
            HTTPS_MAP,
        ),
        ("SVCB", r'1 . alpn="a\\,b"', r"""'1 . alpn="a\\,b"'"""),
        ("SVCB", "1 Pool.example.net.", "'1 Pool.example.net.'"),
        (
            "NAPTR",
            '1 2 "U" "E2U+sip" "!^(.*)$!\\\\1!" .',
            NAPTR_MAP,
        ),
        ("NAPTR", '1 2 "u" "" "" .', """'1 2 "u" "" "" .'"""),
        (
            "LOC",
            "52 22 23.5 N 4 53 32 E -2m",
            LOC_MAP,
        ),
        ("OPENPGPKEY", "mQEN BA==", "mQENBA=="),
    ],
)
def test_structured_values_are_octodnss_maps_or_else_text(
    rdtype: str, value: str, written: str
) -> None:
    assert one(rdtype, value) == written


def test_a_digest_longer_than_dnspythons_lines_is_one_word() -> None:
    assert f"certificate_association_data: '{'0a' * 100}'" in one("TLSA", f"3 1 0 {'0a' * 100}")


@pytest.mark.parametrize(
    ("strings", "escaped", "written"),
    [
        ([b"v=spf1 -all"], None, "v=spf1 -all"),
        ([b"v=DKIM1; k=rsa"], True, "v=DKIM1\\; k=rsa"),
        ([b"v=DKIM1; k=rsa"], False, "v=DKIM1; k=rsa"),
        ([b"a", b"b;"], True, r"""'"a" "b\;"'"""),
        ([b"a", b"b;"], False, """'"a" "b;"'"""),
        ([b""], None, """'""'"""),
        ([b"", b""], None, """'"" ""'"""),
        ([b"x" * 255, b"y"], None, "x" * 255 + "y"),
        ([b"x" * 254, b"y"], None, f"""'"{"x" * 254}" "y"'"""),
        ([b"x" * 255, b""], None, f"""'"{"x" * 255}" ""'"""),
        ([b'say "hi"'], None, """'say "hi"'"""),
        ([b'"hi"'], None, r"""'"\"hi\""'"""),
        ([b"a\\b"], None, r"a\\b"),
        ([b"a\\;"], True, r"a\\\;"),
        ([b'\\"'], None, r"""'\\"'"""),
        ([b"\\000"], None, r"'\\000'"),
        ([b"caf\xc3\xa9\n"], None, r"caf\195\169\010"),
        ([b" "], None, "' '"),
        ([b"yes"], None, "'yes'"),
    ],
)
def test_text_keeps_its_bytes_and_its_cuts(
    strings: list[bytes], escaped: bool | None, written: str
) -> None:
    assert one("TXT", quoted(strings), escaped=escaped) == written


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=3), st.booleans())
def test_any_bytes_with_any_cuts_come_back(strings: list[bytes], escaped: bool) -> None:
    state = {X: Records(0, (quoted(strings),))}
    assert read(zone_text(ZONE, state, escaped), escaped=escaped) == state


def test_a_semicolon_is_refused_until_somebody_decides_and_only_where_it_matters() -> None:
    state = {X: Records(60, ('"v=DMARC1; p=none"',))}
    with pytest.raises(Refused, match="--no-escaped-semicolons") as caught:
        dumped(state)
    assert caught.value.rule == "semicolons-undecided"
    assert "zonefile:z: x.example.com. TXT" in str(caught.value)
    assert has_semicolons(state)
    caa = {RecordKey("x.example.com.", "CAA"): Records(60, ('0 issue ";"',))}
    assert not has_semicolons(caa)
    assert "value: ';'" in dumped(caa)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (RecordKey("_planfence.example.com.", "A"), "planfence keeps its fence there"),
        (RecordKey("a.x.example.com.", "A"), "below the DNAME x.example.com."),
    ],
)
def test_what_no_desired_state_can_hold_is_refused_with_the_readers_reason(
    key: RecordKey, reason: str
) -> None:
    state = {
        key: Records(60, ("192.0.2.1",)),
        RecordKey("x.example.com.", "DNAME"): Records(60, ("example.net.",)),
    }
    with pytest.raises(Invalid, match=reason) as caught:
        dumped(state)
    assert caught.value.rule == "dump-refused"
    assert all(re.match(r"zonefile:z: \D", problem) for problem in caught.value.problems)


def test_yaml_that_would_lose_something_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {X: Records(60, ('"kept"',)), RecordKey("y.example.com.", "TXT"): Records(60, ('"y"',))}
    less = zone_text(ZONE, {X: Records(60, ('"lost"',))}, None)
    monkeypatch.setattr(planner.zone_dump, "zone_text", lambda *_, **__: less)
    with pytest.raises(Refused, match="would not be read back") as caught:
        dumped(state)
    assert caught.value.rule == "dump-differs"
    assert (caught.value.expected, caught.value.actual) == ("""'"kept"'""", """'"lost"'""")


def test_maps_that_the_reader_takes_for_something_else_are_written_as_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        planner.zone_dump, "_map", lambda *_: {"preference": "11", "exchange": "a."}
    )
    assert one("MX", "10 a.") == "'10 a.'"


def test_names_are_relative_and_in_octodnss_order() -> None:
    content = Records(60, ("192.0.2.1",))
    labels = ["web10.", "web9.", "10.", "9.", "*.", "", "a\\.b.", "web9.x.", "web."]
    state = {RecordKey(label + ZONE, "A"): content for label in labels}
    names = [line[:-1] for line in dumped(state).splitlines() if re.match(r"\S+:$", line)]
    assert names == ["''", "'9'", "'10'", "'*'", "a\\.b", "web", "web9", "web9.x", "web10"]


def test_the_root_zone_is_dumped() -> None:
    state = {
        RecordKey(".", "NS"): Records(60, ("a.root-servers.net.",)),
        RecordKey("com.", "NS"): Records(60, ("a.gtld-servers.net.",)),
    }
    assert read(dumped(state, zone="."), escaped=None, zone=".") == state


def test_numbers_sort_as_numbers_and_equal_ones_by_their_text() -> None:
    assert sorted(["a10", "a9", "a09", "", "1", "a"], key=natural) == "|1|a|a09|a9|a10".split("|")


def test_remarks_stand_at_the_head() -> None:
    state = {X: Records(60, ('"x"',))}
    remarks = ("one", "", "two")
    text = dump_zone(ZONE, state, escaped_semicolons=None, source="z", remarks=remarks)
    assert text.startswith("# one\n#\n# two\n---\nx:\n")
