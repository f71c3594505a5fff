"""The AWS emulators that the tests use, each a process of its own on the loopback interface.

============= ======================================== ========================================
emulator      may prove                                may not prove
============= ======================================== ========================================
``ministack`` conditions of S3 and DynamoDB, races     CopyObject's ``IfNoneMatch``; throttling
              included; permissions, if asked          and conflicts, which it never answers
``moto``      a second opinion on conditions; races    CopyObject's ``IfNoneMatch``;
              only thanks to its lock; target groups   ``ClientRequestToken``, which it ignores
``seaweedfs`` conditions of S3, on a real disk         ``IfMatch`` on a missing key (412, AWS
                                                       404); how long racing writers take
============= ======================================== ========================================

Real AWS is asked only by a person's choice: ``aws_from_environment``.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import sysconfig
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from plans.storage import aws
from tests.emulators.processes import Recipe, running
from tests.emulators.sockets import LOOPBACK

REGION = "eu-west-1"
_PROBE_SECONDS = 5.0
_making_a_client = Lock()  # sessions are not thread-safe


class Credentials(NamedTuple):
    """What signs a request. ``token`` only with an assumed role."""

    access_key: str
    secret_key: str
    token: str | None = None


# Every emulator's own: who may do everything. MiniStack knows this name for its root.
ROOT = Credentials("test", "test")


@dataclass(frozen=True)
class Server:
    """A running emulator. Can be pickled: a spawned process makes clients of its own."""

    name: str
    endpoint: str
    pid: int

    @property
    def environment(self) -> Mapping[str, str]:
        """The SDK's settings for this server, and none of the developer's own files."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ROOT.access_key,
            "AWS_SECRET_ACCESS_KEY": ROOT.secret_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": LOOPBACK,
            "no_proxy": LOOPBACK,
        }

    def client(self, service: str, credentials: Credentials = ROOT) -> Any:
        """A client as ``plans.storage.aws.client`` makes it, but whatever the environment says."""
        config = Config(
            connect_timeout=aws.CONNECT_SECONDS,
            read_timeout=aws.READ_SECONDS,
            retries={"total_max_attempts": 1, "mode": "standard"},
            user_agent_extra="planfence",
            s3={"addressing_style": "path"},  # there is no name for a bucket's host
            proxies={},
        )
        with _making_a_client:
            return _session().client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id=credentials.access_key,
                aws_secret_access_key=credentials.secret_key,
                aws_session_token=credentials.token,
                config=config,
            )


@cache
def _session() -> boto3.session.Session:
    # Variables without a name in the environment: a developer's profile must not be looked for.
    nowhere = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    return boto3.session.Session(botocore_session=botocore.session.Session(session_vars=nowhere))


@contextmanager
def ministack(*, enforce_iam: bool = False) -> Iterator[Server]:
    """MiniStack. With ``enforce_iam`` it checks permissions; ``ROOT`` has them all."""

    def environment(folder: Path, ports: Sequence[int]) -> dict[str, str]:
        return {
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(ports[0]),
            "MINISTACK_REGION": REGION,
            "AUTH": "true" if enforce_iam else "false",
            "IOT_MTLS_ENABLED": "0",  # or it opens 0.0.0.0:8883
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{folder}/no-docker.sock",  # it stops containers that it finds
            "LOG_LEVEL": "WARNING",
        }

    recipe = Recipe(
        name="ministack",
        ports=1,
        command=lambda *_: [sys.executable, "-m", "ministack"],
        environment=environment,
        is_ready=lambda port: _answers(port, "/_ministack/ready"),
        stop_seconds=5.0,
    )
    with running(recipe) as process:
        yield Server("ministack", _endpoint(process.ports[0]), process.pid)


@contextmanager
def moto() -> Iterator[Server]:
    """moto, behind one lock: see ``moto_locked.py``."""
    module = str(Path(__file__).with_name("moto_locked.py"))
    recipe = Recipe(
        name="moto",
        ports=1,
        command=lambda _, ports: [sys.executable, "-P", module, str(ports[0])],
        environment=lambda *_: {},
        is_ready=lambda port: _answers(port, "/moto-api/data.json"),
        stop_seconds=5.0,
    )
    with running(recipe) as process:
        yield Server("moto", _endpoint(process.ports[0]), process.pid)


@contextmanager
def seaweedfs() -> Iterator[Server]:
    """SeaweedFS with its S3 gateway: master, volume server, filer and gateway in one process."""
    recipe = Recipe(
        name="seaweedfs",
        ports=8,
        command=_weed,
        # Without it, the second bucket finds no room: new volumes come in sevens.
        environment=lambda *_: {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},
        is_ready=_stores,
        # No time to stop: it would take 16 to 27 s.
        litter=seaweedfs_sockets,
    )
    with running(recipe) as process:
        yield Server("seaweedfs", _endpoint(process.ports[0]), process.pid)


def seaweedfs_sockets(ports: Sequence[int]) -> list[Path]:
    """What SeaweedFS leaves behind: no setting moves its sockets for gRPC out of /tmp."""
    return [
        Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock")
        for part in ("master", "volume", "filer", "s3")
        for port in ports
    ]


def _weed(folder: Path, ports: Sequence[int]) -> list[str]:
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": ROOT.access_key, "secretKey": ROOT.secret_key}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    (folder / "data").mkdir()
    names = "s3 s3.grpc master master.grpc volume volume.grpc filer filer.grpc".split()
    listens = dict(zip(names, ports, strict=True))
    return [
        str(Path(sysconfig.get_path("scripts"), "weed")),
        "-logtostderr",
        "server",
        f"-dir={folder}/data",
        f"-ip={LOOPBACK}",
        f"-ip.bind={LOOPBACK}",
        *(f"-{part}.port={listens[part]}" for part in ("s3", "master", "volume", "filer")),
        *(f"-{part}.port.grpc={listens[part + '.grpc']}" for part in ("s3", "master")),
        *(f"-{part}.port.grpc={listens[part + '.grpc']}" for part in ("volume", "filer")),
        "-master.peers=none",  # no election: it took between one and six seconds
        "-master.volumeSizeLimitMB=64",
        "-master.telemetry=false",
        "-volume.max=200",
        "-volume.preStopSeconds=0",
        "-filer",
        f"-filer.localSocket={folder}/filer.sock",
        "-s3",
        f"-s3.config={folder}/s3.json",
        f"-s3.localSocket={folder}/s3.sock",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]


def _endpoint(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stores(port: int) -> bool:
    """Whether objects can be stored: the gateway answers before a volume server is there."""
    server = Server("seaweedfs", _endpoint(port), pid=0)
    try:
        client, bucket = server.client("s3"), new_bucket(server)
        client.put_object(Bucket=bucket, Key="ready", Body=b"ready")
    except (BotoCoreError, ClientError):
        return False
    return True


def new_bucket(server: Server) -> str:
    """A new bucket, empty and versioned."""
    bucket, client = f"planfence-{uuid.uuid4()}", server.client("s3")
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def new_table(server: Server) -> str:
    """A new table, empty, with the register's keys."""
    table, client = f"planfence-{uuid.uuid4()}", server.client("dynamodb")
    client.create_table(
        TableName=table,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    status = client.describe_table(TableName=table)["Table"]["TableStatus"]
    assert status == "ACTIVE"  # the emulators make it at once; AWS would not
    return table


class RealAws(NamedTuple):
    """AWS itself, with the SDK's own settings, in a bucket and a table that somebody prepared."""

    bucket: str
    table: str

    def client(self, service: str) -> Any:
        return aws.client(service)


def aws_from_environment() -> RealAws | None:
    """AWS itself, if a person wants it to be asked; CI never does.

    Raises:
        ValueError: only one of the two variables is set.
    """
    bucket = os.environ.get("PLANFENCE_TEST_BUCKET")
    table = os.environ.get("PLANFENCE_TEST_TABLE")
    if not bucket and not table:
        return None
    if not bucket or not table:
        raise ValueError("set both PLANFENCE_TEST_BUCKET and PLANFENCE_TEST_TABLE, or neither")
    return RealAws(bucket, table)
