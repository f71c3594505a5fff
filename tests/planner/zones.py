"""Random zones for Hypothesis: record sets of every managed type, as nasty as DNS allows."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import dns.name
from hypothesis import strategies as st

from plans.kinds.dns import MANAGED_TYPES, RecordKey, Records, fence_name, records
from plans.kinds.rdata import normal_name, normal_value, quoted

ZONE = "example.com."
_ALONE = frozenset({"CNAME", "DNAME"})

labels = st.one_of(
    st.sampled_from([b"www", b"*", b"10", b"1e3", b"yes", b"a.b", b"_tcp", b"no ", b"null", b"@"]),
    st.binary(min_size=1, max_size=20),
)


def absolute(parts: list[bytes], zone: str) -> str:
    return normal_name(dns.name.Name([*parts, *dns.name.from_text(zone).labels]).to_text(), None)


owners = st.lists(labels, max_size=3).map(lambda parts: absolute(parts, ZONE))
names = st.lists(labels, max_size=3).map(lambda parts: absolute(parts, "."))
octets = st.integers(0, 255)
shorts = st.integers(0, 65_535)
strings = st.binary(max_size=255)
some_text = st.binary(max_size=60).map(lambda data: quoted([data]))


def joined(*parts: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda found: " ".join(str(part) for part in found))


def digits(size: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=size, max_size=size).map(bytes.hex)


def centimetres(least: int, most: int) -> st.SearchStrategy[str]:
    return st.integers(least, most).map(lambda length: f"{length / 100:.2f}m")


# One digit and a power of ten are all that the wire holds of a size (RFC 1876 section 2).
sizes = st.tuples(st.integers(1, 9), st.integers(0, 9)).map(
    lambda size: f"{size[0] * 10 ** size[1] / 100:.2f}m"
)
seconds = st.integers(0, 59_999).map(lambda thousandths: f"{thousandths / 1000:.3f}")
minutes = st.integers(0, 59)
params = st.fixed_dictionaries(
    {},
    optional={
        "alpn": st.sampled_from(["h2", "h2,h3", "dot", r"\"f\\\\\,oo\",h2"]),
        "port": shorts,
        "ipv4hint": st.sampled_from(["192.0.2.1", "192.0.2.1,192.0.2.2"]),
        "ipv6hint": st.sampled_from(["2001:db8::1", "2001:db8::1,::1"]),
        "ech": st.just("AARhYmNk"),
        "key65400": st.binary(min_size=1, max_size=20).map(lambda data: quoted([data])[1:-1]),
    },
).map(lambda found: " ".join(f'{key}="{value}"' for key, value in found.items()))
binding = joined(st.integers(1, 65_535), names, params)
texts = st.lists(strings, min_size=1, max_size=4).map(quoted)

VALUES: dict[str, st.SearchStrategy[str]] = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "CAA": joined(octets, st.sampled_from("issue issuewild iodef x9".split()), some_text),
    "CNAME": names,
    "DNAME": names,
    "DS": joined(shorts, octets, st.just(2), digits(32))
    | joined(shorts, octets, st.just(4), digits(48)),
    "HTTPS": binding | names.map(lambda name: f"0 {name}"),
    "LOC": joined(
        *(st.integers(0, 89), minutes, seconds, st.sampled_from("NS")),
        *(st.integers(0, 179), minutes, seconds, st.sampled_from("EW")),
        *(centimetres(-100_000_00, 42_849_672_95), sizes, sizes, sizes),
    ),
    "MX": joined(shorts, names),
    "NAPTR": joined(
        *(shorts, shorts, st.sampled_from(['"U"', '"u"', '"S"', '""', '"aP"'])),
        *(some_text, some_text, names),
    ),
    "NS": names,
    "OPENPGPKEY": st.binary(min_size=1, max_size=300).map(lambda data: b64encode(data).decode()),
    "PTR": names,
    "SPF": texts,
    "SRV": joined(shorts, shorts, shorts, names),
    "SSHFP": joined(octets, st.just(1), digits(20)) | joined(octets, st.just(2), digits(32)),
    "SVCB": binding | names.map(lambda name: f"0 {name}"),
    "TLSA": joined(octets, octets, st.sampled_from([0, 1]), digits(32))
    | joined(st.just("3 1 2"), digits(64)),
    "TXT": texts,
    "URI": joined(shorts, shorts, st.binary(min_size=1, max_size=60).map(lambda d: quoted([d]))),
}


@st.composite
def record_sets(draw: st.DrawFn) -> tuple[RecordKey, Records]:
    rdtype = draw(st.sampled_from(MANAGED_TYPES))
    written = draw(st.lists(VALUES[rdtype], min_size=1, max_size=1 if rdtype in _ALONE else 4))
    ttl = draw(st.sampled_from([0, 1, 300, 3600, 2**31 - 1]))
    values = [normal_value(rdtype, value, None) for value in written]
    return RecordKey(draw(owners), rdtype), records(ttl, values)


def as_a_zone(sets: list[tuple[RecordKey, Records]]) -> dict[RecordKey, Records]:
    """Those of the record sets that may stand beside each other in one zone."""
    found = dict(sets)
    moved = {key.name for key in found if key.type == "DNAME"} - {ZONE}
    return {
        key: content
        for key, content in found.items()
        if key.name != fence_name(ZONE)
        and not moved.intersection(above(key.name))
        and not (key.type in _ALONE and key.name == ZONE)
        and not (key.type == "CNAME" and sum(other.name == key.name for other in found) > 1)
    }


def above(name: str) -> Iterator[str]:
    found = dns.name.from_text(name)
    while len(found.labels) > 1:
        found = found.parent()
        yield found.to_text()


zones = st.lists(record_sets(), min_size=1, max_size=8).map(as_a_zone).filter(bool)
