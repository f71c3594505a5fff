"""Deciding: what a reviewer writes. Each is one journaled transaction, refused by the store.

What was decided is read in ``plans.decisions``.
"""

from __future__ import annotations

from datetime import UTC, timedelta

from plans.claim import superseded_by_pointer
from plans.clock import Clock
from plans.decisions import Approval, Hold, Rejection, is_released, not_held, read_hold
from plans.document import from_attributes, to_attributes
from plans.errors import ConditionFailed, Conflict, PlanfenceError, Refused
from plans.journal import Draft, EntryKind, record
from plans.names import (
    approval_key,
    hold_key,
    override_key,
    pointer_key,
    reject_key,
    released_key,
    settings_key,
)
from plans.plan import Plan
from plans.pointer import as_pointer
from plans.settings import Settings
from plans.storage.register import Absent, Check, Either, Put, Register, Where


def approve(
    register: Register,
    plan: Plan,
    digest: str,
    settings: Settings,
    *,
    approver: str,
    clock: Clock,
    attempt: str,
    emergency: str | None = None,
) -> Approval:
    """Approve a plan's bytes.

    Args:
        emergency: why one word must be enough, whoever gives it; None: this is none. The journal
            has an entry ``break-glass`` with it.

    Interleavings of the transaction: a rejection lands between our reading and our writing, then
    the check on its absence fails in the store and the approval is refused. The settings change
    (self-approval is denied now), then the check on their version fails and nothing is written.

    Raises:
        Refused: self-approval is denied, the plan was rejected, or the same person approved other
            bytes under this generation.
        Conflict: the settings changed meanwhile.
    """
    if emergency is None and settings.self_approval == "deny" and approver == plan.created_by:
        raise Refused(
            f"{approver} made plan {plan.generation} and may not approve it",
            rule="self-approval",
            expected="another person",
            actual=approver,
            remedy="have a second person approve it, or `planfence stream set"
            f" {plan.stream} --self-approval allow`",
        )
    now = clock.now()
    approval = Approval(
        lineage=plan.lineage,
        generation=plan.generation,
        digest=digest,
        approver=approver,
        at=now,
        expires_at=now + timedelta(hours=settings.approval_hours),
        attempt=attempt,
        break_glass=emergency is not None,
    )
    kind: EntryKind = "approved" if emergency is None else "break-glass"
    details = () if emergency is None else (("reason", emergency),)
    draft = Draft(kind, now, approver, attempt, plan.generation, digest, details)
    stream = plan.stream
    try:
        record(
            register,
            stream,
            draft,
            Put(
                approval_key(stream, plan.generation, approver),
                to_attributes(approval),
                Either((Absent(), Where("digest", "=", digest))),
            ),
            Check(reject_key(stream, plan.generation), Absent()),
            Check(settings_key(stream), Where("version", "=", settings.version)),
        )
    except ConditionFailed as refusal:
        raise _approval_refused(refusal, plan, digest) from refusal
    return approval


def _approval_refused(refusal: ConditionFailed, plan: Plan, digest: str) -> Refused | Conflict:
    other, rejection, _ = refusal.items
    if 1 in refusal.failed and rejection is not None:
        return Refused(
            f"plan {plan.generation} of {plan.stream} was rejected by {rejection.get('by')}:"
            f" {rejection.get('reason')}",
            rule="rejected",
            remedy=f"publish a new plan: `planfence plan {plan.stream}`",
        )
    if 0 in refusal.failed and other is not None:
        return Refused(
            f"generation {plan.generation} of {plan.stream} was approved before as other bytes",
            rule="generation-digest",
            expected=str(other.get("digest")),
            actual=digest,
            remedy="two plans claim one generation: publish a new plan and approve that",
        )
    return Conflict(
        f"the settings of {plan.stream} changed meanwhile",
        rule="settings-changed",
        remedy="run the command again",
    )


def record_override(
    register: Register,
    plan: Plan,
    digest: str,
    *,
    by: str,
    reason: str,
    given: str,
    clock: Clock,
    attempt: str,
) -> None:
    """Journal that an override or a rollback was published, and keep its number from other bytes.

    After a lost archive the entry would refuse other bytes under this number for ever; so the
    number is kept where the planner looks for those that are taken (ADR 0003).

    Interleavings of the transaction: a planner that read before the item stood takes the number
    after the file was lost: the digest in the item tells that what stands there is not this plan.
    Another override of the same number is recorded first, which takes a lost file too: then the
    item is there, the condition fails in the store, and whoever comes second is refused.

    Args:
        given: what it was made from, for people.

    Raises:
        Refused: the number was another override's.
    """
    assert plan.origin != "planner"
    applied = plan.base.applied
    details = (
        ("reason", reason),
        ("overrides", f"generation {applied.generation}" if applied else "nothing"),
        ("input", given[:500]),
    )
    stream, generation = plan.stream, plan.generation
    draft = Draft(plan.origin, clock.now(), by, attempt, generation, digest, details)
    item: dict[str, str | int] = {"by": by, "digest": digest, "attempt": attempt}
    try:
        record(register, stream, draft, Put(override_key(stream, generation), item, Absent()))
    except ConditionFailed as refusal:
        raise Refused(
            f"generation {generation} of {stream} was made before, as other bytes that are lost",
            rule="generation-digest",
            expected=str((refusal.items[0] or {}).get("digest")),
            actual=digest,
            remedy="run the command again: it takes another number",
        ) from refusal


def reject(
    register: Register, plan: Plan, digest: str, *, by: str, reason: str, clock: Clock, attempt: str
) -> Rejection:
    """Reject a generation for good, while nobody has claimed it.

    Interleavings of the transaction: a claim of the same plan is in flight. It lands first, then
    our condition on the pointer fails in the store and nothing is written: what was begun is not
    to be left half-way for ever. It lands second, then its check on the rejection's absence fails
    in the store (schedule S10). A newer plan's claim lands first: then this one is superseded.

    Raises:
        Refused: it was rejected before (by whom and why is in the message), or it is claimed.
        Superseded: a newer generation is claimed.
    """
    now = clock.now()
    rejection = Rejection(
        lineage=plan.lineage,
        generation=plan.generation,
        by=by,
        reason=reason,
        at=now,
        attempt=attempt,
    )
    draft = Draft(
        "rejected", now, by, attempt, plan.generation, digest, details=(("reason", reason),)
    )
    key = reject_key(plan.stream, plan.generation)
    try:
        record(
            register,
            plan.stream,
            draft,
            Put(key, to_attributes(rejection), Absent()),
            Check(
                pointer_key(plan.stream),
                Either((Absent(), Where("desired_generation", "<", plan.generation))),
            ),
        )
    except ConditionFailed as refusal:
        raise _rejection_refused(refusal, plan) from refusal
    return rejection


def _rejection_refused(refusal: ConditionFailed, plan: Plan) -> PlanfenceError:
    before, claimed = refusal.items
    if 0 in refusal.failed and before is not None:
        return Refused(
            f"plan {plan.generation} of {plan.stream} was rejected before by {before.get('by')}:"
            f" {before.get('reason')}",
            rule="rejected",
            remedy=f"publish a new plan: `planfence plan {plan.stream}`",
        )
    pointer = as_pointer(claimed, plan.stream)
    if pointer is None or pointer.desired_generation != plan.generation:
        return superseded_by_pointer(plan.stream, plan.generation, pointer)
    return Refused(
        f"plan {plan.generation} of {plan.stream} is claimed: it is too late to reject it",
        rule="claimed",
        expected=f"a pointer below generation {plan.generation}",
        actual=f"generation {pointer.desired_generation}",
        remedy=f"`planfence hold {plan.stream} --reason TEXT` stops it before its next step,"
        f" `planfence override {plan.stream} FILE --reason TEXT` replaces it",
    )


def place_hold(
    register: Register,
    stream: str,
    *,
    by: str,
    reason: str,
    clock: Clock,
    attempt: str,
    lasting: timedelta | None = None,
    at_target: bool = False,
) -> Hold:
    """Hold the stream: nothing is claimed any more, and a running pass stops before its next step.

    Interleavings of the conditional write: a release lands between reading and writing, then the
    condition still holds and the newer hold stands; another hold does, then ours is refused and
    says whose stands.

    Args:
        lasting: how long; None: until somebody releases it.
        at_target: the caller protects targets next. It is written first, so that whoever releases
            the hold knows of every protection that there may be.

    Raises:
        Refused: the stream is held already.
    """
    now = clock.now()
    until = None if lasting is None else (now + lasting).replace(microsecond=0)
    hold = Hold(
        state="held",
        by=by,
        reason=reason,
        at=now,
        attempt=attempt,
        until=until,
        at_target=at_target,
    )
    details = [("reason", reason)]
    if at_target:
        details.append(("at-target", "yes"))
    if until is not None:
        details.append(("until", f"{until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"))
    draft = Draft("held", now, by, attempt, details=tuple(details))
    try:
        record(register, stream, draft, Put(hold_key(stream), to_attributes(hold), not_held(now)))
    except ConditionFailed as refusal:
        found = from_attributes(Hold, refusal.items[0], what=f"the hold of {stream}")
        raise Refused(
            f"{stream} is held already by {found.told}",
            rule="held",
            remedy=f"`planfence release {stream}` ends it",
        ) from refusal
    return hold


def release(
    register: Register,
    stream: str,
    *,
    standing: int | None,
    by: str,
    clock: Clock,
    attempt: str,
) -> None:
    """End the hold and, with it, the standing override or rollback.

    Interleavings: another person releases or holds between our reading and our writing. The hold's
    attempt is in the condition, so that we end only the hold we saw; a marker that another wrote
    meanwhile refuses ours whole, and looking again shows that nothing is left to do.

    Raises:
        Conflict: the hold or the marker changed meanwhile.
    """
    now = clock.now()
    hold = read_hold(register, stream, now)
    actions: list[Put] = []
    details = (("at-target", "yes"),) if hold is not None and hold.at_target else ()
    if hold is not None:
        ended = Hold(state="released", by=by, reason=hold.reason, at=now, attempt=attempt)
        condition = Where("attempt", "=", hold.attempt)
        actions.append(Put(hold_key(stream), to_attributes(ended), condition))
    if standing is not None and not is_released(register, stream, standing):
        marker = {"by": by, "attempt": attempt}
        actions.append(Put(released_key(stream, standing), marker, Absent()))
    if not actions:
        return
    try:
        draft = Draft("released", now, by, attempt, standing, details=details)
        record(register, stream, draft, *actions)
    except ConditionFailed as refusal:
        raise Conflict(
            f"the hold of {stream} changed meanwhile",
            rule="hold-changed",
            remedy=f"look at `planfence status {stream}` and decide again",
        ) from refusal
