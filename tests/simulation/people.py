"""Who takes part in a seeded schedule, and what each of them does. Every act is the real code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Literal

from planner.overriding import kept_state
from plans.decisions import read_hold
from plans.errors import PlanfenceError
from plans.kinds.dns import RecordKey, Records
from plans.marks import Pin, as_pin, pin, unpin
from plans.names import pin_key
from plans.pruning import Janitor, prune
from plans.settings import read_settings
from tests.simulation.world import LEASE_SECONDS, NAMES, STREAM, ZONE, State, World, zone_state


def next_state(world: World, random: Random) -> State:
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


def cast(world: World, random: Random) -> None:
    """Who takes part in this schedule. Always a release train, a reviewer and an enactor."""
    bent = random.random() < 0.3  # clocks that differ, in step and in rate

    def spawn(name: str, times: int, act: Callable[[], object]) -> None:
        actor = world.sim.spawn(name, _repeat(world, times, act))
        if bent:
            actor.rate = random.choice((0.5, 0.8, 1.0, 1.25, 2.0))
            actor.skew_seconds = random.choice((-3600, -60, 0, 0, 60, 3600))

    for number in range(random.choice((1, 1, 2))):
        name = f"T{number + 1}"
        spawn(name, random.randint(1, 3), lambda name=name: _train(world, random, name))  # type: ignore[misc]
    for number in range(random.choice((0, 0, 1, 2))):
        spawn(f"P{number + 1}", 1, lambda: world.plan("P"))
    for number in range(random.choice((1, 1, 2, 3))):
        name = f"E{number + 1}"
        spawn(name, random.randint(1, 2), lambda name=name: _enact(world, random, name))  # type: ignore[misc]
    extras: list[tuple[str, float, Callable[[], object]]] = [
        ("rita", 0.5, world.approve),
        ("janitor", 0.5, lambda: _prune(world)),
        ("CI", 0.15, lambda: _ci_job(world)),
        ("old-CI", 0.15, lambda: world.plan("old-CI", pinned=0)),
        ("roy", 0.15, lambda: world.reject(by="roy")),
        ("olaf", 0.15, lambda: _hold_and_release(world, random)),
        ("oda", 0.15, lambda: _override(world, random)),
        ("ron", 0.12, lambda: _roll_back(world, random)),
        ("pia", 0.3, lambda: _pin_and_unpin(world, random)),
        ("thief", 0.12, lambda: _adversary(world, random)),
        ("hand", 0.12, lambda: _hand(world, random)),
        ("admin", 0.12, lambda: _admin(world, random)),
    ]
    for name, chance, act in extras:
        if random.random() < chance:
            spawn(name, random.randint(1, 2), act)


def _enact(world: World, random: Random, name: str) -> None:
    world.enact(name, wait_seconds=random.choice((0.0, 2.0 * LEASE_SECONDS)))


def _train(world: World, random: Random, name: str) -> None:
    """One change from commit to enactment, whatever else goes on; other people's plans included."""
    world.sim.operate("git.commit", lambda: world.commit(next_state(world, random)))
    world.plan(name)
    found = world.approve()
    if random.random() < 0.5:
        world.enact(name, found.plan.generation, found.digest)
    else:
        _enact(world, random, name)


def _ci_job(world: World) -> None:
    """Enacts what it read when it was written: generation and digest by name."""
    found = world.published()
    world.sim.operate("CI waits for its turn", lambda: None)
    world.enact("CI", found.plan.generation, found.digest)


def _hold_and_release(world: World, random: Random) -> None:
    lasting = random.choice((None, None, timedelta(seconds=100)))
    world.hold(lasting=lasting)
    world.sim.operate("olaf thinks", lambda: None)
    if lasting is None:
        world.release()


def _override(world: World, random: Random) -> None:
    """An emergency: another state, published as an override, approved or not, enacted."""
    held = random.random() < 0.5
    if held and read_hold(world.seen_register, STREAM, world.clock.now()) is None:
        world.hold(by="oda")
    outcome = world.plan("oda", loose=next_state(world, random), origin="override")
    _put_through(world, random, outcome.generation, outcome.digest, "oda")
    if held or random.random() < 0.5:
        world.release(outcome.generation, by="oda")


def _roll_back(world: World, random: Random) -> None:
    """The desired state of a generation that is kept, or is not any more."""
    settings = read_settings(world.seen_register, STREAM)
    found = world.published()
    generation = max(1, found.plan.generation - random.choice((1, 1, 2)))
    given = kept_state(world.seen_archive, settings, generation)
    outcome = world.plan("ron", given=given, origin="rollback")
    _put_through(world, random, outcome.generation, outcome.digest, "ron")
    world.release(outcome.generation, by="ron")


def _put_through(
    world: World, random: Random, generation: int | None, digest: str | None, by: str
) -> None:
    if random.random() < 0.4:
        world.approve(generation, by=by, emergency="simulated")
    else:
        world.approve(generation, by="otto")
    world.enact(by, generation, digest, wait_seconds=2.0 * LEASE_SECONDS)


def _pin_and_unpin(world: World, random: Random) -> None:
    """Keeps a plan, an old one often; and maybe takes that back."""
    found = world.published()
    generation = max(1, found.plan.generation - random.choice((0, 2, 3, 4)))
    plan = world.published(generation)
    key = pin_key(STREAM, generation)
    wanted = _a_pin(world, plan.digest, "pinned")
    pin(world.seen_register, STREAM, generation, wanted)
    if random.random() < 0.5:
        before = as_pin(world.seen_register.read(key), STREAM, generation)
        if before is not None:
            after = _a_pin(world, plan.digest, "unpinned")
            unpin(world.seen_register, STREAM, generation, before, after)


def _a_pin(world: World, digest: str, state: Literal["pinned", "unpinned"]) -> Pin:
    return Pin(
        state=state,
        digest=digest,
        by="pia",
        reason="simulated",
        at=world.clock.now(),
        attempt=world.new_id(),
    )


def _prune(world: World) -> None:
    janitor = Janitor(
        STREAM, world.seen_archive, world.seen_register, world.clock, world.new_id, "janitor"
    )
    if len(set(world.watch.highest.values())) > 1:
        world.watch.hits["F6"] += 1  # while one target is behind another
    for told in prune(janitor):
        world.sim.tell(f"prune: {told.deed} {told.generation} [{told.rule}]")


def _admin(world: World, random: Random) -> None:
    """Changes how long plans and approvals stand."""
    world.set(plan_hours=random.choice((1, 100)), approval_hours=random.choice((1, 24)))


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
