"""F9 to F15 of ``facts/failure-modes.md``: what people, old jobs and single targets do wrong.

Replayed against the real code as exact schedules, like ``test_failure_modes.py``.
"""

from __future__ import annotations

import pytest

import planner.planning
from plans.document import encode
from plans.errors import Drifted, PlanfenceError, Refused, Superseded
from plans.fence import Fence, FenceSeen
from plans.guards import Breached
from plans.kinds.dns import Change
from plans.names import blob_key, plan_key
from plans.plan import Mode, Origin
from plans.published import Published
from tests.simulation import taken_back
from tests.simulation.breaking import applied
from tests.simulation.invariants import Violation
from tests.simulation.ports import SimZone
from tests.simulation.recovery import recover
from tests.simulation.scheduler import Actor
from tests.simulation.test_failure_modes import both_modes, kinds, world_at_1
from tests.simulation.world import STREAM, Shape, World, zone_state


def writes_to_targets(world: World) -> int:
    return sum(len(zone.history) for zone in world.zones.values())


def refusal(act: object) -> str:
    """The rule that refuses, whether the pass raises or reports it."""
    try:
        ended = act()  # type: ignore[operator]
    except PlanfenceError as error:
        return error.rule
    assert ended.error is not None, ended
    return str(ended.error.rule)


@both_modes
def test_f9_the_head_is_read_before_the_desired_state_and_that_before_the_targets(
    mode: Mode,
) -> None:
    world = world_at_1(mode)
    world.commit(zone_state(a=2))
    world.sim.finish(world.planner("P1"))
    story = [line.split(" -> ")[0] for line in world.sim.story if line.startswith("P1: ")]
    order = ["P1: register.read pointer", "P1: archive.list", "P1: desired.read", "P1: t1.observe"]
    assert [story.index(line) for line in order] == sorted(story.index(line) for line in order)


@both_modes
def test_f9_inputs_older_than_the_parent_plans_are_refused(mode: Mode) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    with pytest.raises(Breached) as refused:
        world.plan("cached", pinned=0)
    assert refused.value.rule == "source-went-back"


@both_modes
def test_f9_a_planner_that_lost_its_number_reads_everything_again(mode: Mode) -> None:
    world = world_at_1(mode)
    world.commit(zone_state(a=2))
    slow = world.sim.run_until(world.planner("P1"), "archive.create plan 2")
    newer = world.publish(zone_state(a=3))
    world.sim.finish(slow)
    assert (slow.result.outcome, slow.result.digest) == ("pending", newer.digest)
    story = [line for line in world.sim.story if line.startswith("P1: ")]
    assert sum("desired.read" in line for line in story) == 2
    assert sum("t1.observe" in line for line in story) == 2


@both_modes
@pytest.mark.parametrize("origin", ["planner", "override"])
def test_f9_a_planner_that_sees_the_fence_of_a_plan_it_has_not_read_reads_everything_again(
    mode: Mode, origin: Origin
) -> None:
    world = world_at_1(mode)
    old = world.sim.run_until(world.planner("old-CI", pinned=1), "desired.read")
    world.bring(zone_state(a=2), origin=origin)
    world.sim.finish(old)
    assert isinstance(old.error, Breached)
    assert world.published().plan.generation == 2


@both_modes
def test_f9_breaks_when_a_plan_that_was_enacted_meanwhile_is_not_read(
    monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    monkeypatch.setattr(planner.planning, "_overtaken", lambda *_: False)
    world = world_at_1(mode)
    old = world.sim.run_until(world.planner("old-CI", pinned=1), "desired.read")
    world.bring(zone_state(a=2))
    with pytest.raises(Violation, match="order: 3 has parent 1"):
        world.sim.finish(old)


@both_modes
def test_f10_of_two_first_plans_one_is_generation_1(mode: Mode) -> None:
    world = World(Shape(mode))
    p1 = world.sim.run_until(world.planner("P1"), "archive.create plan 1")
    world.commit(zone_state(a=2))
    p2 = world.sim.run_until(world.planner("P2"), "archive.create plan 1")
    world.sim.finish(p1)
    world.sim.finish(p2)
    assert (p1.result.generation, p2.result.generation) == (1, 2)
    assert p2.result.published.plan.parent.digest == p1.result.digest


def test_f10_no_base_conflicts_with_a_pointer_that_exists() -> None:
    world = World(Shape("exact"))
    first = world.publish()
    second = world.publish(zone_state(a=2))
    assert first.plan.base.applied is None
    assert second.plan.base.applied is None
    e1 = world.sim.run_until(world.enactor("E1", 1), "register.write claimed")
    assert world.enact("E2", 2).outcome == "applied"
    world.sim.finish(e1)
    assert isinstance(e1.error, Superseded)
    assert kinds(world).count("claimed") == 1


def test_f10_the_second_first_plan_is_refused_after_the_first() -> None:
    world = World(Shape("exact"))
    world.publish()
    world.publish(zone_state(a=2))
    assert world.enact("E1", 1).outcome == "applied"
    before = writes_to_targets(world)
    assert refusal(lambda: world.enact("E2", 2)) == "base-moved"
    assert writes_to_targets(world) == before


def forge(world: World, found: Published, generation: int, **values: object) -> None:
    """Put an altered copy of a plan, with its attachment, under another number."""
    plan = found.plan.model_copy(update=values | {"generation": generation})
    world.archive.create(plan_key(STREAM, generation), encode(plan))
    digest = plan.attachments[0].digest
    stored = world.archive.read(blob_key(STREAM, found.plan.generation, digest))
    assert stored is not None
    world.archive.create(blob_key(STREAM, generation, digest), stored.body)


@both_modes
def test_f10_a_plan_of_another_lineage_is_refused(mode: Mode) -> None:
    world = world_at_1(mode)
    forge(world, world.published(1), 2, lineage="2" * 32)
    assert refusal(lambda: world.enact("E1", 2)) == "foreign-lineage"


@both_modes
def test_f11_an_override_is_a_higher_generation_and_stops_a_paused_enactor(mode: Mode) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    e1 = world.sim.run_until(world.enactor("E1", 2), "t1.apply")
    back = zone_state(a=1, b=1, c=1)
    override = world.publish(loose=back | zone_state(d=4), origin="override")
    assert override.plan.generation == 3
    assert world.enact("oda", 3, override.digest).outcome == "applied"
    world.sim.finish(e1)
    assert e1.result.outcome == "superseded"
    assert world.t1.state == world.t2.state == back | zone_state(d=4)


def override_under_a_lost_number(mode: Mode) -> tuple[World, Actor]:
    """E1 has chosen g2 and stands before its claim; g2's file is lost, and an override takes its
    number, which the journal then names."""
    world = World(Shape(mode, approvals=0))
    world.bring(zone_state(a=1, b=1, c=1))
    world.commit(zone_state(a=2))
    world.plan()
    e1 = world.sim.run_until(world.enactor("E1"), "register.write claimed")
    world.lose_plan(2)
    override = world.plan("oda", loose=zone_state(a=7), origin="override").published
    assert override is not None
    assert override.plan.generation == 2
    world.record_override(override, by="oda")
    return world, e1


@both_modes
def test_f11_a_claim_that_was_decided_before_an_override_took_its_number_is_decided_again(
    mode: Mode,
) -> None:
    world, e1 = override_under_a_lost_number(mode)
    world.sim.finish(e1)
    assert e1.result.outcome == "applied"
    assert world.t1.state == world.t2.state == zone_state(a=7)


@both_modes
def test_f11_breaks_when_a_claim_is_sent_again_after_anothers_entry(mode: Mode) -> None:
    with applied(taken_back.CLAIM_SENT_AGAIN):
        world, e1 = override_under_a_lost_number(mode)
        with pytest.raises(Violation, match="G2"):
            world.sim.finish(e1)


@both_modes
def test_f11_the_planner_does_not_undo_an_override_by_itself(mode: Mode) -> None:
    world = world_at_1(mode)
    override = world.publish(loose=zone_state(a=9), origin="override")
    world.enact("oda", 2, override.digest)
    with pytest.raises(Breached) as refused:
        world.plan()
    assert refused.value.rule == "undoes-override"
    world.release(standing=2)
    assert world.plan().outcome == "published"


@both_modes
def test_f11_an_override_passes_a_hold_and_nothing_else_does(mode: Mode) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    world.hold()
    assert refusal(lambda: world.enact("E1")) == "held"
    override = world.publish(loose=zone_state(a=9), origin="override")
    assert world.enact("oda", 3, override.digest).outcome == "applied"


@both_modes
def test_f11_a_huge_generation_is_refused_and_the_next_normal_one_enacts(mode: Mode) -> None:
    world = world_at_1(mode)
    huge = 10**11
    forge(world, world.published(1), huge, base=_base_now(world))
    assert world.enact("E1").outcome == "already_applied"
    world.approve(huge)
    assert refusal(lambda: world.enact("E1", huge)) == "jump-max"
    assert world.bring(zone_state(a=2)).plan.generation == 2


def _base_now(world: World) -> object:
    base = world.published(1).plan.base
    return base.model_copy(
        update={"desired": world.pointer.desired, "applied": world.pointer.applied}
    )


@both_modes
def test_f12_an_approval_of_a_does_not_enact_b(mode: Mode) -> None:
    world = world_at_1(mode)
    approved = world.publish(zone_state(a=2))
    world.commit(zone_state(a=3))
    unreviewed = world.plan()
    before = writes_to_targets(world)
    rule = refusal(lambda: world.enact("CI", 3, unreviewed.digest))
    assert rule == "approvals"
    assert refusal(lambda: world.enact("CI", 2, unreviewed.digest)) == "digest"
    assert refusal(lambda: world.enact("CI", 3, approved.digest)) == "digest"
    assert writes_to_targets(world) == before


@both_modes
def test_f12_last_weeks_job_run_again_is_superseded_and_writes_nothing(mode: Mode) -> None:
    world = world_at_1(mode)
    old = world.bring(zone_state(a=2))
    world.bring(zone_state(a=3))
    before = writes_to_targets(world), len(world.register._items)
    with pytest.raises(Superseded):
        world.enact("CI", 2, old.digest)
    assert (writes_to_targets(world), len(world.register._items)) == before


@both_modes
@pytest.mark.parametrize("act", ["bury", "lose"])
def test_f13_a_plan_that_is_pruned_while_it_is_read_is_not_enacted_in_part(
    mode: Mode, act: str
) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    # In exact the plan is all that an enactor reads, in one request.
    part = "plan" if mode == "exact" else "blob"
    e1 = world.sim.run_until(world.enactor("E1"), f"archive.read {part} 2")
    before = writes_to_targets(world), kinds(world)
    for key in world.archive.everything():
        if "/000000000002" in key:
            getattr(world, act)(key)
    world.sim.finish(e1)
    assert isinstance(e1.error, Refused)
    assert e1.error.rule in {"plan-pruned", "plan-missing", "attachment-missing", "object-size"}
    assert (writes_to_targets(world), kinds(world)) == before
    recover(world)


class Poisoned(SimZone):
    """A target that refuses every change, and not the fence alone."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world.sim, world.zones[name], world.watch)

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        if changes:
            raise Refused(f"{self.id} takes no A records", rule="poison")
        super().apply(changes, expected=expected, fence=fence)


@both_modes
@pytest.mark.parametrize("poisoned", ["t1", "t2"])
def test_f14_a_poison_target_does_not_stop_the_others(mode: Mode, poisoned: str) -> None:
    world = world_at_1(mode)

    def target(name: str) -> SimZone:
        return Poisoned(world, name) if name == poisoned else world.target(name)

    well = "t2" if poisoned == "t1" else "t1"
    world.publish(zone_state(a=2))
    assert world.enact("E1", target=target).outcome == "partial"
    assert world.zones[well].state == zone_state(a=2)
    history = len(world.zones[well].history)
    again = world.enact("E2", target=target)
    assert (again.outcome, again.resumed) == ("partial", True)
    assert len(world.zones[well].history) == history  # only the failed one was tried again
    world.publish(zone_state(a=3))
    assert world.enact("E3").outcome == "applied"  # mended, and the newer plan gets past it
    assert world.t1.state == world.t2.state == zone_state(a=3)


class Recorder(SimZone):
    """Remembers the answer to every mutating call."""

    def __init__(self, world: World, name: str, answers: list[str]) -> None:
        super().__init__(world.sim, world.zones[name], world.watch)
        self.answers = answers

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        try:
            super().apply(changes, expected=expected, fence=fence)
        except (PlanfenceError, Drifted) as error:
            self.answers.append(type(error).__name__)
            raise
        self.answers.append("written")


def superseded_after(mode: Mode, steps: int) -> tuple[World, Actor, list[str]]:
    """E1 does ``steps`` operations of enacting g2; then g3 is applied; then E1 goes on."""
    world = world_at_1(mode)
    world.publish(zone_state(a=2, b=2, c=2, d=2))
    answers: list[str] = []
    e1 = world.enactor("E1", 2, target=lambda name: Recorder(world, name, answers))
    for _ in range(steps):
        if not e1.ended:
            world.sim.step(e1)
    answers.clear()
    world.commit(zone_state(a=3))
    outcome = world.plan()
    if not e1.ended:
        world.approve(outcome.generation)
        if world.enact("E2", 3).outcome == "applied":
            world.sim.finish(e1)
    return world, e1, answers


@both_modes
def test_f15_every_mutating_call_of_a_superseded_enactor_is_refused_by_a_fence(
    mode: Mode,
) -> None:
    steps, refused = 0, 0
    while True:
        world, e1, answers = superseded_after(mode, steps)
        if e1.ended and world.applied == 2:
            break
        assert set(answers) <= {"FenceMoved"}, (steps, answers, str(world.sim))
        assert world.t1.state == world.t2.state == zone_state(a=3)
        refused += len(answers)
        steps += 1
    assert steps > 25
    assert refused >= 3  # E1 was stopped right before each of its three steps
