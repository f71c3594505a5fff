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

from plans import journal
from plans.errors import Failed, PlanfenceError
from plans.kinds.dns import RecordKey, Records
from plans.plan import Mode
from tests.simulation.invariants import Violation
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
from tests.simulation.world import NAMES, STREAM, ZONE, Shape, State, World, zone_state

TURNS_MAX = 20_000


class Drawn:
    """A policy drawn from a seed. Faults stop when ``calm`` is set."""

    def __init__(self, random: Random, jump: Callable[[timedelta], None]) -> None:
        self._random = random
        self._jump = jump
        self._last: Actor | None = None
        self._stay = random.choice((0.0, 0.5, 0.8, 0.95))
        self._rate = random.choice((0.0, 0.01, 0.03, 0.08))
        self._pauses = random.choice((0.0, 0.01, 0.03))
        self._jumps = random.choice((0.0, 0.0, 0.01))
        self._stall = random.choice((0, 1, 2, 3, 4, 5, 6))  # which write to a target is held up
        self._writes = random.sample(WRITE_FATES, random.randint(1, len(WRITE_FATES)))
        self.calm = False

    def next(self, runnable: list[Actor], deliveries: list[Delivery]) -> Actor | Delivery:
        random = self._random
        if deliveries and random.random() < 0.05:
            return random.choice(deliveries)
        if self._jumps and random.random() < self._jumps:
            self._jump(timedelta(minutes=random.choice((-60 * 24, -60, -1, 1, 60, 60 * 30))))
        if self._last in runnable and random.random() < self._stay:
            return self._last
        self._last = random.choice(runnable)
        return self._last

    def fate(self, actor: Actor) -> Fate | int:
        random = self._random
        if self.calm or actor.at == "start":
            return Fate.GO
        if ".apply" in (actor.at or "") and self._stall > 0:
            self._stall -= 1
            if self._stall == 0:
                return random.choice((100, 200, 300, 500))
        if random.random() < self._pauses * _weight(actor):
            return random.choice((10, 30, 100, 300, 300, 1000, NEVER))
        if random.random() < self._rate * (3 if actor.writes else 1):
            return random.choice(self._writes if actor.writes else READ_FATES)
        return Fate.GO


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
        limits=random.choice(((2, None), (1, 2), (None, None))),
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
    if random.random() < 0.7:
        world.bring(_next_state(world, random))
    policy = Drawn(random, lambda delta: _jump(world, delta))
    _people_and_processes(world, random)
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
    try:
        journal.verify(world.register, STREAM)
    except Failed as broken:
        raise Violation("G7", str(broken)) from broken
    world.sim.tell(f"ends as {_fingerprint(world)}")


def _jump(world: World, delta: timedelta) -> None:
    world.clock.wall += delta
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


def _next_state(world: World, random: Random) -> State:
    """Another desired state: a few records changed, added or removed; now and then an old one."""
    if len(world.repository.commits) > 1 and random.random() < 0.25:
        return dict(random.choice(world.repository.commits))
    state = dict(world.desired)
    for name in random.sample(NAMES, random.choice((1, 1, 2, 3))):
        key = RecordKey(f"{name}.{ZONE}", "A")
        if key in state and random.random() < 0.3:
            del state[key]
        else:
            state[key] = Records(300, (f"192.0.2.{random.randint(1, 9)}",))
    if len(state) == 1:  # never-empty is a guard, and has tests of its own
        state = zone_state(a=random.randint(1, 9))
    return state


def _repeat(world: World, times: int, act: Callable[[], object]) -> Callable[[], None]:
    """One process after the other, like a schedule that starts a command again."""

    def body() -> None:
        for _ in range(times):
            try:
                act()
            except PlanfenceError as error:
                world.sim.tell(f"refused: {error}")

    return body


def _people_and_processes(world: World, random: Random) -> None:
    """Who takes part in this schedule. Always a release train, a reviewer and an enactor."""

    def spawn(name: str, times: int, act: Callable[[], object]) -> None:
        world.sim.spawn(name, _repeat(world, times, act))

    def author() -> None:
        world.sim.operate("git.commit", lambda: world.commit(_next_state(world, random)))

    spawn("author", random.randint(1, 3), author)
    for number in range(random.choice((1, 2, 3))):
        name = f"T{number + 1}"
        spawn(name, random.randint(2, 4), lambda name=name: _train(world, random, name))  # type: ignore[misc]
    for number in range(random.choice((0, 1, 2))):
        spawn(f"P{number + 1}", random.randint(1, 2), lambda: world.plan("P"))
    for number in range(random.choice((1, 2, 3))):
        name = f"E{number + 1}"
        spawn(name, random.randint(1, 3), lambda name=name: world.enact(name))  # type: ignore[misc]
    spawn("rita", random.randint(1, 3), world.approve)
    extras: list[tuple[str, Callable[[], object]]] = [
        ("CI", lambda: _ci_job(world)),
        ("old-CI", lambda: world.plan("old-CI", pinned=0)),
        ("roy", lambda: world.reject(by="roy")),
        ("olaf", lambda: _hold_and_release(world)),
        ("oda", lambda: _override(world, random)),
        ("janitor", lambda: _adversary(world, random)),
        ("hand", lambda: _hand(world, random)),
        ("admin", lambda: world.set(plan_hours=random.randint(100, 200))),
    ]
    for name, act in extras:
        if random.random() < 0.25:
            spawn(name, random.randint(1, 2), act)


def _train(world: World, random: Random, name: str) -> None:
    """One change from commit to enactment, whatever else goes on; other people's plans included."""
    world.sim.operate("git.commit", lambda: world.commit(_next_state(world, random)))
    world.plan(name)
    found = world.approve()
    if random.random() < 0.5:
        world.enact(name, found.plan.generation, found.digest)
    else:
        world.enact(name)


def _ci_job(world: World) -> None:
    """Enacts what it read when it was written: generation and digest by name."""
    found = world.published()
    world.sim.operate("CI waits for its turn", lambda: None)
    world.enact("CI", found.plan.generation, found.digest)


def _hold_and_release(world: World) -> None:
    world.hold()
    world.sim.operate("olaf thinks", lambda: None)
    world.release()


def _override(world: World, random: Random) -> None:
    """An emergency: another state, published as an override, approved by a colleague, enacted."""
    outcome = world.plan("oda", loose=_next_state(world, random), origin="override")
    if outcome.outcome != "published" or outcome.published is None:
        return
    world.approve(outcome.generation, by="otto")
    world.enact("oda", outcome.generation, outcome.digest)


def _adversary(world: World, random: Random) -> None:
    keys = world.archive.everything()
    if keys:
        key = random.choice(keys)
        if random.random() < 0.6:
            world.bury(key)
        else:
            world.lose(key)


def _hand(world: World, random: Random) -> None:
    target = random.choice(tuple(world.zones))
    if random.random() < 0.4:
        world.lose_fence(target)
        return
    state = dict(world.zones[target].state)
    state[RecordKey(f"{random.choice(NAMES)}.{ZONE}", "A")] = Records(
        300, (f"198.51.100.{random.randint(1, 9)}",)
    )
    world.drift(target, state)


__all__ = ["Violation", "run_seed", "trace_hash"]
