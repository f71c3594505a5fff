"""Two zones of one service that begin alike, one kept by planfence, the other by octoDNS.

Each tool reads the same YAML with its own reader and writes with its own provider, in this process;
what the zones hold in the end is read by neither (``held``).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Protocol

import dns.update

from planner.zone_yaml import parse_zone_yaml
from plans.plan import Mode
from tests.builders import Stream
from tests.differential import by_octodns
from tests.differential.held import (
    Held,
    Row,
    at_bind,
    at_route53,
    meant_at_bind,
    meant_at_route53,
    raw_sets,
    rows_of,
)
from tests.differential.zones import ZONE, Names, as_yaml
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.double import Double
from tests.enactor.hosted import Hosted
from tests.enactor.servers import LAX, Served
from tests.servers.bind import Bind, Zone

NAME_SERVER = "ns.elsewhere.test."


class Pair(Protocol):
    """Two zones. What each holds is ``Held`` under the names of one and the same zone."""

    def begin(self, names: Names, mode: Mode) -> None:
        """Let both hold a zone that octoDNS can take over, and nothing else but its apex.

        Args:
            mode: of planfence's stream.
        """
        ...

    def put(self, records: Iterable[Row], mode: Mode = "exact") -> None:
        """Let both hold these records as somebody wrote them, and nothing else but the apex."""
        ...

    def by_planfence(self, text: str, *, escaped_semicolons: bool = True) -> None:
        """Make the first zone what the YAML says: plan, approve, enact.

        Raises:
            PlanfenceError: it does not.
        """
        ...

    def by_octodns(self, text: str, *, escaped_semicolons: bool = True) -> None:
        """Make the second zone what the YAML says: read, plan, apply.

        Raises:
            Exception: it does not.
        """
        ...

    def planned_by_octodns(
        self, text: str, *, escaped_semicolons: bool = True, in_first: bool = False
    ) -> list[str]:
        """What octoDNS would change in the second zone now, or in planfence's; not applied."""
        ...

    def held(self) -> tuple[Held, Held]:
        """What the zones hold: planfence's, octoDNS's."""
        ...

    def meant(self, records: Iterable[Row]) -> Held:
        """What a zone with these records would hold."""
        ...


def enacted(stream: Stream, text: str, zone: str, *, escaped_semicolons: bool) -> None:
    """Plan, approve and enact a desired state, whatever it deletes."""
    desired = parse_zone_yaml(
        text.encode(), "zone.yaml", zone, escaped_semicolons=escaped_semicolons
    )
    stream.desired.records = desired.records
    planned = stream.plan("never-empty", "apex")
    if planned.published is None:
        assert planned.outcome == "unchanged", planned
        return
    stream.approve(planned.published)
    outcome = stream.enact(planned.published)
    if outcome.error is not None:
        raise outcome.error
    assert outcome.outcome == "applied", outcome
    assert stream.plan().outcome == "unchanged"


class AtRoute53:
    """Two accounts at the strict double, each with one hosted zone of the same name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stream = Hosted()
        self.other = Double(VirtualClock())
        self.other_zone = self.other.add_zone(ZONE)

    @property
    def places(self) -> tuple[tuple[Double, str], tuple[Double, str]]:
        """Where each zone is: its account, and its id there."""
        return (self.stream.double, self.stream.zone_id), (self.other, self.other_zone)

    def begin(self, names: Names, mode: Mode) -> None:
        # In octoDNS's own letters: a DELETE must give a value to the letter, and it knows no other.
        self.by_octodns(as_yaml(names, escaped_semicolons=True))
        self.stream.double.put(self.stream.zone_id, *self.other.record_sets(self.other_zone))
        self.stream.set(mode=mode)

    def put(self, records: Iterable[Row], mode: Mode = "exact") -> None:
        self.stream.set(mode=mode)
        found = raw_sets(records, ZONE)
        for double, zone_id in self.places:
            double.put(zone_id, *found)

    def by_planfence(self, text: str, *, escaped_semicolons: bool = True) -> None:
        enacted(self.stream, text, ZONE, escaped_semicolons=escaped_semicolons)

    def by_octodns(self, text: str, *, escaped_semicolons: bool = True) -> None:
        by_octodns.enforce(
            by_octodns.Route53AtDouble(self.other),
            by_octodns.desired(self.folder, ZONE, text, escaped_semicolons=escaped_semicolons),
        )

    def planned_by_octodns(
        self, text: str, *, escaped_semicolons: bool = True, in_first: bool = False
    ) -> list[str]:
        return by_octodns.changes(
            by_octodns.Route53AtDouble(self.stream.double if in_first else self.other),
            by_octodns.desired(self.folder, ZONE, text, escaped_semicolons=escaped_semicolons),
        )

    def held(self) -> tuple[Held, Held]:
        ours, theirs = (at_route53(double, zone_id, ZONE) for double, zone_id in self.places)
        return ours, theirs

    def meant(self, records: Iterable[Row]) -> Held:
        return meant_at_route53(records, ZONE)


class AtBind:
    """Two zones of one BIND, which are as new each time that they are ``put``."""

    def __init__(self, server: Bind, folder: Path) -> None:
        self.folder = folder
        self.zones = [
            server.zone(
                name=f"{tool}-{len(server.zones)}.test.",
                apex=f"@ NS {NAME_SERVER}\n",
                statement=LAX,
            )
            for tool in ("planfence", "octodns")
        ]
        self.stream = Served(self.zones[0])

    def begin(self, names: Names, mode: Mode) -> None:
        self.put(rows_of(names), mode)

    def put(self, records: Iterable[Row], mode: Mode = "exact") -> None:
        found = list(records)
        for zone in self.zones:
            zone.by_hand(partial(_empty, zone))
            zone.by_hand(partial(_add, zone, found))
        self.stream = Served(self.zones[0], mode=mode)  # with it, another fence

    def by_planfence(self, text: str, *, escaped_semicolons: bool = True) -> None:
        zone = self.zones[0].name
        enacted(self.stream, text, zone, escaped_semicolons=escaped_semicolons)

    def by_octodns(self, text: str, *, escaped_semicolons: bool = True) -> None:
        zone = self.zones[1]
        by_octodns.enforce(
            by_octodns.bind(zone),
            by_octodns.desired(self.folder, zone.name, text, escaped_semicolons=escaped_semicolons),
        )

    def planned_by_octodns(
        self, text: str, *, escaped_semicolons: bool = True, in_first: bool = False
    ) -> list[str]:
        zone = self.zones[0 if in_first else 1]
        return by_octodns.changes(
            by_octodns.bind(zone),
            by_octodns.desired(self.folder, zone.name, text, escaped_semicolons=escaped_semicolons),
        )

    def held(self) -> tuple[Held, Held]:
        ours, theirs = (_under(ZONE, at_bind(zone), zone.name) for zone in self.zones)
        return ours, theirs

    def meant(self, records: Iterable[Row]) -> Held:
        return meant_at_bind(records, ZONE)


def _under(zone: str, found: Held, before: str) -> Held:
    """The same records under another zone's name; names inside values stay."""
    return {
        (name.removesuffix(before) + zone, rdtype): content
        for (name, rdtype), content in found.items()
    }


def _empty(zone: Zone, update: dns.update.UpdateMessage) -> None:
    """Leave the SOA, which no update removes (RFC 2136 section 3.4.2.4), and one name server."""
    update.add(zone.name, 300, "NS", NAME_SERVER)
    for name, _, rdata in zone.transfer().iterate_rdatas():
        if name.to_text() != zone.name:
            update.delete(name)
        elif rdata.to_text() != NAME_SERVER:
            update.delete(name, rdata)


def _add(zone: Zone, records: Iterable[Row], update: dns.update.UpdateMessage) -> None:
    for row in records:
        update.add(row.name(zone.name), row.ttl, row.type, row.value)
