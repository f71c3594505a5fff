"""A zone's complete desired state as a document: the attachment every plan of kind ``dns`` carries.

It is a copy, never a reference: any kept generation can be rolled back to from it alone.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from plans.document import Document
from plans.errors import Refused
from plans.kinds.dns import MANAGED_TYPES, TTL_MAX, RecordKey, Records, ZoneState, in_order

DESIRED_NAME = "desired"
DESIRED_MEDIA_TYPE = "application/vnd.planfence.zone+json"

_MANAGED = frozenset(MANAGED_TYPES)


@dataclass(frozen=True, slots=True)
class RecordSet:
    """One record set, flat, as it stands in the document."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    name: str
    type: str
    ttl: Annotated[int, Field(ge=0, le=TTL_MAX)]
    values: tuple[str, ...]
    identifier: Annotated[str, Field(exclude_if=operator.not_)] = ""
    attributes: Annotated[tuple[str, ...], Field(exclude_if=operator.not_)] = ()


class ZoneDocument(Document):
    """Every record set of a zone that planfence manages, in canonical order."""

    schema_version: Literal["planfence/zone/v1"] = Field("planfence/zone/v1", alias="schema")
    zone: str
    records: tuple[RecordSet, ...]


def zone_document(zone: str, state: ZoneState) -> ZoneDocument:
    """The document of a state; equal states give equal bytes."""
    keys = sorted(state, key=in_order)
    return ZoneDocument(
        zone=zone,
        records=tuple(
            RecordSet(
                key.name,
                key.type,
                state[key].ttl,
                state[key].values,
                key.identifier,
                state[key].attributes,
            )
            for key in keys
        ),
    )


def state_of(document: ZoneDocument) -> dict[RecordKey, Records]:
    """The state a document holds.

    Raises:
        Refused: a record set is repeated, outside the zone, or of a type that is not managed.
    """
    state: dict[RecordKey, Records] = {}
    for record in document.records:
        key = RecordKey(record.name, record.type, record.identifier)
        if key in state or record.type not in _MANAGED or not within(record.name, document.zone):
            raise Refused(
                f"the desired state of {document.zone} holds {record.name} {record.type} wrongly:"
                " repeated, outside the zone, or of a type that is not managed",
                rule="desired-invalid",
                remedy="publish a new plan",
            )
        state[key] = Records(record.ttl, record.values, record.attributes)
    return state


def within(name: str, zone: str) -> bool:
    """Whether an absolute name lies in the zone."""
    return zone in {".", name} or name.endswith("." + zone)
