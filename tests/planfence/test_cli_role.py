"""``[enactor] role``: who enacts may do nothing in Route 53 but take a role, until the lease ends.

The policies are those of ``deploy``, and MiniStack enforces them. It does not know the resource of
GetChange, so that nobody waits for propagation here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from tests.emulators.servers import Credentials, Server, ministack
from tests.planfence.cloud import Call, Cloud
from tests.planfence.company import user
from tests.planfence.policies import ACCOUNT, ROOT
from tests.planfence.project import STREAM, Project

ZONE = "example.com."
ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with ministack(enforce_iam=True) as server:
        yield server


def filled(name: str, **places: str) -> str:
    """A document of ``deploy``, with something for each placeholder."""
    text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
    for placeholder, value in {"ACCOUNT": ACCOUNT, **places}.items():
        text = text.replace(placeholder, value)
    return text


class Noted(Cloud):
    """Keeps which operations are called, and leaves their permissions to MiniStack."""

    def _called(self, params: Any, model: OperationModel, **_: Any) -> None:
        self.calls.append(Call(model.name, ()))


@dataclass
class Roled:
    """A project whose target is a hosted zone, with the role that may write it."""

    project: Project
    cloud: Cloud
    zone_id: str
    enactor: Credentials

    @property
    def iam(self) -> Any:
        return self.cloud.server.client("iam")

    def configure(self, role: str | None, **more: str) -> None:
        lines = [
            f'[streams."{STREAM}"]',
            'desired = "example.com.yaml"',
            f'targets = ["route53://{self.zone_id}"]',
        ]
        if role is not None:
            lines += ["[enactor]", f'role = "arn:aws:iam::{ACCOUNT}:role/{role}"']
        self.project.write("planfence.toml", "\n".join(lines) + "\n")

    def start(self, role: str | None = "planfence-target") -> None:
        self.configure(role)
        self.project.write("example.com.yaml", "www: {type: A, ttl: 300, value: 192.0.2.1}\n")
        self.project.ok("init")
        self.project.ok(
            "stream", "set", STREAM, "--approvals", "0", "--lease-seconds", "60",
            "--updates-max", "100%",
        )  # fmt: skip
        self.project.ok("plan", STREAM)

    def live(self) -> list[str]:
        found = self.cloud.server.client("route53").list_resource_record_sets(
            HostedZoneId=self.zone_id
        )
        return [each["Name"] for each in found["ResourceRecordSets"] if each["Type"] == "A"]

    def lease(self) -> Any:
        status = self.project.ok("status", STREAM, "--format", "json").json
        return status["streams"][0]["lease"]


@pytest.fixture
def roled(project: Project, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Roled]:
    iam = server.client("iam")
    made = server.client("route53").create_hosted_zone(Name=ZONE, CallerReference=str(uuid.uuid4()))
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
    documents = {
        "planfence-enactor": json.dumps(ANYBODY),
        "planfence-target": filled("trust/target.json"),
    }
    for name, document in documents.items():
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    for name, allowed in (("target", "route53"), ("enactor", "assume")):
        iam.put_role_policy(
            RoleName=f"planfence-{name}",
            PolicyName="planfence",
            PolicyDocument=filled(f"targets/{allowed}.json", ZONE=zone_id),
        )
    cloud = Noted(server, monkeypatch)
    cloud.act_as()
    yield Roled(project, cloud, zone_id, session(server, "planfence-enactor"))
    for name in documents:
        iam.delete_role_policy(RoleName=name, PolicyName="planfence")
        iam.delete_role(RoleName=name)


def session(server: Server, role: str, name: str = "eve") -> Credentials:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    given = server.client("sts").assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def test_an_enactor_that_may_write_no_zone_itself_enacts_in_the_role(roled: Roled) -> None:
    roled.start()
    roled.cloud.act_as(roled.enactor)
    roled.project.ok("enact", STREAM, "--newest", "--no-sync")
    called = [call.operation for call in roled.cloud.calls]
    assert called.count("AssumeRole") == 1
    roled.cloud.act_as()
    assert roled.live() == ["www.example.com."]
    lease = roled.lease()
    assert (lease["epoch"], lease["state"], lease["ends_at"]) == (1, "released", None)


def test_without_the_role_the_same_enactor_is_denied(roled: Roled) -> None:
    roled.start(role=None)
    roled.cloud.act_as(roled.enactor)
    ran = roled.project.run("enact", STREAM, "--newest", "--no-sync")
    assert ran.code == 3
    assert "denies GetHostedZone" in ran.err
    assert roled.live() == []


def test_a_role_that_is_not_given_is_refused_before_anything_is_claimed(roled: Roled) -> None:
    roled.start()
    roled.configure("no-such-role")
    roled.cloud.act_as(roled.enactor)
    ran = roled.project.run("enact", STREAM, "--newest")
    assert (ran.code, ran.err.count("\n")) == (3, 1), ran.err
    assert "denies AssumeRole" in ran.err
    assert "[access-denied]" in ran.err
    roled.cloud.act_as()
    status = roled.project.ok("status", STREAM, "--format", "json").json["streams"][0]
    assert (status["desired"], status["lease"]["state"]) == (None, "released")


def test_while_sts_does_not_answer_nothing_is_claimed(
    roled: Roled, monkeypatch: pytest.MonkeyPatch
) -> None:
    roled.start()
    roled.cloud.act_as(roled.enactor)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    roled.cloud.new_session()
    ran = roled.project.run("enact", STREAM, "--newest")
    assert (ran.code, ran.err.count("\n")) == (5, 1), ran.err
    assert "AWS STS, asked for the role" in ran.err
    roled.cloud.act_as()
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS", raising=False)
    status = roled.project.ok("status", STREAM, "--format", "json").json["streams"][0]
    assert status["desired"] is None


def test_a_stream_without_a_lease_is_refused_where_there_is_a_role(roled: Roled) -> None:
    roled.start()
    roled.project.ok("stream", "set", STREAM, "--lease-seconds", "0")
    roled.project.refused(3, "lease-needed", "enact", STREAM, "--newest")


def test_a_stream_without_a_zone_in_aws_needs_neither_lease_nor_sts(roled: Roled) -> None:
    roled.start()
    roled.project.write(
        "planfence.toml",
        '[enactor]\nrole = "arn:aws:iam::123456789012:role/none"\n'
        '[streams."dns/b.example"]\ndesired = "b.example.yaml"\ntargets = ["zonefile:b.zone"]\n',
    )
    roled.project.write("b.example.yaml", "'': {type: NS, ttl: 60, values: [ns1.example.net.]}\n")
    roled.project.ok("init")
    roled.project.ok("stream", "set", "dns/b.example", "--approvals", "0")
    roled.project.ok("plan", "dns/b.example")
    roled.cloud.calls.clear()
    roled.project.ok("enact", "dns/b.example", "--newest")
    assert roled.cloud.calls == []


def test_only_the_enactors_take_the_role_and_only_under_the_name_of_an_attempt(
    roled: Roled,
) -> None:
    server = roled.cloud.server
    arn = f"arn:aws:iam::{ACCOUNT}:role/planfence-target"
    may = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    ana = user(server, f"ana-{roled.zone_id}", {"Version": "2012-10-17", "Statement": [may]})
    for credentials, name in ((ana, "planfence-1"), (roled.enactor, "eve")):
        with pytest.raises(ClientError, match="AccessDenied"):
            server.client("sts", credentials).assume_role(RoleArn=arn, RoleSessionName=name)
    server.client("sts", roled.enactor).assume_role(RoleArn=arn, RoleSessionName="planfence-1")


@pytest.mark.parametrize(
    "role",
    [
        '"planfence-target"',
        '"arn:aws:iam::12345678901:role/x"',
        '"arn:aws:iam::123456789012:user/x"',
        '"arn:aws:iam::123456789012:role/x\\n"',
        '"arn:aws:iam::123456789012:role/"',
        f'"arn:aws:iam::123456789012:role/{"x" * 65}"',
        '"arn:aws:sts::123456789012:assumed-role/x/y"',
        "7",
    ],
)
def test_what_is_no_role_is_refused_with_its_place(project: Project, role: str) -> None:
    project.write("planfence.toml", f"[enactor]\nrole = {role}\n")
    ran = project.refused(64, "config", "status")
    assert "enactor.role: must be a role's ARN: arn:aws:iam::123456789012:role/NAME" in ran.err


def test_a_key_beside_the_role_is_unknown(project: Project, tmp_path: Path) -> None:
    project.write("planfence.toml", '[enactor]\nrol = "x"\n')
    ran = project.refused(64, "config", "status")
    assert "enactor.rol: unknown key; did you mean role?" in ran.err


@pytest.mark.parametrize("path", ["", "a/path/"])
@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_a_role_may_have_a_path_and_be_of_any_partition(
    project: Project, partition: str, path: str
) -> None:
    project.start()
    config = project.root / "planfence.toml"
    role = f"arn:{partition}:iam::123456789012:role/{path}planfence-target_1"
    config.write_text(f'{config.read_text()}\n[enactor]\nrole = "{role}"\n')
    project.ok("status")
