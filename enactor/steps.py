"""One target of one plan: its steps, each written under the fence, until its fence says done.

The order of each round is what the guarantees rest on (schedule S16): **read the fence, then the
pointer and the hold, in ``converge`` then observe and compute, then write the step**, which expects
exactly the fence just read. Nothing is remembered from round to round but failures counted: how far
a target got is what its fence says.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from enactor.confirming import stands_as_written
from enactor.eligibility import held
from enactor.ports import Ports, Request
from enactor.targets import Target
from enactor.unfenced import adoption_needed, planned_on_another
from plans.claim import passes_holds, superseded_by_pointer
from plans.decisions import Hold, as_hold
from plans.errors import Conflict, Drifted, FenceMoved, Refused, Superseded, Unavailable, Unknown
from plans.fence import Fence, FenceSeen, as_read
from plans.guards import Difference, evaluate, existing_sets, refuse_breaches
from plans.kinds.dns import Change, RecordKey, Records, cut, diff
from plans.lease import Tenure
from plans.mirror import Mirror, as_mirror, ensure_mirror, raise_mirror
from plans.names import hold_key, mirror_key, pointer_key
from plans.observed.dns import desired_on
from plans.plan import Plan, TargetPlan
from plans.pointer import Pointer, as_pointer, names
from plans.published import Published
from plans.settings import Settings

# Refusals and unknown outcomes of one pass before it leaves the target to the next pass.
SETBACKS_MAX = 20
# Of these, the unknown ones: a server that does not answer is waited for each time.
UNKNOWNS_MAX = 3
STEPS_MAX = 999_999


@dataclass(frozen=True, slots=True)
class Enactment:
    """One pass over one plan, as its steps need it."""

    ports: Ports
    request: Request
    published: Published
    desired: Mapping[RecordKey, Records] | None
    settings: Settings
    attempt: str
    tenure: Tenure | None = None
    own_fences: dict[str, Fence] = field(default_factory=dict)
    """By target, this plan's fence as it was read last. The pass ends by mirroring these."""

    @property
    def plan(self) -> Plan:
        return self.published.plan

    def fence(self, step: int, *, done: bool, attempt: str | None = None) -> Fence:
        return Fence(
            generation=self.plan.generation,
            step=step,
            done=done,
            digest=self.published.digest,
            lineage=self.plan.lineage,
            attempt=attempt or self.attempt,
        )

    def tick(self) -> None:
        """Go on only with the lease, where the stream has one.

        Raises:
            LeaseLost: it is not held any more.
        """
        if self.tenure is not None:
            self.tenure.tick()

    def holds(self, seen: FenceSeen) -> bool:
        """Whether a fence is this plan's, whichever attempt wrote it."""
        return (
            isinstance(seen, Fence)
            and seen.lineage == self.plan.lineage
            and seen.generation == self.plan.generation
            and seen.digest == self.published.digest
        )


@dataclass(frozen=True, slots=True)
class _Write:
    changes: tuple[Change, ...]
    fence: Fence


def enact_target(enactment: Enactment, part: TargetPlan, target: Target) -> None:
    """Bring one target to the plan, from wherever its fence says it is.

    Interleavings of a step's conditional write, A writing generation g, B writing g' > g:

    * B writes between A's read of the fence and A's write. The target no longer holds what A
      expects and refuses A's step whole. A reads again and meets g' : superseded.
    * A is paused before its write for any time, and resumed. As above: the write carries the fence
      read before the pause. There is no moment at which a late write of A's can land on B's.
    * Two enactors of the same g: one step lands, the other is refused, reads the fence, finds it
      to be its own generation and digest one step further, and goes on from there.

    Raises:
        Superseded: a newer generation stands at the target or at the pointer.
        Refused: the world moved, another digest or lineage stands there, a guard, or a hold.
        Unavailable, Unknown: the target or the register did not answer; the next pass resumes.
        LeaseLost: the lease is not held any more.
        Conflict: no progress in ``SETBACKS_MAX`` rounds.
    """
    setbacks = unknowns = 0
    written: set[int] = set()
    while setbacks < SETBACKS_MAX:
        enactment.tick()
        seen = target.read_fence()
        if isinstance(seen, Fence) and enactment.holds(seen):
            enactment.own_fences[target.id] = seen
            if seen.done:
                return
        beside = _read_beside(enactment, target)
        mirror = _mirrored(enactment, target, seen, beside.mirror)
        _check_fence(enactment, target, seen)
        _check_pointer_and_hold(enactment, beside)
        write = _next_write(enactment, part, target, seen, mirror, written=written)
        if write is None:
            setbacks += 1
            continue
        try:
            landed = _apply(enactment, target, seen, write)
        except Unknown:
            # No failure: the next round's read of the fence tells whether it landed, and sending
            # again expects the same fence as before, so at most one of the two can land.
            unknowns += 1
            if enactment.tenure is not None:
                enactment.tenure.unsettled = True
            if unknowns > UNKNOWNS_MAX:
                raise
            landed = False
        if landed:
            written.add(write.fence.step)
            enactment.ports.progress.stepped(target.id, write.fence.step, done=write.fence.done)
        else:
            setbacks += 1
    raise Conflict(
        f"{target.id} moved {SETBACKS_MAX} times under plan {enactment.plan.generation}",
        rule="target-contended",
        remedy="run the command again: it resumes where the target's fence stands",
    )


def _apply(enactment: Enactment, target: Target, seen: FenceSeen, write: _Write) -> bool:
    """Send one step. True if it was acknowledged; False if the fence must be read again."""
    enactment.tick()
    try:
        target.apply(write.changes, expected=seen, fence=write.fence)
        return True
    except FenceMoved:
        return False
    except Drifted as drift:
        if enactment.plan.mode == "converge" or target.read_fence() != seen:
            return False  # another step came between: compare generations again, then compute again
        raise Refused(
            f"plan {enactment.plan.generation} no longer fits {target.id}: {drift.what}",
            rule="drift",
            expected=drift.expected,
            actual=drift.actual,
            remedy=f"publish a new plan: `planfence plan {enactment.plan.stream}`",
        ) from drift


@dataclass(frozen=True, slots=True)
class _Beside:
    """What the register says beside a fence, read after it and in one request."""

    pointer: Pointer | None
    hold: Hold | None
    mirror: Mirror | None


def _read_beside(enactment: Enactment, target: Target) -> _Beside:
    stream = enactment.plan.stream
    pointer, hold, mirror = enactment.ports.register.read_all(
        pointer_key(stream), hold_key(stream), mirror_key(stream, target.id)
    )
    return _Beside(
        as_pointer(pointer, stream),
        as_hold(hold, stream, enactment.ports.clock.now()),
        as_mirror(mirror, target.id),
    )


def _mirrored(
    enactment: Enactment, target: Target, seen: FenceSeen, found: Mirror | None
) -> Mirror:
    """The mirror, raised to the fence just read; at 0, where there was none and no fence either.

    A fence of this very plan is mirrored when the pass ends, with what else is written then. Until
    then the mirror lags, which keeps more.
    """
    register, stream, attempt = enactment.ports.register, enactment.plan.stream, enactment.attempt
    of_lineage = isinstance(seen, Fence) and seen.lineage == enactment.plan.lineage
    if isinstance(seen, Fence) and of_lineage and not enactment.holds(seen):
        return raise_mirror(
            register, stream, target.id, found, seen, retired=False, attempt=attempt
        )
    return ensure_mirror(register, stream, target.id, found, attempt)


def _check_fence(enactment: Enactment, target: Target, seen: FenceSeen) -> None:
    """Compare generations. After every refusal this runs again, on what is there now."""
    plan = enactment.plan
    if isinstance(seen, Fence) and seen.lineage == plan.lineage:
        if seen.generation > plan.generation:
            raise Superseded(
                f"{target.id} holds generation {seen.generation}",
                rule="superseded",
                expected=f"at most generation {plan.generation}",
                actual=f"generation {seen.generation}",
                remedy=f"look at `planfence status {plan.stream}`",
            )
        if seen.generation == plan.generation and not enactment.holds(seen):
            raise Refused(
                f"{target.id} holds generation {seen.generation} with another digest",
                rule="generation-digest",
                expected=enactment.published.digest,
                actual=seen.digest,
                remedy=f"publish a new plan: `planfence plan {plan.stream}`",
            )


def _check_pointer_and_hold(enactment: Enactment, beside: _Beside) -> None:
    """The pointer still names this plan, and nobody holds the stream."""
    plan = enactment.plan
    if not names(beside.pointer, plan, enactment.published.digest):
        raise superseded_by_pointer(plan.stream, plan.generation, beside.pointer)
    if beside.hold is not None and not passes_holds(plan):
        raise held(plan.stream, beside.hold)


def _next_write(
    enactment: Enactment,
    part: TargetPlan,
    target: Target,
    seen: FenceSeen,
    mirror: Mirror,
    *,
    written: AbstractSet[int],
) -> _Write | None:
    """The step that follows from the fence as read; None to read it again first.

    Args:
        written: the steps that this very pass wrote and had acknowledged.
    """
    if not isinstance(seen, Fence) or seen.lineage != enactment.plan.lineage:
        return _create_fence(enactment, target, seen, mirror)
    if enactment.plan.mode == "exact":
        if target.drops_silently and enactment.holds(seen) and seen.step == len(part.steps):
            return _confirm(enactment, part, target, seen, written)
        return _exact(enactment, part, target, seen)
    return _converge(enactment, part, target, seen)


def _create_fence(
    enactment: Enactment, target: Target, seen: FenceSeen, mirror: Mirror
) -> _Write | None:
    """The fence record's creation, or adoption: alone, as step 0, under a new attempt id.

    The absence was seen first and the pointer read after it, so the generation created is the one
    the pointer desires after the absence (schedule S13). A record that is gone although it was
    there, or is no fence of this lineage, is never replaced without ``--adopt``; and in ``exact``
    only by a plan that was made seeing just that: between planning and the loss of the record
    another plan may have written, and nothing would tell (schedule S2).

    The mirror was read after the fence. Another pass may have written both in between, and then
    the fence is not gone, but newer than what was seen: before a refusal it is read again. A
    creation needs no second look: it expects the absence, and the target refuses it otherwise.
    """
    plan = enactment.plan
    planned = _planned_fence(plan, target.id)
    never_there = seen is None and planned is None and mirror.generation == 0
    if plan.mode == "exact" and as_read(seen) != planned:
        refusal = planned_on_another(plan, target.id, planned, seen)
    elif not never_there and not enactment.request.adopt:
        refusal = adoption_needed(plan.stream, target.id, seen, mirror)
    else:
        new_attempt = enactment.ports.new_id()
        return _Write((), enactment.fence(0, done=False, attempt=new_attempt))
    if seen is None and mirror.generation > 0 and target.read_fence() is not None:
        return None
    raise refusal


def _exact(enactment: Enactment, part: TargetPlan, target: Target, seen: Fence) -> _Write:
    """The plan's next step: the first on the fence the plan was made on, a later one on its own."""
    plan = enactment.plan
    position = seen.step if enactment.holds(seen) else 0
    if position == 0 and not enactment.holds(seen):
        planned = _planned_fence(plan, target.id)
        if planned != seen.text():
            raise planned_on_another(plan, target.id, planned, seen)
    if position >= len(part.steps):
        raise Refused(
            f"{target.id} stands at step {position} of plan {plan.generation}, which has"
            f" {len(part.steps)}",
            rule="fence-step",
            expected=f"at most step {len(part.steps)}",
            actual=f"step {position}, not done",
            remedy=f"publish a new plan: `planfence plan {plan.stream}`",
        )
    step = part.steps[position]
    done = position + 1 == len(part.steps) and not _may_drop(target, step.changes)
    return _Write(step.changes, enactment.fence(step.number, done=done))


def _may_drop(target: Target, changes: tuple[Change, ...]) -> bool:
    """Whether a step may be acknowledged and not be there whole: then it is not marked done."""
    return target.drops_silently and bool(changes)


def _confirm(
    enactment: Enactment,
    part: TargetPlan,
    target: Target,
    seen: Fence,
    written: AbstractSet[int],
) -> _Write | None:
    """The mark of its own that all steps are done, once all that they wrote is known to be there.

    A pass that wrote every step itself knows it, because ``apply`` read each of them back. Another
    may have died between a step and that, and so the whole target is looked at.
    """
    wrote_all = written >= {step.number for step in part.steps}
    if not wrote_all and not stands_as_written(enactment.plan, part, target, seen):
        return None
    return _Write((), enactment.fence(seen.step + 1, done=True))


def _planned_fence(plan: Plan, target: str) -> str | None:
    return next((base.fence for base in plan.base.fences if base.target == target), None)


def _converge(enactment: Enactment, part: TargetPlan, target: Target, seen: Fence) -> _Write | None:
    """Observe and compute again, by the planner's own function, after every read of the fence (S4).

    Guards bind each computed difference, because the world may have drifted since the review (S12).
    A fence that moved while observing means that what was observed may be torn: start again.
    """
    plan, zone = enactment.plan, enactment.settings.zone
    observation = target.observe()
    if observation.fence != seen:
        return None
    assert enactment.desired is not None
    changes = (
        ()
        if part.retire
        else diff(zone, desired_on(enactment.desired, target.id), observation.state)
    )
    existing = existing_sets(zone, observation.state)
    guards = evaluate(
        zone, enactment.settings, [Difference(target.id, existing, changes)], plan.waivers
    )
    refuse_breaches(
        guards,
        remedy=f"{target.id} drifted since the review: publish a new plan with"
        f" `planfence plan {plan.stream}`",
    )
    steps = cut(changes, target)
    number = seen.step + 1 if enactment.holds(seen) else 1
    if number > STEPS_MAX:
        raise Unavailable(
            f"{target.id} took {STEPS_MAX} steps of plan {plan.generation} and still differs",
            rule="target-unsettled",
            remedy="somebody else keeps changing it: find out who, then publish a new plan",
        )
    done = len(steps) == 1 and not _may_drop(target, steps[0])
    return _Write(steps[0], enactment.fence(number, done=done))
