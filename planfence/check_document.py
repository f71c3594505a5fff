"""Everything that is wrong with one JSON document, each with its path, line and column.

Three readers look at it, the more forgiving first, and the later ones add only what is new:

1. the JSON itself (``planfence.json_places``);
2. the JSON Schema of the document, by ``jsonschema``;
3. what planfence itself reads stored documents with: the strict models, the canonical bytes, and
   the rules of numbering and place in ``plans.faults``; and each record set by itself
   (``planfence.check_records``).

A document without findings is accepted by the readers in ``plans``; what only its stream can tell
(its lineage, its approvals, the bytes of its attachments) is not looked at.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from jsonschema import Draft202012Validator
from pydantic import ValidationError

from planfence.check_records import change_faults, content_faults
from planfence.json_places import Path, Reading, path_text, read_json
from plans.collector import collector_paused
from plans.document import Document, encode
from plans.faults import Fault, numbering_faults, record_faults, zone_faults
from plans.kinds.zone import ZoneDocument
from plans.names import generation_of_key, plan_key, valid_stream
from plans.plan import Plan
from plans.schema import DOCUMENTS, schema_of

CANONICAL: Final = ("entry", "plan", "tombstone", "zone")  # stored as bytes, and read back as such
_SHOWN_MAX: Final = 60
_PLACE = re.compile(r"(?:^|/)streams/(?P<key>(?P<stream>.+)/plans/[0-9]{12}\.json)$")
_BOUNDS: Final = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
}
_SIZES: Final = {"minItems": "at least", "minLength": "at least", "maxLength": "at most"}
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


class Finding(NamedTuple):
    """One thing that is wrong. ``path``, ``line`` and ``column`` are None where there is none."""

    path: str | None
    line: int | None
    column: int | None
    message: str
    rule: str


class _Raw(NamedTuple):
    """A finding before its place is looked up: ``key`` is a key of the object at ``path``."""

    path: Path
    key: str | None
    message: str
    rule: str
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A document's name, if it is known, and everything that is wrong with it."""

    name: str | None
    findings: tuple[Finding, ...]


def check_document(
    data: bytes, *, name: str | None = None, zone: str | None = None, place: str | None = None
) -> Checked:
    """Check one JSON document.

    Args:
        name: what it is, a name in ``DOCUMENTS``; None takes its ``schema`` field's word.
        zone: the zone, absolute, that a plan's changes or a zone's records must lie in.
        place: its path; in an archive it says which plan must be found there.
    """
    with collector_paused():
        return _checked(data, name, zone, place)


def _checked(data: bytes, name: str | None, zone: str | None, place: str | None) -> Checked:
    reading = read_json(data)
    found = [
        _Raw(problem.path, None, problem.message, problem.rule, problem.offset)
        for problem in reading.problems
    ]
    if reading.root is not None:
        if name is None:
            name, unknown = _told(reading.value)
            found += unknown
        if name is not None:
            found += _beyond(found, _schema_errors(name, reading.value))
            if not reading.problems:
                found += _beyond(found, _codec_errors(name, data, reading, zone, place))
    return Checked(name, tuple(sorted((_placed(reading, raw) for raw in found), key=_order)))


def _order(finding: Finding) -> tuple[int, int]:
    return finding.line or 0, finding.column or 0


def _placed(reading: Reading, raw: _Raw) -> Finding:
    offset = reading.offset_of(raw.path, raw.key) if raw.offset is None else raw.offset
    path = (*raw.path, raw.key) if raw.key is not None else raw.path
    return Finding(path_text(path), *reading.line_column(offset), raw.message, raw.rule)


def _beyond(found: list[_Raw], more: Iterable[_Raw]) -> list[_Raw]:
    """What a later reader adds: nothing about a place that an earlier one has found wrong."""
    covered = {_whole(raw) for raw in found}
    return [raw for raw in more if _whole(raw) not in covered]


def _whole(raw: _Raw) -> Path:
    return raw.path if raw.key is None else (*raw.path, raw.key)


# What it is


def _told(value: Any) -> tuple[str | None, list[_Raw]]:
    """The document's name by its ``schema`` field, or why there is none."""
    if not isinstance(value, dict):
        message = f"expected a document, an object, found {_kind(value)}"
        return None, [_Raw((), None, message, "document-unknown")]
    versions = {
        str(model.model_fields["schema_version"].default): name
        for name, model in DOCUMENTS.items()
        if "schema_version" in model.model_fields
    }
    said = value.get("schema")
    if isinstance(said, str) and said in versions:
        return versions[said], []
    if said is None:
        message = "has no field 'schema' to say what it is: name it by --as"
        return None, [_Raw((), None, message, "document-unknown")]
    message = f"expected one of {', '.join(versions)}, found {_shown(said)}"
    return None, [_Raw(("schema",), None, message, "schema-version")]


# The JSON Schema


def _schema_errors(name: str, value: Any) -> Iterator[_Raw]:
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
            yield _Raw(path, missing.group(1), message, "schema")
        elif error.validator == "type" or path not in mistyped:
            yield _Raw(path, None, _message(error), "schema")


def _unknown_fields(path: Path, error: Any) -> Iterator[_Raw]:
    known = list(error.schema["properties"])
    for key in error.instance:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield _Raw(path, key, f"unknown field {_shown(key)}{hint}", "schema")


def _message(error: Any) -> str:
    """The error in words of ours, with what was found cut short."""
    wanted, found = error.validator_value, _shown(error.instance)
    keyword = str(error.validator)
    if keyword == "type":
        types = [wanted] if isinstance(wanted, str) else wanted
        expected = " or ".join(_TYPES[each] for each in types)
        return f"expected {expected}, found {_kind(error.instance)}"
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


def _kind(value: Any) -> str:
    return _KINDS[type(value)]


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


# What planfence itself reads with


def _codec_errors(
    name: str, data: bytes, reading: Reading, zone: str | None, place: str | None
) -> Iterator[_Raw]:
    try:
        document = DOCUMENTS[name].model_validate_json(data)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            if each["type"] == "too_short":
                continue  # the schema says so too, and here a list is short of its bad items
            yield _Raw(each["loc"], None, _lowered(each["msg"]), "document-invalid")
        return
    if name in CANONICAL:
        yield from _not_canonical(document, data, reading)
    for fault in _faults(document, zone, place):
        yield _Raw(fault.path, None, fault.what, fault.rule)


def _lowered(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _not_canonical(document: Document, data: bytes, reading: Reading) -> Iterator[_Raw]:
    canonical = encode(document)
    if canonical == data:
        return
    pairs = zip(canonical, data, strict=False)
    same = next((at for at, (ours, theirs) in enumerate(pairs) if ours != theirs), None)
    if same is None:
        same = min(len(canonical), len(data))
    offset = len(data[:same].decode("utf-8", "ignore"))
    yield _Raw(
        reading.path_at(offset),
        None,
        "not in the one form that planfence writes: it differs from here on",
        "document-not-canonical",
        offset,
    )


def _faults(document: Document, zone: str | None, place: str | None) -> Iterator[Fault]:
    if isinstance(document, Plan):
        yield from _misplaced(document, place)
        yield from numbering_faults(document)
        yield from change_faults(document)
        if zone is not None:
            yield from zone_faults(document, zone)
    elif isinstance(document, ZoneDocument):
        if zone is not None and document.zone != zone:
            yield Fault(("zone",), f"expected {zone}, found {document.zone}", "zone")
        yield from record_faults(document)
        yield from content_faults(document)


def _misplaced(plan: Plan, place: str | None) -> Iterator[Fault]:
    """A plan names a stream that can be, and in an archive the key that it lies at."""
    if not valid_stream(plan.stream):
        message = f"{_shown(plan.stream)} names no stream: kind/name, in a-z 0-9 . _ -"
        yield Fault(("stream",), message, "foreign-stream")
    found = _PLACE.search(place or "")
    if found is None:
        return
    if plan.stream != found["stream"]:
        message = f"lies in the archive as a plan of {found['stream']}"
        yield Fault(("stream",), message, "foreign-stream")
    number = generation_of_key(found["key"])
    if plan_key("", plan.generation) != plan_key("", number or 0):
        message = f"lies in the archive as generation {number}"
        yield Fault(("generation",), message, "foreign-generation")
