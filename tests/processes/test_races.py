"""Sixteen real processes at once: one plan per number, one winner, and no zone goes back.

Shown for the embedded stores on one host. Which process wins is left to the kernel; what must hold
must hold for every order, and the gates make sure that all of them rest on stale reads.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes.races import (
    RACERS,
    enactors_race_in_converge,
    enactors_race_in_exact,
    planners_race,
)
from tests.processes.stage import Stage

SEEDS = (1, 2)
first_or_next = pytest.mark.parametrize("from_applied", [False, True], ids=["first", "next"])


@pytest.mark.parametrize("seed", SEEDS)
def test_racing_planners_publish_one_plan_per_generation_and_never_renumber_one(
    on_stage: Stage, tmp_path: Path, seed: int
) -> None:
    reads = on_stage(planners_race, tmp_path / "world", seed)
    assert reads[1] == 1, "only the winner of generation 1 published what it read first"
    assert sum(reads.values()) == RACERS


@first_or_next
def test_of_racing_enactors_in_converge_the_newest_is_applied_and_no_zone_goes_back(
    on_stage: Stage, tmp_path: Path, from_applied: bool
) -> None:
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        on_stage(enactors_race_in_converge, folder, seed, gated=False, from_applied=from_applied)


@first_or_next
def test_enactors_that_all_read_the_fence_before_one_wrote_end_superseded_but_the_newest(
    on_stage: Stage, tmp_path: Path, from_applied: bool
) -> None:
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        ends = on_stage(
            enactors_race_in_converge, folder, seed, gated=True, from_applied=from_applied
        )
        assert ends == {"applied": 1, "superseded": RACERS - 1}


@first_or_next
def test_of_plans_made_on_one_base_exactly_one_is_applied_in_exact(
    on_stage: Stage, tmp_path: Path, from_applied: bool
) -> None:
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        ends = on_stage(enactors_race_in_exact, folder, seed, from_applied=from_applied)
        assert ends["applied"] == 1
        assert ends["refused"] + ends["superseded"] == RACERS - 1
