"""Capacity pools: the file that people write, and what a pool's members are on a target. Pure.

A pool stands in the complete desired state as one record set for each member that is in: the
member's id is the identifier, its address the value, and two attributes say ``pool=<pool>`` and
``weight=<n>``. That is a copy: no enactor asks for health or reads the pools file.

What a target holds of it is ``settled``: weighted record sets where the service has weights (Route
53), else one record set of all the addresses that are in. Both sides compare with that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from plans.document import Document
from plans.errors import Refused
from plans.kinds.dns import TTL_MAX, RecordKey, Records, ZoneState, records

POOL = "pool="
WEIGHT = "weight="
WEIGHT_MAX = 255  # Route 53, ResourceRecordSet: Weight
MEMBERS_MAX = 100  # Route 53, quotas: weighted record sets of one name and type
CAPACITY_MAX = 1e9

# What a person sees as the id of a record set; a part of what SetIdentifier may be.
_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
# Where Route 53 and Elastic Load Balancing answer for themselves, the form only finds slips.
_HEALTH_CHECK = r"^[0-9A-Za-z-]{1,64}$"
_TARGET_GROUP = (
    r"^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/[^/\s]+/[0-9a-f]+$"
)
_PATH = r"^[^/\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$"


class HttpProbe(Document):
    """A GET by the planner itself. ``timeout_seconds`` bounds the whole probe."""

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0


class HealthAsked(Document):
    """Where the health of a member comes from: just one of these."""

    route53: Annotated[str, Field(pattern=_HEALTH_CHECK)] | None = None
    target_group: Annotated[str, Field(pattern=_TARGET_GROUP)] | None = None
    http: HttpProbe | None = None
    file: Annotated[str, Field(pattern=_PATH, max_length=1024)] | None = None

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="after")
    def _just_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("name just one of route53, target_group, http and file")
        return self


class MemberWritten(Document):
    """One member: what answers, how much of the load it can take, and who knows its health."""

    id: Annotated[str, Field(pattern=_ID)]
    address: Annotated[str, Field(min_length=1, max_length=255)]
    capacity: Annotated[float, Field(gt=0, le=CAPACITY_MAX)]
    health: HealthAsked | None = None


class PoolWritten(Document):
    """One pool. ``name`` is its owner, relative to the zone; without it the pool's own key is."""

    name: Annotated[str, Field(max_length=255)] | None = None
    type: Literal["A", "AAAA", "CNAME"]
    ttl: Annotated[int, Field(ge=0, le=TTL_MAX)] = 60
    min_members: Annotated[int, Field(ge=1, le=MEMBERS_MAX)] = 1
    seen_bad: Annotated[int, Field(ge=1, le=10)] = 3
    members: Annotated[tuple[MemberWritten, ...], Field(min_length=1, max_length=MEMBERS_MAX)]


class PoolsFile(Document):
    """The capacity pools of a zone, as people write them beside its zone file."""

    pools: Annotated[dict[str, PoolWritten], Field(min_length=1)]


def pool_of(content: Records) -> str | None:
    """The pool that a record set of a desired state is a member's of; None if of none."""
    for attribute in content.attributes:
        if attribute.startswith(POOL):
            return attribute.removeprefix(POOL)
    return None


def member_records(pool: str, ttl: int, address: str, weight: int) -> Records:
    """The record set of one member, as it stands in the desired state."""
    return Records(ttl, (address,), (f"{POOL}{pool}", f"{WEIGHT}{weight}"))


def settled(state: ZoneState, target: str, *, weighted: bool) -> ZoneState:
    """What a target holds of a complete desired state: ``state`` itself where it has no pool.

    Args:
        target: its id, for a refusal.
        weighted: whether the target has weights.

    Raises:
        Refused: a pool of CNAMEs has several members in, and the target has no weights (rule
            ``pool-unrepresentable``): two CNAMEs at one name are none (RFC 2181 section 10.1).
    """
    members = [key for key, content in state.items() if content.attributes and _is_member(content)]
    if not members:
        return state
    result = dict(state)
    if weighted:
        for key in members:
            kept = [each for each in state[key].attributes if not each.startswith(POOL)]
            result[key] = replace(state[key], attributes=tuple(kept))
        return result
    together: dict[RecordKey, list[Records]] = {}
    for key in members:
        together.setdefault(RecordKey(key.name, key.type), []).append(result.pop(key))
    for key, contents in together.items():
        if key.type == "CNAME" and len(contents) > 1:
            raise Refused(
                f"{target} has no weights and cannot hold the pool at {key.name}",
                rule="pool-unrepresentable",
                expected="one CNAME at a name",
                actual=f"{len(contents)} members in",
                remedy="give the pool addresses (A, AAAA), or take the target out of the stream",
            )
        values = [value for content in contents for value in content.values]
        result[key] = records(contents[0].ttl, values)
    return result


def _is_member(content: Records) -> bool:
    return pool_of(content) is not None
