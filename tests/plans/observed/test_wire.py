"""The quick reader of messages reads what dnspython reads, or reads nothing."""

from __future__ import annotations

import dns.exception
import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.kinds.dns import MANAGED_TYPES
from plans.kinds.rdata import value_of
from plans.observed.wire import TYPE_TEXTS, Malformed, Message, Record
from tests.plans.observed.test_rfc2136 import EVERY_TYPE

ORIGIN = dns.name.from_text("example.com.")

labels = st.binary(min_size=1, max_size=63) | st.sampled_from(
    [b"a", b"WWW", b"x-1_*", b"a.b", b"0"]
)
names = st.lists(labels, max_size=4).map(lambda parts: dns.name.Name([*parts, b"example", b""]))
texts = [line.replace(" 600 ", " ").split(None, 2)[1:] for line in EVERY_TYPE.strip().splitlines()]


def rdata(kind: str, text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text("IN", kind, text, ORIGIN, relativize=False)


rdatas = st.sampled_from(
    [
        rdata(kind, text)
        for kind, text in [
            *texts,
            ["SOA", "ns1.example.com. H.example.com. 4294967295 1 2 3 4"],
            ["HINFO", '"pc" "os"'],
            ["TYPE65400", r"\# 2 abcd"],
        ]
    ]
)
records = st.lists(st.tuples(names, st.integers(0, 2**31 - 1), rdatas), max_size=12)


def message(found: list[tuple[dns.name.Name, int, dns.rdata.Rdata]]) -> bytes:
    made = dns.message.make_response(dns.message.make_query(ORIGIN, "AXFR", id=7))
    made.answer = [dns.rrset.from_rdata(name, ttl, rdata) for name, ttl, rdata in found]
    return made.to_wire()


def by_dnspython(wire: bytes) -> list[Record]:
    read = dns.message.from_wire(wire, one_rr_per_rrset=True)
    return [
        Record(
            rrset.name.canonicalize().to_text(),
            rrset.ttl,
            int(rrset.rdtype),
            value_of(rrset[0]) if int(rrset.rdtype) in TYPE_TEXTS else "",
        )
        for rrset in read.answer
    ]


@given(records)
def test_names_and_values_are_those_of_dnspython(
    found: list[tuple[dns.name.Name, int, dns.rdata.Rdata]],
) -> None:
    wire = message(found)
    read = Message(wire)
    assert read.records == by_dnspython(wire)
    assert (read.id, read.rcode, read.signature) == (7, 0, None)


def test_every_managed_type_is_tried() -> None:
    assert {kind for kind, _ in texts} | {"NS"} == set(MANAGED_TYPES)


WWW = dns.name.from_text("www.example.com.")
WHOLE = message([(WWW, 60, rdata(kind, text)) for kind, text in texts])


def test_a_message_that_lacks_an_octet_anywhere_is_none() -> None:
    for length in range(len(WHOLE)):
        with pytest.raises(Malformed):
            Message(WHOLE[:length])


def test_octets_left_over_are_none() -> None:
    with pytest.raises(Malformed, match="missing or left over"):
        Message(WHOLE + b"\0")


@given(st.integers(12, len(WHOLE) - 1), st.binary(min_size=1, max_size=4))
def test_altered_octets_are_read_as_dnspython_reads_them_or_not_at_all(
    at: int, octets: bytes
) -> None:
    wire = WHOLE[:at] + octets + WHOLE[at + len(octets) :]
    try:
        read = Message(wire)
    except Malformed:
        return
    if all(record.type in TYPE_TEXTS for record in read.records):  # others are not looked into
        assert read.records == by_dnspython(wire)


HEADER = bytes.fromhex("0007 8400 0000 0001 0000 0000")
FIXED = bytes.fromhex("0001 0001 00000001")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"\xc0\x0c" + FIXED + b"\0\4abcd", "a name points forward"),
        (b"\1a\0" + bytes.fromhex("0001 0003 00000001 0000"), "a record of class 3"),
        (b"\1a\0" + bytes.fromhex("0005 0001 00000001 0003") + b"\1b\0"[:2] + b"\0\0", "left over"),
        (b"\1a\0" + bytes.fromhex("0005 0001 00000001 0004") + b"\1b\0\0", "a name does not end"),
        (b"\1a\0" + bytes.fromhex("0010 0001 00000001 0000"), "a text without a string"),
        (b"\1a\0" + bytes.fromhex("0010 0001 00000001 0002") + b"\2a", "a string does not end"),
        (b"\1a\0" + FIXED + b"\0\3abc", "malformed"),
        ((b"\x3f" + b"a" * 63) * 4 + b"\0" + FIXED + b"\0\4abcd", "> 255 octets"),
        (b"\x80a\0" + FIXED + b"\0\4abcd", "label type"),
    ],
)
def test_what_no_record_can_be_is_told(record: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        Message(HEADER + record)


def test_a_name_that_reads_its_own_pointer_as_a_label_is_none() -> None:
    header = HEADER[:7] + b"\2" + HEADER[8:]
    unread = b"\0" + bytes.fromhex("ff78 0001 00000001 0001 02")
    owner = (0xC000 | len(header) + len(unread) - 1).to_bytes(2)
    with pytest.raises(Malformed, match="a name overlaps itself"):
        Message(header + unread + owner + FIXED + b"\0\4abcd")


def test_thousands_of_pointers_to_pointers_are_no_name() -> None:
    """They stand in a record that nobody reads, and the next one's owner points at the last."""
    header = HEADER[:4] + bytes.fromhex("0000 0000 0000 0002")
    first = len(header) + 1 + 10
    pointers = b"".join((0xC000 | at).to_bytes(2) for at in range(first - 2, 9000, 2))
    wire = header + b"\0" + bytes(8) + len(pointers).to_bytes(2) + pointers
    with pytest.raises(Malformed, match="recursion"):
        Message(wire + (0xC000 | len(wire) - 2).to_bytes(2) + bytes(10))


def test_a_ttl_with_the_highest_bit_is_taken_for_0() -> None:
    record = b"\1A\0" + bytes.fromhex("0001 0001 80000001 0004 c0000201")
    assert Message(HEADER + record).records == [Record("a.", 0, 1, "192.0.2.1")]
