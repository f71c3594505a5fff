"""Which plan may be enacted: chosen and verified before anything is claimed.

A bad plan must be refused here, or its claim would strand the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from enactor.ports import Ports, Request
from plans.claim import Grounds, passes_holds, superseded_by_pointer
from plans.decisions import (
    Approval,
    Decisions,
    Hold,
    approvals_wanted,
    counted,
    enough,
    read_decisions,
    relied_on,
)
from plans.errors import Refused
from plans.guards import JUMP_MAX_RULE, differences, evaluate, refuse_breaches
from plans.journal import LOOKBACK, End, Entry, as_end, end_after, read_entries
from plans.kinds.dns import RecordKey, Records
from plans.mirror import read_mirrors
from plans.names import JUMP_MAX, journal_last_key, pointer_key, settings_key
from plans.plan import Plan, PlanReference
from plans.pointer import Pointer, as_pointer, matches_base, names
from plans.published import (
    Published,
    check_changes,
    check_desired,
    published_from,
    read_desired,
    read_plan,
)
from plans.settings import Settings, as_settings
from plans.storage.register import Register


@dataclass(frozen=True, slots=True)
class Chosen:
    """A verified plan, its desired state, what its claim was decided on, and whether it resumes.

    ``desired`` is None in ``exact``, where nothing is computed from it.
    """

    published: Published
    desired: Mapping[RecordKey, Records] | None
    grounds: Grounds
    resumes: bool


@dataclass(frozen=True)  # no slots: what is read once is kept in the instance's dictionary
class _Seen:
    """What a choice rests on, each part read once, in one request, when it is needed first."""

    register: Register
    settings: Settings
    pointer: Pointer | None
    journal_end: End
    since: int

    @cached_property
    def decisions(self) -> Decisions:
        return read_decisions(self.register, self.settings.stream, self.since)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The newest entries of the journal."""
        start = max(0, self.journal_end.sequence - LOOKBACK)
        return tuple(read_entries(self.register, self.settings.stream, start))


def choose(ports: Ports, request: Request) -> Chosen | PlanReference | None:
    """The plan to enact; by reference, the one that is applied already; None if there is none.

    Raises:
        Superseded: the plan named is older than the pointer's.
        Refused: the plan cannot be enacted, or none can; the rule that stops the head is named.
        Unavailable: a store cannot be read.
    """
    stream = request.stream
    settings, pointer, last = ports.register.read_all(
        settings_key(stream), pointer_key(stream), journal_last_key(stream)
    )
    there = as_pointer(pointer, stream)
    floor = there.desired_generation if there else 0
    seen = _Seen(
        register=ports.register,
        settings=as_settings(settings, stream),
        pointer=there,
        journal_end=as_end(last, stream),
        since=floor if request.generation is None else request.generation,
    )
    _check_lineage(seen, stream)
    if request.generation is not None:
        return _named(ports, request, seen, request.generation)
    return _newest(ports, request, seen)


def _newest(ports: Ports, request: Request, seen: _Seen) -> Chosen | PlanReference | None:
    """The newest eligible plan, else the desired one resumed, else what stops the head."""
    pointer = seen.pointer
    floor = pointer.desired_generation if pointer else 0
    numbers = published_from(ports.archive, request.stream, floor)
    stopped: Refused | None = None
    for generation in reversed(numbers.generations):
        if generation <= floor:
            break
        try:
            return _verify(ports, request, seen, generation, None)
        except Refused as refusal:
            stopped = stopped or refusal
    if pointer is not None and pointer.applied != pointer.desired:
        return _verify(ports, request, seen, floor, pointer.desired_digest)
    if stopped is not None:
        raise stopped
    return pointer.desired if pointer is not None else None


def _named(ports: Ports, request: Request, seen: _Seen, generation: int) -> Chosen | PlanReference:
    """The plan the caller named. What is applied or overtaken is said without reading its file."""
    pointer = seen.pointer
    if pointer is not None and generation < pointer.desired_generation:
        raise superseded_by_pointer(request.stream, generation, pointer)
    if pointer is not None and generation == pointer.desired_generation:
        _same_bytes(
            request.stream, generation, "the pointer", pointer.desired_digest, request.digest
        )
        if pointer.applied == pointer.desired:
            return pointer.desired
        return _verify(ports, request, seen, generation, pointer.desired_digest)
    return _verify(ports, request, seen, generation, request.digest)


def _verify(
    ports: Ports, request: Request, seen: _Seen, generation: int, digest: str | None
) -> Chosen:
    """Everything of DESIGN section 4, steps 1 and 2, for one plan."""
    pointer, settings = seen.pointer, seen.settings
    published = read_plan(ports.archive, request.stream, settings.lineage, generation, digest)
    plan = published.plan
    resumes = names(pointer, plan, published.digest)
    approvals = seen.decisions.approvals(generation)
    # Expiry binds the first claim only: what was begun as approved may be ended.
    now = None if resumes else ports.clock.now()
    standing = counted(plan, published.digest, approvals, settings, now=now)
    # As many as are wanted: each becomes a condition, and a transaction holds 100 of them.
    counting = relied_on(plan, settings, standing)
    # In exact the steps are all there is to do: a desired state that is gone strands nobody.
    converges = plan.mode == "converge"
    desired = read_desired(ports.archive, plan, settings.zone) if converges else None
    check_changes(plan, settings.zone)
    if desired is not None:
        check_desired(plan, desired)
    _check_targets(seen, plan)
    _check_digests(seen, published, approvals)
    _check_stops(seen, plan, ports.clock.now())
    if not resumes:
        _check_first_claim(ports, request, seen, published)
    _check_approvals(settings, published, counting)
    guards = evaluate(settings.zone, settings, differences(plan.targets), plan.waivers)
    refuse_breaches(
        guards,
        remedy="the stream's settings allow less than when it was planned: publish a new plan"
        f" with `planfence plan {plan.stream}`",
    )
    end = end_after(seen.entries[-1]) if seen.entries else seen.journal_end
    return Chosen(published, desired, Grounds(pointer, settings, counting, end), resumes)


def _check_lineage(seen: _Seen, stream: str) -> None:
    if seen.pointer is not None and seen.pointer.lineage != seen.settings.lineage:
        raise Refused(
            f"the pointer of {stream} is of another lineage than its settings",
            rule="foreign-lineage",
            expected=seen.settings.lineage,
            actual=seen.pointer.lineage,
            remedy="two registers were mixed up: restore the right one",
        )


def _check_targets(seen: _Seen, plan: Plan) -> None:
    """A plan's targets are those of the settings; a retiring one may be gone when it is retired."""
    settings = seen.settings
    mirrors = read_mirrors(seen.register, plan.stream) if settings.retiring else {}
    retired = {target for target, mirror in mirrors.items() if mirror.retired}
    planned = {target.target for target in plan.targets}
    wanted = set(settings.targets)
    retiring = set(settings.retiring)
    retire = {target.target for target in plan.targets if target.retire}
    fits = (
        wanted <= planned <= wanted | retiring
        and retire == planned & retiring
        and retiring - planned <= retired
    )
    if not fits:
        raise Refused(
            f"plan {plan.generation} of {plan.stream} does not name the stream's targets",
            rule="targets",
            expected=", ".join(sorted(wanted | retiring - retired)),
            actual=", ".join(sorted(planned)),
            remedy=f"publish a new plan: `planfence plan {plan.stream}`",
        )


def _check_digests(seen: _Seen, published: Published, approvals: tuple[Approval, ...]) -> None:
    """One generation, one digest (G2): in its approvals and in what the journal remembers."""
    plan = published.plan
    for approval in approvals:
        _same_bytes(
            plan.stream,
            plan.generation,
            f"{approval.approver}'s approval",
            approval.digest,
            published.digest,
        )
    for entry in seen.entries:
        if entry.generation == plan.generation and entry.digest is not None:
            _same_bytes(
                plan.stream,
                plan.generation,
                f"journal entry {entry.sequence}",
                entry.digest,
                published.digest,
            )


def _same_bytes(
    stream: str, generation: int, where: str, expected: str, actual: str | None
) -> None:
    if actual is not None and expected != actual:
        raise Refused(
            f"generation {generation} of {stream} has another digest in {where}",
            rule="generation-digest",
            expected=expected,
            actual=actual,
            remedy=f"publish a new plan: `planfence plan {stream}`",
        )


def _check_stops(seen: _Seen, plan: Plan, now: datetime) -> None:
    """What a person stopped: this generation for good, or the stream for now."""
    rejection = seen.decisions.rejection(plan.generation)
    if rejection is not None:
        raise Refused(
            f"plan {plan.generation} of {plan.stream} was rejected by {rejection.by}:"
            f" {rejection.reason}",
            rule="rejected",
            remedy=f"publish a new plan: `planfence plan {plan.stream}`",
        )
    hold = seen.decisions.hold(now)
    if hold is not None and not passes_holds(plan):
        raise held(plan.stream, hold)


def _check_approvals(
    settings: Settings, published: Published, approvals: tuple[Approval, ...]
) -> None:
    plan = published.plan
    wanted = approvals_wanted(plan, settings)
    if not enough(plan, settings, approvals):
        raise Refused(
            f"plan {plan.generation} of {plan.stream} is not approved",
            rule="approvals",
            expected=f"{wanted} approval{'s' if wanted != 1 else ''} of these bytes that stand",
            actual=str(len(approvals)),
            remedy=f"review it, then `planfence approve {plan.stream} {plan.generation}"
            f" --digest {published.digest}`",
        )


def held(stream: str, hold: Hold) -> Refused:
    """The refusal that a hold is."""
    return Refused(
        f"{stream} is held by {hold.told}",
        rule="held",
        remedy=f"`planfence release {stream}` ends the hold",
    )


def _check_first_claim(ports: Ports, request: Request, seen: _Seen, published: Published) -> None:
    """What binds the first claim only: expiry, base, a hold at planning, the jump."""
    plan = published.plan
    again = f"publish a new plan: `planfence plan {plan.stream}`"
    if plan.expires_at <= ports.clock.now():
        raise Refused(
            f"plan {plan.generation} of {plan.stream} expired",
            rule="expired",
            expected=f"a claim before {plan.expires_at:%Y-%m-%dT%H:%M:%SZ}",
            actual=f"{ports.clock.now():%Y-%m-%dT%H:%M:%SZ}",
            remedy=again,
        )
    if plan.base.hold is not None and not passes_holds(plan):
        raise Refused(
            f"plan {plan.generation} of {plan.stream} was observed under a hold"
            f" of {plan.base.hold.by}",
            rule="observed-under-hold",
            remedy=again,
        )
    if plan.mode == "exact" and not matches_base(seen.pointer, plan.base):
        raise Refused(
            f"plan {plan.generation} of {plan.stream} was made on another state",
            rule="base-moved",
            expected=_state(plan.base.desired, plan.base.applied),
            actual=_state(
                seen.pointer.desired if seen.pointer else None,
                seen.pointer.applied if seen.pointer else None,
            ),
            remedy=again,
        )
    floor = seen.pointer.desired_generation if seen.pointer else 0
    if plan.generation > floor + JUMP_MAX and request.allow_jump is None:
        raise Refused(
            f"plan {plan.generation} of {plan.stream} jumps too far",
            rule=JUMP_MAX_RULE,
            expected=f"at most {floor + JUMP_MAX}",
            actual=str(plan.generation),
            remedy="if the number is real: `planfence enact ... --allow jump-max --reason TEXT`",
        )


def _state(desired: object, applied: object) -> str:
    def number(reference: object) -> str:
        return str(getattr(reference, "generation", "none"))

    return f"desired {number(desired)}, applied {number(applied)}"
