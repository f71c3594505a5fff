"""Pauses at BIND: SIGSTOP of a real enactor between check and message, newer plans, SIGCONT.

As in ``pauses``, the states are chosen so that the fence alone decides: the paused plan and the
newer ones change different records, so that every ``before`` of the late message still holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from plans import journal
from plans.fence import Fence
from plans.plan import Mode
from tests.processes.crew import Crew, Wire, alone
from tests.processes.points import Points, stop_at
from tests.processes.server_world import PointedTarget, ServedWorld, served_world
from tests.processes.world import STREAM, Report

# From the read of the fence to the open connection over which the message goes. From "looked" on,
# nothing but the server can refuse.
LAST: Final = ("looked", "connected")
WHERE: Final = ("fence read", "apply called", *LAST)


@dataclass(frozen=True, slots=True)
class Woken:
    """What a paused enactor did after it was woken. ``went_back``: the fence fell."""

    paused_at: str
    report: Report
    changed: bool
    went_back: bool


def pauses_at_bind(
    folder: Path, mode: Mode, pauses: int, kind: type[PointedTarget], where: tuple[str, ...] = WHERE
) -> list[Woken]:
    """Pause an enactor that often; the points take turns.

    Args:
        kind: what the paused enactor writes to. The others keep the real one.
    """
    with served_world(folder, mode) as world:
        state = {"a": 1, "b": 1, "c": 1}
        alone(lambda: world.bring(world.write_desired("start", state)))
        return [
            _round(world, state, number, point, kind)
            for number, point in enumerate(islice(cycle(where), pauses))
        ]


def _round(
    world: ServedWorld,
    state: dict[str, int],
    number: int,
    point: str,
    kind: type[PointedTarget],
) -> Woken:
    """One pause. The paused plan changes ``a``, the newer ones change ``b`` and ``c``."""
    zone = world.served
    stale_desired = world.write_desired("stale", {**state, "a": 2 + number % 200})
    stale = alone(lambda: world.approved(stale_desired))
    with Crew() as crew:
        asleep = replace(world, kind=kind)
        points = Points(stop_at(point))

        def act(_: Wire) -> Report:
            return asleep.enact(stale, "sleeper", points=points)

        sleeper = crew.start(act)
        sleeper.stopped()
        for label in "bc"[: 1 + number % 2]:  # one newer generation, or two
            state[label] = state[label] % 200 + 1
            desired = world.write_desired("newest", state)
            newest = alone(lambda desired=desired: world.bring(desired))  # type: ignore[misc]
        before = zone.records()
        assert sleeper.is_still_stopped()
        sleeper.resume()
        report = sleeper.result()
    changed = zone.records() != before
    fence = world.target(zone.target).read_fence()
    assert isinstance(fence, Fence)
    went_back = fence.generation < (newest.generation or 0)
    if changed:
        # For the next round: the newest plan is what the zone is about.
        state["a"] = 2 + number % 200
    else:
        assert world.target(zone.target).observe().state == world.records(desired)
        with world.register() as register:
            assert journal.verify(register, STREAM) > 0
    return Woken(point, report, changed, went_back)
