"""Stores in AWS that cannot be used: one line, the right exit code, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from planfence.stores import BUDGET_SECONDS_MIN
from plans.storage import aws
from tests.emulators.servers import REGION
from tests.planfence.cloud import CloudProject
from tests.planfence.project import STREAM


@pytest.fixture
def project(cloud_project: CloudProject) -> CloudProject:
    return cloud_project


def test_a_table_that_is_not_there_is_unavailable_and_no_empty_register(
    project: CloudProject,
) -> None:
    project.configure()
    for command in (("plan", STREAM), ("hold", STREAM, "--reason", "x"), ("journal", STREAM)):
        ran = project.refused(5, "register-unavailable", *command)
        assert "`planfence init --create`" in ran.err


def test_a_bucket_that_is_not_there_is_unavailable_and_no_empty_archive(
    project: CloudProject,
) -> None:
    project.start()
    project.go_ahead_without_approval()
    elsewhere = ("--archive", "s3://planfence-nowhere")
    for command in (("plan", STREAM), ("list", STREAM), ("enact", STREAM, "--newest")):
        project.refused(5, "archive-unavailable", *command, *elsewhere)


def test_what_is_live_can_be_dumped_before_there_is_a_register(project: CloudProject) -> None:
    project.start()
    project.go_ahead_without_approval()
    ran = project.ok("dump", STREAM, "--register", "dynamodb://planfence-nowhere")
    assert "is not in the register yet" in ran.err
    assert "www:" in ran.out


def test_another_region_has_another_table_of_the_name(project: CloudProject) -> None:
    project.start()
    other = project.register_url.replace(REGION, "us-east-1")
    ran = project.refused(5, "register-unavailable", "plan", STREAM, "--register", other)
    assert "check its name and region" in ran.err


COMMANDS = [
    ("status", STREAM),
    ("list", STREAM),
    ("plan", STREAM),
    ("enact", STREAM, "--newest"),
    ("hold", STREAM, "--reason", "x"),
    ("stream", "set", STREAM, "--approvals", "2"),
    ("init",),
    ("init", "--create"),
]


def test_an_endpoint_that_nobody_serves_ends_within_the_budget_with_5(
    project: CloudProject, monkeypatch: pytest.MonkeyPatch, unreachable: str
) -> None:
    project.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", unreachable)
    project.cloud.new_session()
    for command in COMMANDS:
        before = project.clock.slept
        # ``enact`` says besides that it goes on without STS, before it finds that it cannot.
        one_line = command[0] != "enact"
        ran = project.refused(5, "store-unavailable", *command, one_line=one_line)
        assert f"within {BUDGET_SECONDS_MIN} s" in ran.err.splitlines()[-1]
        assert project.clock.slept - before <= BUDGET_SECONDS_MIN


def test_the_budget_of_the_file_counts_and_not_less_than_one_call_takes(
    project: CloudProject, monkeypatch: pytest.MonkeyPatch, unreachable: str
) -> None:
    assert aws.CALL_SECONDS < BUDGET_SECONDS_MIN
    project.configure(budget_seconds=40)
    monkeypatch.setenv("AWS_ENDPOINT_URL", unreachable)
    project.cloud.new_session()
    assert "within 40 s" in project.refused(5, "store-unavailable", "status", STREAM).err
    assert 40 - aws.CALL_SECONDS - aws.WAIT_MAX_SECONDS <= project.clock.slept <= 40


def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


def with_an_unknown_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")


@pytest.mark.parametrize("spoil", [without_credentials, with_an_unknown_profile])
def test_credentials_that_are_not_there_are_refused_with_what_to_set(
    spoil: Callable[[pytest.MonkeyPatch], None],
    project: CloudProject,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project.start()
    spoil(monkeypatch)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for command in COMMANDS:
        ran = project.refused(3, "aws-settings", *command)
        assert "AWS_PROFILE" in ran.err


def test_without_any_region_the_remedy_says_where_to_set_one(
    project: CloudProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.start()
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    project.cloud.new_session()
    project.ok("status", STREAM, "--archive", f"{project.archive_url}?region={REGION}")
    table = f"dynamodb://{project.places.table}"
    ran = project.refused(3, "aws-settings", "status", STREAM, "--register", table)
    assert "AWS_DEFAULT_REGION" in ran.err


@pytest.mark.parametrize(
    "code",
    ["RequestTimeTooSkewed", "InvalidSignatureException", "ExpiredToken", "SignatureDoesNotMatch"],
)
def test_a_clock_that_is_wrong_or_a_key_that_ended_is_one_line_and_changes_nothing(
    code: str, project: CloudProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.start()

    def spoil(model: Any, **_: Any) -> None:
        answer: Any = {
            "Error": {"Code": code, "Message": "the request's time and the\nservice's differ"},
            "ResponseMetadata": {"HTTPStatusCode": 403},
        }
        raise ClientError(answer, model.name)

    assert boto3.DEFAULT_SESSION is not None
    boto3.DEFAULT_SESSION.events.register("before-call.*.*", spoil)
    for command in COMMANDS:
        ran = project.refused(3, "aws-settings", *command)
        assert code in ran.err
