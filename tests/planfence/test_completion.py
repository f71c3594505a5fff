"""Completion as shells ask for it: what is offered, that it only reads, and that it never fails."""

from __future__ import annotations

import os
import re
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


# In the shells themselves

BASH = """
compopt() { printf '%s %s\\n' "$1" "$2"; }
type=mine value=mine completion=mine
source <(planfence completion bash)
[[ "$(complete -p planfence)" == *'-F _planfence_completion planfence' ]]
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_planfence_completion planfence
printf '%s\\n' "${COMPREPLY[@]}"
[[ "$type$value$completion" == mineminemine ]]
"""
# What is offered, each with a mark, by the one builtin through which all of zsh's completion goes.
ZSHRC = """
PROMPT=
autoload -Uz compinit && compinit -C -d "$ZDOTDIR/dump"
source <(planfence completion zsh)
compadd() {
    local -a offered
    builtin compadd -A offered "$@"
    [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]] || print -rl -- "${(@)offered/#/OFFERED }"
    builtin compadd "$@"
}
tell() { print -r -- "LINE $BUFFER."; exit; }
zle -N tell
bindkey '^I' complete-word '^X' tell
"""
ZSH = """
zmodload zsh/zpty
zpty inner TERM=dumb zsh -i
zpty -w -n inner "$1"$'\\t\\x18'
while zpty -r inner line; do print -r -- "$line"; done
"""
FISH = "planfence completion fish | source; complete --do-complete (string join ' ' $argv)"


def shell(name: str) -> object:
    missing = shutil.which(name) is None
    return pytest.param(
        name, marks=pytest.mark.skipif(missing, reason=f"{name} is not installed here")
    )


def completed(project: Project, name: str, line: str) -> list[str]:
    """What a shell offers for a line that ends where the key was pressed."""
    if name == "fish":
        # A home of its own: fish keeps a history there.
        home = str(project.root.parent / "home")
        out = run(project, ["fish", "--no-config", "-c", FISH, line], HOME=home)
        return [row.partition("\t")[0] for row in out.splitlines()]
    if name == "bash":
        words = [word for word in re.split(r" |(=)", line) if word is not None]
        found = run(project, ["bash", "--norc", "-euc", BASH, "bash", *words])
        return [row for row in found.splitlines() if row]
    return [row.partition("OFFERED ")[2] for row in zsh(project, line) if "OFFERED " in row]


def zsh(project: Project, line: str) -> list[str]:
    home = project.root.parent / "home"
    home.mkdir(exist_ok=True)
    (home / ".zshrc").write_text(ZSHRC)
    out = run(project, ["zsh", "-fec", ZSH, "zsh", line], ZDOTDIR=str(home))
    return [row.strip("\r") for row in out.splitlines()]


OTHER_STREAMS = """
[streams."dns/eu_west/a.example-2.com"]
kind    = "dns"
desired = "zones/example.com.yaml"
targets = ["zonefile:out/c.zone"]
"""

every_shell = pytest.mark.parametrize("name", ["bash", shell("zsh"), shell("fish")])


@every_shell
def test_a_shell_that_sources_the_script_completes(planned: Project, name: str) -> None:
    config = (planned.root / "planfence.toml").read_text()
    planned.write("planfence.toml", config + OTHER_STREAMS)
    other = "dns/eu_west/a.example-2.com"
    for line, expected in {
        "planfence appr": ["approve"],
        "planfence show ": [STREAM, other],
        "planfence show dns/": [STREAM, other],
        "planfence stream set dns/eu_": [other],
        f"planfence show {other} --qu": ["--quiet"],
        f"planfence show {STREAM} ": ["head", "applied", "2", "1"],
        f"planfence --quiet diff {STREAM} 1 l": ["live"],
        f"planfence enact {STREAM} --newest --forma": ["--format"],
        f"planfence list {STREAM} --format ": ["text", "json", "markdown"],
        f"planfence plan {STREAM} --allow u": ["updates-max", "undoes-override"],
        f"planfence override {STREAM} fixed.yaml --allow a": ["apex"],
        f"planfence rollback {STREAM} --to ": ["2", "1"],
        f"planfence approve {STREAM} 2 --digest ": [],
        "planfence schema output-di": ["output-diff"],
    }.items():
        assert completed(planned, name, line) == expected, line


@every_shell
def test_a_value_after_an_equals_sign_keeps_the_option_before_it(
    planned: Project, name: str
) -> None:
    line = f"planfence list {STREAM} --format=j"
    assert completed(planned, name, line) == ["--format=json" if name == "fish" else "json"]
    if name == "zsh":
        assert f"LINE planfence list {STREAM} --format=json ." in " ".join(zsh(planned, line))


@every_shell
def test_files_are_completed_by_the_shell(planned: Project, name: str) -> None:
    expected = {"bash": "-o default", "zsh": "planfence.toml", "fish": "planfence.toml"}[name]
    for line in ("planfence check planf", "planfence --config planf"):
        assert completed(planned, name, line) == [expected], line


@pytest.mark.parametrize("name", [shell("fish")])
def test_a_description_is_shown_to_its_end(planned: Project, name: str) -> None:
    out = run(planned, [name, "--no-config", "-c", FISH, "planfence dif"])
    assert out == "diff\tDesired state against live, or two plans. Reads only.\n"
