"""The Register in a DynamoDB table, for any number of processes anywhere.

One table with the keys ``pk`` and ``sk``; no index, no stream, no time to live. Each condition is
compiled to a ConditionExpression, so that the service decides and not Python (guarantee 3 of
``Register``). Every read is strongly consistent. Every mutation is sent once by the SDK, and sent
again by ``plans.storage.aws.Calls`` only after an answer that nothing was done.

What an answer means is from "Error handling with DynamoDB" (Developer Guide) and the API reference
of each operation; the table is in ``docs/aws.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError
from botocore.handlers import generate_idempotent_uuid

from plans.clock import Clock
from plans.errors import ConditionFailed, Failed, PlanfenceError, Refused, Unavailable, Unknown
from plans.storage import aws
from plans.storage.actions import check_actions
from plans.storage.aws import BUDGET_SECONDS, Again, Calls, code_of
from plans.storage.dynamodb_conditions import compiled, key_range
from plans.storage.dynamodb_items import (
    PK_BYTES_MAX,
    SK_BYTES_MAX,
    Value,
    attributes_of,
    check_key_part,
    check_transaction,
    stored_item,
    stored_key,
)
from plans.storage.dynamodb_setup import NO_TABLE, Table
from plans.storage.register import Action, Attributes, Condition, Item, Key, Put

KEYS_MAX: Final = 100  # of one BatchGetItem
# "at least one retry to be processed after 5 seconds have elapsed": TransactionInProgressException.
IN_PROGRESS_SECONDS: Final = 5.5

_CONDITION_FAILED: Final = "ConditionalCheckFailedException"
_CANCELED: Final = "TransactionCanceledException"
_IN_PROGRESS: Final = "TransactionInProgressException"
_MISMATCH: Final = "IdempotentParameterMismatchException"
# Somebody else is writing the item, here or in another Region: nothing was done.
_CONFLICTS: Final = frozenset({"TransactionConflictException", "ReplicatedWriteConflictException"})
_CANCELED_FOR_NOW: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_REASON_FAILED: Final = "ConditionalCheckFailed"
_NO_REASON: Final = "None"  # the service's own word, as text

T = TypeVar("T")


class DynamoRegister:
    """A ``Register`` in a DynamoDB table.

    Reads and writes raise, besides what ``Register`` says:

    - ``Unavailable`` (``register-unavailable``) where there is no such table;
    - ``Failed`` (``register-corrupt``) for an item that no register has written;
    - ``Refused`` for what DynamoDB cannot keep (``register-key-size``, ``register-item-size``,
      ``register-write-size``), and before the first write for a table that is replicated to other
      Regions (``register-eventual-replicas``, ``register-strong-replicas``);
    - ``ValueError`` for what no register could do, see ``plans.storage.actions``.

    Args:
        table: the table's name. Only ``create`` makes it.
        region: the SDK's own setting if it is None.
        budget_seconds: how long to try before ``Unavailable``.
        client: makes the SDK's client, at the first use.
        allow_eventual_replicas: waives ``register-eventual-replicas``. Then planfence is safe only
            as long as everybody uses the one Region.
    """

    def __init__(
        self,
        table: str,
        *,
        clock: Clock,
        region: str | None = None,
        budget_seconds: float = BUDGET_SECONDS,
        client: Callable[[], Any] | None = None,
        allow_eventual_replicas: bool = False,
    ) -> None:
        self._name = table
        self._calls = Calls(f"the register dynamodb://{table}", clock, budget_seconds)
        self._new_client = client or partial(aws.client, "dynamodb", region=region)
        self._opened: Any = None
        self._allow_eventual_replicas = allow_eventual_replicas
        self._clock = clock
        self._may_write = False

    def close(self) -> None:
        """Close the connections, if any are open. The next use opens them again."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def check(self) -> list[str]:
        """What is missing or wrong with the table, each as one line with what to do.

        Raises:
            Refused, Unavailable: it could not be looked at.
        """
        return self._table.problems()

    def create(self) -> None:
        """Make the table if there is none, and turn on what protects it. Idempotent.

        Changes no item and no capacity, and drops nothing. What it does not mend, ``check`` says.

        Raises:
            Refused, Unavailable, Unknown: it could not be done, or not all of it.
        """
        self._table.create()

    def read(self, key: Key) -> Attributes | None:
        """The item's attributes, or None; see ``Register.read``."""
        asked = stored_key(key)
        answer = self._read(
            lambda: self._client.get_item(TableName=self._name, Key=asked, ConsistentRead=True)
        )
        return self._found(answer.get("Item"))

    def read_all(self, *keys: Key) -> tuple[Attributes | None, ...]:
        """Several items; see ``Register.read_all``. One request, if the service serves it whole."""
        pending = {key: stored_key(key) for key in keys}  # once each: the service refuses repeats
        if len(pending) > KEYS_MAX:
            raise ValueError(f"at most {KEYS_MAX} keys are read at once")
        found: dict[Key, Attributes | None] = {}

        def read_pending() -> None:
            asked = {"Keys": list(pending.values()), "ConsistentRead": True}
            answer = self._client.batch_get_item(RequestItems={self._name: asked})
            found.update(map(self._item, answer["Responses"].get(self._name, ())))
            left = answer["UnprocessedKeys"].get(self._name, {}).get("Keys", ())
            for key in pending.keys() - set(map(_key_of, left)):
                del pending[key]
            if pending:
                raise Again(f"{len(pending)} of {len(keys)} items were not served")

        if pending:
            self._read(read_pending)
        return tuple(found.get(key) for key in keys)

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        """Items of a partition, ascending by code point; see ``Register.scan``.

        Reads page by page, and of the partition only what is asked for. Items written meanwhile
        may or may not be seen.
        """
        check_key_part("partition key", pk, PK_BYTES_MAX)
        for bound in filter(None, (prefix, after)):
            check_key_part("sort key", bound, SK_BYTES_MAX)
        if after > prefix and not after.startswith(prefix):
            return  # Every key of the prefix is below it.
        query = {"TableName": self._name, "ConsistentRead": True, **key_range(pk, prefix, after)}
        while True:
            page = self._read(partial(self._client.query, **query))
            for item in map(self._item, page["Items"]):
                if item.key.sk > after and item.key.sk.startswith(prefix):
                    yield item
            if "LastEvaluatedKey" not in page:
                return
            query = {**query, "ExclusiveStartKey": page["LastEvaluatedKey"]}

    def write(self, *actions: Action, token: str | None = None) -> None:
        """Do all of the actions, or none; see ``Register.write``.

        The service remembers the token of a transaction for 10 minutes. A single put has none, so
        that its condition is evaluated anew. Nothing is sent again in here once its fate is
        unknown, with a token or without: whoever wants to know reads first (``plans.journal``).
        """
        check_actions(actions, token)
        if not self._may_write:
            self._table.refuse_replicas()
            self._may_write = True
        if len(actions) == 1 and isinstance(actions[0], Put):
            self._put(actions[0])
        else:
            self._transact(actions, token)

    def _put(self, put: Put) -> None:
        request = _put_request(self._name, put)
        # DynamoDB puts the writes of one item in one order, and evaluates each condition at its
        # place in that order. A before B: B's condition is evaluated on what A wrote. B before A:
        # the same with the names exchanged. A transaction under way on the item refuses the put
        # with nothing done, and it is sent again. A put that is delivered late or twice meets its
        # condition again, on what is there by then.
        try:
            self._calls.write(
                lambda: self._client.put_item(**request),
                answers=frozenset({_CONDITION_FAILED, NO_TABLE}),
                again=_CONFLICTS,
            )
        except ClientError as error:
            if code_of(error) == NO_TABLE:
                raise self._table.missing() from error
            response: Mapping[str, Any] = error.response
            found = self._found(response.get("Item"))
            raise _condition_failed((put,), [0], [found]) from error

    def _transact(self, actions: tuple[Action, ...], token: str | None) -> None:
        request: dict[str, Any] = {"TransactItems": [self._part(each) for each in actions]}
        check_transaction(part["Put"]["Item"] for part in request["TransactItems"] if "Put" in part)
        if token is not None:
            request["ClientRequestToken"] = token
        # The SDK makes a token where there is none, but a new one for each sending. Made here, by
        # the same function, it is one for all sendings of this call.
        model = self._client.meta.service_model.operation_model("TransactWriteItems")
        generate_idempotent_uuid(request, model)
        in_progress = False

        def send() -> None:
            nonlocal in_progress
            try:
                self._client.transact_write_items(**request)
            except ClientError as error:
                in_progress = in_progress or code_of(error) == _IN_PROGRESS
                again = _again(error)
                if again is None:
                    raise
                raise again from error

        # The service prepares all items, each with its condition evaluated, before it writes any;
        # a prepared item refuses everybody else's writes until the transaction is decided
        # ("Distributed Transactions at Scale in Amazon DynamoDB", USENIX ATC 2023).
        # A before B: B's conditions are evaluated on what A wrote. B before A: the same with the
        # names exchanged. Both at once: one finds an item prepared by the other, or each does;
        # it is cancelled whole, with nothing done, and sent again. So of two transactions whose
        # conditions exclude each other never both stand. Delivered late or twice, the token makes
        # it the same one for 10 minutes; later its conditions are evaluated anew, as a put's.
        try:
            self._calls.write(send, answers=frozenset({_CANCELED, _MISMATCH, NO_TABLE}))
        except ClientError as error:
            raise self._verdict(error, actions) from error
        except (Refused, Unavailable) as error:
            if in_progress:
                raise self._unknown(error) from error
            raise

    def _part(self, action: Action) -> dict[str, Any]:
        """An action as a part of a transaction."""
        if isinstance(action, Put):
            return {"Put": _put_request(self._name, action)}
        check = {
            "TableName": self._name,
            "Key": stored_key(action.key),
            **_conditional(action.condition),
        }
        return {"ConditionCheck": check}

    def _verdict(self, error: ClientError, actions: tuple[Action, ...]) -> PlanfenceError:
        """What a definite answer to a transaction means; none of them has written anything."""
        if code_of(error) == NO_TABLE:
            return self._table.missing()
        if code_of(error) == _MISMATCH:
            return Failed(
                f"{self._calls.name} has seen this write's token with another write",
                rule="register-token-reused",
                remedy="run the command again; if that fails too, keep its output, since this is"
                " an error in planfence",
            )
        reasons = _reasons(error)
        # One condition that did not hold is enough, whatever else is in the way: at that instant
        # the transaction could not stand. A conflict on another item says nothing about that, nor
        # would a repetition make it true; which of the conditions beside a conflict hold is not
        # known, and ``failed`` has those that are known not to.
        failed = [n for n, reason in enumerate(reasons) if reason["Code"] == _REASON_FAILED]
        if failed:
            items = [self._found(reason.get("Item")) for reason in reasons]
            return _condition_failed(actions, failed, items)
        told = [
            f"{reason['Code']} of {action.key.pk} {action.key.sk}: {reason.get('Message')}"
            for action, reason in zip(actions, reasons, strict=False)
            if reason["Code"] != _NO_REASON
        ]
        return Refused(
            f"{self._calls.name} does not accept a write: {'; '.join(told) or error}",
            rule="store-refused",
            remedy="check the stores with `planfence init`",
        )

    def _unknown(self, last: PlanfenceError) -> Unknown:
        """An earlier sending was in progress when last heard of, and may still take effect."""
        return Unknown(
            f"it is not known whether {self._calls.name} was written: the service was still at it,"
            f" and then {last.what}",
            rule="store-unknown",
            remedy="run the command again: it finds out what happened before it does anything",
        )

    @property
    def _client(self) -> Any:
        if self._opened is None:
            self._opened = self._new_client()
        return self._opened

    @property
    def _table(self) -> Table:
        return Table(
            self._name,
            self._client,
            self._calls,
            self._clock,
            allow_eventual_replicas=self._allow_eventual_replicas,
        )

    def _read(self, call: Callable[[], T]) -> T:
        try:
            return self._calls.read(call, answers=frozenset({NO_TABLE}))
        except ClientError as error:
            raise self._table.missing() from error

    def _found(self, item: Mapping[str, Value] | None) -> Attributes | None:
        return None if item is None else self._item(item).attributes

    def _item(self, item: Mapping[str, Value]) -> Item:
        key = _key_of(item)
        try:
            return Item(key, attributes_of(item))
        except ValueError as error:
            raise Failed(
                f"item {key.pk} {key.sk} of {self._calls.name} is damaged: {error}",
                rule="register-corrupt",
                remedy="keep the table, restore a backup aside, and compare it with the targets'"
                " fences",
            ) from error


def _key_of(stored: Mapping[str, Value]) -> Key:
    return Key(stored["pk"]["S"], stored["sk"]["S"])


def _conditional(condition: Condition) -> dict[str, Any]:
    return {**compiled(condition), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _put_request(table: str, put: Put) -> dict[str, Any]:
    return {"TableName": table, "Item": stored_item(put), **_conditional(put.condition)}


def _reasons(error: ClientError) -> Sequence[Mapping[str, Any]]:
    """Why a transaction was cancelled: one for each action, in their order."""
    return error.response.get("CancellationReasons", ())


def _again(error: ClientError) -> Again | None:
    """Whether the same transaction is to be sent again, with the same token."""
    if code_of(error) == _IN_PROGRESS:
        return Again(str(error), wait_seconds=IN_PROGRESS_SECONDS)
    codes = {reason["Code"] for reason in _reasons(error)} - {_NO_REASON}
    if codes and codes <= _CANCELED_FOR_NOW:
        return Again(f"{_CANCELED}: {', '.join(sorted(codes))}")
    return None


def _condition_failed(
    actions: Sequence[Action], failed: Sequence[int], items: Sequence[Attributes | None]
) -> ConditionFailed:
    pk, sk = actions[failed[0]].key
    return ConditionFailed(f"the condition on {pk} {sk} does not hold", failed=failed, items=items)
