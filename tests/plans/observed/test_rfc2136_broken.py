"""A name server that breaks off, lies, errs or is not there: an error, never "nothing there"."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable

import dns.exception
import dns.message
import dns.rcode
import dns.rrset
import dns.tsig
import pytest

import plans.observed.exchange
from planfence.clock import SystemClock
from plans.errors import PlanfenceError, Refused, Unavailable
from plans.kinds.dns import RecordKey, Records
from plans.observed.exchange import Server
from plans.observed.places import ServerPlace
from plans.observed.rfc2136 import ServerView
from plans.observed.view import Observation
from tests.builders import FixedClock
from tests.servers.scripted import (
    KEY,
    LOOPBACK,
    TSIG,
    ZONE,
    Close,
    Request,
    Script,
    answered,
    rrset,
    scripted,
    soa,
    transfer,
    unsigned,
)

A = rrset(f"a.{ZONE}", 300, "A", "192.0.2.1")
B = rrset(f"b.{ZONE}", 300, "A", "192.0.2.2")
STATE = {
    RecordKey(f"a.{ZONE}", "A"): Records(300, ("192.0.2.1",)),
    RecordKey(f"b.{ZONE}", "A"): Records(300, ("192.0.2.2",)),
}
Wires = Callable[[Request], Iterable[bytes]]


def view(place: ServerPlace) -> ServerView:
    return ServerView(f"rfc2136://{place}/example.com", Server(place, KEY, SystemClock()))


def error(script: Script, read: Callable[[ServerView], object]) -> PlanfenceError:
    with scripted(script) as place, pytest.raises(PlanfenceError) as caught:
        read(view(place))
    return caught.value


def of_transfer(script: Script) -> PlanfenceError:
    return error(script, ServerView.observe)


def of_fence(script: Script) -> PlanfenceError:
    return error(script, ServerView.read_fence)


def whole(request: Request) -> list[bytes]:
    return transfer(request, [soa(), A], [B], [soa()])


# A transfer that is whole


@pytest.mark.parametrize(
    "script",
    [
        whole,
        lambda request: transfer(request, [soa(), A, B, soa()]),
        lambda request: transfer(request, [soa()], [A, B], [soa()]),
        lambda request: transfer(request, [soa(), A], [B], [soa()], sign=[True, False, True]),
        lambda request: transfer(request, [soa(), A], [], [B, soa()]),
    ],
    ids=["three messages", "one message", "SOAs alone", "not all signed", "one empty"],
)
def test_a_transfer_may_come_in_any_messages(script: Script) -> None:
    with scripted(script) as place:
        assert view(place).observe() == Observation(None, STATE)


# One that is not


def cut_off(request: Request) -> Iterable[bytes]:
    yield from whole(request)[:-1]
    raise Close


def half_a_message(request: Request) -> Iterable[bytes]:
    first, second, _ = whole(request)
    yield first
    yield second[:-20]  # framed as whole


def stranger(request: Request) -> Iterable[bytes]:
    other = dns.message.make_query(ZONE, "AXFR", id=(request.id + 1) % 2**16)
    other.use_tsig(TSIG)
    other.to_wire()
    return transfer(other, [soa(), A, soa()])


def a_query_back(request: Request) -> Iterable[bytes]:
    answer = answered(request)
    answer.flags &= ~dns.flags.QR
    answer.answer = [soa(), soa()]
    return [answer.to_wire()]


def altered(request: Request) -> Iterable[bytes]:
    first, second, last = whole(request)
    return [first, second.replace(b"\xc0\x00\x02\x02", b"\xc0\x00\x02\x63"), last]


def unsigned_whole(request: Request) -> Iterable[bytes]:
    answer = answered(request)
    answer.answer = [soa(), A, B, soa()]
    return [unsigned(answer)]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (cut_off, "after 3 records: it closed the connection"),
        (half_a_message, "after 2 records: a message that cannot be read"),
        (lambda _: [b"\0\0"], "after 0 records: a message without a header"),
        (stranger, "after 0 records: an answer to another question"),
        (a_query_back, "after 0 records: an answer to another question"),
        (altered, "after 2 records: a message whose signature is wrong"),
        (unsigned_whole, "after 0 records: nobody signed its beginning"),
        (
            lambda request: transfer(request, [soa(), A], [B, soa()], sign=[True, False]),
            "after 4 records: nobody signed its end",
        ),
        (
            lambda request: transfer(request, [A, soa()], [B, soa()]),
            "after 1 records: it does not begin with the SOA of example.com.",
        ),
        (
            lambda request: transfer(request, [soa(), A, soa(), B]),
            "after 3 records: records behind its end",
        ),
    ],
)
def test_a_transfer_that_is_not_whole_is_unavailable(script: Script, reason: str) -> None:
    found = of_transfer(script)
    assert (type(found), found.rule) == (Unavailable, "transfer-incomplete")
    assert reason in found.what


def test_a_transfer_without_an_end_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plans.observed.exchange, "ANSWER_SECONDS", 0.1)
    found = of_transfer(lambda request: transfer(request, [soa(), A], [B]))
    assert (type(found), found.rule) == (Unavailable, "transfer-incomplete")
    assert found.what.endswith("after 3 records: no answer within 0.1 s")


def test_time_that_is_up_before_anything_came_is_no_answer() -> None:
    class Late(SystemClock):
        """Each look at it is a minute later."""

        minutes = 0

        def monotonic(self) -> float:
            self.minutes += 1
            return 60.0 * self.minutes

    with scripted(whole) as place, pytest.raises(Unavailable, match="no answer within 10 s"):
        ServerView("rfc2136://x/example.com", Server(place, KEY, Late())).observe()


def test_a_zone_that_moves_on_half_way_is_unavailable() -> None:
    found = of_transfer(lambda request: transfer(request, [soa(1), A], [B, soa(2)]))
    assert (type(found), found.rule) == (Unavailable, "transfer-torn")
    assert found.expected == "ns1.example.com. hostmaster.example.com. 1 1 2 3 4"
    assert found.actual == "ns1.example.com. hostmaster.example.com. 2 1 2 3 4"


@pytest.mark.parametrize(
    ("sets", "reason"),
    [
        ([rrset("a.example.net.", 300, "A", "192.0.2.1")], "holds a.example.net., which is out"),
        ([rrset("aexample.com.", 300, "A", "192.0.2.1")], "holds aexample.com., which is outside"),
        (
            [A, rrset(f"a.{ZONE}", 60, "A", "192.0.2.2")],
            "has the TTLs 300 and 60 for a.example.com. A",
        ),
        ([rrset(f"sub.{ZONE}", 60, "SOA", "a. b. 1 2 3 4 5")], "holds an SOA at sub.example.com."),
    ],
)
def test_what_no_zone_can_be_is_refused(sets: list[dns.rrset.RRset], reason: str) -> None:
    found = of_transfer(lambda request: transfer(request, [soa(), *sets, soa()]))
    assert (type(found), found.rule) == (Refused, "transfer-invalid")
    assert reason in found.what


def test_ttls_of_what_is_left_alone_may_differ() -> None:
    """Those of RRSIG do (RFC 4034 section 3)."""
    sets = [rrset(ZONE, ttl, "TYPE65400", rf"\# 1 0{ttl}") for ttl in (1, 2)]
    with scripted(lambda request: transfer(request, [soa(), *sets, A, B, soa()])) as place:
        assert view(place).observe() == Observation(None, STATE, left_alone=1)


def test_a_clock_that_differs_too_much_does_not_believe_a_signature() -> None:
    with scripted(whole) as place, pytest.raises(Unavailable, match="signature is wrong"):
        ServerView("rfc2136://x/example.com", Server(place, KEY, FixedClock())).observe()


# A server that says why not


CODES = [
    ("REFUSED", Refused, "server-refused"),
    ("NOTAUTH", Refused, "zone-not-served"),
    ("NOTZONE", Refused, "zone-not-served"),
    ("NOTIMP", Refused, "server-unsupported"),
    ("FORMERR", Refused, "server-unsupported"),
    ("SERVFAIL", Unavailable, "server-failed"),
    ("YXDOMAIN", Unavailable, "server-failed"),
]


@pytest.mark.parametrize(("code", "kind", "rule"), CODES)
@pytest.mark.parametrize("of", [of_transfer, of_fence])
def test_an_error_is_told_by_its_code(
    of: Callable[[Script], PlanfenceError], code: str, kind: type[PlanfenceError], rule: str
) -> None:
    rcode = dns.rcode.from_text(code)
    found = of(lambda request: [answered(request, rcode=rcode).to_wire()])
    assert (type(found), found.rule) == (kind, rule)
    assert found.remedy


@pytest.mark.parametrize(("code", "kind", "rule"), CODES[:-1])
@pytest.mark.parametrize("of", [of_transfer, of_fence])
def test_why_there_is_no_answer_is_believed_without_a_signature(
    of: Callable[[Script], PlanfenceError], code: str, kind: type[PlanfenceError], rule: str
) -> None:
    rcode = dns.rcode.from_text(code)
    found = of(lambda request: [unsigned(answered(request, rcode=rcode))])
    assert (type(found), found.rule) == (kind, rule)


@pytest.mark.parametrize(
    ("code", "rule"), [("BADSIG", "tsig-secret"), ("BADKEY", "tsig-key"), ("BADTIME", "tsig-time")]
)
@pytest.mark.parametrize("of", [of_transfer, of_fence])
def test_a_signature_that_the_server_refuses_is_told_by_its_code(
    of: Callable[[Script], PlanfenceError], code: str, rule: str
) -> None:
    def script(request: Request) -> Iterable[bytes]:
        answer = answered(request, rcode=dns.rcode.NOTAUTH)
        answer.use_tsig(TSIG, tsig_error=dns.rcode.from_text(code))
        return [answer.to_wire()]

    found = of(script)
    assert (type(found), found.rule) == (Refused, rule)


# Answers to questions


def absent(request: Request) -> dns.message.Message:
    return answered(request, rcode=dns.rcode.NXDOMAIN)


def other_id(request: Request) -> Iterable[bytes]:
    other = dns.message.make_query(ZONE, "TXT", id=(request.id + 1) % 2**16)
    other.use_tsig(TSIG)
    other.to_wire()
    return [answered(other).to_wire()]


def other_question(request: Request) -> Iterable[bytes]:
    answer = absent(request)
    answer.question = [dns.rrset.RRset(A.name, A.rdclass, A.rdtype)]
    return [answer.to_wire()]


def closes(_: Request) -> Iterable[bytes]:
    raise Close


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (lambda request: [unsigned(absent(request))], "an answer that nobody signed"),
        (lambda request: [unsigned(answered(request))], "an answer that nobody signed"),
        (lambda request: [absent(request).to_wire()[:-9] + bytes(9)], "whose signature is wrong"),
        (lambda request: [absent(request).to_wire()[:20]], "a message that cannot be read"),
        (other_id, "an answer to nothing that was asked"),
        (other_question, "an answer to another question"),
        (closes, "it closed the connection"),
    ],
)
def test_no_answer_that_can_be_believed_never_means_no_fence(script: Script, reason: str) -> None:
    found = of_fence(script)
    assert (type(found), found.rule) == (Unavailable, "server-unavailable")
    assert reason in found.what


def test_an_absence_that_was_signed_with_authority_is_no_fence() -> None:
    with scripted(lambda request: [absent(request).to_wire()]) as place:
        assert view(place).read_fence() is None


def test_an_answer_without_authority_counts_for_nothing() -> None:
    """A cache answers so. What counts then is a transfer, which a cache does not give."""

    def cache(request: Request) -> Iterable[bytes]:
        if request.question[0].rdtype == dns.rdatatype.AXFR:
            return [answered(request, rcode=dns.rcode.NOTAUTH).to_wire()]
        return [answered(request, aa=False, rcode=dns.rcode.NXDOMAIN).to_wire()]

    assert of_fence(cache).rule == "zone-not-served"


def test_answers_may_come_in_any_order() -> None:
    held: list[bytes] = []

    def backwards(request: Request) -> Iterable[bytes]:
        answer = answered(request)
        answer.answer = [each for each in (A, B) if each.name == request.question[0].name]
        held.insert(0, answer.to_wire())
        return held if len(held) == 2 else []

    with scripted(backwards) as place:
        assert view(place).look(tuple(STATE)) == STATE


# No server


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))  # and does not listen
        place = ServerPlace(LOOPBACK, held.getsockname()[1], ZONE)
        for read in (view(place).read_fence, view(place).observe):
            with pytest.raises(Unavailable, match="Connection refused") as caught:
                read()
            assert caught.value.rule == "server-unreachable"


def test_a_name_that_leads_nowhere_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> socket.socket:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    with pytest.raises(Unavailable, match="Name or service not known"):
        view(ServerPlace("ns.example", 53, ZONE)).read_fence()


def test_a_connection_that_breaks_while_we_ask_is_unavailable() -> None:
    class Deaf(socket.socket):
        def sendall(self, *_: object) -> None:
            raise BrokenPipeError(32, "Broken pipe")

        def recv(self, *_: object) -> bytes:
            raise ConnectionResetError(104, "Connection reset by peer")

    def connect(*_: object, **__: object) -> socket.socket:
        return Deaf()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", connect)
        with pytest.raises(Unavailable, match="Broken pipe"):
            view(ServerPlace(LOOPBACK, 53, ZONE)).read_fence()
        patch.setattr(Deaf, "sendall", lambda *_: None)
        with pytest.raises(Unavailable, match="Connection reset by peer"):
            view(ServerPlace(LOOPBACK, 53, ZONE)).observe()
