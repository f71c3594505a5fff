"""The command with its stores in AWS: unchanged, but for who acts and for what ``init`` makes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.servers import Credentials, Server
from tests.planfence.cloud import CloudProject
from tests.planfence.project import CONFIG, STREAM, Project, Ran

ROOT = Path(__file__).parents[2]
THE_ROOT = "arn:aws:iam::000000000000:root"
# What the embedded stores must never pay for.
SDK = ("boto3", "botocore", "s3transfer", "tenacity", "urllib3", "plans.storage.aws")


@pytest.fixture
def project(cloud_project: CloudProject) -> CloudProject:
    return cloud_project


def person(server: Server, name: str) -> Credentials:
    """A user of the account, who may do anything on an emulator that checks nothing."""
    iam = server.client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


# The walk


def walk(project: CloudProject, *flags: str) -> Iterator[tuple[str, Ran]]:
    """Every command from nothing to an applied plan, by two people."""
    bo = person(project.cloud.server, f"bo-{project.root.parent.name}"[:64])
    project.configure()

    def ran(*arguments: str) -> tuple[str, Ran]:
        return arguments[0], project.ok(*arguments, *flags)

    yield ran("init", "--create")
    yield ran("init")
    yield ran("stream", "show", STREAM)
    yield ran("plan", STREAM)
    yield ran("list", STREAM)
    yield ran("show", STREAM)
    yield ran("diff", STREAM)
    digest = project.digest(1)
    project.cloud.act_as(bo)
    yield ran("approve", STREAM, "1", "--digest", digest)
    project.cloud.act_as()
    yield ran("enact", STREAM, "1", "--digest", digest)
    yield ran("enact", STREAM, "--newest")
    yield ran("status")
    yield ran("journal", STREAM, "--verify")
    yield ran("drift", STREAM)
    yield ran("dump", STREAM)
    yield ran("hold", STREAM, "--reason", "a test")
    yield ran("release", STREAM)
    yield ran("plan", STREAM)
    project.desire("two")
    yield ran("plan", STREAM)
    yield ran("reject", STREAM, "2", "--reason", "a test")
    yield ran("stream", "set", STREAM, "--approvals", "2")


def test_every_command_runs_unchanged_as_text(project: CloudProject) -> None:
    said = [(command, ran.out) for command, ran in walk(project)]
    texts = [text for _, text in said]
    assert f"created  archive {project.archive_url}" in texts[0]
    assert f"created  register dynamodb://{project.places.table}" in texts[0]
    assert f"found    archive {project.archive_url}" in texts[1]
    assert re.search("self-approval +deny", texts[2])
    assert f"by {THE_ROOT}, planner, exact" in texts[3]
    assert "is approved by arn:aws:iam::000000000000:user/bo-" in texts[7]
    assert "plan 1 of dns/example.com is applied" in texts[8]
    assert "was applied already" in texts[9]
    assert "generation 1 step 1, done" in texts[10]
    assert "is whole: 4 entries" in texts[11]
    assert (project.root / "out/a.zone").exists()


def test_every_command_runs_unchanged_as_json(project: CloudProject) -> None:
    said = [(command, ran.json) for command, ran in walk(project, "--format", "json")]
    assert [
        (name, document["outcome"]) for name, document in said if name in ("plan", "enact")
    ] == [
        ("plan", "published"),
        ("enact", "applied"),
        ("enact", "already_applied"),
        ("plan", "unchanged"),
        ("plan", "published"),
    ]
    made = said[0][1]["items"]
    assert [(item["item"], item["did"]) for item in made] == [
        ("config", "found"),
        ("archive", "created"),
        ("register", "created"),
        ("stream", "created"),
    ]
    assert {item["did"] for item in said[1][1]["items"]} == {"found"}


def test_a_process_of_its_own_prints_what_it_is_asked_for_and_nothing_else(
    project: CloudProject,
) -> None:
    project.configure()
    for command in (["init", "--create", "--format", "json"], ["status", "--format", "json"]):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "planfence", *command],
            cwd=project.root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["outcome"] == "done"


@pytest.mark.parametrize("local", ["archive", "register"])
def test_one_store_may_be_local_and_the_other_in_aws(local: str, project: CloudProject) -> None:
    project.configure()
    url = {"archive": "file:plans", "register": "sqlite:register.db"}[local]
    flags = (f"--{local}", url)
    project.refused(3, "stores-not-ready", "init", *flags)
    project.ok("init", "--create", *flags)
    project.ok("init", *flags)
    project.ok("plan", STREAM, *flags)
    own = project.ok("stream", "show", STREAM, *flags, "--format", "json").json["settings"]
    assert own["self_approval"] == ("allow" if local == "register" else "deny")


def test_a_local_store_that_is_gone_is_not_made_anew_beside_one_in_aws(
    project: CloudProject,
) -> None:
    project.configure()
    flags = ("--archive", "file:plans")
    project.ok("init", "--create", *flags)
    (project.root / "plans/.control/lock").unlink(missing_ok=True)
    (project.root / "plans/.control").rmdir()
    project.refused(3, "store-missing", "init", *flags)
    project.ok("init", "--create", *flags)


# init


def test_init_tells_everything_that_is_missing_and_changes_nothing(project: CloudProject) -> None:
    project.configure()
    ran = project.refused(3, "stores-not-ready", "init", one_line=False)
    bucket, table = project.places.bucket, project.places.table
    assert [line.strip() for line in ran.err.splitlines()[1:]] == [
        f"there is no bucket {bucket}; `planfence init --create` makes it",
        f"there is no table {table}: run `planfence init --create`",
    ]
    document = project.run("init", "--format", "json").json
    assert (document["outcome"], document["rule"]) == ("refused", "stores-not-ready")
    assert len(document["problems"]) == 2


def test_a_first_init_keeps_the_stores_that_were_named_in_the_file_it_writes(
    project: CloudProject,
) -> None:
    stores = ("--archive", project.archive_url, "--register", project.register_url)
    project.refused(3, "stores-not-ready", "init", *stores, one_line=False)
    assert not (project.root / "planfence.toml").exists()
    project.ok("init", "--create", *stores)
    items = project.ok("init", "--format", "json").json["items"]
    assert [(item["item"], item["name"]) for item in items[1:]] == [
        ("archive", project.archive_url),
        ("register", f"dynamodb://{project.places.table}"),
    ]


def test_init_tells_each_thing_that_is_wrong_and_create_mends_it(project: CloudProject) -> None:
    project.start()
    s3, dynamodb = project.clients
    bucket, table = project.places.bucket, project.places.table
    s3.delete_public_access_block(Bucket=bucket)
    s3.delete_bucket_policy(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.update_continuous_backups(
        TableName=table,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )
    ran = project.refused(3, "stores-not-ready", "init", one_line=False)
    told = [line.strip() for line in ran.err.splitlines()[1:]]
    assert len(told) == 5
    for line, part in zip(
        told, ("public", "versioning", "policy", "deletion", "point-in-time"), strict=True
    ):
        assert part in line
        assert "`planfence init --create`" in line
    items = project.ok("init", "--create", "--format", "json").json["items"]
    assert [(item["item"], item["did"]) for item in items] == [
        ("config", "found"),
        ("archive", "found"),
        *[("archive", "mended")] * 3,
        ("register", "found"),
        *[("register", "mended")] * 2,
        ("stream", "found"),
    ]
    assert f"table {table} is not protected from deletion" in [item["name"] for item in items]
    assert not [item for item in items if "--create" in item["name"]]
    project.ok("init")


def test_no_stream_is_created_while_something_is_wrong_that_create_cannot_mend(
    project: CloudProject,
) -> None:
    project.configure()
    project.cloud.server.client("dynamodb").create_table(
        TableName=project.places.table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    ran = project.run("init", "--create")
    assert (ran.code, ran.out) == (3, "")
    assert "give the register a table of its own" in ran.err
    assert "[stores-not-ready]" in ran.err
    assert project.stored()["items"] == []


def test_making_the_stores_shows_that_it_goes_on(
    project: CloudProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.configure()
    works: list[str] = []

    def working(what: str, total: int | None) -> Any:
        works.append(what)
        return pytest.MonkeyPatch.context()

    monkeypatch.setattr("planfence.app.is_terminal", lambda *_: True)
    monkeypatch.setattr("planfence.render.progress.progress", working)
    project.ok("init", "--create")
    assert works == [
        f"preparing the archive {project.archive_url}",
        f"preparing the register dynamodb://{project.places.table}",
    ]


# Who acts


def test_with_a_register_in_aws_it_says_who_acts_and_the_variable_does_not(
    project: CloudProject,
) -> None:
    project.environment["PLANFENCE_USER"] = "somebody-else"
    project.start()
    project.plan()
    note = "PLANFENCE_USER is not used: with a DynamoDB register AWS says who acts"
    named = (STREAM, "1", "--digest", project.digest(1))
    ran = project.run("approve", *named)
    assert (ran.code, f"note: {note}" in ran.err, "[self-approval]" in ran.err) == (3, True, True)
    project.ok("hold", STREAM, "--reason", "a test")
    entries = project.ok("journal", STREAM, "--format", "json").json["entries"]
    assert {entry["by"] for entry in entries} == {THE_ROOT}


def test_people_who_share_a_role_are_told_apart_by_the_name_of_their_session(
    project: CloudProject,
) -> None:
    project.start()
    project.plan()
    role = project.root.parent.name[:64]
    server = project.cloud.server
    trust = (ROOT / "deploy/trust/people.json").read_text(encoding="utf-8")
    arn = server.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"][
        "Arn"
    ]
    for number, name in enumerate(("ana", "bo"), start=1):
        taken = server.client("sts").assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
        project.cloud.act_as(
            Credentials(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
        )
        digest = project.digest(1)
        done = project.ok("approve", STREAM, "1", "--digest", digest, "--format", "json").json
        assert done["by"] == f"arn:aws:sts::000000000000:assumed-role/{role}/{name}"
        assert len(done["approvals"]["by"]) == number


def test_a_pass_goes_on_while_sts_does_not_and_says_that_nobody_proved_who_acts(
    project: CloudProject, monkeypatch: pytest.MonkeyPatch, unreachable: str
) -> None:
    project.start()
    project.ok("stream", "set", STREAM, "--approvals", "0")
    project.plan()
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", unreachable)
    project.cloud.new_session()
    ran = project.ok("enact", STREAM, "1", "--digest", project.digest(1))
    assert "note: the journal will name unproven " in ran.err
    entries = project.ok("journal", STREAM, "--format", "json").json["entries"]
    assert all(entry["by"].startswith("unproven ") for entry in entries if entry["generation"])
    for command in (("plan", STREAM), ("hold", STREAM, "--reason", "a test")):
        ran = project.refused(5, "store-unavailable", *command)
        assert "AWS STS, which says who acts" in ran.err


# Import cost


def test_nothing_of_the_sdk_is_imported_for_the_embedded_stores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path, capsys)
    project.start()
    project.go()
    digest = project.digest(1)
    commands = [
        ["--help"],
        ["init"],
        ["stream", "show", STREAM],
        ["stream", "set", STREAM, "--approvals", "1"],
        ["plan", STREAM],
        ["list", STREAM],
        ["show", STREAM],
        ["diff", STREAM],
        ["approve", STREAM, "1", "--digest", digest],
        ["reject", STREAM, "1", "--reason", "x"],
        ["enact", STREAM, "1", "--digest", digest],
        ["status"],
        ["drift", STREAM],
        ["dump", STREAM],
        ["journal", STREAM],
        ["hold", STREAM, "--reason", "x"],
        ["release", STREAM],
        ["check", "planfence.toml"],
        ["schema", "plan"],
        ["completion", "bash"],
    ]
    assert imported_by(commands, tmp_path) == []


def test_nothing_of_the_sdk_is_imported_by_a_command_that_needs_no_store(tmp_path: Path) -> None:
    (tmp_path / "planfence.toml").write_text(
        f'[stores]\narchive = "s3://bucket"\nregister = "dynamodb://table"\n{CONFIG}'
    )
    commands = [["--help"], ["check", "planfence.toml"], ["schema", "plan"], ["completion", "zsh"]]
    assert imported_by(commands, tmp_path) == []


def imported_by(commands: list[list[str]], folder: Path) -> list[str]:
    """What of the SDK a process has imported after these commands."""
    probe = (
        "import contextlib, io, json, sys; from planfence.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    for command in json.loads(sys.argv[1]): main(command)\n"
        f"print(json.dumps([name for name in {SDK} if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, json.dumps(commands)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found
