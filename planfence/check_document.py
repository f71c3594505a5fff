"""Everything that is wrong with one JSON document, each with its path, line and column.

Three readers look at it, the more forgiving first, and the later ones add only what is new:

1. the JSON itself (``planfence.json_places``);
2. the JSON Schema of the document, by ``jsonschema``;
3. what planfence itself reads stored documents with: the strict models, the canonical bytes, and
   the rules of numbering and place in ``plans.faults``; and each record set by itself
   (``plans.contents``).

A document without findings is accepted by the readers in ``plans``; what only its stream can tell
(its lineage, its approvals, the bytes of its attachments) is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from planfence.json_places import Path, Reading, read_json
from plans.collector import collector_paused
from plans.contents import change_faults, content_faults
from plans.document import Document, encode
from plans.faults import Fault, numbering_faults, path_text, record_faults, zone_faults
from plans.kinds.dns import RecordKey, Records
from plans.kinds.health import HealthDocument
from plans.kinds.zone import ZoneDocument
from plans.names import generation_of_key, plan_key, valid_stream
from plans.plan import Plan
from plans.schema import DOCUMENTS
from plans.schema_faults import kind_of, schema_faults, shown_value

# Stored as bytes, and read back as such.
CANONICAL: Final = ("entry", "health", "plan", "tombstone", "zone")
_PLACE = re.compile(r"(?:^|/)streams/(?P<key>(?P<stream>.+)/plans/[0-9]{12}\.json)$")


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
        zone: the zone, absolute, that a plan's changes or a zone's records must lie in, or that
            the health must be of.
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
            faults = schema_faults(name, reading.value)
            found += _beyond(found, (_Raw(*fault, "schema") for fault in faults))
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
        message = f"expected a document, an object, found {kind_of(value)}"
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
    message = f"expected one of {', '.join(versions)}, found {shown_value(said)}"
    return None, [_Raw(("schema",), None, message, "schema-version")]


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
        return
    if isinstance(document, HealthDocument | ZoneDocument) and zone not in {None, document.zone}:
        yield Fault(("zone",), f"expected {zone}, found {document.zone}", "zone")
    if isinstance(document, ZoneDocument):
        yield from record_faults(document)
        yield from content_faults(_sets(document))


def _sets(document: ZoneDocument) -> Iterator[tuple[RecordKey, Records]]:
    """The record sets as they stand there, repeated ones too."""
    for each in document.records:
        key = RecordKey(each.name, each.type, each.identifier)
        yield key, Records(each.ttl, each.values, each.attributes)


def _misplaced(plan: Plan, place: str | None) -> Iterator[Fault]:
    """A plan names a stream that can be, and in an archive the key that it lies at."""
    if not valid_stream(plan.stream):
        message = f"{shown_value(plan.stream)} names no stream: kind/name, in a-z 0-9 . _ -"
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
