"""A zone at its primary name server, read only: the fence by a question, the whole by transfer.

Both come over TCP, signed, from the very server that takes the updates. A resolver or a secondary
could answer from the past, and the write would be refused by the server all the same.

A question is quick and may be unsure: below a delegation or a DNAME the server points elsewhere,
and where nothing stands a wildcard may answer. What it says is taken only where it cannot be that;
the transfer decides the rest.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import dns.flags

from plans.errors import Refused
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records, fence_name, records
from plans.kinds.rdata import rdata_of
from plans.observed.exchange import Server, answer_refused
from plans.observed.fence_record import fence_seen
from plans.observed.transfer import Transferred, transfer
from plans.observed.view import Observation, refuse_routed
from plans.observed.wire import TYPE_TEXTS, Message

MESSAGE_BYTES_MAX: Final = 65_535  # the frame's length has 16 bits (RFC 1035 section 4.2.2)
# Header, zone, signature, and the fence: three names, twice a text of up to 255 bytes. About 1,400.
_FIXED_BYTES: Final = 2_048
_TYPES: Final = {text: number for number, text in TYPE_TEXTS.items()}
_RECORD_BYTES: Final = 10  # type, class, TTL and length behind the owner's name
_POINTER_BYTES: Final = 2
_ADDRESS_BYTES: Final = {"A": 4, "AAAA": 16}
# Types whose octets are at most this many more than the characters of their text.
_TEXT_SURPLUS: Final = {
    **dict.fromkeys(("CNAME", "DNAME", "MX", "NS", "PTR", "SRV"), 1),
    **dict.fromkeys(("SPF", "TXT"), 0),
}


class ServerView:
    """A read-only view on a zone at its primary; implements ``plans.observed.view.View``.

    Args:
        id: the target's URL without its query.
        server: where the zone is, and how to ask.
    """

    def __init__(self, id: str, server: Server) -> None:  # noqa: A002 - the word of the design
        self.id = id
        self.server = server
        self.zone = server.place.zone

    @property
    def step_capacity(self) -> tuple[int, ...]:
        """Bytes of one UPDATE message."""
        return (MESSAGE_BYTES_MAX - _FIXED_BYTES,)

    def step_size(self, change: Change) -> tuple[int, ...]:
        """At most the bytes that a change takes, prerequisites included.

        The zone's name stands at the message's beginning, so that every name in it ends in a
        pointer; names inside values are taken in full.

        Raises:
            Refused: a set with an identifier or attributes (rule ``set-unrepresentable``), or one
                that servers drop without a word (rule ``unservable``).
        """
        refuse_routed(self.id, change)
        reason = _unservable(change, self.zone)
        if reason is not None:
            raise Refused(
                f"{self.id} would drop {change.name} {change.type} without a word: {reason}",
                rule="unservable",
                remedy="take it out of the desired state",
            )
        owner = len(change.name) - len(self.zone) + _POINTER_BYTES + _RECORD_BYTES
        size = 2 * owner  # what must be at this name, and what must not
        if change.before is None:
            size += owner
        else:
            # Asserted, and removed: as a set by one record, or value by value (apex NS).
            size += 2 * _set_bytes(owner, change.type, change.before) + owner
        if change.after is not None:
            size += _set_bytes(owner, change.type, change.after)
        return (size,)

    def read_fence(self) -> FenceSeen:
        """The fence as the server has it now.

        Raises:
            Refused: the server does not serve the zone, or not to us.
            Unavailable: it gave no answer that can be believed; this never means "no fence".
        """
        key = RecordKey(fence_name(self.zone), "TXT")
        found = self.look((key,))
        if key in found:
            answer = found[key]
            if answer is None:
                return None
            seen = fence_seen(answer.values)
            if isinstance(seen, Fence):
                return seen
        # Unsure, or text that is no fence: a wildcard may have answered for a name that is not.
        return self.observe().fence

    def observe(self) -> Observation:
        """The whole zone at one instant, by transfer.

        Raises:
            Refused, Unavailable: as for ``read_fence``.
        """
        return self.transferred().observation

    def transferred(self) -> Transferred:
        """As ``observe``, with what is left alone told by name.

        Raises:
            Refused, Unavailable: as for ``read_fence``.
        """
        return transfer(self.server)

    def look(self, keys: Collection[RecordKey]) -> dict[RecordKey, Records | None]:
        """Some record sets by question; None for those that are not there.

        A key that the result lacks could not be told. A set that was found may be a wildcard's; one
        that was not found is not there.

        Raises:
            Refused, Unavailable: as for ``read_fence``.
        """
        found: dict[RecordKey, Records | None] = {}
        for key, answer in zip(keys, self.server.ask(tuple(keys)), strict=True):
            refusal = answer_refused(self.server, answer.rcode, "answer for")
            if refusal is not None:
                raise refusal
            if answer.flags & dns.flags.AA:
                self._read(key, answer, found)
        return found

    @staticmethod
    def _read(key: RecordKey, answer: Message, found: dict[RecordKey, Records | None]) -> None:
        if not answer.records:
            found[key] = None
            return
        rdtype = _TYPES[key.type]
        values = [each for each in answer.records if each[0] == key.name and each[2] == rdtype]
        if values:  # else an alias, which says nothing of what stands beside it
            found[key] = records(values[0].ttl, [each.text for each in values])


def _unservable(change: Change, zone: str) -> str | None:
    """Why no zone may have a set, whatever else it has; None if one may."""
    if change.after is not None:
        if change.type == "DS" and change.name == zone:
            return "a zone's own DS records belong to the zone above it (RFC 4035 section 2.4)"
        if change.type in ("NS", "DNAME") and change.name.startswith("*."):
            return "a wildcard neither delegates nor redirects (RFC 4592 sections 4.2 and 4.4)"
    return None


def _set_bytes(owner: int, rdtype: str, content: Records) -> int:
    return sum(owner + _value_bytes(rdtype, value) for value in content.values)


def _value_bytes(rdtype: str, value: str) -> int:
    """An upper bound of a canonical value's octets. Exact where its text does not tell."""
    known = _ADDRESS_BYTES.get(rdtype)
    if known is not None:
        return known
    surplus = _TEXT_SURPLUS.get(rdtype)
    if surplus is not None:
        return len(value) + surplus
    return len(rdata_of(rdtype, value).to_wire() or b"")
