"""Completion as shells ask for it: what is offered, that it only reads, and that it never fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from planfence.cli import COMMANDS
from tests.planfence.project import STREAM, Project

ROOT = Path(__file__).parents[2]


def run(project: Project, command: list[str], **environment: str) -> str:
    """Run a command in the project, as a shell would: nothing may be said on stderr."""
    program = project.root.parent / "bin" / "planfence"
    if not program.exists():
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m planfence "$@"\n')
        program.chmod(0o755)
    before = project.tree()
    done = subprocess.run(
        command,
        cwd=project.root,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert project.tree() == before, "completion only reads, and changed something"
    return done.stdout


def offered(project: Project, *words: str, shell: str = "bash") -> list[str]:
    """The values that are offered for the last of ``words``, through click's own protocol."""
    spoken = ["planfence", *words]
    out = run(
        project,
        ["planfence"],
        _PLANFENCE_COMPLETE=f"{shell}_complete",
        COMP_WORDS=" ".join(spoken if shell != "fish" else spoken[:-1]),
        COMP_CWORD=words[-1] if shell == "fish" else str(len(words)),
    )
    lines = [line for line in out.splitlines() if line]
    if shell == "zsh":
        return lines[1::3]  # type, value, help
    return [line.partition(",")[2].partition("\t")[0] for line in lines]


@pytest.fixture
def planned(project: Project) -> Project:
    project.start()
    project.plan()
    project.desire("two")
    project.plan()
    return project


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_streams_and_generations_are_offered_newest_first(planned: Project, shell: str) -> None:
    assert offered(planned, "show", "d", shell=shell) == [STREAM]
    assert offered(planned, "show", "x", shell=shell) == []
    assert offered(planned, "stream", "set", "dns/", shell=shell) == [STREAM]
    assert offered(planned, "show", STREAM, "", shell=shell) == ["head", "applied", "2", "1"]
    assert offered(planned, "diff", STREAM, "1", "l", shell=shell) == ["live"]
    assert offered(planned, "approve", STREAM, "", shell=shell) == ["2", "1"]


def test_every_command_is_offered(project: Project) -> None:
    assert sorted(offered(project, "")) == sorted(COMMANDS)


def test_a_digest_is_never_offered(planned: Project) -> None:
    assert offered(planned, "approve", STREAM, "2", "--digest", "") == []


@pytest.mark.parametrize("broken", ["nothing", "config", "archive", "stream"])
def test_what_cannot_be_read_offers_less_and_says_nothing(project: Project, broken: str) -> None:
    if broken != "nothing":
        project.start()
    if broken == "config":
        project.write("planfence.toml", "= nonsense")
    if broken == "archive":
        shutil.rmtree(project.root / ".planfence/archive")
    stream = "../etc" if broken == "stream" else STREAM
    assert offered(project, "show", stream, "") in ([], ["head", "applied"])
    assert offered(project, "show", "dns/") == ([] if broken in {"nothing", "config"} else [STREAM])


def test_completion_imports_no_models(planned: Project) -> None:
    probe = (
        "import sys; from planfence.completing import *; from planfence.app import App, Outside;"
        "app = App(Outside()); print([i.value for i in streams(app, '')]);"
        f"print([i.value for i in generations(app, '{STREAM}', (), '')]);"
        "print([name for name in ('plans.document', 'rich', 'yaml') if name in sys.modules])"
    )
    out = run(planned, [sys.executable, "-c", probe])
    assert out.splitlines() == [f"['{STREAM}']", "['2', '1']", "[]"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_planfence(project: Project, shell: str) -> None:
    text = project.ok("completion", shell).out
    assert f"_PLANFENCE_COMPLETE={shell}_complete" in text
    document = project.ok("completion", shell, "--format", "json").json
    assert (document["shell"], document["script"]) == (shell, text)


BASH = """
source <(planfence completion bash)
complete -p planfence
COMP_WORDS=(planfence show dns/example.com ''); COMP_CWORD=3
_planfence_completion planfence
printf '%s\\n' "${COMPREPLY[@]}"
COMPREPLY=(); COMP_WORDS=(planfence appr); COMP_CWORD=1
_planfence_completion planfence
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_a_bash_that_sources_the_script_completes(planned: Project) -> None:
    registered, *found = run(planned, ["bash", "--norc", "-ec", BASH]).splitlines()
    assert registered.endswith("-F _planfence_completion planfence")
    assert found == ["head", "applied", "2", "1", "approve"]
