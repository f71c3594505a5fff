"""Who takes part in a seeded schedule, and what each of them does. Every act is the real code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Literal, NamedTuple

from planner.overriding import kept_state
from planner.planning import Outcome
from plans.decisions import read_approvals, read_hold
from plans.document import encode
from plans.errors import PlanfenceError
from plans.kinds.dns import RecordKey, Records
from plans.marks import Pin, as_pin, pin, unpin
from plans.names import JUMP_MAX, blob_key, generation_of_key, pin_key, plan_key
from plans.plan import Plan
from plans.pruning import Janitor, prune
from plans.settings import read_settings
from tests.simulation.scheduler import Actor
from tests.simulation.world import LEASE_SECONDS, NAMES, STREAM, ZONE, State, World, zone_state


def _some_time(world: World, random: Random, act: Callable[[], object]) -> None:
    """People do not come when a schedule begins."""
    world.clock.sleep(random.choice((0, 0, 40, 80, 160)))
    act()


class Loss(NamedTuple):
    """A planner that is held up before it creates its plan, and who makes the archive lose what was
    published meanwhile (F7)."""

    slow: Actor
    restorer: Actor


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


def cast(world: World, random: Random) -> Loss | None:
    """Who takes part in this schedule. Always a release train, a reviewer and an enactor."""
    bent = random.random() < 0.3  # clocks that differ, in step and in rate

    def spawn(name: str, times: int, act: Callable[[], object]) -> Actor:
        actor = world.sim.spawn(name, _repeat(world, times, act))
        if bent:
            actor.rate = random.choice((0.5, 0.8, 1.0, 1.25, 2.0))
            actor.skew_seconds = random.choice((-3600, -60, 0, 0, 60, 3600))
        return actor

    loses = random.random() < 0.2  # then there is less else, so that it is what happens
    for number in range(1 if loses else random.choice((1, 2))):
        name = f"T{number + 1}"
        times = 1 if loses else random.randint(1, 3)
        spawn(name, times, lambda name=name: _train(world, random, name))  # type: ignore[misc]
    for number in range(random.choice((0, 0, 1, 2))):
        spawn(f"P{number + 1}", 1, lambda: world.plan("P"))
    for number in range(random.choice((1, 1, 2, 3))):
        name = f"E{number + 1}"
        spawn(name, random.randint(1, 2), lambda name=name: _enact(world, random, name))  # type: ignore[misc]
    extras: list[tuple[str, float, Callable[[], object]]] = [
        ("rita", 0.5, world.approve),
        ("janitor", 0.5, lambda: prune_once(world)),
        ("CI", 0.25, lambda: _ci_job(world)),
        ("old-CI", 0.15, lambda: world.plan("old-CI", pinned=0)),
        ("roy", 0.15, lambda: world.reject(by="roy")),
        ("olaf", 0.15, lambda: _hold_and_release(world, random)),
        ("oda", 0.15, lambda: _override(world, random)),
        ("ron", 0.12, lambda: _roll_back(world, random)),
        ("pia", 0.4, lambda: _pin_and_unpin(world, random)),
        ("thief", 0.15, lambda: _adversary(world, random)),
        ("hand", 0.12, lambda: _hand(world, random)),
        ("admin", 0.12, lambda: _admin(world, random)),
    ]
    for name, chance, act in extras:
        if random.random() < (chance / 2 if loses else chance):
            spawn(name, random.randint(1, 2), partial(_some_time, world, random, act))
    if not loses:
        return None
    spawn("late", 1, lambda: _late(world, random))
    return Loss(
        spawn("slow", 1, lambda: _slow(world, random)),
        spawn("restorer", 1, lambda: _restore_newest(world, random)),
    )


def _enact(world: World, random: Random, name: str) -> None:
    world.enact(name, wait_seconds=random.choice((0.0, 2.0 * LEASE_SECONDS)))


def _train(world: World, random: Random, name: str) -> None:
    """One change from commit to enactment, whatever else goes on; other people's plans included."""
    world.sim.operate("git.commit", lambda: world.commit(next_state(world, random)))
    world.plan(name)
    asks = world.shape.approvals > 0 or random.random() < 0.5
    found = world.approve() if asks else world.published()
    world.sim.operate("CI waits for its turn", lambda: None)
    if random.random() < 0.5:
        world.enact(name, found.plan.generation, found.digest)
    else:
        _enact(world, random, name)


def _slow(world: World, random: Random) -> None:
    if random.random() < 0.5:
        world.sim.operate("git.commit", lambda: world.commit(next_state(world, random)))
    outcome = world.plan("slow")
    if random.random() < 0.5:
        world.approve(outcome.generation, by="sue")


def _late(world: World, random: Random) -> None:
    world.clock.sleep(random.choice((20, 40, 60, 90)))
    _enact(world, random, "late")


def _ci_job(world: World) -> None:
    """Enacts what it read when it was written: generation and digest by name."""
    found = world.published()
    world.sim.operate("CI waits for its turn", lambda: None)
    world.enact("CI", found.plan.generation, found.digest)


def _hold_and_release(world: World, random: Random) -> None:
    lasting = random.choice((None, None, timedelta(seconds=100)))
    world.hold(lasting=lasting)
    world.clock.sleep(random.choice((1, 1, 30, 60)))
    if lasting is None:
        world.release()


def _override(world: World, random: Random) -> None:
    """An emergency: another state, published as an override, approved or not, enacted."""
    held = random.random() < 0.5
    if held and read_hold(world.seen_register, STREAM, world.clock.now()) is None:
        world.hold(by="oda")
    outcome = world.plan("oda", loose=next_state(world, random), origin="override")
    _put_through(world, random, outcome, "oda")
    if held or random.random() < 0.5:
        world.release(outcome.generation, by="oda")


def _roll_back(world: World, random: Random) -> None:
    """The desired state of a generation that is kept, or is not any more."""
    settings = read_settings(world.seen_register, STREAM)
    found = world.published()
    generation = max(1, found.plan.generation - random.choice((1, 1, 2)))
    given = kept_state(world.seen_archive, settings, generation)
    outcome = world.plan("ron", given=given, origin="rollback")
    _put_through(world, random, outcome, "ron")
    world.release(outcome.generation, by="ron")


def _put_through(world: World, random: Random, outcome: Outcome, by: str) -> None:
    assert outcome.published is not None
    plan, digest = outcome.published.plan, outcome.published.digest
    world.record_override(outcome.published, by)
    if random.random() < 0.4:
        world.approve(plan.generation, by=by, emergency="simulated")
    else:
        world.approve(plan.generation, by="otto")
    world.enact(by, plan.generation, digest, wait_seconds=2.0 * LEASE_SECONDS)


def _pin_and_unpin(world: World, random: Random) -> None:
    """Keeps a plan, an old one often; and maybe takes that back."""
    found = world.published()
    head = found.plan.generation
    generation = random.choice((1, 1, max(1, head - 2), max(1, head - 1), head))
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


def prune_once(world: World) -> None:
    """A janitor's pass."""
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
    """Somebody at the archive itself: what is newest is what others rely on now."""
    keys = world.archive.everything()
    if not keys:
        return
    numbers = sorted({_number(key) for key in keys})
    newest = [key for key in keys if _number(key) == numbers[-1]]
    key = random.choice(newest if random.random() < 0.5 else keys)
    what = random.random()
    if what < 0.4:
        world.bury(key)
    elif what < 0.7:
        world.lose(key)
    elif what < 0.85:
        _restore(world, random.choice(numbers[-3:]))
    else:
        _smuggle(world, random)


def _number(key: str) -> int:
    """The generation that an object belongs to."""
    return generation_of_key(key) or int(key.split("/")[-2])


def _restore(world: World, generation: int) -> None:
    """The archive is put back to what it was before a generation: all from there on is gone."""
    for key in world.archive.everything():
        if _number(key) >= generation:
            world.lose(key)


def _restore_newest(world: World, random: Random) -> None:
    """Strikes where it hurts most: a plan is published, maybe approved, and not yet claimed."""
    wanted = random.choice(("published", "approved"))
    newest = 0
    for _ in range(100):
        newest = max(map(_number, world.archive.everything()), default=0)
        is_approved = any(read_approvals(world.register, STREAM, newest))
        if newest > world.desired_generation and (is_approved or wanted == "published"):
            break
        world.clock.sleep(2)
    if random.random() < 0.8:
        world.lose_plan(newest)  # not the attachments: those of the slow planner are among them
    else:
        _restore(world, newest)


def _smuggle(world: World, random: Random) -> None:
    """A plan is copied to where it does not belong: of another lineage, or far above the others."""
    found = world.published()
    head = max(_number(key) for key in world.archive.everything())
    if random.random() < 0.5:
        plan = found.plan.model_copy(update={"lineage": "2" * 32, "generation": head + 1})
    else:
        plan = found.plan.model_copy(update={"generation": head + 2 * JUMP_MAX})
    world.sim.operate("adversary.copy", lambda: _copy_in(world, found.plan, plan))


def _copy_in(world: World, original: Plan, plan: Plan) -> None:
    body, stream, generation = encode(plan), plan.stream, plan.generation
    if world.archive.read(plan_key(stream, generation)) is not None:
        return
    world.watch.smuggled(body)
    for entry in original.attachments:
        blob = world.archive.read(blob_key(stream, original.generation, entry.digest))
        if blob is not None:
            world.archive.create(blob_key(stream, generation, entry.digest), blob.body)
    world.archive.create(plan_key(stream, generation), body)


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
