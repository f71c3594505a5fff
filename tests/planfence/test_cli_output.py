"""Where output goes and what it looks like: JSON, colours, pipes, faults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import planfence.passes
from planfence.clock import SystemClock
from planfence.output import clean
from tests.planfence.project import STREAM, Project

ROOT = Path(__file__).parents[2]


def test_every_command_has_outcome_and_stream_in_its_json(project: Project) -> None:
    project.start()
    project.plan()
    named = ("1", "--digest", project.digest(1))
    for command, about_a_plan in (
        (("init",), False),
        (("stream", "show", STREAM), False),
        (("stream", "set", STREAM, "--approvals", "1"), False),
        (("plan", STREAM), True),
        (("list", STREAM), False),
        (("show", STREAM), True),
        (("diff", STREAM), True),
        (("approve", STREAM, *named), True),
        (("enact", STREAM, *named), True),
        (("enact", STREAM, "--newest"), True),
        (("drift", STREAM), True),
        (("dump", STREAM), False),
        (("status",), False),
        (("journal", STREAM), False),
        (("hold", STREAM, "--reason", "x"), False),
        (("release", STREAM), False),
    ):
        document = project.ok(*command, "--format", "json").json
        assert list(document)[:2] == ["outcome", "stream"], command
        assert document["stream"] == (STREAM if STREAM in command else None)
        assert document["notes"] == []
        if about_a_plan:
            assert (document["generation"], document["digest"]) == (1, project.digest(1)), command


def test_show_has_the_plan_itself(project: Project) -> None:
    project.start()
    project.plan()
    document = project.ok("show", STREAM, "--format", "json").json
    assert document["plan"] == json.loads(project.plan_path(1).read_bytes())
    assert document["state"] == "pending"


def test_json_into_writes_a_file_beside_the_text(project: Project) -> None:
    project.start()
    project.plan()
    ran = project.run("enact", STREAM, "--newest", "--json-into", "out.json")
    assert ran.code == 3
    document = json.loads((project.root / "out.json").read_text())
    assert (document["outcome"], document["rule"]) == ("refused", "approvals")


def test_refusals_have_rule_expected_actual_and_remedy(project: Project) -> None:
    project.start()
    project.plan()
    ran = project.run("enact", STREAM, "--newest", "--format", "json")
    assert ran.code == 3
    document = ran.json
    assert document["rule"] == "approvals"
    assert document["expected"].startswith("1 approval")
    assert document["actual"] == "0"
    assert f"planfence approve {STREAM} 1" in document["remedy"]
    assert ran.err.startswith("planfence: refused: ")


def test_colours_are_for_terminals_without_no_color(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.start()
    assert "\x1b" not in project.ok("plan", STREAM).out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\x1b[32m  + " in project.ok("show", STREAM).out
    project.environment["NO_COLOR"] = "1"
    assert "\x1b" not in project.ok("show", STREAM).out
    del project.environment["NO_COLOR"]
    project.environment["TERM"] = "dumb"
    assert "\x1b" not in project.ok("show", STREAM).out


def test_a_fault_is_one_line_and_a_traceback_only_with_debug(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by design")

    project.start()
    monkeypatch.setattr(planfence.passes, "plan_once", broken)
    ran = project.refused(1, "unexpected", "plan", STREAM)
    assert "ZeroDivisionError: by design" in ran.err
    assert "--debug" in ran.err
    debug = project.run("plan", STREAM, "--debug")
    assert debug.code == 1
    assert "Traceback (most recent call last)" in debug.err
    assert project.run("plan", STREAM, "--format", "json").json["outcome"] == "failed"


def test_an_interrupt_exits_130_without_a_traceback(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    project.start()
    monkeypatch.setattr(planfence.passes, "plan_once", interrupted)
    ran = project.run("plan", STREAM)
    assert (ran.code, ran.out) == (130, "")
    assert "interrupted" in ran.err
    assert "Traceback" not in ran.err


def started(
    project: Project, *arguments: str, stdout: int, stderr: int = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "planfence", *arguments],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=stdout,
        stderr=stderr,
    )


def test_a_reader_that_goes_away_is_no_error(project: Project) -> None:
    project.start()
    project.plan()
    reader, writer = os.pipe()
    os.close(reader)
    with started(project, "show", STREAM, stdout=writer) as process:
        os.close(writer)
        _, err = process.communicate()
    assert (process.returncode, err) == (0, b"")


def test_a_listener_that_goes_away_does_not_stop_a_pass(project: Project) -> None:
    project.clock.time = SystemClock().now()  # the process that enacts has this host's
    project.start()
    project.plan()
    project.approve(1)
    reader, writer = os.pipe()
    os.close(reader)
    digest = project.digest(1)
    with started(
        project, "enact", STREAM, "1", "--digest", digest, stdout=subprocess.PIPE, stderr=writer
    ) as process:
        os.close(writer)
        out, _ = process.communicate()
    assert process.returncode == 0
    assert b"is applied" in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_under_stdout_exits_5_and_says_so(project: Project) -> None:
    project.start()
    project.plan()
    with (
        Path("/dev/full").open("wb") as full,
        started(project, "show", STREAM, stdout=full.fileno()) as process,
    ):
        _, err = process.communicate()
    assert process.returncode == 5
    assert err.decode().count("\n") == 1
    assert "No space left on device" in err.decode()


def closed(project: Project, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a shell does, some of the three streams closed."""
    return subprocess.run(
        f"exec {sys.executable} -m planfence {command}",
        shell=True,
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_stream_that_is_closed_is_no_fault_of_planfence(project: Project) -> None:
    project.start()
    published = closed(project, f"plan {STREAM} 2>&-")
    assert (published.returncode, published.stderr) == (0, "")
    assert "plan 1 of dns/example.com" in published.stdout
    assert closed(project, "show dns/nowhere 2>&-").returncode == 3
    for command in (f"show {STREAM} >&-", "status --format json >&-"):
        unheard = closed(project, command)
        assert unheard.returncode == 5
        assert unheard.stderr.startswith("planfence: unavailable: cannot write the output: Bad ")
    unread = closed(project, "check --as plan - <&-")
    assert (unread.returncode, unread.stderr) == (5, "")
    assert "cannot be read: Bad file descriptor [unreadable]" in unread.stdout


def test_a_file_for_json_that_cannot_be_written_is_named_and_what_was_done_stands(
    project: Project,
) -> None:
    project.start()
    (project.root / "loop.json").symlink_to("loop.json")
    ran = project.run("plan", STREAM, "--json-into", "loop.json")
    assert ran.code == 5
    assert "plan 1 of dns/example.com" in ran.out
    assert f"cannot write the output to {project.root / 'loop.json'}: Too many levels" in ran.err
    assert ran.err.endswith("; what the command did stands\n")
    assert project.ok("list", STREAM, "--format", "json").json["plans"][0]["generation"] == 1


def test_a_file_for_json_where_nothing_may_be_written_is_refused_before_anything_is_done(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.start()
    monkeypatch.setattr("os.access", lambda path, mode: path != project.root)
    project.refused(64, "usage", "plan", STREAM, "--json-into", "out.json")


def test_text_that_the_terminal_cannot_encode_is_escaped(project: Project) -> None:
    project.start()
    project.environment["PLANFENCE_USER"] = "änne@lab"
    project.plan()
    with subprocess.Popen(
        [sys.executable, "-m", "planfence", "list", STREAM],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        stdout=subprocess.PIPE,
    ) as process:
        out, _ = process.communicate()
    assert process.returncode == 0
    assert b"\\xe4nne@lab" in out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äöü", "plain äöü"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_what_a_terminal_would_act_on_is_escaped(text: str, shown: str) -> None:
    assert clean(text) == shown
