"""NOERROR is not taken for done: what a server drops without a word is prevented, or found.

And what happens between the look, the message and the look afterwards, by somebody else or by a
broken connection. ``looked`` and ``sent`` of the target are where it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.update
import pytest

import plans.observed.exchange
from plans.errors import Drifted, FenceMoved, PlanfenceError, Refused, Unavailable, Unknown
from plans.kinds.dns import Change, Records
from plans.observed.places import ServerPlace
from plans.observed.transfer import Transferred
from tests.enactor.servers import (
    Blind,
    Watched,
    a,
    change,
    fence,
    fenced,
    target,
    unchanged_by,
)
from tests.servers.bind import Bind, Zone, dnspython_key
from tests.servers.scripted import Close, Request, Script, passed_on, scripted

WWW = "www A 192.0.2.1\n"
DS = "1 8 2 " + "ab" * 32
NAME = Records(300, ("ns1.example.net.",))
either = pytest.mark.parametrize("kind", [Watched, Blind], ids=["looks", "does not look"])


def by_hand(zone: Zone, label: str, rdtype: str, value: str) -> None:
    zone.by_hand(lambda update: update.add(label, 300, rdtype, value))


# The traps as they are


@pytest.mark.parametrize(
    ("records", "edit"),
    [
        (WWW, lambda update: update.delete("www", "A", "192.0.2.9")),
        (WWW, lambda update: update.delete("none", "A")),
        (WWW, lambda update: update.add("www", 300, "CNAME", "ns1.example.net.")),
        ("www CNAME ns1\n", lambda update: update.add("www", 300, "A", "192.0.2.1")),
        (WWW, lambda update: update.delete("@", "SOA")),
        (WWW, lambda update: update.delete("@", "NS")),
        (WWW, lambda update: update.add("@", 300, "DS", DS)),
        (WWW, lambda update: update.add("www", 300, "DS", DS)),
        (WWW, lambda update: update.add("*", 300, "NS", "ns1.example.net.")),
        (WWW, lambda update: update.add("*", 300, "DNAME", "x.example.net.")),
    ],
    ids=[
        *("a value", "a name", "CNAME beside A", "A beside CNAME", "SOA", "apex NS", "apex DS"),
        *("DS without a delegation", "wildcard NS", "wildcard DNAME"),
    ],
)
def test_bind_says_noerror_and_does_nothing(
    records: str, edit: Callable[[dns.update.UpdateMessage], object], bind_server: Bind
) -> None:
    zone = bind_server.zone(records)
    before = zone.records()
    zone.by_hand(edit)
    assert zone.records() == before


# What keeps the step out of them


@either
@pytest.mark.parametrize(
    ("there", "label", "rdtype", "after", "met"),
    [
        ("x CNAME ns1\n", "x", "A", a(1), "A, CNAME"),
        ("x CNAME ns1\n", "x", "TXT", Records(60, ('"t"',)), "CNAME, TXT"),
        ("x TXT t\n", "x", "CNAME", NAME, "CNAME, TXT"),
        ("x HINFO pc os\n", "x", "CNAME", NAME, "CNAME, HINFO"),
    ],
)
def test_a_cname_never_meets_other_data(
    there: str,
    label: str,
    rdtype: str,
    after: Records,
    met: str,
    kind: type[Watched],
    bind_server: Bind,
) -> None:
    """What stands there is no ``before`` of the step: it came after the plan, or is left alone."""
    zone = bind_server.zone(there)
    fenced(zone)
    step = change(zone, label, rdtype, None, after)
    fine = change(zone, "fine", "A", None, a(1))
    # One that looks has nothing to look at, so it is the server that refuses.
    error = unchanged_by(zone, target(zone, kind), Refused, fine, step)
    assert (error.rule, error.actual) == ("cname-clash", met)
    assert zone.relative(label) in error.what


@either
def test_ds_without_a_delegation_are_never_added(kind: type[Watched], bind_server: Bind) -> None:
    zone = bind_server.zone("lab NS ns.example.net.\nwww A 192.0.2.1\n")
    fenced(zone)
    ds = Records(300, (DS,))
    step = change(zone, "www", "DS", None, ds)
    error = unchanged_by(zone, target(zone, kind), Refused, step)
    assert (error.rule, error.actual) == ("ds-without-ns", "A, DS")
    below = change(zone, "lab", "DS", None, ds)
    target(zone, kind).apply((below,), expected=fence(1, 0), fence=fence(1))
    assert zone.values("lab", "DS") == {DS}


def test_a_fence_is_never_added_beside_a_cname(bind_server: Bind) -> None:
    zone = bind_server.zone("_planfence CNAME ns1\n")
    error = unchanged_by(zone, target(zone), Refused, expected=None)
    assert (error.rule, error.actual) == ("cname-clash", "CNAME, TXT")


def test_a_cname_that_takes_over_is_refused_where_there_is_more(bind_server: Bind) -> None:
    zone = bind_server.zone("x A 192.0.2.1\nx HINFO pc os\n")
    fenced(zone)
    swap = swapped(zone)
    error = unchanged_by(zone, target(zone), Refused, *swap)
    assert (error.rule, error.actual) == ("cname-clash", "CNAME, HINFO")


def swapped(zone: Zone) -> tuple[Change, Change]:
    """x becomes an alias."""
    return change(zone, "x", "A", a(1), None), change(zone, "x", "CNAME", None, NAME)


# What is found afterwards


def taken(
    zone: Zone, writer: Watched, error: type[PlanfenceError], *changes: Change
) -> PlanfenceError:
    """The error of a step that the server took, fence and all."""
    with pytest.raises(error) as caught:
        writer.apply(changes, expected=fence(1, 0), fence=fence(2))
    assert type(caught.value) is error
    return caught.value


def test_what_the_server_drops_all_the_same_is_found_by_reading_back(bind_server: Bind) -> None:
    zone = bind_server.zone("x A 192.0.2.1\n")
    writer = fenced(zone)
    writer.looked = lambda: by_hand(zone, "x", "TXT", '"by hand"')
    error = taken(zone, writer, Refused, *swapped(zone))
    assert error.rule == "silently-dropped"
    assert f"{zone.relative('x')} CNAME is not as it says" in error.what
    assert (error.expected, error.actual) == ("300 ns1.example.net.", "no such record")
    assert target(zone).read_fence() == fence(2), "the fence rose, as BIND has it"


def test_what_somebody_changes_at_that_very_moment_is_found_too(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    writer = fenced(zone)
    writer.sent = lambda: zone.by_hand(lambda update: update.delete("www", "A"))
    error = taken(zone, writer, Refused, change(zone, "www", "A", a(1), a(2)))
    assert error.rule == "silently-dropped"
    assert (error.expected, error.actual) == ("300 192.0.2.2", "no such record")


def test_a_ttl_that_is_not_as_written_is_found(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    writer = fenced(zone)
    writer.sent = lambda: zone.by_hand(lambda update: update.replace("www", 60, "A", "192.0.2.2"))
    error = taken(zone, writer, Refused, change(zone, "www", "A", a(1), a(2)))
    assert (error.rule, error.actual) == ("silently-dropped", "60 192.0.2.2")


def test_what_a_newer_step_left_is_not_ours_to_judge(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    writer = fenced(zone)
    newer = (change(zone, "www", "A", a(2), a(3)),)
    writer.sent = lambda: target(zone).apply(newer, expected=fence(2), fence=fence(3))
    error = taken(zone, writer, FenceMoved, change(zone, "www", "A", a(1), a(2)))
    assert (error.expected, error.actual) == (fence(2).text(), fence(3).text())
    assert zone.values("www", "A") == {"192.0.2.3"}


# Between the look and the message


def test_a_step_that_was_overtaken_after_its_look_is_refused_by_the_server(
    bind_server: Bind,
) -> None:
    zone = bind_server.zone(WWW + "other A 192.0.2.1\n")
    writer = fenced(zone)
    newer = (change(zone, "other", "A", a(1), a(9)),)
    writer.looked = lambda: target(zone).apply(newer, expected=fence(1, 0), fence=fence(3))
    error = taken(zone, writer, FenceMoved, change(zone, "www", "A", a(1), a(2)))
    assert error.actual == fence(3).text()
    assert zone.values("www", "A") == {"192.0.2.1"}


def test_a_before_that_moved_after_the_look_is_refused_by_the_server(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    writer = fenced(zone)
    writer.looked = lambda: by_hand(zone, "www", "A", "192.0.2.9")
    error = taken(zone, writer, Drifted, change(zone, "www", "A", a(1), a(2)))
    assert error.actual == "300 192.0.2.1, 192.0.2.9"
    assert target(zone).read_fence() == fence(1, 0)


def test_a_refusal_whose_cause_is_gone_again_is_tried_again(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)

    class Restored(Blind):
        def transferred(self) -> Transferred:
            zone.by_hand(lambda update: update.delete("www", "A", "192.0.2.9"))
            return super().transferred()

    writer = fenced(zone, Restored)
    writer.looked = lambda: by_hand(zone, "www", "A", "192.0.2.9")
    error = taken(zone, writer, Unknown, change(zone, "www", "A", a(1), a(2)))
    assert error.rule == "update-unknown"
    assert "is gone again" in error.what
    assert target(zone).read_fence() == fence(1, 0)


def test_a_server_that_is_gone_before_the_message_changed_nothing(own_bind: Bind) -> None:
    zone = own_bind.zone(WWW)
    writer = fenced(zone)
    writer.looked = own_bind.kill
    error = taken(zone, writer, Unavailable, change(zone, "www", "A", a(1), a(2)))
    assert (error.rule, error.exit_code) == ("server-unreachable", 5)
    own_bind.start_again()
    assert target(zone).read_fence() == fence(1, 0)
    assert zone.values("www", "A") == {"192.0.2.1"}


def test_a_server_that_is_gone_before_it_is_read_back_is_unknown(own_bind: Bind) -> None:
    zone = own_bind.zone(WWW)
    writer = fenced(zone)
    writer.sent = own_bind.kill
    error = taken(zone, writer, Unknown, change(zone, "www", "A", a(1), a(2)))
    assert "taken and not read back" in error.what
    own_bind.start_again()
    assert target(zone).read_fence() == fence(2), "an acknowledged step survives kill -9"


# Answers to the message


def between(zone: Zone, update: Script) -> AbstractContextManager[ServerPlace]:
    """A server before the real one, that answers updates by a script and passes on all else."""

    def script(request: Request) -> Iterable[bytes]:
        if isinstance(request, dns.update.UpdateMessage):
            return update(request)
        return [passed_on(request, zone.port)]

    return scripted(script, verify=dnspython_key(zone.key_file), zone=zone.name)


def lost_after(zone: Zone) -> Script:
    def script(request: Request) -> Iterable[bytes]:
        passed_on(request, zone.port)
        raise Close

    return script


def lost_before(_: Request) -> Iterable[bytes]:
    raise Close


def garbled(zone: Zone) -> Script:
    def script(request: Request) -> Iterable[bytes]:
        wire = bytearray(passed_on(request, zone.port))
        wire[-7] ^= 1  # the last octet of the signature
        yield bytes(wire)

    return script


def unsigned_success(request: Request) -> Iterable[bytes]:
    assert request.wire is not None
    yield request.wire[:2] + b"\xa8\0" + bytes(8)


def coded(code: str) -> Script:
    def script(request: Request) -> Iterable[bytes]:
        answer = dns.message.make_response(request)
        answer.set_rcode(dns.rcode.from_text(code))
        yield answer.to_wire()

    return script


@pytest.mark.parametrize(
    ("script", "reason", "lands"),
    [
        (lost_after, "it closed the connection", True),
        (lambda _: lost_before, "it closed the connection", False),
        (garbled, "a message whose signature is wrong", True),
        (lambda _: unsigned_success, "an answer that nobody signed", False),
        (lambda _: coded("SERVFAIL"), "failed to update", False),
        (lambda _: coded("BADVERS"), "failed to update", False),
    ],
    ids=["lost after", "lost before", "garbled", "not signed", "SERVFAIL", "odd code"],
)
def test_without_an_answer_that_can_be_believed_the_fate_is_unknown(
    script: Callable[[Zone], Script], reason: str, lands: bool, bind_server: Bind
) -> None:
    zone = bind_server.zone(WWW)
    fenced(zone)
    with between(zone, script(zone)) as place:
        step = change(zone, "www", "A", a(1), a(2))
        error = taken(zone, target(zone, place=place), Unknown, step)
    assert error.rule == "update-unknown"
    assert reason in error.what
    assert target(zone).read_fence() == (fence(2) if lands else fence(1, 0))


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(
    bind_server: Bind, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = bind_server.zone(WWW)
    fenced(zone)

    with between(zone, lambda _: []) as place:
        writer = target(zone, place=place)
        writer.looked = lambda: monkeypatch.setattr(plans.observed.exchange, "ANSWER_SECONDS", 0.1)
        error = taken(zone, writer, Unknown)
    assert "no answer within" in error.what


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("REFUSED", "server-refused"),
        ("NOTAUTH", "zone-not-served"),
        ("NOTZONE", "zone-not-served"),
        ("FORMERR", "server-unsupported"),
        ("NOTIMP", "server-unsupported"),
    ],
)
def test_a_message_that_the_server_does_not_take_is_refused(
    code: str, rule: str, bind_server: Bind
) -> None:
    zone = bind_server.zone(WWW)
    fenced(zone)
    with between(zone, coded(code)) as place:
        found = target(zone, place=place)
        error = unchanged_by(zone, found, Refused, change(zone, "www", "A", a(1), a(2)))
    assert error.rule == rule


def test_a_key_that_ended_after_the_look_is_refused(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    fenced(zone)

    def script(request: Request) -> Iterable[bytes]:
        answer = dns.message.make_response(request)
        answer.set_rcode(dns.rcode.NOTAUTH)
        answer.use_tsig(dnspython_key(zone.key_file), tsig_error=dns.rcode.BADKEY)
        yield answer.to_wire()

    with between(zone, script) as place:
        error = unchanged_by(zone, target(zone, place=place), Refused)
    assert error.rule == "tsig-key"


def test_a_message_that_waited_too_long_is_signed_anew_after_the_fence_is_read(
    bind_server: Bind,
) -> None:
    zone = bind_server.zone(WWW)
    fenced(zone)

    def script(request: Request) -> Iterable[bytes]:
        answer = dns.message.make_response(request)
        answer.set_rcode(dns.rcode.NOTAUTH)
        answer.use_tsig(dnspython_key(zone.key_file), tsig_error=dns.rcode.BADTIME)
        yield answer.to_wire()

    with between(zone, script) as place:
        error = unchanged_by(zone, target(zone, place=place), Unknown)
    assert error.rule == "update-unknown"
