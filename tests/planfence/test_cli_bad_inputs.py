"""What cannot be trusted: one line, the right exit code, and nothing changed."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plans.document import decode, digest_of, encode
from plans.names import plan_key, settings_key
from plans.plan import Plan, Tombstone
from tests.planfence.project import STREAM, Project


@pytest.fixture
def planned(project: Project) -> Project:
    """Generation 1 is applied, generation 2 is published and approved."""
    project.start()
    project.go()
    project.desire("two")
    project.approve(project.plan())
    return project


def plan_of(project: Project, generation: int) -> Plan:
    return decode(Plan, project.plan_path(generation).read_bytes(), what="the plan")


def every_use(project: Project, code: int, rule: str, digest: str) -> None:
    """Show, approve, reject and enact all refuse it by the same rule, and list says so."""
    project.refused(code, rule, "show", STREAM, "2")
    project.refused(code, rule, "approve", STREAM, "2", "--digest", digest)
    project.refused(code, rule, "reject", STREAM, "2", "--reason", "x")
    project.refused(code, rule, "enact", STREAM, "2", "--digest", digest)
    project.refused(code, rule, "diff", STREAM)
    (head, _) = project.ok("list", STREAM, "--format", "json").json["plans"]
    assert head["state"] in ("unreadable", "pruned")
    assert head["rule"] == rule
    status = project.ok("status", STREAM, "--format", "json").json
    assert status["streams"][0]["head"]["rule"] == rule


def put(project: Project, body: bytes) -> str:
    project.put_plan(2, body)
    return digest_of(body)


def compact(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def test_a_plan_that_is_missing(planned: Project) -> None:
    digest = planned.digest(2)
    planned.plan_path(2).unlink()
    planned.refused(3, "plan-missing", "show", STREAM, "2")
    planned.refused(3, "plan-missing", "approve", STREAM, "2", "--digest", digest)
    planned.refused(3, "plan-missing", "enact", STREAM, "2", "--digest", digest)


def test_a_plan_cut_short(planned: Project) -> None:
    body = planned.plan_path(2).read_bytes()
    every_use(planned, 3, "document-invalid", put(planned, body[: len(body) // 2]))


@pytest.mark.parametrize("body", [b"", b"null\n", b"[]\n", b'"x"\n', b"\xff\n", b"{}\n"])
def test_bytes_that_are_no_plan(body: bytes, planned: Project) -> None:
    every_use(planned, 3, "document-invalid", put(planned, body))


def test_a_bit_flip_is_refused_by_the_digest_that_was_named(planned: Project) -> None:
    digest = planned.digest(2)
    body = bytearray(planned.plan_path(2).read_bytes())
    body[body.index(b"192.0.2.60") + 9] ^= 1
    planned.put_plan(2, bytes(body))
    planned.refused(3, "digest", "approve", STREAM, "2", "--digest", digest)
    planned.refused(3, "digest", "enact", STREAM, "2", "--digest", digest)


def test_an_approval_of_other_bytes_enacts_nothing(planned: Project) -> None:
    digest = put(planned, encode(plan_of(planned, 2).model_copy(update={"reason": "other"})))
    ran = planned.refused(3, "generation-digest", "enact", STREAM, "2", "--digest", digest)
    assert "ana@lab's approval" in ran.err
    planned.refused(3, "generation-digest", "approve", STREAM, "2", "--digest", digest)


def test_an_applied_plan_that_was_exchanged_is_conflicting(planned: Project) -> None:
    digest = planned.digest(1)
    planned.put_plan(1, encode(plan_of(planned, 1).model_copy(update={"reason": "other"})))
    assert "conflicting" in planned.ok("list", STREAM).out
    planned.refused(3, "digest", "show", STREAM, "applied")
    planned.refused(3, "digest", "diff", STREAM, "applied")
    assert planned.ok("enact", STREAM, "1", "--digest", digest).out.count("already") == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("stream", "dns/other"), ("lineage", "9" * 32), ("generation", 7)],
)
def test_a_plan_copied_from_elsewhere(field: str, value: Any, planned: Project) -> None:
    body = encode(plan_of(planned, 2).model_copy(update={field: value}))
    every_use(planned, 3, f"foreign-{field}", put(planned, body))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"surprise": 1}, "document-invalid"),
        ({"schema": "planfence/plan/v2"}, "schema-version"),
        ({"schema": "\x1b[2J"}, "schema-version"),
        ({"waves": []}, "document-invalid"),
    ],
)
def test_a_plan_of_another_form(change: dict[str, Any], rule: str, planned: Project) -> None:
    document = json.loads(planned.plan_path(2).read_bytes())
    every_use(planned, 3, rule, put(planned, compact({**document, **change})))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"name": "_planfence.example.com.", "type": "TXT"}, "zone"),
        ({"name": "www.example.org."}, "zone"),
        ({"type": "SOA"}, "document-invalid"),
        ({"after": {"ttl": 60, "values": []}}, "document-invalid"),
        ({"after": {"ttl": 60, "values": ["192.0.2.256"]}}, "document-invalid"),
    ],
)
def test_a_plan_with_a_change_that_cannot_be_is_neither_approved_nor_enacted(
    change: dict[str, Any], rule: str, planned: Project
) -> None:
    """It is a plan all the same, which can be shown and rejected; the next pass replaces it."""
    document = json.loads(planned.plan_path(2).read_bytes())
    document["waves"][0]["targets"][1]["steps"][0]["changes"][0] |= change
    digest = put(planned, compact(document))
    zone = planned.root / "out/a.zone"
    before = zone.read_bytes()
    ran = planned.refused(3, rule, "approve", STREAM, "2", "--digest", digest)
    assert "$.waves[0].targets[1].steps[0].changes[0]" in ran.err
    planned.refused(3, rule, "enact", STREAM, "2", "--digest", digest)
    assert zone.read_bytes() == before, "the first target, which could take its part"
    planned.ok("show", STREAM, "2")
    assert planned.plan() == 3


def test_a_plan_in_another_byte_form(planned: Project) -> None:
    document = json.loads(planned.plan_path(2).read_bytes())
    body = json.dumps(document, indent=1).encode()
    every_use(planned, 3, "document-not-canonical", put(planned, body))


def test_a_pruned_plan_is_told_from_a_broken_one(planned: Project) -> None:
    tombstone = Tombstone(generation=2, digest=planned.digest(2))
    every_use(planned, 3, "plan-pruned", put(planned, encode(tombstone)))
    assert "pruned" in planned.ok("list", STREAM).out


def test_a_desired_state_that_was_exchanged(planned: Project) -> None:
    (blob,) = (planned.root / f".planfence/archive/streams/{STREAM}/blobs/{2:012d}").iterdir()
    body = blob.read_bytes().replace(b"192.0.2.60", b"192.0.2.66")
    blob.unlink()
    blob.write_bytes(body)
    named = ("2", "--digest", planned.digest(2))
    planned.refused(3, "attachment-digest", "approve", STREAM, *named)
    blob.unlink()
    planned.refused(3, "attachment-missing", "approve", STREAM, *named)
    # In exact nothing is computed from it: the steps that were approved are done all the same.
    planned.enact(2)
    assert "192.0.2.66" not in (planned.root / "out/a.zone").read_text()


def test_an_expired_plan_is_neither_approved_nor_enacted(project: Project) -> None:
    project.start()
    project.ok("stream", "set", STREAM, "--plan-hours", "1")
    project.plan()
    project.approve(1)
    project.clock.tick(hours=1)
    named = ("1", "--digest", project.digest(1))
    project.refused(3, "expired", "enact", STREAM, *named)
    project.refused(3, "expired", "enact", STREAM, "--newest")
    project.refused(3, "expired", "approve", STREAM, *named)
    assert "expired" in project.ok("list", STREAM).out
    assert "planfence enact" not in project.ok("show", STREAM).out


def test_a_plan_for_targets_that_the_settings_do_not_have(project: Project) -> None:
    project.start()
    project.plan()
    project.approve(1)
    project.ok("stream", "set", STREAM, "--target", "zonefile:out/c.zone")
    ran = project.refused(3, "targets", "enact", STREAM, "1", "--digest", project.digest(1))
    assert "zonefile:out/c.zone" in ran.err


def test_a_target_of_a_scheme_that_this_version_lacks(planned: Project) -> None:
    targets = ["zonefile:out/a.zone", "clouddns://Z0123456789ABC"]
    planned.overwrite_item(settings_key(STREAM), targets=targets)
    ran = planned.refused(3, "target-scheme", "plan", STREAM)
    assert "clouddns://Z0123456789ABC is no target" in ran.err
    (stream,) = planned.ok("status", STREAM, "--format", "json").json["streams"]
    assert [target["state"] for target in stream["targets"]] == ["done", "unreachable"]


def test_settings_that_cannot_be_read(planned: Project) -> None:
    planned.overwrite_item(settings_key(STREAM), colour="red")
    planned.refused(3, "document-invalid", "plan", STREAM)
    planned.refused(3, "document-invalid", "status", STREAM)


def test_an_archive_that_is_a_file(planned: Project) -> None:
    archive = planned.root / ".planfence/archive"
    archive.rename(planned.root / "aside")
    archive.write_text("not a folder")
    planned.refused(5, "archive-unavailable", "plan", STREAM)
    planned.refused(5, "archive-unavailable", "list", STREAM)
    planned.refused(5, "archive-unavailable", "enact", STREAM, "--newest")
    (stream,) = planned.ok("status", "--format", "json").json["streams"]
    assert stream["head"]["error"]["rule"] == "archive-unavailable"
    assert stream["applied"]["generation"] == 1


def test_a_plans_folder_that_cannot_be_made(project: Project) -> None:
    project.start()
    (project.root / ".planfence/archive/streams").write_text("in the way")
    project.refused(5, "archive-unavailable", "plan", STREAM)


def test_a_full_disk_publishes_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _data: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    project.start()
    monkeypatch.setattr("plans.storage.files.os.write", full)
    ran = project.run("plan", STREAM)
    assert (ran.code, ran.out) == (5, "")
    assert "No space left" in ran.err
    monkeypatch.undo()
    assert project.ok("list", STREAM, "--format", "json").json["plans"] == []


def test_a_corrupt_register(planned: Project) -> None:
    path = planned.root / ".planfence/register.db"
    for side in path.parent.glob("register.db-*"):
        side.unlink()
    path.write_bytes(b"not a database, and long enough to have a header" * 100)
    planned.refused(1, "register-corrupt", "plan", STREAM)
    planned.refused(1, "register-corrupt", "status", STREAM)
    planned.refused(1, "register-corrupt", "init")
    ran = planned.run("status")
    assert ran.code == 1
    assert "register-corrupt" in ran.out


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda path: path.write_bytes(b""), "zonefile-empty"),
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "zonefile-truncated"),
        (lambda path: (path.rename(f"{path}.real"), path.symlink_to(f"{path}.real")), "symlink"),
        (lambda path: (path.unlink(), path.mkdir()), "not-a-file"),
        (lambda path: path.write_bytes(b"\xff"), "zonefile-invalid"),
    ],
)
def test_a_zone_file_that_is_none(
    spoil: Callable[[Path], object], rule: str, planned: Project
) -> None:
    spoil(planned.root / "out/a.zone")
    planned.refused(3, rule, "plan", STREAM)
    planned.refused(3, rule, "diff", STREAM)
    ran = planned.ok("status")
    assert f"[{rule}]" in ran.out
    assert "out/b.zone  generation 1" in ran.out


@pytest.mark.parametrize(
    ("text", "rule", "count"),
    [
        ("", "desired-state", 1),
        ("www: {type: A, value: 192.0.2.1, valu: 3}\nwww: {type: B}\n", "desired-state", 2),
        ("- x\n", "desired-state", 1),
    ],
)
def test_a_desired_state_that_is_refused_gives_every_problem(
    text: str, rule: str, count: int, planned: Project
) -> None:
    path = planned.write("zones/example.com.yaml", text)
    ran = planned.refused(3, rule, "plan", STREAM, one_line=False)
    assert ran.err.count(f"{path}:") == count + (1 if count > 1 else 0)


def test_a_desired_state_that_is_not_there(planned: Project) -> None:
    (planned.root / "zones/example.com.yaml").unlink()
    planned.refused(3, "desired-missing", "plan", STREAM)


def test_a_forged_number_far_away_is_told_and_ignored(planned: Project) -> None:
    planned.put_plan(999_999_999_999, b"{}")
    planned.desire("one")
    ran = planned.run("plan", STREAM, "--format", "json")
    assert ran.json["generation"] == 3
    assert "out of reach" in ran.json["notes"][0]
    assert planned.ok("list", STREAM, "--limit", "1").out.count("999999999999") == 1


def test_a_value_cannot_move_the_reviewers_cursor(planned: Project) -> None:
    plan = plan_of(planned, 2).model_copy(update={"created_by": "ana\u202e\x9b2J"})
    put(planned, encode(plan))
    out = planned.ok("show", STREAM, "2").out + planned.ok("list", STREAM).out
    assert out.count("ana\\u202e\\x9b2J") == 2


def test_a_journal_that_was_altered_is_broken_at_a_number(planned: Project) -> None:
    from plans.names import journal_key

    planned.overwrite_item(journal_key(STREAM, 2), document="{}\n")
    planned.refused(1, "journal-corrupt", "journal", STREAM, "--verify")
    planned.refused(1, "journal-corrupt", "journal", STREAM)


def test_plans_are_found_under_their_own_key(planned: Project) -> None:
    assert planned.plan_path(2).as_posix().endswith(plan_key(STREAM, 2))
