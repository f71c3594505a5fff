"""Asking for health needs what ``deploy/health.json`` allows, all of it and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.model import OperationModel
from botocore.stub import Stubber

from planner.health_route53 import CheckApi
from planner.health_targets import TargetGroups
from plans.observed.route53_api import Account
from tests.doubles.route53 import hooks
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.double import Double
from tests.emulators.servers import REGION
from tests.planfence.policies import Asked, actions_of, allows

POLICY: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "deploy/health.json").read_text(encoding="utf-8")
)
GROUP = f"arn:aws:elasticloadbalancing:{REGION}:111122223333:targetgroup/api/0123456789abcdef"


def asked_for(params: Mapping[str, Any], model: OperationModel) -> Asked:
    """Source: Service Authorization Reference, Route 53 and Elastic Load Balancing V2.

    DescribeTargetHealth has no resources; each is matched by ``*`` only.
    """
    if model.service_model.service_name == "route53":
        arn = f"arn:aws:route53:::healthcheck/{params['HealthCheckId']}"
        return Asked(f"route53:{model.name}", arn)
    return Asked(f"elasticloadbalancing:{model.name}", "*")


def test_the_policy_allows_what_is_asked_for_and_nothing_else() -> None:
    asked = []

    def record(params: Mapping[str, Any], model: OperationModel, **_: Any) -> None:
        asked.append(asked_for(params, model))

    double, clock = Double(VirtualClock()), VirtualClock()
    route53 = hooks.client(double)
    route53.meta.events.register("provide-client-params.*.*", record)
    check = double.add_health_check({"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80})
    CheckApi(Account(clock, make_client=lambda: route53), check).see()

    elb = boto3.client("elbv2", REGION, aws_access_key_id="x", aws_secret_access_key="x")
    elb.meta.events.register("provide-client-params.*.*", record)
    with Stubber(elb) as stub:
        stub.add_response("describe_target_health", {"TargetHealthDescriptions": []})
        TargetGroups(clock, lambda _: elb).see(GROUP)

    assert all(allows(POLICY, each) for each in asked)
    allowed = [action for statement in POLICY["Statement"] for action in actions_of(statement)]
    assert sorted({each.action for each in asked}) == sorted(allowed)
