"""Health as Elastic Load Balancing sees it: against moto, and stubbed for what it cannot be in."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from planfence.clock import SystemClock
from planner.health import Seen
from planner.health_targets import TargetGroups
from plans.errors import Refused, Unavailable
from plans.storage.aws import BUDGET_SECONDS
from tests.doubles.route53.clock import VirtualClock
from tests.emulators.servers import REGION, Server

ARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123456789abcdef"


class Instances:
    """A target group of instances in moto, some of which can be stopped."""

    def __init__(self, server: Server, count: int) -> None:
        self._ec2, elb = server.client("ec2"), server.client("elbv2")
        vpc = self._ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.ids = []
        if count:
            image = self._ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
            made = self._ec2.run_instances(ImageId=image, MinCount=count, MaxCount=count)
            self.ids = [each["InstanceId"] for each in made["Instances"]]
        [group] = elb.create_target_group(
            Name=f"api-{vpc[-8:]}", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="instance"
        )["TargetGroups"]
        self.arn = group["TargetGroupArn"]
        if self.ids:
            targets = [{"Id": each} for each in self.ids]
            elb.register_targets(TargetGroupArn=self.arn, Targets=targets)

    def stop(self, *ids: str) -> None:
        self._ec2.stop_instances(InstanceIds=ids)


@pytest.fixture
def settings(moto_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The SDK's own settings lead to moto."""
    for name, value in moto_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return moto_server


def test_one_healthy_target_makes_a_group_healthy(settings: Server) -> None:
    group, groups = Instances(settings, 3), TargetGroups(SystemClock())
    assert groups.see(group.arn) == Seen(True, "3 of 3 targets healthy")
    group.stop(*group.ids[:2])
    assert groups.see(group.arn) == Seen(True, "1 of 3 targets healthy (2 unused)")
    group.stop(*group.ids)
    assert groups.see(group.arn) == Seen(False, "0 of 3 targets healthy (3 unused)")


def test_a_group_without_a_target_is_unhealthy(settings: Server) -> None:
    group = Instances(settings, 0)
    assert TargetGroups(SystemClock()).see(group.arn) == Seen(False, "no target registered")


def test_a_group_that_does_not_exist_is_refused(settings: Server) -> None:
    with pytest.raises(Refused, match=f"{ARN} does not exist") as caught:
        TargetGroups(SystemClock()).see(ARN)
    assert caught.value.rule == "target-group-missing"


# Stubbed


class Stubbed:
    """Groups whose client answers as it is told."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.client: Any = boto3.client(
            "elbv2", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stub = Stubber(self.client)
        self.stub.activate()
        self.regions: list[str] = []
        self.groups = TargetGroups(self.clock, self._made)

    def _made(self, region: str) -> Any:
        self.regions.append(region)
        return self.client

    def see(self, *states: str, reason: str | None = None) -> Seen:
        health = [
            {"TargetHealth": {"State": state, **({"Reason": reason} if reason else {})}}
            for state in states
        ]
        self.stub.add_response(
            "describe_target_health", {"TargetHealthDescriptions": health}, {"TargetGroupArn": ARN}
        )
        return self.groups.see(ARN)

    def fail(self, code: str, status: int, times: int = 1) -> None:
        for _ in range(times):
            self.stub.add_client_error("describe_target_health", code, "because", status)


@pytest.fixture
def stubbed() -> Stubbed:
    return Stubbed()


@pytest.mark.parametrize(
    "state", ["initial", "unhealthy", "unhealthy.draining", "unused", "draining"]
)
def test_a_target_in_any_other_state_is_not_healthy(stubbed: Stubbed, state: str) -> None:
    assert stubbed.see(state, state) == Seen(False, f"0 of 2 targets healthy (2 {state})")
    assert stubbed.see(state, "healthy") == Seen(True, f"1 of 2 targets healthy (1 {state})")


def test_a_group_whose_targets_nobody_checks_is_refused_and_never_unhealthy(
    stubbed: Stubbed,
) -> None:
    with pytest.raises(Refused, match=r"unavailable \(Target.HealthCheckDisabled\)") as caught:
        stubbed.see("unhealthy", "unavailable", reason="Target.HealthCheckDisabled")
    assert caught.value.rule == "target-group-unchecked"
    assert stubbed.see("healthy", "unavailable").healthy


def test_a_state_that_is_not_known_is_refused_and_never_unhealthy(stubbed: Stubbed) -> None:
    with pytest.raises(Refused, match=r"resting \(no reason given\)"):
        stubbed.see("resting")


def test_a_fault_of_the_service_is_unavailable_and_never_unhealthy(stubbed: Stubbed) -> None:
    with pytest.raises(Unavailable, match="does not know the health") as caught:
        stubbed.see("unavailable", reason="Elb.InternalError")
    assert caught.value.rule == "target-group-fault"


@pytest.mark.parametrize(
    ("code", "status", "rule"),
    [
        ("AccessDenied", 403, "access-denied"),
        ("ExpiredToken", 403, "aws-settings"),
        ("ValidationError", 400, "target-group-missing"),
        ("InvalidAction", 400, "store-refused"),
    ],
)
def test_what_may_not_be_asked_is_refused(
    stubbed: Stubbed, code: str, status: int, rule: str
) -> None:
    stubbed.fail(code, status)
    with pytest.raises(Refused) as caught:
        stubbed.see()
    assert caught.value.rule == rule
    assert ARN in str(caught.value)


def test_a_throttled_request_is_sent_again(stubbed: Stubbed) -> None:
    stubbed.fail("Throttling", 400, times=2)
    assert stubbed.see("healthy").healthy
    assert len(stubbed.clock.slept) == 2


def test_a_service_that_never_answers_is_unavailable(stubbed: Stubbed) -> None:
    stubbed.fail("HealthUnavailable", 500, times=1000)
    with pytest.raises(Unavailable, match=f"did not serve within {BUDGET_SECONDS:g} s"):
        stubbed.see()


def test_a_group_is_asked_in_its_own_region_by_one_client(stubbed: Stubbed) -> None:
    stubbed.see("healthy")
    stubbed.see("healthy")
    assert stubbed.regions == ["eu-west-1"]


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "api",
        ARN.replace("targetgroup", "loadbalancer"),
        ARN.replace("elasticloadbalancing", "s3"),
        ARN.replace("eu-west-1", "../eu"),
        f"{ARN}\n",
    ],
)
def test_what_is_no_arn_of_a_target_group_is_refused_before_anything_is_sent(
    stubbed: Stubbed, arn: str
) -> None:
    with pytest.raises(Refused, match="is no target group's ARN"):
        stubbed.groups.see(arn)
    assert stubbed.regions == []
