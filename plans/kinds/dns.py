"""Kind ``dns``: what a zone's state and a change to it are, and the pure difference of two zones.

A zone's state is complete: every record set of the types planfence manages. What planfence leaves
alone is named by ``left_alone`` and is in no difference:

* the SOA record set (the desired state cannot name it; its serial belongs to the target),
* the apex NS record set where the desired state names none,
* the fence record ``_planfence.<zone>`` TXT,
* record sets of types that are not managed (DNSKEY, RRSIG, ...).

A name and type has one record set, or several that are told apart by an identifier where the
service answers by weight, place or health (Route 53's SetIdentifier). What such a set has beside
TTL and values are its attributes: texts ``name=value``, sorted, in the words of the service that
has them. No attribute is ever dropped: a set is either read whole or not at all.

Names are absolute, lower case, with a final dot, in presentation format. Values are presentation
format in dnspython's canonical text, sorted and without repeats (RFC 2181 section 5: a set).
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Annotated, ClassVar, NamedTuple, Protocol

from pydantic import ConfigDict, Field

from plans.errors import Refused

MANAGED_TYPES = (
    "A AAAA CAA CNAME DNAME DS HTTPS LOC MX NAPTR NS OPENPGPKEY PTR SPF SRV SSHFP SVCB TLSA TXT URI"
).split()
ALIAS = "alias="  # <hosted zone id>:<name>:<whether its health is evaluated>
OWN_ZONE = "self"  # an alias's hosted zone, where it is the one that the alias stands in
FENCE_LABEL = "_planfence"
TTL_MAX = 2**31 - 1  # RFC 2181 section 8


class RecordKey(NamedTuple):
    """What a record set is found by. ``identifier`` is empty where name and type have one set."""

    name: str
    type: str
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """A record set's content: TTL in seconds, values sorted, and what else its service keeps.

    An alias, which answers with what another name has, is an attribute: TTL 0 and no values.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    ttl: Annotated[int, Field(ge=0, le=TTL_MAX)]
    values: tuple[str, ...]
    # Left out where empty: most zones have none, and a plan has one for each change.
    attributes: Annotated[tuple[str, ...], Field(exclude_if=operator.not_)] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One record set's change. ``before`` None asserts absence; ``after`` None removes the set."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    name: str
    type: str
    before: Records | None
    after: Records | None
    identifier: Annotated[str, Field(exclude_if=operator.not_)] = ""

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.name, self.type, self.identifier)


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


def alias_target(content: Records | None) -> str | None:
    """The name that an alias answers with; None if this is none."""
    for attribute in content.attributes if content else ():
        if attribute.startswith(ALIAS):
            return attribute.partition(":")[2].rpartition(":")[0]
    return None


def fence_name(zone: str) -> str:
    """The owner name of the fence record of ``zone`` (absolute, with a final dot)."""
    return FENCE_LABEL + "." + zone if zone != "." else FENCE_LABEL + "."


def canonical_order(name: str) -> str:
    """Sort key that keeps a zone's names together: labels from the root down (RFC 4034, 6.1).

    Good enough for order in print; escaped dots do not change what is equal, only where it sorts.
    One string, since tuples of labels take twice as long to sort: NUL is below all that is in one.
    """
    return "\0".join(reversed(name.rstrip(".").split(".")))


def in_order(set_: Change | RecordKey) -> tuple[str, str, str]:
    """Sort key of record sets and of changes to them."""
    return canonical_order(set_.name), set_.type, set_.identifier


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
        Change(key.name, key.type, observed.get(key), desired.get(key), key.identifier)
        for key in keys
        if key not in alone
    )
    return tuple(sorted(changes, key=in_order))


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


class Limits(Protocol):
    """What one atomic write to a target holds. Both are constants of the target: no I/O."""

    @property
    def id(self) -> str:
        """The target's URL without its query."""
        ...

    @property
    def step_capacity(self) -> tuple[int, ...]:
        """What one step holds beside its fence, in each unit the target counts in.

        Empty where any number of changes fits.
        """
        ...

    def step_size(self, change: Change) -> tuple[int, ...]:
        """What a change takes of ``step_capacity`` at most, unit by unit.

        Raises:
            Refused: the target cannot hold this change at all.
        """
        ...


def cut(changes: tuple[Change, ...], limits: Limits) -> tuple[tuple[Change, ...], ...]:
    """Cut changes into steps that fit the target, keeping a name whole.

    All changes of one name stay in one step, so that a swap (CNAME for A) is atomic. Several steps
    first make the names that are new, then change those that stay, and last remove those that go:
    between two steps every name that is in both states has an answer, and what it refers to is
    there. What an alias answers with comes no later than the alias. No changes: one step that only
    raises the fence.

    Raises:
        Refused: the changes of one name do not fit one step (rule ``step-too-large``), or the
            target cannot hold a change at all.
    """
    parts = [tuple(part) for _, part in groupby(changes, key=attrgetter("name"))]
    sizes = [_size(part, limits) for part in parts]
    capacity = limits.step_capacity
    if _fits(tuple(map(sum, zip(*sizes, strict=True))), capacity):
        return (changes,)
    steps: list[tuple[Change, ...]] = []
    current: list[Change] = []
    used = (0,) * len(capacity)
    size_of = {part[0].name: size for part, size in zip(parts, sizes, strict=True)}
    for part in _in_safe_order(parts):
        size = size_of[part[0].name]
        total = tuple(map(operator.add, used, size))
        if current and not _fits(total, capacity):
            steps.append(tuple(current))
            current, total = [], size
        current += part
        used = total
    return (*steps, tuple(current))


def _size(part: tuple[Change, ...], limits: Limits) -> tuple[int, ...]:
    """The size of one name's changes, which must fit a step of their own."""
    capacity = limits.step_capacity
    size = limits.step_size(part[0])
    for change in part[1:]:
        size = tuple(map(operator.add, size, limits.step_size(change)))
    if not _fits(size, capacity):
        raise Refused(
            f"the changes of {part[0].name} do not fit one write to {limits.id}",
            rule="step-too-large",
            expected=f"at most {_sizes(capacity)}",
            actual=_sizes(size),
            remedy="give the name fewer or shorter values: its changes must not be split",
        )
    return size


def _fits(size: tuple[int, ...], capacity: tuple[int, ...]) -> bool:
    return all(map(operator.le, size, capacity))


def _sizes(size: tuple[int, ...]) -> str:
    return " and ".join(map(str, size))


def _in_safe_order(parts: Sequence[tuple[Change, ...]]) -> Iterable[tuple[Change, ...]]:
    """By rank, but what an alias answers with before it: a service may ask for it to be there."""
    making = {part[0].name: part for part in parts if _rank(part) < 2}
    placed: dict[str, tuple[Change, ...]] = {}
    seen: set[str] = set()
    for first in sorted(parts, key=_rank):
        stack = [first]
        while stack:
            name = stack[-1][0].name
            seen.add(name)
            targets = {alias_target(change.after) for change in stack[-1]}
            before = [making[each] for each in targets if each in making and each not in seen]
            if before:
                stack += before
            else:
                placed.setdefault(name, stack.pop())
    return placed.values()


def _rank(part: tuple[Change, ...]) -> int:
    """0 for a name that is new, 2 for one that goes, as far as its changes tell; 1 for others."""
    if all(change.before is None for change in part):
        return 0
    return 2 if all(change.after is None for change in part) else 1
