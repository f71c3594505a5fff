"""The register's table: missing, made, checked, and refused for the replicas that it has."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from plans.errors import Refused, Unavailable, Unknown
from plans.storage.dynamodb import DynamoRegister
from plans.storage.register import Absent, All, Check, Key, Put, Where
from tests.doubles.botocore_faults import Fault, after, answering, dynamodb_error, lost_after
from tests.emulators.servers import Server
from tests.plans.storage.tables import Stage

KEY = Key("enact#dns/example.com", "pointer")
OTHER = Key("enact#dns/example.com", "other")
ALWAYS = All(())
FIRST = Put(KEY, {"generation": 1}, Absent())
SECOND = Put(KEY, {"generation": 2}, Where("generation", "=", 1))
BESIDE = Put(OTHER, {"n": 1}, ALWAYS)


@pytest.fixture
def stage(ministack_server: Server) -> Iterator[Stage]:
    stage = Stage(ministack_server)
    yield stage
    stage.close()


@pytest.fixture
def unmade(ministack_server: Server) -> Iterator[Stage]:
    """A register whose table is not there."""
    stage = Stage(ministack_server, f"planfence-{uuid.uuid4()}")
    yield stage
    stage.close()


def uses(register: DynamoRegister) -> list[Callable[[], object]]:
    return [
        lambda: register.read(KEY),
        lambda: register.read_all(KEY, OTHER),
        lambda: list(register.scan(KEY.pk)),
        lambda: register.write(SECOND),
        lambda: register.write(SECOND, BESIDE),
    ]


# a table that is not there


def test_a_table_that_is_not_there_is_unavailable_and_is_not_made(unmade: Stage) -> None:
    for use in uses(unmade.register):
        with pytest.raises(Unavailable, match="there is no register") as raised:
            use()
        assert raised.value.rule == "register-unavailable"
        assert "planfence init --create" in str(raised.value)
    (problem,) = unmade.register.check()
    assert problem == f"there is no table {unmade.table}: run `planfence init --create`"
    assert unmade.table not in unmade.raw.list_tables()["TableNames"]


def test_a_table_that_is_deleted_under_an_open_client_is_unavailable(stage: Stage) -> None:
    stage.register.write(FIRST)
    stage.raw.delete_table(TableName=stage.table)
    for use in uses(stage.register):
        with pytest.raises(Unavailable) as raised:
            use()
        assert raised.value.rule == "register-unavailable"


# create


@pytest.mark.parametrize("server", ["ministack_server", "moto_server"])
def test_a_table_that_was_made_is_a_register_with_nothing_missing(
    request: pytest.FixtureRequest, server: str
) -> None:
    unmade = Stage(request.getfixturevalue(server), f"planfence-{uuid.uuid4()}")
    unmade.register.create()
    assert unmade.register.check() == []
    table = unmade.raw.describe_table(TableName=unmade.table)["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"]
    unmade.register.write(FIRST)
    assert unmade.register.read(KEY) == {"generation": 1}
    unmade.close()


def test_to_create_again_changes_nothing(unmade: Stage) -> None:
    unmade.register.create()
    unmade.register.write(FIRST)
    before = unmade.raw.describe_table(TableName=unmade.table)["Table"]
    unmade.asked.requests.clear()
    unmade.register.create()
    after = unmade.raw.describe_table(TableName=unmade.table)["Table"]
    assert after["TableArn"] == before["TableArn"]
    assert after["CreationDateTime"] == before["CreationDateTime"]
    assert {name for name, _ in unmade.asked.requests} == {
        "DescribeTable",
        "DescribeContinuousBackups",
    }
    assert unmade.register.read(KEY) == {"generation": 1}


def test_to_create_turns_on_the_protection_that_a_table_lacks(stage: Stage) -> None:
    protection, recovery = stage.register.check()
    assert "not protected from deletion: run `planfence init --create`" in protection
    assert "no point-in-time recovery: run `planfence init --create`" in recovery
    stage.register.write(FIRST)
    stage.register.create()
    assert stage.register.check() == []
    assert stage.register.read(KEY) == {"generation": 1}


def test_a_table_that_somebody_else_makes_at_the_same_time_is_as_good(unmade: Stage) -> None:
    unmade.faults.next("CreateTable", after(unmade.another().create))
    unmade.register.create()
    assert unmade.register.check() == []


def test_a_creation_whose_answer_is_lost_is_found_by_the_next(unmade: Stage) -> None:
    unmade.faults.next("CreateTable", lost_after)
    with pytest.raises(Unknown):
        unmade.register.create()
    assert unmade.faults.sent.count("CreateTable") == 1
    unmade.register.create()
    assert unmade.faults.sent.count("CreateTable") == 1
    assert unmade.register.check() == []


def test_a_table_in_the_making_is_waited_for(unmade: Stage) -> None:
    unmade.register.create()
    not_seen = dynamodb_error("ResourceNotFoundException")
    creating = described(TableStatus="CREATING")
    unmade.faults.next("DescribeTable", not_seen, not_seen, creating, creating)
    unmade.faults.next("CreateTable", dynamodb_error("ResourceInUseException"))
    before = unmade.clock.monotonic()
    unmade.register.create()
    assert unmade.faults.left == 0
    assert unmade.clock.monotonic() - before == 3


def test_a_table_that_is_never_ready_is_unavailable_within_a_bound(unmade: Stage) -> None:
    unmade.register.create()
    creating = described(TableStatus="CREATING")
    unmade.faults.next("DescribeTable", *[creating] * 200)
    before = unmade.clock.monotonic()
    with pytest.raises(Unavailable) as raised:
        unmade.register.create()
    assert raised.value.rule == "register-creating"
    assert unmade.clock.monotonic() - before == 120


def test_backups_that_are_not_ready_yet_are_asked_for_again(unmade: Stage) -> None:
    unmade.faults.next("DescribeContinuousBackups", dynamodb_error("TableNotFoundException"))
    unmade.faults.next(
        "UpdateContinuousBackups", dynamodb_error("ContinuousBackupsUnavailableException")
    )
    unmade.register.create()
    assert unmade.faults.left == 0
    assert unmade.register.check() == []


# what is wrong


def described(**table: Any) -> Fault:
    """The table is described so; what is left out is as the register makes it."""
    ours = {
        "TableStatus": "ACTIVE",
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "DeletionProtectionEnabled": True,
    }
    return answering(200, json.dumps({"Table": ours | table}).encode())


def test_items_that_expire_are_told_with_the_command_that_ends_it(unmade: Stage) -> None:
    unmade.register.create()
    unmade.raw.update_time_to_live(
        TableName=unmade.table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"},
    )
    (problem,) = unmade.register.check()
    assert "lets items expire by expires, and none of a register may" in problem
    assert "Enabled=false,AttributeName=expires" in problem
    unmade.register.create()
    assert unmade.register.check() == [problem]


@pytest.mark.parametrize("billing", [{}, {"BillingModeSummary": {"BillingMode": "PROVISIONED"}}])
def test_provisioned_capacity_is_told(unmade: Stage, billing: dict[str, Any]) -> None:
    unmade.register.create()
    unmade.faults.next("DescribeTable", described(**{"BillingModeSummary": {}, **billing}))
    (problem,) = unmade.register.check()
    assert "--billing-mode PAY_PER_REQUEST" in problem


@pytest.mark.parametrize(
    ("keys", "types"),
    [
        (["id"], "S"),
        (["pk"], "S"),
        (["sk", "pk"], "SS"),
        (["pk", "sk"], "SN"),
        (["PK", "SK"], "SS"),
    ],
    ids=str,
)
def test_a_table_of_other_keys_is_told_and_not_touched(
    unmade: Stage, keys: list[str], types: str
) -> None:
    unmade.raw.create_table(
        TableName=unmade.table,
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": type_}
            for key, type_ in zip(keys, types, strict=True)
        ],
        KeySchema=[
            {"AttributeName": key, "KeyType": kind}
            for key, kind in zip(keys, ["HASH", "RANGE"], strict=False)
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    (problem,) = unmade.register.check()
    assert "not pk and sk, both text" in problem
    unmade.register.create()
    assert unmade.register.check() == [problem]
    table = unmade.raw.describe_table(TableName=unmade.table)["Table"]
    assert not table["DeletionProtectionEnabled"]


# replicas


def replicated(stage: Stage, **more: Any) -> None:
    """Let the register see its table as one with replicas in two more Regions."""
    replicas = [{"RegionName": "eu-west-2"}, {"RegionName": "eu-west-3"}]

    def see(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Table"] |= {"Replicas": replicas, **more}

    stage.client.meta.events.register("after-call.dynamodb.DescribeTable", see)


def test_a_table_with_eventual_replicas_is_read_and_never_written(stage: Stage) -> None:
    stage.raw.update_table(
        TableName=stage.table, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-2"}}]
    )
    assert stage.register.read(KEY) is None
    for actions in ([FIRST], [FIRST, BESIDE]):
        with pytest.raises(Refused) as refused:
            stage.register.write(*actions)
        assert refused.value.rule == "register-eventual-replicas"
        assert refused.value.actual == "replicas in eu-west-2"
    assert stage.asked.operations == ["GetItem"]
    assert "allow=eventual-replicas" in stage.register.check()[0]


def test_a_table_whose_replicas_say_nothing_else_is_eventual(stage: Stage) -> None:
    replicated(stage, MultiRegionConsistency="EVENTUAL")
    with pytest.raises(Refused) as refused:
        stage.register.write(FIRST)
    assert refused.value.rule == "register-eventual-replicas"
    assert refused.value.actual == "replicas in eu-west-2, eu-west-3"


def test_eventual_replicas_can_be_waived_by_name(ministack_server: Server) -> None:
    stage = Stage(ministack_server, allow_eventual_replicas=True)
    replicated(stage)
    stage.register.write(FIRST)
    assert stage.register.read(KEY) == {"generation": 1}
    stage.register.create()
    assert stage.register.check() == []
    stage.close()


def test_strong_replicas_are_refused_always_since_they_take_no_transaction(
    ministack_server: Server,
) -> None:
    stage = Stage(ministack_server, allow_eventual_replicas=True)
    replicated(stage, MultiRegionConsistency="STRONG")
    with pytest.raises(Refused) as refused:
        stage.register.write(FIRST)
    assert refused.value.rule == "register-strong-replicas"
    assert stage.asked.operations == []
    assert "has no transactions" in stage.register.check()[0]
    stage.close()


def test_the_table_is_looked_at_once_and_only_before_a_write(stage: Stage) -> None:
    stage.register.read(KEY)
    assert stage.asked.of("DescribeTable") == []
    stage.register.write(FIRST)
    stage.register.write(SECOND)
    stage.register.write(BESIDE, Check(KEY, ALWAYS))
    assert len(stage.asked.of("DescribeTable")) == 1
    assert len(stage.asked.operations) == 4
