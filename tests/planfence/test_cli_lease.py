"""A stream with a lease, at the command line: set, shown, waited for."""

from __future__ import annotations

import pytest

from planfence.commands import stream as stream_command
from plans import settings
from plans.lease import Applicant, Tenure, acquire
from plans.storage.sqlite import SqliteRegister
from tests.planfence.project import STREAM, Project


def leased(project: Project) -> Project:
    project.start()
    project.ok("stream", "set", STREAM, "--lease-seconds", "60", "--approvals", "0")
    project.ok("plan", STREAM)
    return project


def taken(project: Project) -> Tenure:
    """The lease of somebody who then says nothing any more."""
    register = SqliteRegister(project.root / ".planfence" / "register.db", busy_seconds=5)
    tenure = acquire(Applicant(register, STREAM, project.clock, "zoe@far", "f" * 32, 60))
    register.close()
    return tenure


def lease_line(project: Project) -> str:
    [line] = [each for each in project.ok("status", STREAM).out.splitlines() if "lease" in each]
    return line.strip()


def test_a_stream_has_no_lease_unless_somebody_sets_one(project: Project) -> None:
    project.start()
    shown = project.ok("stream", "show", STREAM, "--format", "json").json["settings"]
    assert shown["lease_seconds"] == 0
    assert "lease" not in project.ok("status", STREAM).out
    assert project.ok("status", STREAM, "--format", "json").json["streams"][0]["lease"] is None


def test_status_names_holder_epoch_and_age(project: Project) -> None:
    leased(project)
    assert lease_line(project) == "lease    never taken"
    taken(project)
    project.clock.tick(seconds=7)
    assert lease_line(project) == "lease    epoch 1, held by zoe@far for 7 s, of 60 s at a time"
    shown = project.ok("status", STREAM, "--format", "json").json["streams"][0]["lease"]
    assert (shown["epoch"], shown["holder"], shown["state"]) == (1, "zoe@far", "held")


def test_enact_says_who_holds_the_lease_and_how_to_wait_and_changes_nothing(
    project: Project,
) -> None:
    leased(project)
    taken(project)
    ran = project.refused(5, "lease-held", "enact", STREAM, "--newest")
    assert "zoe@far holds the lease of dns/example.com, epoch 1" in ran.err
    assert "--wait 90" in ran.err


def test_enact_that_waits_takes_over_from_who_is_gone_and_gives_back(project: Project) -> None:
    leased(project)
    taken(project)
    ran = project.ok("enact", STREAM, "--newest", "--wait", "90")
    assert "waiting for the lease, which zoe@far holds under epoch 1, 0 s" in ran.err
    assert lease_line(project) == "lease    free; epoch 2 was ana@lab's"


@pytest.mark.parametrize("seconds", ["1", "39", "3601", "-1", "60.5", "x", "²"])
def test_a_lease_that_is_shorter_than_its_calls_is_a_usage_error(
    project: Project, seconds: str
) -> None:
    project.start()
    ran = project.run("stream", "set", STREAM, f"--lease-seconds={seconds}")
    assert ran.code == 64
    assert "neither 0, for no lease, nor 40 to 3600 seconds" in ran.err


def test_the_limits_of_help_are_those_of_the_settings() -> None:
    assert stream_command.LEASE_SECONDS_MIN == settings.LEASE_SECONDS_MIN
    assert stream_command.LEASE_SECONDS_MAX == settings.LEASE_SECONDS_MAX
