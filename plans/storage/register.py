"""The Register: small items, changed only by condition.

Guarantees every backend gives (``tests/contracts/test_register.py`` holds each of them to it):

1. ``read`` and ``scan`` see every write acknowledged before they began.
2. ``write`` is atomic over all its actions: every condition holds at one instant and everything is
   written, or nothing is.
3. The condition is evaluated **by the store**, in the same statement as the write. Python never
   checks first and writes afterwards.
4. No item is ever deleted, and none expires: there is no action for it.

Attributes are flat: text, whole numbers, booleans, null and lists of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from plans.names import Key

Attribute = str | int | bool | None | list[str]
Attributes = Mapping[str, Attribute]
__all__ = [
    "Absent",
    "Action",
    "All",
    "Attribute",
    "Attributes",
    "Check",
    "Condition",
    "Either",
    "Item",
    "Key",
    "Operator",
    "Put",
    "Register",
    "Where",
]

Operator = Literal["=", "<>", "<", "<=", ">", ">="]


class Item(NamedTuple):
    """An item as read."""

    key: Key
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Absent:
    """Holds when there is no item under the key."""


@dataclass(frozen=True, slots=True)
class Where:
    """Holds when the item exists and its attribute compares so.

    Both sides must be of one type (text or whole number): an attribute that is missing, null or of
    another type makes every comparison false, ``<>`` included. Text compares by code point.
    """

    attribute: str
    operator: Operator
    value: str | int


@dataclass(frozen=True, slots=True)
class All:
    """Holds when every part holds. ``All(())`` always holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Holds when at least one part holds."""

    parts: tuple[Condition, ...]


Condition = Absent | Where | All | Either


@dataclass(frozen=True, slots=True)
class Put:
    """Replace the whole item, if the condition holds for what is there now."""

    key: Key
    attributes: Attributes
    condition: Condition


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing; the transaction stands only if the condition holds."""

    key: Key
    condition: Condition


Action = Put | Check


class Register(Protocol):
    """Conditional storage of the stream's few mutable facts."""

    def read(self, key: Key) -> Attributes | None:
        """The item's attributes, or None. Consistent.

        Raises:
            Unavailable: it could not be read; never means "not there".
            Failed: the register is corrupt.
        """
        ...

    def read_all(self, *keys: Key) -> tuple[Attributes | None, ...]:
        """Several items in one request, in the order of the keys; at most 100.

        Each is consistent as for ``read``. They are not of one instant: a write of two of them may
        be seen in one and not in the other.

        Raises:
            Unavailable, Failed: as for ``read``.
        """
        ...

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        """Items of one partition, ascending, whose sort key has ``prefix`` and is above ``after``.

        Raises:
            Unavailable: the scan is not complete.
        """
        ...

    def write(self, *actions: Action, token: str | None = None) -> None:
        """Do all of the actions, or none. No two actions may name one key; at most 100.

        Args:
            token: names this write, and no other, for ever (1 to 36 characters). A store that
                remembers tokens answers a repetition as it answered the first; one that does not
                evaluates the conditions anew. So a caller that repeats must do with either.

        Raises:
            ConditionFailed: at least one condition did not hold; nothing was written.
            Unknown: sent, fate not known; re-read before deciding.
            Unavailable: nothing was written.
            Failed: the register is corrupt.
        """
        ...
