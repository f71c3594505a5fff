"""A fence record that others delete twice falls, and that is all: the one way that the model found.

A creation has only the record's absence to compare with, and one absence is like another. So a
pass that saw the first, and slept while a newer one created the record and others deleted it again,
creates it under its own, older generation (``docs/model.md``). No read before it could tell: it
would not be of one instant with it. What holds is that a creation carries no change, and that the
pointer is read after it.
"""

from __future__ import annotations

import pytest

from enactor import steps
from plans.errors import Superseded
from plans.fence import Fence
from plans.plan import Mode
from tests.simulation.invariants import Violation
from tests.simulation.recovery import recover
from tests.simulation.scheduler import Actor
from tests.simulation.world import Shape, World, zone_state

both_modes = pytest.mark.parametrize("mode", ["exact", "converge"])


def adopter(world: World, name: str, generation: int) -> Actor:
    """A pass that stands before it creates the record of t1."""
    actor = world.enactor(name, generation, adopt=True)
    return world.sim.run_until(actor, f"t1.apply g{generation} s0")


def waiting_creation(mode: Mode) -> tuple[World, Actor]:
    """t1's record was deleted, E1 stands before creating it for g2, and g3 is published."""
    world = World(Shape(mode))
    world.bring(zone_state(a=1, b=1, c=1))
    world.lose_fence("t1")
    world.publish(zone_state(a=2, b=2))
    e1 = adopter(world, "E1", 2)
    world.publish(zone_state(a=3, b=3))
    return world, e1


def stale_creation(mode: Mode) -> tuple[World, Actor]:
    """g3 is live, t1's record was deleted twice, and E1 still stands before creating it for g2."""
    world, e1 = waiting_creation(mode)
    ended = world.enact("E2", 3, adopt=True)
    assert (ended.outcome, world.applied) == ("applied", 3)
    world.lose_fence("t1")
    return world, e1


def fence_of(world: World) -> tuple[int, int, bool]:
    fence = world.t1.fence
    assert isinstance(fence, Fence)
    return fence.generation, fence.step, fence.done


@both_modes
def test_the_older_creation_lands_alone_and_takes_no_older_step(mode: Mode) -> None:
    world, e1 = stale_creation(mode)
    before = len(world.t1.history)
    world.sim.finish(e1)
    assert e1.result.outcome == "superseded"
    assert fence_of(world) == (2, 0, False)
    assert len(world.t1.history) == before + 1
    assert world.t1.state == world.t2.state == zone_state(a=3, b=3)
    assert (world.desired_generation, world.applied) == (3, 3)


@both_modes
def test_any_other_pass_of_the_older_plan_is_superseded_too(mode: Mode) -> None:
    world, e1 = stale_creation(mode)
    world.sim.step(e1)
    assert world.enact("E3", 3).outcome == "already_applied"
    with pytest.raises(Superseded):
        world.enact("E4", 2, adopt=True)
    assert world.t1.state == zone_state(a=3, b=3)


@both_modes
@pytest.mark.parametrize("is_buried", [False, True])
def test_the_next_planning_pass_finds_the_fence_that_fell_and_raises_it(
    mode: Mode, is_buried: bool
) -> None:
    world, e1 = stale_creation(mode)
    world.sim.finish(e1)
    if is_buried:  # the mirror leads now, so that a janitor may
        assert world.mirrors["t1"].generation == 3
        world.bury_plan(2)
    assert world.plan().outcome == "published"
    recover(world)
    assert world.applied == 4
    assert fence_of(world)[0] == 4
    assert world.t1.state == world.t2.state == zone_state(a=3, b=3)


@both_modes
def test_a_newer_pass_that_is_under_way_meets_the_older_fence_and_nobody_is_stuck(
    mode: Mode,
) -> None:
    world, e1 = waiting_creation(mode)
    e2 = adopter(world, "E2", 3)
    world.sim.step(e2)
    world.lose_fence("t1")
    world.sim.finish(e1)
    world.sim.finish(e2)
    assert e1.result.outcome == "superseded"
    # What was planned on another fence is refused; what is computed anew goes on from this one.
    assert e2.result.outcome == ("partial" if mode == "exact" else "applied")
    recover(world)
    assert world.t1.state == world.t2.state == zone_state(a=3, b=3)


@both_modes
def test_a_target_that_had_no_fence_needs_one_deletion_and_takes_no_older_step(mode: Mode) -> None:
    world = World(Shape(mode))
    world.publish(zone_state(a=1, b=1, c=1))
    e1 = world.sim.run_until(world.enactor("E1", 1), "t1.apply g1 s0")
    world.publish(zone_state(a=2, b=2))
    assert world.enact("E2", 2).outcome == "applied"
    world.lose_fence("t1")
    world.sim.finish(e1)
    assert e1.result.outcome == "superseded"
    assert fence_of(world) == (1, 0, False)
    assert world.t1.state == zone_state(a=2, b=2)
    recover(world)
    assert world.applied == 3


def test_without_the_pointer_read_after_it_the_older_plan_would_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, e1 = stale_creation("converge")
    monkeypatch.setattr(steps, "_check_pointer_and_hold", lambda *_: None)
    with pytest.raises(Violation, match="G1"):
        world.sim.finish(e1)
