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

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeGuard

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

# A zone needs nine: itself, a list, a record, routing, a set, values, a value, svcparams, alpn.
DEPTH_MAX = 10

Report = Callable[[int, str], None]
"""Takes a line (from 1) and a reason; the caller adds the file."""

NextEvent = Callable[[], Any]
"""Gives libyaml's next event."""


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
_NO_KEYS = _NULLS | {"<<"}


def read_entries(data: bytes, report: Report) -> Iterator[tuple[Scalar, Node]]:
    """The entries of the one map that ``data`` holds, in order.

    Entries that are refused are reported and left out. Whoever takes entries must throw all of
    them away if anything was reported: a file that ends in a syntax error has lost its rest.
    Whether there were any entries is for the caller to see.
    """
    if not _is_utf8(data, report):
        return
    try:
        # Not yaml.parse: its generator asks twice for every event.
        yield from _document(yaml.CSafeLoader(data).get_event, report)
    except _TooDeepError as error:
        report(error.line, f"nested more than {DEPTH_MAX} deep; nothing behind it was read")
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


def _document(next_event: NextEvent, report: Report) -> Iterator[tuple[Scalar, Node]]:
    next_event()  # the stream's start
    if type(next_event()) is StreamEndEvent:
        return
    root = next_event()
    reader = _Reader(next_event, report)
    if type(root) is MappingStartEvent:
        reader.refuse_marks(root)
        for key, value in reader.pairs(depth=1):
            if value is not None:
                yield key, value
    else:
        node = reader.node(root, depth=1)
        if isinstance(node, Items) or (isinstance(node, Scalar) and not node.null):
            report(node.line, f"expected a map from names to records, found {kind(node)}")
    next_event()  # the document's end
    after = next_event()
    if type(after) is DocumentStartEvent:
        report(_line(after), "a second document in the file")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def kind(node: Node) -> str:
    """What a node is, for a message."""
    if isinstance(node, Scalar):
        return "nothing" if node.null else "text"
    return "a map" if isinstance(node, Map) else "a list"


class _TooDeepError(Exception):
    """Ends the reading: libyaml's time grows with the square of the depth."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _is_text(event: Any) -> bool:
    return type(event) is ScalarEvent and event.anchor is None and event.tag is None


class _Reader:
    """Turns events into nodes; reports what is refused and goes on behind it."""

    def __init__(self, next_event: NextEvent, report: Report) -> None:
        self.next_event = next_event
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
            # tuple.__new__ halves the time of making a NamedTuple, and there are ten for a record.
            parts = (event.value, not event.style, event.start_mark.line + 1)
            scalar = tuple.__new__(Scalar, parts)
            if event.anchor is None and event.tag is None:
                return scalar
            return None if self.refuse_marks(event) else scalar
        line = _line(event)
        if form is AliasEvent:
            self.report(line, f"alias *{event.anchor}: write it out")
            return None
        refused = self.refuse_marks(event)
        if depth > DEPTH_MAX:
            raise _TooDeepError(line)
        node: Node
        if form is MappingStartEvent:
            node = Map(self.entries(depth), line)
        else:
            node = Items(self.items(depth), line)
        return None if refused else node

    def items(self, depth: int) -> list[Node | None]:
        """The items of a list whose start was just taken."""
        found = []
        while type(event := self.next_event()) is not SequenceEndEvent:
            found.append(self.node(event, depth + 1))
        return found

    def entries(self, depth: int) -> dict[str, tuple[int, Node | None]]:
        """The entries of a map whose start was just taken, without those that have a bad key."""
        found: dict[str, tuple[int, Node | None]] = {}
        while type(event := self.next_event()) is not MappingEndEvent:
            if _is_text(event) and event.value not in found and event.value not in _NO_KEYS:
                line = event.start_mark.line + 1  # every key of a good file
                found[event.value] = line, self.node(self.next_event(), depth + 1)
                continue
            key = self.node(event, depth + 1)
            value = self.node(self.next_event(), depth + 1)
            if self.accepts(key, {text: line for text, (line, _) in found.items()}):
                found[key.text] = key.line, value
        return found

    def pairs(self, depth: int) -> Iterator[tuple[Scalar, Node | None]]:
        """The pairs of a map whose start was just taken, without those that have a bad key."""
        first_lines: dict[str, int] = {}
        while type(event := self.next_event()) is not MappingEndEvent:
            key = self.node(event, depth + 1)
            value = self.node(self.next_event(), depth + 1)
            if self.accepts(key, first_lines):
                first_lines[key.text] = key.line
                yield key, value

    def accepts(self, key: Node | None, first_lines: Mapping[str, int]) -> TypeGuard[Scalar]:
        """Report a key that is none, or that is there already."""
        if key is None:
            return False
        if not isinstance(key, Scalar):
            self.report(key.line, f"a key must be text, found {kind(key)}")
        elif key.plain and key.text in _NO_KEYS:
            what = "a merge key" if key.text == "<<" else "an empty key"
            self.report(key.line, f"{what}; quote it if the text is meant")
        elif key.text in first_lines:
            first = first_lines[key.text]
            self.report(key.line, f"duplicate key '{key.text}', first at line {first}")
        else:
            return True
        return False
