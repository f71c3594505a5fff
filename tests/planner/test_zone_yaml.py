"""Zone YAML is read whole and as it was written. What is not: ``test_zone_yaml_refusals.py``."""

from __future__ import annotations

import gc
import hashlib
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.zone_yaml import DesiredZone, read_zone_yaml
from plans.errors import Invalid
from plans.kinds.dns import MANAGED_TYPES, RecordKey, Records
from plans.kinds.rdata import rdata_of

ZONE = "example.com."
WWW = RecordKey("www.example.com.", "A")
EXAMPLE = Path(__file__).parents[2] / "examples/dns/zones/example.com.yaml"
SHA256 = "ab" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zone.yaml"


def read(
    path: Path, text: str | bytes, zone: str = ZONE, *, escaped: bool | None = None
) -> DesiredZone:
    path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    return read_zone_yaml(path, zone, escaped_semicolons=escaped)


def values(path: Path, record: str, *, escaped: bool | None = None) -> tuple[str, ...]:
    """The values of the only record."""
    [found] = read(path, f"x: {record}\n", escaped=escaped).records.values()
    return found.values


def test_every_managed_type_is_read_from_the_example_zone() -> None:
    found = read_zone_yaml(EXAMPLE, ZONE, escaped_semicolons=True)
    assert {key.type for key in found.records} == set(MANAGED_TYPES)
    assert len(found.records) > 350


def test_digest_and_size_are_those_of_the_bytes(path: Path) -> None:
    data = b"www: {type: A, value: 192.0.2.1}\n"
    found = read(path, data)
    assert (found.digest, found.size) == (hashlib.sha256(data).hexdigest(), len(data))


def test_names_are_relative_and_ttl_is_3600_unless_it_is_given(path: Path) -> None:
    text = """
        '': {type: A, value: 192.0.2.1}
        '*': {type: A, value: 192.0.2.1, ttl: 0}
        WWW:
          - {type: A, values: [192.0.2.2, 192.0.2.1, 192.0.2.2], ttl: 2147483647}
          - {type: TXT, value: hello, octodns: {lenient: true}}
        10: {type: PTR, value: Host.example.net.}
    """
    assert read(path, text).records == {
        RecordKey(ZONE, "A"): Records(3600, ("192.0.2.1",)),
        RecordKey("*.example.com.", "A"): Records(0, ("192.0.2.1",)),
        WWW: Records(2**31 - 1, ("192.0.2.1", "192.0.2.2")),
        RecordKey("www.example.com.", "TXT"): Records(3600, ('"hello"',)),
        RecordKey("10.example.com.", "PTR"): Records(3600, ("host.example.net.",)),
    }


@pytest.mark.parametrize("word", ["010", "1.10", "yes", "no", "on", "12:30", "2026-01-01", "1e3"])
def test_a_plain_word_is_never_read_as_something_else(path: Path, word: str) -> None:
    found = read(path, f"{word}: {{type: TXT, value: {word}}}\n").records
    assert found == {RecordKey(f"{word}.example.com.", "TXT"): Records(3600, (f'"{word}"',))}


LOC_FIELDS = (
    "lat_degrees: 52, lat_minutes: 22, lat_seconds: 23.5, lat_direction: n, long_degrees: 4,"
    " long_minutes: 53, long_seconds: 32, long_direction: E, altitude: -2.25, size: 50,"
    " precision_horz: 100, precision_vert: 10"
)
LOC_TEXT = "52 22 23.500 N 4 53 32.000 E -2.25m 50.00m 100.00m 10.00m"
NAPTR_FIELDS = (
    "order: 1, preference: 2, flags: u, service: E2U+sip, regexp: '!^(.*)$!sip:\\\\1@a.example!',"
    " replacement: ."
)
PARAMS = 'port: 443, no-default-alpn: , alpn: [h2], mandatory: [port], key65400: a"b'
PARAMS_TEXT = 'mandatory="port" alpn="h2" no-default-alpn port="443" key65400="a\\"b"'


@pytest.mark.parametrize(
    ("rdtype", "written", "value"),
    [
        ("A", "192.0.2.1", "192.0.2.1"),
        ("AAAA", "'2001:DB8::0:1'", "2001:db8::1"),
        ("CAA", "{tag: issue, value: ca.example; a=b}", '0 issue "ca.example; a=b"'),
        ("CAA", "{flags: 128, tag: issue, value: ;}", '128 issue ";"'),
        ("CNAME", "WWW.example.net.", "www.example.net."),
        ("DNAME", "example.net.", "example.net."),
        (
            "DS",
            f"{{key_tag: 1, algorithm: 13, digest_type: 2, digest: {SHA256}}}",
            f"1 13 2 {SHA256}",
        ),
        (
            "DS",
            f"{{flags: 1, protocol: 13, algorithm: 2, public_key: {SHA256}}}",
            f"1 13 2 {SHA256}",
        ),
        ("HTTPS", "{svcpriority: 1, targetname: .}", "1 ."),
        ("HTTPS", "{svcpriority: 1, targetname: ., svcparams: {}}", "1 ."),
        (
            "HTTPS",
            f"{{svcpriority: 1, targetname: ., svcparams: {{{PARAMS}}}}}",
            f"1 . {PARAMS_TEXT}",
        ),
        ("LOC", f"{{{LOC_FIELDS}}}", LOC_TEXT),
        ("MX", "{preference: 10, exchange: Mail.example.net.}", "10 mail.example.net."),
        ("MX", "{priority: 10, value: mail.example.net.}", "10 mail.example.net."),
        ("MX", "010 mail.example.net.", "10 mail.example.net."),
        ("NAPTR", f"{{{NAPTR_FIELDS}}}", '1 2 "U" "E2U+sip" "!^(.*)$!sip:\\\\1@a.example!" .'),
        ("NS", "ns1.example.net.", "ns1.example.net."),
        ("OPENPGPKEY", "mQ EN", "mQEN"),
        ("PTR", "host.example.net.", "host.example.net."),
        ("SPF", "v=spf1 -all", '"v=spf1 -all"'),
        ("SRV", "{priority: 1, weight: 2, port: 3, target: a.example.}", "1 2 3 a.example."),
        (
            "SSHFP",
            f"{{algorithm: 4, fingerprint_type: 2, fingerprint: {SHA256}}}",
            f"4 2 {SHA256}",
        ),
        ("SVCB", "{svcpriority: 0, targetname: pool.example.net.}", "0 pool.example.net."),
        ("TLSA", "{certificate_association_data: 00 FF}", "0 0 0 00ff"),
        ("TXT", "hello", '"hello"'),
        (
            "URI",
            "{priority: 1, weight: 2, target: 'https://a.example/'}",
            '1 2 "https://a.example/"',
        ),
    ],
)
def test_each_type_is_read_in_octodnss_form_and_as_plain_text(
    path: Path, rdtype: str, written: str, value: str
) -> None:
    assert values(path, f"{{type: {rdtype}, value: {written}}}") == (value,)
    assert values(path, f"{{type: {rdtype}, values: ['{value}']}}", escaped=False) == (value,)


@pytest.mark.parametrize(
    ("escaped", "written", "value"),
    [
        (True, r"v=DKIM1\; k=rsa", '"v=DKIM1; k=rsa"'),
        (False, "v=DKIM1; k=rsa", '"v=DKIM1; k=rsa"'),
        (None, "no semicolon", '"no semicolon"'),
        (None, r"back\\slash quo\"te and \000\255", r'"back\\slash quo\"te and \000\255"'),
        (True, r"\\\;", r'"\\;"'),
        (None, 'a "quote" inside', r'"a \"quote\" inside"'),
        (None, '"two" "strings"', '"two" "strings"'),
        (None, '""', '""'),
        (True, r'"a\;" "b"', '"a;" "b"'),
        (None, "café", r'"caf\195\169"'),
        (None, "x" * 256, f'"{"x" * 255}" "x"'),
    ],
)
def test_text_keeps_its_bytes_and_its_character_strings(
    path: Path, escaped: bool | None, written: str, value: str
) -> None:
    assert values(path, f"{{type: TXT, value: '{written}'}}", escaped=escaped) == (value,)
    assert values(path, f"{{type: SPF, value: '{written}'}}", escaped=escaped) == (value,)


# What YAML's single quotes keep as it is, and free text takes as it is.
printable = st.text(
    st.characters(exclude_categories=["Cc", "Cn", "Cs", "Zl", "Zp"], exclude_characters="\ufeff"),
    min_size=1,
    max_size=400,
).filter(lambda text: not text.startswith('"'))


@given(text=printable)
def test_any_printable_text_comes_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "text.yaml"
    written = text.replace("\\", "\\\\").replace("'", "''")
    [value] = values(path, f"{{type: TXT, value: '{written}'}}", escaped=False)
    strings = rdata_of("TXT", value).strings  # type: ignore[attr-defined]
    assert b"".join(strings) == text.encode()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_left_as_it_was(path: Path, enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        read(path, "www: {type: A, value: 192.0.2.1}\n")
        with pytest.raises(Invalid):
            read(path, "www: [\n")
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.parametrize(
    ("zone", "key", "name"),
    [
        ("2.0.192.in-addr.arpa.", "10", "10.2.0.192.in-addr.arpa."),
        ("Example.COM.", "www", "www.example.com."),
        (".", "com", "com."),
        (ZONE, "a\\.", "a\\..example.com."),
        (ZONE, "below._planfence", "below._planfence.example.com."),
    ],
)
def test_owner_names_are_completed_with_the_zone(
    path: Path, zone: str, key: str, name: str
) -> None:
    found = read(path, f"{key}: {{type: TXT, value: x}}\n", zone)
    assert list(found.records) == [RecordKey(name, "TXT")]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf", b"%YAML 1.2\n---\n", b"---\n# the zone\n"])
def test_a_byte_order_mark_a_directive_and_comments_are_no_matter(path: Path, data: bytes) -> None:
    assert list(read(path, data + b"www: {type: A, value: 192.0.2.1}\n").records) == [WWW]
