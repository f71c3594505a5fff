"""The roles of ``deploy/roles``: each command works in its own, and in no other that may not.

Shown twice. MiniStack enforces the actions of each role's policy, for real; it knows no partition
keys. So the whole policy is evaluated in front of it (``tests.planfence.policies``), and what that
denies is refused as AWS would refuse it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from plans.errors import Refused
from plans.names import Key, plan_key
from plans.storage.dynamodb import DynamoRegister
from plans.storage.register import All, Put
from plans.storage.s3 import S3Archive
from tests.emulators.servers import Server, ministack
from tests.planfence.cloud import PREFIX, new_cloud_project
from tests.planfence.company import MAY, READING, Company, Printed, hired, user, walk
from tests.planfence.policies import (
    ACCOUNT,
    LEADING_KEYS,
    PLACEHOLDERS,
    ROLES,
    ROOT,
    Places,
    actions_of,
    allows,
    policy,
)
from tests.planfence.project import STREAM, FixedClock

# DESIGN section 2, with the journal for everybody who writes.
WRITERS = {
    "admin": {"settings", "journal"},
    "planner": set(),
    "reviewer": {"decision", "journal"},
    "enactor": {"enact", "journal"},
    "janitor": {"retention", "journal"},
    "break-glass": {"decision", "enact", "journal"},
}
# Three ways to the same rows: whoever has one loses nothing by having all.
READS = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
MANAGED_POLICY_CHARACTERS = 6_144  # without white space: "IAM and AWS STS quotas"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with ministack(enforce_iam=True) as running:
        yield running


@pytest.fixture(params=["actions", "rows"])
def company(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    server: Server,
) -> Company:
    by_rows = request.param == "rows"
    return hired(
        new_cloud_project(tmp_path / "project", capsys, monkeypatch, server), by_rows=by_rows
    )


def test_a_command_that_writes_is_refused_in_every_role_that_it_is_not_for(
    company: Company,
) -> None:
    def step(role: str, command: str, *arguments: str) -> None:
        company.try_as_others(command, *arguments)
        company.run(role, command, *arguments)

    walk(company, step)


# What they need, and no more


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Company:
    """Every command that writes was run in its roles, and every one that reads in each role."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        printed: Any = Printed(monkeypatch)
        folder = tmp_path_factory.mktemp("roles") / "project"
        company = hired(new_cloud_project(folder, printed, monkeypatch, server), by_rows=True)
        walk(company, company.run)
        for role in ROLES:
            for command, arguments in READING.items():
                company.run(role, command, *arguments)
    return company


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_no_right_that_none_of_its_commands_uses(role: str, evidence: Company) -> None:
    spare = []
    for statement in evidence.policies[role]["Statement"]:
        used = [each for each in evidence.used_by[role] if allows({"Statement": [statement]}, each)]
        taken = {each.action for each in used}
        if taken & READS:
            taken |= READS
        spare += [action for action in actions_of(statement) if action not in taken]
        patterns = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
        for pattern in patterns.get(LEADING_KEYS, ()):
            if not any(pattern.removesuffix("#*") in each.partitions for each in used):
                spare.append(f"{statement['Sid']} {pattern}")
    assert spare == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_writes_the_rows_of_the_designs_table_and_no_others(role: str) -> None:
    written = set()
    for statement in document(role)["Statement"]:
        if "dynamodb:PutItem" in actions_of(statement):
            patterns = statement["Condition"]["ForAllValues:StringLike"][LEADING_KEYS]
            written |= {pattern.removesuffix("#*") for pattern in patterns}
    assert written == WRITERS[role]


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_names_each_action_deletes_nothing_and_can_be_attached(role: str) -> None:
    text = (ROOT / f"deploy/roles/{role}.json").read_text(encoding="utf-8")
    assert set(re.findall(r"\b[A-Z]{5,}\b", text)) == set(PLACEHOLDERS)
    assert len(re.sub(r"\s", "", text)) < MANAGED_POLICY_CHARACTERS
    for statement in document(role)["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in actions_of(statement):
            assert re.fullmatch(r"(s3|dynamodb):[A-Z][A-Za-z]+", action), "no wildcards"
            assert not re.search("Delete|UpdateItem|BatchWrite|PartiQL|Scan", action)
        rows = statement.get("Condition", {}).get("ForAllValues:StringLike")
        if rows is not None:  # Without a key, every one of no keys matches.
            assert statement["Condition"]["Null"] == {LEADING_KEYS: "false"}


def test_a_policy_that_is_filled_in_names_these_stores_and_no_placeholder(
    tmp_path: Path,
) -> None:
    places = Places("a-bucket", "a/prefix", "a-table", "eu-north-1")
    for role in ROLES:
        text = json.dumps(policy(role, places))
        assert not re.search(rf"\b({'|'.join(PLACEHOLDERS)})\b", text)
        assert set(re.findall(r"arn:[^\"]+", text)) <= {
            "arn:aws:s3:::a-bucket",
            "arn:aws:s3:::a-bucket/a/prefix/streams/*",
            "arn:aws:s3:::a-bucket/a/prefix/.control/*",
            "arn:aws:dynamodb:eu-north-1:000000000000:table/a-table",
        }


def document(role: str) -> dict[str, Any]:
    text = (ROOT / f"deploy/roles/{role}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


# What only a janitor may


def test_a_janitor_buries_a_plan_and_can_do_nothing_else(company: Company) -> None:
    project, clock = company.project, FixedClock()
    company.run("admin", "init", "init", "--create")
    company.run("planner", "plan", "plan", STREAM)
    key = plan_key(STREAM, 1)
    archive = partial(S3Archive, project.places.bucket, PREFIX, clock=clock)
    register = partial(DynamoRegister, project.places.table, clock=clock)

    company.act_as("planner")
    found = archive().read(key)
    assert found is not None
    if company.by_rows:
        with pytest.raises(Refused, match="access-denied"):
            archive().bury(key, b"tombstone", found.etag)
    for role in ("admin", "reviewer", "enactor"):
        company.act_as(role)
        with pytest.raises(Refused, match="access-denied"):
            archive().bury(key, b"tombstone", found.etag)

    company.act_as("janitor")
    if company.by_rows:
        with pytest.raises(Refused, match="access-denied"):
            archive().create(plan_key(STREAM, 2), b"a plan")
        for kind in ("settings", "decision", "enact"):
            with pytest.raises(Refused, match="access-denied"):
                register().write(Put(Key(f"{kind}#{STREAM}", "x"), {}, All(())))
    archive().bury(key, b"tombstone", found.etag)
    register().write(Put(Key(f"retention#{STREAM}", "prune#000000000001"), {}, All(())))
    buried = archive().read(key)
    assert buried is not None
    assert buried.body == b"tombstone"


# Who may take a role


@pytest.mark.parametrize("trust", ["people", "break-glass"])
def test_a_person_takes_a_role_under_their_own_name_only(trust: str, server: Server) -> None:
    text = (ROOT / f"deploy/trust/{trust}.json").read_text(encoding="utf-8")
    iam = server.client("iam")
    name = f"role-for-{trust}"
    # MiniStack knows no variables in a policy: what AWS would put there for ana.
    text = text.replace("ACCOUNT", ACCOUNT).replace("${aws:username}", f"ana-{trust}")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=text)["Role"]
    may = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": made["Arn"]}
    ana = user(server, f"ana-{trust}", {"Version": "2012-10-17", "Statement": [may]})
    sts = server.client("sts", ana)

    def take(session: str) -> str:
        taken = sts.assume_role(RoleArn=made["Arn"], RoleSessionName=session)
        return str(taken["AssumedRoleUser"]["Arn"])

    with pytest.raises(ClientError, match="AccessDenied"):
        take(f"bo-{trust}")
    if trust == "people":
        assert take(f"ana-{trust}").endswith(f"assumed-role/{name}/ana-{trust}")
    else:  # nobody has a second factor here
        with pytest.raises(ClientError, match="AccessDenied"):
            take(f"ana-{trust}")


# The page


def asked_by(command: str, evidence: Company) -> tuple[str, ...]:
    """A command's row of docs/roles.md, from what its calls asked for."""
    used = [each for each in evidence.used[command] if "/.control/" not in each.resource]
    rows: dict[str, set[str]] = defaultdict(set)
    objects = set()
    for each in used:
        match each.action:
            case "s3:PutObject":
                objects.add("create" if "s3:if-none-match" in each.context else "bury")
            case "s3:GetObject":
                objects.add("read")
            case "s3:ListBucket":
                objects.add("list")
            case "dynamodb:PutItem":
                rows["written"] |= each.partitions
            case "dynamodb:ConditionCheckItem":
                rows["checked"] |= each.partitions
            case _:
                rows["read"] |= each.partitions
    order = ("settings", "decision", "enact", "journal", "retention")
    return (
        ", ".join(sorted(objects, key=["list", "read", "create", "bury"].index)),
        *(
            ", ".join(sorted(rows[name], key=order.index))
            for name in ("read", "checked", "written")
        ),
    )


def rows_of(heading: str) -> dict[str, tuple[str, ...]]:
    """The table under a heading of docs/roles.md, by its first column."""
    page = (ROOT / "docs/roles.md").read_text(encoding="utf-8")
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = {}
    for line in section.splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            found[cells[0]] = tuple(cells[1:])
    return found


def test_the_page_says_of_each_command_who_may_run_it_and_what_it_asks_for(
    evidence: Company,
) -> None:
    expected = {}
    for command in (*MAY, *READING):
        roles = ", ".join(role for role in ROLES if role in MAY.get(command, ())) or "every role"
        expected[command] = (roles, *asked_by(command, evidence))
    assert rows_of("Commands") == expected


def test_the_page_says_of_each_role_what_its_policy_allows() -> None:
    expected = {}
    for role in ROLES:
        rows: dict[str, str] = {}
        objects = "list, read"
        for statement in document(role)["Statement"]:
            patterns = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
            kinds = (key.removesuffix("#*") for key in patterns.get(LEADING_KEYS, ()))
            rows[statement["Sid"]] = ", ".join(kinds)
            objects += {"PublishPlans": ", create", "BuryPlans": ", bury"}.get(statement["Sid"], "")
        sids = ("ReadRows", "CheckRows", "WriteRows")
        expected[role] = (objects, *(rows.get(sid, "") for sid in sids))
    assert rows_of("Roles") == expected
