"""Regions fail over, in real processes: one leader, every step once, every entry there.

A few minutes of the day here; ``make prove-long`` lives through half an hour of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes.failover import SlowUnfencedTarget, failover
from tests.processes.stage import Stage
from tests.processes.stores import AwsAt

MINUTES = 3.0


def test_when_the_leaders_region_is_cut_off_another_takes_over_and_no_step_is_done_twice(
    on_stage: Stage, aws_at: AwsAt, tmp_path: Path
) -> None:
    day = on_stage(failover, aws_at, tmp_path / "world", MINUTES)
    [trouble] = day.troubles
    assert trouble.of_leader
    assert day.carried[trouble.region].held_up, "requests were on their way when it was parted"
    assert 1 <= len(day.takeovers) <= MINUTES, "at most one election a minute"
    others = [diary for diary in day.diaries if trouble.region not in diary.name]
    assert any(diary.steps for diary in others)


def test_without_lease_and_fence_the_enactors_do_each_others_steps_again(
    on_stage: Stage, aws_at: AwsAt, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match="was followed by"):
        on_stage(
            failover,
            aws_at,
            tmp_path / "world",
            1.25,
            lease_seconds=0,
            target_class=SlowUnfencedTarget,
        )
