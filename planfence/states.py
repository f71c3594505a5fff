"""Where a plan stands: what people decided about it, and what the pointer says.

A word for people, never a permission: the enactor decides anew, from its own reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from plans.claim import passes_holds
from plans.decisions import (
    Rejection,
    approvals_wanted,
    counted,
    enough,
    read_approvals,
    read_rejection,
)
from plans.errors import Refused
from plans.names import generation_of_key, plans_prefix
from plans.plan import PlanReference
from plans.pointer import Pointer, matches_base, read_pointer
from plans.published import Published, published_from, read_plan
from plans.settings import Settings

if TYPE_CHECKING:
    from planfence.wiring import Session


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands about one plan. ``word`` is one of the states that ``list`` explains."""

    word: str
    approvers: tuple[str, ...]
    wanted: int
    rejection: Rejection | None
    broken: tuple[str, ...] = ()
    """Who broke the glass for it: one such approval is enough alone."""

    @property
    def text(self) -> str:
        if self.word in ("pending", "approved") and self.broken:
            return f"{self.word}, BREAK-GLASS"
        if self.word in ("pending", "approved") and self.wanted:
            return f"{self.word}, {len(self.approvers)} of {self.wanted} approvals"
        return self.word

    @property
    def is_short(self) -> bool:
        """Whether approvals are still wanted."""
        return not self.broken and len(self.approvers) < self.wanted

    @property
    def is_open(self) -> bool:
        """Whether it may still be enacted, or enacted to its end."""
        return self.word in ("pending", "approved", "desired")


@dataclass(frozen=True, slots=True)
class Shelf:
    """One generation as found in the archive: a plan, or the refusal that reading it met."""

    generation: int
    published: Published | None
    refusal: Refused | None


def standing_of(session: Session, published: Published, settings: Settings) -> Standing:
    """Read what stands about one plan."""
    plan = published.plan
    pointer = read_pointer(session.register, plan.stream)
    approvals = read_approvals(session.register, plan.stream, plan.generation)
    rejection = read_rejection(session.register, plan.stream, plan.generation)
    now = session.clock.now()
    standing = counted(plan, published.digest, approvals, settings, now=now)
    approvers = tuple(approval.approver for approval in standing)
    wanted = approvals_wanted(plan, settings)
    word = _word(published, pointer, rejection, now)
    if word == "pending" and wanted and enough(plan, settings, standing):
        word = "approved"
    broken = tuple(approval.approver for approval in standing if approval.break_glass)
    return Standing(word, approvers, wanted, rejection, broken)


def standing_document(standing: Standing) -> dict[str, Any]:
    """Where a plan stands, for programs."""
    return {
        "state": standing.word,
        "approvals": {"wanted": standing.wanted, "by": list(standing.approvers)},
    }


def _word(
    published: Published, pointer: Pointer | None, rejection: Rejection | None, now: datetime
) -> str:
    plan = published.plan
    reference = PlanReference(generation=plan.generation, digest=published.digest)
    if pointer is not None and pointer.applied == reference:
        return "applied"
    if rejection is not None:
        return "rejected"
    if pointer is not None and pointer.desired == reference:
        return "desired"
    if pointer is not None and plan.generation in _numbers(pointer):
        return "conflicting"  # other bytes than the ones that were enacted
    if pointer is not None and pointer.desired_generation > plan.generation:
        return "superseded"
    if plan.mode == "exact" and not matches_base(pointer, plan.base):
        return "superseded"
    if plan.expires_at <= now:
        return "expired"
    if plan.base.hold is not None and not passes_holds(plan):
        return "held"
    return "pending"


def _numbers(pointer: Pointer) -> tuple[int, int]:
    return pointer.desired_generation, pointer.applied_generation


def generations(session: Session, stream: str) -> list[int]:
    """Every published generation, ascending."""
    keys = session.archive.list(plans_prefix(stream))
    return [number for number in map(generation_of_key, keys) if number is not None]


def take(session: Session, settings: Settings, generation: int) -> Shelf:
    """One generation, read as far as it can be."""
    try:
        published = read_plan(session.archive, settings.stream, settings.lineage, generation)
    except Refused as refusal:
        return Shelf(generation, None, refusal)
    return Shelf(generation, published, None)


def resolve(
    session: Session, settings: Settings, named: int | str | None
) -> tuple[int, str | None]:
    """The generation that a person named, and its digest where the pointer knows it.

    Raises:
        Refused: nothing is published, or nothing was applied.
    """
    stream = settings.stream
    pointer = read_pointer(session.register, stream)
    if named == "applied":
        if pointer is None or pointer.applied is None:
            raise Refused(
                f"nothing of {stream} was applied yet",
                rule="nothing-applied",
                remedy=f"see `planfence list {stream}`",
            )
        return pointer.applied.generation, pointer.applied.digest
    if isinstance(named, int):
        return named, None
    floor = pointer.desired_generation if pointer else 0
    head = published_from(session.archive, stream, floor).head
    if head is None:
        raise Refused(
            f"no plan of {stream} is published",
            rule="nothing-published",
            remedy=f"`planfence plan {stream}` publishes one",
        )
    return int(head), None


def stamp(moment: datetime) -> str:
    """A time for people: UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
