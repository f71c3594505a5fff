"""The emulators have the properties that the other tests rely on."""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from plans.storage import aws
from tests.emulators import servers
from tests.emulators.fixtures import forget_aws_settings
from tests.emulators.moto_locked import locked
from tests.emulators.servers import (
    Credentials,
    RealAws,
    Server,
    aws_from_environment,
    ministack,
    new_bucket,
    new_table,
    seaweedfs_sockets,
)
from tests.emulators.sockets import listeners

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RACERS = 16
_TIMEOUT_SECONDS = 30

# SeaweedFS tries for a key's lock once a second: sixteen writers take up to 7 s, three up to 2 s.
RACERS_ON_SEAWEEDFS = 3

with_dynamodb = pytest.mark.parametrize("server_name", ["ministack_server", "moto_server"])
with_s3 = pytest.mark.parametrize(
    "server_name", ["ministack_server", "moto_server", "seaweedfs_server"]
)


@pytest.fixture
def server(request: pytest.FixtureRequest, server_name: str) -> Server:
    found: Server = request.getfixturevalue(server_name)
    return found


def code_of(call: Callable[[], object]) -> str:
    """The service's code for a refusal, or ``done``."""
    try:
        call()
    except ClientError as error:
        return aws.code_of(error)
    return "done"


def race(call: Callable[[int], object], racers: int = RACERS) -> list[str]:
    """The codes of calls that start together, sorted."""
    barrier = Barrier(racers)

    def one(number: int) -> str:
        barrier.wait(_TIMEOUT_SECONDS)
        return code_of(lambda: call(number))

    with ThreadPoolExecutor(racers) as executor:
        return sorted(executor.map(one, range(racers), timeout=_TIMEOUT_SECONDS))


def one_winner(loser: str, racers: int = RACERS) -> list[str]:
    return sorted(["done"] + [loser] * (racers - 1))


# The network


@with_s3
def test_a_server_listens_on_the_loopback_interface_only(server: Server) -> None:
    found = listeners(server.pid)
    assert urlsplit(server.endpoint).port in {listener.port for listener in found}
    assert all(listener.address.is_loopback for listener in found)


def test_seaweedfs_leaves_nothing_outside_its_folder_that_is_not_cleaned_up(
    seaweedfs_server: Server,
) -> None:
    ports = {listener.port for listener in listeners(seaweedfs_server.pid)}
    found = [path for port in ports for path in Path("/tmp").glob(f"seaweedfs-*{port}*")]
    assert found
    assert set(found) <= set(seaweedfs_sockets(sorted(ports)))


# S3


@with_s3
def test_an_object_is_created_once_and_replaced_only_as_it_was_read(server: Server) -> None:
    s3, bucket = server.client("s3"), new_bucket(server)

    def put(body: bytes, **condition: str) -> Any:
        return s3.put_object(Bucket=bucket, Key="key", Body=body, **condition)["ETag"]

    first = put(b"1", IfNoneMatch="*")
    assert code_of(lambda: put(b"2", IfNoneMatch="*")) == "PreconditionFailed"
    second = put(b"3", IfMatch=first)
    assert code_of(lambda: put(b"4", IfMatch=first)) == "PreconditionFailed"
    found = s3.get_object(Bucket=bucket, Key="key")
    assert (found["Body"].read(), found["ETag"]) == (b"3", second)


@with_s3
def test_of_many_creations_of_an_object_one_wins(server: Server) -> None:
    s3, bucket = server.client("s3"), new_bucket(server)
    is_slow = server.name == "seaweedfs"
    racers = RACERS_ON_SEAWEEDFS if is_slow else RACERS
    for key in ["first"] if is_slow else ["first", "second", "third"]:

        def create(number: int, key: str = key) -> None:
            s3.put_object(Bucket=bucket, Key=key, Body=b"%d" % number, IfNoneMatch="*")

        assert race(create, racers) == one_winner("PreconditionFailed", racers)
        assert len(s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]) == 1


# DynamoDB


def item(sk: str) -> dict[str, Any]:
    return {"pk": {"S": "key"}, "sk": {"S": sk}}


@with_dynamodb
def test_of_many_conditional_writes_of_an_item_one_wins(server: Server) -> None:
    dynamodb, table = server.client("dynamodb"), new_table(server)

    for sk in ("first", "second", "third", "fourth"):

        def create(number: int, sk: str = sk) -> None:
            dynamodb.put_item(
                TableName=table,
                Item={**item(sk), "by": {"N": str(number)}},
                ConditionExpression="attribute_not_exists(pk)",
            )

        assert race(create) == one_winner("ConditionalCheckFailedException")


@with_dynamodb
def test_a_transaction_that_fails_loses_nobody_elses_write(server: Server) -> None:
    dynamodb, table = server.client("dynamodb"), new_table(server)
    dynamodb.put_item(TableName=table, Item=item("taken"))
    failing = [
        {"Put": {"TableName": table, "Item": item("half")}},
        {
            "Put": {
                "TableName": table,
                "Item": item("taken"),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        },
    ]

    def write(number: int) -> None:
        for n in range(5):
            if number % 2:
                dynamodb.put_item(TableName=table, Item=item(f"{number}/{n}"))
            else:
                code = code_of(lambda: dynamodb.transact_write_items(TransactItems=failing))
                assert code == "TransactionCanceledException"

    assert race(write) == ["done"] * RACERS
    found = dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
    written = {f"{number}/{n}" for number in range(1, RACERS, 2) for n in range(5)}
    assert {each["sk"]["S"] for each in found} == written | {"taken"}


# moto's lock


def test_no_request_enters_moto_before_the_last_is_answered_whole() -> None:
    entered: list[str] = []

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        entered.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/second":
            return [b"second"]
        return lazy_body()

    def lazy_body() -> Any:
        second.start()
        second.join(0.2)  # without the lock it would be over long before
        entered.append("/first is answered")
        yield b"first"

    def ask(path: str) -> Any:
        return one_at_a_time(
            {"PATH_INFO": path, "wsgi.input": BytesIO()}, lambda *_: lambda _: None
        )

    one_at_a_time = locked(application)
    second = Thread(target=ask, args=["/second"])
    assert ask("/first") == [b"first"]
    second.join(_TIMEOUT_SECONDS)
    assert entered == ["/first", "/first is answered", "/second"]


def test_a_client_that_stalls_holds_nobody_up(moto_server: Server) -> None:
    address = urlsplit(moto_server.endpoint)
    with socket.create_connection((str(address.hostname), address.port or 0)) as stalled:
        stalled.sendall(b"PUT /bucket/key HTTP/1.1\r\nHost: s3\r\nContent-Length: 10\r\n\r\nhalf")
        assert moto_server.client("s3").list_buckets()


# Permissions


def test_a_server_enforces_permissions_if_asked() -> None:
    with ministack(enforce_iam=True) as server:
        bucket, iam = new_bucket(server), server.client("iam")
        iam.create_user(UserName="reader")
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        s3 = server.client("s3", Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
        assert code_of(lambda: s3.list_objects_v2(Bucket=bucket)) == "AccessDenied"
        iam.put_user_policy(
            UserName="reader",
            PolicyName="read",
            PolicyDocument="""{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}""",
        )
        assert code_of(lambda: s3.list_objects_v2(Bucket=bucket)) == "done"
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=bucket, Key="key", Body=b"")


# Clients


def test_a_server_can_be_pickled(ministack_server: Server) -> None:
    copy = pickle.loads(pickle.dumps(ministack_server))
    assert copy == ministack_server
    assert new_bucket(copy)


def test_a_client_is_as_the_products_own(
    ministack_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ministack_server.environment.items():
        monkeypatch.setenv(name, value)
    ours, products = ministack_server.client("s3").meta, aws.client("s3").meta
    assert ours.endpoint_url == products.endpoint_url
    assert ours.region_name == products.region_name
    for setting in ("connect_timeout", "read_timeout", "retries", "user_agent_extra"):
        assert getattr(ours.config, setting) == getattr(products.config, setting)
    aws.client("s3").head_bucket(Bucket=new_bucket(ministack_server))


def test_a_client_heeds_no_settings_of_the_developer(
    ministack_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nuse_dualstack_endpoint = true\nmax_attempts = 9\n")
    for name, value in {
        "AWS_PROFILE": "nobody",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_SESSION_TOKEN": "expired",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    servers._session.cache_clear()
    s3 = ministack_server.client("s3")
    assert s3.meta.endpoint_url == ministack_server.endpoint
    s3.head_bucket(Bucket=new_bucket(ministack_server))


def test_a_test_that_names_no_emulator_has_no_credentials() -> None:
    with patch.dict(os.environ, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "developers"}):
        forget_aws_settings(os.environ)
        with pytest.raises(NoCredentialsError):
            aws.client("s3", region="eu-west-1").generate_presigned_url("list_buckets")


# AWS itself


@pytest.mark.parametrize(
    ("bucket", "table", "expected"),
    [("", "", None), ("some-bucket", "some-table", RealAws("some-bucket", "some-table"))],
)
def test_aws_is_asked_only_if_a_bucket_and_a_table_are_named(
    bucket: str, table: str, expected: RealAws | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANFENCE_TEST_BUCKET", bucket)
    monkeypatch.setenv("PLANFENCE_TEST_TABLE", table)
    assert aws_from_environment() == expected


def test_half_a_choice_of_aws_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANFENCE_TEST_BUCKET", "some-bucket")
    monkeypatch.delenv("PLANFENCE_TEST_TABLE", raising=False)
    with pytest.raises(ValueError, match="PLANFENCE_TEST_TABLE"):
        aws_from_environment()
