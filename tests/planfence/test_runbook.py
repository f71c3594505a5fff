"""``docs/runbook.md``: each block is run as it stands, in the situation that its section is for."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.planfence.project import STREAM, Project

RUNBOOK = (Path(__file__).parents[2] / "docs/runbook.md").read_text(encoding="utf-8")
Situation = Callable[[Project], None]


def blocks(section: str = "") -> list[list[str]]:
    """The commands of each block of a section, or of what stands before the first."""
    text = RUNBOOK.partition(f"\n## {section}\n")[2] if section else RUNBOOK
    text = text.partition("\n## ")[0]
    found = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block.splitlines() for block in found]


def run(project: Project, block: list[str]) -> None:
    """Run a block: each line ends with the code behind it, or with 0."""
    for line in block:
        command, _, code = line.partition(" # ")
        command, _, into = command.partition(" > ")
        program, *words = shlex.split(command)
        assert program == "planfence"
        if "DIGEST" in words:
            words[words.index("DIGEST")] = project.digest(int(words[2]))
        ran = project.run(*words)
        assert ran.code == int(code or 0), (line, ran.err)
        if into:
            project.write(into, ran.out)


def zone(project: Project, target: str = "a") -> str:
    return (project.root / f"out/{target}.zone").read_text(encoding="utf-8")


def fixed(project: Project, address: str) -> None:
    text = (project.root / "zones/example.com.yaml").read_text(encoding="utf-8")
    project.write("fixed.yaml", text.replace("192.0.2.50", address))


@pytest.fixture
def live(project: Project) -> Project:
    """Generation 1 is applied, and one person may do everything."""
    project.start()
    project.go()
    return project


def by_the_book(project: Project, section: str, *before: Situation) -> None:
    """Run a section's blocks, each after what happens before it."""
    found = blocks(section)
    assert len(found) == len(before)
    for prepare, block in zip(before, found, strict=True):
        prepare(project)
        run(project, block)


def nothing(_: Project) -> None:
    """The block goes on where the one before it ended."""


def test_the_first_look(live: Project) -> None:
    [block] = blocks()
    run(live, block)


def test_the_planner_is_dead(live: Project, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    live.environment["EDITOR"] = "sed -i s/192.0.2.50/192.0.2.77/"
    fixed(live, "192.0.2.78")
    seen: list[bool] = []

    def no_desired_state(project: Project) -> None:
        (project.root / "zones/example.com.yaml").rename(project.root / "old.yaml")

    def it_is_back(project: Project) -> None:
        shutil.copy(project.root / "old.yaml", project.root / "zones/example.com.yaml")

    def after_the_first(project: Project) -> None:
        seen.append("192.0.2.77" in zone(project))

    def back(project: Project) -> None:
        seen.append("192.0.2.78" in zone(project))
        it_is_back(project)

    by_the_book(live, "The planner is dead", no_desired_state, after_the_first, back)
    assert seen == [True, True]
    assert "192.0.2.78" in zone(live), "the planner agrees with what was done by hand"
    assert live.ok("plan", STREAM, "--format", "json").json["outcome"] in ("pending", "unchanged")


def test_the_enactor_is_dead(live: Project) -> None:
    def died_half_way(project: Project) -> None:
        project.desire("two")
        project.plan()
        project.approve(2)
        kept = zone(project, "b")
        (project.root / "out/b.zone").unlink()
        (project.root / "out/b.zone").mkdir()
        assert project.enact(2).code == 6
        (project.root / "out/b.zone").rmdir()
        project.write("out/b.zone", kept)

    by_the_book(live, "The enactor is dead", died_half_way)
    assert "192.0.2.51" in zone(live, "b")
    [stream] = live.ok("status", "--format", "json").json["streams"]
    assert stream["applied"]["generation"] == 2


def test_a_bad_plan_is_live(live: Project) -> None:
    fixed(live, "192.0.2.79")
    seen: list[str] = []

    def bad(project: Project) -> None:
        project.go("two")

    def back_at_one(project: Project) -> None:
        seen.append(zone(project))

    def as_given(project: Project) -> None:
        seen.append(zone(project))
        project.refused(3, "undoes-override", "plan", STREAM, one_line=False)

    by_the_book(live, "A bad plan is live", bad, back_at_one, as_given)
    assert ["192.0.2.50" in seen[0], "192.0.2.79" in seen[1]] == [True, True]
    assert ", planner, " in live.ok("show", STREAM, "5").out


def test_the_pointer_was_lost(live: Project) -> None:
    folder = live.root / ".planfence"

    def an_older_copy(project: Project) -> None:
        shutil.copy(folder / "register.db", project.root / "backup.db")
        project.go("two")
        shutil.copy(project.root / "backup.db", folder / "register.db")
        assert project.ok("status").out.count("ahead") == 2

    def gone(project: Project) -> None:
        [stream] = project.ok("status", "--format", "json").json["streams"]
        assert {target["state"] for target in stream["targets"]} == {"done"}
        (folder / "register.db").unlink()
        project.write("out/a.zone", zone(project).replace("192.0.2.51", "198.51.100.1"))

    by_the_book(live, "The pointer was lost", an_older_copy, gone)
    assert "192.0.2.51" in zone(live)
    assert live.ok("plan", STREAM, "--format", "json").json["outcome"] in ("pending", "unchanged")


def test_the_bucket_was_emptied(live: Project) -> None:
    def emptied(project: Project) -> None:
        project.desire("two")
        shutil.rmtree(project.root / ".planfence/archive")

    by_the_book(live, "The bucket was emptied", emptied)
    assert "192.0.2.51" in zone(live)


def test_a_hold_nobody_remembers(live: Project) -> None:
    def held_for_ever(project: Project) -> None:
        project.ok("hold", STREAM, "--reason", "migration")
        project.desire("two")
        project.plan()
        named = ("2", "--digest", project.digest(2))
        project.refused(3, "held", "enact", STREAM, *named)

    by_the_book(live, "A hold nobody remembers", held_for_ever, nothing)
    assert "192.0.2.51" in zone(live)
    live.clock.tick(hours=2)
    assert "hold     none" in live.ok("status").out


def test_every_section_of_the_runbook_is_a_test() -> None:
    sections = re.findall(r"^## (.*)$", RUNBOOK, re.MULTILINE)
    names = {f"test_{section.lower().replace(' ', '_')}" for section in sections}
    assert len(sections) == 6
    assert names <= set(globals())
