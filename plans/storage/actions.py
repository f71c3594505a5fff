"""What no register can do, whoever keeps it: one check, made before anything is sent.

A write that one backend takes and another refuses would pass every test and fail in production. So
each refuses what any of them cannot keep, as a programming error (``ValueError``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from plans.storage.register import Absent, Action, Condition, Put, Where

ACTIONS_MAX: Final = 100
TOKEN_LENGTH_MAX: Final = 36
WHOLE_NUMBER_MAX: Final = 2**63 - 1

_OPERATORS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
# SQLite has names in JSON paths between double quotes, where it knows no escapes.
_NAME: Final = re.compile(r"[ !#-\[\]-~]+")


def check_actions(actions: tuple[Action, ...], token: str | None) -> None:
    """Refuse a write that no register can do.

    Raises:
        ValueError: no actions, or too many, or two on one key; an empty key; a comparison with
            what is neither text nor a whole number; a value that is no ``Attribute``, NUL in text
            or whole numbers beyond 63 bits; a token that is empty or too long.
    """
    keys = {action.key for action in actions}
    if not 1 <= len(actions) <= ACTIONS_MAX or len(keys) != len(actions):
        raise ValueError(f"a write takes 1 to {ACTIONS_MAX} actions, no two on one key")
    if token is not None and not 1 <= len(token) <= TOKEN_LENGTH_MAX:
        raise ValueError(f"the token of an action has 1 to {TOKEN_LENGTH_MAX} characters")
    for action in actions:
        if "" in action.key:
            raise ValueError(f"a key has an empty part: {action.key}")
        _check_condition(action.condition)
        if isinstance(action, Put):
            check_attributes(action.attributes)


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Refuse what cannot be an item: when it is written, and when it is read back.

    Raises:
        ValueError: a name or a value that no register keeps.
    """
    for name, value in attributes.items():
        _check_name(name)
        if not _is_attribute(value):
            raise ValueError(f"not the value of an attribute: {name} = {value!r:.80}")


def _check_condition(condition: Condition) -> None:
    if isinstance(condition, Where):
        whole_or_text = type(condition.value) in (int, str) and _is_attribute(condition.value)
        if not whole_or_text or condition.operator not in _OPERATORS:
            raise ValueError(f"not a comparison of text or whole numbers: {condition}")
        _check_name(condition.attribute)
    elif not isinstance(condition, Absent):
        for part in condition.parts:
            _check_condition(part)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"not the name of an attribute: {name!r}")


def _is_attribute(value: object) -> bool:
    if isinstance(value, str):
        # SQLite ends JSON text at NUL; text that is not Unicode raises UnicodeEncodeError.
        return b"\0" not in value.encode()
    if isinstance(value, list):
        return all(isinstance(part, str) and _is_attribute(part) for part in value)
    # bool is an int to Python.
    return value is None or (isinstance(value, int) and abs(value) <= WHOLE_NUMBER_MAX)
