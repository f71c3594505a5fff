"""Targets at a real BIND, with places where a test can come between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dns.update
import pytest

from enactor.rfc2136 import ServerTarget
from planfence.clock import SystemClock
from plans.errors import PlanfenceError
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records
from plans.observed.exchange import Server
from plans.observed.places import ServerPlace, place_of
from tests.builders import Stream
from tests.servers.bind import Zone

# BIND refuses hosts with names that no host has, unless it is told not to.
LAX = "allow-update { key planfence; }; check-names ignore; check-integrity no;"


def nothing() -> None: ...


class Watched(ServerTarget):
    """The real target. ``looked`` runs between its look and its message, ``sent`` after that."""

    looked: Callable[[], object] = staticmethod(nothing)
    sent: Callable[[], object] = staticmethod(nothing)

    def _look_before(self, changes: tuple[Change, ...], expected: FenceSeen) -> None:
        super()._look_before(changes, expected)
        self.looked()

    def _send(self, signed: tuple[dns.update.UpdateMessage, bytes]) -> int:
        rcode = super()._send(signed)
        self.sent()
        return rcode


class Blind(Watched):
    """Looks at nothing before: what refuses is the server alone."""

    def _look_before(self, changes: tuple[Change, ...], expected: FenceSeen) -> None:
        self.looked()


def target(
    zone: Zone, kind: type[Watched] = Watched, *, place: ServerPlace | None = None
) -> Watched:
    found = place or place_of(zone.target)
    assert isinstance(found, ServerPlace)
    return kind(zone.target, Server(found, zone.key, SystemClock()))


class Served(Stream):
    """A stream whose target is a zone at BIND."""

    def __init__(self, zone: Zone, **settings: Any) -> None:
        super().__init__(
            zone.target,
            zone=zone.name,
            updates_max="100%",
            deletes_max="100%",
            **settings,
        )
        self.served = target(zone)

    def zone(self, target: str = "") -> Watched:  # type: ignore[override]
        return self.served


def fence(generation: int, step: int = 1, attempt: str = "a") -> Fence:
    return Fence(generation, step, False, f"{generation:064x}", "1" * 32, attempt * 32)


def change(
    zone: Zone, label: str, rdtype: str, before: Records | None, after: Records | None
) -> Change:
    return Change(zone.relative(label), rdtype, before, after)


def a(*numbers: int, ttl: int = 300) -> Records:
    return Records(ttl, tuple(f"192.0.2.{number}" for number in sorted(numbers)))


def key(zone: Zone, label: str, rdtype: str) -> RecordKey:
    return RecordKey(zone.relative(label), rdtype)


def fenced(zone: Zone, kind: type[Watched] = Watched) -> Watched:
    """The zone at generation 1."""
    target(zone).apply((), expected=None, fence=fence(1, 0))
    return target(zone, kind)


def unchanged_by(
    zone: Zone,
    writer: Watched,
    error: type[PlanfenceError],
    *changes: Change,
    expected: FenceSeen = fence(1, 0),  # noqa: B008 - frozen
) -> PlanfenceError:
    """The error that ``apply`` ends with, having left the zone as it was, serial and all."""
    before = zone.records(), zone.serial()
    with pytest.raises(error) as caught:
        writer.apply(changes, expected=expected, fence=fence(2))
    assert type(caught.value) is error
    assert (zone.records(), zone.serial()) == before
    return caught.value
