"""S9 to S16 of ``facts/design-schedules.md``, replayed against the real code.

As in ``test_design_schedules.py``, each runs as the code is and with its rule taken back. S14 (a
pin against a prune) comes with pruning and is not here. S15 has no second run: without its rule the
claim is journaled once more as a resume, which no guarantee forbids by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plans import journal
from plans.errors import Refused
from plans.guards import Breached
from plans.kinds.dns import RecordKey
from plans.plan import Mode
from tests.simulation import mutants, taken_back
from tests.simulation.breaking import applied
from tests.simulation.invariants import Violation
from tests.simulation.ports import SimZone
from tests.simulation.recovery import recover
from tests.simulation.scheduler import Actor, Fate
from tests.simulation.test_failure_modes import both_modes, fence_of, world_at_1
from tests.simulation.test_failure_modes_of_people import refusal
from tests.simulation.world import STREAM, Shape, World, zone_state


def s9_source(mode: Mode) -> tuple[World, int]:
    """g2 from c3 waits, g3 comes from a file outside git; an old job has c2. Applied is c1's."""
    world = world_at_1(mode)
    old = world.commit(zone_state(a=2))
    world.publish(zone_state(a=3))
    world.publish(loose=zone_state(a=4))
    return world, old


@both_modes
def test_s9_an_old_job_is_refused_although_the_newer_files_are_only_pending(mode: Mode) -> None:
    world, old = s9_source(mode)
    with pytest.raises(Breached) as refused:
        world.plan("old-CI", pinned=old)
    assert refused.value.rule == "source-went-back"


@both_modes
def test_s9_breaks_when_the_source_is_not_inherited(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_back.s9_source_is_inherited(monkeypatch)
    with pytest.raises(Violation, match=r"^order: 3 forgets the source of 2$"):
        s9_source(mode)


def s9_standing(mode: Mode) -> World:
    """Override g2 stands; g3 was planned over it with a waiver; then git moves on."""
    world = world_at_1(mode)
    override = world.publish(loose=zone_state(a=9), origin="override")
    world.enact("oda", 2, override.digest)
    world.publish(zone_state(a=3), waive=("undoes-override",))
    world.commit(zone_state(a=4))
    return world


@both_modes
def test_s9_an_override_stands_until_a_person_releases_it(mode: Mode) -> None:
    world = s9_standing(mode)
    with pytest.raises(Breached) as refused:
        world.plan()
    assert refused.value.rule == "undoes-override"
    world.release(standing=2)
    assert world.plan().outcome == "published"


@both_modes
def test_s9_breaks_when_standing_is_not_inherited(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_back.s9_standing_is_inherited(monkeypatch)
    with pytest.raises(Violation, match=r"^override: 4 is planned while 2 stands$"):
        s9_standing(mode).plan()


def _reject(world: World) -> None:
    world.reject()


def _hold(world: World) -> None:
    world.hold()


def _ask_for_two(world: World) -> None:
    world.set(approvals=2)


S10 = [(_reject, "rejected"), (_hold, "held"), (_ask_for_two, "approvals")]


def s10(
    mode: Mode, act: Callable[[World], None], shape: Shape | None = None
) -> tuple[World, Actor]:
    """Everything was checked; then a person decides otherwise; then the claim is sent."""
    world = world_at_1(mode, shape)
    world.publish(zone_state(a=2))
    e1 = world.sim.run_until(world.enactor("E1"), "register.write claimed")
    act(world)
    return world, e1


@both_modes
@pytest.mark.parametrize(("act", "rule"), S10)
def test_s10_a_claim_is_refused_when_a_person_decided_between_check_and_claim(
    mode: Mode, act: Callable[[World], None], rule: str
) -> None:
    world, e1 = s10(mode, act)
    world.sim.finish(e1)
    assert isinstance(e1.error, Refused)
    assert e1.error.rule == rule
    assert world.pointer.desired_generation == 1


@both_modes
@pytest.mark.parametrize("act", [_reject, _hold])
def test_s10_breaks_when_the_claim_carries_no_checks_and_does_not_follow_the_journal(
    mode: Mode, act: Callable[[World], None]
) -> None:
    with applied(taken_back.CLAIM_SENT_AGAIN):
        world, e1 = s10(mode, act, Shape(register=mutants.DecisionsUnchecked))
        with pytest.raises(Violation, match="decision"):
            world.sim.finish(e1)


def s11(mode: Mode) -> World:
    """A stream's first plan writes t1, which has no mirror yet, and its enactor dies."""
    world = World(Shape(mode))
    world.publish(zone_state(a=1))
    e1 = world.sim.run_until(world.enactor("E1"), "t1.apply g1 s0")
    world.sim.step(e1, Fate.CRASH_AFTER)
    assert fence_of(world, "t1").generation == 1
    return world


@both_modes
def test_s11_a_mirror_stands_at_0_before_the_first_write(mode: Mode) -> None:
    world = s11(mode)
    assert world.mirrors["t1"].generation == 0
    assert "t2" not in world.mirrors  # absent counts as 0


@both_modes
def test_s11_breaks_when_the_mirror_comes_after_the_write(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_back.s11_a_mirror_is_created_before_the_first_write(monkeypatch)
    assert s11(mode).mirrors == {}


def s12() -> World:
    """A plan that deletes nothing is reviewed; then somebody adds two records by hand."""
    world = World(Shape("converge", deletes_max="1"))
    world.bring(zone_state(a=1, b=1, c=1))
    world.publish(zone_state(a=2, b=1, c=1))
    for target in world.zones:
        world.drift(target, zone_state(a=1, b=1, c=1, f=1, g=1))
    return world


def test_s12_a_difference_that_drift_made_too_large_is_refused() -> None:
    world = s12()
    assert refusal(lambda: world.enact("E1")) == "deletes-max"
    assert RecordKey("f.example.com.", "A") in world.t1.state


def test_s12_breaks_when_only_the_reviewed_difference_is_guarded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken_back.s12_guards_bind_the_computed_difference(monkeypatch)
    world = s12()
    world.enact("E1")
    assert RecordKey("f.example.com.", "A") not in world.t1.state


def s13(mode: Mode, stall: str) -> tuple[World, Actor]:
    """E(g1) sees no fence, and stalls; E(g2) writes t1 and dies; then the fence record goes."""
    world = World(Shape(mode, limits=(None, None)))
    world.publish(zone_state(a=1, b=1))
    e1 = world.sim.run_until(world.enactor("E1", 1), "t1.read_fence")
    world.sim.step(e1)  # sees that there is none
    world.sim.run_until(e1, stall)
    world.publish(zone_state(a=2))
    e2 = world.sim.run_until(world.enactor("E2", 2), "t1.apply g2 s1")
    world.sim.step(e2, Fate.CRASH_AFTER)
    assert world.mirrors["t1"].generation <= 2
    world.lose_fence("t1")
    return world, e1


@both_modes
@pytest.mark.parametrize("stall", ["register.read pointer", "t1.apply g1 s0"])
def test_s13_a_fence_that_is_made_anew_carries_nothing_of_an_older_plan(
    mode: Mode, stall: str
) -> None:
    world, e1 = s13(mode, stall)
    world.sim.finish(e1)
    assert e1.result.outcome == "superseded"
    assert world.t1.state == zone_state(a=2)
    recover(world)


@both_modes
def test_s13_breaks_when_the_pointer_is_not_read_after_the_absence(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_back.s13_the_pointer_is_read_after_the_absence(monkeypatch)
    world, e1 = s13(mode, "t1.apply g1 s0")
    if mode == "exact":
        world.t1.state = zone_state(a=1, b=1, c=1)  # every ``before`` of g1 holds
    with pytest.raises(Violation, match="G1"):
        world.sim.finish(e1)


@both_modes
def test_s15_the_fate_of_a_claim_is_read_where_it_was_sent(mode: Mode) -> None:
    world = world_at_1(mode)
    world.publish(zone_state(a=2))
    e1 = world.sim.run_until(world.enactor("E1"), "register.write claimed")
    world.sim.step(e1, Fate.LOST_RESPONSE)
    e2 = world.sim.run_until(world.enactor("E2"), "t1.read_fence")  # has overwritten the attempt
    world.sim.finish(e1)
    world.sim.finish(e2)
    entries = [
        (entry.by, entry.kind)
        for entry in journal.read_entries(world.register, STREAM)
        if entry.generation == 2 and entry.kind in ("claimed", "resumed")
    ]
    assert entries == [("E1", "claimed"), ("E2", "resumed")]


def s16(target: Callable[[World], Callable[[str], SimZone]]) -> tuple[World, Actor]:
    """g3's enactor reads t1; a step of g2, sent before, lands now; g3's enactor goes on."""
    world = world_at_1("converge", Shape(limits=(None, None)))
    world.publish(zone_state(a=1, b=1, c=1, d=2))
    e1 = world.sim.run_until(world.enactor("E1", 2), "t1.apply g2")
    world.publish(zone_state(a=3, b=1, c=1))
    e2 = world.enactor("E2", 3, target=target(world))
    world.sim.run_until(e2, "t1.")
    world.sim.step(e2)
    world.sim.step(e1)
    assert fence_of(world, "t1").generation == 2
    return world, e2


def test_s16_what_a_late_step_left_is_seen_because_the_fence_was_read_first() -> None:
    world, e2 = s16(lambda world: world.target)
    world.sim.finish(e2)
    assert e2.result.outcome == "applied"
    assert world.t1.state == zone_state(a=3, b=1, c=1)


def test_s16_breaks_when_the_target_is_observed_before_its_fence_is_read() -> None:
    world, e2 = s16(lambda world: lambda name: taken_back.EarlyObserver(world, name))
    with pytest.raises(Violation, match="done: t1"):
        world.sim.finish(e2)
