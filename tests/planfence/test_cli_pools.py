"""Capacity pools by commands alone: what health changes, what it says, and what it never does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.planfence.checked import check
from tests.planfence.pooled import FILE, POOL, SITES, Pooled
from tests.planfence.project import STREAM, Project

EXAMPLE = Path(__file__).parents[2] / "examples/pools"


@pytest.fixture
def pooled(project: Project) -> Pooled:
    return Pooled(project).start()


# The walk


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_a_member_leaves_while_it_is_unhealthy_and_comes_back(pooled: Pooled, mode: str) -> None:
    project = pooled.project
    project.ok("stream", "set", STREAM, "--mode", mode)
    project.go()
    assert pooled.live() == {"192.0.2.1", "192.0.2.2", "192.0.2.3"}
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")

    pooled.well("eu", "ap")
    ran = project.ok("plan", STREAM)
    assert "  pool     web A: 2 of 3 members in; out: us (unhealthy 3 times: us burns)" in ran.out
    assert "      - 192.0.2.2" in ran.out
    assert "UNHEALTHY MEMBERS" not in ran.out
    assert "reverts a manual change" not in ran.out
    assert project.clock.slept == 2, "two rounds more for the one that was not healthy"
    assert project.ok("plan", STREAM).out.startswith("pending: generation 2 already asks for this")
    pooled.well("eu")
    assert project.plan() == 3, "another member left meanwhile"
    project.approve(3)
    assert project.enact(3).code == 0
    assert pooled.live() == {"192.0.2.1"}

    pooled.well(*SITES)
    generation = project.plan()
    assert not [each for each in pooled.show()["warnings"] if each["kind"] == "returns"]
    project.approve(generation)
    assert project.enact(generation).code == 0
    assert len(pooled.live()) == 3
    assert "nothing changed by hand" in project.ok("drift", STREAM).out


def test_other_words_for_the_same_health_leave_the_plan_that_is_reviewed_pending(
    pooled: Pooled,
) -> None:
    pooled.well("eu", "us")
    assert pooled.project.plan() == 1
    pooled.project.write("zones/health/ap", "unhealthy: under water\n")
    assert pooled.project.ok("plan", STREAM).out.startswith("pending: generation 1")


def test_programs_are_told_why_each_member_is_in_or_out(pooled: Pooled) -> None:
    pooled.pools(least=2)
    pooled.well("eu")
    planned = pooled.project.ok("plan", STREAM, "--format", "json").json
    shown = pooled.show()
    assert shown["pools"] == planned["pools"]
    [pool] = shown["pools"]
    assert (pool["pool"], pool["name"], pool["min_members"]) == ("web", "web.example.com.", 2)
    assert [(each["id"], each["state"], each["why"]) for each in pool["members"]] == [
        ("eu", "in", "healthy"),
        ("us", "in", "min-members"),
        ("ap", "out", "unhealthy"),
    ]
    assert [each["weight"] for each in pool["members"]] == [255, 255, 64]
    assert pool["members"][1]["observations"] == 3 * [{"healthy": False, "detail": "us burns"}]
    zone, file, health = shown["plan"]["inputs"]
    assert [zone["name"], file["name"]] == ["zones/example.com.yaml", FILE]
    assert [each["complete"] for each in (zone, file, health)] == [
        *("whole file", "whole file", "every member")
    ]
    assert health["name"] == f"health of {FILE}"
    [entry] = [each for each in shown["plan"]["attachments"] if each["name"] == "health"]
    assert (entry["digest"], entry["size"]) == (health["digest"], health["size"])
    [report] = check(pooled.project, pooled.attachment(1, "health").as_posix(), code=0)
    assert report["document"] == "health"


# Fail open


def test_a_pool_below_its_least_is_filled_up_and_says_so_loudly(pooled: Pooled) -> None:
    pooled.pools(least=2)
    pooled.project.go()
    pooled.well("ap")
    out = pooled.project.ok("plan", STREAM).out
    assert "!! UNHEALTHY MEMBERS KEPT IN: web A: eu (unhealthy 3 times: eu burns)" in out
    assert (
        "  pool     web A: 2 of 3 members in, of which 1 unhealthy for min_members 2;"
        " out: us (unhealthy 3 times: us burns)" in out
    )


def test_where_all_are_unhealthy_nobody_leaves_and_nothing_changes(pooled: Pooled) -> None:
    project = pooled.project
    project.go()
    pooled.well()
    ran = project.ok("plan", STREAM)
    assert ran.out.startswith("unchanged: ")
    assert "note: pool web A keeps unhealthy members in: eu, us, ap" in ran.err
    pooled.project.write("zones/example.com.yaml", "www: {type: A, value: 192.0.2.50}\n")
    out = project.ok("plan", STREAM).out
    assert "!! UNHEALTHY MEMBERS KEPT IN: web A: eu" in out
    assert "web A: 3 of 3 members in, because all are unhealthy" in out


# What cannot be asked, or is not understood, changes nothing


def test_a_health_that_cannot_be_asked_ends_the_pass_and_changes_nothing(pooled: Pooled) -> None:
    pooled.project.go()
    (pooled.project.root / "zones/health/us").unlink()
    pooled.project.refused(3, "health-file", "plan", STREAM)


def test_every_problem_of_the_file_comes_at_once_with_line_and_path(pooled: Pooled) -> None:
    project = pooled.project
    project.write(FILE, "pools:\n  web: {type: B, members: []}\n  '@': 1\n")
    ran = project.refused(3, "pools-file", "plan", STREAM, one_line=False)
    told = [f"{FILE}:2: $.pools.web.type", f"{FILE}:2: $.pools.web.members", f"{FILE}:3: $.pools"]
    assert all(f"/{place}" in ran.err for place in told)
    [file] = check(project, FILE)
    assert [(error["path"], error["line"], error["rule"]) for error in file["errors"]] == [
        ("$.pools.web.members", 2, "pools-file"),
        ("$.pools.web.type", 2, "pools-file"),
        ("$.pools['@']", 3, "pools-file"),
    ]


def test_a_pools_file_is_told_by_its_ending_or_its_name(pooled: Pooled) -> None:
    project = pooled.project
    assert project.ok("check", FILE).out == f"{FILE}: accepted, pools\n"
    shutil.copy(project.root / FILE, project.root / "x.txt")
    assert project.ok("check", "x.txt", "--as", "pools", "--zone", "example.com").out
    project.refused(64, "usage", "check", "-", "--as", "pools")
    project.write(
        FILE,
        "pools: {_planfence: {type: A, members: [{id: a, address: 192.0.2.1, capacity: 1}]}}\n",
    )
    assert (
        "reserved: planfence keeps its fence there [pools-file]" in project.run("check", FILE).out
    )


def test_a_name_that_the_zone_file_has_too_is_refused(pooled: Pooled) -> None:
    pooled.pools(POOL.replace("web:", "www:"))
    ran = pooled.project.refused(3, "pools-file", "plan", STREAM)
    assert "www.example.com. A is in the zone file too" in ran.err


def test_cnames_of_several_members_need_a_target_with_weights(pooled: Pooled) -> None:
    member = "{{id: {0}, address: {0}.example.net., capacity: 1}}"
    members = ", ".join(member.format(site) for site in SITES)
    pooled.project.write(FILE, f"pools: {{c: {{type: CNAME, members: [{members}]}}}}\n")
    ran = pooled.project.refused(3, "pool-unrepresentable", "plan", STREAM)
    assert (
        "zonefile:out/a.zone has no weights and cannot hold the pool at c.example.com." in ran.err
    )


@pytest.mark.parametrize("spoiled", [None, b"{}\n"])
def test_a_lost_or_altered_health_is_told_and_stops_nobody(
    pooled: Pooled, spoiled: bytes | None
) -> None:
    generation = pooled.project.plan()
    path = pooled.attachment(generation, "health")
    path.unlink()
    if spoiled is not None:
        path.write_bytes(spoiled)
    shown = pooled.show()
    assert shown["pools"] == []
    [warning] = shown["warnings"]
    assert warning["kind"] == "pools-unread"
    assert warning["text"].startswith("WHY MEMBERS ARE IN OR OUT cannot be told: ")
    pooled.project.approve(generation)
    assert pooled.project.enact(generation).code == 0


# Beside other commands


def test_what_is_done_by_hand_to_a_pool_is_drift_and_marked(pooled: Pooled) -> None:
    project = pooled.project
    project.go()
    path = project.root / "out/a.zone"
    for name in ("a", "b"):
        path = project.root / f"out/{name}.zone"
        text = path.read_text(encoding="utf-8")
        path.chmod(0o644)
        path.write_text(text.replace("A 192.0.2.3\n", "A 192.0.2.33\n"), encoding="utf-8")
    drift = project.run("drift", STREAM, "--detailed-exitcode")
    assert (drift.code, "192.0.2.33" in drift.out) == (2, True)
    assert "web.example.com. 60 A  (reverts a manual change)" in project.ok("plan", STREAM).out


def test_pools_are_compared_as_they_are_desired_or_as_a_target_holds_them(pooled: Pooled) -> None:
    project = pooled.project
    project.go()
    pooled.well("eu", "us")
    project.plan()
    between = project.ok("diff", STREAM, "1", "2").out
    assert "- web.example.com. 60 A [ap] 192.0.2.3 pool=web weight=64" in between
    live = project.ok("diff", STREAM, "2").out
    assert "      - 192.0.2.3" in live
    assert "pool=" not in live


def test_a_dump_leaves_out_what_the_pools_file_keeps(pooled: Pooled) -> None:
    project = pooled.project
    project.go()
    pooled.well("eu")
    text = project.ok("dump", STREAM).out
    assert "# Not here, because the pools file beside it keeps them: web.example.com. A." in text
    assert "\nweb:" not in text
    pooled.well(*SITES)
    project.write("zones/example.com.yaml", text)
    assert project.ok("plan", STREAM).out.startswith("unchanged: ")


def test_a_pool_that_leaves_the_file_leaves_the_zone(pooled: Pooled) -> None:
    project = pooled.project
    project.go()
    (project.root / FILE).unlink()
    assert "- web.example.com. 60 A" in project.ok("plan", STREAM).out
    assert pooled.show()["pools"] == []


# In git


@pytest.fixture
def versioned(pooled: Pooled) -> Pooled:
    git(pooled, "init", "--quiet", "--initial-branch=main")
    pooled.project.write(".gitignore", ".planfence\nout\nzones/health\n")
    git(pooled, "add", ".")
    git(pooled, "commit", "--quiet", "--message", "first")
    return pooled


def git(pooled: Pooled, *arguments: str) -> None:
    identity = ("-c", "user.name=ana", "-c", "user.email=ana@example.com")
    subprocess.run(["git", "-C", str(pooled.project.root), *identity, *arguments], check=True)


def test_both_files_have_the_commit_and_either_can_be_dirty(versioned: Pooled) -> None:
    versioned.project.plan()
    zone, file, health = versioned.show()["plan"]["inputs"]
    assert zone["commit"] == file["commit"] != health["commit"] is None
    assert [each["ancestry"] for each in (zone, file, health)] == ["first", "first", None]
    versioned.pools(least=2)
    versioned.well("eu", "us")
    versioned.project.plan()
    shown = versioned.show()
    assert [each["dirty"] for each in shown["plan"]["inputs"]] == [False, True, False]
    [warning] = [each for each in shown["warnings"] if each["kind"] == "dirty"]
    assert FILE in warning["text"]


def test_a_checkout_without_the_file_is_not_a_zone_without_pools(versioned: Pooled) -> None:
    project = versioned.project
    project.go()
    (project.root / FILE).unlink()
    project.refused(3, "pools-missing", "plan", STREAM)
    git(versioned, "commit", "--all", "--quiet", "--message", "no pools")
    assert "- web.example.com. 60 A" in project.ok("plan", STREAM).out


def test_the_example_plans_and_enacts_as_its_page_says(project: Project) -> None:
    shutil.copytree(EXAMPLE, project.root, dirs_exist_ok=True)
    project.ok("init")
    stream = "dns/example.net"
    out = project.ok("plan", stream).out
    assert "pool     api A: 2 of 3 members in; out: sin (unhealthy 3 times: no power since" in out
    assert "pool     api-v6 AAAA: 2 of 2 members in" in out
    project.write("zones/health/sin", "healthy\n")
    assert "pool     api A: 3 of 3 members in" in project.ok("plan", stream).out
    assert project.ok("check", "zones/example.net.pools.yaml").out
