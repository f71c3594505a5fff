"""A whole zone by transfer (AXFR, RFC 5936) from the server that takes its updates.

Guarantees:

1. Complete or an error: it begins with the zone's SOA and ends with the very same one, nothing is
   left over, and what ends it is signed over all that came (RFC 8945 section 5.3.1).
2. One instant: a server that goes on to another serial half way is found by its two SOAs.
3. Nothing is passed over in silence: a record outside the zone or two TTLs in one record set are
   refusals.
4. The fence is read from the same transfer as everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import dns.flags
import dns.message
import dns.rcode
import dns.tsig
from dns.rdatatype import RdataType

from plans.collector import collector_paused
from plans.errors import Refused, Unavailable
from plans.kinds.dns import RecordKey, Records, ZoneState, fence_name, records
from plans.kinds.zone import within
from plans.observed.exchange import Broken, Server, answer_refused, key_refused
from plans.observed.fence_record import fence_seen
from plans.observed.view import Observation
from plans.observed.wire import TYPE_TEXTS, Malformed, Message, Record

_SOA: Final = int(RdataType.SOA)


@dataclass(frozen=True, slots=True)
class Transferred:
    """All that a zone held at one instant, as far as planfence asks.

    Attributes:
        observation: fence, managed record sets and counts.
        fence: the fence's record set with its TTL, or None.
        left_alone: name and type of each record set that planfence does not manage, the SOA not
            among them. A type is text, as dnspython writes it.
    """

    observation: Observation
    fence: Records | None
    left_alone: frozenset[tuple[str, str]]

    @property
    def state(self) -> ZoneState:
        return self.observation.state


def transfer(server: Server) -> Transferred:
    """The zone as it is now.

    Raises:
        Refused: the server does not give it to us, or what it gives is no zone that can be managed.
        Unavailable: it did not come whole; this never means that something is not there.
    """
    zone = server.place.zone
    question = dns.message.make_query(zone, RdataType.AXFR, flags=0)
    question.use_tsig(server.signing_key)
    reader = _Reader(server, question)
    with server.connect() as connection, collector_paused():
        try:
            connection.send(question.to_wire())
            while not reader.complete:
                reader.take(connection.receive())
        except Broken as error:
            raise Unavailable(
                f"the transfer of {zone} from {server.place} did not come whole, after"
                f" {reader.count} records: {error}",
                rule="transfer-incomplete",
                remedy="nothing was changed; try again",
            ) from error
        except dns.tsig.PeerError as error:
            raise key_refused(server, error) from error
        return reader.transferred()


class _Reader:
    """Takes the messages of one transfer, in order."""

    def __init__(self, server: Server, question: dns.message.Message) -> None:
        self.complete = False
        self.count = 0
        self._server = server
        self._zone = server.place.zone
        self._question = question
        self._digest: dns.tsig.HMACTSig | None = None
        self._soa: Record | None = None
        self._sets: dict[tuple[str, int], tuple[int, list[str]]] = {}

    def take(self, wire: bytes) -> None:
        """Read one message.

        Raises:
            Broken: it is no message of this transfer, or not signed.
            Refused, Unavailable: it says why there is no transfer, or the zone moved on meanwhile.
        """
        try:
            message = Message(wire)
        except Malformed as error:
            raise Broken(f"a message that cannot be read ({error})") from error
        if message.id != self._question.id or not message.flags & dns.flags.QR:
            raise Broken("an answer to another question")
        self._verify(wire, message)
        refusal = answer_refused(self._server, message.rcode, "transfer")
        if refusal is not None:
            raise refusal
        for record in message.records:
            self._add(record)
        if self.complete and message.signature is None:
            raise Broken("nobody signed its end")

    def _verify(self, wire: bytes, message: Message) -> None:
        """Check a signature, or keep what came without one for the signature that must follow."""
        signature = message.signature
        if signature is None:
            if self._digest is not None:
                # dnspython leaves it untyped.
                self._digest.update(wire)  # type: ignore[no-untyped-call]
            elif message.rcode == dns.rcode.NOERROR:
                raise Broken("nobody signed its beginning")
            return
        self._digest = self._server.check(
            wire, signature, self._question.mac, self._digest, multi=True
        )

    def _add(self, record: Record) -> None:
        if self.complete:
            raise Broken("records behind its end")
        self.count += 1
        name, ttl, rdtype, text = record
        if rdtype == _SOA:
            self._add_soa(record)
            return
        if self._soa is None:
            raise Broken(f"it does not begin with the SOA of {self._zone}")
        found = self._sets.get((name, rdtype))
        if found is None:
            if not within(name, self._zone):
                raise self._invalid(f"holds {name}, which is outside")
            self._sets[name, rdtype] = ttl, [text]
            return
        if found[0] != ttl and text:
            kind = TYPE_TEXTS[rdtype]
            raise self._invalid(f"has the TTLs {found[0]} and {ttl} for {name} {kind}")
        found[1].append(text)

    def _add_soa(self, record: Record) -> None:
        if record.name != self._zone:
            raise self._invalid(f"holds an SOA at {record.name}")
        if self._soa is None:
            self._soa = record
            return
        if self._soa != record:
            raise Unavailable(
                f"the zone {self._zone} moved on while {self._server.place} transferred it",
                rule="transfer-torn",
                expected=self._soa.text,
                actual=record.text,
                remedy="nothing was changed; try again",
            )
        self.complete = True

    def _invalid(self, what: str) -> Refused:
        return Refused(
            f"the zone {self._zone} at {self._server.place} {what}",
            rule="transfer-invalid",
            remedy="mend the zone at the server, or name another server as the target",
        )

    def transferred(self) -> Transferred:
        """The zone, once it is complete."""
        fence_key = RecordKey(fence_name(self._zone), "TXT")
        state: dict[RecordKey, Records] = {}
        left_alone: set[tuple[str, str]] = set()
        for (name, rdtype), (ttl, texts) in self._sets.items():
            kind = TYPE_TEXTS.get(rdtype)
            if kind is None:
                left_alone.add((name, RdataType.to_text(RdataType.make(rdtype))))
            else:
                state[RecordKey(name, kind)] = records(ttl, texts)
        fence = state.pop(fence_key, None)
        seen = fence_seen(fence.values if fence else ())
        observation = Observation(fence=seen, state=state, left_alone=len(left_alone))
        return Transferred(observation, fence, frozenset(left_alone))
