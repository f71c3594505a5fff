"""The archive is emptied, or the plan that matters is gone or corrupt: the next plan still works.

A plan holds copies and nothing live refers to it, so losing plans changes no byte of any zone.
What is lost with a parent (its source, a standing override) must be waived by a person, by name.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from plans.plan import Mode
from tests.processes.losses import (
    Damage,
    Recovery,
    approved_and_lost,
    claimed_plan_damaged,
    flip_bit,
    lost_after_forty,
    many_generations,
    old_plans_deleted,
    pointers_plan_damaged,
    remove,
)
from tests.processes.stage import Stage
from tests.processes.stores import StoresAt
from tests.processes.world import World

both_modes = pytest.mark.parametrize("mode", ["exact", "converge"])
either_damage = pytest.mark.parametrize("damage", [remove, flip_bit], ids=["missing", "bit"])


@pytest.fixture(scope="module")
def forty(on_stage: Stage, stores_at: StoresAt, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A stream with 40 generations applied. Tests work on copies."""
    folder = tmp_path_factory.mktemp("forty") / "world"
    return on_stage(many_generations, stores_at, folder, "exact", 40)


def assert_recovered_as(generation: int, found: Recovery) -> None:
    unwaived = found.unwaived
    assert (unwaived.outcome, unwaived.exit_code) == ("refused", 3)
    assert unwaived.rule == "parent-unreadable"
    assert (found.planned.outcome, found.planned.generation) == ("published", generation)
    assert (found.unapproved.exit_code, found.unapproved.rule) == (3, "approvals")
    assert (found.enacted.outcome, found.enacted.generation) == ("applied", generation)


@pytest.mark.parametrize("same", [False, True], ids=["another-state", "same-state"])
def test_after_the_archive_was_emptied_at_generation_40_the_next_is_41_and_is_enacted(
    on_stage: Stage, forty: World, tmp_path: Path, same: bool
) -> None:
    assert_recovered_as(41, on_stage(lost_after_forty, forty, tmp_path / "world", same=same))


def test_approvals_of_plans_that_were_lost_do_not_block_the_next_number(
    on_stage: Stage, forty: World, tmp_path: Path
) -> None:
    planned, enacted = on_stage(approved_and_lost, forty, tmp_path / "world")
    assert planned.generation == 43, "41 and 42 are bound to the bytes that were lost"
    assert (enacted.outcome, enacted.generation) == ("applied", 43)


def test_deleting_every_old_plan_changes_no_byte_of_any_zone(
    on_stage: Stage, forty: World, tmp_path: Path
) -> None:
    planned, enacted, unchanged = on_stage(old_plans_deleted, forty, tmp_path / "world")
    assert unchanged
    assert planned.outcome == "unchanged"
    assert (enacted.outcome, enacted.generation) == ("already_applied", 40)


@both_modes
@either_damage
def test_the_next_plan_is_enacted_though_the_applied_one_is_gone_or_corrupt(
    on_stage: Stage, stores_at: StoresAt, tmp_path: Path, mode: Mode, damage: Damage
) -> None:
    found = on_stage(pointers_plan_damaged, stores_at, tmp_path / "world", mode, damage)
    assert_recovered_as(3, found)


@both_modes
@either_damage
def test_the_next_plan_is_enacted_though_the_claimed_one_is_half_applied_and_gone_or_corrupt(
    on_stage: Stage, stores_at: StoresAt, tmp_path: Path, mode: Mode, damage: Damage
) -> None:
    place = tmp_path / "world"
    resumed, found = on_stage(claimed_plan_damaged, stores_at, place, mode, damage)
    assert resumed.exit_code == 3, "a plan that cannot be verified is not resumed"
    assert_recovered_as(4, found)
