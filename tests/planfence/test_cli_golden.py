"""Transcripts in ``tests/golden``: commands in, everything that a person sees out.

A line ``$ planfence ...`` is run; what follows it is its stdout, then its stderr with ``! ``, then
its exit code. Other lines with ``$`` prepare: ``use NAME`` takes a desired state, ``go`` plans,
approves and enacts, ``tick HOURS`` moves the clock, ``edit FILE OLD NEW`` is somebody who changes a
file by hand, ``lay FILE NAME`` lays one of ``tests/golden/desired`` there. Digests stand as
``<digest N>``.

``GOLDEN=write pytest tests/planfence/test_cli_golden.py`` writes them anew; read the difference.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from tests.planfence.project import CONFIG, Project

GOLDEN = Path(__file__).parents[1] / "golden"
TRANSCRIPTS = sorted(GOLDEN.glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_person_sees_what_the_transcript_says(path: Path, project: Project) -> None:
    expected = path.read_text(encoding="utf-8")
    project.write("planfence.toml", CONFIG)
    commands = [line[2:] for line in expected.splitlines() if line.startswith("$ ")]
    found = "".join(entry(project, command) for command in commands)
    if os.environ.get("GOLDEN") == "write":
        path.write_text(found, encoding="utf-8")
    assert found == expected


def entry(project: Project, command: str) -> str:
    program, *arguments = shlex.split(command)
    if program != "planfence":
        prepare(project, program, *arguments)
        return f"$ {command}\n"
    named = [
        project.digest(int(word.removeprefix("DIGEST-"))) if word.startswith("DIGEST-") else word
        for word in arguments
    ]
    ran = project.run(*named)
    told = "".join(f"! {line}\n" for line in ran.err.splitlines())
    return f"$ {command}\n{hidden(project, ran.out + told)}=> {ran.code}\n"


def prepare(project: Project, what: str, *arguments: str) -> None:
    match what, *arguments:
        case ["use", name]:
            project.desire(name)
        case ["go"]:
            project.go()
        case ["tick", hours]:
            project.clock.tick(hours=int(hours))
        case ["edit", name, old, new]:
            text = (project.root / name).read_text(encoding="utf-8")
            assert old in text
            project.write(name, text.replace(old, new))
        case ["lay", name, source]:
            project.write(name, (GOLDEN / "desired" / source).read_text(encoding="utf-8"))
        case _:
            raise AssertionError(f"unknown: {what}")


def hidden(project: Project, text: str) -> str:
    """Text without what changes from run to run, or with the schema of a document."""
    text = text.replace(str(project.root), "<project>")
    for path in project.plan_path(1).parent.glob("*.json"):
        generation = int(path.stem)
        digest = project.digest(generation)
        text = text.replace(digest, f"<digest {generation}>")
        text = text.replace(digest[:12], f"<digest{generation:>4}>")
    return re.sub(r"\b[0-9a-f]{64}\b", "<some digest>", text)
