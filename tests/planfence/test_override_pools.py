"""An override beside capacity pools: what zone YAML has no words for is not emptied by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from plans.names import plan_key
from tests.planfence.pooled import SITES, Pooled
from tests.planfence.project import STREAM, Project
from tests.planfence.test_override import FIXED, WHY

ALL = {"192.0.2.1", "192.0.2.2", "192.0.2.3"}


@pytest.fixture
def pooled(project: Project) -> Pooled:
    """Generation 1 is applied, with all members of the pool in; then the planner is dead."""
    found = Pooled(project).start()
    project.go()
    project.ok("stream", "set", STREAM, "--approvals", "0")
    project.write("fixed.yaml", FIXED)
    found.well()
    return found


def test_a_zone_file_that_says_nothing_of_the_pools_leaves_them_as_they_are_applied(
    pooled: Pooled,
) -> None:
    ran = pooled.project.ok("override", STREAM, "fixed.yaml", *WHY, "--enact")
    assert "note: capacity pools stay as they are applied: web.example.com." in ran.err
    assert pooled.live() == ALL
    assert "192.0.2.99" in (pooled.project.root / "out/a.zone").read_text()


def test_a_zone_file_that_names_a_pools_name_itself_has_it_its_own_way(pooled: Pooled) -> None:
    pooled.project.write("fixed.yaml", f"{FIXED}web: {{type: A, value: 192.0.2.44}}\n")
    ran = pooled.project.ok("override", STREAM, "fixed.yaml", *WHY, "--enact")
    assert "capacity pools" not in ran.err
    assert pooled.live() == {"192.0.2.44"}


def test_a_name_that_becomes_an_alias_is_no_pool_any_more(pooled: Pooled) -> None:
    pooled.project.write("fixed.yaml", f"{FIXED}web: {{type: CNAME, value: www.example.com.}}\n")
    pooled.project.ok("override", STREAM, "fixed.yaml", *WHY, "--enact")
    assert pooled.live() == {"www.example.com."}


def test_an_edit_does_not_show_the_pools_and_keeps_them(pooled: Pooled) -> None:
    project = pooled.project
    seen = project.root.parent / "seen"
    script = project.root.parent / "editor.sh"
    script.write_text(f'#!/bin/sh\ncp "$1" {seen}\nsed -i s/192.0.2.50/192.0.2.77/ "$1"\n')
    script.chmod(0o755)
    project.environment["EDITOR"] = str(script)
    project.ok("override", STREAM, "--edit", *WHY, "--enact")
    assert "Not here, because capacity pools keep them: web.example.com." in seen.read_text()
    assert "192.0.2.1\n" not in seen.read_text()
    assert pooled.live() == ALL


def test_where_what_is_applied_is_lost_it_is_said_that_pools_are_not_known(
    pooled: Pooled,
) -> None:
    archive = pooled.project.root / ".planfence/archive"
    Path(archive / plan_key(STREAM, 1)).unlink()
    ran = pooled.project.ok("override", STREAM, "fixed.yaml", *WHY)
    assert "whether there are capacity pools to keep is not known" in ran.err
    assert "- web.example.com. 60 A" in ran.out


def test_a_rollback_brings_back_the_members_that_were_in(pooled: Pooled) -> None:
    project = pooled.project
    pooled.well(SITES[0])
    generation = project.plan()
    assert project.enact(generation).code == 0
    assert pooled.live() == {"192.0.2.1"}
    project.ok("rollback", STREAM, "--to", "1", *WHY, "--enact")
    assert pooled.live() == ALL
