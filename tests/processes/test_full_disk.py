"""A full disk: exit 5, the old zone file untouched, and the next pass with room completes.

On the embedded stores only, which have their disk here. What goes away from under a pass on the AWS
stores is their endpoint: ``test_outages.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from plans.plan import Mode
from tests.processes.disks import full_at_every_operation, limited_at, register_full_after
from tests.processes.stage import Stage
from tests.processes.trouble import Ended

both_modes = pytest.mark.parametrize("mode", ["exact", "converge"])


def assert_try_again(end: Ended) -> None:
    """Nothing was done and it says so (5), or whole targets were and it says that (6)."""
    if end.report.exit_code == 0:
        return  # it had written all that it needed before the disk was full
    if end.report.done:
        assert (end.report.outcome, end.report.exit_code) == ("partial", 6), end
    else:
        assert (end.report.outcome, end.report.exit_code) == ("unavailable", 5), end


@both_modes
@pytest.mark.parametrize("size", [0, 64], ids=["no-byte", "some-bytes"])
def test_a_zone_file_that_finds_no_room_stays_as_it_was(
    on_stage: Stage, tmp_path: Path, mode: Mode, size: int
) -> None:
    end = on_stage(limited_at, tmp_path / "world", mode, "apply called t1.zone", size)
    assert (end.report.outcome, end.report.exit_code) == ("unavailable", 5), end
    assert end.zones_changed == 0


def test_a_register_that_cannot_be_opened_for_want_of_room_stops_the_pass_before_it_begins(
    on_stage: Stage, tmp_path: Path
) -> None:
    end = on_stage(limited_at, tmp_path / "world", "exact", "at once", 0)
    assert (end.report.outcome, end.report.exit_code) == ("unavailable", 5), end
    assert end.zones_changed == 0


def test_a_register_that_runs_full_at_any_page_leaves_a_pass_to_be_tried_again(
    on_stage: Stage, tmp_path: Path
) -> None:
    ends = [
        on_stage(register_full_after, tmp_path / str(pages), "exact", pages) for pages in range(10)
    ]
    for end in ends:
        assert_try_again(end)
    assert ends[0].report.exit_code == 5
    assert ends[0].zones_changed == 0, "without a claim there is no write"
    assert ends[-1].report.exit_code == 0, "the last one has room enough"


@pytest.mark.parametrize("size", [0, 64], ids=["no-byte", "some-bytes"])
def test_a_plan_that_finds_no_room_is_not_published_and_costs_no_number(
    on_stage: Stage, tmp_path: Path, size: int
) -> None:
    end = on_stage(limited_at, tmp_path / "world", "exact", "before write", size, publish=True)
    assert (end.report.outcome, end.report.exit_code) == ("unavailable", 5), end
    assert end.published == 0


def test_whenever_the_disk_is_full_enacting_ends_to_be_tried_again_and_then_completes(
    on_stage: Stage, tmp_path: Path
) -> None:
    ends = on_stage(full_at_every_operation, tmp_path, "exact", publish=False, step=3)
    for end in ends:
        assert_try_again(end)
        assert end.zones_changed >= len(end.report.done), end
    assert {end.report.exit_code for end in ends} >= {5, 6}


def test_whenever_the_disk_is_full_planning_publishes_a_whole_plan_or_none(
    on_stage: Stage, tmp_path: Path
) -> None:
    ends = on_stage(full_at_every_operation, tmp_path, "exact", publish=True, step=2)
    for end in ends:
        assert_try_again(end)
        assert end.published == (1 if end.report.exit_code == 0 else 0), end
