"""The stores as a pass is given them, with points around each call that changes something.

They have the same names whatever the stores are, so that one text of a scenario serves both:
``before archive create 000000000001.json``, ``after register write claimed``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from plans.storage.archive import Archive, Stored
from plans.storage.register import Action, Attributes, Item, Key, Put, Register
from tests.processes.points import Points


class WatchedArchive:
    """An ``Archive`` that tells when it is written to."""

    def __init__(self, inner: Archive, points: Points) -> None:
        self._inner = inner
        self._points = points

    def create(self, key: str, body: bytes) -> None:
        with self._points.around(f"archive create {PurePosixPath(key).name}"):
            self._inner.create(key, body)

    def read(self, key: str, *, size: int | None = None) -> Stored | None:
        return self._inner.read(key, size=size)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        return self._inner.list(prefix, after)

    def bury(self, key: str, tombstone: bytes, etag: str) -> None:
        with self._points.around(f"archive bury {PurePosixPath(key).name}"):
            self._inner.bury(key, tombstone, etag)


class WatchedRegister:
    """A ``Register`` that tells when it is written to, and what about."""

    def __init__(self, inner: Register, points: Points) -> None:
        self._inner = inner
        self._points = points

    def read(self, key: Key) -> Attributes | None:
        return self._inner.read(key)

    def read_all(self, *keys: Key) -> tuple[Attributes | None, ...]:
        return self._inner.read_all(*keys)

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        return self._inner.scan(pk, prefix, after)

    def write(self, *actions: Action, token: str | None = None) -> None:
        with self._points.around(f"register write {_subject(actions)}"):
            self._inner.write(*actions, token=token)


def _subject(actions: tuple[Action, ...]) -> str:
    """The kind of the journal entry that is written with it, or else the first sort key."""
    for action in actions:
        document = action.attributes.get("document") if isinstance(action, Put) else None
        if isinstance(document, str):
            return str(json.loads(document)["kind"])
    return actions[0].key.sk
