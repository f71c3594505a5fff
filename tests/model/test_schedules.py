"""Every rule of the design, taken back, breaks what it is there for; in force, it does not."""

from __future__ import annotations

import pytest

from tests.model.explore import Explored, explore
from tests.model.recovery import wedge_check
from tests.model.schedules import SCHEDULES, Schedule

# Moves of the shortest trace, in this model. A change of one of them is a change of the protocol.
LENGTHS = {
    "S1": 14,
    "S2": 14,
    "S3a": 6,
    "S3b": 8,
    "S4": 12,
    "S4, the list kept": 20,
    "S5": 12,
    "S6, a lost head": 5,
    "S6, a forged key": 2,
    "S7": 11,
    "S8": 17,
    "S9": 3,
    "S9, what stands": 2,
    "S10": 5,
    "S10, a hold": 5,
    "S11": 24,
    "F6": 10,
    "S12": 9,
    "S13": 15,
    "S14": 5,
    "S15": 7,
    "S16": 17,
    "F3, a target that compares nothing": 14,
    "F4, refreshed and tried again": 16,
    "F5, only newer plans are taken": 4,
    "F9, a computed plan renumbered": 6,
    "F9, a fence ahead of what was decided": 11,
}
every_schedule = pytest.mark.parametrize("name", SCHEDULES)


def explored(schedule: Schedule, *, taken_back: bool) -> Explored:
    world = schedule.world._replace(off=schedule.rules if taken_back else frozenset())
    check = wedge_check(world, schedule.helpers) if schedule.helpers else None
    return explore(world, until=schedule.breaks if taken_back else None, each=check)


@every_schedule
def test_without_its_rule_a_named_invariant_breaks_by_a_shortest_trace(name: str) -> None:
    schedule = SCHEDULES[name]
    violations = explored(schedule, taken_back=True).violations
    assert schedule.breaks in violations
    assert len(violations[schedule.breaks]) == LENGTHS[name], violations[schedule.breaks]


@every_schedule
def test_with_every_rule_in_force_the_same_world_breaks_nothing(name: str) -> None:
    assert explored(SCHEDULES[name], taken_back=False).violations == {}
