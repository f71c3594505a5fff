"""What only the register in DynamoDB does: its requests, its limits, its tokens."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from plans.errors import ConditionFailed, Failed, Refused
from plans.storage.dynamodb import DynamoRegister
from plans.storage.register import Absent, Action, All, Check, Either, Key, Put, Where
from tests.builders import FixedClock
from tests.doubles.memory import MemoryRegister
from tests.emulators.servers import REGION, Server
from tests.plans.storage.tables import Stage

KEY = Key("enact#dns/example.com", "pointer")
OTHER = Key("enact#dns/example.com", "other")
ALWAYS, NEVER = All(()), Either(())
FIRST = Put(KEY, {"generation": 1}, Absent())
SECOND = Put(KEY, {"generation": 2}, Where("generation", "=", 1))
BESIDE = Put(OTHER, {"n": 1}, ALWAYS)
ITEM_BYTES_MAX = 400 * 1024


@pytest.fixture
def stage(ministack_server: Server) -> Iterator[Stage]:
    stage = Stage(ministack_server)
    yield stage
    stage.close()


# requests


def test_every_read_is_consistent_and_one_request(stage: Stage) -> None:
    stage.register.write(FIRST)
    stage.asked.requests.clear()
    keys = [KEY, *(Key(KEY.pk, f"{n}") for n in range(99))]
    assert stage.register.read(KEY) == {"generation": 1}
    assert stage.register.read_all(*keys) == ({"generation": 1}, *[None] * 99)
    assert [item.key for item in stage.register.scan(KEY.pk)] == [KEY]
    (read, batch, query) = stage.asked.requests
    assert [read[0], batch[0], query[0]] == ["GetItem", "BatchGetItem", "Query"]
    assert read[1]["ConsistentRead"]
    assert batch[1]["RequestItems"][stage.table]["ConsistentRead"]
    assert query[1]["ConsistentRead"]


def test_a_key_that_is_asked_for_twice_is_read_once(stage: Stage) -> None:
    stage.register.write(FIRST)
    assert stage.register.read_all(KEY, OTHER, KEY) == ({"generation": 1}, None, {"generation": 1})
    (asked,) = stage.asked.of("BatchGetItem")
    assert len(asked["RequestItems"][stage.table]["Keys"]) == 2


def test_no_more_than_a_hundred_keys_are_read_at_once(stage: Stage) -> None:
    with pytest.raises(ValueError, match="100 keys"):
        stage.register.read_all(*(Key("p", f"{n}") for n in range(101)))
    assert stage.register.read_all() == ()
    assert stage.asked.operations == []


def test_a_single_put_is_a_put_and_all_else_a_transaction(stage: Stage) -> None:
    stage.register.write(FIRST)
    stage.register.write(Check(KEY, Where("generation", "=", 1)))
    stage.register.write(SECOND, BESIDE)
    assert stage.asked.operations == ["PutItem", "TransactWriteItems", "TransactWriteItems"]
    parts = stage.asked.of("PutItem")
    for transaction in stage.asked.of("TransactWriteItems"):
        parts += [part for action in transaction["TransactItems"] for part in action.values()]
    assert len(parts) == 4
    assert all(part["ConditionExpression"] for part in parts)
    assert all(part["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD" for part in parts)


def test_a_client_is_made_at_the_first_use_and_again_after_close(
    ministack_server: Server, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    for name, value in ministack_server.environment.items():
        monkeypatch.setenv(name, value)
    register = DynamoRegister(stage.table, clock=FixedClock(), region=REGION)
    register.close()
    for _ in range(2):
        assert register.read(KEY) is None
        register.close()


# scan


@pytest.mark.parametrize(
    ("prefix", "after"),
    [
        ("", ""),
        ("", "step#3"),
        ("step#", ""),
        ("step#", "step"),
        ("step#", "step#"),
        ("step#", "step#3"),
        ("step#", "pointer"),
        ("step#", "step$"),
        ("step#", "zz"),
        ("zz", ""),
    ],
)
def test_a_scan_reads_only_what_it_gives_and_one_item_at_either_end(
    stage: Stage, prefix: str, after: str
) -> None:
    keys = [*(f"step#{n}" for n in range(9)), "pointer", "step", "step#", "step$", "zz"]
    stage.register.write(*(Put(Key("p", sk), {}, Absent()) for sk in keys))
    expected = sorted(sk for sk in keys if sk.startswith(prefix) and sk > after)
    assert [item.key.sk for item in stage.register.scan("p", prefix, after)] == expected
    read = [answer["ScannedCount"] for name, answer in stage.asked.answers if name == "Query"]
    assert sum(read) <= len(expected) + 2
    assert len(read) <= 1


def test_what_is_above_a_prefix_is_not_asked_for(stage: Stage) -> None:
    assert list(stage.register.scan("p", "step#", "step$")) == []
    assert stage.asked.operations == []


def test_a_scan_reads_page_by_page_and_only_as_far_as_it_is_followed(stage: Stage) -> None:
    keys = [Key("p", f"{n:02d}") for n in range(8)]
    for key in keys:  # a page has 1 MB at most
        stage.register.write(Put(key, {"document": "x" * 300_000}, Absent()))
    assert [item.key for item in stage.register.scan("p")] == keys
    pages = len(stage.asked.of("Query"))
    assert pages >= 3
    assert next(stage.register.scan("p")).key == keys[0]
    assert len(stage.asked.of("Query")) == pages + 1


@pytest.mark.parametrize("prefix", ["\x7f", "\ud7ff", "a\U0010ffff", "\U0010ffff", "\uffff"])
def test_a_scan_knows_where_a_prefix_ends_whatever_its_last_character_is(
    stage: Stage, prefix: str
) -> None:
    model = MemoryRegister()
    ends = ["", "\x01", "a", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"]
    sort_keys = {f"{start}{end}" for start in (prefix, "a", "b", "\x80", "\ue000") for end in ends}
    puts = [Put(Key("p", sk), {}, Absent()) for sk in sorted(sort_keys)]
    model.write(*puts)
    stage.register.write(*puts)
    for after in ("", prefix, f"{prefix}a", f"{prefix}\uffff", f"{prefix}\U0010ffff"):
        found = list(stage.register.scan("p", prefix, after))
        assert found == list(model.scan("p", prefix, after))


# limits


@pytest.mark.parametrize("key", [Key("x" * 2049, "s"), Key("p", "é" * 513)], ids=["pk", "sk"])
def test_a_key_that_no_table_can_have_is_refused_before_anything_is_sent(
    stage: Stage, key: Key
) -> None:
    register = stage.register
    for use in (
        lambda: register.read(key),
        lambda: register.read_all(OTHER, key),
        lambda: list(register.scan(*key)),
        lambda: register.write(Put(key, {}, ALWAYS)),
        lambda: register.write(BESIDE, Check(key, ALWAYS)),
    ):
        with pytest.raises(Refused) as refused:
            use()
        assert refused.value.rule == "register-key-size"
    assert stage.asked.operations == []


def test_the_longest_keys_and_the_largest_item_are_kept(stage: Stage) -> None:
    key = Key("x" * 2048, "é" * 512)
    overhead = len("pk" + "sk" + "document") + 2048 + 1024
    largest = {"document": "x" * (ITEM_BYTES_MAX - overhead)}
    stage.register.write(Put(key, largest, Absent()))
    assert stage.register.read(key) == largest
    assert [item.key for item in stage.register.scan(key.pk, key.sk)] == [key]


@pytest.mark.parametrize("beside", [[], [BESIDE]], ids=["put", "transaction"])
def test_an_item_that_is_too_large_is_refused_before_anything_is_sent(
    stage: Stage, beside: list[Action]
) -> None:
    too_large = Put(KEY, {"names": ["x" * 1000] * 410}, ALWAYS)
    with pytest.raises(Refused) as refused:
        stage.register.write(too_large, *beside)
    assert refused.value.rule == "register-item-size"
    assert stage.asked.operations == []


def test_a_transaction_that_is_too_large_is_refused_before_anything_is_sent(stage: Stage) -> None:
    document = {"document": "x" * 400_000}
    with pytest.raises(Refused) as refused:
        stage.register.write(*(Put(Key("p", f"{n}"), document, ALWAYS) for n in range(11)))
    assert refused.value.rule == "register-write-size"
    assert stage.asked.operations == []
    stage.register.write(*(Put(Key("p", f"{n}"), document, ALWAYS) for n in range(10)))


def test_a_read_of_no_key_is_a_programming_error(stage: Stage) -> None:
    for key in (Key("", "s"), Key("p", "")):
        with pytest.raises(ValueError, match="empty"):
            stage.register.read(key)
    with pytest.raises(ValueError, match="empty"):
        list(stage.register.scan(""))


# items that no register has written


@pytest.mark.parametrize(
    "value",
    [
        {"N": "1.5"},
        {"N": str(2**63)},
        {"SS": ["a"]},
        {"B": b"bytes"},
        {"M": {"S": {"S": "a"}}},
        {"L": [{"N": "1"}]},
        {"L": [{"L": [{"S": "a"}]}]},
        {"S": "a\0b"},
    ],
    ids=str,
)
def test_an_item_that_no_register_wrote_is_a_corrupt_register(
    stage: Stage, value: dict[str, Any]
) -> None:
    item = {"pk": {"S": KEY.pk}, "sk": {"S": KEY.sk}, "value": value}
    stage.raw.put_item(TableName=stage.table, Item=item)
    register = stage.register
    for use in (
        lambda: register.read(KEY),
        lambda: register.read_all(KEY),
        lambda: list(register.scan(KEY.pk)),
        lambda: register.write(FIRST),
        lambda: register.write(FIRST, BESIDE),
    ):
        with pytest.raises(Failed) as failed:
            use()
        assert failed.value.rule == "register-corrupt"
        assert KEY.pk in str(failed.value)
    assert register.read(OTHER) is None


# tokens


def new_token() -> str:
    """One of 36 characters, the longest. A token is known to the whole account, not to a table."""
    return str(uuid.uuid4())


@pytest.fixture
def either_stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    stage = Stage(request.getfixturevalue(request.param))
    yield stage
    stage.close()


on_both = pytest.mark.parametrize(
    "either_stage",
    [
        "ministack_server",
        pytest.param(
            "moto_server",
            marks=pytest.mark.xfail(strict=True, reason="moto ignores ClientRequestToken"),
        ),
    ],
    indirect=True,
)


@on_both
def test_a_transaction_repeated_with_its_token_is_answered_as_the_first_and_not_done_again(
    either_stage: Stage,
) -> None:
    register, token = either_stage.register, new_token()
    register.write(FIRST, BESIDE, token=token)
    register.write(SECOND)
    register.write(FIRST, BESIDE, token=token)
    assert register.read_all(KEY, OTHER) == ({"generation": 2}, {"n": 1})


@on_both
def test_a_token_that_names_two_transactions_is_an_error_of_ours(either_stage: Stage) -> None:
    register, token = either_stage.register, new_token()
    register.write(FIRST, BESIDE, token=token)
    with pytest.raises(Failed) as failed:
        register.write(SECOND, BESIDE, token=token)
    assert failed.value.rule == "register-token-reused"
    assert register.read(KEY) == {"generation": 1}


def test_a_transaction_without_a_token_is_a_new_one_each_time(stage: Stage) -> None:
    check = Check(KEY, Where("generation", "=", 1))
    stage.register.write(FIRST)
    stage.register.write(check, BESIDE)
    stage.register.write(check, BESIDE)
    stage.register.write(SECOND)
    with pytest.raises(ConditionFailed):
        stage.register.write(check, BESIDE)
    tokens = [each["ClientRequestToken"] for each in stage.asked.of("TransactWriteItems")]
    assert len(set(tokens)) == 3


def test_a_given_token_is_the_one_that_is_sent(stage: Stage) -> None:
    token = new_token()
    stage.register.write(FIRST, BESIDE, token=token)
    (sent,) = stage.asked.of("TransactWriteItems")
    assert sent["ClientRequestToken"] == token
