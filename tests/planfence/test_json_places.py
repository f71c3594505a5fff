"""The JSON reader that keeps places reads as json does, and refuses what readers differ on."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planfence.json_places import DEPTH_MAX, INTEGER_MAX, Path, Reading, read_json
from plans.faults import path_text

NUMBERS = st.integers(-INTEGER_MAX, INTEGER_MAX) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=30,
)
PIECES = st.sampled_from(
    [
        *'{}[]:,"\\ \n\t0123456789-+.eE',
        *("true", "false", "null", "NaN", "-Infinity", '"a"', '"b":'),
        *("\\u00e9", "\\ud800", "\x00", "é", "1e999", "9" * 20, "00", "'", "//"),
    ]
)


class TwiceError(Exception):
    """A key twice."""


def strictly(text: str) -> Any:
    """What json reads, with the strictness that it can be asked for."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise TwiceError
        return dict(pairs)

    def refused(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, object_pairs_hook=once, parse_constant=refused)


def exceeds(value: Any) -> bool:
    """Whether it holds a number beyond 64 bits, or half of a surrogate pair."""
    if isinstance(value, dict):
        return any(exceeds(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(map(exceeds, value))
    if isinstance(value, str):
        return any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, float):
        return math.isinf(value)
    return isinstance(value, int) and abs(value) > INTEGER_MAX


def rules(reading: Reading) -> list[str]:
    return [problem.rule for problem in reading.problems]


@given(VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_what_json_writes_is_read_as_json_reads_it(
    value: Any, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    reading = read_json(text.encode())
    assert reading.problems == ()
    assert reading.value == json.loads(text)
    assert repr(reading.value) == repr(json.loads(text))


@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_text_is_accepted_exactly_if_json_accepts_it(text: str) -> None:
    reading = read_json(text.encode())
    try:
        wanted = strictly(text)
    except (ValueError, TwiceError):
        assert reading.problems
        return
    if exceeds(wanted):
        assert set(rules(reading)) <= {"json-number", "json-encoding"}
        assert reading.problems
    else:
        assert reading.problems == ()
        assert repr(reading.value) == repr(wanted)


def every_place(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    parts: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    return [
        (path, value),
        *(found for part, each in parts for found in every_place(each, (*path, part))),
    ]


@given(VALUES, st.sampled_from([None, 1]))
def test_every_value_stands_where_it_is_said_to(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    reading = read_json(text.encode())
    lines = text.split("\n")
    for path, each in every_place(value):
        offset = reading.offset_of(path)
        assert json.JSONDecoder().raw_decode(text, offset)[0] == each
        line, column = reading.line_column(offset)
        assert lines[line - 1][column - 1] == text[offset]
        if not isinstance(each, dict | list):
            assert reading.path_at(offset) == path
        for key in each if isinstance(each, dict) else ():
            at = reading.offset_of(path, key)
            assert json.JSONDecoder().raw_decode(text, at)[0] == key


@pytest.mark.parametrize(
    ("data", "rule", "place", "said"),
    [
        (b'{"a": 1,\n "a": 2}', "json-key", (2, 2), "key 'a' is here twice, first at line 1"),
        (b"[1,\nNaN]", "json-number", (2, 1), "NaN is no JSON"),
        (b"[-Infinity]", "json-number", (1, 2), "-Infinity is no JSON"),
        (b"[1e999]", "json-number", (1, 2), "beyond 64 bits"),
        (b"[%d]" % 2**63, "json-number", (1, 2), "beyond 64 bits"),
        (b"-" + b"9" * 100_000, "json-number", (1, 1), "beyond 64 bits"),
        (b'"a\\ud800b"', "json-encoding", (1, 1), "half of a surrogate pair"),
        (b'["\xc3\xa9",\n"\xff"]', "json-encoding", (2, 2), "not UTF-8: byte 0xff"),
        (b"\xef\xbb\xbf{}", "json-encoding", (1, 1), "byte order mark"),
        (b"\xff\xfe{\x00}\x00", "json-encoding", (1, 1), "not UTF-8"),
        (b"{}\n{}", "json-syntax", (2, 1), "behind the document"),
        (b"{}\x00", "json-syntax", (1, 3), "behind the document"),
        (b"", "json-syntax", (1, 1), "expected a value, found the end"),
        (b'{"a"\n 1}', "json-syntax", (2, 2), "expected ':'"),
        (b'{"a": 1 "b": 2}', "json-syntax", (1, 9), "expected ',' or '}'"),
        (b"[1, 2", "json-syntax", (1, 6), "found the end"),
        (b"[1,]", "json-syntax", (1, 4), "expected a value, found ']'"),
        (b"{a: 1}", "json-syntax", (1, 2), "expected a key"),
        (b'"a\nb"', "json-syntax", (1, 3), "invalid control character"),
        (b'["a\\x"]', "json-syntax", (1, 4), "invalid \\escape"),
        (b'["a', "json-syntax", (1, 2), "unterminated string"),
        (b"[01]", "json-syntax", (1, 3), "expected ',' or ']', found '1'"),
        (b"[" * 100_000, "json-depth", (1, DEPTH_MAX + 1), "nested more than"),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else None,
)
def test_what_readers_differ_on_is_refused_at_its_place(
    data: bytes, rule: str, place: tuple[int, int], said: str
) -> None:
    reading = read_json(data)
    assert rules(reading) == [rule]
    assert said in reading.problems[0].message
    assert reading.line_column(reading.problems[0].offset) == place


def test_what_can_be_read_on_from_is_reported_all_at_once() -> None:
    reading = read_json(b'{"a": NaN, "a": 1, "b": [1e999, "\\udc00"], "c": 2} x')
    assert rules(reading) == [
        *("json-number", "json-key", "json-number", "json-encoding", "json-syntax")
    ]
    assert [path_text(problem.path) for problem in reading.problems] == [
        *("$.a", "$.a", "$.b[0]", "$.b[1]", "$")
    ]


@given(st.binary(max_size=40))
def test_no_bytes_end_it_otherwise_than_with_a_reading(data: bytes) -> None:
    reading = read_json(data)
    assert reading.root is not None or reading.problems
    for problem in reading.problems:
        line, column = reading.line_column(problem.offset)
        assert line >= 1
        assert column >= 1


def test_a_place_that_is_not_there_is_that_of_the_nearest_above_it() -> None:
    reading = read_json(b'{"a": {"b": 1}}')
    assert reading.offset_of(("a", "x", "y")) == reading.offset_of(("a",)) == 6
    assert reading.offset_of(("a",), "missing") == 6
    assert read_json(b"").offset_of(("a",)) == 0


def test_a_path_quotes_what_is_no_plain_key() -> None:
    assert path_text(("waves", 0, "a b", "_c")) == "$.waves[0]['a b']._c"
