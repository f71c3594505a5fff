"""``kill -9`` two hundred times: one more pass ends complete, and nothing happened twice.

Shown: death of a process at, between and inside its operations. Not shown: death of the machine
(what had not reached the disk); the order of syncs is shown by the tests of each backend.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from plans.plan import Mode
from tests.processes.kills import (
    NAMED,
    kill_planners_between_attachment_and_plan,
    kill_rounds,
)
from tests.processes.stage import Stage

KILLS = 100  # of enactors in each mode; planners come on top


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_after_kill_9_at_any_operation_one_more_pass_ends_complete(
    on_stage: Stage, tmp_path: Path, mode: Mode
) -> None:
    tally = on_stage(kill_rounds, tmp_path, mode, seed=9, kills=KILLS)
    assert tally.kills["enactor"] >= KILLS
    assert tally.kills["planner"] > 0
    assert set(tally.points) >= {*NAMED, "from outside"}


@pytest.mark.parametrize("when", ["before link", "after link"])
def test_a_planner_killed_between_attachment_and_plan_costs_no_number(
    on_stage: Stage, tmp_path: Path, when: str
) -> None:
    on_stage(kill_planners_between_attachment_and_plan, tmp_path / "world", when)
