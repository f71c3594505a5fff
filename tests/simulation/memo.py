"""Documents parsed once for each of their byte forms, for runs by the thousand.

What is replaced is pure, and documents are frozen, so that nobody can tell the difference but by
the clock; a test compares the traces. Everything else of the product runs as it is.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

import plans.document
from plans.document import Document

_KEPT_MAX = 4_000


class Memo:
    """What was parsed and written. What an ``id`` names is kept, so that no other can have it."""

    def __init__(self) -> None:
        self.parsed: dict[tuple[type[Document], object], Any] = {}
        self.written: dict[int, tuple[Document, str]] = {}
        self.items: dict[tuple[type[Document], int], tuple[object, Any]] = {}

    def trim(self) -> None:
        """Called between schedules: forget, once it is much, what no world has any more."""
        if len(self.parsed) > _KEPT_MAX:
            for kept in (self.parsed, self.written, self.items):
                kept.clear()
            gc.collect()


@contextmanager
def parsed_once() -> Iterator[Memo]:
    """For the length of this context, in this process."""
    memo = Memo()
    parse, write = BaseModel.model_validate_json, BaseModel.model_dump_json
    read_item = plans.document.from_attributes

    def model_validate_json(cls: type[Document], body: Any) -> Any:
        found = memo.parsed.get((cls, body))
        if found is None:
            found = memo.parsed[cls, body] = parse.__func__(cls, body)  # type: ignore[attr-defined]
        return found

    def model_dump_json(self: Document, *, by_alias: bool) -> str:
        found = memo.written.get(id(self))
        if found is None:
            found = memo.written[id(self)] = self, write(self, by_alias=by_alias)
        return found[1]

    def from_attributes(model: type[Document], attributes: Mapping[str, Any], *, what: str) -> Any:
        found = memo.items.get((model, id(attributes)))
        if found is None:
            document = read_item(model, attributes, what=what)
            found = memo.items[model, id(attributes)] = attributes, document
        return found[1]

    users = [
        module
        for name, module in sys.modules.items()
        if name.startswith(("plans.", "planner.", "enactor."))
        and getattr(module, "from_attributes", None) is read_item
    ]
    Document.model_validate_json = classmethod(model_validate_json)  # type: ignore[assignment]
    Document.model_dump_json = model_dump_json  # type: ignore[assignment,method-assign]
    for module in users:
        vars(module)["from_attributes"] = from_attributes
    try:
        yield memo
    finally:
        del Document.model_validate_json, Document.model_dump_json
        for module in users:
            vars(module)["from_attributes"] = read_item
