"""One planning pass: read, compare, guard, publish. Read-only but for one conditional put.

DESIGN section 3 is the contract; the numbered comments follow its steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from planner.ancestry import assess_inputs, source_after
from planner.pending import is_unchanged, pending_head
from planner.ports import Ports, Request
from planner.publishing import NumberTaken, publish
from planner.world import World, observe, read_decided
from plans.collector import collector_paused
from plans.document import digest_of
from plans.errors import Conflict
from plans.fence import as_read
from plans.guards import (
    PARENT_UNREADABLE,
    SOURCE_WENT_BACK,
    UNDOES_OVERRIDE,
    differences,
    evaluate,
    existing_sets,
    refuse_breaches,
    verdict,
)
from plans.kinds.dns import Change, cut, diff
from plans.kinds.health import HEALTH_MEDIA_TYPE, HEALTH_NAME
from plans.kinds.zone import DESIRED_MEDIA_TYPE, DESIRED_NAME
from plans.observed.dns import desired_on
from plans.plan import (
    Attachment,
    Base,
    FenceAtPlanning,
    GuardResult,
    HoldAtPlanning,
    Input,
    Plan,
    Step,
    Summary,
    TargetPlan,
    Wave,
    content_digest,
)
from plans.published import Published

RACES_MAX = 100
_MEDIA_TYPES = {DESIRED_NAME: DESIRED_MEDIA_TYPE, HEALTH_NAME: HEALTH_MEDIA_TYPE}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a pass computed from one world: thrown away whole if its number is lost."""

    waves: tuple[Wave, ...]
    inputs: tuple[Input, ...]
    guards: tuple[GuardResult, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pass ended. ``published`` is the plan it published, or the head that is pending."""

    outcome: Literal["published", "pending", "unchanged"]
    why: str
    published: Published | None
    generation: int | None
    digest: str | None
    notes: tuple[str, ...] = ()


def plan_stream(ports: Ports, request: Request) -> Outcome:
    """Run planning passes until one is not beaten to its number.

    Raises:
        Breached: a guard refuses; carries every guard's numbers.
        Refused: the desired state, a target or a register item cannot be accepted.
        Conflict: beaten ``RACES_MAX`` times.
        Unavailable: a store or target cannot be read, or nothing could be published.
    """
    taken = 0
    for _ in range(RACES_MAX):
        try:
            with collector_paused():
                world = observe(ports, read_decided(ports, request.stream), taken)  # 1, then 2
                if not _overtaken(ports, world):
                    return _conclude(ports, request, world)
        except NumberTaken as lost:
            taken = lost.generation  # 5: throw the plan away and start again; never renumber it
    raise Conflict(
        f"{RACES_MAX} other plans of {request.stream} were published first",
        rule="planning-contended",
        remedy="run the command again when fewer planners run",
    )


def _overtaken(ports: Ports, world: World) -> bool:
    """Whether a plan was published and enacted after this pass had read what was decided.

    Its fence was seen, so that the next number would be above it; but its source and the override
    that it may be were not, and nothing would keep this pass from undoing them (F9, S9). Where a
    second reading finds nothing new, the register or the archive was lost: the fence is all that is
    left, and the number exceeds it.
    """
    if not world.is_overtaken:
        return False
    before, now = world.decided, read_decided(ports, world.decided.settings.stream)
    return (now.pointer, now.parent) != (before.pointer, before.parent)


def rehearse(ports: Ports, request: Request) -> bool:
    """A pass up to the point where it would publish, for who must know before anything is written.

    Returns:
        Whether anything differs from what is applied, fences included.

    Raises:
        As ``plan_stream``, but for ``Conflict``.
    """
    with collector_paused():
        world = observe(ports, read_decided(ports, request.stream))
        changes = _changes(world)
        _propose(ports, request, world, changes)
    return not is_unchanged(world, changes)


def _conclude(ports: Ports, request: Request, world: World) -> Outcome:
    decided = world.decided
    notes = tuple(f"ignored {key}: its number is out of reach" for key in decided.numbers.beyond)
    told = (*notes, *_health_notes(world))
    changes = _changes(world)
    by_schedule = request.origin == "planner"  # an override always gets a generation of its own
    if by_schedule and is_unchanged(world, changes):  # 3
        assert decided.pointer is not None
        pointer = decided.pointer
        why = f"generation {pointer.desired_generation} is applied and nothing differs"
        return Outcome(
            "unchanged", why, None, pointer.desired_generation, pointer.desired_digest, told
        )
    head = pending_head(ports, world, request, changes) if by_schedule else None
    if head is not None:
        why = f"generation {head.plan.generation} already asks for this and waits to be enacted"
        return Outcome("pending", why, head, head.plan.generation, head.digest, told)
    plan = _compose(ports, request, world, _propose(ports, request, world, changes))
    published = publish(ports.archive, plan, tuple(world.attached.values()))  # 5
    why = (
        "the desired state differs"
        if any(changes.values())
        else _why_without_changes(request, world)
    )
    return Outcome("published", why, published, plan.generation, published.digest, notes)


def _health_notes(world: World) -> tuple[str, ...]:
    """Unhealthy members that are kept in; where a plan is published, its review says so."""
    health = world.desired.health
    return tuple(
        f"pool {pool.pool or pool.name} {pool.type} keeps unhealthy members in:"
        f" {', '.join(member.id for member in pool.kept_in())}"
        for pool in (health.pools if health else ())
        if pool.kept_in()
    )


def _propose(
    ports: Ports, request: Request, world: World, changes: Mapping[str, tuple[Change, ...]]
) -> Proposal:
    waves = _waves(world, changes)
    inputs = assess_inputs(ports, world)
    guards = _guards(request, world, waves, inputs[0])  # 4
    refuse_breaches(guards, remedy=_waiver_remedy(request, guards))
    return Proposal(waves, inputs, guards)


def _waiver_remedy(request: Request, guards: tuple[GuardResult, ...]) -> str:
    stream, origin = request.stream, request.origin
    rules = dict.fromkeys(entry.rule for entry in guards if entry.outcome == "breached")
    flags = " ".join(f"--allow {rule}" for rule in rules)
    stands = f"`planfence release {stream}` ends what stands; or "
    again = (
        f"`planfence override {stream} FILE {flags} --reason TEXT`"
        if origin == "override"
        else f"`planfence rollback {stream} --to GEN {flags} --reason TEXT`"
        if origin == "rollback"
        else f"`planfence plan {stream} {flags} --reason TEXT`"
    )
    return (
        f"{stands if UNDOES_OVERRIDE in rules else ''}mend what the plan is made from, or waive it"
        " by name: "
    ) + again


def _changes(world: World) -> dict[str, tuple[Change, ...]]:
    zone = world.decided.settings.zone
    return {
        target: ()
        if target in world.retiring
        else diff(zone, desired_on(world.desired.records, target), observation.state)
        for target, observation in world.observed.items()
    }


def _why_without_changes(request: Request, world: World) -> str:
    pointer = world.decided.pointer
    if request.origin != "planner":
        return f"nothing differs, and the {request.origin} stands from now on"
    if world.retiring:
        return "a target retires"
    if pointer is None:
        return "nothing was enacted yet: the targets need their fence"
    if pointer.desired != pointer.applied or world.decided.parent != pointer.desired:
        return "it supersedes a plan that the world has overtaken"
    return "a target's fence is not the one that was applied"


def _waves(world: World, changes: Mapping[str, tuple[Change, ...]]) -> tuple[Wave, ...]:
    """One wave: DNS targets do not wait for each other. Every target has at least one step (S1)."""
    zone = world.decided.settings.zone
    targets = tuple(
        TargetPlan(
            target=target,
            retire=target in world.retiring,
            existing=existing_sets(zone, observation.state),
            steps=tuple(
                Step(number=number, changes=part)
                for number, part in enumerate(cut(changes[target], world.limits[target]), start=1)
            ),
        )
        for target, observation in world.observed.items()
    )
    return (Wave(number=1, targets=targets),)


def _guards(
    request: Request, world: World, waves: tuple[Wave, ...], entry: Input
) -> tuple[GuardResult, ...]:
    decided = world.decided
    waived = {waiver.rule for waiver in request.waivers}
    parts = differences(target for wave in waves for target in wave.targets)
    results = list(evaluate(decided.settings.zone, decided.settings, parts, request.waivers))
    if entry.commit is not None and entry.ancestry is not None:
        results.append(
            verdict(
                SOURCE_WENT_BACK,
                None,
                "no commit older than the parent plan's source",
                f"{entry.commit[:12]} is {entry.ancestry}",
                holds=entry.ancestry != "older",
                waived=waived,
            )
        )
    if request.origin == "planner" and decided.standing is not None:
        results.append(
            verdict(
                UNDOES_OVERRIDE,
                None,
                "no planner's plan while an override or rollback stands",
                f"generation {decided.standing.generation} stands",
                holds=False,
                waived=waived,
            )
        )
    # A person does not inherit: what they decide must not wait for a file that is lost.
    if request.origin == "planner" and decided.unreadable is not None:
        results.append(
            verdict(
                PARENT_UNREADABLE,
                None,
                "a readable parent, to inherit source and standing override from",
                decided.unreadable,
                holds=False,
                waived=waived,
            )
        )
    return tuple(results)


def _compose(ports: Ports, request: Request, world: World, proposal: Proposal) -> Plan:
    decided = world.decided
    settings = decided.settings
    pointer = decided.pointer
    now = ports.clock.now().replace(microsecond=0)
    attachments = tuple(
        Attachment(name=name, digest=digest_of(body), size=len(body), media_type=_MEDIA_TYPES[name])
        for name, body in world.attached.items()
    )
    hold = decided.hold
    mode = request.mode or settings.mode
    return Plan(
        stream=settings.stream,
        kind=settings.kind,
        lineage=settings.lineage,
        generation=world.next_generation,
        parent=decided.parent,
        base=Base(
            desired=pointer.desired if pointer else None,
            applied=pointer.applied if pointer else None,
            fences=tuple(
                FenceAtPlanning(target=target, fence=as_read(observation.fence))
                for target, observation in world.observed.items()
            ),
            hold=HoldAtPlanning(by=hold.by, reason=hold.reason) if hold else None,
        ),
        origin=request.origin,
        mode=mode,
        created_at=now,
        created_by=request.by,
        expires_at=now + timedelta(hours=settings.plan_hours),
        reason=request.reason,
        inputs=proposal.inputs,
        source=source_after(world, proposal.inputs[0]),
        standing=decided.standing,
        guards=proposal.guards,
        waivers=request.waivers,
        summary=_summary(proposal.waves),
        waves=proposal.waves,
        attachments=attachments,
        content_digest=content_digest(mode, world.desired_digest, proposal.waves, request.waivers),
    )


def _summary(waves: tuple[Wave, ...]) -> Summary:
    changes = [
        change
        for wave in waves
        for target in wave.targets
        for step in target.steps
        for change in step.changes
    ]
    creates = sum(1 for change in changes if change.before is None)
    deletes = sum(1 for change in changes if change.after is None)
    return Summary(creates=creates, updates=len(changes) - creates - deletes, deletes=deletes)
