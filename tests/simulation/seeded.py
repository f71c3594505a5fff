"""One seeded schedule: actors, faults and interleaving all drawn from one seed.

Each seed draws its own mixture first (which faults, how often, how sticky the scheduler is, who
takes part), because a schedule in which everything happens explores little of anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Literal

from plans import journal
from plans.errors import Failed
from plans.plan import Mode
from tests.simulation.invariants import Violation
from tests.simulation.people import Loss, cast, next_state, prune_once
from tests.simulation.recovery import recover
from tests.simulation.scheduler import (
    NEVER,
    READ_FATES,
    WRITE_FATES,
    Actor,
    Delivery,
    Fate,
    Scheduler,
)
from tests.simulation.world import STREAM, Shape, World

TURNS_MAX = 20_000
LEASES: tuple[Literal["off", "on", "granted"], ...] = ("off", "on", "off", "granted")


_JUMPS_MINUTES = (-60 * 24, -60, -1, 1, 60, 60 * 30, 60 * 200)


class Drawn:
    """A policy drawn from a seed. Faults stop when ``calm`` is set."""

    def __init__(self, random: Random, jump: Callable[[timedelta], None]) -> None:
        self._random = random
        self._jump = jump
        self._last: Actor | None = None
        self._stay = random.choice((0.0, 0.5, 0.8, 0.95))
        self._rate = random.choice((0.0, 0.01, 0.03, 0.08))
        self._pauses = random.choice((0.0, 0.01, 0.03))
        self._jumps = random.choice((0.0, 0.0, 0.02))
        # Which write is held up: the n-th of these.
        self._stalled = random.choice(
            (".apply",) * 7 + ("write claimed", "write fence#", "write fence#", "write marked")
        )
        self._stall = random.randint(0, 6) if self._stalled == ".apply" else random.randint(1, 2)
        self._loss: Loss | None = None
        self._patience = 100
        self._writes = random.sample(WRITE_FATES, random.randint(1, len(WRITE_FATES)))
        self.calm = False

    def expect(self, loss: Loss | None) -> None:
        """Make room for what shall happen, if something shall."""
        self._loss = loss
        if loss is not None:
            self._rate = min(self._rate, 0.01)
            self._pauses = self._jumps = 0.0

    def next(self, runnable: list[Actor], deliveries: list[Delivery]) -> Actor | Delivery:
        random = self._random
        if deliveries and random.random() < 0.05:
            return random.choice(deliveries)
        if self._jumps and random.random() < self._jumps:
            self._jump(timedelta(minutes=random.choice(_JUMPS_MINUTES)))
        if self._loss is not None and self._loss.slow in runnable and random.random() < 0.5:
            return self._loss.slow
        if self._last in runnable and random.random() < self._stay:
            return self._last
        self._last = random.choice(runnable)
        return self._last

    def fate(self, actor: Actor) -> Fate | int:
        random = self._random
        if self.calm or actor.at is None or actor.at == "start":
            return Fate.GO
        if self._is_held_up(actor):
            return 20
        if self._stalled in actor.at and self._stall > 0:
            self._stall -= 1
            if self._stall == 0:
                return random.choice((100, 200, 300, 500))
        if actor.at.startswith("CI waits") and random.random() < 0.3:
            return random.choice((50, 100, 200))
        if random.random() < self._pauses * _weight(actor):
            return random.choice((10, 30, 100, 300, 300, 1000, NEVER))
        if random.random() < self._rate * (3 if actor.writes else 1):
            return random.choice(self._writes if actor.writes else READ_FATES)
        return Fate.GO

    def _is_held_up(self, actor: Actor) -> bool:
        """In a schedule in which a number is lost: the slow planner waits for that, and those who
        rely on the lost plan wait, most of the time, for what the slow planner makes of it."""
        if self._loss is None or actor.at is None:
            return False
        if actor is self._loss.slow:
            waits = not self._loss.restorer.ended and actor.at.startswith("archive.create plan")
        else:
            relies = actor.at.startswith(("register.write claimed", "CI waits"))
            waits = relies and not self._loss.slow.ended and self._random.random() < 0.9
        self._patience -= waits
        return waits and self._patience > 0


def _weight(actor: Actor) -> int:
    """A process that stalls right before a write is what every fence is for."""
    if not actor.writes:
        return 1
    return 12 if ".apply" in (actor.at or "") else 3


def run_seed(seed: int, mode: Mode, mutate: Shape | None = None) -> World:
    """Run one schedule to its end and check everything.

    Raises:
        Violation: an invariant does not hold; its ``story`` is the schedule.
    """
    random = Random(seed)
    base = mutate or Shape()
    shape = replace(
        base,
        mode=mode,
        approvals=random.choice((0, 1, 1)),
        retain_count=random.choice((1, 2, 3)),
        prune_grace_hours=seed % 3 // 2,
        approval_hours=24 if seed % 5 else 1,
        limits=random.choice(((2, None), (1, 2), (None, None))),
        lease=base.lease if mutate else LEASES[seed // 2 % len(LEASES)],
    )
    world = World(shape)
    try:
        _chaos(world, random)
    except AssertionError as error:
        name = f"seed {seed}, {mode}"
        error.add_note(f"{name}\n{world.sim}")
        raise
    return world


def _chaos(world: World, random: Random) -> None:
    for _ in range(random.choice((0, 1, 1, 2))):
        state = next_state(world, random)
        if state != world.t1.state or not world.watch.claims:
            world.bring(state)
    policy = Drawn(random, lambda delta: _jump(world, delta))
    policy.expect(cast(world, random))
    world.sim.run(policy, TURNS_MAX)
    while world.sim.deliveries:  # what is still under way arrives, but nobody new goes astray
        world.sim.deliver(random.choice(world.sim.deliveries))
    policy.calm = True
    recover(world)
    sleepers = [actor for actor in world.sim.actors if not actor.ended]
    for actor in sleepers:
        actor.wakes = 0
    world.sim.run(policy, TURNS_MAX)
    if sleepers:
        recover(world)
    if random.random() < 0.25:
        _tidy_up(world)
    try:
        journal.verify(world.register, STREAM)
    except Failed as broken:
        raise Violation("G7", str(broken)) from broken
    if world.watch.touched_files:
        world.watch.hits["F2"] += 1
    if world.sim.lost_answers:
        world.watch.hits["F8"] += 1
    world.sim.tell(f"ends as {_fingerprint(world)}")


def _tidy_up(world: World) -> None:
    """When all is well, nobody needs what the janitor lets go: two passes, a grace apart."""
    for _ in range(2):
        world.clock.wall += timedelta(hours=2)
        prune_once(world)
    recover(world)


def _jump(world: World, delta: timedelta) -> None:
    world.clock.wall += delta
    world.watch.jumped()
    world.sim.tell(f"the wall clock jumps by {delta}")


def _fingerprint(world: World) -> str:
    """What is left, as a digest: plan bytes, fences and states included."""
    rest = hashlib.sha256()
    for key in world.archive.everything():
        stored = world.archive.read(key)
        assert stored is not None
        rest.update(f"{key} {stored.etag}\n".encode())
    for zone in world.zones.values():
        rest.update(f"{zone.id} {zone.fence} {sorted(zone.state.items())}\n".encode())
    rest.update(str(dict(world.pointer)).encode())
    return rest.hexdigest()


def trace_hash(sim: Scheduler) -> str:
    return hashlib.sha256(str(sim).encode()).hexdigest()


__all__ = ["Violation", "run_seed", "trace_hash"]
