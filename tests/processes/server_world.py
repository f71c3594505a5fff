"""The world of this folder with its one target at a BIND of its own instead of in a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.name
import dns.update

from enactor.rfc2136 import ServerTarget
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, fence_name
from plans.observed.exchange import Connection, Server
from plans.observed.places import ServerPlace, place_of
from plans.plan import Mode
from tests.processes.points import Points
from tests.processes.stores import Embedded
from tests.processes.world import ZONE, World
from tests.servers.bind import Zone, bind

# As ``World.write_desired`` has it.
APEX = "@ 3600 NS ns1.example.net.\n"


@dataclass(frozen=True)
class PointedServer(Server):
    """A server with a point between the connection and what is sent over it."""

    points: Points

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with super().connect() as connection:
            self.points.reach("connected")
            yield connection


class PointedTarget(ServerTarget):
    """The real target, with points between its operations."""

    points = Points()

    def read_fence(self) -> FenceSeen:
        seen = super().read_fence()
        self.points.reach("fence read")
        return seen

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        self.points.reach("apply called")
        super().apply(changes, expected=expected, fence=fence)

    def _look_before(self, changes: tuple[Change, ...], expected: FenceSeen) -> None:
        super()._look_before(changes, expected)
        self.points.reach("looked")

    def _send(self, signed: tuple[dns.update.UpdateMessage, bytes]) -> int:
        plain = self.server
        self.server = PointedServer(plain.place, plain.key, plain.clock, self.points)
        try:
            return super()._send(signed)
        finally:
            self.server = plain


class UnfencedServerTarget(PointedTarget):
    """Test only: its message asserts each ``before``, and no fence."""

    def _message(self, whole: tuple[Change, ...]) -> dns.update.UpdateMessage:
        message = super()._message(whole)
        fence = dns.name.from_text(fence_name(self.zone))
        message.prerequisite = [each for each in message.prerequisite if each.name != fence]
        return message


@dataclass(frozen=True)
class ServedWorld(World):
    """``served`` is the zone; ``kind`` what an enactor writes to."""

    served: Zone = field(kw_only=True)
    kind: type[PointedTarget] = PointedTarget

    def target(self, target: str, points: Points | None = None) -> PointedTarget:  # type: ignore[override]
        place = place_of(target)
        assert isinstance(place, ServerPlace)
        found = self.kind(target, Server(place, self.served.key, self.clock))
        found.points = points or Points()
        return found


@contextmanager
def served_world(folder: Path, mode: Mode) -> Iterator[ServedWorld]:
    """A stream about a zone of a BIND that is there for nothing else."""
    with bind() as server:
        zone = server.zone(name=ZONE, apex=APEX)
        world = ServedWorld(folder, Embedded(folder), mode, (zone.target,), served=zone)
        world.build()
        yield world
