"""The base of every stored document, and the codec: document ↔ bytes ↔ digest.

Invariants:

1. One document has exactly one byte form (``encode``); bytes that are not that form are refused, so
   that no two programs can read one file differently (repeated keys, other number forms).
2. The digest is SHA-256 over the bytes as stored, 64 hex digits.
3. Unknown fields are refused: one might be a constraint that this version does not know
   (an ADR against TUF's 0008; see ``docs/adr/0002-strict-documents.md``).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from plans.collector import collector_paused
from plans.errors import Refused
from plans.names import Digest

DigestText = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
IdText = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
GenerationNumber = Annotated[int, Field(ge=1, lt=10**12)]
OneLine = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")]
TIMESTAMP: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"([.][0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
)


def _written_out(value: Any) -> Any:
    """A time of JSON says day, time and offset; pydantic would take seconds since 1970 too.

    The register compares such texts as they stand, so all have to be of one form.
    """
    known = re.fullmatch(TIMESTAMP, value) if isinstance(value, str) else True
    if not known or isinstance(value, int | float):
        raise ValueError("a time is written like 2026-01-31T12:00:00Z")
    return value


# Not strict: what comes of a text of JSON behind a validator of ours is a text of Python to it.
Timestamp = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_out)]


class Document(BaseModel):
    """A frozen, strict document. Field order is the order in the stored bytes."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        populate_by_name=True,
        serialize_by_alias=True,
        cache_strings="keys",  # values hardly repeat: looking each one up costs a tenth of a load
        defer_build=True,  # a command uses a few of them: each is built when it is first used
    )


D = TypeVar("D", bound=Document)


def encode(document: Document) -> bytes:
    """The document's only byte form: compact JSON in field order, UTF-8, one final newline."""
    return document.model_dump_json(by_alias=True).encode() + b"\n"


def digest_of(body: bytes) -> Digest:
    """SHA-256 over the bytes as stored, as 64 hex digits."""
    return Digest(hashlib.sha256(body).hexdigest())


def decode(model: type[D], body: bytes, *, what: str) -> D:
    """Parse stored bytes strictly.

    Args:
        model: the document's type.
        body: the bytes as stored; the caller has checked their digest where it knows one.
        what: names the document in the error ("plan 7 of dns/example.com").

    Raises:
        Refused: the bytes are not a document of this type and schema version, or not in its only
            byte form (rules ``schema-version``, ``document-invalid``, ``document-not-canonical``).
    """
    with collector_paused():
        try:
            document = model.model_validate_json(body)
        except ValidationError as error:
            raise _refusal(model, body, what, error) from error
        if encode(document) != body:
            raise Refused(
                f"{what} is not in canonical form, so two readers could read it differently",
                rule="document-not-canonical",
                remedy="use only documents that planfence wrote",
            )
    return document


def from_attributes(model: type[D], attributes: Any, *, what: str) -> D:
    """A document from a register item's attributes.

    Raises:
        Refused: the item is not of this form; it was not written by this version of planfence.
    """
    try:
        return model.model_validate_json(json.dumps(dict(attributes)))
    except ValidationError as error:
        raise _refusal(model, json.dumps(dict(attributes)).encode(), what, error) from error


def to_attributes(document: Document) -> dict[str, Any]:
    """A document as the flat attributes of a register item."""
    return document.model_dump(mode="json", by_alias=True)


def _refusal(model: type[D], body: bytes, what: str, error: ValidationError) -> Refused:
    """Say which it is: a schema of another version, or not a document at all."""
    schema = model.model_fields.get("schema_version")
    if schema is not None:
        expected = schema.default
        try:
            actual = json.loads(body).get("schema")
        except (ValueError, AttributeError, RecursionError):
            actual = None
        if isinstance(actual, str) and actual != expected:
            return Refused(
                f"{what} has a schema that this planfence does not know",
                rule="schema-version",
                expected=str(expected),
                actual=actual[:80],
                remedy="use the planfence version that wrote it, or publish a new plan",
            )
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "document"
    return Refused(
        f"{what} is not valid: {place}: {first['msg']}",
        rule="document-invalid",
        remedy="publish a new plan; never edit a stored document",
    )
