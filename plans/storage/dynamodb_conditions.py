"""Conditions as DynamoDB evaluates them: the rule stands in the request, not before it.

The expressions follow the grammar of "Condition and filter expressions, operators, and functions"
(Developer Guide). The service refuses doubled brackets, and names or values that no expression
uses; so each part brings its own brackets, and only what was used is sent.
"""

from __future__ import annotations

from typing import Any, Final

from plans.storage.dynamodb_items import Value, stored_name, stored_value
from plans.storage.register import Absent, All, Condition, Where

_NEVER: Final = "(attribute_exists(pk) AND attribute_not_exists(pk))"
_ALWAYS: Final = "(attribute_exists(pk) OR attribute_not_exists(pk))"


def compiled(condition: Condition) -> dict[str, Any]:
    """The condition as arguments of a request, for ``**``.

    The same condition gives the same arguments: a request that is sent again must be equal, or its
    token is refused.
    """
    expression = _Expression()
    arguments: dict[str, Any] = {"ConditionExpression": expression.text(condition)}
    if expression.values:
        names = {name: attribute for attribute, name in expression.names.items()}
        arguments["ExpressionAttributeNames"] = names
        arguments["ExpressionAttributeValues"] = expression.values
    return arguments


def key_range(pk: str, prefix: str, after: str) -> dict[str, Any]:
    """Which part of a partition a query reads, as its arguments.

    A query may have one condition on the sort key. This one selects what starts with ``prefix``
    and is above ``after``, and at most one key more at either end: BETWEEN includes both.
    """
    conditions, values = ["pk = :pk"], {":pk": {"S": pk}}
    end = _end(prefix)
    if prefix > after:
        conditions.append("begins_with(sk, :prefix)")
        values[":prefix"] = {"S": prefix}
    elif end:
        conditions.append("sk BETWEEN :after AND :end")
        values |= {":after": {"S": after}, ":end": {"S": end}}
    elif after:
        conditions.append("sk > :after")
        values[":after"] = {"S": after}
    return {
        "KeyConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeValues": values,
    }


class _Expression:
    """An expression in the making, with the names and values that stand for others in it."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}  # by attribute
        self.values: dict[str, Value] = {}

    def text(self, condition: Condition) -> str:
        if isinstance(condition, Absent):
            return "attribute_not_exists(pk)"
        if isinstance(condition, Where):
            return self._comparison(condition)
        joint, nothing = (" AND ", _ALWAYS) if isinstance(condition, All) else (" OR ", _NEVER)
        if not condition.parts:
            return nothing
        if len(condition.parts) == 1:
            return self.text(condition.parts[0])
        return f"({joint.join(map(self.text, condition.parts))})"

    def _comparison(self, where: Where) -> str:
        # Without the type, <> would hold for an attribute of another type, or none at all.
        value = stored_value(where.value)
        (type_,) = value
        name = self.names.setdefault(stored_name(where.attribute), f"#n{len(self.names)}")
        self.values[f":{type_}"] = {"S": type_}
        compared = f":v{len(self.values)}"
        self.values[compared] = value
        return f"(attribute_type({name}, :{type_}) AND {name} {where.operator} {compared})"


def _end(prefix: str) -> str:
    """The least text above every text that starts with ``prefix``; empty if there is none."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return ""
    above = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if above == 0xD800 else above)  # Surrogates are no text.
