"""A strict subset of YAML, read by libyaml's events into small nodes that know their line.

What is refused, because it lets two readers see different data in the same bytes, or lets a file
mean more than its text: anchors and aliases, tags (``!include``, ``!!int``), merge keys (``<<``),
duplicate keys, keys that are lists or maps or nothing, more than one document, nesting beyond
``DEPTH_MAX``, text that is not UTF-8.

A scalar stays the text that was written, with a mark whether it was plain: YAML 1.1 would read
``1.10`` as a number, ``010`` as eight, ``yes`` as true and ``12:30`` as 750.

Events are ten times faster than PyYAML's loader, and take a sixth of its memory
(``facts/performance.md``); the top map is handed out entry by entry, so that no tree of the whole
file is ever held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

DEPTH_MAX = 10  # a zone needs seven: the zone, a list, a record, values, a value, svcparams, alpn

Report = Callable[[int, str], None]
"""Takes a line (from 1) and a reason; the caller adds the file."""


class Scalar(NamedTuple):
    """Text, whether it was plain (not quoted, no block), and its line."""

    text: str
    plain: bool
    line: int

    @property
    def null(self) -> bool:
        """Whether YAML 1.1 reads this as nothing at all."""
        return self.plain and self.text in _NULLS


class Map(NamedTuple):
    """Entries by key, each with the key's line. A value of None was refused and reported."""

    entries: dict[str, tuple[int, Node | None]]
    line: int


class Items(NamedTuple):
    """A list. An item of None was refused and reported."""

    items: list[Node | None]
    line: int


Node = Scalar | Map | Items

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def read_entries(data: bytes, report: Report) -> Iterator[tuple[Scalar, Node]]:
    """The entries of the one map that ``data`` holds, in order.

    Entries that are refused are reported and left out. Whoever takes entries must throw all of
    them away if anything was reported: a file that ends in a syntax error has lost its rest.
    Whether there were any entries is for the caller to see.
    """
    if not _is_utf8(data, report):
        return
    events: Iterator[Any] = yaml.parse(data, Loader=yaml.CSafeLoader)
    try:
        yield from _document(events, report)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        report(line, f"not YAML: {_sentence(error.context, error.problem)}")
    except yaml.reader.ReaderError as error:
        report(
            data.count(b"\n", 0, error.position) + 1,
            f"not YAML: character U+{ord(_char(error.character)):04X}: {error.reason}",
        )


def _is_utf8(data: bytes, report: Report) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report(line, f"not UTF-8: byte 0x{data[error.start]:02x}")
        return False
    return True


def _char(character: int | str | bytes) -> str | bytes:
    return chr(character) if isinstance(character, int) else character


def _sentence(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part) or "cannot be read"


def _document(events: Iterator[Any], report: Report) -> Iterator[tuple[Scalar, Node]]:
    next(events)  # the stream's start
    if type(next(events)) is StreamEndEvent:
        return
    root = next(events)
    reader = _Reader(events, report)
    if type(root) is MappingStartEvent:
        reader.refuse_marks(root)
        yield from reader.entries(depth=1)
    else:
        node = reader.node(root, depth=1)
        if isinstance(node, Items) or (isinstance(node, Scalar) and not node.null):
            report(node.line, f"expected a map from names to records, found {kind(node)}")
    next(events)  # the document's end
    after = next(events)
    if type(after) is DocumentStartEvent:
        report(_line(after), "a second document in the file")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def kind(node: Node) -> str:
    """What a node is, for a message."""
    if isinstance(node, Scalar):
        return "nothing" if node.null else "text"
    return "a map" if isinstance(node, Map) else "a list"


class _Reader:
    """Turns events into nodes; reports what is refused and goes on behind it."""

    def __init__(self, events: Iterator[Any], report: Report) -> None:
        self.events = events
        self.report = report

    def refuse_marks(self, event: Any) -> bool:
        """Report an anchor or a tag. True if the node cannot be used."""
        if event.anchor is not None:
            self.report(_line(event), f"anchor &{event.anchor}: write it out")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.report(_line(event), f"tag {tag} is not accepted")
        return event.tag is not None

    def node(self, event: Any, depth: int) -> Node | None:
        """The node that begins with ``event``, or None if it was refused."""
        form = type(event)
        if form is ScalarEvent:
            if event.anchor is None and event.tag is None:
                return Scalar(event.value, not event.style, event.start_mark.line + 1)
            refused = self.refuse_marks(event)
            node: Node = Scalar(event.value, not event.style, _line(event))
            return None if refused else node
        line = _line(event)
        if form is AliasEvent:
            self.report(line, f"alias *{event.anchor}: write it out")
            return None
        refused = self.refuse_marks(event)
        if depth > DEPTH_MAX:
            self.report(line, f"nested more than {DEPTH_MAX} deep")
            self.skip()
            return None
        if form is MappingStartEvent:
            node = Map({key.text: (key.line, value) for key, value in self.pairs(depth)}, line)
        else:
            node = Items(list(self.items(depth)), line)
        return None if refused else node

    def items(self, depth: int) -> Iterator[Node | None]:
        """The items of a list whose start was just taken."""
        for event in self.events:
            if type(event) is SequenceEndEvent:
                return
            yield self.node(event, depth + 1)

    def entries(self, depth: int) -> Iterator[tuple[Scalar, Node]]:
        """``pairs`` without the values that were refused."""
        for key, value in self.pairs(depth):
            if value is not None:
                yield key, value

    def pairs(self, depth: int) -> Iterator[tuple[Scalar, Node | None]]:
        """The pairs of a map whose start was just taken, without those that have a bad key."""
        first_lines: dict[str, int] = {}
        for event in self.events:
            if type(event) is MappingEndEvent:
                return
            key = self.node(event, depth + 1)
            value = self.node(next(self.events), depth + 1)
            if key is None:
                continue
            if not isinstance(key, Scalar):
                self.report(key.line, f"a key must be text, found {kind(key)}")
            elif key.null or (key.plain and key.text == "<<"):
                what = "a merge key" if key.text == "<<" else "an empty key"
                self.report(key.line, f"{what}; quote it if the text is meant")
            elif key.text in first_lines:
                first = first_lines[key.text]
                self.report(key.line, f"duplicate key '{key.text}', first at line {first}")
            else:
                first_lines[key.text] = key.line
                yield key, value

    def skip(self) -> None:
        """Pass over the rest of a list or map whose start was just taken, however deep."""
        depth = 1
        while depth:
            form = type(next(self.events))
            if form in (MappingStartEvent, SequenceStartEvent):
                depth += 1
            elif form in (MappingEndEvent, SequenceEndEvent):
                depth -= 1
