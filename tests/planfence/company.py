"""A project with a user of each role, and the walk through all commands that they take.

Whatever a role's policy denies is denied twice over. MiniStack enforces its actions, for real; it
knows no partition keys. So the whole policy is evaluated in front of it, too, and what that denies
is refused as AWS would refuse it (``by_rows``).
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest

from tests.emulators.servers import Credentials, Server
from tests.planfence.cloud import CloudProject
from tests.planfence.policies import ROLES, Asked, as_ministack_reads_it, policy
from tests.planfence.project import DESIRED, STREAM

Used = dict[str, list[Asked]]

# Who may run what. What only reads is for everybody.
MAY = {
    "init": {"admin"},
    "stream set": {"admin"},
    "plan": {"planner", "break-glass"},
    "approve": {"reviewer", "break-glass"},
    "reject": {"reviewer", "break-glass"},
    "hold": {"reviewer", "break-glass"},
    "release": {"reviewer", "break-glass"},
    "enact": {"enactor", "break-glass"},
    "override": {"break-glass"},
    "rollback": {"break-glass"},
    "prune": {"janitor"},
    "pin": {"reviewer", "break-glass"},
    "unpin": {"reviewer", "break-glass"},
}
READING = {
    "stream show": ("stream", "show", STREAM),
    "list": ("list", STREAM),
    "show": ("show", STREAM),
    "diff": ("diff", STREAM),
    "drift": ("drift", STREAM),
    "dump": ("dump", STREAM),
    "status": ("status", STREAM),
    "journal": ("journal", STREAM, "--verify"),
    "metrics": ("metrics", STREAM),
}


@dataclass
class Company:
    """A project with a user for each role.

    ``used`` has what the calls of each command asked for, ``used_by`` those of each role.
    """

    project: CloudProject
    users: Mapping[str, Credentials]
    policies: Mapping[str, dict[str, Any]]
    by_rows: bool
    used: Used = field(default_factory=lambda: defaultdict(list))
    used_by: Used = field(default_factory=lambda: defaultdict(list))

    def act_as(self, role: str) -> None:
        rows = self.policies[role] if self.by_rows else None
        self.project.cloud.act_as(self.users[role], rows)

    def run(self, role: str, command: str, *arguments: str) -> None:
        """The role's own command works."""
        self.act_as(role)
        self.project.ok(*arguments)
        asked = [each for call in self.project.cloud.calls for each in call.asked]
        self.used[command] += asked
        self.used_by[role] += asked

    def try_as_others(self, command: str, *arguments: str) -> None:
        """In every other role it is refused, in one line, with nothing changed."""
        for role in ROLES:
            if role not in MAY[command] and (self.by_rows or not self.could(role, command)):
                self.act_as(role)
                # A hold is what a reviewer may place, and what comes first.
                kept = [each for each in arguments if (role, each) != ("reviewer", "--hold")]
                self.project.refused(3, "access-denied", *kept)

    def could(self, role: str, command: str) -> bool:
        """Whether a role's actions alone, on whatever rows and conditions, are enough."""
        of = {"init": "MakeBucket", "plan": r"PublishPlans|BuryPlans"}.get(command, "WriteRows")
        sids = [statement["Sid"] for statement in self.policies[role]["Statement"]]
        return any(re.fullmatch(of, sid) for sid in sids)


def hired(project: CloudProject, *, by_rows: bool) -> Company:
    """A user of each role, with what MiniStack can enforce of its policy."""
    # MiniStack misreads the conditions of the bucket's policy, and would deny every write.
    project.cloud.monkeypatch.setattr(
        "plans.storage.s3_setup.statements", statement_without_condition
    )
    project.configure()
    server, suffix = project.cloud.server, project.places.table[-8:]
    policies = {role: policy(role, project.places) for role in ROLES}
    users = {
        role: user(server, f"{role}-{suffix}", as_ministack_reads_it(policies[role]))
        for role in ROLES
    }
    return Company(project, users, policies, by_rows)


def statement_without_condition(partition: str, bucket: str, *_: Any, **__: Any) -> list[Any]:
    return [
        {
            "Sid": "PlanfenceNoDeletion",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:DeleteObject",
            "Resource": f"arn:{partition}:s3:::{bucket}/*",
        }
    ]


def user(server: Server, name: str, document: Mapping[str, Any]) -> Credentials:
    iam = server.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def walk(company: Company, step: Callable[..., None]) -> None:
    """From nothing to six plans: two of them enacted, two rejected, and two in an emergency."""
    project = company.project

    def named(generation: int) -> tuple[str, ...]:
        return STREAM, str(generation), "--digest", project.digest(generation)

    step("admin", "init", "init", "--create")
    spoil(project)
    step("admin", "init", "init", "--create")
    # So that nothing but a policy is in the way of anybody.
    freely = ("--self-approval", "allow", "--updates-max", "100%", "--deletes-max", "100%")
    step("admin", "stream set", "stream", "set", STREAM, *freely)
    for targets in (("zonefile:out/a.zone", "zonefile:out/b.zone"), ("zonefile:out/a.zone",)):
        flags = [flag for target in targets for flag in ("--target", target)]
        step("admin", "stream set", "stream", "set", STREAM, *flags)
    step("planner", "plan", "plan", STREAM)
    step("reviewer", "approve", "approve", *named(1))
    step("enactor", "enact", "enact", *named(1))
    for role in ("reviewer", "break-glass"):
        step(role, "hold", "hold", STREAM, "--reason", "a test")
        step(role, "release", "release", STREAM)
    project.desire("two")
    step("break-glass", "plan", "plan", STREAM)
    step("reviewer", "reject", "reject", STREAM, "2", "--reason", "a test")
    step("planner", "plan", "plan", STREAM)
    step("break-glass", "reject", "reject", STREAM, "3", "--reason", "a test")
    step("planner", "plan", "plan", STREAM)
    step("break-glass", "approve", "approve", *named(4))
    step("break-glass", "enact", "enact", *named(4))
    project.write("fixed.yaml", (DESIRED / "one.yaml").read_text(encoding="utf-8"))
    emergency = ("--reason", "a test", "--hold", "--enact", "--break-glass")
    step("break-glass", "override", "override", STREAM, "fixed.yaml", *emergency)
    step("break-glass", "release", "release", STREAM)
    step("break-glass", "rollback", "rollback", STREAM, "--to", "4", *emergency)
    prune_at_the_end(company, step)


def prune_at_the_end(company: Company, step: Callable[..., None]) -> None:
    """Pin a plan, take it back, and prune what is no longer needed, at once."""
    at_once = ("--retain-days", "0", "--retain-count", "1", "--prune-grace-hours", "0")
    step("admin", "stream set", "stream", "set", STREAM, *at_once)
    for role in ("reviewer", "break-glass"):
        for command in ("pin", "unpin"):
            step(role, command, command, STREAM, "1", "--reason", "a test")
    step("janitor", "prune", "prune", STREAM, "--apply")


def spoil(project: CloudProject) -> None:
    """Undo by hand what ``init --create`` has set, so that it has to mend it."""
    s3, dynamodb = project.clients
    bucket, table = project.places.bucket, project.places.table
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)


class Printed:
    """What commands print in a fixture of the module, where pytest has no ``capsys``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.readouterr()

    def readouterr(self) -> SimpleNamespace:
        printed = SimpleNamespace()
        for name, short in (("stdout", "out"), ("stderr", "err")):
            stream = getattr(sys, name)
            setattr(printed, short, stream.getvalue() if isinstance(stream, StringIO) else "")
            self._monkeypatch.setattr(sys, name, StringIO())
        return printed
