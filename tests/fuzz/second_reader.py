"""A second reader of stored documents, which shares nothing with planfence's own.

JSON by the standard library, what it may hold by ``jsonschema`` and the published ``schemas/``, and
the one byte form written anew from the order of the schema's members. Its verdict is the rule that
the product's reader must refuse by, so that any disagreement of the two is a finding.

What a schema cannot say stands here beside it: that a day is in the calendar, that a whole number
is not written ``1.0``, that ``$`` is the end of a text and not a line break before it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

FOLDER: Final = Path(__file__).parents[2] / "schemas"
DIGITS_MAX: Final = 16  # of a number that is written without an exponent

Schema = Mapping[str, Any]


class Verdict(NamedTuple):
    """A document as it was read, and the rules that may refuse it; one of them must, if any."""

    value: Any
    rules: tuple[str, ...]


class RepeatedError(ValueError):
    """A member is there twice: readers differ on which is meant, and on whether to look at both."""


@cache
def schema(name: str) -> Schema:
    """The published schema of a document."""
    found: Schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def resolved(node: Schema, name: str) -> Schema:
    """What a reference stands for, a nullable one too."""
    node = node.get("then", node)
    reference = node.get("$ref")
    if reference is None:
        return node
    found: Schema = schema(name)["$defs"][reference.removeprefix("#/$defs/")]
    return found


def verdict(name: str, data: bytes) -> Verdict:
    """How a stored document has to be read: its value, and what refuses it."""
    try:
        value = loaded(data)
    except RepeatedError:
        return Verdict(None, ("document-not-canonical", "document-invalid", "schema-version"))
    except (ValueError, RecursionError):
        return Verdict(None, ("document-invalid", "schema-version"))
    if not is_valid(name, value):
        return Verdict(value, (rule_of(name, value),))
    same = canonical(name, _versioned(name, value)) == data
    return Verdict(value, () if same else ("document-not-canonical",))


def loaded(data: bytes) -> Any:
    """A JSON text's value.

    Raises:
        RepeatedError: a member is there twice.
        ValueError: it is none, or not UTF-8, or holds half of a surrogate pair.
        RecursionError: it is nested too deep.
    """
    text = data.decode()
    value = json.loads(text, object_pairs_hook=_once)
    if "\\u" in text:  # an escape is the only way in for what UTF-8 cannot say
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RepeatedError
    return found


def is_valid(name: str, value: Any) -> bool:
    """Whether the published schema allows a value, which may leave out its version."""
    return bool(_validator(name).is_valid(_versioned(name, value)))


def _versioned(name: str, value: Any) -> Any:
    """The value with its version: whoever leaves it out is refused by the bytes alone."""
    version = _version(name)
    return {"schema": version} | value if version and isinstance(value, dict) else value


def _version(name: str) -> str:
    found: str = schema(name)["properties"].get("schema", {}).get("const", "")
    return found


def rule_of(name: str, value: Any) -> str:
    """What refuses an invalid value: a version that nobody knows is told as such."""
    said = value.get("schema") if isinstance(value, dict) else None
    other = isinstance(said, str) and said != _version(name)
    return "schema-version" if other and _version(name) else "document-invalid"


def canonical(name: str, value: Any) -> bytes:
    """The one byte form of a valid document."""
    return written(ordered(name, schema(name), value)).encode() + b"\n"


def ordered(name: str, node: Schema, value: Any) -> Any:
    """A value with its members in the schema's order, times in their one form, no defaults."""
    node = resolved(node, name)
    if isinstance(value, dict):
        known = node.get("properties", {})
        rest = {key: each for key, each in value.items() if key not in known}
        parts = {key: known[key] for key in known if key in value}
        kept = {
            key: ordered(name, part, value[key])
            for key, part in parts.items()
            if key in node.get("required", ()) or value[key] != part.get("default")
        }
        return kept | rest
    if isinstance(value, list):
        return [ordered(name, node.get("items", {}), each) for each in value]
    if node.get("format") == "date-time" and isinstance(value, str):
        return _moment(value)
    if node.get("type") == "number" and type(value) in {int, float}:
        return float(value) if abs(value) < 10**300 else value
    return value


def _moment(text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return found.isoformat().replace("+00:00", "Z")


def written(value: Any) -> str:
    """Compact JSON; numbers as the shortest text that comes back."""
    if isinstance(value, dict):
        pairs = (f"{_quoted(key)}:{written(each)}" for key, each in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, float):
        return _number(value)
    return _quoted(value)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return str(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    text, point = "".join(map(str, digits)), len(digits) + exponent
    minus = "-" if sign else ""
    if len(digits) <= point <= DIGITS_MAX:
        return f"{minus}{text:0<{point}}.0"
    if 0 < point <= DIGITS_MAX:
        return f"{minus}{text[:point]}.{text[point:]}"
    if -5 < point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    rest = f".{text[1:]}" if text[1:] else ""
    return f"{minus}{text[0]}{rest}e{point - 1:+}"


# The validator: jsonschema's, but for three keywords that Python reads more loosely.


def _pattern(_: Any, wanted: str, value: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _exact(wanted).search(value):
        yield ValidationError("pattern")


@cache
def _exact(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\$$", r"\\Z", pattern))


def _format(_: Any, wanted: str, value: Any, __: Any) -> Iterator[ValidationError]:
    assert wanted == "date-time"
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            yield ValidationError("date-time")


def _whole(_: Any, value: Any) -> bool:
    return type(value) is int


_Strict: Final = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {"pattern": _pattern, "format": _format},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _whole),
)


@cache
def _validator(name: str) -> Any:
    return _Strict(schema(name))


# What a fuzzer is told about a document that was read: compiled code has no lines to count.


def places(name: str, value: Any) -> Iterator[str]:
    """Which sort of value each place of a valid document has."""
    yield from _places(name, schema(name), value, name)


def _places(name: str, node: Schema, value: Any, at: str) -> Iterator[str]:
    node = resolved(node, name)
    yield f"{at}={_sort(node, value)}"
    if isinstance(value, dict):
        for key, each in value.items():
            part = node.get("properties", {}).get(key)
            yield from _places(name, part or {}, each, f"{at}.{key if part else '*'}")
    elif isinstance(value, list):
        for each in value[:8]:
            yield from _places(name, node.get("items", {}), each, f"{at}[]")


def _sort(node: Schema, value: Any) -> str:
    if value is None or isinstance(value, bool) or "enum" in node:
        return str(value)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return f"[{min(len(value), 2)}]"
    if isinstance(value, str):
        odd = not value.isascii() or not value.isprintable() or '"' in value or "\\" in value
        return f"'{'odd' if odd else 'plain' if value else 'empty'}'"
    return "0" if value == 0 else "number" if abs(value) < 2**31 else "great"
