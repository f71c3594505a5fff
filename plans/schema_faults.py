"""What ``jsonschema`` finds wrong with a document from outside, in words for people.

Every error of the whole document at once, each with its path. ``jsonschema`` takes seconds for
100,000 changes: stored plans are read by the models alone.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from jsonschema import Draft202012Validator

from plans.faults import Path
from plans.schema import schema_of

_SHOWN_MAX: Final = 60
_BOUNDS: Final = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
}
_SIZES: Final = {
    "minItems": "at least",
    "maxItems": "at most",
    "minLength": "at least",
    "maxLength": "at most",
    "minProperties": "at least",
    "maxProperties": "at most",
}
_KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}
_TYPES: Final = {
    "null": "null",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "array": "a list",
    "object": "an object",
}


class SchemaFault(NamedTuple):
    """One thing that is wrong. ``key`` is a key of the object at ``path``: unknown, or missing."""

    path: Path
    key: str | None
    message: str

    @property
    def place(self) -> Path:
        return self.path if self.key is None else (*self.path, self.key)


def schema_faults(name: str, value: Any) -> Iterator[SchemaFault]:
    """Everything in a parsed document that its JSON Schema does not allow.

    Args:
        name: of the document, in ``plans.schema.DOCUMENTS``.
    """
    errors = list(Draft202012Validator(schema_of(name)).iter_errors(value))
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    for error in errors:
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            yield from _unknown_fields(path, error)
        elif error.validator == "required":
            missing = re.fullmatch(r"'(.*)' is a required property", error.message)
            assert missing is not None
            message = f"field {missing.group(1)!r} is missing"
            # Its place is the object: there is no key to point at.
            yield SchemaFault(path, missing.group(1), message)
        elif error.validator == "type" or path not in mistyped:
            yield SchemaFault(path, None, _message(error))


def kind_of(value: Any) -> str:
    """What a parsed value is, for a message."""
    return _KINDS[type(value)]


def shown_value(value: Any) -> str:
    """A parsed value as JSON, cut short."""
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def _unknown_fields(path: Path, error: Any) -> Iterator[SchemaFault]:
    known = list(error.schema["properties"])
    for key in error.instance:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield SchemaFault(path, key, f"unknown field {shown_value(key)}{hint}")


def _message(error: Any) -> str:
    """The error in words of ours, with what was found cut short."""
    wanted, found = error.validator_value, shown_value(error.instance)
    keyword = str(error.validator)
    if keyword == "type":
        types = [wanted] if isinstance(wanted, str) else wanted
        expected = " or ".join(_TYPES[each] for each in types)
        return f"expected {expected}, found {kind_of(error.instance)}"
    if keyword == "const":
        return f"expected {json.dumps(wanted)}, found {found}"
    if keyword == "enum":
        return f"expected one of {', '.join(map(json.dumps, wanted))}, found {found}"
    if keyword == "pattern":
        return f"expected text like {wanted}, found {found}"
    if keyword in _BOUNDS:
        return f"expected a number {_BOUNDS[keyword]} {wanted}, found {found}"
    if keyword in _SIZES:
        return f"expected a length of {_SIZES[keyword]} {wanted}, found {len(error.instance)}"
    if keyword == "uniqueItems":
        return "holds a value twice"
    message = str(error.message)
    return message if len(message) < 200 else f"not as the schema's {keyword} asks"
