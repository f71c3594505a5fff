"""Canonical text: equal on the wire means equal as text, and nothing is dropped silently."""

from __future__ import annotations

import dns.exception
import dns.name
import dns.rdata
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plans.kinds.dns import MANAGED_TYPES, TTL_MAX, Records, records
from plans.kinds.rdata import normal_name, normal_value, quoted, rdata_of, shown, value_of

ZONE = "example.com."
SHA256 = "ab" * 32


def parsed(rdtype: str, text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text("IN", rdtype, text, dns.name.from_text(ZONE), relativize=False)


@pytest.mark.parametrize(
    ("text", "zone", "name"),
    [
        ("www", ZONE, "www.example.com."),
        ("WWW", ZONE, "www.example.com."),
        ("WwW", "Example.COM.", "www.example.com."),
        ("", ZONE, ZONE),
        ("@", ZONE, ZONE),
        ("*", ZONE, "*.example.com."),
        ("*.Apps", ZONE, "*.apps.example.com."),
        ("_25._tcp", ZONE, "_25._tcp.example.com."),
        ("0/25", "2.0.192.in-addr.arpa.", "0/25.2.0.192.in-addr.arpa."),
        ("www.example.net.", ZONE, "www.example.net."),
        ("com", ".", "com."),
        (".", ZONE, "."),
        ("a\\.b", ZONE, "a\\.b.example.com."),
        ("a\\.", ZONE, "a\\..example.com."),
        ("\\065b", ZONE, "ab.example.com."),
        ("a\\032b", ZONE, "a\\032b.example.com."),
        ("\\104", ZONE, "h.example.com."),
        ("x" * 63, ZONE, "x" * 63 + ".example.com."),
        ("www.example.net.", None, "www.example.net."),
    ],
)
def test_a_name_has_one_canonical_form(text: str, zone: str | None, name: str) -> None:
    assert normal_name(text, zone) == name


@pytest.mark.parametrize(
    ("text", "zone", "reason"),
    [
        ("www", None, "name 'www' has no final dot"),
        ("a\\.", None, "name 'a\\.' has no final dot"),
        ("", None, "name '@' has no final dot"),
        ("a..b", ZONE, "name 'a..b': A DNS label is empty"),
        (".a", ZONE, "name '.a': A DNS label is empty"),
        ("x" * 64, ZONE, f"name '{'x' * 64}': A DNS label is > 63 octets long"),
        (".".join(["x" * 60] * 5), ZONE, f"{'x' * 39}...': A DNS name is > 255 octets long"),
        ("a b", ZONE, "name 'a b' has a space or control character in it"),
        ("a\n", ZONE, "name 'a\\x0a' has a space or control character in it"),
        ("a\\256", ZONE, "An escaped code in a text format of DNS name is invalid"),
        ("a\\", ZONE, "An escaped code in a text format of DNS name is invalid"),
        ("münchen", ZONE, "name 'münchen' is not ASCII; write its A-labels (xn--...)"),
        ("\u212aelvin", ZONE, "is not ASCII"),  # the Kelvin sign is 'k' in lower case
    ],
)
def test_what_is_no_name_is_refused_with_its_reason(
    text: str, zone: str | None, reason: str
) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        normal_name(text, zone)
    assert reason in str(caught.value)


@given(st.lists(st.binary(min_size=1, max_size=63), min_size=1, max_size=3))
def test_a_canonical_name_is_its_own_canonical_form_and_dnspythons(labels: list[bytes]) -> None:
    name = dns.name.Name([*labels, b""])
    text = normal_name(name.to_text(), None)
    assert text == name.canonicalize().to_text()
    assert normal_name(text, None) == text == normal_name(text, ZONE)


VALUES = [
    ("A", "192.0.2.1", "192.0.2.1"),
    ("A", "192.0.2.1 ", "192.0.2.1"),
    ("AAAA", "2001:DB8:0:0::1", "2001:db8::1"),
    ("AAAA", "::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    ("CAA", "0 issue ca.example.net", '0 issue "ca.example.net"'),
    ("CAA", '0 issuewild ";"', '0 issuewild ";"'),
    ("CNAME", "WWW.Example.NET.", "www.example.net."),
    ("CNAME", "www", "www.example.com."),
    ("DNAME", "Example.NET.", "example.net."),
    ("DS", f"60485 13 2 {SHA256.upper()}", f"60485 13 2 {SHA256}"),
    ("HTTPS", "1 WWW port=443 alpn=h3,h2", '1 WWW.example.com. alpn="h3,h2" port="443"'),
    ("HTTPS", "1 . key1=\\002h2", '1 . alpn="h2"'),
    ("LOC", "52 22 23 N 4 53 32 E -2m", "52 22 23.000 N 4 53 32.000 E -2.00m"),
    ("LOC", "0 0 0 S 0 0 0 W 0.29m 1m", "0 0 0.000 N 0 0 0.000 E 0.29m"),
    ("LOC", "0 0 0 N 0 0 0 E 0 20 100 2", "0 0 0.000 N 0 0 0.000 E 0.00m 20.00m 100.00m 2.00m"),
    ("MX", "010 Mail", "10 mail.example.com."),
    ("NAPTR", '1 2 "s" "SIP+D2U" "" _SIP._udp', '1 2 "s" "SIP+D2U" "" _sip._udp.example.com.'),
    ("NAPTR", '1 2 U "" "!(.*)!\\\\1!" .', '1 2 "U" "" "!(.*)!\\\\1!" .'),
    ("NS", "NS1", "ns1.example.com."),
    ("OPENPGPKEY", "mQ EN", "mQEN"),
    ("PTR", "host", "host.example.com."),
    ("SOA", "NS1 Hostmaster 1 2 3 4 5", "ns1.example.com. hostmaster.example.com. 1 2 3 4 5"),
    ("SPF", '"v=spf1 -all"', '"v=spf1 -all"'),
    ("SRV", "1 2 3 SIP", "1 2 3 sip.example.com."),
    ("SSHFP", f"4 2 {SHA256.upper()}", f"4 2 {SHA256}"),
    ("SVCB", "0 Pool", "0 Pool.example.com."),
    ("TLSA", f"3 1 1 {SHA256[:32]} {SHA256[32:]}", f"3 1 1 {SHA256}"),
    ("TXT", '"plain; text"', '"plain; text"'),
    ("TXT", '"a"   "b"', '"a" "b"'),
    ("TXT", "unquoted", '"unquoted"'),
    ("TXT", '"\\000\\065\\"\\\\\\;"', '"\\000A\\"\\\\;"'),
    ("TXT", '""', '""'),
    ("URI", '10 1 "https://example.com/A"', '10 1 "https://example.com/A"'),
]


@pytest.mark.parametrize(("rdtype", "text", "canonical"), VALUES)
def test_a_value_has_one_canonical_form(rdtype: str, text: str, canonical: str) -> None:
    assert normal_value(rdtype, text, ZONE) == canonical
    assert normal_value(rdtype, canonical, None) == canonical


@pytest.mark.parametrize(("rdtype", "text", "canonical"), VALUES)
def test_a_value_from_a_zone_file_or_the_wire_reads_like_one_from_yaml(
    rdtype: str, text: str, canonical: str
) -> None:
    rdata = parsed(rdtype, text)
    wire = rdata_of(rdtype, canonical).to_wire()
    assert wire is not None
    assert value_of(rdata) == canonical
    received = dns.rdata.from_wire(rdata.rdclass, rdata.rdtype, wire, 0, len(wire))
    assert value_of(received) == canonical


@pytest.mark.parametrize(
    ("rdtype", "text", "reason"),
    [
        ("A", "300.0.2.1", "A value '300.0.2.1': Text input is malformed"),
        ("A", "192.0.2.01", "malformed"),
        ("A", "192.0.2.1 192.0.2.2", "A value '192.0.2.1 192.0.2.2': "),
        ("A", "192.0.2.1 ; web", "unquoted ';', bracket or line break"),
        ("A", "192.0.2.1\n192.0.2.2", "A value '192.0.2.1\\x0a192.0.2.2' has an unquoted"),
        ("TXT", "v=DKIM1; k=rsa", "unquoted ';'"),
        ("TXT", "(a b)", "bracket"),
        ("TXT", '"a', "TXT value '\"a': Text input ended unexpectedly"),
        ("TXT", f'"{"x" * 256}"', "string too long"),
        ("TXT", " ".join(['"' + "x" * 255 + '"'] * 257), "more than 65535 octets"),
        ("AAAA", "2001:db8::1::2", "AAAA value '2001:db8::1::2': "),
        ("AAAA", "192.0.2.1", "AAAA value '192.0.2.1': "),
        ("MX", "70000 a.", "70000 is not an unsigned 16-bit integer"),
        ("CNAME", "a b", "name 'a b' has a space"),
        ("DS", "1 8 2 abcd", "digest length inconsistent with digest type"),
        ("LOC", "52 0 0 N 4 0 0 E 0m 15m", "nearest is '52 0 0.000 N 4 0 0.000 E 0.00m 10.00m"),
        ("LOC", "52 0 0 N 4 0 0 E nanm", "cannot convert float NaN to integer"),
        ("LOC", "52 0 0 N 4 0 0 E 1e99m", "LOC value"),
        ("LOC", "52 0 0 N 4 0 0 E 99999999999m", "LOC value"),
        ("LOC", "90 59 59 N 4 0 0 E 0m", "LOC value '90 59 59 N 4 0 0 E 0m': "),
        ("NOSUCH", "a", "NOSUCH value 'a': "),
    ],
)
def test_what_is_no_value_is_refused_with_its_reason(rdtype: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        normal_value(rdtype, text, ZONE)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rdtype", "text"),
    [("CNAME", "www"), ("MX", "10 mail"), ("SRV", "1 2 3 sip"), ("HTTPS", "1 www")],
)
def test_a_relative_target_is_refused_where_nothing_completes_it(rdtype: str, text: str) -> None:
    relative = text.rsplit(" ", maxsplit=1)[-1]
    with pytest.raises(ValueError, match=f"name '{relative}' has no final dot"):
        normal_value(rdtype, text, None)
    with pytest.raises(ValueError, match=f"name '{relative}' has no final dot"):
        value_of(dns.rdata.from_text("IN", rdtype, text))


@given(st.sampled_from(["A", "AAAA", "TXT", "MX", "CAA", "LOC", "SVCB", "NAPTR"]), st.text())
def test_any_text_is_a_value_or_a_value_error(rdtype: str, text: str) -> None:
    try:
        canonical = normal_value(rdtype, text, ZONE)
    except ValueError as error:
        reason = str(error)
    else:
        assert normal_value(rdtype, canonical, None) == canonical
        return
    assert reason.startswith(f"{rdtype} value ")


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=3))
def test_character_strings_keep_their_boundaries_and_every_byte(strings: list[bytes]) -> None:
    text = quoted(strings)
    rdata = parsed("TXT", text)
    assert rdata.strings == tuple(strings)  # type: ignore[attr-defined]
    assert rdata.to_text() == text == normal_value("TXT", text, None)


# What the octets of a value may be made of, beside anything: names, strings, parameters of SVCB.
pieces = st.one_of(
    st.binary(max_size=20),
    st.binary(min_size=1, max_size=9).map(lambda octets: bytes([len(octets)]) + octets),
    st.sampled_from([b"\0", b"\1a\0", b"\0\1", b"\0\2\0\0", b"\0\1\0\3\2h2"]),
)


@given(st.sampled_from(MANAGED_TYPES), st.lists(pieces, max_size=5).map(b"".join))
@example("DS", bytes(4))
@example("OPENPGPKEY", b"")
@example("SSHFP", bytes(2))
@example("TLSA", bytes(3))
def test_a_value_from_the_wire_is_one_that_can_be_written(rdtype: str, wire: bytes) -> None:
    """Or none at all: what a zone holds may have to be written back, or stand in a plan."""
    try:
        rdata = dns.rdata.from_wire("IN", rdtype, wire, 0, len(wire))
        value = value_of(rdata)
    except (dns.exception.DNSException, ValueError):
        return
    assert normal_value(rdtype, value, None) == value
    assert value_of(rdata_of(rdtype, value)) == value


def test_records_are_sorted_and_without_repeats() -> None:
    assert records(300, ["192.0.2.9", "192.0.2.1", "192.0.2.9"]) == Records(
        300, ("192.0.2.1", "192.0.2.9")
    )


def test_a_record_set_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="a record set has at least one value"):
        records(300, [])


@pytest.mark.parametrize("ttl", [-1, TTL_MAX + 1])
def test_a_ttl_out_of_range_is_refused(ttl: int) -> None:
    with pytest.raises(ValueError, match=f"TTL {ttl} is outside 0 to 2147483647"):
        records(ttl, ["192.0.2.1"])


def test_shown_text_is_short_and_on_one_line() -> None:
    assert shown("a\nb\x1b") == "'a\\x0ab\\x1b'"
    assert shown("x" * 200) == "'" + "x" * 100 + "...'"
