"""What is wrong with the record sets of a plan or of a zone document, one by one.

No reader of stored plans looks at this, for the sake of time: a plan of ours is made of canonical
records, and each target refuses a step that would not read back as meant. A document from elsewhere
is told here, at once and with its path.
"""

from __future__ import annotations

from collections.abc import Iterator

from plans.faults import Fault, Path
from plans.kinds.dns import MANAGED_TYPES, Records
from plans.kinds.rdata import normal_name, normal_value
from plans.kinds.zone import RecordSet, ZoneDocument
from plans.plan import Plan


def change_faults(plan: Plan) -> Iterator[Fault]:
    """Every change is of one record set, changes something, and names records that can be."""
    for w, wave in enumerate(plan.waves):
        for t, target in enumerate(wave.targets):
            for s, step in enumerate(target.steps):
                for c, change in enumerate(step.changes):
                    place = ("waves", w, "targets", t, "steps", s, "changes", c)
                    rule = "document-invalid"
                    yield from _key_faults(place, change.name, change.type, rule)
                    if change.before == change.after:
                        yield Fault(place, "before and after are the same", rule)
                    for side in ("before", "after"):
                        found = getattr(change, side)
                        if found is not None:
                            yield from _content_faults((*place, side), change.type, found, rule)


def content_faults(document: ZoneDocument) -> Iterator[Fault]:
    """Every record set of a zone document names records that can be."""
    for r, record in enumerate(document.records):
        rule = "desired-invalid"
        yield from _name_faults(("records", r), record.name, rule)
        yield from _content_faults(("records", r), record.type, record, rule)


def _key_faults(place: Path, name: str, rdtype: str, rule: str) -> Iterator[Fault]:
    yield from _name_faults(place, name, rule)
    if rdtype not in MANAGED_TYPES:
        yield Fault((*place, "type"), f"type {rdtype} is not managed", rule)


def _name_faults(place: Path, name: str, rule: str) -> Iterator[Fault]:
    try:
        normal = normal_name(name, None)
    except ValueError as error:
        yield Fault((*place, "name"), str(error), rule)
        return
    if normal != name:
        yield Fault((*place, "name"), f"expected it as {normal}", rule)


def _content_faults(
    place: Path, rdtype: str, found: Records | RecordSet, rule: str
) -> Iterator[Fault]:
    values = found.values
    if not values and not found.attributes:  # an alias has none
        yield Fault((*place, "values"), "a record set has at least one value", rule)
    elif list(values) != sorted(set(values)):
        yield Fault((*place, "values"), "not sorted, or a value is here twice", rule)
    if rdtype not in MANAGED_TYPES:
        return
    for v, value in enumerate(values):
        try:
            normal = normal_value(rdtype, value, None)
        except ValueError as error:
            yield Fault((*place, "values", v), str(error), rule)
            continue
        if normal != value:
            yield Fault((*place, "values", v), f"expected it as {normal}", rule)
