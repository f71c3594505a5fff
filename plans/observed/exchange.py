"""Signed questions to one name server over TCP, and its verified answers.

Guarantees:

1. Nothing is asked by UDP and nothing with RD set: the server answers from its own zone, or says
   that it cannot.
2. What is returned was signed with our key, answers this very question (RFC 8945 section 5.3: the
   answer's MAC covers the question's), and came whole.
3. ``connect`` fails before anything was sent. After it, every failure is ``Broken``, of which only
   the caller knows whether something may have been done.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.tsig

from plans.clock import Clock
from plans.errors import PlanfenceError, Refused, Unavailable
from plans.kinds.dns import RecordKey
from plans.observed.places import ServerPlace
from plans.observed.tsig import TsigKey
from plans.observed.wire import Malformed, Message, Signature

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 10.0

# Questions sent before their answers are read. Both directions stay far below a socket's buffers,
# so that neither side waits for the other to read.
_PIPELINE: Final = 64
_HEADER_BYTES: Final = 12
_SAY_WHY_NOT: Final = frozenset(
    {
        dns.rcode.FORMERR,
        dns.rcode.SERVFAIL,
        dns.rcode.NOTIMP,
        dns.rcode.REFUSED,
        dns.rcode.NOTAUTH,
        dns.rcode.NOTZONE,
    }
)

_ALGORITHMS: Final = {
    "hmac-md5": dns.tsig.HMAC_MD5,
    "hmac-sha1": dns.tsig.HMAC_SHA1,
    "hmac-sha224": dns.tsig.HMAC_SHA224,
    "hmac-sha256": dns.tsig.HMAC_SHA256,
    "hmac-sha384": dns.tsig.HMAC_SHA384,
    "hmac-sha512": dns.tsig.HMAC_SHA512,
}


class Broken(Exception):
    """The connection ended, the time was up, or what came is no answer that we may believe."""


@dataclass(frozen=True, slots=True)
class Server:
    """A name server and how to ask it."""

    place: ServerPlace
    key: TsigKey
    clock: Clock

    @property
    def signing_key(self) -> dns.tsig.Key:
        key = self.key
        return dns.tsig.Key(dns.name.from_text(key.name), key.secret, _ALGORITHMS[key.algorithm])

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection, closed afterwards.

        Raises:
            Unavailable: there is none within ``CONNECT_SECONDS``; nothing was sent.
        """
        place = self.place
        try:
            found = socket.create_connection((place.host, place.port), timeout=CONNECT_SECONDS)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unavailable(
                f"cannot reach the name server {place}: {reason}",
                rule="server-unreachable",
                remedy="nothing was changed; see that it runs and that its port is open from here",
            ) from error
        with found:
            yield Connection(found, self.clock)

    def ask(self, keys: Sequence[RecordKey]) -> list[Message]:
        """One answer for each record set asked for, in order.

        Raises:
            Unavailable: the server cannot be reached, or an answer did not come or cannot be
                believed.
            Refused: it does not accept our key.
        """
        signing_key = self.signing_key
        answers: list[Message] = []
        with self.connect() as connection, unavailable_if_broken(self):
            for start in range(0, len(keys), _PIPELINE):
                asked = [
                    self._question(key, number, signing_key)
                    for number, key in enumerate(keys[start : start + _PIPELINE])
                ]
                connection.send(*(question.to_wire() for question in asked))
                # A server may answer in any order (RFC 7766 section 7).
                waiting = {question.id: question for question in asked}
                got: dict[int, Message] = {}
                while waiting:
                    wire = connection.receive()
                    question = waiting.pop(int.from_bytes(wire[:2]), None)
                    if question is None:
                        raise Broken("an answer to nothing that was asked")
                    got[question.id] = self.verified(wire, question)
                answers += [got[question.id] for question in asked]
        return answers

    def verified(self, wire: bytes, question: dns.message.Message) -> Message:
        """An answer that was signed for this question; or one that only says why there is none.

        Why there is no answer is believed without a signature, because it makes us change nothing.
        That a record is absent is no such thing.

        Raises:
            Broken: it is no answer to this question that we may believe.
            dns.tsig.PeerError: the server does not accept our key.
        """
        try:
            answer = Message(wire)
        except Malformed as error:
            raise Broken(f"a message that cannot be read ({error})") from error
        asked = question.question[0]
        same = (asked.name.canonicalize().to_text(), int(asked.rdtype))
        if (
            answer.id != question.id
            or not answer.flags & dns.flags.QR
            or answer.question not in (None, same)
        ):
            raise Broken("an answer to another question")
        if answer.signature is not None:
            self.check(wire, answer.signature, question.mac)
        elif answer.rcode not in _SAY_WHY_NOT:
            raise Broken("an answer that nobody signed")
        return answer

    def check(
        self,
        wire: bytes,
        signature: Signature,
        mac: bytes | None,
        digest: dns.tsig.HMACTSig | None = None,
        *,
        multi: bool = False,
    ) -> dns.tsig.HMACTSig:
        """Check a message's signature.

        Args:
            mac: of the question, or None where the digest has it already.
            digest: of what came before, in an answer of several messages.

        Returns:
            What the next message's signature is checked with.

        Raises:
            Broken: it is not our key's over these octets, or of another time.
            dns.tsig.PeerError: the server does not accept our key.
        """
        now = int(self.clock.now().timestamp())
        key, (start, owner, rdata) = self.signing_key, signature
        try:
            # dnspython leaves it untyped; what it returns is what it says.
            following: dns.tsig.HMACTSig = dns.tsig.validate(  # type: ignore[no-untyped-call]
                wire, key, owner, rdata, now, mac, start, digest, multi
            )
        except dns.tsig.PeerError:
            raise
        except dns.exception.DNSException as error:
            raise Broken("a message whose signature is wrong") from error
        return following

    @staticmethod
    def _question(key: RecordKey, number: int, signing_key: dns.tsig.Key) -> dns.message.Message:
        question = dns.message.make_query(key.name, key.type, id=number, flags=0)
        question.use_tsig(signing_key)
        return question


class Connection:
    """An open TCP connection, with messages framed as RFC 1035 section 4.2.2 has it."""

    def __init__(self, stream: socket.socket, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._buffer = bytearray()

    def send(self, *wires: bytes) -> None:
        """Send messages.

        Raises:
            Broken: they may have been sent in part or whole.
        """
        framed = b"".join(len(wire).to_bytes(2) + wire for wire in wires)
        try:
            self._stream.settimeout(ANSWER_SECONDS)
            self._stream.sendall(framed)
        except OSError as error:
            raise Broken(_reason(error)) from error

    def receive(self) -> bytes:
        """The next message, whole, within ``ANSWER_SECONDS``.

        Raises:
            Broken: it did not come whole in that time.
        """
        deadline = self._clock.monotonic() + ANSWER_SECONDS
        length = int.from_bytes(self._take(2, deadline))
        if length < _HEADER_BYTES:
            raise Broken("a message without a header")
        return self._take(length, deadline)

    def _take(self, count: int, deadline: float) -> bytes:
        buffer = self._buffer
        while len(buffer) < count:
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise Broken(f"no answer within {ANSWER_SECONDS:g} s")
            try:
                self._stream.settimeout(left)
                received = self._stream.recv(1 << 17)
            except OSError as error:
                raise Broken(_reason(error)) from error
            if not received:
                raise Broken("it closed the connection")
            buffer += received
        taken = bytes(memoryview(buffer)[:count])
        del buffer[:count]
        return taken


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_SECONDS:g} s"
    return error.strerror or str(error)


@contextmanager
def unavailable_if_broken(server: Server) -> Iterator[None]:
    """For what only reads: a broken exchange is ``Unavailable``, a key not accepted ``Refused``."""
    try:
        yield
    except Broken as error:
        raise Unavailable(
            f"the name server {server.place} gave no whole answer: {error}",
            rule="server-unavailable",
            remedy="nothing was changed; try again",
        ) from error
    except dns.tsig.PeerError as error:
        raise key_refused(server, error) from error


def key_refused(server: Server, error: dns.tsig.PeerError) -> Refused:
    """Our key is not accepted: unknown there, another secret, or another time."""
    place, name = server.place, server.key.name
    if isinstance(error, dns.tsig.PeerBadTime):
        return Refused(
            f"the name server {place} refuses our signature: its clock and ours differ too much",
            rule="tsig-time",
            remedy="set both clocks",
        )
    if isinstance(error, dns.tsig.PeerBadSignature):
        return Refused(
            f"the name server {place} refuses our signature: its key {name} has another secret",
            rule="tsig-secret",
            remedy="give planfence the server's own key file",
        )
    return Refused(
        f"the name server {place} has no key {name} with the algorithm {server.key.algorithm}",
        rule="tsig-key",
        remedy="correct the key's name and algorithm, or give the server the key",
    )


def answer_refused(server: Server, rcode: int, verb: str) -> PlanfenceError | None:
    """What an answer's code means where nothing was changed; None if it is no error.

    Args:
        verb: what was asked for, after "to".
    """
    place, zone = server.place, server.place.zone
    code = dns.rcode.to_text(dns.rcode.Rcode(rcode))
    match rcode:
        case dns.rcode.NOERROR | dns.rcode.NXDOMAIN:
            return None
        case dns.rcode.REFUSED:
            return Refused(
                f"the name server {place} refuses to {verb} {zone} for the key {server.key.name}",
                rule="server-refused",
                remedy="see that it is the primary of this zone, and allow the key to read it"
                " (allow-transfer) and to write it (allow-update, update-policy); if it may, the"
                " server's log says which check refused",
            )
        case dns.rcode.NOTAUTH | dns.rcode.NOTZONE:
            return Refused(
                f"the name server {place} does not have the zone {zone} ({code})",
                rule="zone-not-served",
                remedy="name the primary of the zone, and the zone as the server names it",
            )
        case dns.rcode.NOTIMP | dns.rcode.FORMERR:
            return Refused(
                f"the name server {place} does not understand what it is to {verb} in {zone}"
                f" ({code})",
                rule="server-unsupported",
                remedy="name a server that takes transfers and updates (RFC 5936, RFC 2136); if it"
                " does, its log says which value it does not understand",
            )
    return Unavailable(
        f"the name server {place} failed to {verb} {zone} ({code})",
        rule="server-failed",
        remedy="nothing was changed; see the server's log, and try again",
    )
