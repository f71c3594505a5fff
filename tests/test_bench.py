"""Every part of the bench runs, on zones that are small; what it says is checked, no time is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import enacting, rfc2136, route53, zonefiles
from bench.project import RUNS
from bench.table import Row
from tests.servers.fixtures import need_bind

SIZE = 200


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUNS, SIZE, 1)
    monkeypatch.setitem(zonefiles.CPU_GOALS, SIZE, None)


def whats(rows: list[Row]) -> list[str]:
    """What the rows are of, without where and how many."""
    return [row.what.partition(": ")[2].replace(f", {SIZE} record sets", "") for row in rows]


PLANS = [
    "plan without a change, CPU",
    "plan without a change, peak memory",
    "plan that changes 1 %, CPU",
    "plan that changes 1 %, peak memory",
]


def test_a_zone_file_and_a_zone_at_bind_are_planned_by_both(tmp_path: Path) -> None:
    need_bind()
    project = zonefiles.applied_project(tmp_path / "zone-file", SIZE)
    assert whats(list(zonefiles.unchanged(project, SIZE))) == PLANS[:2]
    file = project.folder / zonefiles.ZONE_FILE
    assert whats(list(rfc2136.rows(tmp_path / "rfc2136", SIZE, file))) == PLANS


def test_a_hosted_zone_is_planned_by_both_and_calls_are_counted(tmp_path: Path) -> None:
    *rows, calls = route53.rows(tmp_path / "route53", SIZE)
    assert whats(rows) == PLANS
    # The zone's name and one page, against octoDNS's.
    assert (calls.what, calls.ours) == (
        f"Route 53: plan without a change, {SIZE} record sets, API calls",
        "2",
    )
    assert int(calls.theirs) > 0


def test_enacting_takes_what_the_limits_allow_and_octodns_stops_at_updates(tmp_path: Path) -> None:
    creates, _, updates, tuned = enacting.rows(tmp_path / "enacting", (1_000,))
    assert (creates.met, creates.theirs) == (True, "0.0 s")
    assert (updates.met, updates.theirs) == (True, "0 applied")
    assert "octoDNS ended with: " in updates.note
    assert tuned.theirs.endswith(" s")


def test_a_side_that_does_not_say_what_it_should_ends_the_bench(tmp_path: Path) -> None:
    project = zonefiles.applied_project(tmp_path / "zone-file", SIZE)
    (project.folder / zonefiles.ZONE_FILE).unlink()
    with pytest.raises(SystemExit, match="ended with 0"):
        list(zonefiles.unchanged(project, SIZE))
