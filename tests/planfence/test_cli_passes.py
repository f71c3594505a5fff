"""Planning and enacting from the command line: outcomes and exit codes."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from planfence.clock import SystemClock
from plans.document import decode, encode
from plans.names import Key
from plans.plan import Plan
from tests.planfence.project import CONFIG, STREAM, Project

A, B = "out/a.zone", "out/b.zone"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else writes this zone file now, and takes his time."""
    with (path.parent / f"{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def edit(project: Project, name: str, old: str, new: str) -> None:
    path = project.root / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_plan_exits_2_with_detailed_exitcode_only_where_changes_are_proposed(
    project: Project,
) -> None:
    project.start()
    assert project.run("plan", STREAM, "--detailed-exitcode").code == 2
    assert project.run("plan", STREAM, "--detailed-exitcode").code == 2  # pending
    assert project.run("plan", STREAM).code == 0
    project.approve(1)
    assert project.enact(1).code == 0
    assert project.run("plan", STREAM, "--detailed-exitcode").code == 0  # unchanged


def test_planning_writes_no_register_and_no_target(project: Project) -> None:
    project.start()
    before = project.tree()
    project.plan()
    new = {name for name, content in project.tree().items() if before.get(name) != content}
    assert new
    assert all(name.startswith(".planfence/archive/") for name in new)


def test_unchanged_and_pending_say_why_with_generation_and_digest(project: Project) -> None:
    project.start()
    project.plan()
    pending = project.ok("plan", STREAM, "--format", "json").json
    assert (pending["outcome"], pending["generation"]) == ("pending", 1)
    assert pending["digest"] == project.digest(1)
    assert "waits" in pending["why"]
    project.approve(1)
    project.enact(1)
    unchanged = project.ok("plan", STREAM, "--format", "json").json
    assert (unchanged["outcome"], unchanged["digest"]) == ("unchanged", project.digest(1))
    assert "nothing differs" in unchanged["why"]


def test_a_waived_plan_needs_an_approval_whatever_the_setting(project: Project) -> None:
    project.start()
    project.go()
    project.ok("stream", "set", STREAM, "--approvals", "0")
    project.desire("three")
    ran = project.run("plan", STREAM, "--allow", "deletes-max", "--reason", "x")
    assert ran.code == 3
    assert ran.err.count("\n") == 3  # the line, and one for each target
    assert ran.err.count("  apex: changed") == 2
    project.ok("plan", STREAM, "--allow", "deletes-max", "--allow", "apex", "--reason", "x")
    assert "pending, 0 of 1 approvals" in project.ok("list", STREAM).out
    assert project.enact(2).code == 3


def test_breached_guards_are_all_in_the_json(project: Project) -> None:
    project.start()
    project.go()
    project.desire("three")
    document = project.run("plan", STREAM, "--format", "json").json
    assert document["outcome"] == "refused"
    assert document["rule"] == "deletes-max"
    assert document["expected"] == "30% from 10 record sets on"
    assert len(document["problems"]) == 4


def test_an_older_plan_is_superseded_with_exit_4(project: Project) -> None:
    project.start()
    project.go()
    project.go("two")
    ran = project.enact(1)
    assert ran.code == 4
    assert ran.err.startswith("planfence: superseded: ")
    for command in (
        ("approve", STREAM, "1", "--digest", project.digest(1)),
        ("reject", STREAM, "1", "--reason", "x"),
        ("reject", STREAM, "2", "--reason", "x"),
    ):
        project.refused(4, "superseded", *command)


def test_a_plan_made_on_a_state_that_is_gone_cannot_be_approved(project: Project) -> None:
    project.start()
    project.go()
    project.desire("two")
    stale = project.plan()
    project.desire("one")
    project.write(
        "zones/example.com.yaml",
        (project.root / "zones/example.com.yaml").read_text()
        + "more: {type: A, value: 192.0.2.99}\n",
    )
    project.go()
    named = (str(stale), "--digest", project.digest(stale))
    project.refused(4, "superseded", "approve", STREAM, *named)
    states = {
        plan["generation"]: plan["state"]
        for plan in project.ok("list", STREAM, "--format", "json").json["plans"]
    }
    assert states == {1: "superseded", 2: "superseded", 3: "applied"}


def test_one_busy_target_is_a_partial_pass_that_a_second_one_resumes(project: Project) -> None:
    project.start()
    project.go()
    project.desire("two")
    project.plan()
    project.approve(2)
    with locked(project.root / B):
        ran = project.run("enact", STREAM, "--newest", "--format", "json")
    assert ran.code == 6
    document = ran.json
    assert (document["outcome"], document["generation"]) == ("partial", 2)
    assert [target["done"] for target in document["targets"]] == [True, False]
    assert document["targets"][1]["error"]["rule"] == document["rule"]
    (stream,) = project.ok("status", "--format", "json").json["streams"]
    assert (stream["desired"]["generation"], stream["applied"]["generation"]) == (2, 1)
    assert [target["state"] for target in stream["targets"]] == ["done", "behind"]
    assert "desired" in project.ok("list", STREAM).out
    # It can be decided on still: its resume needs the approvals that the settings ask for now.
    project.ok("stream", "set", STREAM, "--approvals", "2")
    assert project.enact(2).code == 3
    project.environment["PLANFENCE_USER"] = "ben@lab"
    project.approve(2)
    again = project.run("enact", STREAM, "--newest", "--format", "json")
    assert (again.code, again.json["outcome"], again.json["resumed"]) == (0, "applied", True)
    assert "resumed generation 2" in again.err


def test_every_target_busy_is_unavailable_with_exit_5(project: Project) -> None:
    project.start()
    project.go()
    project.desire("two")
    project.plan()
    project.approve(2)
    with locked(project.root / A), locked(project.root / B):
        ran = project.enact(2)
    assert ran.code == 5
    assert "is not applied" in ran.out
    assert ran.err.splitlines()[-1].startswith("planfence: unavailable: ")
    assert project.enact(2).code == 0


def test_a_world_that_moved_is_refused_target_by_target(project: Project) -> None:
    project.start()
    project.go()
    project.desire("two")
    project.plan()
    project.approve(2)
    for name in (A, B):
        edit(project, name, "IN A 192.0.2.50", "IN A 192.0.2.77")
    ran = project.enact(2)
    assert ran.code == 3
    assert "[drift]" in ran.err
    assert (project.root / A).read_text().count("192.0.2.77") == 1


def test_a_manual_change_is_marked_where_the_plan_reverts_it(project: Project) -> None:
    project.start()
    project.go()
    edit(project, A, "IN A 192.0.2.50", "IN A 192.0.2.77")
    ran = project.ok("plan", STREAM)
    line = "  ~ www.example.com. 300 A 192.0.2.77 -> 192.0.2.50  (reverts a manual change)"
    assert line in ran.out.splitlines()
    assert "+0 ~1 -0" in ran.out
    assert "no changes, only the fence is raised" in ran.out
    diff = project.ok("diff", STREAM, "--format", "json").json
    assert diff["differs"]
    assert [len(part["changes"]) for part in diff["parts"]] == [1, 0]
    project.plan_path(1).unlink()
    assert "reverts" not in project.ok("show", STREAM).out


def test_a_fence_that_is_gone_needs_adopt(project: Project) -> None:
    project.start()
    project.go()
    (project.root / A).unlink()
    assert "its fence is gone" in project.ok("status").out
    project.plan()
    project.approve(2)
    ran = project.enact(2)
    assert ran.code == 6  # the other target is done
    assert "[fence-missing]" in ran.err
    assert "--adopt" in ran.err
    assert project.enact(2, "--adopt").code == 0
    assert "its fence" not in project.ok("status").out


def test_fences_that_are_not_ours_are_told_apart(project: Project) -> None:
    project.start()
    project.go()
    text = (project.root / A).read_text()
    lineage = text.partition(" l=")[2][:32]
    for old, new, state in (
        (f"l={lineage}", f"l={'7' * 32}", "foreign"),
        ("v=pf1", "v=pf9", "unreadable"),
        ("g=1 ", "g=5 ", "ahead"),
        (f"d={project.digest(1)}", f"d={'0' * 64}", "conflicting"),
        ("e=1", "e=0", "unfinished"),
    ):
        (project.root / A).write_text(text.replace(old, new))
        (stream,) = project.ok("status", "--format", "json").json["streams"]
        assert [target["state"] for target in stream["targets"]] == [state, "done"]
        project.ok("status")


def test_self_approval_is_refused_where_it_is_denied(project: Project) -> None:
    project.start()
    project.ok("stream", "set", STREAM, "--self-approval", "deny")
    project.plan()
    named = ("1", "--digest", project.digest(1))
    project.refused(3, "self-approval", "approve", STREAM, *named)
    project.environment["PLANFENCE_USER"] = "ben@lab"
    document = project.ok("approve", STREAM, *named, "--format", "json").json
    assert document["approvals"] == {"wanted": 1, "by": ["ben@lab"]}
    assert document["digest"] == project.digest(1)


def test_a_rejected_plan_is_neither_approved_nor_enacted(project: Project) -> None:
    project.start()
    project.plan()
    project.approve(1)
    project.ok("reject", STREAM, "1", "--reason", "no")
    named = ("1", "--digest", project.digest(1))
    project.refused(3, "rejected", "enact", STREAM, *named)
    project.refused(3, "rejected", "approve", STREAM, *named)
    project.refused(3, "rejected", "reject", STREAM, "1", "--reason", "no")


def test_a_plan_made_under_a_hold_is_told_so_and_not_approved(project: Project) -> None:
    project.start()
    project.ok("hold", STREAM, "--reason", "migration")
    project.plan()
    assert "HELD when it was made: by ana@lab: migration" in project.ok("show", STREAM).out
    assert project.ok("list", STREAM).out.rstrip().endswith("held")
    named = ("1", "--digest", project.digest(1))
    project.refused(3, "observed-under-hold", "approve", STREAM, *named)


def test_release_ends_a_standing_override_too(project: Project) -> None:
    project.start()
    project.go()
    project.desire("two")
    project.plan()
    plan = decode(Plan, project.plan_path(2).read_bytes(), what="the plan")
    project.put_plan(2, encode(plan.model_copy(update={"origin": "override"})))
    project.desire("one")
    ran = project.run("plan", STREAM)
    assert (ran.code, "[undoes-override]" in ran.err) == (3, True)
    assert "the standing generation 2" in project.ok("release", STREAM).out
    assert "nothing to release" in project.ok("release", STREAM).out
    assert project.plan() == 3


def test_quiet_cuts_long_lists_and_says_how_many_it_left_out(project: Project) -> None:
    project.start()
    zone = project.root / "zones/example.com.yaml"
    more = "".join(f"host{n}: {{type: A, value: 192.0.2.{n}}}\n" for n in range(30))
    zone.write_text(zone.read_text() + more)
    ran = project.ok("plan", STREAM, "--quiet")
    assert "  ... 22 more creates" in ran.out
    assert ran.err == ""
    assert "more changes" not in project.ok("show", STREAM).out


def test_the_review_marks_git_and_returns_to_earlier_content(project: Project) -> None:
    project.start()
    for desired in ("one", "two"):
        project.go(desired)
    project.desire("one")
    returned = project.ok("plan", STREAM)
    assert "!! RETURNS to the content of generation 1: zones/example.com.yaml" in returned.out
    git(project, "init", "--quiet")
    git(project, "add", "zones")
    git(project, "commit", "--quiet", "--message", "one")
    project.desire("two")
    project.ok("reject", STREAM, "3", "--reason", "x")
    project.ok("stream", "set", STREAM, "--mode", "converge")
    ran = project.ok("plan", STREAM)
    assert "!! DIRTY: zones/example.com.yaml is not what its commit holds" in ran.out
    assert ", commit " in ran.out
    assert "(first)" in ran.out


def git(project: Project, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@lab", "-c", "commit.gpgsign=false")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    subprocess.run(["git", *identity, *arguments], cwd=project.root, check=True, env=environment)


def test_two_streams_are_shown_together_and_one_that_fails_does_not_hide_the_other(
    project: Project,
) -> None:
    project.start()
    other = CONFIG.replace("dns/example.com", "dns/other").replace("out/", "other/")
    project.write("planfence.toml", CONFIG + other)
    project.ok("init")
    assert len(project.ok("status", "--format", "json").json["streams"]) == 2
    project.overwrite_item(Key("settings#dns/other", "settings"), mode="yolo")
    ran = project.run("status", "--format", "json")
    assert (ran.code, ran.json["outcome"]) == (3, "refused")
    assert ran.json["streams"][0]["head"] is None
    assert ran.json["streams"][1]["error"]["rule"] == "document-invalid"


def test_journal_shows_the_newest_or_those_after_a_number(project: Project) -> None:
    project.start()
    project.go()
    numbers = [
        [entry["sequence"] for entry in project.ok(*command).json["entries"]]
        for command in (
            ("journal", STREAM, "--format", "json"),
            ("journal", STREAM, "--format", "json", "--limit", "2"),
            ("journal", STREAM, "--format", "json", "--after", "1", "--limit", "2"),
            ("journal", STREAM, "--format", "json", "--after", "4"),
        )
    ]
    assert numbers == [[1, 2, 3, 4], [3, 4], [2, 3], []]
    verified = project.ok("journal", STREAM, "--verify", "--format", "json").json
    assert (verified["verified"], verified["count"]) == (True, 4)


@pytest.mark.parametrize("command", ["list", "show", "plan", "status"])
def test_the_command_works_as_a_process_of_its_own(command: str, project: Project) -> None:
    project.clock.time = SystemClock().now()
    project.start()
    project.plan()
    done = subprocess.run(
        [sys.executable, "-m", "planfence", command, STREAM, "--format", "json"],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert '"stream": "dns/example.com"' in done.stdout
