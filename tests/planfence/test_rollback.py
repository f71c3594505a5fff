"""``planfence rollback``: back to what an earlier generation wanted, by a newer one."""

from __future__ import annotations

import pytest

from plans.document import encode
from plans.names import blobs_prefix, lease_key
from plans.plan import Tombstone
from tests.planfence.project import STREAM, Project

WHY = ("--reason", "2 broke the mail")


@pytest.fixture
def live(project: Project) -> Project:
    """Generation 1 was applied, then 2. Nothing wants an approval."""
    project.start()
    project.ok("stream", "set", STREAM, "--approvals", "0")
    for desired in ("one", "two"):
        project.desire(desired)
        assert project.enact(project.plan()).code == 0
    return project


def live_zone(project: Project) -> str:
    return (project.root / "out/a.zone").read_text(encoding="utf-8")


def test_it_is_a_newer_generation_with_what_the_older_one_wanted(live: Project) -> None:
    ran = live.ok("rollback", STREAM, "--to", "1", *WHY, "--hold", "--enact", "--format", "json")
    document = ran.json
    assert (document["outcome"], document["generation"], document["overrides"]) == ("applied", 3, 2)
    assert "192.0.2.50" in live_zone(live)
    status = live.ok("status", "--format", "json").json["streams"][0]
    assert (status["desired"]["generation"], status["applied"]["generation"]) == (3, 3)
    assert {target["fence"]["generation"] for target in status["targets"]} == {3}
    entries = live.ok("journal", STREAM, "--format", "json").json["entries"]
    assert [entry["kind"] for entry in entries][-4:] == ["held", "rollback", "claimed", "applied"]
    assert entries[-3]["details"] == {
        "reason": "2 broke the mail",
        "overrides": "generation 2",
        "input": "generation 1",
    }


def test_it_shows_the_difference_from_what_is_live_first(live: Project) -> None:
    live.write("out/a.zone", live_zone(live).replace("192.0.2.51", "198.51.100.1"))
    ran = live.ok("rollback", STREAM, "--to", "1", *WHY, "--enact")
    review, _, ended = ran.out.partition("plan 3 of dns/example.com is applied")
    assert "~ www.example.com. 300 A 198.51.100.1 -> 192.0.2.50" in review
    assert "!! ROLLBACK: made by a person" in review
    assert "!! RETURNS to the content of generation 1" in review
    assert "zonefile:out/a.zone: done" in ended


def test_the_planner_does_not_undo_it_until_it_is_released(live: Project) -> None:
    live.ok("rollback", STREAM, "--to", "1", *WHY, "--enact")
    live.refused(3, "undoes-override", "plan", STREAM, one_line=False)
    live.ok("release", STREAM)
    assert live.plan() == 4
    assert live.enact(4).code == 0
    assert "192.0.2.51" in live_zone(live)


def test_what_is_applied_is_rolled_back_to_only_if_something_differs(live: Project) -> None:
    ran = live.refused(
        3, "rollback-unchanged", "rollback", STREAM, "--to", "2", *WHY, "--hold", "--enact"
    )
    assert "generation 2 of dns/example.com is applied and nothing differs" in ran.err
    live.write("out/a.zone", live_zone(live).replace("192.0.2.51", "198.51.100.1"))
    live.ok("rollback", STREAM, "--to", "2", *WHY, "--enact")
    assert "192.0.2.51" in live_zone(live)


def test_a_newer_plan_that_stands_by_is_a_difference(live: Project) -> None:
    live.desire("one")
    assert live.plan() == 3
    live.ok("rollback", STREAM, "--to", "2", *WHY, "--enact")
    ran = live.run("enact", STREAM, "3", "--digest", live.digest(3))
    assert ran.code == 4


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("nothing", "is not in the archive"),
        ("plan", "plan 1 of dns/example.com is not in the archive"),
        ("desired", "the desired state of plan 1 of dns/example.com is not in the archive"),
        ("pruned", "plan 1 of dns/example.com was pruned"),
        ("altered", "the desired state of plan 1 of dns/example.com is not what the plan names"),
    ],
)
def test_what_is_gone_is_not_rolled_back_to_and_the_reason_is_told(
    what: str, said: str, live: Project
) -> None:
    digest = live.digest(1)
    [blob] = (live.root / ".planfence/archive" / blobs_prefix(STREAM) / f"{1:012d}").iterdir()
    if what == "plan":
        live.plan_path(1).unlink()
    if what == "desired":
        blob.unlink()
    if what == "pruned":
        live.put_plan(1, encode(Tombstone(generation=1, digest=digest)))
    if what == "altered":
        body = blob.read_bytes().replace(b"192.0.2.50", b"192.0.2.99")
        blob.unlink()
        blob.write_bytes(body)
    to = "9" if what == "nothing" else "1"
    ran = live.refused(3, "rollback-gone", "rollback", STREAM, "--to", to, *WHY, "--hold")
    assert said in ran.err
    assert f"`planfence override {STREAM} FILE --reason TEXT`" in ran.err


def test_a_holder_of_the_lease_that_is_dead_is_waited_out(live: Project) -> None:
    live.ok("stream", "set", STREAM, "--lease-seconds", "60")
    live.overwrite_item(
        lease_key(STREAM),
        epoch=7,
        beat=1,
        state="held",
        holder="dead@lab",
        owner="9" * 32,
        seconds=60,
        at="2026-01-01T12:00:00Z",
        ends_at=None,
    )
    ran = live.ok("rollback", STREAM, "--to", "1", *WHY, "--hold", "--enact")
    assert "dead@lab" in ran.err
    assert 60 <= live.clock.slept <= 120
    assert "192.0.2.50" in live_zone(live)


def test_guards_bind_it_and_name_its_own_command(live: Project) -> None:
    live.ok("stream", "set", STREAM, "--protect", "www")
    ran = live.refused(3, "protected", "rollback", STREAM, "--to", "1", *WHY, one_line=False)
    allow = ("--allow", "protected")
    assert f"`planfence rollback {STREAM} --to GEN {' '.join(allow)} --reason TEXT`" in ran.err
    refused = live.refused(3, "approvals", "rollback", STREAM, "--to", "1", *WHY, "--enact", *allow)
    assert f"`planfence rollback {STREAM} --to 1 --reason" in refused.err
    live.ok("rollback", STREAM, "--to", "1", *WHY, "--enact", "--break-glass", *allow)
    assert "192.0.2.50" in live_zone(live)
