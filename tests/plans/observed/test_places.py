"""A target's URL names one place, strictly; its id has no query; a key shows no secret."""

from __future__ import annotations

import base64

import pytest

from plans.fence import Fence, FenceSeen, Unreadable
from plans.observed.fence_record import fence_seen, fence_values
from plans.observed.places import (
    FilePlace,
    Place,
    ServerPlace,
    hosted_zone_ids,
    key_name,
    place_of,
    target_id,
)
from plans.observed.tsig import TsigKey, tsig_key


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("zonefile:out/a.zone", FilePlace("out/a.zone")),
        (
            "rfc2136://ns1.example.com/example.com",
            ServerPlace("ns1.example.com", 53, "example.com."),
        ),
        ("rfc2136://NS1:5353/Example.COM.", ServerPlace("ns1", 5353, "example.com.")),
        ("rfc2136://127.0.0.1:1/x", ServerPlace("127.0.0.1", 1, "x.")),
        ("rfc2136://[2001:DB8:0::1]:65535/x", ServerPlace("2001:db8::1", 65535, "x.")),
        ("rfc2136://[::1]/x", ServerPlace("::1", 53, "x.")),
        (
            "rfc2136://ns/0/25.2.0.192.in-addr.arpa",
            ServerPlace("ns", 53, "0/25.2.0.192.in-addr.arpa."),
        ),
        (r"rfc2136://ns/a\032b.example", ServerPlace("ns", 53, r"a\032b.example.")),
    ],
)
def test_an_id_names_one_place(target: str, place: Place) -> None:
    assert place_of(target) == place


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("zonefile", "names no scheme"),
        ("", "names no scheme"),
        ("zonefile:", "must be zonefile:path"),
        ("zonefile://x", "must be zonefile:path"),
        ("zonefile:a?key=b", "must be zonefile:path"),
        ("zonefile:a\nb", "must be zonefile:path"),
        ("ftp://ns/example.com", "ftp: does not exist here in this version, only zonefile:"),
        ("ZONEFILE:x", "ZONEFILE: does not exist here"),
        ("rfc2136:ns/example.com", "must be rfc2136://host:port/zone?key=NAME"),
        ("rfc2136://ns", "must be rfc2136://"),
        ("rfc2136://ns/", "must be rfc2136://"),
        ("rfc2136:///example.com", "must be rfc2136://"),
        ("rfc2136://me@ns/example.com", "must be rfc2136://"),
        ("rfc2136://ns:x/example.com", "must be rfc2136://"),
        ("rfc2136://2001:db8::1/example.com", "must be rfc2136://"),
        ("rfc2136://ns/example.com#1", "must be rfc2136://"),
        ("rfc2136://ns/example.com?key=a", "must be rfc2136://"),
        ("rfc2136://ns:0/example.com", "0 is no port"),
        ("rfc2136://ns:65536/example.com", "65536 is no port"),
        ("rfc2136://[1::2::3]/example.com", "1::2::3"),
        ("rfc2136://ns/a..b", "'a..b'"),
        ("rfc2136://ns/a b", "has a space"),
    ],
)
def test_what_names_no_place_is_told(target: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the reason is looked at
        place_of(target)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_place_is_shown_as_it_is_written() -> None:
    assert str(ServerPlace("ns1", 53, "x.")) == "ns1:53"
    assert str(ServerPlace("::1", 53, "x.")) == "[::1]:53"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("rfc2136://ns/x?key=ours", "ours"),
        ("rfc2136://ns/x?key=dns.ours-2_b", "dns.ours-2_b"),
        ("rfc2136://ns/x", None),
        ("rfc2136://ns/x?", None),
        ("rfc2136://ns/x?key=", None),
        ("rfc2136://ns/x?key=a&b=c", None),
        ("rfc2136://ns/x?KEY=a", None),
        ("rfc2136://ns/x?key=../a", None),
        ("rfc2136://ns/x?secret=abc", None),
    ],
)
def test_the_query_names_a_key_and_is_no_part_of_the_id(url: str, name: str | None) -> None:
    assert key_name(url) == name
    assert target_id(url) == "rfc2136://ns/x"


# Keys

SECRET = base64.b64encode(b"0123456789abcdef").decode()


@pytest.mark.parametrize(
    ("algorithm", "name", "key"),
    [
        ("hmac-sha256", "Ours", TsigKey("ours.", "hmac-sha256", b"0123456789abcdef")),
        ("HMAC-SHA512.", "a.b.", TsigKey("a.b.", "hmac-sha512", b"0123456789abcdef")),
        ("hmac-md5.sig-alg.reg.int", "a", TsigKey("a.", "hmac-md5", b"0123456789abcdef")),
    ],
)
def test_a_key_has_three_parts(algorithm: str, name: str, key: TsigKey) -> None:
    assert tsig_key(algorithm, name, f" {SECRET[:5]} {SECRET[5:]}\n") == key


@pytest.mark.parametrize(
    ("algorithm", "name", "secret", "reason"),
    [
        ("hmac-sha3", "a", SECRET, "'hmac-sha3' is no algorithm; known: hmac-sha256,"),
        ("hmac-sha256", "a b", SECRET, "'a b' is no name of a key"),
        ("hmac-sha256", "", SECRET, "'' is no name of a key"),
        ("hmac-sha256", "a", "se$ret", "the secret is not base64"),
        ("hmac-sha256", "a", "c2VjcmV0eQ", "the secret is not base64"),
        ("hmac-sha256", "a", "sécret", "the secret is not base64"),
        ("hmac-sha256", "a", "", "the secret has 0 bytes"),
        ("hmac-sha256", "a", "AAAA" * 400, "the secret has 1200 bytes"),
    ],
)
def test_what_is_no_key_is_told_without_its_secret(
    algorithm: str, name: str, secret: str, reason: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the reason is looked at
        tsig_key(algorithm, name, secret)
    assert reason in str(caught.value)
    assert not secret or secret not in str(caught.value)


def test_a_key_never_shows_its_secret() -> None:
    assert "0123" not in repr(tsig_key("hmac-sha256", "ours", SECRET))


# The fence record's values


FENCE = Fence(1, 0, False, "d" * 64, "1" * 32, "a" * 32)


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ((), None),
        ((f'"{FENCE.text()}"',), FENCE),
        (('"x"',), Unreadable("x")),
        (('""',), Unreadable("")),
        (('"a" "b"',), Unreadable('"a" "b"')),
        ((r'"say \"a\", \"b\""',), Unreadable(r'"say \"a\", \"b\""')),
        (('"a"', '"b" "c"'), Unreadable('"a", "b" "c"')),
        (('"a, b"', r'"\\" "d"'), Unreadable(r'"\\" "d", "a, b"')),
    ],
)
def test_what_a_fence_reads_as_gives_its_values_back(
    values: tuple[str, ...], seen: FenceSeen
) -> None:
    assert fence_seen(values) == seen
    assert fence_values(seen) == tuple(sorted(values))


def test_the_hosted_zones_among_targets_are_found_and_nothing_else() -> None:
    targets = ["zonefile:a", "route53://Z2", "ftp://Z3", "route53://Z1", "route53:Z4"]
    assert hosted_zone_ids(targets) == ("Z2", "Z1")
