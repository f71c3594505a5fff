"""``stream set`` and ``stream show``: settings in the register, old and new."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from plans.names import settings_key
from tests.planfence.project import CONFIG, STREAM, Project

A, B, C = (f"zonefile:out/{letter}.zone" for letter in "abc")


def settings(project: Project) -> dict[str, object]:
    found = project.ok("stream", "show", STREAM, "--format", "json").json["settings"]
    assert isinstance(found, dict)
    return found


def test_every_setting_can_be_changed_and_old_and_new_are_told(project: Project) -> None:
    project.start()
    ran = project.ok(
        *("stream", "set", STREAM, "--mode", "converge", "--approvals", "3"),
        *("--self-approval", "deny", "--approval-hours", "2", "--updates-max", "007"),
        *("--deletes-max", "0%", "--protect", "WWW", "--plan-hours", "5", "--format", "json"),
    )
    assert ran.json["changed"] == {
        "mode": {"old": "exact", "new": "converge"},
        "approvals": {"old": 1, "new": 3},
        "self_approval": {"old": "allow", "new": "deny"},
        "approval_hours": {"old": 24, "new": 2},
        "updates_max": {"old": "30%", "new": "7"},
        "deletes_max": {"old": "30%", "new": "0%"},
        "protect": {"old": [], "new": ["www"]},
        "plan_hours": {"old": 168, "new": 5},
    }
    after = settings(project)
    assert (after["version"], after["mode"], after["protect"]) == (2, "converge", ["www"])


def test_a_change_that_changes_nothing_writes_nothing(project: Project) -> None:
    project.start()
    before = settings(project)
    assert project.ok("stream", "set", STREAM, "--approvals", "1").out.endswith("changes\n")
    assert settings(project) == before
    assert len(project.ok("journal", STREAM, "--format", "json").json["entries"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--protect", "www", "--no-protect"),
        ("--protect", ""),
        ("--protect", "a..b"),
        ("--protect", "www", "--protect", "www"),
        ("--target", "out/a.zone"),
        ("--target", A, "--target", "zonefile:./out/a.zone"),
        ("--target", A, "--target", A),
        ("--retire", C),
        ("--target", A, "--retire", A),
        ("--retire", A, "--retire", B),
        ("--updates-max", "-1"),
        ("--updates-max", "3.5%"),
        ("--plan-hours", "0"),
    ],
    ids=" ".join,
)
def test_a_value_that_cannot_be_used_changes_nothing(
    arguments: tuple[str, ...], project: Project
) -> None:
    project.start()
    project.refused(64, "usage", "stream", "set", STREAM, *arguments)


def test_before_the_first_claim_targets_may_be_exchanged_at_once(project: Project) -> None:
    project.start()
    project.ok("stream", "set", STREAM, "--target", C)
    assert settings(project)["targets"] == [C]


def test_a_retiring_target_may_come_back(project: Project) -> None:
    project.start()
    project.go()
    project.ok("stream", "set", STREAM, "--retire", B)
    project.ok("stream", "set", STREAM, "--retire", B)  # not retired yet: nothing changes
    assert settings(project)["retiring"] == [B]
    project.ok("stream", "set", STREAM, "--target", A, "--target", B)
    assert (settings(project)["targets"], settings(project)["retiring"]) == ([A, B], [])


def test_a_retired_target_is_never_written_again(project: Project) -> None:
    project.start()
    project.go()
    project.ok("stream", "set", STREAM, "--retire", B)
    project.go()
    project.ok("stream", "set", STREAM, "--retire", B)
    retired = (project.root / "out/b.zone").read_bytes()
    project.go("two")
    assert (project.root / "out/b.zone").read_bytes() == retired
    assert (project.root / "out/a.zone").read_bytes() != retired


def test_commands_in_notes_are_quoted_for_the_shell(project: Project) -> None:
    project.start()
    project.write("planfence.toml", CONFIG.replace("out/b.zone", "out/the zone; x"))
    notes = project.ok("status", "--format", "json").json["notes"]
    wanted = shlex.split(notes[0].split("`")[1])
    assert wanted[-1] == "zonefile:out/the zone; x"


def test_somebody_elses_change_is_a_conflict(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plans import settings as kernel

    project.start()
    read = kernel.read_settings

    def late(*arguments: object) -> kernel.Settings:
        found = read(*arguments)  # type: ignore[arg-type]
        project.overwrite_item(settings_key(STREAM), version=9)
        return found

    monkeypatch.setattr("plans.settings.read_settings", late)
    ran = project.run("stream", "set", STREAM, "--approvals", "2")
    assert (ran.code, "[settings-changed]" in ran.err) == (4, True)


def test_a_working_folder_that_is_gone_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from planfence.cli import main

    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert main(["status"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
