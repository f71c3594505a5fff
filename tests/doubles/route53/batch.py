"""One change batch against one zone: all of it happens, or nothing and every message says why.

Invariants:

1. Nothing is written before the whole batch has been judged (``Verdict`` is a value).
2. Changes are judged one after the other, each on the zone as those accepted before it left it: a
   CREATE before the DELETE that makes room for it is refused (seen: octodns/octodns#531,
   kubernetes-sigs/external-dns#1555).
3. A change that is refused has no effect on how the next ones are judged: a stale DELETE followed
   by a CREATE of the same set gives two messages (seen: aws/aws-sdk-kotlin#1435).
4. What must hold of the zone as a whole is judged at the end.

Source: API Reference, ChangeResourceRecordSets; Developer Guide, "Quotas".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tests.doubles.route53 import rdata
from tests.doubles.route53.aliases import alias_faults
from tests.doubles.route53.errors import ServiceError
from tests.doubles.route53.names import is_wildcard, is_within
from tests.doubles.route53.record_sets import Change, Key, RecordSet
from tests.doubles.route53.routing import conflicts

ELEMENTS_MAX: Final = 1_000
CHARACTERS_MAX: Final = 32_000

# What may be done to one record set in one batch. A DELETE and a CREATE is what an UPSERT is (API
# Reference of 2015, quoted in hashicorp/terraform#1122), and how the AWS SDK for Ruby updated.
_SEQUENCES: Final = frozenset({("CREATE",), ("DELETE",), ("UPSERT",), ("DELETE", "CREATE")})

Names = Mapping[str, Mapping[Key, RecordSet]]


class Zone(NamedTuple):
    """What a batch is judged against: the record sets of each name, and what protects some."""

    id: str
    name: str
    names: Names
    sets: int
    sets_max: int
    protections: Mapping[tuple[str, str], str]


class Verdict(NamedTuple):
    """The names that a batch changes, each with all its record sets afterwards."""

    names: Names


def judge(zone: Zone, changes: Sequence[Change]) -> Verdict:
    """What the zone becomes.

    Raises:
        ServiceError: ``InvalidChangeBatch``, with one message for each error.
    """
    messages = [*_over_limits(changes)] or [*_protected(zone, changes), *_impossible(changes)]
    if messages:
        raise ServiceError("InvalidChangeBatch", *messages)
    draft = _Draft(zone, changes)
    for position, change in enumerate(changes):
        messages += draft.tried(position, change)
    if not messages:
        messages += draft.faults()
    if messages:
        raise ServiceError("InvalidChangeBatch", *messages)
    return Verdict(draft.names)


def _over_limits(changes: Sequence[Change]) -> Iterator[str]:
    """Texts seen: DNSControl/dnscontrol#1114, #908. An alias counts as one element."""
    elements = sum((len(c.record_set.values) or 1) * c.weight for c in changes)
    characters = sum(sum(map(len, c.record_set.values)) * c.weight for c in changes)
    if elements > ELEMENTS_MAX:
        yield f"Number of records limit of {ELEMENTS_MAX} exceeded."
    if characters > CHARACTERS_MAX:
        yield f"RDATA character limit of {CHARACTERS_MAX} exceeded."


def _protected(zone: Zone, changes: Sequence[Change]) -> Iterator[str]:
    """Source: Developer Guide, "Protecting records from changes"; its exact text is not known."""
    touched = dict.fromkeys((c.record_set.name, c.record_set.type) for c in changes)
    for name, rdtype in touched:
        comment = zone.protections.get((name, rdtype))
        if comment is not None:
            yield f"The resource record set '{rdtype} {name}' is protected: {comment}"


def _impossible(changes: Sequence[Change]) -> Iterator[str]:
    """Text seen: DNSControl/dnscontrol#3493 (CREATE, then DELETE)."""
    actions: defaultdict[Key, list[str]] = defaultdict(list)
    for change in changes:
        actions[change.record_set.key].append(change.action)
    for key, sequence in actions.items():
        if tuple(sequence) not in _SEQUENCES:
            yield (
                "The request contains an invalid set of changes for a resource record set"
                f" '{key.type} {key.name}'"
            )


class _Draft:
    """The zone as the changes judged so far leave it; the names not touched are the zone's own."""

    def __init__(self, zone: Zone, changes: Sequence[Change]) -> None:
        self.names: dict[str, dict[Key, RecordSet]] = {}
        self.sets = zone.sets
        self._zone = zone
        self._last_change = {
            change.record_set.key: position for position, change in enumerate(changes)
        }

    def tried(self, position: int, change: Change) -> list[str]:
        """Make one change, unless there are reasons against it."""
        record_set = change.record_set
        standing = self._at(record_set.name).get(record_set.key)
        if change.action == "DELETE":
            faults = list(_delete_faults(record_set, standing))
            if not faults:
                del self._own(record_set.name)[record_set.key]
                self.sets -= 1
            return faults
        if change.action == "CREATE" and standing is not None:
            # Seen: hashicorp/terraform-provider-aws#7918.
            said = f"Tried to create resource record set [{_shown(record_set.key)}]"
            return [f"{said} but it already exists"]
        faults = [*self._addition_faults(position, record_set)]
        if not faults:
            self.sets += standing is None
            self._own(record_set.name)[record_set.key] = record_set
        return faults

    def faults(self) -> Iterator[str]:
        """What is wrong with the zone as the whole batch would leave it."""
        apex = self._at(self._zone.name)
        types = [key.type for key in apex]
        if types.count("SOA") != 1:
            # Seen: DNSControl/dnscontrol#4402.
            yield "A HostedZone must contain exactly one SOA record."
        if "NS" not in types:
            # Seen: airbnb/zonify#1.
            yield "A HostedZone must contain at least one NS record for the zone itself."
        if self.sets > max(self._zone.sets_max, self._zone.sets):
            # Seen: DNSControl/dnscontrol#908.
            yield f"Exceeded limit MAX_RRSETS_BY_ZONE for zone: {self._zone.id}"

    def _at(self, name: str) -> Mapping[Key, RecordSet]:
        found = self.names.get(name)
        return self._zone.names.get(name, {}) if found is None else found

    def _own(self, name: str) -> dict[Key, RecordSet]:
        if name not in self.names:
            self.names[name] = dict(self._at(name))
        return self.names[name]

    def _addition_faults(self, position: int, added: RecordSet) -> Iterator[str]:
        if not is_within(added.name, self._zone.name):
            # Seen: getmoto/moto#916.
            yield f"RRSet with DNS name {added.name} is not permitted in zone {self._zone.name}"
            return
        if added.type == "NS" and is_wildcard(added.name):
            yield f"RRSet of type NS with DNS name {added.name} is not permitted: it is a wildcard"
        if added.type == "SOA" and added.name != self._zone.name:
            yield f"RRSet of type SOA with DNS name {added.name} is only permitted at apex"
        yield from _value_faults(added)
        others = [each for key, each in self._at(added.name).items() if key != added.key]
        yield from self._cname_faults(added, {each.type for each in others})
        yield from conflicts(added, [each for each in others if each.type == added.type])
        if added.alias is not None:
            yield from alias_faults(
                added,
                self._zone.id,
                self._zone.name,
                lambda name, rdtype: self._is_target(position, name, rdtype),
            )

    def _cname_faults(self, added: RecordSet, others: set[str]) -> Iterator[str]:
        said = f"RRSet of type {added.type} with DNS name {added.name} is not permitted"
        if added.type == "CNAME":
            if added.name == self._zone.name:
                # Seen: cloudfoundry/bosh-bootloader#310.
                yield f"{said} at apex in zone {self._zone.name}"
            elif others - {"CNAME"}:
                # Seen: capitalone/Particle-Cloud-Framework#113.
                yield (
                    f"{said} as it conflicts with other records with the same DNS name in zone"
                    f" {self._zone.name}"
                )
        elif "CNAME" in others:
            # Seen: RJPearson94/terraform-aws-open-next#24.
            yield (
                f"{said} because a conflicting RRSet of type CNAME with the same DNS name already"
                f" exists in zone {self._zone.name}"
            )

    def _is_target(self, position: int, name: str, rdtype: str) -> bool:
        """Whether an alias at this position may use it: a set is there that no later change is."""
        return any(
            key.type == rdtype and self._last_change.get(key, -1) < position
            for key in self._at(name)
        )


def _delete_faults(asked: RecordSet, standing: RecordSet | None) -> Iterator[str]:
    said = f"Tried to delete resource record set [{_shown(asked.key)}]"
    if standing is None:
        # Seen: boto/boto#2887.
        yield f"{said} but it was not found"
    elif not standing.equals(asked):
        # Seen: kubernetes-sigs/external-dns#732.
        yield f"{said} but the values provided do not match the current values"


def _value_faults(added: RecordSet) -> Iterator[str]:
    meanings = set()
    for value in added.values:
        try:
            meaning = rdata.parsed(added.type, value)
        except rdata.ValueProblem as problem:
            yield str(problem)
            continue
        if meaning in meanings:
            # Seen: kubernetes-sigs/external-dns#6019.
            yield f"Duplicate Resource Record: '{value}'"
        meanings.add(meaning)


def _shown(key: Key) -> str:
    # Seen with an identifier: barnybug/cli53#317.
    said = f"name='{key.name}', type='{key.type}'"
    return f"{said}, set-identifier='{key.set_identifier}'" if key.set_identifier else said
