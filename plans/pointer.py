"""The pointer: the stream's one mutable fact, and the conditions under which it may move.

Invariants:

1. ``desired_generation`` never falls; within one generation ``desired_digest`` never changes.
2. ``applied_generation`` never falls and never exceeds ``desired_generation``.
3. ``applied`` = g says: every target of plan g marked its fence done at g, and no newer generation
   had been claimed when that was recorded (schedule S8).

The rules stand in the conditions below, which the register evaluates in the same statement as the
write: a buggy or old client is refused by the store, not by its own good will.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from plans.document import DigestText, Document, IdText, from_attributes
from plans.names import pointer_key
from plans.plan import Base, Plan, PlanReference
from plans.storage.register import Absent, All, Attributes, Condition, Register, Where


class Pointer(Document):
    """Desired and applied generation with digests; 0 and null where nothing was applied yet."""

    lineage: IdText
    desired_generation: Annotated[int, Field(ge=1)]
    desired_digest: DigestText
    applied_generation: Annotated[int, Field(ge=0)]
    applied_digest: DigestText | None
    attempt: IdText

    @property
    def desired(self) -> PlanReference:
        return PlanReference(generation=self.desired_generation, digest=self.desired_digest)

    @property
    def applied(self) -> PlanReference | None:
        if self.applied_digest is None:
            return None
        return PlanReference(generation=self.applied_generation, digest=self.applied_digest)


def read_pointer(register: Register, stream: str) -> Pointer | None:
    """The pointer, or None before the stream's first claim. Consistent.

    Raises:
        Refused: the item is not a pointer.
        Unavailable: it could not be read.
    """
    return as_pointer(register.read(pointer_key(stream)), stream)


def as_pointer(attributes: Attributes | None, stream: str) -> Pointer | None:
    """The pointer that an item holds, if there is one.

    Raises:
        Refused: the item is not a pointer.
    """
    if attributes is None:
        return None
    return from_attributes(Pointer, attributes, what=f"the pointer of {stream}")


def names(pointer: Pointer | None, plan: Plan, digest: str) -> bool:
    """Whether the pointer's desired plan is this one, by generation and digest."""
    return pointer is not None and pointer.desired == PlanReference(
        generation=plan.generation, digest=digest
    )


def matches_base(pointer: Pointer | None, base: Base) -> bool:
    """Whether desired *and* applied are what the plan was computed on (schedule S7)."""
    if pointer is None:
        return base.desired is None and base.applied is None
    return pointer.desired == base.desired and pointer.applied == base.applied


def claimed(pointer: Pointer | None, plan: Plan, digest: str, attempt: str) -> Pointer:
    """The pointer after the claim of a plan; what is applied stays what it was."""
    return Pointer(
        lineage=plan.lineage,
        desired_generation=plan.generation,
        desired_digest=digest,
        applied_generation=pointer.applied_generation if pointer else 0,
        applied_digest=pointer.applied_digest if pointer else None,
        attempt=attempt,
    )


def claim_condition(pointer: Pointer | None, plan: Plan, digest: str) -> Condition:
    """When a claim of ``plan`` may stand, given the pointer as just read.

    First claim: the lineage matches, desired is lower than g, and in ``exact`` desired and applied
    equal the plan's base. Resume: desired is g with this digest. In both cases applied is what was
    read, because the write carries it over.
    """
    if pointer is None:
        return Absent()
    rules: list[Condition] = [Where("lineage", "=", plan.lineage), _applied_is(pointer.applied)]
    if names(pointer, plan, digest):
        rules += [_desired_is(pointer.desired)]
    else:
        rules += [Where("desired_generation", "<", plan.generation)]
        if plan.mode == "exact":
            rules += [_desired_is(plan.base.desired), _applied_is(plan.base.applied)]
    return All(tuple(rules))


def completion_condition(plan: Plan, digest: str) -> Condition:
    """When ``applied`` may advance to g: desired is still g with this digest, applied is lower."""
    return All(
        (
            Where("lineage", "=", plan.lineage),
            Where("desired_generation", "=", plan.generation),
            Where("desired_digest", "=", digest),
            Where("applied_generation", "<", plan.generation),
        )
    )


def _desired_is(reference: PlanReference | None) -> Condition:
    if reference is None:
        return Where("desired_generation", "=", 0)  # never: "no base" conflicts with a pointer
    return All(
        (
            Where("desired_generation", "=", reference.generation),
            Where("desired_digest", "=", reference.digest),
        )
    )


def _applied_is(reference: PlanReference | None) -> Condition:
    if reference is None:
        return Where("applied_generation", "=", 0)
    return All(
        (
            Where("applied_generation", "=", reference.generation),
            Where("applied_digest", "=", reference.digest),
        )
    )
