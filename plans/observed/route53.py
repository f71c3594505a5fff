"""A hosted zone of Route 53 as a target: read whole, or an error.

Guarantees:

1. Complete or error. A listing goes through all its pages; one that fails, or does not say where
   it goes on, is an error, never "nothing there".
2. One instant. AWS may mix old and new where pages are read while a change is submitted, so a
   listing of several pages reads the fence record before and after, and starts again if it differs
   in any field. A single page is one answer of the service.
3. Nothing is read as something simpler than it is (``route53_sets``). What cannot be read whole is
   refused by name.
4. What is read is the newest accepted state, changes on their way to the name servers included:
   API Reference, ListResourceRecordSets.

Not guaranteed: a change made by hand between two pages leaves the fence as it is, and may be seen
in part. Each change of a plan is conditional on what was seen, so that it is refused then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Final, NamedTuple

from plans.errors import Refused, Unavailable
from plans.fence import FenceSeen, Unreadable, parse_fence
from plans.kinds.dns import ALIAS, MANAGED_TYPES, Change, RecordKey, Records, fence_name
from plans.observed.route53_api import Start, ZoneApi
from plans.observed.route53_sets import RawSet, Read, raw_set, read_set
from plans.observed.route53_text import (
    VALUE_CHARACTERS_MAX,
    name_from_api,
    name_to_api,
)
from plans.observed.view import Observation

# Developer Guide, "Quotas": of one ChangeResourceRecordSets. A DELETE and a CREATE count both.
BATCH_ELEMENTS_MAX: Final = 1_000
BATCH_CHARACTERS_MAX: Final = 32_000
FENCE_CHARACTERS_MAX: Final = 257  # a character-string of 255 bytes, in quotes
LISTINGS_MAX: Final = 10

# Developer Guide, "Supported DNS record types". SOA is the service's own.
SUPPORTED_TYPES: Final = frozenset(
    "A AAAA CAA CNAME DS HTTPS MX NAPTR NS PTR SPF SRV SSHFP SVCB TLSA TXT".split()
)
_MANAGED: Final = frozenset(MANAGED_TYPES)


class Listed(NamedTuple):
    """Record sets as they were read.

    Attributes:
        fence: those that stand where the fence record belongs, as the service has them.
        state: managed record sets but the fence.
        raws: those of ``state`` that the service has in other letters than ``raw_set`` gives.
        left_alone: how many there are of types that are not managed, the SOA not counted.
    """

    fence: tuple[RawSet, ...]
    state: dict[RecordKey, Records]
    raws: dict[RecordKey, RawSet]
    left_alone: int


class Route53View:
    """A read-only view on a hosted zone; implements ``plans.observed.view.View``.

    Args:
        id: the target's URL without its query.
        zone: the zone's name: absolute, lower case, with its final dot.
        api: the calls to it.
    """

    def __init__(self, id: str, zone: str, api: ZoneApi) -> None:  # noqa: A002 - as in View
        self.id = id
        self.zone = zone
        self.api = api
        self._own_alias = f"{ALIAS}{api.zone_id}:"
        self._fence_name = fence_name(zone)
        self._fence_start = Start(name_to_api(self._fence_name), "TXT")
        self._checked = False
        # What was read last: the fence record, every set, and those in other letters than ours.
        self._last_fence: tuple[RawSet, ...] | None = None
        self._known: dict[RecordKey, Records] = {}
        self._raws: dict[RecordKey, RawSet] = {}

    @property
    def step_capacity(self) -> tuple[int, ...]:
        """Elements and characters of values that a batch holds beside the fence pair."""
        return BATCH_ELEMENTS_MAX - 2, BATCH_CHARACTERS_MAX - 2 * FENCE_CHARACTERS_MAX

    def step_size(self, change: Change) -> tuple[int, ...]:
        """The elements (an alias is one) and characters of a DELETE and a CREATE.

        What is deleted counts in the letters that the last observation found.

        Raises:
            Refused: Route 53 has no such record set (rule ``route53-unsupported``).
        """
        raws = []
        if change.before is not None:
            raws.append(self._raws.get(change.key) or self.raw_set(change.key, change.before))
        if change.after is not None:
            raws.append(self._supported(change.key, change.after))
        texts = [_texts(raw) for raw in raws]
        characters = sum(len(text) for each in texts for text in each)
        return sum(len(each) or 1 for each in texts), characters

    def read_fence(self) -> FenceSeen:
        """The fence record as it is now; two of one name, or an alias, are ``Unreadable``.

        Raises:
            Refused: no such zone, or one of another name, or no permission.
            Unavailable: no answer in time; this never means "no fence".
        """
        self._check_zone()
        self._last_fence = self._fence_sets()
        return fence_seen(self._last_fence)

    def observe(self) -> Observation:
        """The whole zone.

        Raises:
            Refused: as for ``read_fence``, or a record set that cannot be read whole (rule
                ``route53-record-set``).
            Unavailable: no answer in time, or the fence rose under every listing.
        """
        self._check_zone()
        for _ in range(LISTINGS_MAX):
            found = self._listed()
            if found is not None:
                self._last_fence, self._raws = found.fence, found.raws
                self._known = dict(found.state)  # what was observed is the caller's
                return Observation(
                    fence_seen(found.fence), found.state, left_alone=found.left_alone
                )
        raise Unavailable(
            f"{self.id} changed under {LISTINGS_MAX} listings in a row",
            rule="route53-moving",
            remedy="nothing was taken from them; run the command again when less is enacted",
        )

    def raw_set(self, key: RecordKey, content: Records) -> RawSet:
        """A record set as the service takes it.

        Raises:
            Refused: there is no such record set in Route 53 (rule ``route53-unsupported``).
        """
        try:
            return raw_set(key, content, self.api.zone_id)
        except ValueError as error:
            raise self._unsupported(key, str(error)) from error

    def _supported(self, key: RecordKey, content: Records) -> RawSet:
        """What ``raw_set`` gives, if the service accepts it at all."""
        if key.type not in SUPPORTED_TYPES:
            raise self._unsupported(key, f"it has no records of type {key.type}")
        if any(each.startswith(self._own_alias) for each in content.attributes):
            reason = "its alias has the id of the zone that it stands in; write zone: self"
            raise self._unsupported(key, reason)  # read back, it would differ for ever
        raw = self.raw_set(key, content)
        if "TrafficPolicyInstanceId" in raw:
            raise self._unsupported(key, "it makes the sets of traffic policies by itself")
        longest = max(map(len, _texts(raw)), default=0)
        if longest > VALUE_CHARACTERS_MAX:
            reason = f"a value has {longest} characters, and {VALUE_CHARACTERS_MAX} are the most"
            raise self._unsupported(key, reason)
        return raw

    def _unsupported(self, key: RecordKey, reason: str) -> Refused:
        return Refused(
            f"{self.id} cannot hold {named(key)}: {reason}",
            rule="route53-unsupported",
            remedy="change it in the desired state, or take the zone to another target",
        )

    def _check_zone(self) -> None:
        """Once in a session: the id is that of the stream's zone.

        Raises:
            Refused: it is another zone's (rule ``route53-zone-name``).
        """
        if self._checked:
            return
        name = name_from_api(self.api.zone_name())
        if name != self.zone:
            raise Refused(
                f"{self.id} is another zone than the stream's",
                rule="route53-zone-name",
                expected=self.zone,
                actual=name,
                remedy="correct the target's id, or the stream's zone",
            )
        self._checked = True

    def _fence_sets(self) -> tuple[RawSet, ...]:
        """What stands where the fence record belongs, as the service has it.

        Where there is none, the listing begins with whatever comes next.
        """
        page = self.api.page(self._fence_start, 1)
        found = [raw for raw in page.sets if self._is_fence(raw)]
        if found and "SetIdentifier" in found[0]:  # not ours, and there may be more of them
            found = list(takewhile(self._is_fence, self._pages(self._fence_start)))
        return tuple(found)

    def _listed(self) -> Listed | None:
        """The zone from one page, or from several between two equal reads of the fence."""
        page = self.api.page(None)
        if page.following is None:
            return self._sorted(page.sets)
        before = self._fence_sets()
        found = self._sorted(self._pages(None))
        if found is None or not found.fence == before == self._fence_sets():
            return None
        return found

    def _pages(self, start: Start | None) -> Iterator[RawSet]:
        """Every record set from a place on."""
        while True:
            page = self.api.page(start)
            yield from page.sets
            if page.following is None:
                return
            start = page.following

    def _sorted(self, raws: Iterable[RawSet]) -> Listed | None:
        """The record sets by what they are; None if one came twice, as in a torn listing."""
        fence: list[RawSet] = []
        state: dict[RecordKey, Records] = {}
        exceptions: dict[RecordKey, RawSet] = {}
        left_alone = 0
        for raw in raws:
            if raw["Type"] not in _MANAGED:
                left_alone += raw["Type"] != "SOA"
            elif self._is_fence(raw):
                fence.append(raw)
            else:
                key, content, exact = self.read_set(raw)
                if key in state:
                    return None
                state[key] = content
                if not exact:
                    exceptions[key] = raw
        return Listed(tuple(fence), state, exceptions, left_alone)

    def _is_fence(self, raw: RawSet) -> bool:
        if raw["Type"] != "TXT":
            return False
        try:
            return name_from_api(raw["Name"]) == self._fence_name
        except ValueError as error:
            raise self._unreadable(raw, error) from error

    def read_set(self, raw: RawSet) -> Read:
        """A record set of the service's.

        Raises:
            Refused: it cannot be read whole (rule ``route53-record-set``).
        """
        try:
            return read_set(raw, self.api.zone_id)
        except ValueError as error:
            raise self._unreadable(raw, error) from error

    def _unreadable(self, raw: RawSet, error: ValueError) -> Refused:
        identifier = f" {raw['SetIdentifier']}" if "SetIdentifier" in raw else ""
        return Refused(
            f"{self.id} holds {raw['Name']} {raw['Type']}{identifier}, which cannot be read whole:"
            f" {error}",
            rule="route53-record-set",
            remedy="change that record set, or use a newer planfence; nothing was dropped",
        )


def fence_seen(sets: Sequence[RawSet]) -> FenceSeen:
    """The fence that stands there: one simple set of one value of one string, or ``Unreadable``."""
    if not sets:
        return None
    values = _texts(sets[0])
    if len(sets) > 1 or "SetIdentifier" in sets[0] or not values:
        return Unreadable(json.dumps(sets, sort_keys=True))
    inner = values[0].removeprefix('"').removesuffix('"')
    if len(values) > 1 or values[0] != f'"{inner}"':
        return Unreadable(", ".join(values))
    return parse_fence(inner)


def named(key: RecordKey) -> str:
    """A record set as messages call it."""
    return " ".join(part for part in key if part)


def _texts(raw: RawSet) -> list[str]:
    return [record["Value"] for record in raw.get("ResourceRecords", ())]
