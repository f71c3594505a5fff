"""Answers that no emulator gives, and answers that get lost, at each request of the register.

The SDK must send every mutation once: ``faults.sent`` counts what goes out, below all retries.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from plans.errors import ConditionFailed, Refused, Unavailable, Unknown
from plans.storage.register import Absent, Action, All, Key, Put, Where
from tests.doubles.botocore_faults import (
    Fault,
    answering,
    connect_timeout,
    dynamodb_error,
    lost_after,
    lost_before,
    no_connection,
    served_but,
    twice,
)
from tests.emulators.servers import Server
from tests.plans.storage.tables import Stage

KEY = Key("enact#dns/example.com", "pointer")
OTHER = Key("enact#dns/example.com", "other")
FIRST = Put(KEY, {"generation": 1, "attempt": "a"}, Absent())
SECOND = Put(KEY, {"generation": 2, "attempt": "b"}, Where("generation", "=", 1))
BESIDE = Put(OTHER, {"n": 1}, All(()))
BEFORE, AFTER = FIRST.attributes, SECOND.attributes

ERROR_500 = dynamodb_error("InternalServerError", status=500)
IN_PROGRESS = dynamodb_error("TransactionInProgressException")


class Write(NamedTuple):
    """The second write of the pointer, in one of the two ways."""

    operation: str
    actions: tuple[Action, ...]
    token: str | None

    def send(self, stage: Stage) -> None:
        stage.register.write(*self.actions, token=self.token)


def put() -> Write:
    return Write("PutItem", (SECOND,), None)


def transaction() -> Write:
    return Write("TransactWriteItems", (SECOND, BESIDE), str(uuid.uuid4()))


def without_token() -> Write:
    return transaction()._replace(token=None)


@pytest.fixture
def stage(ministack_server: Server) -> Iterator[Stage]:
    stage = Stage(ministack_server)
    stage.register.write(FIRST)
    stage.asked.requests.clear()
    stage.faults.clear()
    yield stage
    assert stage.faults.left == 0
    stage.close()


both = pytest.mark.parametrize("way", [put, transaction])


def cancelled(*codes: str, **items: Any) -> Fault:
    """DynamoDB cancels a transaction, with one reason for each of its actions."""
    reasons = [{"Code": code, "Message": "as injected"} for code in codes]
    return dynamodb_error("TransactionCanceledException", CancellationReasons=reasons, **items)


# not done: sent again


NOT_DONE = {
    put: [
        dynamodb_error("TransactionConflictException"),
        dynamodb_error("ReplicatedWriteConflictException"),
        dynamodb_error("ProvisionedThroughputExceededException"),
        dynamodb_error("ThrottlingException"),
        dynamodb_error("RequestLimitExceeded"),
        no_connection,
        connect_timeout,
    ],
    transaction: [
        cancelled("None", "TransactionConflict"),
        cancelled("ThrottlingError", "None"),
        cancelled("ProvisionedThroughputExceeded", "TransactionConflict"),
        dynamodb_error("ProvisionedThroughputExceededException"),
        dynamodb_error("ThrottlingException"),
        dynamodb_error("RequestLimitExceeded"),
        IN_PROGRESS,
        no_connection,
        connect_timeout,
    ],
}


@pytest.mark.parametrize(
    ("way", "fault"), [(way, fault) for way, faults in NOT_DONE.items() for fault in faults]
)
def test_what_was_not_done_is_sent_again_and_done_once(
    stage: Stage, way: Any, fault: Fault
) -> None:
    write = way()
    stage.faults.next(write.operation, fault, fault)
    write.send(stage)
    assert stage.register.read(KEY) == AFTER
    assert stage.faults.sent.count(write.operation) == 3


@pytest.mark.parametrize("way", [transaction, without_token])
def test_a_transaction_that_is_sent_again_is_the_same_one(stage: Stage, way: Any) -> None:
    conflict = cancelled("None", "TransactionConflict")
    stage.faults.next("TransactWriteItems", conflict, IN_PROGRESS, conflict)
    way().send(stage)
    asked = stage.asked.of("TransactWriteItems")
    assert len(asked) == stage.faults.sent.count("TransactWriteItems") == 4
    assert all(each == asked[0] for each in asked)
    assert asked[0]["ClientRequestToken"]


@both
def test_a_conflict_that_does_not_end_is_unavailable_within_the_budget_and_changes_nothing(
    stage: Stage, way: Any
) -> None:
    write = way()
    for _ in range(300):
        stage.faults.next(write.operation, dynamodb_error("ThrottlingException"))
    before = stage.clock.monotonic()
    with pytest.raises(Unavailable) as raised:
        write.send(stage)
    assert not isinstance(raised.value, Unknown)
    assert stage.clock.monotonic() - before <= 30
    stage.faults.clear()
    assert stage.register.read(KEY) == BEFORE


# a transaction whose twin is still running


def test_a_transaction_in_progress_is_sent_again_after_more_than_five_seconds(
    stage: Stage,
) -> None:
    stage.faults.next("TransactWriteItems", IN_PROGRESS)
    before = stage.clock.monotonic()
    transaction().send(stage)
    assert stage.clock.monotonic() - before > 5
    assert stage.register.read(KEY) == AFTER


def test_a_transaction_in_progress_that_was_served_all_along_is_done_once(stage: Stage) -> None:
    stage.faults.next("TransactWriteItems", served_but(IN_PROGRESS))
    transaction().send(stage)
    assert stage.register.read_all(KEY, OTHER) == (AFTER, BESIDE.attributes)
    assert len(stage.asked.of("TransactWriteItems")) == 2


@pytest.mark.parametrize(
    "last",
    [
        [IN_PROGRESS] * 20,
        [dynamodb_error("ThrottlingException")] * 300,
        [dynamodb_error("AccessDeniedException")],
        [lost_before],
    ],
    ids=["in progress", "throttled", "denied", "lost"],
)
def test_a_transaction_in_progress_is_never_said_to_have_failed(
    stage: Stage, last: list[Fault]
) -> None:
    stage.faults.next("TransactWriteItems", IN_PROGRESS, *last)
    with pytest.raises(Unknown) as raised:
        transaction().send(stage)
    assert raised.value.rule == "store-unknown"
    stage.faults.clear()


def test_a_transaction_in_progress_that_was_cancelled_after_all_says_so(stage: Stage) -> None:
    stage.another().write(SECOND)
    stage.faults.next("TransactWriteItems", IN_PROGRESS)
    with pytest.raises(ConditionFailed):
        transaction().send(stage)


# fate unknown: never sent again in here


@both
@pytest.mark.parametrize("fault", [lost_before, ERROR_500])
def test_a_write_that_may_not_have_arrived_is_unknown_and_not_sent_again(
    stage: Stage, way: Any, fault: Fault
) -> None:
    write = way()
    stage.faults.next(write.operation, fault)
    with pytest.raises(Unknown):
        write.send(stage)
    assert stage.faults.sent == [write.operation]
    assert stage.register.read(KEY) == BEFORE


@both
@pytest.mark.parametrize("fault", [lost_after, served_but(ERROR_500)])
def test_a_write_whose_answer_is_lost_is_unknown_and_was_done_once(
    stage: Stage, way: Any, fault: Fault
) -> None:
    write = way()
    stage.faults.next(write.operation, fault)
    with pytest.raises(Unknown):
        write.send(stage)
    assert stage.faults.sent == [write.operation]
    assert stage.register.read(KEY) == AFTER


def test_a_put_that_is_delivered_twice_is_refused_with_our_own_attempt(stage: Stage) -> None:
    stage.faults.next("PutItem", twice)
    with pytest.raises(ConditionFailed) as refused:
        put().send(stage)
    assert refused.value.items == (AFTER,)
    assert stage.register.read(KEY) == AFTER


def test_a_transaction_that_is_delivered_twice_is_one(stage: Stage) -> None:
    stage.faults.next("TransactWriteItems", twice)
    transaction().send(stage)
    assert stage.register.read_all(KEY, OTHER) == (AFTER, BESIDE.attributes)


# definite answers


def test_a_condition_that_failed_beside_a_conflict_is_a_refusal_and_not_sent_again(
    stage: Stage,
) -> None:
    found = {"pk": {"S": KEY.pk}, "sk": {"S": KEY.sk}, "generation": {"N": "7"}}
    reasons = [{"Code": "ConditionalCheckFailed", "Item": found}, {"Code": "TransactionConflict"}]
    canceled = dynamodb_error("TransactionCanceledException", CancellationReasons=reasons)
    stage.faults.next("TransactWriteItems", canceled)
    with pytest.raises(ConditionFailed) as refused:
        transaction().send(stage)
    assert refused.value.failed == (0,)
    assert refused.value.items[0] == {"generation": 7}
    assert stage.faults.sent == ["TransactWriteItems"]


@pytest.mark.parametrize(
    "codes",
    [
        ("None", "ValidationError"),
        ("ItemCollectionSizeLimitExceeded", "None"),
        ("TransactionConflict", "ValidationError"),
        ("None", "SomethingNew"),
        (),
    ],
    ids=str,
)
def test_a_transaction_that_can_never_stand_is_refused_and_not_sent_again(
    stage: Stage, codes: tuple[str, ...]
) -> None:
    stage.faults.next("TransactWriteItems", cancelled(*codes))
    with pytest.raises(Refused) as refused:
        transaction().send(stage)
    assert refused.value.rule == "store-refused"
    assert all(code in str(refused.value) for code in codes if code != "None")
    assert stage.faults.sent == ["TransactWriteItems"]


@both
def test_a_write_that_is_not_allowed_is_refused_and_not_sent_again(stage: Stage, way: Any) -> None:
    write = way()
    stage.faults.next(write.operation, dynamodb_error("AccessDeniedException"))
    with pytest.raises(Refused) as refused:
        write.send(stage)
    assert refused.value.rule == "access-denied"
    assert stage.faults.sent == [write.operation]


# reads


@pytest.mark.parametrize(
    "fault",
    [lost_before, lost_after, ERROR_500, dynamodb_error("ThrottlingException"), no_connection],
)
def test_a_read_is_sent_again_until_it_is_answered(stage: Stage, fault: Fault) -> None:
    for operation in ("GetItem", "BatchGetItem", "Query"):
        stage.faults.next(operation, fault, fault)
    assert stage.register.read(KEY) == BEFORE
    assert stage.register.read_all(KEY, OTHER) == (BEFORE, None)
    assert [item.attributes for item in stage.register.scan(KEY.pk)] == [BEFORE]
    assert len(stage.faults.sent) == 9


def test_items_that_were_not_served_are_asked_for_again_and_only_they(stage: Stage) -> None:
    stage.register.write(BESIDE)
    third = Key(KEY.pk, "third")
    stage.faults.next(
        "BatchGetItem",
        partly(stage.table, [], [KEY, OTHER, third]),
        partly(stage.table, [BESIDE], [KEY, third]),
    )
    stage.asked.requests.clear()
    assert stage.register.read_all(OTHER, third, KEY) == (BESIDE.attributes, None, BEFORE)
    asked = [each["RequestItems"][stage.table] for each in stage.asked.of("BatchGetItem")]
    assert [len(each["Keys"]) for each in asked] == [3, 3, 2]
    assert all(each["ConsistentRead"] for each in asked)


def test_items_that_are_never_served_are_unavailable_and_not_missing(stage: Stage) -> None:
    never = partly(stage.table, [], [KEY, OTHER])
    stage.faults.next("BatchGetItem", *[never] * 300)
    before = stage.clock.monotonic()
    with pytest.raises(Unavailable, match="were not served"):
        stage.register.read_all(KEY, OTHER)
    assert stage.clock.monotonic() - before <= 30
    stage.faults.clear()


def partly(table: str, served: list[Put], unserved: list[Key]) -> Fault:
    """A batch that leaves keys aside, as for more than 16 MB or a throttled partition."""
    items = [
        {
            "pk": {"S": each.key.pk},
            "sk": {"S": each.key.sk},
            **{name: {"N": str(value)} for name, value in each.attributes.items()},
        }
        for each in served
    ]
    keys = [{"pk": {"S": key.pk}, "sk": {"S": key.sk}} for key in unserved]
    body = {"Responses": {table: items}, "UnprocessedKeys": {table: {"Keys": keys}}}
    return answering(200, json.dumps(body).encode(), content_type="application/x-amz-json-1.0")
