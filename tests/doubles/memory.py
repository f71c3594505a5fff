"""An archive and a register in memory, for the simulation: no threads, no I/O, no clock.

Every method runs from start to end without a scheduling point, so that each is one atomic step.
Their own code, on purpose: they check arguments and evaluate conditions without the embedded
backends' help, and the contract suites compare the two.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from types import MappingProxyType
from typing import Any, NoReturn

from plans.errors import ConditionFailed, Conflict, KeyTaken, Refused
from plans.storage import archive
from plans.storage.archive import Stored
from plans.storage.register import Absent, Action, All, Attributes, Condition, Item, Key, Put, Where

_SEGMENT = re.compile(r"(?!\.{1,2}$)[ -.0-~]+")
_NAME = re.compile(r"[ !#-\[\]-~]+")
_LAST = "\x7f"  # above every character of an archive key
_COMPARED = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


class MemoryArchive:
    """An ``Archive`` that forgets everything with the process."""

    def __init__(self) -> None:
        self._objects: dict[str, Stored] = {}
        self._keys: list[str] = []

    def create(self, key: str, body: bytes) -> None:
        _check_key(key)
        _check_size(key, body)
        if key in self._objects:
            raise KeyTaken(f"{key} exists in the archive", rule="write-once")
        insort(self._keys, key)
        self._objects[key] = _stored(body)

    def read(self, key: str, *, size: int | None = None) -> Stored | None:
        _check_key(key)
        found = self._objects.get(key)
        if found is not None and size not in (None, len(found.body)):
            raise Refused(f"{key} is of another size", rule="object-size")
        if found is not None:
            _check_size(key, found.body)
        return found

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        if "/" in prefix:
            _check_key(prefix.rpartition("/")[0])
        start = max(bisect_left(self._keys, prefix), bisect_right(self._keys, after))
        return iter(self._keys[start : bisect_left(self._keys, prefix + _LAST)])

    def bury(self, key: str, tombstone: bytes, etag: str) -> None:
        found = self.read(key)
        if found is None or found.etag != etag:
            actual = "no object" if found is None else found.etag
            raise Conflict(
                f"{key} is not the object that was read",
                rule="changed-since-read",
                expected=etag,
                actual=actual,
            )
        _check_size(key, tombstone)
        self._objects[key] = _stored(tombstone)


class MemoryRegister:
    """A ``Register`` that forgets everything with the process. What it returns is frozen."""

    def __init__(self) -> None:
        self._items: dict[Key, Attributes] = {}
        self._partitions: dict[str, list[Key]] = {}

    def read(self, key: Key) -> Attributes | None:
        return self._items.get(key)

    def read_all(self, *keys: Key) -> tuple[Attributes | None, ...]:
        return tuple(map(self._items.get, keys))

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        # Step by step on the live items, as the contract allows: callers see what is written
        # meanwhile, and must not rest on a snapshot.
        keys = self._partitions.get(pk, [])
        index = max(bisect_left(keys, (pk, prefix)), bisect_right(keys, (pk, after)))
        while index < len(keys) and (key := keys[index]).sk.startswith(prefix):
            yield Item(key, self._items[key])
            index = bisect_right(keys, key)

    def write(self, *actions: Action, token: str | None = None) -> None:
        if not 1 <= len(actions) <= 100 or len({action.key for action in actions}) < len(actions):
            raise ValueError("a write takes 1 to 100 actions, no two on one key")
        if token is not None and not 1 <= len(token) <= 36:
            raise ValueError("a token has 1 to 36 characters")
        frozen = [_checked(action) for action in actions]
        items = [self._items.get(action.key) for action in actions]
        failed = [n for n, action in enumerate(actions) if not _holds(action.condition, items[n])]
        if failed:
            pk, sk = actions[failed[0]].key
            what = f"the condition on {pk} {sk} does not hold"
            raise ConditionFailed(what, failed=failed, items=items)
        for action, attributes in zip(actions, frozen, strict=True):
            if attributes is not None:
                if action.key not in self._items:
                    insort(self._partitions.setdefault(action.key.pk, []), action.key)
                self._items[action.key] = attributes

    def forget(self, key: Key) -> None:
        """Lose an item, as no ``Register`` does: somebody deletes it by hand."""
        del self._items[key]
        self._partitions[key.pk].remove(key)


class FrozenList(list[str]):
    """A list, for ``==`` and ``isinstance``, that cannot be changed."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("this list belongs to a register's item")

    append = extend = insert = remove = pop = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse


def _stored(body: bytes) -> Stored:
    return Stored(bytes(body), hashlib.sha256(body).hexdigest())


@lru_cache(maxsize=4096)  # of the keys that are right; a simulation has few of them, and asks often
def _check_key(key: str) -> None:
    segments = key.split("/")
    if segments[0] == ".control" or not all(map(_SEGMENT.fullmatch, segments)):
        raise ValueError(f"not an archive key: {key!r}")


def _check_size(key: str, body: bytes) -> None:
    if len(body) > archive.OBJECT_BYTES_MAX:
        raise Refused(f"{key} is too large", rule="object-size")


def _holds(condition: Condition, item: Attributes | None) -> bool:
    if isinstance(condition, Where):
        found = None if item is None else item.get(condition.attribute)
        # type() and not isinstance: true is not 1, and never equal to it.
        return type(found) is type(condition.value) and bool(
            _COMPARED[condition.operator](found, condition.value)
        )
    if isinstance(condition, Absent):
        return item is None
    holding = [_holds(part, item) for part in condition.parts]
    return all(holding) if isinstance(condition, All) else any(holding)


def _checked(action: Action) -> Attributes | None:
    """What the action would store, frozen, or None."""
    if not action.key.pk or not action.key.sk:
        raise ValueError(f"a key has an empty part: {action.key}")
    _check_condition(action.condition)
    return _frozen(action.attributes) if isinstance(action, Put) else None


def _check_condition(condition: Condition) -> None:
    if isinstance(condition, Where):
        _check_names((condition.attribute,))
        if condition.operator not in _COMPARED or type(condition.value) not in (str, int):
            raise ValueError(f"not a comparison of text or whole numbers: {condition}")
        _frozen_value(condition.value)
    elif not isinstance(condition, Absent):
        for part in condition.parts:
            _check_condition(part)


def _frozen(attributes: Mapping[str, Any]) -> Attributes:
    _check_names(tuple(attributes))
    return MappingProxyType({name: _frozen_value(value) for name, value in attributes.items()})


@lru_cache(maxsize=1024)  # of names that are right: every write has some of the same few
def _check_names(names: tuple[Any, ...]) -> None:
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"not the name of an attribute: {name!r}")


def _frozen_value(value: Any) -> Any:
    kind = type(value)
    if kind is str and "\0" not in value:
        if not value.isascii():
            value.encode()  # UnicodeEncodeError is a ValueError: half a character is no text
        return value
    if value is None or kind is bool:
        return value
    if kind is int and -(2**63) < value < 2**63:
        return value
    if kind is list and all(type(part) is str for part in value):
        return FrozenList(map(_frozen_value, value))
    raise ValueError(f"not the value of an attribute: {value!r:.80}")
