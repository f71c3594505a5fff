"""A strict JSON reader that keeps the place of everything it read.

What JSON readers differ on is refused: a key twice, NaN and Infinity, a byte order mark, bytes that
are not UTF-8, half of a surrogate pair, numbers beyond 64 bits, nesting beyond ``DEPTH_MAX``, and
anything behind the document. All of these but a broken syntax and broken bytes are reported and
read on from, so that one run finds them all.

What it accepts it reads as ``json.loads`` does (``tests/planfence/test_json_places.py``).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # what json itself reads with
from math import isinf
from typing import Any, Final, NamedTuple

DEPTH_MAX: Final = 64  # the deepest document of planfence needs 12
INTEGER_MAX: Final = 2**63 - 1
_DIGITS_MAX: Final = 30  # more are not even converted: that takes time

Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
_NO_NUMBER = re.compile(r"NaN|-?Infinity")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_WORDS: Final = {"true": True, "false": False, "null": None}
_BOM: Final = b"\xef\xbb\xbf"


class Problem(NamedTuple):
    """What is wrong at an offset, counted in characters of the text."""

    offset: int
    path: Path
    message: str
    rule: str


@dataclass(slots=True)
class Node:
    """Where a value stands, from ``start`` to ``end``. ``keys`` are where its keys stand."""

    start: int
    end: int = 0
    members: dict[str | int, Node] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as read. ``root`` is None where the text ended or broke before a whole value."""

    text: str
    value: Any
    root: Node | None
    problems: tuple[Problem, ...]
    _ends: tuple[int, ...]

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of an offset."""
        line = bisect_right(self._ends, offset)
        return line + 1, offset - (self._ends[line - 1] if line else 0) + 1

    def offset_of(self, path: Path, key: str | None = None) -> int:
        """Where the value at a path begins, or one of its keys; else the nearest above it."""
        node = self.root
        start = 0
        for part in path:
            if node is None:
                break
            start, node = node.start, node.members.get(part)
        if node is not None:
            start = node.keys.get(key, node.start) if key is not None else node.start
        return start

    def path_at(self, offset: int) -> Path:
        """The path of the innermost value that an offset lies in."""
        path: list[str | int] = []
        node = self.root
        while node is not None:
            inside = None
            for part, member in node.members.items():
                if member.start <= offset < member.end:
                    path.append(part)
                    inside = member
                    break
            node = inside
        return tuple(path)


def read_json(data: bytes) -> Reading:
    """Read a whole document, and everything that is wrong with it."""
    problems: list[Problem] = []
    if data.startswith(_BOM):
        problems.append(Problem(0, (), "begins with a byte order mark", "json-encoding"))
        data = data[len(_BOM) :]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data[: error.start].decode("utf-8")
        message = f"not UTF-8: byte 0x{data[error.start]:02x}"
        problems.append(Problem(len(text), (), message, "json-encoding"))
        return Reading(text, None, None, tuple(problems), _ends(text))
    scanner = _Scanner(text, problems)
    value, root = scanner.document()
    return Reading(text, value, root, tuple(problems), _ends(text))


def _ends(text: str) -> tuple[int, ...]:
    """Where each line but the last ends, its line break included."""
    return tuple(accumulate(len(line) + 1 for line in text.split("\n")[:-1]))


class _Broken(Exception):
    """The syntax is broken: nothing behind it can be read."""


class _Scanner:
    def __init__(self, text: str, problems: list[Problem]) -> None:
        self.text = text
        self.problems = problems
        self.at = 0
        self.path: list[str | int] = []

    def document(self) -> tuple[Any, Node | None]:
        try:
            self.space()
            value, root = self.value()
            self.space()
            if self.at < len(self.text):
                self.report(self.at, "something stands behind the document", "json-syntax")
        except _Broken:
            return None, None
        return value, root

    def report(self, offset: int, message: str, rule: str) -> None:
        self.problems.append(Problem(offset, tuple(self.path), message, rule))

    def broken(self, offset: int, message: str) -> _Broken:
        self.report(offset, message, "json-syntax")
        return _Broken()

    def space(self) -> str:
        """Skip white space, and give the character behind it; ``""`` at the end."""
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.text[self.at : self.at + 1]

    def value(self) -> tuple[Any, Node]:
        node = Node(self.at)
        char = self.text[self.at : self.at + 1]
        value: Any
        if char == '"':
            value = self.string()
        elif char in ("{", "["):
            if len(self.path) >= DEPTH_MAX:
                self.report(self.at, f"nested more than {DEPTH_MAX} deep", "json-depth")
                raise _Broken
            self.at += 1
            value = self.members(node) if char == "{" else self.items(node)
        else:
            value = self.scalar()
        node.end = self.at
        return value, node

    def string(self) -> str:
        start = self.at
        try:
            value, self.at = scanstring(self.text, start + 1, True)
        except JSONDecodeError as error:
            raise self.broken(error.pos, _lowered(error.msg)) from error
        text = str(value)
        if _SURROGATE.search(text):
            self.report(start, "holds half of a surrogate pair", "json-encoding")
        return _SURROGATE.sub("\ufffd", text)

    def scalar(self) -> Any:
        for word, meaning in _WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meaning
        match = _NO_NUMBER.match(self.text, self.at)
        if match is not None:
            self.report(self.at, f"{match.group()} is no JSON", "json-number")
            self.at = match.end()
            return None
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            found = repr(self.text[self.at]) if self.at < len(self.text) else "the end"
            raise self.broken(self.at, f"expected a value, found {found}")
        start, self.at = self.at, match.end()
        return self.number(start, match.group(), whole=not match.group(1))

    def number(self, start: int, text: str, *, whole: bool) -> int | float | None:
        small = len(text) <= _DIGITS_MAX
        number = (int(text) if small else INTEGER_MAX + 1) if whole else float(text)
        if isinf(number) or (whole and abs(number) > INTEGER_MAX):
            self.report(start, "a number beyond 64 bits", "json-number")
            return None
        return number

    def members(self, node: Node) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in self.entries("}"):
            start = self.at
            if self.text[start : start + 1] != '"':
                raise self.broken(start, "expected a key in double quotes")
            key = self.string()
            self.path.append(key)
            if self.space() != ":":
                raise self.broken(self.at, "expected ':' behind a key")
            self.at += 1
            self.space()
            value, member = self.value()
            if key in found:
                line = self.text.count("\n", 0, node.keys[key]) + 1
                self.report(start, f"key {key!r} is here twice, first at line {line}", "json-key")
            else:
                found[key], node.members[key], node.keys[key] = value, member, start
            self.path.pop()
        return found

    def items(self, node: Node) -> list[Any]:
        found: list[Any] = []
        for index in self.entries("]"):
            self.path.append(index)
            value, node.members[index] = self.value()
            found.append(value)
            self.path.pop()
        return found

    def entries(self, closing: str) -> Iterator[int]:
        """Stands before each entry in turn, until behind the closing bracket."""
        index = 0
        if self.space() == closing:
            self.at += 1
            return
        while True:
            yield index
            index += 1
            char = self.space()
            self.at += 1
            if char == closing:
                return
            if char != ",":
                found = repr(char) if char else "the end"
                raise self.broken(self.at - 1, f"expected ',' or '{closing}', found {found}")
            self.space()


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:].removesuffix(" at")
