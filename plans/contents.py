"""What is wrong with the record sets of a plan or of a desired state, one by one. Pure.

The types of a document say that a value is text; that it is a value as planfence writes it is said
here. What planfence stores is made of canonical records, and so readers that only show or compare
leave this out for the sake of time (4 us a change). Enactors and approvers ask: a target would
refuse such a step when the plan is claimed already, and another one may have taken its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plans.faults import Fault, Path, each_change
from plans.kinds.dns import MANAGED_TYPES, Change, RecordKey, Records, alias_target
from plans.kinds.plain import canonical_name, canonical_value
from plans.plan import Plan

_MANAGED = frozenset(MANAGED_TYPES)

_Wrong = Iterator[tuple[Path, str]]
"""Where in a change or a record set, and what."""


def change_faults(plan: Plan) -> Iterator[Fault]:
    """Every change is of one record set, once, changes something, and names records that can be."""
    seen: set[tuple[Path, RecordKey]] = set()
    for target, step, change in each_change(plan):
        place = (*target, *step)
        if (target, change.key) in seen:
            what = f"{change.name} {change.type} is changed twice"
            yield Fault(place, what, "document-invalid")
        seen.add((target, change.key))
        for path, what in _in_change(change):
            yield Fault((*place, *path), what, "document-invalid")


def content_faults(sets: Iterable[tuple[RecordKey, Records]]) -> Iterator[Fault]:
    """Every record set of a desired state names records that can be.

    Args:
        sets: in the order of its document.
    """
    for r, (key, content) in enumerate(sets):
        for path, what in (*_in_name(("name",), key.name), *_in_content((), key.type, content)):
            yield Fault(("records", r, *path), what, "desired-invalid")


def _in_change(change: Change) -> _Wrong:
    yield from _in_name(("name",), change.name)
    if change.type not in _MANAGED:
        yield ("type",), f"type {change.type} is not managed"
    if change.before == change.after:
        yield (), "before and after are the same"
    if change.before is not None:
        yield from _in_content(("before",), change.type, change.before)
    if change.after is not None:
        yield from _in_content(("after",), change.type, change.after)


def _in_content(place: Path, rdtype: str, content: Records) -> _Wrong:
    values, attributes = content.values, content.attributes
    if not values and not attributes:  # an alias has none
        yield (*place, "values"), "a record set has at least one value"
    elif len(values) > 1 and list(values) != sorted(set(values)):
        yield (*place, "values"), "not sorted, or a value is here twice"
    if attributes:
        yield from _in_attributes((*place, "attributes"), content)
    if rdtype not in _MANAGED:
        return
    for v, value in enumerate(values):
        try:
            canonical = canonical_value(rdtype, value)
        except ValueError as error:
            yield (*place, "values", v), str(error)
            continue
        if canonical != value:
            yield (*place, "values", v), f"expected it as {canonical}"


def _in_attributes(place: Path, content: Records) -> _Wrong:
    """What they mean is the service's; but they are in order, and an alias points at a name."""
    if list(content.attributes) != sorted(set(content.attributes)):
        yield place, "not sorted, or an attribute is here twice"
    target = alias_target(content)
    if target is not None:
        yield from _in_name(place, target)


def _in_name(place: Path, name: str) -> _Wrong:
    try:
        canonical = canonical_name(name, None)
    except ValueError as error:
        yield place, str(error)
        return
    if canonical != name:
        yield place, f"expected it as {canonical}"
