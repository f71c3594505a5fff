"""A real enactor is stopped before its message to BIND and woken after newer plans are applied.

Shown: the server refuses the late message, wherever before it the pause was; and that without the
fence among its prerequisites the same message lands and the zone goes back, every time.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from plans.plan import Mode
from tests.processes.server_pauses import LAST, pauses_at_bind
from tests.processes.server_world import PointedTarget, UnfencedServerTarget
from tests.processes.stage import Stage
from tests.servers.fixtures import need_bind

PAUSES = 10  # in each mode; `make prove-long` does 200
WITHOUT = 5

both_modes = pytest.mark.parametrize("mode", ["exact", "converge"])


@both_modes
def test_an_enactor_paused_before_its_message_writes_nothing_once_newer_plans_are_applied(
    on_stage: Stage, tmp_path: Path, mode: Mode
) -> None:
    need_bind()
    woken = on_stage(pauses_at_bind, tmp_path / "world", mode, PAUSES, PointedTarget)
    assert len(woken) == PAUSES
    for end in woken:
        assert (end.report.outcome, end.report.exit_code) == ("superseded", 4), end
        assert not end.changed, end
    assert sum(end.went_back for end in woken) == 0, "0 regressions"


@both_modes
def test_without_the_fences_prerequisite_the_same_pause_lets_the_stale_plan_win(
    on_stage: Stage, tmp_path: Path, mode: Mode
) -> None:
    need_bind()
    woken = on_stage(pauses_at_bind, tmp_path / "world", mode, WITHOUT, UnfencedServerTarget, LAST)
    assert sum(end.changed for end in woken) == WITHOUT, "the stale message landed every time"
    assert sum(end.went_back for end in woken) == WITHOUT, "and the zone went back every time"
