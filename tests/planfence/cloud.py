"""A project whose stores are in AWS: the command in this process, a bucket and a table emulated.

The SDK reads its settings from this process's environment; ``Cloud.act_as`` sets them, and makes a
session of their own, so that nothing is remembered of who acted before.
"""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import OperationModel

from plans.document import digest_of
from plans.names import plan_key
from tests.emulators.servers import REGION, ROOT, Credentials, Server
from tests.planfence.policies import Asked, Places, allows, asked, denied
from tests.planfence.project import STREAM, Project, Ran

PREFIX = "some/where"
MODELS = Loader()  # of the services, read once: a session of its own would read them anew


@dataclass(frozen=True)
class Call:
    """One call of the SDK, and what it has to be allowed."""

    operation: str
    asked: tuple[Asked, ...]


@dataclass
class Cloud:
    """An emulator, and who acts on it.

    ``calls`` has every call since ``act_as``. With a ``policy``, what it does not allow is denied
    before it is sent.
    """

    server: Server
    monkeypatch: pytest.MonkeyPatch
    calls: list[Call] = field(default_factory=list)
    policy: Mapping[str, Any] | None = None

    def act_as(
        self, credentials: Credentials = ROOT, policy: Mapping[str, Any] | None = None
    ) -> None:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            self.monkeypatch.delenv(name)
        for name, value in self.server.environment.items():
            self.monkeypatch.setenv(name, value)
        self.monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
        self.monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
        if credentials.token:
            self.monkeypatch.setenv("AWS_SESSION_TOKEN", credentials.token)
        self.calls, self.policy = [], policy
        self.new_session()

    def new_session(self) -> None:
        """Make the SDK read its settings anew."""
        core = botocore.session.Session()
        core.register_component("data_loader", MODELS)
        session = boto3.Session(botocore_session=core)
        session.events.register("provide-client-params.*.*", self._called)
        self.monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)

    def _called(self, params: Mapping[str, Any], model: OperationModel, **_: Any) -> None:
        call = Call(model.name, tuple(asked(model, params, REGION)))
        self.calls.append(call)
        if self.policy is not None:
            for each in call.asked:
                if not allows(self.policy, each):
                    raise denied(model.name, each)


@dataclass
class CloudProject(Project):
    """A project folder with its stores in a bucket and a table of its own."""

    cloud: Cloud = field(kw_only=True)
    places: Places = field(
        default_factory=lambda: Places(
            f"planfence-{uuid.uuid4()}", PREFIX, f"planfence-{uuid.uuid4()}", REGION
        )
    )

    def __post_init__(self) -> None:
        self.environment = {}  # who acts is for AWS to say
        # Tokens are made of ids, and the emulator knows those of every table for ten minutes.
        self.ids = itertools.count(uuid.uuid4().int >> 8)

    @cached_property
    def clients(self) -> tuple[Any, Any]:
        """Of S3 and DynamoDB, around planfence and whoever acts."""
        return self.cloud.server.client("s3"), self.cloud.server.client("dynamodb")

    @property
    def archive_url(self) -> str:
        return f"s3://{self.places.bucket}/{self.places.prefix}"

    @property
    def register_url(self) -> str:
        return f"dynamodb://{self.places.table}?region={self.places.region}"

    def configure(self, *, stream: bool = True, budget_seconds: int = 15) -> None:
        """Write the config file, and the desired state of its stream."""
        stores = (
            f'[stores]\narchive = "{self.archive_url}"\nregister = "{self.register_url}"\n'
            f"budget_seconds = {budget_seconds}\n"
        )
        table = (
            f'[streams."{STREAM}"]\nkind = "dns"\ndesired = "zones/example.com.yaml"\n'
            'targets = ["zonefile:out/a.zone"]\n'
        )
        self.write("planfence.toml", stores + (table if stream else ""))
        self.desire("one")

    def start(self, desired: str = "one") -> None:
        self.configure()
        self.desire(desired)
        self.ok("init", "--create")

    def go_ahead_without_approval(self) -> None:
        """Plan and enact, where the stream asks for nobody's approval."""
        self.ok("stream", "set", STREAM, "--approvals", "0")
        generation = self.plan()
        assert self.enact(generation).code == 0

    def digest(self, generation: int) -> str:
        key = f"{self.places.prefix}/{plan_key(STREAM, generation)}"
        found = self.clients[0].get_object(Bucket=self.places.bucket, Key=key)
        return digest_of(found["Body"].read())

    def refused(self, code: int, rule: str, *arguments: str, one_line: bool = True) -> Ran:
        before = self.stored()
        ran = super().refused(code, rule, *arguments, one_line=one_line)
        assert self.stored() == before, "a refusal changed something in AWS"
        return ran

    def stored(self) -> Any:
        """Everything that the emulator keeps for this project, with the settings of both stores."""
        s3, dynamodb = self.clients
        bucket, table = {"Bucket": self.places.bucket}, {"TableName": self.places.table}
        return {
            "versions": _found(
                lambda: [
                    (each["Key"], each["VersionId"], each["ETag"])
                    for each in s3.list_object_versions(**bucket).get("Versions", [])
                ]
            ),
            "policy": _found(lambda: s3.get_bucket_policy(**bucket)["Policy"]),
            "versioning": _found(lambda: s3.get_bucket_versioning(**bucket).get("Status")),
            "blocked": _found(
                lambda: s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"]
            ),
            "items": _found(lambda: dynamodb.scan(**table, ConsistentRead=True)["Items"]),
            "table": _found(
                lambda: dynamodb.describe_table(**table)["Table"]["DeletionProtectionEnabled"]
            ),
        }


def _found(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except ClientError as error:
        return error.response["Error"]["Code"]


def new_cloud_project(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    server: Server,
) -> CloudProject:
    """An empty project folder, whoever acts being the account's root."""
    folder.mkdir()
    cloud = Cloud(server, monkeypatch)
    cloud.act_as()
    return CloudProject(folder, capsys, cloud=cloud)
