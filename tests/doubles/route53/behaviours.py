"""The table of documented behaviour: what each row is, and how it is tried on any Route 53.

A row is tried through a boto3 client alone, so that the same rows hold the double, MiniStack and,
by a person's choice, AWS. Every row is tried in a new zone, ``ZONE_NAME``. A row that is refused
must leave the zone as it was.

``standing`` says how much a rule is worth:

* ``documented``: AWS says so (API Reference, Developer Guide).
* ``seen``: somebody showed AWS's answer in public; ``source`` says where.
* ``inferred``: neither; the stricter of what could be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from botocore.exceptions import ClientError

ZONE_NAME: Final = "example.com."
# In a row they stand for what the trial has: the zone's own id, and a health check's.
ZONE: Final = "<the zone>"
HEALTH_CHECK: Final = "<a health check>"
AS_LISTED: Final = "<as listed>"  # the whole record set of this name and type as it stands

Given = dict[str, Any]


class Standing(StrEnum):
    """How much a rule is worth."""

    DOCUMENTED = "documented"
    SEEN = "seen"
    INFERRED = "inferred"


DOCUMENTED, SEEN, INFERRED = Standing


@dataclass(frozen=True)
class Behaviour:
    """One batch and its outcome.

    Args:
        claim: the rule as a sentence, in the words of whoever reads the table.
        given: changes that are accepted before, as one batch.
        when: the batch in question.
        refused: the code of the refusal; None if it is accepted.
        says: a text that the refusal's message has.
        ministack: how MiniStack deviates, if it does.
    """

    claim: str
    when: tuple[Given, ...]
    source: str
    standing: Standing = DOCUMENTED
    given: tuple[Given, ...] = ()
    refused: str | None = None
    says: str = ""
    ministack: str | None = None


@dataclass(frozen=True)
class Listing:
    """One call of ListResourceRecordSets and its outcome.

    Args:
        asked: its parameters beside the zone.
        lists: name, type and identifier (empty: none) of what it lists.
        following: the members by which it names the next page; None if there is none.
        Otherwise as for ``Behaviour``.
    """

    claim: str
    asked: Given
    source: str
    standing: Standing = DOCUMENTED
    given: tuple[Given, ...] = ()
    lists: tuple[tuple[str, str, str], ...] = ()
    following: Given | None = None
    refused: str | None = None
    ministack: str | None = None


@dataclass(frozen=True)
class Ground:
    """Where rows are tried: a client and a new zone, with a health check."""

    client: Any
    zone_id: str
    health_check_id: str

    def change(self, *changes: Given) -> Mapping[str, Any]:
        """Send one batch."""
        batch = {"Changes": [self._filled_in(change) for change in changes]}
        answer: Mapping[str, Any] = self.client.change_resource_record_sets(
            HostedZoneId=self.zone_id, ChangeBatch=batch
        )
        return answer

    def record_sets(self) -> list[Given]:
        """The whole zone, in the order of its listing."""
        pages = self.client.get_paginator("list_resource_record_sets")
        return [
            record_set
            for page in pages.paginate(HostedZoneId=self.zone_id)
            for record_set in page["ResourceRecordSets"]
        ]

    def _filled_in(self, value: Any) -> Any:
        if isinstance(value, dict):
            if AS_LISTED in value:
                key = value["Name"], value["Type"]
                return next(s for s in self.record_sets() if (s["Name"], s["Type"]) == key)
            return {name: self._filled_in(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._filled_in(inner) for inner in value]
        return {ZONE: self.zone_id, HEALTH_CHECK: self.health_check_id}.get(str(value), value)


def try_out(behaviour: Behaviour, ground: Ground, *, texts: bool = True) -> None:
    """Fail unless the ground behaves so.

    Args:
        texts: also hold the messages to the table.
    """
    if behaviour.given:
        ground.change(*behaviour.given)
    before = ground.record_sets()
    code, message = outcome(lambda: ground.change(*behaviour.when))
    assert code == behaviour.refused, message
    if behaviour.refused is None:
        assert ground.record_sets() != before
        return
    assert ground.record_sets() == before
    if texts:
        assert behaviour.says in message


def try_listing(listing: Listing, ground: Ground) -> None:
    """Fail unless the ground lists so."""
    if listing.given:
        ground.change(*listing.given)

    def ask() -> Given:
        client = ground.client
        page: Given = client.list_resource_record_sets(HostedZoneId=ground.zone_id, **listing.asked)
        return page

    code, message = outcome(ask)
    assert code == listing.refused, message
    if listing.refused is not None:
        return
    page = ask()
    assert listing.lists == tuple(
        (each["Name"], each["Type"], each.get("SetIdentifier", ""))
        for each in page["ResourceRecordSets"]
    )
    following = {name: page[name] for name in page if name.startswith("NextRecord")}
    assert following == (listing.following or {})
    assert page["IsTruncated"] == (listing.following is not None)


def outcome(call: Callable[[], object]) -> tuple[str | None, str]:
    """The code and message of a refusal; no code if there was none."""
    try:
        call()
    except ClientError as error:
        said = error.response["Error"]
        return said["Code"], said["Message"]
    return None, "accepted"


# How rows are written


def unchecked_by_ministack(rows: Iterable[Behaviour], reason: str) -> tuple[Behaviour, ...]:
    """Rows of which MiniStack accepts what it should refuse."""
    return tuple(row if row.refused is None else replace(row, ministack=reason) for row in rows)


def record_set(name: str, rdtype: str, *values: str, ttl: int = 60, **members: Any) -> Given:
    """A record set with values, as boto3 takes it."""
    records = [{"Value": value} for value in values]
    return {"Name": name, "Type": rdtype, "TTL": ttl, "ResourceRecords": records, **members}


def alias(
    name: str,
    rdtype: str,
    target: str,
    *,
    zone: str = ZONE,
    evaluate: bool = False,
    **members: Any,
) -> Given:
    """An alias record set, as boto3 takes it."""
    at = {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": evaluate}
    return {"Name": name, "Type": rdtype, "AliasTarget": at, **members}


def as_listed(name: str, rdtype: str) -> Given:
    return {"Name": name, "Type": rdtype, AS_LISTED: True}


def create(given: Given) -> Given:
    return {"Action": "CREATE", "ResourceRecordSet": given}


def delete(given: Given) -> Given:
    return {"Action": "DELETE", "ResourceRecordSet": given}


def upsert(given: Given) -> Given:
    return {"Action": "UPSERT", "ResourceRecordSet": given}


def without(given: Given, *members: str) -> Given:
    return {name: value for name, value in given.items() if name not in members}
