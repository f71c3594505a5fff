"""Sixteen real processes at once: one plan per number, one winner, and no zone goes back.

Shown for the embedded stores on one host, and for the AWS stores on MiniStack. Which process wins
is left to the kernel; what must hold must hold for every order, and the gates make sure that all of
them rest on stale reads. On the AWS stores one seed must do: every process there has an SDK client
of its own to make.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.processes.races import (
    RACERS,
    WRITINGS,
    claims_in_a_race,
    enactors_race_in_converge,
    enactors_race_in_exact,
    planners_race,
    plans_in_a_race,
    writers_race,
)
from tests.processes.stage import Stage
from tests.processes.stores import AwsAt, StoresAt
from tests.processes.unprotected import LaxArchive, LaxRegister

every_seed = pytest.mark.parametrize(
    ("stores_at", "seed"), [("embedded", 1), ("embedded", 2), ("aws", 1)], indirect=["stores_at"]
)
first_or_next = pytest.mark.parametrize("from_applied", [False, True], ids=["first", "next"])


@every_seed
def test_racing_planners_publish_one_plan_per_generation_and_never_renumber_one(
    on_stage: Stage, stores_at: StoresAt, seed: int, tmp_path: Path
) -> None:
    reads = on_stage(planners_race, stores_at, tmp_path / "world", seed)
    assert reads[1] == 1, "only the winner of generation 1 published what it read first"
    assert sum(reads.values()) == RACERS


@every_seed
@first_or_next
def test_of_racing_enactors_in_converge_the_newest_is_applied_and_no_zone_goes_back(
    on_stage: Stage, stores_at: StoresAt, seed: int, tmp_path: Path, from_applied: bool
) -> None:
    place = tmp_path / "world"
    on_stage(
        enactors_race_in_converge, stores_at, place, seed, gated=False, from_applied=from_applied
    )


@every_seed
@first_or_next
def test_enactors_that_all_read_the_fence_before_one_wrote_end_superseded_but_the_newest(
    on_stage: Stage, stores_at: StoresAt, seed: int, tmp_path: Path, from_applied: bool
) -> None:
    place = tmp_path / "world"
    ends = on_stage(
        enactors_race_in_converge, stores_at, place, seed, gated=True, from_applied=from_applied
    )
    assert ends == {"applied": 1, "superseded": RACERS - 1}


@every_seed
@first_or_next
def test_of_plans_made_on_one_base_exactly_one_is_applied_in_exact(
    on_stage: Stage, stores_at: StoresAt, seed: int, tmp_path: Path, from_applied: bool
) -> None:
    ends = on_stage(
        enactors_race_in_exact, stores_at, tmp_path / "world", seed, from_applied=from_applied
    )
    assert ends["applied"] == 1
    assert ends["refused"] + ends["superseded"] == RACERS - 1


def test_without_the_conditions_of_the_register_every_racing_enactor_claims(
    on_stage: Stage, aws_at: AwsAt, tmp_path: Path
) -> None:
    """The race is real: where the store is not asked, all but one are told what is not so."""
    lax = replace(aws_at, register_class=LaxRegister)
    acknowledged, told = on_stage(claims_in_a_race, lax, tmp_path / "world", 1)
    assert acknowledged == RACERS
    assert told == 1, "the others' claims left no trace"


def test_without_the_condition_of_the_archive_every_racing_planner_publishes_generation_1(
    on_stage: Stage, aws_at: AwsAt, tmp_path: Path
) -> None:
    lax = replace(aws_at, archive_class=LaxArchive)
    said, there = on_stage(plans_in_a_race, lax, tmp_path / "world", 1)
    assert said == RACERS
    assert there == 1, "the others' plans were overwritten"


@every_seed
def test_sixteen_writers_of_one_journal_leave_no_gap_and_no_entry_twice(
    on_stage: Stage, stores_at: StoresAt, seed: int, tmp_path: Path
) -> None:
    written = on_stage(writers_race, stores_at, tmp_path / "world", seed)
    assert written == {f"writer-{number}": WRITINGS for number in range(RACERS)}
