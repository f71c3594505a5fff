"""Stores and targets that answer badly on demand: the same calls, through a script of faults.

A fault is given the real call and decides when, whether and how often it is made. Everything that
is wrapped with one ``Faults`` counts its calls together, so that a test can put a fault at each
operation of a pass in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from plans.errors import Unavailable, Unknown
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change
from plans.observed.view import Observation
from plans.storage.archive import Archive, Stored
from plans.storage.register import Action, Attributes, Item, Key, Register
from tests.doubles.zone import MemoryZone

Send = Callable[[], Any]
Fault = Callable[[Send], Any]


def lost_before(_: Send) -> None:
    """The request never arrives, and nobody says so."""
    raise Unknown("no answer", rule="outcome-unknown")


def lost_after(send: Send) -> None:
    """The request is served, whatever its answer was, and the answer is lost."""
    try:
        send()
    finally:
        raise Unknown("no answer", rule="outcome-unknown")


def twice(send: Send) -> Any:
    """The request is delivered twice; the second answer is the one that comes back."""
    send()
    return send()


def unavailable(_: Send) -> None:
    """The store or target refuses to serve."""
    raise Unavailable("not now", rule="store-unavailable")


def after(action: Callable[[], object]) -> Fault:
    """Somebody else acts first, while this request is on its way."""

    def fault(send: Send) -> Any:
        action()
        return send()

    return fault


def raising(error: BaseException) -> Fault:
    """The call fails so, without effect."""

    def fault(_: Send) -> None:
        raise error

    return fault


def answering(answer: Any) -> Fault:
    """The call is answered so, whatever there is."""
    return lambda _: answer


class _Rule(NamedTuple):
    operation: str
    subject: str
    fault: Fault


class Faults:
    """The script. ``calls`` has every call made, as ``operation subject``."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._rules: list[_Rule] = []
        self._at: dict[int, Fault] = {}

    def next(self, operation: str, subject: str, fault: Fault, *, times: int = 1) -> None:
        """Fault the next calls of an operation whose subject holds this text."""
        self._rules += [_Rule(operation, subject, fault)] * times

    def at(self, number: int, fault: Fault) -> None:
        """Fault the call that is ``number`` calls from now, 0 being the next."""
        self._at[len(self.calls) + number] = fault

    def clear(self) -> None:
        self._rules.clear()
        self._at.clear()

    def call(self, operation: str, subject: str, send: Send) -> Any:
        fault = self._at.pop(len(self.calls), None)
        self.calls.append(f"{operation} {subject}")
        if fault is not None:
            return fault(send)
        for rule in self._rules:
            if rule.operation == operation and rule.subject in subject:
                self._rules.remove(rule)
                return rule.fault(send)
        return send()


class FaultyArchive:
    """An archive behind a script of faults."""

    def __init__(self, inner: Archive, faults: Faults) -> None:
        self.inner = inner
        self.faults = faults

    def create(self, key: str, body: bytes) -> None:
        self.faults.call("create", key, lambda: self.inner.create(key, body))

    def read(self, key: str, *, size: int | None = None) -> Stored | None:
        found: Stored | None = self.faults.call("get", key, lambda: self.inner.read(key, size=size))
        return found

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        found: Iterator[str] = self.faults.call(
            "list", prefix, lambda: self.inner.list(prefix, after)
        )
        return found

    def bury(self, key: str, tombstone: bytes, etag: str) -> None:
        self.faults.call("bury", key, lambda: self.inner.bury(key, tombstone, etag))


class FaultyRegister:
    """A register behind a script of faults; a write's subject is every sort key it names."""

    def __init__(self, inner: Register, faults: Faults) -> None:
        self.inner = inner
        self.faults = faults

    def read(self, key: Key) -> Attributes | None:
        found: Attributes | None = self.faults.call("read", key.sk, lambda: self.inner.read(key))
        return found

    def read_all(self, *keys: Key) -> tuple[Attributes | None, ...]:
        found: tuple[Attributes | None, ...] = self.faults.call(
            "read", " ".join(key.sk for key in keys), lambda: self.inner.read_all(*keys)
        )
        return found

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        found: Iterator[Item] = self.faults.call(
            "scan", f"{pk} {prefix}", lambda: self.inner.scan(pk, prefix, after)
        )
        return found

    def write(self, *actions: Action, token: str | None = None) -> None:
        subject = " ".join(action.key.sk for action in actions)
        self.faults.call("write", subject, lambda: self.inner.write(*actions, token=token))


class FaultyZone(MemoryZone):
    """A target behind a script of faults; a step's subject is its target and its fence's text."""

    faults: Faults

    def read_fence(self) -> FenceSeen:
        found: FenceSeen = self.faults.call("fence", self.id, super().read_fence)
        return found

    def observe(self) -> Observation:
        found: Observation = self.faults.call("observe", self.id, super().observe)
        return found

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        serve = super().apply
        self.faults.call(
            "apply",
            f"{self.id} {fence.text()}",
            lambda: serve(changes, expected=expected, fence=fence),
        )
