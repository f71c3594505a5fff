"""A quick reader of DNS messages: from the wire straight to canonical text.

dnspython makes objects of every name and value first, which is most of the time of a pass that
changes nothing. What is everyday is read here; anything else goes to dnspython, value by value.

Guarantee: names and values equal what ``plans.kinds.rdata`` makes of the same octets. A message is
read whole or not at all: ``Malformed`` for octets missing, left over, or pointing forward. Values
of types that planfence leaves alone are not looked into.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import dns.exception
import dns.name
import dns.rdata
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

from plans.kinds.dns import MANAGED_TYPES
from plans.kinds.plain import NAME_TEXT_MAX, is_plain_value
from plans.kinds.rdata import quoted, value_of

TYPE_TEXTS: Final = {int(RdataType[text]): text for text in (*MANAGED_TYPES, "SOA")}
TSIG: Final = int(RdataType.TSIG)
TTL_MAX: Final = 2**31 - 1

_IN: Final = int(RdataClass.IN)
_HEADER: Final = struct.Struct("!HHHHHH")
_QUESTION: Final = struct.Struct("!HH")
_RECORD: Final = struct.Struct("!HHIH")
_MX: Final = struct.Struct("!H")
_SRV: Final = struct.Struct("!HHH")
_OPT: Final = int(RdataType.OPT)
_OPCODE_MASK: Final = 0x7800
_UPDATE: Final = 5 << 11
_POINTER: Final = 0xC0
_LABEL: Final = re.compile(rb"[A-Za-z0-9_*/-]{1,63}")  # those of PLAIN_NAME, in either case

_A: Final = int(RdataType.A)
_AAAA: Final = int(RdataType.AAAA)
_MX_TYPE: Final = int(RdataType.MX)
_SRV_TYPE: Final = int(RdataType.SRV)
_ONE_NAME: Final = frozenset(int(RdataType[text]) for text in ("CNAME", "DNAME", "NS", "PTR"))
_STRINGS: Final = frozenset(int(RdataType[text]) for text in ("SPF", "TXT"))


class Malformed(Exception):
    """The octets are no whole message."""


class Record(NamedTuple):
    """One record of the answer section.

    ``text`` is empty for types that are neither managed nor SOA, whose value nobody asks for.
    """

    name: str
    ttl: int
    type: int
    text: str


class Signature(NamedTuple):
    """The TSIG record that ends a message: where it begins, its owner and its rdata."""

    start: int
    owner: dns.name.Name
    rdata: dns.rdata.Rdata


class Message:
    """One message over its octets.

    Attributes:
        id, flags, rcode: of the header.
        question: name and type of the first; None where there is none.
        records: of the answer section. The sections of an UPDATE are passed over.
        signature: None where there is none.

    Raises:
        Malformed: it is none, or not whole.
    """

    def __init__(self, wire: bytes) -> None:
        self._wire = wire
        self._names: dict[int, str] = {}
        try:
            self._read()
        except (
            IndexError,
            RecursionError,  # pointer after pointer
            ValueError,
            struct.error,
            dns.exception.DNSException,
        ) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise Malformed(reason or type(error).__name__) from error

    def _read(self) -> None:
        wire = self._wire
        self.id, self.flags, questions, answers, *others = _HEADER.unpack_from(wire)
        self.rcode: int = self.flags & 0x0F
        at = _HEADER.size
        self.question: tuple[str, int] | None = None
        for _ in range(questions):
            name, at = self._name(at)
            self.question = self.question or (name, _QUESTION.unpack_from(wire, at)[0])
            at += _QUESTION.size
        self.records: list[Record] = []
        if self.flags & _OPCODE_MASK != _UPDATE:
            self.records, at = self._answers(at, answers)
            answers = 0
        self.signature: Signature | None = None
        for _ in range(answers + sum(others)):
            start, (_, at) = at, self._name(at)
            rdtype, _, ttl, length = _RECORD.unpack_from(wire, at)
            at += _RECORD.size
            if rdtype == _OPT:
                self.rcode |= ttl >> 24 << 4  # its upper bits (RFC 6891 section 6.1.3)
            if rdtype == TSIG:
                rdata = dns.rdata.from_wire(RdataClass.ANY, RdataType.TSIG, wire, at, length)
                self.signature = Signature(start, dns.name.from_wire(wire, start)[0], rdata)
            at += length
        if at != len(wire):
            raise ValueError("octets are missing or left over")

    def _answers(self, at: int, count: int) -> tuple[list[Record], int]:
        wire, texts = self._wire, TYPE_TEXTS
        unpack, size = _RECORD.unpack_from, _RECORD.size
        records = []
        for _ in range(count):
            name, at = self._name(at)
            rdtype, rdclass, ttl, length = unpack(wire, at)
            if rdclass != _IN:
                raise ValueError(f"a record of class {rdclass}")
            at += size
            end = at + length
            if end > len(wire):
                raise ValueError("octets are missing")
            text = self._value(rdtype, at, end) if rdtype in texts else ""
            # RFC 2181 section 8: a TTL with the highest bit set is to be taken for 0.
            records.append(Record(name, ttl if ttl <= TTL_MAX else 0, rdtype, text))
            at = end
        return records, at

    def _value(self, rdtype: int, at: int, end: int) -> str:
        wire = self._wire
        if rdtype == _A and end - at == 4:
            return socket.inet_ntoa(wire[at:end])
        if rdtype == _AAAA and end - at == 16:
            text = socket.inet_ntop(socket.AF_INET6, wire[at:end])
            if is_plain_value("AAAA", text):
                return text
        elif rdtype in _ONE_NAME:
            return self._last_name(at, end)
        elif rdtype in _STRINGS:
            return quoted(self._strings(at, end))
        elif rdtype == _MX_TYPE:
            (preference,) = _MX.unpack_from(wire, at)
            return f"{preference} {self._last_name(at + _MX.size, end)}"
        elif rdtype == _SRV_TYPE:
            priority, weight, port = _SRV.unpack_from(wire, at)
            return f"{priority} {weight} {port} {self._last_name(at + _SRV.size, end)}"
        rdata = dns.rdata.from_wire(RdataClass.IN, RdataType(rdtype), wire, at, end - at)
        return value_of(rdata)

    def _last_name(self, at: int, end: int) -> str:
        """A name that ends a value."""
        name, after = self._name(at)
        if after != end:
            raise ValueError("a name does not end where its record does")
        return name

    def _strings(self, at: int, end: int) -> Iterator[bytes]:
        wire = self._wire
        if at == end:
            raise ValueError("a text without a string")
        while at < end:
            start = at + 1
            at = start + wire[at]
            yield wire[start:at]
        if at != end:
            raise ValueError("a string does not end where its record does")

    def _name(self, at: int) -> tuple[str, int]:
        """The canonical text of the name at an offset, and the offset after it."""
        wire, names = self._wire, self._names
        start = at
        labels: list[str] = []
        starts: list[int] = []
        while True:
            length = wire[at]
            if length >= _POINTER:
                target = (length & 0x3F) << 8 | wire[at + 1]
                text = names.get(target) or self._prior_name(target, start)
                at += 2
                break
            if not length:
                text = "."
                at += 1
                break
            following = at + 1 + length
            if length > 63 or not _LABEL.fullmatch(wire, at + 1, following):
                return self._odd_name(start)
            labels.append(wire[at + 1 : following].decode("ascii").lower())
            starts.append(at)
            at = following
        for label, place in zip(reversed(labels), reversed(starts), strict=True):
            text = f"{label}." if text == "." else f"{label}.{text}"
            names[place] = text
        if len(text) > NAME_TEXT_MAX:
            return self._odd_name(start)
        return text, at

    def _prior_name(self, at: int, before: int) -> str:
        """The name that a pointer leads to, which ends before the one that has the pointer."""
        if at >= before:
            raise ValueError("a name points forward")
        text, end = self._name(at)
        if end > before:
            raise ValueError("a name overlaps itself")
        return text

    def _odd_name(self, at: int) -> tuple[str, int]:
        """What is no everyday name, by dnspython."""
        name, used = dns.name.from_wire(self._wire, at)
        return name.canonicalize().to_text(), at + used
