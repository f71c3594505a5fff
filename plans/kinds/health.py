"""The health that a plan's pools were resolved with, as a document: an attachment of the plan.

It says why a member is in the desired state or not. Nothing decides by it after planning: the
desired state beside it is a copy of what came of it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from plans.document import Document, OneLine

HEALTH_NAME = "health"
HEALTH_MEDIA_TYPE = "application/vnd.planfence.health+json"

Why = Literal["healthy", "not-asked", "unhealthy", "min-members", "all-unhealthy"]
KEPT_IN: frozenset[Why] = frozenset({"min-members", "all-unhealthy"})


class Observed(Document):
    """One answer about a member."""

    healthy: bool
    detail: OneLine


class MemberHealth(Document):
    """One member, everything that was answered about it, and what came of that.

    ``why``: ``healthy``; ``not-asked``, because the pools file names nobody to ask; ``unhealthy``;
    or bad and kept in, for ``min-members`` or because ``all-unhealthy`` would leave nothing.
    """

    id: str
    capacity: float
    observations: tuple[Observed, ...]
    counted: Literal["good", "bad"]
    state: Literal["in", "out"]
    weight: Annotated[int, Field(ge=1, le=255)]
    why: Why


class PoolHealth(Document):
    """One pool with its members, in the order of the pools file."""

    pool: str
    name: str
    type: str
    min_members: int
    seen_bad: int
    members: tuple[MemberHealth, ...]

    def kept_in(self) -> tuple[MemberHealth, ...]:
        """The members that are in although they count as bad."""
        return tuple(member for member in self.members if member.why in KEPT_IN)


class HealthDocument(Document):
    """The health of every member of a zone's capacity pools when its plan was made."""

    schema_version: Literal["planfence/health/v1"] = Field("planfence/health/v1", alias="schema")
    zone: str
    pools: tuple[PoolHealth, ...]
