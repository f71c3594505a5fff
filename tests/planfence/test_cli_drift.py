"""``drift``: what was changed around planfence, target by target, against what is applied."""

from __future__ import annotations

from typing import Any

import pytest

from tests.planfence.project import STREAM, Project

A, B = "out/a.zone", "out/b.zone"
OLD, HAND = "www.example.com. 300 IN A 192.0.2.50", "www.example.com. 300 IN A 192.0.2.77"


@pytest.fixture
def applied(project: Project) -> Project:
    """Generation 1 is applied."""
    project.start()
    project.go()
    return project


def edit(project: Project, name: str, old: str, new: str) -> None:
    path = project.root / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def drift(project: Project, code: int = 0) -> dict[str, Any]:
    ran = project.run("drift", STREAM, "--format", "json")
    assert ran.code == code, ran.err
    assert (ran.json["generation"], ran.json["digest"]) == (1, project.digest(1))
    return ran.json


def targets(document: dict[str, Any]) -> list[tuple[str, int, list[int]]]:
    """State of the fence, count of changes, what was compared with, for each target."""
    return [
        (place["fence"]["state"], len(place["changes"]), place["compared_with"])
        for place in document["targets"]
    ]


def test_what_is_as_it_was_left_is_unchanged(applied: Project) -> None:
    assert "nothing changed by hand" in applied.ok("drift", STREAM, "--detailed-exitcode").out
    document = drift(applied)
    assert (document["outcome"], document["drifted"]) == ("unchanged", False)
    assert targets(document) == [("done", 0, [1])] * 2


def test_a_newer_plan_that_is_not_enacted_is_no_drift(applied: Project) -> None:
    applied.desire("two")
    applied.plan()
    assert drift(applied)["outcome"] == "unchanged"


def test_every_change_by_hand_is_told_from_applied_to_live(applied: Project) -> None:
    edit(applied, A, OLD, f"{HAND}\nnew.example.com. 60 IN A 192.0.2.9")
    edit(applied, A, "old.example.com. 3600 IN A 192.0.2.40\n", "")
    ran = applied.run("drift", STREAM, "--detailed-exitcode")
    assert ran.code == 2
    lines = ran.out.splitlines()
    assert lines[0].endswith(
        "against generation 1, which is applied: 1 created, 1 updated, 1 deleted by hand"
    )
    assert "  changed by hand, applied -> live: +1 ~1 -1" in lines
    assert "  - old.example.com. 3600 A 192.0.2.40" in lines
    assert "  ~ www.example.com. 300 A 192.0.2.50 -> 192.0.2.77" in lines
    assert "  + new.example.com. 60 A 192.0.2.9" in lines
    assert f"zonefile:{B}" not in ran.out
    document = drift(applied)
    assert document["outcome"] == "drifted"
    assert document["summary"] == {"creates": 1, "updates": 1, "deletes": 1}
    assert targets(document) == [("done", 3, [1]), ("done", 0, [1])]
    change = document["targets"][0]["changes"][-1]
    assert (change["before"]["values"], change["after"]["values"]) == (
        ["192.0.2.50"],
        ["192.0.2.77"],
    )


def test_the_same_change_on_two_targets_is_told_once(applied: Project) -> None:
    for name in (A, B):
        edit(applied, name, OLD, HAND)
    out = applied.ok("drift", STREAM).out
    assert "+0 ~1 -0, same on 2 targets" in out
    assert out.count("192.0.2.77") == 1


def test_the_plan_that_undoes_a_drift_ends_it(applied: Project) -> None:
    edit(applied, A, OLD, HAND)
    assert "undo     planfence plan dns/example.com" in applied.ok("drift", STREAM).out
    applied.go()
    document = applied.ok("drift", STREAM, "--format", "json").json
    assert (document["outcome"], document["generation"]) == ("unchanged", 2)


def test_apex_ns_changed_by_hand_are_drift_even_if_they_are_gone(applied: Project) -> None:
    for server in ("ns1", "ns2"):
        edit(applied, A, f"example.com. 86400 IN NS {server}.example.com.\n", "")
    assert targets(drift(applied))[0] == ("done", 1, [1])


def test_apex_ns_that_the_plan_does_not_name_are_no_drift(project: Project) -> None:
    project.start()
    project.go()
    project.write("zones/example.com.yaml", "www: {type: A, value: 192.0.2.1}\n")
    project.ok(*"stream set dns/example.com --deletes-max 100% --updates-max 100%".split())
    project.go()
    edit(project, A, "IN NS ns1.example.com.", "IN NS ns9.example.com.")
    assert project.ok("drift", STREAM, "--format", "json").json["outcome"] == "unchanged"


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        ("l={lineage}", f"l={'7' * 32}", "foreign"),
        ("v=pf1", "v=pf9", "unreadable"),
        ("d={digest}", f"d={'0' * 64}", "conflicting"),
        ("e=1", "e=0", "unfinished"),
        ("g=1 ", "g=5 ", "ahead"),
    ],
)
def test_a_fence_that_is_not_as_the_plan_left_it_is_drift(
    old: str, new: str, state: str, applied: Project
) -> None:
    lineage = (applied.root / A).read_text().partition(" l=")[2][:32]
    edit(applied, A, old.format(lineage=lineage, digest=applied.digest(1)), new)
    document = drift(applied)
    assert document["outcome"] == "drifted"
    assert targets(document) == [(state, 0, [1]), ("done", 0, [1])]
    assert [warning["kind"] for warning in document["warnings"]] == [f"fence-{state}"]
    ran = applied.run("drift", STREAM, "--detailed-exitcode")
    assert ran.code == 2
    assert f"! zonefile:{A}: " in ran.out


def test_an_older_zone_put_back_is_drift_with_a_fence_of_an_older_generation(
    applied: Project,
) -> None:
    before = (applied.root / A).read_text()
    applied.go("two")
    (applied.root / A).write_text(before)
    document = applied.ok("drift", STREAM, "--format", "json").json
    assert targets(document) == [("behind", 4, [2]), ("done", 0, [2])]


def test_a_target_that_is_gone_has_lost_its_fence_and_its_records(applied: Project) -> None:
    (applied.root / A).unlink()
    document = drift(applied)
    assert targets(document) == [("missing", 12, [1]), ("done", 0, [1])]
    assert "its fence is gone" in applied.ok("drift", STREAM).out


def test_what_a_newer_plan_wrote_is_told_apart_from_what_was_changed_by_hand(
    applied: Project,
) -> None:
    applied.desire("two")
    applied.plan()
    applied.approve(2)
    (applied.root / B).rename(applied.root / "b")
    (applied.root / B).mkdir()
    assert applied.enact(2).code == 6
    (applied.root / B).rmdir()
    (applied.root / "b").rename(applied.root / B)
    document = drift(applied)
    assert document["outcome"] == "drifted"  # the fence is not the applied plan's
    assert targets(document) == [("ahead", 0, [2]), ("done", 0, [1])]
    assert "a pass is under way, or ended part way" in applied.ok("drift", STREAM).out
    edit(applied, A, "192.0.2.51", "192.0.2.77")
    assert targets(drift(applied))[0] == ("ahead", 1, [2])
    # Not done: records may be as the one plan left them, or as the other did.
    edit(applied, A, "e=1", "e=0")
    edit(applied, A, "api.example.com. 60 IN A 192.0.2.13", "api.example.com. 60 IN A 192.0.2.11")
    assert targets(drift(applied))[0] == ("ahead", 1, [1, 2])
    # Unreadable: only the applied one is left to compare with.
    applied.plan_path(2).unlink()
    assert targets(drift(applied))[0] == ("ahead", 3, [1])


def test_a_target_that_no_applied_plan_names_has_nothing_to_compare(applied: Project) -> None:
    added = "zonefile:out/c.zone"
    applied.ok(
        *("stream", "set", STREAM, "--target", added),
        *("--target", f"zonefile:{A}", "--target", f"zonefile:{B}"),
    )
    ran = applied.ok("drift", STREAM, "--format", "json")
    assert ran.json["outcome"] == "unchanged"
    assert targets(ran.json) == [("new", 0, []), ("done", 0, [1]), ("done", 0, [1])]
    assert any(added in note for note in ran.json["notes"])


def test_a_target_is_watched_until_it_has_retired(applied: Project) -> None:
    applied.ok("stream", "set", STREAM, "--retire", f"zonefile:{B}")
    edit(applied, B, OLD, HAND)
    assert targets(drift(applied)) == [("done", 0, [1]), ("done", 1, [1])]
    applied.go()
    document = applied.ok("drift", STREAM, "--format", "json").json
    assert targets(document) == [("done", 0, [2])]


def test_a_target_that_cannot_be_read_is_never_called_unchanged(applied: Project) -> None:
    edit(applied, A, OLD, HAND)
    (applied.root / B).unlink()
    (applied.root / B).mkdir()
    ran = applied.run("drift", STREAM, "--format", "json")
    assert (ran.code, ran.json["outcome"], ran.json["rule"]) == (3, "refused", "not-a-file")
    assert ran.err.count("\n") == 1
    assert ran.json["drifted"]
    assert targets(ran.json) == [("done", 1, [1]), ("unreachable", 0, [])]
    assert ran.json["targets"][1]["error"]["rule"] == "not-a-file"
    text = applied.run("drift", STREAM, "--detailed-exitcode")
    assert text.code == 3
    assert f"! zonefile:{B} cannot be read: " in text.out
    assert "192.0.2.77" in text.out
    edit(applied, A, HAND, OLD)
    assert "nothing changed by hand where it could be read" in applied.run("drift", STREAM).out


def test_nothing_applied_is_refused(project: Project) -> None:
    project.start()
    project.refused(3, "nothing-applied", "drift", STREAM)
    project.plan()
    project.refused(3, "nothing-applied", "drift", STREAM)


def test_an_applied_plan_that_cannot_be_read_is_refused(applied: Project) -> None:
    applied.plan_path(1).unlink()
    applied.refused(3, "plan-missing", "drift", STREAM)
    applied.refused(3, "stream-missing", "drift", "dns/other")
