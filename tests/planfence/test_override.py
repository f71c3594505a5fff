"""``planfence override``: a person's plan, at three in the morning, with nobody else there."""

from __future__ import annotations

import json
import shutil
import sys
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest

import planfence.overriding
from planner.planning import plan_stream
from planner.zone_yaml import parse_zone_yaml
from plans.errors import Superseded, Unavailable
from plans.journal import Entry, read_entries
from plans.kinds.zone import zone_document
from plans.storage.sqlite import SqliteRegister
from tests.planfence.project import STREAM, Project

WHY = ("--reason", "the mail is down")
FIXED = """\
'': {type: NS, ttl: 86400, values: [ns1.example.com., ns2.example.com.]}
mx1: {type: A, value: 192.0.2.21}
www: {type: A, ttl: 300, value: 192.0.2.99}
"""


@pytest.fixture
def live(project: Project) -> Project:
    """Generation 1 is applied; who is on call is not who plans, and has written a file."""
    project.start()
    project.go()
    project.ok("stream", "set", STREAM, "--self-approval", "deny", "--deletes-max", "100%")
    project.environment["PLANFENCE_USER"] = "oda@lab"
    project.write("fixed.yaml", FIXED)
    return project


def without_approvals(project: Project) -> None:
    project.ok("stream", "set", STREAM, "--approvals", "0")


def entries(project: Project) -> list[Entry]:
    """The journal since generation 1 was applied and the settings were changed."""
    register = SqliteRegister(project.root / ".planfence/register.db")
    found = [each for each in read_entries(register, STREAM, 4) if each.kind != "settings"]
    register.close()
    project.ok("journal", STREAM, "--verify")
    return found


def kinds(project: Project) -> list[str]:
    return [entry.kind for entry in entries(project)]


def live_zone(project: Project, target: str = "a") -> str:
    return (project.root / f"out/{target}.zone").read_text(encoding="utf-8")


def is_fixed(project: Project) -> bool:
    texts = [live_zone(project, target) for target in "ab"]
    return all("192.0.2.99" in text and "ftp" not in text for text in texts)


# One command


def test_one_command_holds_publishes_approves_and_enacts(live: Project) -> None:
    ran = live.ok("override", STREAM, "fixed.yaml", *WHY, "--hold", "--enact", "--break-glass")
    assert is_fixed(live)
    told = entries(live)
    assert [each.kind for each in told] == ["held", "override", "break-glass", "claimed", "applied"]
    digest = live.digest(2)
    assert {(each.by, each.generation, each.digest) for each in told[1:]} == {
        ("oda@lab", 2, digest)
    }
    assert told[1].details == {
        "reason": "the mail is down",
        "overrides": "generation 1",
        "input": "fixed.yaml",
    }
    review, _, ended = ran.out.partition("plan 2 of dns/example.com is applied")
    assert "!! OVERRIDE: made by a person" in review
    assert "!! BREAK-GLASS, approved alone in an emergency: by oda@lab" in review
    assert "~ www.example.com. 300 A 192.0.2.50 -> 192.0.2.99" in review
    shouted = "BREAK-GLASS: generation 2 was approved by oda@lab alone: the mail is down"
    assert shouted in ended
    assert shouted in ran.err
    assert "release  planfence release dns/example.com" in ended
    shown = live.ok("journal", STREAM).out
    assert "  OVERRIDE     plan 2  oda@lab  reason: the mail is down" in shown
    assert "  BREAK-GLASS  plan 2  oda@lab  reason: the mail is down" in shown


def test_programs_are_told_all_of_it(live: Project) -> None:
    flags = (*WHY, "--hold", "--enact", "--break-glass", "--format", "json")
    document = live.ok("override", STREAM, "fixed.yaml", *flags).json
    expected = {"outcome": "applied", "generation": 2, "overrides": 1, "resumed": False}
    assert expected.items() <= document.items()
    assert (document["held"], document["break_glass"]) == (True, True)
    assert [target["done"] for target in document["targets"]] == [True, True]
    assert {"override", "break-glass", "held"} <= {each["kind"] for each in document["warnings"]}


def test_without_enact_it_shows_the_review_and_the_commands_to_go_on(live: Project) -> None:
    ran = live.ok("override", STREAM, "fixed.yaml", *WHY)
    named = f"{STREAM} 2 --digest {live.digest(2)}"
    assert f"approve  planfence approve {named}\n" in ran.out
    assert f"enact    planfence enact {named}\n" in ran.out
    assert "state    pending, 0 of 1 approvals" in ran.out
    assert kinds(live) == ["override"]
    assert "192.0.2.50" in live_zone(live)
    live.refused(3, "self-approval", "approve", *named.split())
    live.refused(3, "approvals", "enact", *named.split())
    live.environment["PLANFENCE_USER"] = "ben@lab"
    live.ok("approve", *named.split())
    live.ok("enact", *named.split())
    assert is_fixed(live)


def test_markdown_has_the_review_too(live: Project) -> None:
    ran = live.ok("override", STREAM, "fixed.yaml", *WHY, "--break-glass", "--format", "markdown")
    assert "BREAK-GLASS" in ran.out
    assert "**OVERRIDE**" in ran.out


def test_the_review_is_seen_before_anything_is_changed(
    live: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_approvals(live)
    seen: list[str] = []

    def enact(*_: Any, **__: Any) -> Any:
        seen.append(live.capsys.readouterr().out)
        raise Unavailable("gone", rule="r", remedy="run it again")

    monkeypatch.setattr(planfence.overriding, "enact_once", enact)
    ran = live.run("override", STREAM, "fixed.yaml", *WHY, "--enact")
    assert "~ www.example.com. 300 A 192.0.2.50 -> 192.0.2.99" in seen[0]
    named = f"planfence enact {STREAM} 2 --digest {live.digest(2)}"
    assert (ran.code, f"generation 2 is published: `{named}` goes on" in ran.err) == (5, True)


@pytest.mark.parametrize(
    ("part", "left"), [("record_override", ["held"]), ("approve", ["held", "override"])]
)
def test_an_end_after_publishing_is_told_with_what_stands_and_the_command_to_go_on(
    part: str, left: list[str], live: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any, **__: Any) -> Any:
        raise Unavailable("the register is away", rule="r", remedy="run it again")

    flags = (*WHY, "--hold", "--enact", "--break-glass")
    with monkeypatch.context() as broken:
        broken.setattr(planfence.overriding, part, unavailable)
        ran = live.run("override", STREAM, "fixed.yaml", *flags)
    assert (ran.code, kinds(live)) == (5, left)
    assert f"generation 2 is published: `planfence enact {STREAM} 2 --digest" in ran.err
    assert f"{STREAM} is held: `planfence release {STREAM}` ends it" in ran.err
    assert "192.0.2.50" in live_zone(live)
    live.ok("override", STREAM, "fixed.yaml", *flags)
    assert is_fixed(live)
    assert "generation 3" in live.ok("status").out


def test_one_that_a_newer_one_overtook_is_not_gone_on_with(
    live: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_approvals(live)

    def overtaken(*_: Any, **__: Any) -> Any:
        raise Superseded("a newer one", rule="r", remedy="look at it")

    monkeypatch.setattr(planfence.overriding, "enact_once", overtaken)
    ran = live.run("override", STREAM, "fixed.yaml", *WHY, "--enact")
    assert (ran.code, "goes on" in ran.err) == (4, False)


# From any state, with nothing else


def test_it_needs_no_desired_state_no_planner_and_no_older_plan(live: Project) -> None:
    without_approvals(live)
    shutil.rmtree(live.root / "zones")
    shutil.rmtree(live.root / ".planfence/archive/streams")
    live.write("planfence.toml", "")
    live.ok("override", STREAM, "fixed.yaml", *WHY, "--enact")
    assert is_fixed(live)
    plan = json.loads(live.plan_path(2).read_bytes())
    assert (plan["parent"]["generation"], plan["mode"], plan["origin"]) == (
        1,
        "converge",
        "override",
    )


def test_it_converges_from_half_applied_drifted_and_empty_targets(live: Project) -> None:
    without_approvals(live)
    live.desire("two")
    live.plan()
    shutil.move(live.root / "out/b.zone", live.root / "out/b.kept")
    (live.root / "out/b.zone").mkdir()
    assert live.enact(2).code == 6
    (live.root / "out/b.zone").rmdir()
    live.write("out/a.zone", live_zone(live).replace("192.0.2.21", "198.51.100.1"))
    ran = live.run("override", STREAM, "fixed.yaml", *WHY, "--enact")
    assert (ran.code, "[fence-missing]" in ran.err) == (6, True), ran.err
    assert f"generation 3 is published: `planfence enact {STREAM} 3 --digest" in ran.err
    live.ok("override", STREAM, "fixed.yaml", *WHY, "--enact", "--adopt")
    assert is_fixed(live)
    assert "198.51.100.1" not in live_zone(live)


def test_exact_is_to_be_had_where_it_is_asked_for(live: Project) -> None:
    without_approvals(live)
    ran = live.ok("override", STREAM, "fixed.yaml", *WHY, "--mode", "exact", "--enact")
    assert "by oda@lab, override, exact" in ran.out


# Approvals


def test_it_is_refused_at_once_where_it_could_not_be_enacted(live: Project) -> None:
    ran = live.refused(3, "approvals", "override", STREAM, "fixed.yaml", *WHY, "--hold", "--enact")
    again = f"`planfence override {STREAM} fixed.yaml --reason 'the mail is down' --hold`"
    assert again in ran.err
    assert "--break-glass" in ran.err


def test_a_waiver_wants_an_approval_where_the_stream_wants_none(live: Project) -> None:
    without_approvals(live)
    live.ok("stream", "set", STREAM, "--protect", "www")
    flags = ("--allow", "protected", "--allow", "protected")
    live.refused(3, "approvals", "override", STREAM, "fixed.yaml", *WHY, "--enact", *flags)
    live.ok("override", STREAM, "fixed.yaml", *WHY, "--enact", "--break-glass", *flags)
    assert is_fixed(live)


def test_no_glass_is_broken_where_nothing_is_wanted(live: Project) -> None:
    without_approvals(live)
    ran = live.ok("override", STREAM, "fixed.yaml", *WHY, "--enact", "--break-glass")
    assert "no glass was broken: dns/example.com wants no approval" in ran.err
    assert "BREAK-GLASS" not in ran.out
    assert "break-glass" not in kinds(live)


def test_broken_glass_is_seen_in_every_list_and_is_enough_for_an_enactor(live: Project) -> None:
    live.ok("override", STREAM, "fixed.yaml", *WHY, "--break-glass")
    assert "approved, BREAK-GLASS" in live.ok("list", STREAM).out
    shown = live.ok("show", STREAM)
    assert "state    approved, BREAK-GLASS, by oda@lab" in shown.out
    assert "planfence approve" not in shown.out
    assert live.enact(2).code == 0


# Guards


def test_guards_bind_it_and_all_that_are_breached_are_listed_before_anything_is_done(
    live: Project,
) -> None:
    limits = ("--protect", "www", "--deletes-max", "1", "--approvals", "0")
    live.ok("stream", "set", STREAM, *limits)
    ran = live.refused(
        3, "deletes-max", "override", STREAM, "fixed.yaml", *WHY, "--hold", one_line=False
    )
    assert "  deletes-max: 9 of 11, limit 1, on zonefile:out/a.zone" in ran.err
    assert "  protected: www.example.com., limit no change to 1 protected names" in ran.err
    allow = "--allow deletes-max --allow protected"
    assert f"`planfence override {STREAM} FILE {allow} --reason TEXT`" in ran.err
    live.ok("override", STREAM, "fixed.yaml", *WHY, *allow.split())


# Holds


def test_automation_cannot_come_between_because_the_hold_is_first(
    live: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_approvals(live)
    live.desire("two")
    live.plan()
    met: list[str] = []

    def publishing(*arguments: Any) -> Any:
        met.append(live.run("enact", STREAM, "--newest", "--format", "json").json["rule"])
        return plan_stream(*arguments)

    monkeypatch.setattr(planfence.overriding, "plan_stream", publishing)
    ran = live.ok("override", STREAM, "fixed.yaml", *WHY, "--hold", "--enact")
    assert met == ["held"]
    assert is_fixed(live)
    assert "HELD when it was made: by oda@lab: the mail is down" in ran.out
    assert kinds(live)[:2] == ["held", "override"]


def test_it_passes_a_hold_of_somebody_else_and_does_not_take_it_over(live: Project) -> None:
    without_approvals(live)
    live.environment["PLANFENCE_USER"] = "ben@lab"
    live.ok("hold", STREAM, "--reason", "migration", "--for", "2h")
    live.environment["PLANFENCE_USER"] = "oda@lab"
    ran = live.refused(3, "held", "override", STREAM, "fixed.yaml", *WHY, "--hold")
    assert "is held by ben@lab until 2026-01-01T14:00:00Z: migration" in ran.err
    assert "leave --hold out" in ran.err
    live.ok("override", STREAM, "fixed.yaml", *WHY, "--enact")
    assert is_fixed(live)
    assert "HELD by ben@lab" in live.ok("status").out


def test_run_again_after_an_early_end_it_goes_on_under_its_own_hold(
    live: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_approvals(live)

    def unavailable(*_: Any) -> Any:
        raise Unavailable("gone", rule="r", remedy="run it again")

    with monkeypatch.context() as broken:
        broken.setattr(planfence.overriding, "plan_stream", unavailable)
        ran = live.run("override", STREAM, "fixed.yaml", *WHY, "--hold")
    assert (ran.code, kinds(live)) == (5, ["held"])
    assert f"{STREAM} is held: `planfence release {STREAM}` ends it" in ran.err
    assert "is published" not in ran.err
    again = live.ok("override", STREAM, "fixed.yaml", *WHY, "--hold", "--enact")
    assert "is held already by oda@lab: the mail is down" in again.err
    assert kinds(live) == ["held", "override", "claimed", "applied"]


def test_release_lets_the_planner_plan_again(live: Project) -> None:
    without_approvals(live)
    live.ok("override", STREAM, "fixed.yaml", *WHY, "--hold", "--enact")
    ran = live.refused(3, "undoes-override", "plan", STREAM, one_line=False)
    assert f"`planfence release {STREAM}` ends what stands" in ran.err
    released = live.ok("release", STREAM).out
    assert "the hold of oda@lab: the mail is down, and the standing generation 2" in released
    assert live.plan() == 3
    assert live.enact(3).code == 0
    assert "192.0.2.50" in live_zone(live)


# What it takes


def test_a_zone_document_and_a_plan_are_taken_like_yaml(live: Project) -> None:
    without_approvals(live)
    zone = parse_zone_yaml(FIXED.encode(), "", "example.com.", escaped_semicolons=None)
    document = zone_document("example.com.", zone.records).model_dump(mode="json", by_alias=True)
    live.write("fixed.json", json.dumps(document, indent=2))
    live.ok("override", STREAM, "fixed.json", *WHY, "--enact")
    assert is_fixed(live)
    live.write("old.json", live.plan_path(1).read_text(encoding="utf-8"))
    ran = live.ok("override", STREAM, "old.json", *WHY, "--enact")
    assert "old.json is plan 1; taken from it: the desired state of plan 1" in ran.err
    assert "192.0.2.50" in live_zone(live)


def test_stdin_is_taken_as_what_it_begins_with(
    live: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_approvals(live)
    for text in (FIXED, live.plan_path(1).read_text(encoding="utf-8")):
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(text.encode())))
        live.ok("override", STREAM, "-", *WHY, "--enact")
        assert ("192.0.2.99" in live_zone(live)) == (text == FIXED)


@pytest.mark.parametrize(
    ("name", "rule", "said"),
    [
        ("bad.yaml", "desired-state", ["bad.yaml:2", "bad.yaml:3"]),
        ("bad.json", "override-invalid", ["records[0].ttl", "records[1].ttl"]),
        ("odd.json", "override-invalid", ["records[0].values", "records[1].name"]),
        ("other.json", "override-invalid", ["other.json: is a tombstone, and neither"]),
        ("other-stream.json", "foreign-stream", ["dns/example.org"]),
        ("gone.yaml", "file-unreadable", ["gone.yaml cannot be read: No such file"]),
    ],
)
def test_a_file_that_cannot_be_taken_is_told_with_every_error_and_nothing_is_done(
    name: str, rule: str, said: list[str], live: Project
) -> None:
    zone = {"schema": "planfence/zone/v1", "zone": "example.com.", "records": []}
    one = {"name": "www.example.com.", "type": "A", "ttl": -1, "values": ["192.0.2.1"]}
    tombstone = {"schema": "planfence/tombstone/v1", "generation": 1, "digest": "d" * 64}
    plan = json.loads(live.plan_path(1).read_bytes())
    live.write("bad.yaml", "---\nwww: {type: A, value: x}\nmail: {type: B, value: y}\n")
    live.write("bad.json", json.dumps(zone | {"records": [one, one | {"ttl": 2**31}]}))
    one["ttl"] = 1
    odd = [one | {"values": ["x"]}, one | {"name": "elsewhere."}]
    live.write("odd.json", json.dumps(zone | {"records": odd}))
    live.write("other.json", json.dumps(tombstone))
    live.write("other-stream.json", json.dumps(plan | {"stream": "dns/example.org"}))
    ran = live.refused(
        3, rule, "override", STREAM, name, *WHY, "--hold", "--break-glass", one_line=False
    )
    assert [each for each in said if each not in ran.err] == [], ran.err
