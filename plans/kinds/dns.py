"""Kind ``dns``: what a zone's state and a change to it are, and the pure difference of two zones.

A zone's state is complete: every record set of the types planfence manages. What planfence leaves
alone is named by ``left_alone`` and is in no difference:

* the SOA record set (the desired state cannot name it; its serial belongs to the target),
* the apex NS record set where the desired state names none,
* the fence record ``_planfence.<zone>`` TXT,
* record sets of types that are not managed (DNSKEY, RRSIG, ...).

Names are absolute, lower case, with a final dot, in presentation format. Values are presentation
format in dnspython's canonical text, sorted and without repeats (RFC 2181 section 5: a set).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

from pydantic import ConfigDict, Field

MANAGED_TYPES = (
    "A AAAA CAA CNAME DNAME DS HTTPS LOC MX NAPTR NS OPENPGPKEY PTR SPF SRV SSHFP SVCB TLSA TXT URI"
).split()
FENCE_LABEL = "_planfence"
TTL_MAX = 2**31 - 1  # RFC 2181 section 8


class RecordKey(NamedTuple):
    """What a record set is found by."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Records:
    """A record set's content: TTL in seconds, values sorted."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    # Only said in the JSON Schema: ``records`` sees to it, and nobody waits for it at each read.
    ttl: Annotated[int, Field(json_schema_extra={"minimum": 0, "maximum": TTL_MAX})]
    values: Annotated[tuple[str, ...], Field(json_schema_extra={"minItems": 1})]


@dataclass(frozen=True, slots=True)
class Change:
    """One record set's change. ``before`` None asserts absence; ``after`` None removes the set."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    name: str
    type: str
    before: Records | None
    after: Records | None

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.name, self.type)


ZoneState = Mapping[RecordKey, Records]


def records(ttl: int, values: Collection[str]) -> Records:
    """A record set of canonical values, sorted and without repeats (RFC 2181 section 5).

    Raises:
        ValueError: no value, or a TTL outside 0 to 2^31 - 1 (RFC 2181 section 8).
    """
    kept = tuple(values) if len(values) == 1 else tuple(sorted(set(values)))
    if not kept:
        raise ValueError("a record set has at least one value")
    if not 0 <= ttl <= TTL_MAX:
        raise ValueError(f"TTL {ttl} is outside 0 to {TTL_MAX}")
    return Records(ttl, kept)


def fence_name(zone: str) -> str:
    """The owner name of the fence record of ``zone`` (absolute, with a final dot)."""
    return FENCE_LABEL + "." + zone if zone != "." else FENCE_LABEL + "."


def canonical_order(name: str) -> str:
    """Sort key that keeps a zone's names together: labels from the root down (RFC 4034, 6.1).

    Good enough for order in print; escaped dots do not change what is equal, only where it sorts.
    One string, since tuples of labels take twice as long to sort: NUL is below all that is in one.
    """
    return "\0".join(reversed(name.rstrip(".").split(".")))


def left_alone(zone: str, desired: ZoneState) -> set[RecordKey]:
    """Record sets that no difference may touch (see the module's text)."""
    alone = {RecordKey(zone, "SOA"), RecordKey(fence_name(zone), "TXT")}
    apex = RecordKey(zone, "NS")
    if apex not in desired:
        alone.add(apex)
    return alone


def diff(zone: str, desired: ZoneState, observed: ZoneState) -> tuple[Change, ...]:
    """The least changes that turn ``observed`` into ``desired``, in canonical order.

    Pure: applying the result to ``observed`` gives ``desired`` plus what is left alone.
    """
    alone = left_alone(zone, desired)
    keys = [key for key, after in desired.items() if observed.get(key) != after]
    keys += [key for key in observed if key not in desired]
    changes = (
        Change(key.name, key.type, observed.get(key), desired.get(key))
        for key in keys
        if key not in alone
    )
    return tuple(sorted(changes, key=lambda change: (canonical_order(change.name), change.type)))


def apply_changes(state: ZoneState, changes: Iterable[Change]) -> dict[RecordKey, Records]:
    """``state`` after the changes; ``before`` is not looked at (see ``first_drift``)."""
    result = dict(state)
    for change in changes:
        if change.after is None:
            result.pop(change.key, None)
        else:
            result[change.key] = change.after
    return result


def first_drift(state: ZoneState, changes: Iterable[Change]) -> Change | None:
    """The first change whose ``before`` is not what ``state`` has, or None if all hold."""
    return next((change for change in changes if state.get(change.key) != change.before), None)


def cut(changes: tuple[Change, ...], changes_max: int | None) -> tuple[tuple[Change, ...], ...]:
    """Cut changes into steps of at most ``changes_max`` (None: one step), keeping a name whole.

    All changes of one name stay in one step, so that a swap (CNAME for A) is atomic and no name is
    without an answer between two steps. A single name above the limit gets a step of its own, and
    it is the target's business to refuse it when planning. No changes: one step that only raises
    the fence.
    """
    if changes_max is None or len(changes) <= changes_max:
        return (changes,)
    steps: list[tuple[Change, ...]] = []
    current: list[Change] = []
    index = 0
    while index < len(changes):
        end = index
        while end < len(changes) and changes[end].name == changes[index].name:
            end += 1
        if current and len(current) + (end - index) > changes_max:
            steps.append(tuple(current))
            current = []
        current.extend(changes[index:end])
        index = end
    steps.append(tuple(current))
    return tuple(steps)
