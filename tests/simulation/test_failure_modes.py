"""F1 to F8 of ``facts/failure-modes.md``, replayed against the real code as exact schedules.

The janitor here is an adversary that buries or loses whatever it likes; what the product's own
janitor keeps is asserted where that janitor is. Leases do not exist in this kernel: every schedule
runs without one (G6). g1 is live at the start unless a story says otherwise.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from plans import journal
from plans.errors import Superseded, Unavailable
from plans.fence import Fence, FenceSeen, Unreadable
from plans.names import generation_of_key, reject_key
from plans.plan import Mode
from plans.storage.register import Absent, Put
from tests.simulation.invariants import Violation
from tests.simulation.mutants import UnfencedZone
from tests.simulation.ports import SimZone
from tests.simulation.recovery import recover
from tests.simulation.scheduler import Actor, Fate
from tests.simulation.world import STREAM, Shape, World, zone_state

both_modes = pytest.mark.parametrize("mode", ["exact", "converge"])


def world_at_1(mode: Mode, shape: Shape | None = None) -> World:
    """A world in which generation 1 is applied to both targets."""
    base = shape or Shape()
    world = World(Shape(mode, zone=base.zone, limits=base.limits, register=base.register))
    world.bring(zone_state(a=1, b=1, c=1))
    return world


def fence_of(world: World, target: str) -> Fence:
    fence = world.zones[target].fence
    assert isinstance(fence, Fence)
    return fence


def kinds(world: World) -> list[str]:
    return [entry.kind for entry in journal.read_entries(world.register, STREAM)]


def outage_race(mode: Mode, shape: Shape | None = None) -> tuple[World, Actor]:
    """F1 up to step 5: g145 is live on both targets, E1 stands before its write of g110 to t1."""
    base = shape or Shape()
    world = World(Shape(mode, zone=base.zone))
    # A decision on a number keeps it from being used: a cheap way to begin at 109.
    world.register.write(Put(reject_key(STREAM, 108), {"by": "scene"}, Absent()))
    world.bring(zone_state(a=108))
    assert world.applied == 109
    world.publish(zone_state(a=110))
    e1 = world.sim.run_until(world.enactor("E1", 110), "t1.apply g110")
    for number in range(111, 146):
        world.commit(zone_state(a=number))
        assert world.plan().generation == number
    world.approve(145)
    assert world.enact("E2").outcome == "applied"
    assert world.applied == 145
    return world, e1


@both_modes
def test_f1_the_race_of_2025_is_refused_by_the_target_itself(mode: Mode) -> None:
    world, e1 = outage_race(mode)
    before = (world.t1.fence, world.t1.state, len(world.t1.history))
    world.sim.step(e1)
    assert world.sim.story[-1] == "E1: t1.apply g110 s1 done -> FenceMoved"
    world.sim.finish(e1)
    assert e1.result.outcome == "superseded"
    assert (world.t1.fence, world.t1.state, len(world.t1.history)) == before
    assert fence_of(world, "t1").generation == fence_of(world, "t2").generation == 145
    assert world.t1.state == world.t2.state == zone_state(a=145)


@both_modes
@pytest.mark.parametrize("act", ["bury", "lose"])
def test_f1_clearing_away_every_old_plan_changes_nothing_live(mode: Mode, act: str) -> None:
    world, e1 = outage_race(mode)
    for key in world.archive.everything():
        if "/000000000145" not in key:
            getattr(world, act)(key)
    world.sim.finish(e1)
    assert e1.result.outcome == "superseded"
    assert world.t1.state == world.t2.state == zone_state(a=145)
    assert world.plan().outcome == "unchanged"


@both_modes
def test_f1_with_a_target_that_takes_any_write_the_old_plan_wins(mode: Mode) -> None:
    world, e1 = outage_race(mode, Shape(zone=UnfencedZone))
    world.t1.state = zone_state(a=108)  # the service of 2025 compared no values either
    with pytest.raises(Violation, match="G1"):
        world.sim.finish(e1)
    assert world.t1.state == zone_state(a=110)


DAMAGES = ["missing", "empty", "half-written", "corrupt fence", "fence gone"]


def damage(world: World, how: str) -> None:
    if how in ("missing", "fence gone"):
        world.lose_fence("t1")
    if how in ("missing", "empty"):
        world.drift("t1", {})
    if how == "half-written":
        world.drift("t1", zone_state(b=7))
    if how == "corrupt fence":
        world.lose_fence("t1")
        world.t1.fence = Unreadable("v=pf1 g=1")


@both_modes
@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("act", ["bury", "lose"])
def test_f2_the_newest_plan_applies_whatever_is_left_of_the_target_and_of_older_plans(
    mode: Mode, how: str, act: str
) -> None:
    world = world_at_1(mode)
    damage(world, how)
    newest = world.publish(zone_state(a=2, b=2), waive=("apex",) if how == "missing" else ())
    for key in world.archive.everything():
        if generation_of_key(key) == 1 or "/000000000001/" in key:
            getattr(world, act)(key)
    adopt = how in ("missing", "fence gone", "corrupt fence")
    ended = world.enact(generation=2, digest=newest.digest, adopt=adopt)
    assert ended.outcome == "applied", ended.error
    assert world.t1.state == world.t2.state == zone_state(a=2, b=2)


@both_modes
@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("act", ["bury", "lose"])
def test_f2_a_stream_whose_every_file_is_gone_gets_a_new_plan(
    mode: Mode, how: str, act: str
) -> None:
    world = world_at_1(mode)
    damage(world, how)
    for key in world.archive.everything():
        getattr(world, act)(key)
    world.commit(zone_state(a=2, b=2))
    recover(world)
    assert world.applied == 2


@both_modes
@pytest.mark.parametrize("act", ["bury", "lose"])
@pytest.mark.parametrize("claimed", [True, False])
def test_f2_a_plan_whose_desired_state_is_gone_is_not_pending_for_ever(
    mode: Mode, act: str, claimed: bool
) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    if claimed:
        e1 = world.sim.run_until(world.enactor("E1"), "t1.apply")
        world.sim.step(e1, Fate.CRASH_BEFORE)
    blob = next(key for key in world.archive.everything() if "blobs/000000000002" in key)
    getattr(world, act)(blob)
    recover(world)
    assert world.applied == 3


@both_modes
def test_f2_a_number_whose_attachment_is_taken_is_passed_over(mode: Mode) -> None:
    world = world_at_1(mode)
    world.commit(zone_state(a=2))
    world.plan()
    blob = next(key for key in world.archive.everything() if "blobs/000000000002" in key)
    world.lose_plan(2)
    world.bury(blob)
    assert world.plan().generation == 3


@both_modes
def test_f3_a_pointer_alone_would_not_stop_the_older_write(mode: Mode) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    e1 = world.sim.run_until(world.enactor("E1", 2), "t1.apply")
    world.publish(zone_state(a=3))
    e2 = world.sim.run_until(world.enactor("E2", 3), "t2.apply")
    assert fence_of(world, "t1").generation == 3
    world.sim.finish(e1)
    world.sim.finish(e2)
    world.bury_plan(2)
    assert (e1.result.outcome, e2.result.outcome) == ("superseded", "applied")
    assert world.t1.state == world.t2.state == zone_state(a=3)


@both_modes
def test_f4_a_check_of_the_pointer_right_before_the_write_is_not_enough(mode: Mode) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    e1 = world.sim.run_until(world.enactor("E1", 2), "t1.read_fence")
    e1 = world.sim.run_until(e1, "register.read hold")  # it has re-read the pointer: still g2
    world.publish(zone_state(a=3))
    assert world.enact("E2").outcome == "applied"
    world.sim.run_until(e1, "t1.apply" if mode == "exact" else "t1.observe")
    world.sim.finish(e1)
    assert e1.result.outcome == "superseded"
    assert world.t1.state == zone_state(a=3)


CRASH_POINTS = ["t1.read_fence", "t1.apply", "t2.read_fence", "t2.apply", "register.write applied"]


@both_modes
@pytest.mark.parametrize("where", CRASH_POINTS)
@pytest.mark.parametrize("fate", [Fate.CRASH_BEFORE, Fate.CRASH_AFTER])
def test_f5_any_enactor_resumes_after_a_crash(mode: Mode, where: str, fate: Fate) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2, b=2, c=2, d=2))  # two steps on t1
    e1 = world.sim.run_until(world.enactor("E1"), where)
    world.sim.step(e1, fate)
    assert e1.crashed
    ended = world.enact("E2")
    if where == "register.write applied" and fate is Fate.CRASH_AFTER:
        assert ended.outcome == "already_applied"
    else:
        assert (ended.outcome, ended.resumed) == ("applied", True)
    assert world.applied == 2
    assert kinds(world).count("claimed") == 2  # g1's and g2's, once each
    assert world.plan().outcome == "unchanged"


@both_modes
def test_f6_a_mirror_lags_behind_its_fence_and_never_leads(mode: Mode) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    e1 = world.sim.run_until(world.enactor("E1"), "t1.apply")
    world.sim.step(e1, Fate.CRASH_AFTER)  # t1 serves g2 and its mirror does not know
    assert fence_of(world, "t1").generation == 2
    assert world.mirrors["t1"].generation == 1
    assert world.enact("E2").outcome == "applied"
    assert {mirror.generation for mirror in world.mirrors.values()} == {2}


@both_modes
def test_f6_the_least_mirror_stays_at_what_a_failing_target_serves(mode: Mode) -> None:
    world = world_at_1(mode)

    def with_t2_away(name: str) -> SimZone:
        return Away(world, name) if name == "t2" else world.target(name)

    for number in (2, 3):
        world.publish(zone_state(a=number))
        ended = world.enact(f"E{number}", target=with_t2_away)
        assert ended.outcome == "partial"
    assert fence_of(world, "t2").generation == 1
    assert min(mirror.generation for mirror in world.mirrors.values()) == 1
    recover(world)


class Away(SimZone):
    """A target that cannot be reached."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world.sim, world.zones[name], world.watch)

    def read_fence(self) -> FenceSeen:
        raise Unavailable(f"{self.id} is away", rule="simulated")


@both_modes
def test_f7_nothing_that_guards_expires(mode: Mode) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    e1 = world.sim.run_until(world.enactor("E1", 2), "t1.apply")
    world.publish(zone_state(a=3))
    world.enact("E2")
    items = set(world.register._items)
    world.clock.wall += timedelta(days=3650)
    world.sim.finish(e1)
    assert e1.result.outcome == "superseded"
    assert items <= set(world.register._items)
    assert world.t1.state == zone_state(a=3)


@both_modes
def test_f7_a_planner_that_slept_cannot_take_a_buried_number(mode: Mode) -> None:
    world = world_at_1(mode)
    world.commit(zone_state(a=2))
    slow = world.sim.run_until(world.planner("P1"), "archive.create plan 2")
    for number in (3, 4):
        world.bring(zone_state(a=number))
    world.bury_plan(2)
    world.sim.finish(slow)
    assert slow.result.outcome == "unchanged"  # it started again, and saw what is there now
    assert world.applied == 3


@both_modes
def test_f7_other_bytes_under_a_freed_number_are_never_enacted(mode: Mode) -> None:
    world = world_at_1(mode)
    world.commit(zone_state(a=2))
    slow = world.sim.run_until(world.planner("P1"), "archive.create plan 2")
    live = world.bring(zone_state(a=9))
    world.lose_plan(2)  # a store without tombstones
    world.sim.finish(slow)
    other = slow.result.published
    assert other.plan.generation == live.plan.generation == 2
    assert other.digest != live.digest
    with pytest.raises(Exception, match="generation-digest"):
        world.enact(generation=2, digest=other.digest)
    world.bring(zone_state(a=10), waive=("parent-unreadable",))
    with pytest.raises(Superseded):
        world.enact(generation=2, digest=other.digest)
    assert world.t1.state == zone_state(a=10)


WRITES = ["archive.create blob", "archive.create plan"]
UNCERTAIN = [Fate.LOST_RESPONSE, Fate.LOST_REQUEST, Fate.LATE, Fate.TWICE_FIRST, Fate.TWICE_SECOND]


@both_modes
@pytest.mark.parametrize("fate", UNCERTAIN)
@pytest.mark.parametrize("where", WRITES)
def test_f8_a_planner_finds_its_own_plan_behind_a_lost_answer(
    mode: Mode, where: str, fate: Fate
) -> None:
    world = world_at_1(mode)
    world.commit(zone_state(a=2))
    planner = world.sim.run_until(world.planner(), where)
    world.sim.step(planner, fate)
    world.sim.finish(planner)
    assert (planner.result.outcome, planner.result.generation) == ("published", 2)
    while world.sim.deliveries:
        world.sim.deliver(world.sim.deliveries[0])
    assert world.published(2).digest == planner.result.digest


EFFECTS = ["register.write claimed", "t1.apply", "t2.apply", "register.write applied"]


@both_modes
@pytest.mark.parametrize("fate", UNCERTAIN)
@pytest.mark.parametrize("where", EFFECTS)
def test_f8_an_enactor_does_each_thing_once_behind_a_lost_answer(
    mode: Mode, where: str, fate: Fate
) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2, b=2, c=2))
    e1 = world.sim.run_until(world.enactor("E1"), where)
    world.sim.step(e1, fate)
    world.sim.finish(e1)
    assert e1.result.outcome == "applied"
    while world.sim.deliveries:
        world.sim.deliver(world.sim.deliveries[0])
    assert [kind for kind in kinds(world) if kind in ("claimed", "applied")] == [
        "claimed", "applied", "claimed", "applied",
    ]  # fmt: skip
    for zone in world.zones.values():
        steps = [(fence.generation, fence.step) for fence, _ in zone.history]
        assert len(steps) == len(set(steps))
    assert journal.verify(world.register, STREAM) == len(kinds(world))
