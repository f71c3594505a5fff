"""Every schedule of a small world, up to a bound: two enactors, two generations, a janitor.

g1 is applied; E1 enacts g2, E2 enacts g3, J prunes. All schedules are run that have at most
``preemptions`` switches away from a process that could go on, and at most ``faults`` faults. Who
goes on where one has ended is always chosen in every way.

A crash is tried before a process's first write and after each of its writes, which is every crash
there is: between two writes a process changes nothing, so that it does not matter where it died. An
answer is lost at each write. The order of every two operations is tried, as far as the bound goes.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plans import journal
from plans.errors import Failed
from plans.plan import Mode
from plans.pruning import Janitor, prune
from tests.simulation.invariants import Violation
from tests.simulation.recovery import recover
from tests.simulation.scheduler import Actor, Fate
from tests.simulation.world import STREAM, Shape, World, zone_state

STEPS_MAX = 2_000
_REFERENCES = ("stream", "register", "zones", "ledger", "reach")


@dataclass(frozen=True, slots=True)
class Turn:
    """Which process goes on, by its place, and with which fate."""

    place: int
    fate: Fate = Fate.GO


@dataclass(frozen=True, slots=True)
class Bound:
    """How far from one after the other, without faults, a schedule may be."""

    preemptions: int
    faults: int


Turns = dict[int, Turn]
"""Of a schedule, the turns that are not as they would be by themselves."""


def schedules(mode: Mode, bound: Bound, part: int = 0, parts: int = 1) -> Iterator[Turns]:
    """Run every schedule within the bound, and tell it; of ``parts``, only this one.

    Raises:
        Violation: with the schedule and its story.
    """
    scene = _scene(mode)
    waiting: list[tuple[Turns, Bound]] = [({}, bound)]
    seen = 0
    while waiting:
        turns, left = waiting.pop()
        more = _run(scene, mode, turns, left)
        if not turns:  # the first turns away are dealt out, and each is followed to its end
            more = [each for number, each in enumerate(more) if number % parts == part]
        waiting += more
        seen += 1
        if turns or part == 0:
            yield turns


def _run(scene: World, mode: Mode, turns: Turns, left: Bound) -> list[tuple[Turns, Bound]]:
    """Run one schedule to its end; return those that differ from it in one later turn."""
    world = _copy(scene, mode)
    actors = _actors(world)
    more: list[tuple[Turns, Bound]] = []
    wrote: set[int] = set()
    current = 0
    last_given = max(turns, default=-1)
    try:
        for number in range(STEPS_MAX):
            awake = [place for place, actor in enumerate(actors) if not actor.ended]
            if not awake:
                break
            default = Turn(current if current in awake else awake[0])
            if number > last_given:
                for turn, cost in _others(actors, awake, default, current, wrote):
                    rest = Bound(left.preemptions - cost.preemptions, left.faults - cost.faults)
                    if rest.preemptions >= 0 and rest.faults >= 0:
                        more.append(({**turns, number: turn}, rest))
            turn = turns.get(number, default)
            actor = actors[turn.place]
            if actor.writes:
                wrote.add(turn.place)
            world.sim.step(actor, turn.fate)
            current = turn.place
        recover(world)
        journal.verify(world.register, STREAM)
    except Failed as broken:
        raise Violation("G7", f"{broken}\n{turns}\n{world.sim}") from broken
    except Violation as violation:
        violation.add_note(f"{mode}, {turns}\n{world.sim}")
        raise
    return more


def _others(
    actors: list[Actor], awake: list[int], default: Turn, current: int, wrote: set[int]
) -> Iterator[tuple[Turn, Bound]]:
    """The other turns that could be taken here, and what each costs of the bound."""
    for place in awake:
        switch = int(current in awake and place != current)
        if place != default.place:
            yield Turn(place), Bound(switch, 0)
        if actors[place].writes:
            for fate in (Fate.LOST_RESPONSE, Fate.CRASH_AFTER):
                yield Turn(place, fate), Bound(switch, 1)
            if place not in wrote:
                yield Turn(place, Fate.CRASH_BEFORE), Bound(switch, 1)


def _actors(world: World) -> list[Actor]:
    janitor = Janitor(
        STREAM, world.seen_archive, world.seen_register, world.clock, world.new_id, "J"
    )
    return [
        world.enactor("E1", 2),
        world.enactor("E2", 3),
        world.sim.spawn("J", lambda: list(prune(janitor))),
    ]


def _shape(mode: Mode) -> Shape:
    return Shape(mode, approvals=0, limits=(None,), targets=1)


def _scene(mode: Mode) -> World:
    world = World(_shape(mode))
    world.commit(zone_state(a=1, b=1))
    world.plan()
    world.enact()
    for state in (zone_state(a=2), zone_state(a=1, b=1, c=3)):  # so that only the fence is between
        world.commit(state)
        world.plan()
    return world


def _copy(scene: World, mode: Mode) -> World:
    """The scene again, so that it need not be made anew for every schedule."""
    world = World(_shape(mode))
    pairs: list[tuple[Any, Any]] = [
        (scene.archive, world.archive),
        (scene.register, world.register),
        (scene.repository, world.repository),
        (scene.new_id, world.new_id),
        (scene.watch, world.watch),
        (scene.watch.ledger, world.watch.ledger),
        (scene.watch.reach, world.watch.reach),
        (scene.watch.digests, world.watch.digests),
        (scene.watch.permission, world.watch.permission),
        *((scene.zones[name], world.zones[name]) for name in scene.zones),
    ]
    for old, new in pairs:
        for name, value in vars(old).items():
            if name not in _REFERENCES and not hasattr(value, "__dict__"):
                setattr(new, name, _copied(value))
    world.sim.turn = scene.sim.turn
    return world


def _copied(value: Any) -> Any:
    """A container with the containers in it; what is in those is never changed."""
    if isinstance(value, dict) and any(isinstance(each, list) for each in value.values()):
        return {name: copy.copy(each) for name, each in value.items()}
    return copy.copy(value) if isinstance(value, dict | list | set) else value
