"""Claim and completion: the two transactions that move the pointer.

A claim carries everything it was decided on as conditions of its one transaction, so that nothing
can change between the check and the write (schedule S10): pointer, approvals counted, absence of a
rejection, version of the settings, hold, and the journal entry.
"""

from __future__ import annotations

from dataclasses import dataclass

from plans.decisions import Approval, approval_condition, not_held
from plans.document import to_attributes
from plans.errors import ConditionFailed, Conflict, Superseded
from plans.journal import Draft, End, end_after, record
from plans.names import approval_key, hold_key, pointer_key, reject_key, settings_key
from plans.plan import Plan
from plans.pointer import (
    Pointer,
    claim_condition,
    claimed,
    completion_condition,
    names,
    read_pointer,
)
from plans.published import Published
from plans.settings import Settings
from plans.storage.register import Absent, Action, Check, Put, Register, Where

_COMPLETIONS_MAX = 20


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a claim was decided on. Each part becomes a condition of its transaction.

    ``end`` is where the journal was seen to end, if it was.
    """

    pointer: Pointer | None
    settings: Settings
    approvals: tuple[Approval, ...]
    end: End | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim wrote: the pointer, and where the journal ends with the claim's entry."""

    pointer: Pointer
    end: End


def claim(register: Register, published: Published, grounds: Grounds, draft: Draft) -> Claimed:
    """Advance ``pointer.desired`` to this plan, or renew the claim on it (a resume).

    Interleavings, A claiming g, B claiming g' > g, both having read desired < g:

    * B's transaction lands first. A's condition ``desired_generation < g`` is false in the store,
      nothing of A's transaction is written, A re-reads and is superseded.
    * A's lands first. B's condition still holds (``exact``: B's base no longer equals the pointer,
      so B is refused and a plan made on the new state is needed, schedule S7), and A meets B's
      generation at the pointer or at a fence before its next step.

    * Somebody journals anything between our reading and our writing: an approval, an override, a
      pin of other bytes under g, whose file was lost. The place in the journal is taken then, and
      nothing is written: what the journal says of g is read again (ADR 0009).

    A lost answer is decided in ``plans.journal.record`` by the entry at the sequence it was sent
    with, not by the pointer's attempt: that one a later claim has overwritten (schedule S15).

    Raises:
        Conflict: something it was decided on changed; re-read and decide again (rule
            ``claim-raced``).
        Unknown, Unavailable: as for ``record``.
    """
    plan, digest = published.plan, published.digest
    after = claimed(grounds.pointer, plan, digest, draft.attempt)
    condition = claim_condition(grounds.pointer, plan, digest)
    stream = plan.stream
    actions: list[Action] = [
        Put(pointer_key(stream), to_attributes(after), condition),
        Check(settings_key(stream), Where("version", "=", grounds.settings.version)),
        Check(reject_key(stream, plan.generation), Absent()),
    ]
    if not passes_holds(plan):
        actions.append(Check(hold_key(stream), not_held(draft.at)))
    actions += [
        Check(
            approval_key(stream, approval.generation, approval.approver),
            approval_condition(approval),
        )
        for approval in grounds.approvals
    ]
    try:
        entry = record(register, stream, draft, *actions, end=grounds.end, races_max=1)
    except Conflict as refusal:
        raise Conflict(
            f"what the claim of plan {plan.generation} of {stream} was decided on has changed",
            rule="claim-raced",
            remedy="run the command again",
        ) from refusal
    return Claimed(after, end_after(entry))


def complete(
    register: Register,
    published: Published,
    made: Claimed,
    draft: Draft,
    mirrors: tuple[Put, ...] = (),
) -> None:
    """Advance ``pointer.applied`` to g, if desired is still g with this digest.

    The mirrors of the plan's targets rise in the same transaction. A mirror that refuses (it leads,
    which nothing here can do) must not keep a plan that is applied from being recorded as such: it
    is left as it is.

    Interleavings: B claims g' > g between our last step and this write, then the condition on
    desired is false in the store and applied stays, since it would no longer be true (schedule
    S8). Another enactor of g completes first, then ``applied_generation < g`` is false, and the
    re-read shows g applied with our digest: that is what we wanted. A hold is no condition here:
    what is done is done, and recording it changes no target. The pointer as claimed is only a
    guess at what stands: the condition decides, and after a refusal it is read again.

    Raises:
        Superseded: a newer generation was claimed meanwhile.
        Unknown, Unavailable: as for ``record``.
    """
    plan, digest = published.plan, published.digest
    pointer: Pointer | None = made.pointer
    end: End | None = made.end
    for _ in range(_COMPLETIONS_MAX):
        if pointer is None or not names(pointer, plan, digest):
            raise superseded_by_pointer(plan.stream, plan.generation, pointer)
        if pointer.applied == pointer.desired:
            return
        after = pointer.model_copy(
            update={
                "applied_generation": plan.generation,
                "applied_digest": str(digest),
                "attempt": draft.attempt,
            }
        )
        put = Put(
            pointer_key(plan.stream), to_attributes(after), completion_condition(plan, digest)
        )
        try:
            record(register, plan.stream, draft, put, *mirrors, end=end)
            return
        except ConditionFailed as refusal:
            if 0 not in refusal.failed:
                left = set(refusal.failed)
                mirrors = tuple(m for n, m in enumerate(mirrors, start=1) if n not in left)
            # What is read now decides: superseded, applied by another, or try again.
            pointer, end = read_pointer(register, plan.stream), None
    raise Conflict(
        f"lost {_COMPLETIONS_MAX} races to complete plan {plan.generation} of {plan.stream}",
        rule="claim-raced",
        remedy="run the command again",
    )


def passes_holds(plan: Plan) -> bool:
    """Overrides and rollbacks are what a hold is placed for; everything else waits."""
    return plan.origin in ("override", "rollback")


def superseded_by_pointer(stream: str, generation: int, pointer: Pointer | None) -> Superseded:
    """The outcome of meeting another generation at the pointer."""
    return Superseded(
        f"plan {generation} of {stream} was superseded",
        rule="superseded",
        expected=f"generation {generation} at the pointer",
        actual=f"generation {pointer.desired_generation}" if pointer else "no pointer",
        remedy=f"look at `planfence status {stream}`",
    )
