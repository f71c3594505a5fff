"""``init``: what is missing is made, what is there is left."""

from __future__ import annotations

import shutil

import pytest

from planfence.initialise import TEMPLATE
from tests.planfence.project import CONFIG, STREAM, Project


def test_init_twice_changes_nothing_the_second_time(project: Project) -> None:
    first = project.ok("init", "--format", "json").json
    assert [item["did"] for item in first["items"]] == ["created"] * 3
    before = project.tree()
    second = project.ok("init", "--format", "json").json
    assert [item["did"] for item in second["items"]] == ["found"] * 3
    assert project.tree() == before


def test_the_template_with_its_marks_taken_away_is_a_config_file_that_works(
    project: Project,
) -> None:
    lines = TEMPLATE.splitlines()
    start = lines.index(
        '# [streams."dns/example.com"]                   # kind/name, 2 or 3'
        " segments of a-z 0-9 . _ -"
    )
    opened = lines[:start] + [line.removeprefix("# ") for line in lines[start:]]
    opened = [
        line.removeprefix("# ") if '= "file:' in line or "sqlite:" in line else line
        for line in opened
    ]
    project.write("planfence.toml", "\n".join(opened))
    project.desire("one")
    project.ok("init")
    project.ok("plan", STREAM)


@pytest.mark.parametrize("lost", ["archive", "register.db"])
def test_a_store_that_is_gone_while_the_other_is_there_is_not_made_anew_in_silence(
    lost: str, project: Project
) -> None:
    project.start()
    project.go()
    path = project.root / ".planfence" / lost
    for place in path.parent.glob(f"{lost}*"):
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    ran = project.refused(3, "store-missing", "init")
    assert "--create" in ran.err
    project.ok("init", "--create")
    assert path.exists()


def test_a_stream_is_created_once_and_its_targets_are_copied_once(project: Project) -> None:
    project.start()
    settings = project.ok("stream", "show", STREAM, "--format", "json").json["settings"]
    assert settings["targets"] == ["zonefile:out/a.zone", "zonefile:out/b.zone"]
    assert settings["self_approval"] == "allow"
    project.write(
        "planfence.toml", CONFIG.replace('"zonefile:out/b.zone"', '"zonefile:out/c.zone"')
    )
    ran = project.ok("init")
    after = project.ok("stream", "show", STREAM, "--format", "json").json
    assert after["settings"] == settings
    for told in (ran.err, project.ok("status").err):
        assert "out/c.zone is in planfence.toml and not in the register, which binds" in told
        assert f"`planfence stream set {STREAM} --retire zonefile:out/b.zone`" in told
        assert (
            f"`planfence stream set {STREAM} --target zonefile:out/a.zone"
            " --target zonefile:out/b.zone --target zonefile:out/c.zone`" in told
        )
    assert len(after["notes"]) == 2
    assert project.ok("status", "--quiet").err == ""


def test_a_note_is_a_command_that_can_be_run(project: Project) -> None:
    project.start()
    project.write(
        "planfence.toml", CONFIG.replace('"zonefile:out/b.zone"', '"zonefile:out/c.zone"')
    )
    for note in project.ok("status", "--format", "json").json["notes"]:
        command = note.split("`")[1].split()
        assert command[0] == "planfence"
        project.ok(*command[1:])


def test_init_below_a_project_uses_it(project: Project) -> None:
    project.start()
    below = project.root / "zones"
    assert project.run("init", folder=below).code == 0
    assert not (below / "planfence.toml").exists()


def test_init_writes_the_file_that_was_named(project: Project) -> None:
    project.ok("init", "--config", "mine.toml")
    assert (project.root / "mine.toml").read_text() == TEMPLATE


def test_init_says_where_it_cannot_write(project: Project) -> None:
    project.refused(5, "config-unavailable", "init", "--config", "no-such-folder/planfence.toml")
