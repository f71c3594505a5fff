"""What an override is made from where not all is given: a lost desired state, and an editor."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plans.names import blobs_prefix
from tests.planfence.project import STREAM, Project

WHY = ("--reason", "the mail is down")


@pytest.fixture
def live(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Generation 1 is applied; ``two.json`` is plan 2, which never was. Edits have a place here."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    project.start()
    project.go()
    project.ok("stream", "set", STREAM, "--approvals", "0")
    project.desire("two")
    project.plan()
    project.write("two.json", project.plan_path(2).read_text(encoding="utf-8"))
    return project


def blobs(project: Project, generation: int) -> Path:
    return project.root / ".planfence/archive" / blobs_prefix(STREAM) / f"{generation:012d}"


def live_zone(project: Project, target: str = "a") -> str:
    return (project.root / f"out/{target}.zone").read_text(encoding="utf-8")


def override(project: Project, *arguments: str) -> str:
    """The notes of an override that is enacted."""
    return project.ok("override", STREAM, *arguments, *WHY, "--enact").err


# A plan


def test_a_plans_own_desired_state_is_found_in_the_archive(live: Project) -> None:
    assert "taken from it: the desired state of plan 2" in override(live, "two.json")
    assert "192.0.2.51" in live_zone(live)
    assert live.ok("status", "--format", "json").json["streams"][0]["applied"]["generation"] == 3


def test_where_that_is_lost_its_changes_are_made_to_what_is_applied(live: Project) -> None:
    shutil.rmtree(blobs(live, 2))
    live.write("out/a.zone", live_zone(live).replace("192.0.2.21", "198.51.100.1"))
    told = override(live, "two.json")
    assert "the changes of plan 2, made to the desired state of generation 1" in told
    assert "192.0.2.51" in live_zone(live)
    assert "192.0.2.21" in live_zone(live), "what drifted is not taken for desired"


def test_where_that_is_lost_too_they_are_made_to_what_is_live(live: Project) -> None:
    shutil.rmtree(live.root / ".planfence/archive/streams")
    told = override(live, "two.json")
    assert "the changes of plan 2, made to what is live on zonefile:out/a.zone" in told
    for target in "ab":
        assert "192.0.2.51" in live_zone(live, target)
        assert "old" not in live_zone(live, target)


@pytest.mark.parametrize("how", ["differ", "missing", "empty"])
def test_targets_that_do_not_agree_are_no_base(how: str, live: Project) -> None:
    shutil.rmtree(live.root / ".planfence/archive/streams")
    if how == "differ":
        live.write("out/b.zone", live_zone(live, "b").replace("192.0.2.21", "198.51.100.1"))
    if how == "missing":
        (live.root / "out/b.zone").unlink()
    if how == "empty":
        for target in "ab":
            kept = [row for row in live_zone(live, target).splitlines() if " SOA " in row]
            live.write(f"out/{target}.zone", "\n".join(kept) + "\n")
    ran = live.refused(3, "override-without-base", "override", STREAM, "two.json", *WHY)
    assert "plan 1 of dns/example.com is not in the archive" in ran.err
    assert f"`planfence override {STREAM} FILE --reason TEXT`" in ran.err


def test_a_plan_that_was_never_applied_is_told_from_one_that_is_lost(project: Project) -> None:
    project.start()
    project.plan()
    project.write("one.json", project.plan_path(1).read_text(encoding="utf-8"))
    shutil.rmtree(blobs(project, 1))
    ran = project.refused(3, "override-without-base", "override", STREAM, "one.json", *WHY)
    assert "nothing was applied yet" in ran.err


def test_a_plan_that_asks_for_one_thing_here_and_another_there_is_refused(live: Project) -> None:
    plan = json.loads(live.plan_path(2).read_bytes())
    shutil.rmtree(blobs(live, 2))
    changes = plan["waves"][0]["targets"][1]["steps"][0]["changes"]
    [www] = [each for each in changes if each["name"] == "www.example.com."]
    www["after"]["values"] = ["192.0.2.98"]
    live.write("two.json", json.dumps(plan))
    live.refused(3, "override-differs", "override", STREAM, "two.json", *WHY)


def test_a_plan_of_a_lineage_that_was_lost_is_taken_too(live: Project) -> None:
    plan = json.loads(live.plan_path(2).read_bytes())
    live.write("two.json", json.dumps(plan | {"lineage": "9" * 32}))
    override(live, "two.json")
    assert "192.0.2.51" in live_zone(live)


def test_an_override_whose_plan_was_lost_does_not_wedge_the_number_that_it_had(
    live: Project,
) -> None:
    """Its journal entry names a digest, and would refuse any other bytes under that number."""
    live.ok("override", STREAM, "two.json", *WHY)  # generation 3
    shutil.rmtree(live.root / ".planfence/archive/streams")
    override(live, "two.json")
    applied = live.ok("status", "--format", "json").json["streams"][0]["applied"]
    assert applied["generation"] == 4
    assert "192.0.2.51" in live_zone(live)


# An editor


def editor(project: Project, script: str, variable: str = "EDITOR") -> None:
    path = project.root.parent / "editor.sh"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    project.environment[variable] = f"{path} --wait"


def edits(project: Project) -> list[Path]:
    return list(project.root.parent.glob("planfence-*/*"))


def test_what_is_applied_is_edited_and_enacted_and_the_file_is_gone(live: Project) -> None:
    live.write("out/a.zone", live_zone(live).replace("192.0.2.21", "198.51.100.1"))
    seen_at = live.root.parent / "seen.yaml"
    editor(live, f'cp "$2" {seen_at}; sed -i s/192.0.2.50/192.0.2.77/ "$2"')
    ran = live.ok("override", STREAM, "--edit", *WHY, "--enact")
    seen = seen_at.read_text(encoding="utf-8")
    assert seen.startswith("# example.com.: the desired state of generation 1, for an override of")
    assert "198.51.100.1" not in seen
    assert "input    an edit of the desired state of generation 1, sha256 " in ran.out
    assert "192.0.2.77" in live_zone(live)
    assert edits(live) == []


@pytest.mark.parametrize("script", ["true", ': > "$2"', 'echo "# no" > "$2"', 'rm "$2"'])
def test_nothing_is_done_where_nothing_was_edited(script: str, live: Project) -> None:
    editor(live, script)
    live.refused(3, "nothing-edited", "override", STREAM, "--edit", *WHY, "--hold")
    assert edits(live) == []


def test_an_edit_that_is_wrong_is_kept_and_gone_on_with(live: Project) -> None:
    editor(live, 'sed -i "s/192.0.2.50/x/; s/192.0.2.21/y/" "$2"')
    ran = live.refused(
        3, "desired-state", "override", STREAM, "--edit", *WHY, "--hold", one_line=False
    )
    [kept] = edits(live)
    assert ran.err.count(f"{kept}:") >= 2, "every error at once"
    [again] = re.findall(r"your edit is kept, to go on with: `planfence (.*)`", ran.err)
    assert again == f"override {STREAM} {kept} --reason TEXT"
    kept.write_text(
        kept.read_text("utf-8").replace(" x", " 192.0.2.78").replace(" y", " 192.0.2.21")
    )
    live.ok(*again.split(), "--enact")
    assert "192.0.2.78" in live_zone(live)
    assert kept.exists(), "a file of the person's own now"


def test_an_edit_that_a_guard_refuses_is_kept_too(live: Project) -> None:
    live.ok("stream", "set", STREAM, "--protect", "www")
    editor(live, 'sed -i s/192.0.2.50/192.0.2.77/ "$2"')
    live.refused(3, "protected", "override", STREAM, "--edit", *WHY, one_line=False)
    assert len(edits(live)) == 1


def test_an_editor_that_fails_is_told_and_visual_comes_before_editor(live: Project) -> None:
    editor(live, "exit 3", "VISUAL")
    live.environment["EDITOR"] = "true"
    ran = live.refused(3, "editor-failed", "override", STREAM, "--edit", *WHY, one_line=False)
    assert "ended with 3" in ran.err
    del live.environment["VISUAL"]
    live.refused(3, "nothing-edited", "override", STREAM, "--edit", *WHY)


def test_what_is_live_is_edited_where_what_was_applied_is_lost(live: Project) -> None:
    shutil.rmtree(live.root / ".planfence/archive/streams")
    editor(live, 'sed -i s/192.0.2.50/192.0.2.77/ "$2"')
    override(live, "--edit")
    assert "192.0.2.77" in live_zone(live, "b")


def test_semicolons_are_written_and_read_alike_though_nobody_decided_how(live: Project) -> None:
    live.ok("stream", "set", STREAM, "--deletes-max", "100%", "--updates-max", "100%")
    editor(live, """sed -i "s/^  value: hello world/  value: 'v=1; k=2'/" "$2" """)
    override(live, "--edit")
    assert '"v=1; k=2"' in live_zone(live)
    editor(live, 'sed -i s/192.0.2.50/192.0.2.77/ "$2"')
    override(live, "--edit")
    assert '"v=1; k=2"' in live_zone(live)
    assert "192.0.2.77" in live_zone(live)


def test_no_room_for_the_file_is_said_and_nothing_is_done(
    live: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(live.root / "planfence.toml"))
    live.refused(5, "edit-unwritable", "override", STREAM, "--edit", *WHY)


def test_where_no_editor_is_named_it_is_vi(live: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        ran.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr("planfence.editing.subprocess.run", run)
    live.refused(3, "nothing-edited", "override", STREAM, "--edit", *WHY)
    assert ran[0][:4] == ["sh", "-c", 'vi "$@"', "vi"]
