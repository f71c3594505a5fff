"""S1 to S8 of ``facts/design-schedules.md``, replayed against the real code.

Each schedule is run twice: as the code is, where the guarantee must hold, and with its rule taken
back (``taken_back.py``), where it must break. S14 (a pin against a prune) comes with pruning and is
not here; S9 to S16 are in ``test_design_schedules_of_races.py``. g1 is live on both targets.
"""

from __future__ import annotations

from typing import cast

import pytest

from plans.errors import Superseded
from plans.plan import Mode
from tests.simulation import mutants, taken_back
from tests.simulation.invariants import Violation
from tests.simulation.recovery import recover
from tests.simulation.scheduler import Actor, Fate
from tests.simulation.test_failure_modes import both_modes, fence_of, world_at_1
from tests.simulation.test_failure_modes_of_people import forge, refusal
from tests.simulation.world import Shape, World, zone_state

S1 = zone_state(a=1, b=1, c=1)  # what g1 left


def s1(mode: Mode) -> tuple[World, Actor]:
    """g2 has changed t1 and stands before t2; g3 changes t1 alone, back to what t2 still is."""
    world = world_at_1(mode)
    world.publish(zone_state(a=2, b=1, c=1))
    e1 = world.sim.run_until(world.enactor("E1", 2), "t2.apply")
    world.publish(S1)
    world.enact("E2", 3)
    return world, e1


@both_modes
def test_s1_an_older_plan_cannot_write_where_a_newer_one_changed_nothing(mode: Mode) -> None:
    world, e1 = s1(mode)
    assert world.applied == 3
    world.sim.finish(e1)
    assert e1.result.outcome == "superseded"
    assert world.t1.state == world.t2.state == S1


@both_modes
def test_s1_breaks_when_a_plan_names_only_what_it_changes(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_back.s1_every_target_is_named(monkeypatch)
    monkeypatch.setattr("tests.simulation.invariants.Watch._applied", lambda *_: None)
    world, e1 = s1(mode)
    assert world.applied == 3
    world.sim.finish(e1)
    assert world.t2.state == zone_state(a=2, b=1, c=1)  # g2, under applied = 3


def s2() -> World:
    """g2 (a: 1 to 2) and g3 (a stays, b: 1 to 3) are both planned on g1. g2 writes t1, and dies."""
    world = world_at_1("exact")
    world.publish(zone_state(a=2, b=1, c=1))
    world.publish(zone_state(a=1, b=3, c=1))
    e1 = world.sim.run_until(world.enactor("E1", 2), "t2.apply")
    world.sim.step(e1, Fate.CRASH_BEFORE)
    return world


def test_s2_a_plan_made_before_another_wrote_is_refused_by_its_base() -> None:
    world = s2()
    assert refusal(lambda: world.enact("E2", 3)) == "base-moved"
    recover(world)


def test_s2_the_first_step_is_refused_by_the_fence_even_if_the_claim_was_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = s2()
    with monkeypatch.context() as patch:
        taken_back.s7_the_claim_requires_the_planned_pointer(patch)
        assert refusal(lambda: world.enact("E2", 3)) == "fence-moved"
    assert world.applied == 1
    recover(world)


def test_s2_breaks_when_any_fence_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    world = s2()
    taken_back.s7_the_claim_requires_the_planned_pointer(monkeypatch)
    taken_back.s2_the_first_step_requires_the_planned_fence(monkeypatch)
    with pytest.raises(Violation, match="done: t1"):
        world.enact("E2", 3)


def test_s2_an_adopted_fence_does_not_hide_what_was_written_after_planning() -> None:
    world = world_at_1("exact")
    world.publish(zone_state(a=2, b=2, c=2))
    e1 = world.sim.run_until(world.enactor("E1", 2), "t1.apply g2 s2")
    world.publish(zone_state(a=2, b=2, c=1, d=5))  # g3, planned on t1 at step 1 of g2
    world.sim.step(e1)  # step 2 writes c=2 after all
    world.sim.run_until(e1, "t2.apply")
    world.sim.step(e1, Fate.CRASH_BEFORE)
    world.lose_fence("t1")
    ended = world.enact("E2", 3, adopt=True)
    assert ended.outcome != "applied" or world.t1.state == zone_state(a=2, b=2, c=1, d=5)


def s3a(mode: Mode) -> World:
    """g2 comes from c2 and waits; c3 reverts c2; a planning pass runs."""
    world = world_at_1(mode)
    world.publish(zone_state(a=2, b=1, c=1))
    world.commit(S1)
    if world.plan().outcome == "published":
        world.approve()
    world.enact("E1")
    return world


@both_modes
def test_s3a_a_pending_plan_that_the_world_has_overtaken_is_superseded_by_an_empty_one(
    mode: Mode,
) -> None:
    world = s3a(mode)
    assert world.applied == 3
    assert world.t1.state == world.t2.state == S1
    with pytest.raises(Superseded):
        world.enact("CI", 2)


@both_modes
def test_s3a_breaks_when_a_pass_without_differences_is_silent(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutants.silent_when_nothing_differs(monkeypatch)
    world = s3a(mode)
    assert world.applied == 2
    assert world.t1.state != S1  # what was reverted is enacted


def s3b(mode: Mode) -> World:
    """g2 is claimed and has written t1; somebody brings t2 to the same by hand; nothing differs."""
    world = world_at_1(mode)
    state = zone_state(a=2, b=1, c=1)
    world.publish(state)
    e1 = world.sim.run_until(world.enactor("E1", 2), "t2.apply")
    world.sim.step(e1, Fate.CRASH_BEFORE)
    world.drift("t2", state)
    return world


@both_modes
def test_s3b_applied_catches_up_although_nothing_differs(mode: Mode) -> None:
    world = s3b(mode)
    recover(world)
    assert world.pointer.applied == world.pointer.desired


def test_s3b_breaks_when_a_pass_without_differences_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutants.silent_when_nothing_differs(monkeypatch)
    world = s3b("exact")
    with pytest.raises(Violation, match="G4"):
        recover(world)


def s4() -> tuple[World, Actor]:
    """Two batches, the first written, crash."""
    world = world_at_1("converge", Shape(limits=(2, 2)))
    world.publish(zone_state(a=2, b=2, c=2, d=2))
    e1 = world.sim.run_until(world.enactor("E1"), "t1.apply g2 s2")
    world.sim.step(e1, Fate.CRASH_BEFORE)
    return world, e1


def test_s4_after_a_crash_between_two_batches_both_are_written() -> None:
    world, _ = s4()
    assert world.enact("E2").outcome == "applied"
    assert world.t1.state == zone_state(a=2, b=2, c=2, d=2)


def test_s4_breaks_when_a_number_of_steps_counts_as_done(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_back.s4_only_the_done_mark_counts(monkeypatch)
    world, _ = s4()
    with pytest.raises(Violation, match="done: t1"):
        world.enact("E2")


def s5() -> World:
    """The plan is cut for one change at a time; E1 writes step 1 and dies; E2 knows no limit."""
    world = world_at_1("exact", Shape(limits=(1, None)))
    world.publish(zone_state(a=2, b=2, c=1))
    e1 = world.sim.run_until(world.enactor("E1"), "t1.apply g2 s2")
    world.sim.step(e1, Fate.CRASH_BEFORE)
    world.t1.step_changes_max = None
    return world


def test_s5_steps_are_those_of_the_plan_whoever_enacts_it() -> None:
    world = s5()
    assert world.enact("E2").outcome == "applied"
    assert world.t1.state == zone_state(a=2, b=2, c=1)


def test_s5_breaks_when_steps_are_cut_again(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_back.s5_steps_are_never_cut_again(monkeypatch)
    world = s5()
    with pytest.raises(Violation, match="done: t1"):
        world.enact("E2")


@both_modes
def test_s6_a_lost_parent_does_not_refuse_the_only_good_plan(mode: Mode) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    world.lose_plan(1)
    assert world.enact("E1").outcome == "applied"


def s6_lost_head(mode: Mode) -> World:
    world = world_at_1(mode)
    world.bring(zone_state(a=2))
    world.lose_plan(2)
    world.commit(zone_state(a=3))
    return world


@both_modes
def test_s6_a_lost_head_does_not_free_its_number(mode: Mode) -> None:
    assert s6_lost_head(mode).plan(waive=("parent-unreadable",)).generation == 3


@both_modes
def test_s6_a_lost_head_that_was_only_decided_on_does_not_free_its_number(mode: Mode) -> None:
    world = world_at_1(mode)
    world.commit(zone_state(a=2))
    world.plan()
    world.reject(2)
    world.lose_plan(2)
    assert world.plan().generation == 3


@both_modes
def test_s6_breaks_when_numbers_come_from_the_archive_alone(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_back.s6_numbers_do_not_come_from_the_archive_alone(monkeypatch)
    world = s6_lost_head(mode)
    assert cast(int, world.plan(waive=("parent-unreadable",)).generation) <= 2


def s6_forged_key(mode: Mode) -> World:
    world = world_at_1(mode)
    forge(world, world.published(1), 10**11)
    world.commit(zone_state(a=2))
    return world


@both_modes
def test_s6_a_forged_key_far_away_does_not_put_the_next_plan_out_of_reach(mode: Mode) -> None:
    world = s6_forged_key(mode)
    assert world.bring().plan.generation == 2


@both_modes
def test_s6_breaks_when_any_key_counts(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    taken_back.s6_keys_out_of_reach_are_ignored(monkeypatch)
    world = s6_forged_key(mode)
    world.publish()
    assert refusal(lambda: world.enact("E1")) in ("jump-max", "base-moved")


def s7() -> World:
    """g3 is planned before g2 is claimed; g2 writes one of its steps and its enactor dies."""
    world = world_at_1("exact")
    world.publish(zone_state(a=2, b=2, c=2))
    world.publish(zone_state(a=3, b=3, c=3))
    e1 = world.sim.run_until(world.enactor("E1", 2), "t1.apply g2 s2")
    world.sim.step(e1, Fate.CRASH_BEFORE)
    return world


def test_s7_a_plan_made_before_another_was_claimed_is_not_eligible() -> None:
    world = s7()
    assert refusal(lambda: world.enact("E2", 3)) == "base-moved"
    resumed = world.enact("E3")
    assert (resumed.outcome, resumed.generation) == ("applied", 2)


def test_s7_breaks_when_a_claim_looks_at_applied_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_back.s7_the_claim_requires_the_planned_pointer(monkeypatch)
    world = s7()
    assert refusal(lambda: world.enact("E2", 3)) == "fence-moved"
    with pytest.raises(Superseded):  # neither of the two can go on
        world.enact("E3", 2)
    assert not fence_of(world, "t1").done


def s8(mode: Mode) -> tuple[World, Actor]:
    """E1 has written all of g2 and is about to say so; E2 claims g3 and writes t1."""
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    e1 = world.sim.run_until(world.enactor("E1", 2), "register.write applied")
    world.publish(zone_state(a=3))
    e2 = world.sim.run_until(world.enactor("E2", 3), "t2.apply")
    world.sim.step(e2, Fate.CRASH_BEFORE)
    return world, e1


@both_modes
def test_s8_applied_is_not_advanced_by_a_plan_that_is_no_longer_desired(mode: Mode) -> None:
    world, e1 = s8(mode)
    world.sim.finish(e1)
    assert e1.result.outcome == "superseded"
    assert world.applied == 1
    assert world.enact("E3").outcome == "applied"
    assert world.applied == 3


@both_modes
def test_s8_breaks_when_applied_advances_whatever_is_desired(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_back.s8_applied_advances_only_if_still_desired(monkeypatch)
    world, e1 = s8(mode)
    with pytest.raises(Violation, match="pointer"):
        world.sim.finish(e1)
