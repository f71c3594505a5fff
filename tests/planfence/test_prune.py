"""``prune``, ``pin`` and ``unpin`` as a person runs them, and what the other commands say after."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from planfence.pruning import Tally
from plans.document import digest_of
from plans.errors import Unavailable
from plans.marks import unpin
from plans.names import pin_key, plan_key
from plans.pruning import Deed, Told
from plans.storage.files import FileArchive
from plans.storage.s3_setup import ends_objects
from tests.planfence.cloud import PREFIX, CloudProject
from tests.planfence.policies import ROOT
from tests.planfence.project import STREAM, Project

AT_ONCE = ("--retain-days", "7", "--retain-count", "1", "--prune-grace-hours", "0")


@pytest.fixture
def old(project: Project) -> Project:
    """A project with three plans that were applied, all of them old."""
    project.start()
    for address in ("192.0.2.61", "192.0.2.62", "192.0.2.63"):
        text = (project.root / "zones/example.com.yaml").read_text(encoding="utf-8")
        project.write(
            "zones/example.com.yaml", text + f"n{address[-2:]}: {{type: A, value: {address}}}\n"
        )
        project.go()
    project.ok("stream", "set", STREAM, *AT_ONCE)
    project.clock.tick(days=10)
    return project


def pruned(project: Project, *flags: str) -> dict[str, Any]:
    return project.ok("prune", STREAM, *flags, "--format", "json").json


def numbers(document: dict[str, Any]) -> Iterator[int]:
    for each in document["ranges"]:
        yield from range(each["first"], each["last"] + 1)


def test_a_dry_run_says_of_every_plan_what_becomes_of_it_and_why(
    old: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planfence.pruning._TOLD_EVERY", 2)
    document = pruned(old)
    assert (document["outcome"], document["applied"]) == ("done", False)
    assert list(numbers(document)) == [1, 2, 3]
    assert document["ranges"][0] == {
        "first": 1,
        "last": 2,
        "deed": "mark",
        "rule": "unreachable",
        "why": "not reachable, 7 days old, not among the last 1 applied",
    }
    assert document["counts"] == dict.fromkeys(("wait", "bury", "withdraw", "pruned"), 0) | {
        "keep": 1,
        "mark": 2,
    }


def test_applied_it_marks_and_buries_and_the_journal_tells_by_whom(old: Project) -> None:
    document = pruned(old, "--apply")
    assert (document["applied"], document["counts"]["mark"], document["counts"]["bury"]) == (
        *(True, 2, 2),
    )
    entries = old.ok("journal", STREAM, "--format", "json").json["entries"][-2:]
    assert [(each["kind"], each["by"], each["details"]["generations"]) for each in entries] == [
        ("marked", "ana@lab", "1-2"),
        ("pruned", "ana@lab", "1-2"),
    ]
    assert pruned(old)["counts"]["pruned"] == 2
    assert "Traceback" not in old.ok("prune", STREAM, "--format", "markdown").out


def test_a_stream_goes_on_after_its_plans_were_pruned(old: Project) -> None:
    pruned(old, "--apply")
    old.ok("journal", STREAM, "--verify")
    old.ok("status", STREAM)
    assert old.ok("drift", STREAM).code == 0
    text = (old.root / "zones/example.com.yaml").read_text(encoding="utf-8")
    old.write("zones/example.com.yaml", text + "n64: {type: A, value: 192.0.2.64}\n")
    assert old.go() == 4


@pytest.mark.parametrize(
    "command",
    [
        ("show", STREAM, "1"),
        ("diff", STREAM, "1"),
        ("diff", STREAM, "3", "1"),
        ("pin", STREAM, "1", "--reason", "late"),
        ("rollback", STREAM, "--to", "1", "--reason", "late"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_that_needs_a_pruned_plan_says_that_it_was_pruned(
    old: Project, command: tuple[str, ...]
) -> None:
    pruned(old, "--apply")
    ran = old.run(*command)
    assert (ran.code, ran.out) == (3, "")
    assert "plan 1 of dns/example.com was pruned" in ran.err


def test_a_pruned_plan_is_not_enacted_or_approved(old: Project) -> None:
    digest = old.digest(1)
    pruned(old, "--apply")
    for command in ("enact", "approve"):
        ran = old.run(command, STREAM, "1", "--digest", digest)
        assert ran.code in (3, 4)
        assert ran.err.count("\n") == 1


def test_a_pass_that_a_store_ends_says_what_it_did_and_the_next_one_goes_on(
    old: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise Unavailable("the disk is full", rule="archive-unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(FileArchive, "bury", full)
        ran = old.run("prune", STREAM, "--apply")
    assert (ran.code, ran.out) == (5, "")
    assert "note: before it ended: 1 kept, 2 marked" in ran.err
    assert pruned(old, "--apply")["counts"]["bury"] == 2


def test_a_pass_that_a_store_ends_before_it_did_anything_says_only_why(
    old: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Unavailable("no disk", rule="archive-unavailable")

    monkeypatch.setattr(FileArchive, "read", down)
    for flags in ((), ("--apply",)):
        ran = old.run("prune", STREAM, *flags)
        assert (ran.code, ran.err.count("\n")) == (5, 1)


def test_nothing_is_pruned_of_a_stream_that_is_not_there(project: Project) -> None:
    project.start()
    project.refused(3, "stream-missing", "prune", "dns/nowhere", "--apply")
    document = pruned(project)
    assert (document["ranges"], document["attachments"]) == ([], 0)
    assert project.ok("prune", STREAM).out.startswith(f"{STREAM}: no plans\n")


# Pins


def test_a_pin_is_shown_with_its_reason_and_ends_when_it_is_taken_back(
    old: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planfence.pinning._AT_ONCE", 2)
    old.ok("pin", STREAM, "1", "--reason", "evidence")
    old.refused(3, "pinned", "pin", STREAM, "1", "--reason", "again")
    plans = old.ok("list", STREAM, "--format", "json").json["plans"]
    assert [each["pinned"] and each["pinned"]["reason"] for each in plans] == [
        None,
        None,
        "evidence",
    ]
    assert [each["rule"] for each in pruned(old)["ranges"]] == ["pinned", "unreachable", "head"]
    old.ok("unpin", STREAM, "1", "--reason", "closed", "--format", "json")
    assert pruned(old, "--apply")["counts"]["bury"] == 2


def test_a_plan_that_is_not_there_cannot_be_pinned(old: Project) -> None:
    old.refused(3, "plan-missing", "pin", STREAM, "9", "--reason", "x")
    old.refused(3, "not-pinned", "unpin", STREAM, "9", "--reason", "x")


def test_a_pin_that_somebody_else_changes_meanwhile_is_a_conflict(
    old: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    old.ok("pin", STREAM, "1", "--reason", "evidence")

    def late(*arguments: Any) -> None:
        old.overwrite_item(pin_key(STREAM, 1), attempt="f" * 32)
        unpin(*arguments)

    monkeypatch.setattr("planfence.pinning.unpin", late)
    ran = old.run("unpin", STREAM, "1", "--reason", "closed")
    assert (ran.code, "[pin-changed]" in ran.err) == (4, True)


def test_a_plan_that_is_marked_cannot_be_pinned_until_the_mark_is_withdrawn(old: Project) -> None:
    old.ok("stream", "set", STREAM, "--prune-grace-hours", "24")
    pruned(old, "--apply")
    [third, *others] = old.ok("list", STREAM, "--format", "json").json["plans"]
    assert third["marked_at"] is None
    assert all(each["marked_at"] for each in others)
    old.refused(3, "marked", "pin", STREAM, "1", "--reason", "evidence")
    # The remedy, word for word.
    old.ok("stream", "set", STREAM, "--retain-days", "365")
    assert pruned(old, "--apply")["counts"]["withdraw"] == 2
    old.ok("pin", STREAM, "1", "--reason", "evidence")


@pytest.mark.parametrize(
    "arguments",
    [
        ("pin", STREAM, "1"),
        ("pin", STREAM, "head", "--reason", "x"),
        ("unpin", STREAM, "1"),
        ("prune",),
        ("prune", STREAM, "1"),
        ("stream", "set", STREAM, "--retain-count", "0"),
        ("stream", "set", STREAM, "--retain-days", "-1"),
        ("stream", "set", STREAM, "--prune-grace-hours", "9999999"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_changes_nothing(old: Project, arguments: tuple[str, ...]) -> None:
    old.refused(64, "usage", *arguments)


# Many


def test_of_a_hundred_thousand_plans_few_lines_are_told() -> None:
    tally = Tally()
    for number in range(1, 100_001):
        kept = number > 99_900
        deed, rule = ("keep", "retain-count") if kept else ("mark", "unreachable")
        tally.add(Told(number, deed, rule, "why"))  # type: ignore[arg-type]
    assert [each.numbers for each in tally.ranges] == ["1-99900", "99901-100000"]


def test_numbers_that_are_missing_are_in_no_range() -> None:
    tally = Tally()
    for number in (1, 2, 4, 7, 8):
        tally.add(Told(number, "keep", "head", "why"))
    assert [each.numbers for each in tally.ranges] == ["1-2", "4", "7-8"]


def test_attachments_that_no_plan_names_are_counted(old: Project) -> None:
    blobs = old.root / f".planfence/archive/streams/{STREAM}/blobs/{3:012d}"
    (blobs / ("0" * 64)).write_bytes(b"of a planner that lost")
    assert "1 attachment that no plan names" in old.ok("prune", STREAM).out
    assert pruned(old, "--apply")["attachments"] == 1
    assert pruned(old)["attachments"] == 0


# The page


def test_the_rule_of_the_page_ends_what_was_pruned_and_no_plan(cloud_project: CloudProject) -> None:
    page = (ROOT / "docs/retention.md").read_text(encoding="utf-8")
    rules = json.loads(page.partition("```json\n")[2].partition("```")[0].replace("PREFIX", PREFIX))
    assert not any(ends_objects(rule, f"{PREFIX}/streams/") for rule in rules["Rules"])
    assert ends_objects({**rules["Rules"][0], "Expiration": {"Days": 90}}, f"{PREFIX}/streams/")
    cloud_project.start()
    s3, bucket = cloud_project.clients[0], cloud_project.places.bucket
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=rules)
    assert "lifecycle" not in cloud_project.ok("init").err


def test_the_page_has_a_row_for_each_rule_and_each_deed() -> None:
    page = (ROOT / "docs/retention.md").read_text(encoding="utf-8")
    first_cells = {
        word
        for row in re.findall(r"^\|([^|]*)\|", page, re.MULTILINE)
        for word in re.findall(r"`(.*?)`", row)
    }
    sources = "".join((ROOT / f"plans/{name}.py").read_text() for name in ("retention", "pruning"))
    kept = set(re.findall(r'_keep\(\s*"([a-z-]+)"', sources))
    kept |= set(re.findall(r'Told\(\w+, "keep", "([a-z-]+)"', sources))
    assert len(kept) == 12
    assert first_cells == kept | set(get_args(Deed)) - {"keep", "pruned"}


def test_a_pruned_plan_is_there_as_the_version_before(cloud_project: CloudProject) -> None:
    """As the page says: it can be read again, and its key is taken all the same."""
    cloud_project.start()
    cloud_project.ok("stream", "set", STREAM, *AT_ONCE)
    cloud_project.go_ahead_without_approval()
    whole = cloud_project.digest(1)
    cloud_project.desire("two")
    cloud_project.ok("stream", "set", STREAM, "--updates-max", "100%", "--deletes-max", "100%")
    cloud_project.go_ahead_without_approval()
    cloud_project.clock.tick(days=10)
    cloud_project.ok("prune", STREAM, "--apply")
    assert "was pruned" in cloud_project.run("show", STREAM, "1").err
    s3, bucket = cloud_project.clients[0], cloud_project.places.bucket
    key = f"{PREFIX}/{plan_key(STREAM, 1)}"
    found = s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    bodies = [
        s3.get_object(Bucket=bucket, Key=key, VersionId=each["VersionId"])["Body"].read()
        for each in found
    ]
    assert [digest_of(body) == whole for body in bodies] == [False, True]
