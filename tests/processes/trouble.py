"""A pass in trouble: nothing is half written, and the next pass without trouble completes.

What the trouble is (a full disk, an endpoint that goes away, a lost answer) is passed in; what must
hold is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from plans.plan import Mode
from tests.processes.crew import alone
from tests.processes.evidence import (
    check_applied,
    check_whole,
    published_generations,
    snapshot,
)
from tests.processes.points import Points
from tests.processes.stores import StoresAt
from tests.processes.world import Report, World

BEGINNING: Final = {"www": 1, "mail": 1}
WANTED: Final = {"www": 2, "mail": 2, "new": 3}

Pass = Callable[[World, Points], Report]


class Trouble(Protocol):
    """Lets passes run in trouble, each in a process of its own."""

    def run(self, world: World, pass_: Pass) -> Report: ...

    def after_all(self) -> None:
        """What the trouble still has in store when all is done."""
        ...


@dataclass(frozen=True, slots=True)
class Ended:
    """A pass in trouble, and what it left: the zone files as they were, or whole new ones.

    ``done_after`` is how the pass without trouble ended that came next.
    """

    at: str
    report: Report
    zones_changed: int
    published: int
    done_after: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A world, what is wanted in it, and the approved plan that asks for it, if there is one."""

    world: World
    desired: Path
    plan: Report | None = None

    def again(self, folder: Path) -> Scene:
        """A copy, so that the scene can be played once more."""
        world = self.world.copied(folder)
        return replace(self, world=world, desired=folder / self.desired.name)


Play = Callable[[Trouble, str, Scene], Ended]


def to_publish(stores_at: StoresAt, folder: Path, mode: Mode, *, begun: bool = True) -> Scene:
    """Nothing is planned yet; one generation was applied before, if the world has ``begun``."""
    world = World(folder, stores_at(folder), mode).build()
    if begun:
        world.bring(world.write_desired("beginning", BEGINNING))
    return Scene(world, world.write_desired("wanted", WANTED))


def to_enact(stores_at: StoresAt, folder: Path, mode: Mode, *, begun: bool = True) -> Scene:
    """Nothing is enacted yet of the plan that is approved; otherwise as ``to_publish``."""
    scene = to_publish(stores_at, folder, mode, begun=begun)
    return replace(scene, plan=scene.world.approved(scene.desired))


def enact_in(trouble: Trouble, at: str, scene: Scene) -> Ended:
    """Enact in trouble, look at what is there, then enact without, which must complete."""
    world, plan = scene.world, scene.plan
    assert plan is not None
    before = snapshot(world)
    report = trouble.run(world, lambda seen, points: seen.enact(plan, points=points))
    after = snapshot(world)
    changed = sum(before[target] != after[target] for target in world.targets)
    check_whole(world)  # every version of every zone file parses, or this raises
    last = alone(lambda: world.enact(plan))
    assert last.outcome in ("applied", "already_applied"), last
    trouble.after_all()
    check_applied(world, plan, scene.desired)
    check_whole(world)
    return Ended(at, report, changed, 0, last.outcome)


def publish_in(trouble: Trouble, at: str, scene: Scene) -> Ended:
    """Plan in trouble, look at what is there, then plan without, which must publish."""
    world, desired = scene.world, scene.desired
    before, had = snapshot(world), published_generations(world)
    report = trouble.run(world, lambda seen, points: seen.plan(desired, points=points))
    published = published_generations(world)
    plan = alone(lambda: world.plan(desired))
    assert plan.outcome == ("published" if published == had else "pending"), plan
    assert plan.generation == len(had) + 1, "a number was lost"
    assert snapshot(world) == before
    trouble.after_all()
    assert published_generations(world) == [*had, len(had) + 1]
    alone(lambda: world.approve(len(had) + 1))
    alone(lambda: world.enact(plan))
    check_applied(world, plan, desired)
    check_whole(world)
    return Ended(at, report, 0, len(published) - len(had), plan.outcome)
