"""A real enactor is stopped and woken: what it decided on before is worth nothing to the target.

Shown: every pause between the read of a fence and its write, whatever the length, on zone files,
wherever the pointer is kept.
Not shown here, because it is not so: a holder paused inside the lock does make others wait (the
documented exception to G6); that it makes nothing else than wait is shown last.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from plans.plan import Mode
from tests.processes.pauses import (
    LAST,
    a_holder_paused_inside_the_lock,
    pause_rounds,
    pause_without_the_fence,
)
from tests.processes.stage import Stage
from tests.processes.stores import StoresAt
from tests.processes.world import T1, T2

both_modes = pytest.mark.parametrize("mode", ["exact", "converge"])


@both_modes
@pytest.mark.parametrize(  # in each mode: every point on every target three times, or once
    ("stores_at", "pauses"), [("embedded", 18), ("aws", 6)], indirect=["stores_at"]
)
def test_an_enactor_paused_before_its_write_writes_nothing_once_newer_plans_are_applied(
    on_stage: Stage, stores_at: StoresAt, pauses: int, tmp_path: Path, mode: Mode
) -> None:
    woken = on_stage(pause_rounds, stores_at, tmp_path / "world", mode, pauses)
    assert len(woken) == pauses
    for end in woken:
        assert (end.report.outcome, end.report.exit_code) == ("superseded", 4), end
        assert end.changed == (), end


@both_modes
@pytest.mark.parametrize("point", LAST, ids=["before-apply", "before-lock"])
@pytest.mark.parametrize("target", [T1, T2], ids=["t1", "t2"])
def test_without_the_fence_the_same_pause_lets_the_stale_plan_win(
    on_stage: Stage, stores_at: StoresAt, tmp_path: Path, mode: Mode, point: str, target: str
) -> None:
    """The race is real: where the target's protection is taken out it is lost, every time."""
    end = on_stage(pause_without_the_fence, stores_at, tmp_path / "world", mode, point, target)
    assert end.changed == (target,), "the stale write landed"
    assert end.live.fence.generation < end.newest.fence.generation, "the zone went back"
    assert end.live.state != end.newest.state


def test_a_holder_paused_inside_the_lock_makes_others_unavailable_and_changes_nothing(
    on_stage: Stage, stores_at: StoresAt, tmp_path: Path
) -> None:
    place = tmp_path / "world"
    other, unchanged = on_stage(a_holder_paused_inside_the_lock, stores_at, place, (T1,))
    assert (other.outcome, other.exit_code, other.rule) == ("unavailable", 5, "target-busy")
    assert unchanged


def test_a_holder_paused_inside_one_lock_does_not_stop_the_other_target(
    on_stage: Stage, stores_at: StoresAt, tmp_path: Path
) -> None:
    place = tmp_path / "world"
    other, unchanged = on_stage(a_holder_paused_inside_the_lock, stores_at, place, (T1, T2))
    assert (other.outcome, other.exit_code, other.done) == ("partial", 6, (T2,))
    assert unchanged
