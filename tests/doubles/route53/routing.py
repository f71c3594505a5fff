"""Which record sets of one name and type may stand together.

Source: API Reference, ResourceRecordSet (Weight, Region, GeoLocation, Failover, MultiValueAnswer),
and Developer Guide, "Quotas on records". The texts marked "seen" are AWS's own, from the public
reports named; the others are formed like them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tests.doubles.route53.record_sets import RecordSet

VALUES_MAX: Final = 400
SETS_MAX: Final = 100  # of one name and type
GEOPROXIMITY_SETS_MAX: Final = 30

_NEVER_ROUTED: Final = frozenset({"DS", "NS", "SOA"})
_ONE_VALUE_TYPES: Final = frozenset({"CNAME", "SOA"})
_ONE_VALUE_POLICIES: Final = frozenset({"Weight", "Region"})
_POLICY_NAMES: Final = {
    "Weight": "weighted",
    "Region": "latency",
    "Failover": "failover",
    "GeoLocation": "geolocation",
    "MultiValueAnswer": "multivalue answer",
    "GeoProximityLocation": "geoproximity",
    "CidrRoutingConfig": "CIDR",
}


def conflicts(added: RecordSet, others: Sequence[RecordSet]) -> Iterator[str]:
    """Why a record set cannot stand beside the others of its name and type."""
    yield from _own_faults(added)
    policy = added.policy
    if policy is None:
        if others:
            # Seen: chef-boneyard/route53#100.
            yield (
                f"{_named(added)} cannot be created as other RRSets exist with the same name and"
                " type."
            )
        return
    if any(other.policy != policy for other in others):
        yield _another_policy(added, policy)
        return
    limit = GEOPROXIMITY_SETS_MAX if policy == "GeoProximityLocation" else SETS_MAX
    if len(others) >= limit:
        yield f"{_named(added)} cannot be created as there are {limit} with the same name and type."
    if policy == "Weight":
        yield from _weighted(added, others)
    elif policy != "MultiValueAnswer":
        yield from _same_place(added, policy, others)


def _own_faults(added: RecordSet) -> Iterator[str]:
    name, policy, count = _named(added), added.policy, len(added.values)
    if policy is not None and added.type in _NEVER_ROUTED:
        yield f"{name} cannot be created: a {_POLICY_NAMES[policy]} set is not {added.type}."
    if policy == "MultiValueAnswer" and (added.alias or added.type == "CNAME"):
        yield f"{name} cannot be created: multivalue answer sets are neither aliases nor CNAMEs."
    if count > VALUES_MAX:
        # Seen, with the limit of 2017: rancher/rancher#10253.
        yield f"Cannot have more than {VALUES_MAX} records in a RRSet."
    if count > 1 and (added.type in _ONE_VALUE_TYPES or policy in _ONE_VALUE_POLICIES):
        yield f"{name} cannot be created with more than one ResourceRecord."
    if policy == "Failover":
        yield from _failover_faults(added)


def _failover_faults(added: RecordSet) -> Iterator[str]:
    primary = added.members["Failover"] == "PRIMARY"
    if added.alias is None:
        if primary and "HealthCheckId" not in added.members:
            # Seen: kubernetes-sigs/external-dns#2362.
            yield (
                "A non-alias primary ResourceRecordSet must have an associated health check."
                " No changes made."
            )
    elif not added.alias["EvaluateTargetHealth"]:
        yield f"{_named(added)} cannot be created: a failover alias evaluates its target's health."


def _another_policy(added: RecordSet, policy: str) -> str:
    name, kind = _named(added), _POLICY_NAMES[policy]
    if policy == "Weight":
        # Seen: kubernetes-sigs/external-dns#3141.
        return f"{name} cannot be created as a non-weighted set exists with the same name and type."
    if policy == "MultiValueAnswer":
        # Seen: cert-manager/cert-manager#5388.
        return (
            f"{name} cannot be created because a non multivalue answer rrset exists with the same"
            " name and type."
        )
    # Seen for latency: aws/aws-cli#8241.
    return (
        f"{name}, and {_place(added, policy)} cannot be created because a non-{kind} RRSet with the"
        " same name and type already exists."
    )


def _weighted(added: RecordSet, others: Iterable[RecordSet]) -> Iterator[str]:
    ttls = {other.members["TTL"] for other in others if "TTL" in other.members}
    if "TTL" in added.members and ttls - {added.members["TTL"]}:
        # Seen: aws/aws-sdk-go-v2#518.
        yield f"{_named(added)} cannot be created as weighted sets must contain the same TTL."


def _same_place(added: RecordSet, policy: str, others: Iterable[RecordSet]) -> Iterator[str]:
    place = added.members[policy]
    if any(other.members[policy] == place for other in others):
        # Seen for latency: hashicorp/terraform-provider-aws#1668.
        kind = _POLICY_NAMES[policy]
        yield (
            f"{_named(added)}, and {_place(added, policy)} cannot be created because a {kind} RRSet"
            f" with the same name, type and {policy.lower()} already exists."
        )


def _place(added: RecordSet, policy: str) -> str:
    place = added.members[policy]
    if policy == "Region":
        return f"Region Name={place}"
    return f"{policy} {json.dumps(place)}"


def _named(record_set: RecordSet) -> str:
    name, rdtype, identifier = record_set.key
    said = f"RRSet with DNS name {name}, type {rdtype}"
    return f"{said}, SetIdentifier {identifier}" if identifier else said
