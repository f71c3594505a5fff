"""Items in DynamoDB's own form: attributes by type, names, sizes.

An attribute of an item is an attribute in DynamoDB too, under its own name, so that the console
reads like the register and a condition can name it. The keys are ``pk`` and ``sk``; an attribute
of such a name (``_pk``, ``__sk`` likewise) is kept with one more underscore in front.

Sizes: "Quotas in Amazon DynamoDB" and "DynamoDB item sizes and formats", Developer Guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from plans.errors import Refused
from plans.storage.actions import check_attributes
from plans.storage.register import Attribute, Attributes, Key, Put

PK_BYTES_MAX: Final = 2_048
SK_BYTES_MAX: Final = 1_024
ITEM_BYTES_MAX: Final = 400 * 1_024
TRANSACTION_BYTES_MAX: Final = 4 * 1_024 * 1_024

Value = Mapping[str, Any]
"""A value with its type, as ``{"S": "text"}``."""

_NUMBER_BYTES_MAX: Final = 21  # 38 digits; ours have 19 at most, so this is more than they take
_LIKE_A_KEY: Final = re.compile(r"_*(pk|sk)")


def stored_name(name: str) -> str:
    """What an attribute is called in the table. No two are called the same."""
    return f"_{name}" if _LIKE_A_KEY.fullmatch(name) else name


def stored_value(value: Attribute) -> Value:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):  # before int, which it is one of to Python
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    return {"L": [{"S": part} for part in value]}


def stored_key(key: Key) -> dict[str, Value]:
    """The key of an item, for a request.

    Raises:
        Refused: DynamoDB has no keys of that length (rule ``register-key-size``).
        ValueError: a part is empty, or no Unicode text.
    """
    check_key_part("partition key", key.pk, PK_BYTES_MAX)
    check_key_part("sort key", key.sk, SK_BYTES_MAX)
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def check_key_part(which: str, part: str, bytes_max: int) -> None:
    """Refuse a part of a key that no item of a table can have; see ``stored_key``."""
    length = len(part.encode())
    if length == 0:
        raise ValueError(f"a key has an empty part: the {which}")
    if length > bytes_max:
        raise Refused(
            f"the {which} {part:.40}... is too long for DynamoDB",
            rule="register-key-size",
            expected=f"{bytes_max} bytes at most",
            actual=str(length),
            remedy="use a shorter name",
        )


def stored_item(put: Put) -> dict[str, Value]:
    """The whole item that a put writes.

    Raises:
        Refused: as for ``stored_key``; or larger than an item may be (``register-item-size``).
    """
    item = stored_key(put.key)
    item |= {stored_name(name): stored_value(value) for name, value in put.attributes.items()}
    size = _item_bytes(item)
    if size > ITEM_BYTES_MAX:
        raise Refused(
            f"item {put.key.pk} {put.key.sk} is too large for DynamoDB",
            rule="register-item-size",
            expected=f"{ITEM_BYTES_MAX} bytes at most",
            actual=str(size),
            remedy="write less: shorten the reason or the names in it",
        )
    return item


def check_transaction(items: Iterable[Mapping[str, Value]]) -> None:
    """Refuse items that are too large for one transaction (rule ``register-write-size``)."""
    size = sum(map(_item_bytes, items))
    if size > TRANSACTION_BYTES_MAX:
        raise Refused(
            "what is to be written at once is too large for DynamoDB",
            rule="register-write-size",
            expected=f"{TRANSACTION_BYTES_MAX} bytes at most",
            actual=str(size),
            remedy="write less at once",
        )


def attributes_of(item: Mapping[str, Value]) -> Attributes:
    """The attributes of an item as the service returned it.

    Raises:
        ValueError: it has what no register writes.
    """
    found = {
        re.sub("^_", "", name) if _LIKE_A_KEY.fullmatch(name) else name: _value_of(name, value)
        for name, value in item.items()
        if name not in ("pk", "sk")
    }
    check_attributes(found)
    return found


def _value_of(name: str, value: Value) -> Attribute:
    ((kind, content),) = value.items()
    if kind == "NULL":
        return None
    if kind in ("BOOL", "S"):
        return content  # type: ignore[no-any-return]  # botocore has parsed it by its type
    if kind == "N":
        return int(content)
    if kind == "L" and all(set(part) == {"S"} for part in content):
        return [part["S"] for part in content]
    raise ValueError(f"{name} is of type {kind}")


def _item_bytes(item: Mapping[str, Value]) -> int:
    """The size of an item as the service counts it, or a little more."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Value) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return _NUMBER_BYTES_MAX
    if kind == "L":
        return 3 + sum(1 + _value_bytes(part) for part in content)
    return 1
