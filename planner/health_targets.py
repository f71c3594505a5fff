"""Health as Elastic Load Balancing sees it: a target group is healthy if one of its targets is.

What each state of a target counts for (User Guides of the load balancers, "Target health status";
API Reference, ``TargetHealth``):

=================================== ============================================================
``healthy``                         one is enough: the load balancer sends it requests
``initial``                         not healthy: it must pass the first checks before any request
``unhealthy``                       not healthy, though a load balancer whose targets all are so
                                    sends requests to all of them: a pool has its own fail-open
``draining``, ``unhealthy.draining`` not healthy: it is leaving and gets no new connections
``unused``                          not healthy: no load balancer sends it anything
``unavailable``                     unknown, never "unhealthy": refused where the group has no
                                    health checks, unavailable where the service has a fault
=================================== ============================================================

A group without a target is not healthy: it can serve nothing. Asked in the Region of the ARN.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from planner.health import Seen
from plans.clock import Clock
from plans.errors import Refused, Unavailable
from plans.storage.aws import Calls, client, code_of

MakeClient = Callable[[str], Any]
"""From a Region, the SDK's client."""

_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:elasticloadbalancing:([a-z0-9-]+):[0-9]{12}:targetgroup/[^/\s]+/[^/\s]+"
)
_MISSING: Final = frozenset({"TargetGroupNotFound", "ValidationError"})
_NOT_HEALTHY: Final = frozenset("initial unhealthy unhealthy.draining unused draining".split())
_FAULT: Final = "Elb.InternalError"


class TargetGroups:
    """Target groups of any Region. Not for several threads at once.

    Args:
        make_client: by default as for every service.
    """

    def __init__(self, clock: Clock, make_client: MakeClient | None = None) -> None:
        self._clock = clock
        self._make_client = make_client or _client
        self._clients: dict[str, Any] = {}

    def see(self, arn: str) -> Seen:
        """Whether a target of the group is healthy, now.

        Raises:
            Refused: there is no such group, it may not be read, or nothing checks its targets.
            Unavailable: no answer in time, or the service does not know.
        """
        match = _ARN.fullmatch(arn)
        if match is None:
            raise Refused(
                f"{arn} is no target group's ARN",
                rule="target-group-arn",
                remedy="write it as `aws elbv2 describe-target-groups` shows it",
            )
        region = match[1]
        if region not in self._clients:
            self._clients[region] = self._make_client(region)
        return self._judged(arn, self._asked(self._clients[region], arn))

    def _asked(self, api: Any, arn: str) -> list[Mapping[str, Any]]:
        calls = Calls(f"the target group {arn}", self._clock)
        try:
            answer = calls.read(
                lambda: api.describe_target_health(TargetGroupArn=arn), answers=_MISSING
            )
        except ClientError as error:
            raise Refused(
                f"{calls.name} does not exist for these credentials: {code_of(error)}",
                rule="target-group-missing",
                remedy="correct its ARN in the pools file, or use credentials of its account",
            ) from error
        # Never in pages: API Reference, DescribeTargetHealth.
        return [each["TargetHealth"] for each in answer["TargetHealthDescriptions"]]

    def _judged(self, arn: str, targets: list[Mapping[str, Any]]) -> Seen:
        if not targets:
            return Seen(False, "no target registered")
        states = Counter(target["State"] for target in targets)
        unknown = [target for target in targets if target["State"] not in _NOT_HEALTHY]
        if not states["healthy"] and unknown:
            state, reason = unknown[0]["State"], unknown[0].get("Reason", "no reason given")
            if reason == _FAULT:
                raise Unavailable(
                    f"the target group {arn} does not know the health of its targets: {reason}",
                    rule="target-group-fault",
                    remedy="try again",
                )
            raise Refused(
                f"the target group {arn} does not say whether its targets are healthy:"
                f" {state} ({reason})",
                rule="target-group-unchecked",
                remedy="set health checks on in the group, or use another kind of health",
            )
        detail = f"{states['healthy']} of {len(targets)} targets healthy"
        others = ", ".join(
            f"{count} {state}" for state, count in sorted(states.items()) if state != "healthy"
        )
        return Seen(states["healthy"] > 0, f"{detail} ({others})" if others else detail)


def _client(region: str) -> Any:
    return client("elbv2", region=region)
