"""An enactor that sends its call after its lease is refused by the service, before any fence.

Shown on Route 53 with the permissions that MiniStack enforces, by its own clock; and that the same
call is refused by the fence without the role, and lands without both. What the service's hosts
agree on among themselves about the time is not shown: MiniStack has one clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulators.servers import Server, ministack
from tests.processes.late_calls import Kind, late_calls
from tests.processes.stage import Stage

ROLE = "planfence-target"
KINDS = tuple(Kind(in_role, fenced) for in_role in (True, False) for fenced in (True, False))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with ministack(enforce_iam=True) as server:
        yield server


def role(server: Server) -> str:
    """A role that may do everything in Route 53, for whoever asks: its sessions may do less."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": "route53:*", "Resource": "*"}
    trusted, allowed = (
        json.dumps({"Version": "2012-10-17", "Statement": [each]}) for each in (trust, may)
    )
    iam = server.client("iam")
    made = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trusted)["Role"]
    iam.put_role_policy(RoleName=ROLE, PolicyName="p", PolicyDocument=allowed)
    return str(made["Arn"])


def test_a_call_that_a_paused_enactor_sends_after_its_lease_is_refused_by_the_service(
    on_stage: Stage, server: Server, tmp_path: Path
) -> None:
    woken = on_stage(late_calls, tmp_path, server, role(server), KINDS)
    found = dict(zip(KINDS, woken, strict=True))
    for fenced in (True, False):  # with the fence taken out it makes no difference
        end = found[Kind(in_role=True, fenced=fenced)]
        [answer] = end.answers
        assert (answer.status, answer.code) == (403, "AccessDenied"), end
        assert answer.late_seconds is not None
        assert answer.late_seconds > 0, "by the clock of the service"
        assert not end.landed
        assert (end.report.outcome, end.report.rule) == ("unavailable", "lease-lost"), end

    by_the_fence = found[Kind(in_role=False, fenced=True)]
    assert [answer.code for answer in by_the_fence.answers] == ["InvalidChangeBatch"]
    assert (by_the_fence.report.rule, by_the_fence.landed) == ("lease-lost", False)

    unprotected = found[Kind(in_role=False, fenced=False)]
    assert [answer.status for answer in unprotected.answers] == [200]
    assert unprotected.landed, "the race is real: without role and fence it is lost"
