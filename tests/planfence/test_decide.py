"""Decisions at the command line: holds that end by themselves, rejections that come too late."""

from __future__ import annotations

import pytest

from tests.planfence.project import STREAM, Project


@pytest.mark.parametrize(
    ("time", "until"),
    [("30m", "12:30:00Z"), ("2h", "14:00:00Z"), ("0090m", "13:30:00Z")],
)
def test_a_hold_ends_by_itself_and_everybody_is_told_when(
    time: str, until: str, project: Project
) -> None:
    project.start()
    project.plan()
    project.approve(1)
    ran = project.ok("hold", STREAM, "--reason", "migration", "--for", time)
    assert f"is held by ana@lab since 2026-01-01 12:00:00Z until 2026-01-01 {until}: mig" in ran.out
    assert f"HELD by ana@lab since 2026-01-01 12:00:00Z until 2026-01-01 {until}: migration" in (
        project.ok("status").out
    )
    named = (STREAM, "1", "--digest", project.digest(1))
    said = f"by ana@lab until 2026-01-01T{until}: migration"
    assert f"is held {said}" in project.refused(3, "held", "enact", *named).err
    assert f"HELD NOW: {said}" in project.ok("show", STREAM).out
    refused = project.refused(3, "held", "hold", STREAM, "--reason", "mine")
    assert f"is held already {said}" in refused.err
    project.clock.tick(hours=2)
    assert "hold     none" in project.ok("status").out
    assert "HELD" not in project.ok("show", STREAM).out
    assert "nothing to release" in project.ok("release", STREAM).out
    project.ok("enact", *named)


def test_a_hold_says_its_end_to_programs(project: Project) -> None:
    project.start()
    flags = ("--reason", "migration", "--format", "json")
    assert project.ok("hold", STREAM, *flags, "--for", "1d").json["until"] == (
        "2026-01-02T12:00:00+00:00"
    )
    [stream] = project.ok("status", "--format", "json").json["streams"]
    assert stream["hold"]["until"] == "2026-01-02T12:00:00Z"
    entry = project.ok("journal", STREAM, "--format", "json").json["entries"][-1]
    assert entry["details"] == {"reason": "migration", "until": "2026-01-02T12:00:00Z"}
    released = project.ok("release", STREAM).out
    assert "the hold of ana@lab until 2026-01-02T12:00:00Z: migration" in released
    assert project.ok("hold", STREAM, *flags).json["until"] is None


def test_a_plan_made_under_a_hold_stays_ineligible_when_the_hold_has_ended(
    project: Project,
) -> None:
    project.start()
    project.ok("hold", STREAM, "--reason", "migration", "--for", "30m")
    project.plan()
    project.clock.tick(minutes=30)
    named = (STREAM, "1", "--digest", project.digest(1))
    project.refused(3, "observed-under-hold", "approve", *named)
    assert project.go() == 2


@pytest.mark.parametrize(
    "time", ["", "2", "h", "2w", "-1h", "0h", "1.5h", "366d", "9999999m", "2 h", "٢h"]
)
def test_what_is_no_duration_is_refused(time: str, project: Project) -> None:
    project.start()
    ran = project.refused(64, "usage", "hold", STREAM, "--reason", "x", "--for", time)
    assert "is no duration: 30m, 2h or 1d, at most 365d" in ran.err


def test_a_plan_that_is_claimed_is_held_or_overridden_and_not_rejected(project: Project) -> None:
    project.start()
    project.go()
    project.desire("two")
    project.plan()
    project.approve(2)
    zone = project.root / "out/b.zone"
    kept = zone.read_bytes()
    zone.unlink()
    zone.mkdir()
    assert project.enact(2).code == 6
    ran = project.refused(3, "claimed", "reject", STREAM, "2", "--reason", "no")
    assert f"`planfence hold {STREAM} --reason TEXT` stops it before its next step" in ran.err
    assert f"`planfence override {STREAM} FILE --reason TEXT` replaces it" in ran.err
    zone.rmdir()
    zone.write_bytes(kept)
    assert project.enact(2).code == 0
