"""What is wrong with the record sets of a plan or of a desired state, one by one. Pure.

The types of a document say that a value is text; that it is a value as planfence writes it is said
here. What planfence stores is made of canonical records, and so readers that only show or compare
leave this out for the sake of time (3 us a change). Enactors and approvers ask: a target would
refuse such a step when the plan is claimed already, and another one may have taken its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plans.faults import Fault, Path
from plans.kinds.dns import MANAGED_TYPES, RecordKey, Records, alias_target
from plans.kinds.plain import is_plain_value, plain_name
from plans.plan import Plan

_MANAGED = frozenset(MANAGED_TYPES)


def change_faults(plan: Plan) -> Iterator[Fault]:
    """Every change is of one record set, once, changes something, and names records that can be."""
    rule = "document-invalid"
    for w, wave in enumerate(plan.waves):
        for t, target in enumerate(wave.targets):
            seen: set[RecordKey] = set()
            for s, step in enumerate(target.steps):
                for c, change in enumerate(step.changes):
                    place = ("waves", w, "targets", t, "steps", s, "changes", c)
                    key = change.key
                    yield from _key_faults(place, key, rule)
                    if key in seen:
                        yield Fault(place, f"{key.name} {key.type} is changed twice", rule)
                    seen.add(key)
                    if change.before == change.after:
                        yield Fault(place, "before and after are the same", rule)
                    for side, found in (("before", change.before), ("after", change.after)):
                        if found is not None:
                            yield from _content_faults((*place, side), key.type, found, rule)


def content_faults(sets: Iterable[tuple[RecordKey, Records]]) -> Iterator[Fault]:
    """Every record set of a desired state names records that can be.

    Args:
        sets: in the order of its document.
    """
    rule = "desired-invalid"
    for r, (key, content) in enumerate(sets):
        yield from _name_faults(("records", r, "name"), key.name, rule)
        yield from _content_faults(("records", r), key.type, content, rule)


def _key_faults(place: Path, key: RecordKey, rule: str) -> Iterator[Fault]:
    yield from _name_faults((*place, "name"), key.name, rule)
    if key.type not in _MANAGED:
        yield Fault((*place, "type"), f"type {key.type} is not managed", rule)


def _name_faults(place: Path, name: str, rule: str) -> Iterator[Fault]:
    try:
        normal = plain_name(name, None) or _parsed_name(name)
    except ValueError as error:
        yield Fault(place, str(error), rule)
        return
    if normal != name:
        yield Fault(place, f"expected it as {normal}", rule)


def _attribute_faults(place: Path, found: Records, rule: str) -> Iterator[Fault]:
    """What they mean is the service's; but they are in order, and an alias points at a name."""
    if list(found.attributes) != sorted(set(found.attributes)):
        yield Fault(place, "not sorted, or an attribute is here twice", rule)
    target = alias_target(found)
    if target is not None:
        yield from _name_faults(place, target, rule)


def _content_faults(place: Path, rdtype: str, found: Records, rule: str) -> Iterator[Fault]:
    values, attributes = found.values, found.attributes
    if not values and not attributes:  # an alias has none
        yield Fault((*place, "values"), "a record set has at least one value", rule)
    elif len(values) > 1 and list(values) != sorted(set(values)):
        yield Fault((*place, "values"), "not sorted, or a value is here twice", rule)
    if attributes:
        yield from _attribute_faults((*place, "attributes"), found, rule)
    if rdtype not in _MANAGED:
        return
    for v, value in enumerate(values):
        if is_plain_value(rdtype, value):
            continue
        try:
            normal = _parsed_value(rdtype, value)
        except ValueError as error:
            yield Fault((*place, "values", v), str(error), rule)
            continue
        if normal != value:
            yield Fault((*place, "values", v), f"expected it as {normal}", rule)


def _parsed_name(name: str) -> str:
    from plans.kinds.rdata import normal_name  # dnspython: not for an everyday name

    return normal_name(name, None)


def _parsed_value(rdtype: str, value: str) -> str:
    from plans.kinds.rdata import normal_value  # as above

    return normal_value(rdtype, value, None)
