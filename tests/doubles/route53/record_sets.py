"""Record sets and changes to them, with the members that the API gives them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tests.doubles.route53.names import stored_name

# What makes a record set something else than simple. Source: API Reference, ResourceRecordSet.
POLICIES: Final = (
    "Weight",
    "Region",
    "Failover",
    "GeoLocation",
    "MultiValueAnswer",
    "GeoProximityLocation",
    "CidrRoutingConfig",
)


class Key(NamedTuple):
    """What tells record sets apart; ``set_identifier`` is empty for simple ones."""

    name: str
    type: str
    set_identifier: str


class RecordSet:
    """One record set: every member as it was given, but for names in their stored form.

    Values are kept to the letter and in their order, which is how AWS returns them (seen:
    cookpad/roadworker#100, ansible/ansible-modules-core#2949).

    Raises:
        NameProblem: the name, or that of the alias target, is no name.
    """

    __slots__ = ("key", "members", "values")

    def __init__(self, members: Mapping[str, Any]) -> None:
        name = stored_name(members["Name"])
        changed: dict[str, Any] = {"Name": name}
        if alias := members.get("AliasTarget"):
            changed["AliasTarget"] = {**alias, "DNSName": stored_name(alias["DNSName"])}
        self.members: Mapping[str, Any] = MappingProxyType({**members, **changed})
        self.key = Key(name, members["Type"], members.get("SetIdentifier", ""))
        self.values = tuple(record["Value"] for record in members.get("ResourceRecords", ()))

    def __repr__(self) -> str:
        return f"RecordSet({dict(self.members)})"

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def type(self) -> str:
        return self.key.type

    @property
    def alias(self) -> Mapping[str, Any] | None:
        return self.members.get("AliasTarget")

    @property
    def policy(self) -> str | None:
        """The member that says how it is routed; None for a simple record set."""
        return next((name for name in POLICIES if name in self.members), None)

    def equals(self, other: RecordSet) -> bool:
        """Whether a DELETE of ``other`` deletes this: every member the same, values in any order.

        The order of values is no part of a record set: Terraform keeps them as a set and deletes
        what others created (its ``aws_route53_record``). Whether AWS also takes another spelling of
        the same value (an address, a name without its final dot) is not documented: refused here.
        """
        mine, others = ({**each.members, "ResourceRecords": None} for each in (self, other))
        return mine == others and sorted(self.values) == sorted(other.values)


class Change(NamedTuple):
    """One change of a batch."""

    action: str
    record_set: RecordSet

    @property
    def weight(self) -> int:
        """How often it counts: an UPSERT is a DELETE and a CREATE.

        Source: Developer Guide, "Quotas" and "Throttling for Amazon Route 53 API requests".
        """
        return 2 if self.action == "UPSERT" else 1
