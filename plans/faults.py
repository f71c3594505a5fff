"""What the types of a document cannot say: numbering, repeats, names outside the zone. Pure.

Each fault has its path into the document, so that a reader can refuse at the first and
``planfence check`` can list them all: one rule, in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from plans.kinds.dns import MANAGED_TYPES, Change, RecordKey, fence_name
from plans.kinds.zone import ZoneDocument, within
from plans.plan import Plan

Path = tuple[str | int, ...]


class Fault(NamedTuple):
    """One thing that is wrong: where, what, and the rule that a reader refuses it by."""

    path: Path
    what: str
    rule: str


def path_text(path: Path) -> str:
    """A path as JSONPath: ``$.waves[0].targets``."""
    return "$" + "".join(_part(part) for part in path)


def _part(part: str | int) -> str:
    if isinstance(part, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", part):
        return f".{part}"
    return f"[{part!r}]"


def numbering_faults(plan: Plan) -> Iterator[Fault]:
    """Steps are numbered 1, 2, 3 on their target, and no target is named twice."""
    seen: set[str] = set()
    for w, wave in enumerate(plan.waves):
        for t, target in enumerate(wave.targets):
            place: Path = ("waves", w, "targets", t)
            if target.target in seen:
                yield Fault(
                    (*place, "target"), f"target {target.target} is named twice", "document-invalid"
                )
            seen.add(target.target)
            for s, step in enumerate(target.steps):
                if step.number != s + 1:
                    yield Fault(
                        (*place, "steps", s, "number"),
                        f"step {step.number} stands where step {s + 1} belongs",
                        "document-invalid",
                    )


def each_change(plan: Plan) -> Iterator[tuple[Path, Path, Change]]:
    """Every change, with the path of its target and its own from there on."""
    for w, wave in enumerate(plan.waves):
        for t, target in enumerate(wave.targets):
            for s, step in enumerate(target.steps):
                for c, change in enumerate(step.changes):
                    yield ("waves", w, "targets", t), ("steps", s, "changes", c), change


def zone_faults(plan: Plan, zone: str) -> Iterator[Fault]:
    """Every change lies in the zone, and none is of the record that the zone's fence is.

    A change of it would be written beside the fence, and leave another or none.
    """
    fence = fence_name(zone)
    for target, step, change in each_change(plan):
        place = (*target, *step, "name")
        if not within(change.name, zone):
            yield Fault(place, f"{change.name} lies outside {zone}", "zone")
        elif change.name == fence and change.type == "TXT":
            yield Fault(place, f"{fence} TXT is the fence of {zone}", "zone")


def record_faults(document: ZoneDocument) -> Iterator[Fault]:
    """Every record set is there once, in the zone, and of a type that is managed."""
    seen: set[RecordKey] = set()
    for r, record in enumerate(document.records):
        key = RecordKey(record.name, record.type, record.identifier)
        if key in seen:
            yield Fault(("records", r), f"{key.name} {key.type} is here twice", "desired-invalid")
        seen.add(key)
        if record.type not in MANAGED_TYPES:
            yield Fault(
                ("records", r, "type"), f"type {record.type} is not managed", "desired-invalid"
            )
        if not within(record.name, document.zone):
            yield Fault(
                ("records", r, "name"),
                f"{record.name} lies outside {document.zone}",
                "desired-invalid",
            )
