"""Help, start-up and the command line itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from planfence.cli import COMMANDS, group
from plans.guards import WAIVABLE
from tests.planfence.project import STREAM, Project

ROOT = Path(__file__).parents[2]
SLOW = ["boto3", "botocore", "dns", "jsonschema", "pydantic", "rich", "yaml"]
EVERY_DAY = f"""\
'': {{type: NS, value: ns1.example.net.}}
_sip._tcp: {{type: SRV, value: {{port: 5060, priority: 0, target: sip.example.com., weight: 5}}}}
issued: {{type: CAA, value: {{flags: 0, tag: issue, value: ca.example.net}}}}
mail: {{type: MX, value: {{exchange: mx.example.net., preference: 10}}}}
ssh: {{type: SSHFP, value: {{algorithm: 4, fingerprint: {"0f" * 32}, fingerprint_type: 2}}}}
text: {{type: TXT, value: hello world}}
web: {{type: A, value: 192.0.2.1}}
"""


def every_command(command: click.Command = group, path: str = "") -> Iterator[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        yield tuple(path.split())
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from every_command(found, f"{path} {name}")


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["stream", "set", "-h"], []])
def test_help_imports_nothing_slow(arguments: list[str]) -> None:
    probe = (
        "import json, sys; from planfence.cli import main; code = main(sys.argv[1:]);"
        f"print(json.dumps([code, sorted(set({SLOW}) & set(sys.modules))]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [0 if arguments else 64, []]


def test_status_imports_neither_side_and_nothing_that_only_others_use(project: Project) -> None:
    project.start()
    project.write("zones/example.com.yaml", EVERY_DAY)
    project.go()
    others = ["dns", "enactor", "jsonschema", "planner", "rich", "yaml"]
    probe = (
        "import json, sys; from planfence.cli import main; main(['status']);"
        f"print(json.dumps(sorted(set({others}) & set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_a_process_of_its_own_runs_without_the_collector_and_ends_without_it() -> None:
    probe = (
        "import gc, json, sys; from planfence.__main__ import run; sys.argv[1:] = ['--version'];"
        "print(json.dumps([run(), gc.isenabled(), gc.get_freeze_count() > 0]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [0, False, True]


@pytest.mark.parametrize("path", list(every_command()), ids=" ".join)
def test_help_says_what_a_command_changes_and_shows_an_example(
    path: tuple[str, ...], project: Project
) -> None:
    ran = project.ok(*path, "--help")
    text = " ".join(ran.out.split())
    assert "Only reads." in text or "Write" in text or "Changes the targets" in text
    assert f"planfence {' '.join(path)}" in text.partition("Example")[2]
    assert "--format" in text
    assert "\b" not in ran.out


def test_help_of_plan_names_every_guard_that_can_be_waived(project: Project) -> None:
    text = project.ok("plan", "--help").out.replace("-\n  ", "-")
    assert [rule for rule in WAIVABLE if rule not in text] == []


def test_help_says_that_an_identity_is_a_claim(project: Project) -> None:
    assert "a claim, not an authentication" in " ".join(project.ok("--help").out.split())


def test_every_command_of_the_list_exists_and_is_run_by_its_name() -> None:
    context = click.Context(group)
    for name in COMMANDS:
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
    assert group.get_command(context, "options") is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan",),
        ("plan", STREAM, "surplus"),
        ("plan", STREAM, "--frob"),
        ("plan", STREAM, "--allow", "deletes-max"),
        ("plan", STREAM, "--reason", "two\nlines"),
        ("plan", STREAM, "--reason", " "),
        ("approve", STREAM, "1"),
        ("approve", STREAM, "head", "--digest", "0" * 64),
        ("reject", STREAM, "1"),
        ("override", STREAM, "fixed.yaml"),
        ("override", STREAM, "--reason", "x"),
        ("override", STREAM, "fixed.yaml", "--edit", "--reason", "x"),
        ("override", STREAM, "fixed.yaml", "--reason", "x", "--adopt"),
        ("override", STREAM, "fixed.yaml", "--reason", "x", "--allow", "jump-max"),
        ("rollback", STREAM, "--reason", "x"),
        ("rollback", STREAM, "--to", "head", "--reason", "x"),
        ("enact", STREAM),
        ("enact", STREAM, "1"),
        ("enact", STREAM, "--digest", "0" * 64),
        ("enact", STREAM, "1", "--digest", "0" * 64, "--newest"),
        ("enact", STREAM, "--newest", "--allow", "jump-max"),
        ("enact", STREAM, "--newest", "--reason", "x"),
        ("enact", STREAM, "latest", "--digest", "0" * 64),
        ("show", STREAM, "1000000000000"),
        ("show", STREAM, "live"),
        ("list", STREAM, "--limit", "0"),
        ("list", "Example"),
        ("journal", STREAM, "--verify", "--after", "3"),
        ("journal", STREAM, "--verify", "--follow"),
        ("stream", "set", STREAM),
        ("stream", "set", STREAM, "--approvals", "-1"),
        ("status", "--format", "xml"),
        ("status", "--json-into", "nowhere/out.json"),
        ("status", "--json-into", "."),
        ("latest",),
        ("stream", "frob"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_exits_64_with_one_line_and_changes_nothing(
    arguments: tuple[str, ...], project: Project
) -> None:
    project.start()
    ran = project.refused(64, "usage", *arguments)
    assert "--help`" in ran.err


@pytest.mark.parametrize("arguments", [(), ("stream",)], ids=["planfence", "stream"])
def test_a_missing_command_exits_64_and_shows_the_help(
    arguments: tuple[str, ...], project: Project
) -> None:
    ran = project.run(*arguments)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith(f"Usage: planfence {' '.join(arguments)}".rstrip())


def test_shared_options_count_before_and_after_the_command(project: Project) -> None:
    project.start()
    assert project.ok("--format", "json", "list", STREAM).json["plans"] == []
    assert project.ok("list", "--format", "json", STREAM).json["plans"] == []
    assert project.ok("--format", "json", "list", STREAM, "--format", "text").out == ""
    assert project.ok("stream", "--format", "json", "show", STREAM).json["outcome"] == "done"


def test_version_is_shown(project: Project) -> None:
    assert project.ok("--version").out.startswith("planfence ")
