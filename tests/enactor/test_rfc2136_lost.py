"""A plan of five messages, with one answer lost at each in turn: each has one effect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import dns.message
import dns.rcode
import dns.update
import pytest

from plans.kinds.dns import Change, RecordKey, Records
from plans.observed.places import ServerPlace
from plans.plan import Mode
from tests.builders import Stream
from tests.enactor.servers import Watched, a, target
from tests.servers.bind import Bind, Zone, dnspython_key
from tests.servers.scripted import Close, Request, passed_on, scripted

LABELS = "abcde"


class OneByOne(Watched):
    """Holds one change a message, so that a small plan has many."""

    @property
    def step_capacity(self) -> tuple[int, ...]:
        return (1,)

    def step_size(self, change: Change) -> tuple[int, ...]:
        return (1,)


@dataclass
class Wire:
    """What lies between enactor and BIND. It loses the answer to one UPDATE, or that UPDATE."""

    zone: Zone
    loses: int
    arrives: bool
    seen: int = 0
    accepted: list[str] = field(default_factory=list)

    def script(self, request: Request) -> Iterable[bytes]:
        if not isinstance(request, dns.update.UpdateMessage):
            return [passed_on(request, self.zone.port)]
        self.seen += 1
        lost = self.seen == self.loses
        if lost and not self.arrives:
            raise Close
        answer = passed_on(request, self.zone.port)
        if answer[3] & 0x0F == dns.rcode.NOERROR:
            self.accepted.append(fence_text(request))
        if lost:
            raise Close
        return [answer]


def fence_text(request: dns.update.UpdateMessage) -> str:
    """Which step a message is: of the fence that it adds."""
    (added,) = (
        rrset for rrset in request.update if rrset.rdtype == dns.rdatatype.TXT and rrset.ttl
    )
    return " ".join(added[0].to_text().split()[1:4])


class Served(Stream):
    def __init__(self, zone: Zone, place: ServerPlace, mode: Mode) -> None:
        super().__init__(zone.target, zone=zone.name, mode=mode, updates_max="100%")
        self.served = target(zone, OneByOne, place=place)

    def zone(self, target: str = "") -> Watched:  # type: ignore[override]
        return self.served


@pytest.mark.parametrize("mode", ["exact", "converge"])
@pytest.mark.parametrize("arrives", [False, True], ids=["lost before", "lost after"])
@pytest.mark.parametrize("loses", range(1, 9))
def test_each_step_has_one_effect_whichever_answer_is_lost(
    loses: int, arrives: bool, mode: Mode, bind_server: Bind
) -> None:
    """Seven messages: the fence's creation, five changes, and the mark that all is done."""
    zone = bind_server.zone()
    wire = Wire(zone, loses, arrives)
    with scripted(wire.script, verify=dnspython_key(zone.key_file), zone=zone.name) as place:
        stream = Served(zone, place, mode)
        wanted: dict[RecordKey, Records] = {
            RecordKey(zone.relative(label), "A"): a(1) for label in LABELS
        }
        wanted |= stream.served.observe().state
        published = stream.publish(wanted)
        assert stream.enact(published).outcome == "applied"
    steps = [f"g=1 s={number} e={int(number == 6)}" for number in range(7)]
    assert wire.accepted == steps
    assert wire.seen == len(steps) + (loses <= len(steps) and not arrives)
    assert target(zone).observe().state == wanted


@pytest.mark.parametrize("mode", ["exact", "converge"])
@pytest.mark.parametrize("dies", range(1, 8))
def test_a_pass_that_ends_at_any_message_is_resumed_by_another(
    dies: int, mode: Mode, bind_server: Bind
) -> None:
    """From one message on nothing arrives, until the next pass."""
    zone = bind_server.zone()
    wire = Wire(zone, 0, arrives=True)
    up = False

    def script(request: Request) -> Iterable[bytes]:
        is_update = isinstance(request, dns.update.UpdateMessage)
        if is_update and wire.seen + 1 >= dies and not up:
            raise Close
        return wire.script(request)

    with scripted(script, verify=dnspython_key(zone.key_file), zone=zone.name) as place:
        stream = Served(zone, place, mode)
        wanted: dict[RecordKey, Records] = {
            RecordKey(zone.relative(label), "A"): a(1) for label in LABELS
        }
        wanted |= stream.served.observe().state
        published = stream.publish(wanted)
        assert stream.enact(published).outcome == "unavailable"
        assert len(wire.accepted) == dies - 1
        up = True
        outcome = stream.enact(published)
        assert (outcome.outcome, outcome.resumed) == ("applied", True)
    assert wire.accepted == [f"g=1 s={number} e={int(number == 6)}" for number in range(7)]
    assert target(zone).observe().state == wanted
