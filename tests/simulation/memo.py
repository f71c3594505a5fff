"""What is pure, computed once for each of its inputs, for runs by the thousand.

Each function replaced here answers equal arguments alike, whatever the world and the time, and what
it answers is frozen, or a copy: nobody can tell the difference but by the clock, and a test
compares the traces. What it raises is not kept. Everything else of the product runs as it is.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any

import plans.document
import plans.guards
import plans.kinds.zone
import plans.pointer
import plans.published
from plans.document import D, Document
from plans.kinds.dns import RecordKey, Records, ZoneState
from plans.kinds.zone import ZoneDocument
from plans.plan import GuardResult, PlanReference
from plans.published import Published
from plans.storage.archive import Stored

_KEPT_MAX = 4_000


class Memo:
    """What was computed. What an ``id`` names is kept beside it, so that no other can have it."""

    def __init__(self) -> None:
        self.parsed: dict[tuple[type[Document], bytes], Any] = {}
        self._written: dict[int, tuple[Document, bytes]] = {}
        self._items: dict[tuple[type[Document], int], tuple[object, Any]] = {}
        self._plans: dict[tuple[object, ...], tuple[object, Published]] = {}
        self._states: dict[int, tuple[ZoneDocument, dict[RecordKey, Records]]] = {}
        self._zones: dict[object, ZoneDocument] = {}
        self._verdicts: dict[object, GuardResult] = {}
        self._decode, self._encode = plans.document.decode, plans.document.encode
        self._from_attributes = plans.document.from_attributes
        self._as_plan = plans.published.as_plan
        self._state_of = plans.kinds.zone.state_of
        self._zone_document = plans.kinds.zone.zone_document
        self._verdict = plans.guards.verdict
        self.reference = lru_cache(maxsize=None, typed=True)(PlanReference)

    def trim(self) -> None:
        """Called between schedules: forget, once it is much, what no world has any more."""
        if len(self.parsed) > _KEPT_MAX:
            for kept in (self.parsed, self._written, self._items, self._plans, self._states):
                kept.clear()
            self._zones.clear()
            self._verdicts.clear()
            self.reference.cache_clear()
            gc.collect()

    def decode(self, model: type[D], body: bytes, *, what: str) -> D:
        """By the bytes. ``what`` is only in what it raises."""
        found: D | None = self.parsed.get((model, body))
        if found is None:
            found = self.parsed[model, body] = self._decode(model, body, what=what)
        return found

    def encode(self, document: Document) -> bytes:
        """By the very document. Its bytes, when they are read, give what was written; a test
        parses them."""
        found = self._written.get(id(document))
        if found is None:
            found = self._written[id(document)] = document, self._encode(document)
            self.parsed.setdefault((type(document), found[1]), document)
        return found[1]

    def from_attributes(self, model: type[D], attributes: Mapping[str, Any], *, what: str) -> D:
        """By the very item, which the register froze. ``what`` is only in what it raises."""
        found: tuple[object, D] | None = self._items.get((model, id(attributes)))
        if found is None:
            document = self._from_attributes(model, attributes, what=what)
            found = self._items[model, id(attributes)] = attributes, document
        return found[1]

    def as_plan(
        self,
        stored: Stored | None,
        stream: str,
        lineage: str,
        generation: int,
        digest: str | None = None,
    ) -> Published:
        """By the very object of the archive, and by what it must be."""
        key = id(stored), stream, lineage, generation, digest
        found = self._plans.get(key)
        if found is None:
            published = self._as_plan(stored, stream, lineage, generation, digest)
            found = self._plans[key] = stored, published
        return found[1]

    def state_of(self, document: ZoneDocument) -> dict[RecordKey, Records]:
        """By the very document."""
        found = self._states.get(id(document))
        if found is None:
            found = self._states[id(document)] = document, self._state_of(document)
        return dict(found[1])

    def zone_document(self, zone: str, state: ZoneState) -> ZoneDocument:
        """By the zone's records."""
        key = zone, frozenset(state.items())
        found = self._zones.get(key)
        if found is None:
            found = self._zones[key] = self._zone_document(zone, state)
        return found

    def verdict(
        self,
        rule: str,
        target: str | None,
        limit: str,
        actual: str,
        *,
        holds: bool,
        waived: Iterable[str],
    ) -> GuardResult:
        """By what is in the verdict."""
        waived = frozenset(waived)
        key = rule, target, limit, actual, holds, waived
        found = self._verdicts.get(key)
        if found is None:
            found = self._verdicts[key] = self._verdict(
                rule, target, limit, actual, holds=holds, waived=waived
            )
        return found


@contextmanager
def parsed_once() -> Iterator[Memo]:
    """For the length of this context, in this process."""
    memo = Memo()
    every = [
        module
        for name, module in sys.modules.items()
        if name.startswith(("plans.", "planner.", "enactor."))
    ]
    taken_back = [
        *_replace(every, "decode", plans.document.decode, memo.decode),
        *_replace(every, "encode", plans.document.encode, memo.encode),
        *_replace(every, "from_attributes", plans.document.from_attributes, memo.from_attributes),
        *_replace(every, "as_plan", plans.published.as_plan, memo.as_plan),
        *_replace(every, "state_of", plans.kinds.zone.state_of, memo.state_of),
        *_replace(every, "zone_document", plans.kinds.zone.zone_document, memo.zone_document),
        *_replace(every, "verdict", plans.guards.verdict, memo.verdict),
        *_replace([plans.pointer], "PlanReference", PlanReference, memo.reference),
    ]
    try:
        yield memo
    finally:
        for take_back in taken_back:
            take_back()


def _replace(
    modules: Iterable[ModuleType], name: str, original: object, pure: object
) -> Iterator[Callable[[], None]]:
    """In every module that has the original by its name; how to take each back."""
    for module in modules:
        if getattr(module, name, None) is original:
            setattr(module, name, pure)
            yield lambda module=module: setattr(module, name, original)  # type: ignore[misc]
