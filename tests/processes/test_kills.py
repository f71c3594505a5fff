"""``kill -9`` at every operation: one more pass ends complete, and nothing happened twice.

Shown: death of a process at, between and inside its operations; on the AWS stores also after a
request was sent and before its answer was read. Not shown: death of the machine (what had not
reached the disk); the order of syncs is shown by the tests of each backend.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from plans.plan import Mode
from tests.processes.kills import kill_planners_between_attachment_and_plan, kill_rounds
from tests.processes.stage import Stage
from tests.processes.stores import AwsAt, StoresAt


# Kills of enactors in each mode; planners come on top.
@pytest.mark.parametrize(
    ("stores_at", "kills"), [("embedded", 100), ("aws", 14)], indirect=["stores_at"]
)
@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_after_kill_9_at_any_operation_one_more_pass_ends_complete(
    on_stage: Stage, stores_at: StoresAt, kills: int, tmp_path: Path, mode: Mode
) -> None:
    tally = on_stage(kill_rounds, stores_at, tmp_path, mode, seed=9, kills=kills)
    assert tally.kills["enactor"] >= kills
    assert tally.kills["planner"] > 0
    assert set(tally.points) >= {*tally.wanted, "from outside"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_planner_killed_between_attachment_and_plan_costs_no_number(
    on_stage: Stage, stores_at: StoresAt, tmp_path: Path, when: Literal["before", "after"]
) -> None:
    on_stage(kill_planners_between_attachment_and_plan, stores_at, tmp_path / "world", when)


def test_a_planner_killed_while_its_plan_is_on_its_way_costs_no_number(
    on_stage: Stage, aws_at: AwsAt, tmp_path: Path
) -> None:
    on_stage(kill_planners_between_attachment_and_plan, aws_at, tmp_path / "world", "sent")
