"""Whether a pass has anything to publish.

``unchanged``: nothing differs and what is applied is what stands. ``pending``: the head already
carries this desired state and can still be enacted, so a schedule must not outdate the plan that
someone reviews. Otherwise a plan is published, **even one without changes**: a pending plan that
the world has overtaken must be superseded, or it is enacted later (schedules S3a, S3b).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from planner.ports import Ports, Request
from planner.world import World
from plans.errors import Refused
from plans.fence import Fence, as_read
from plans.guards import Difference, differences, evaluate, existing_sets
from plans.kinds.dns import Change, first_drift
from plans.kinds.zone import DESIRED_NAME
from plans.observed.view import Observation
from plans.plan import Plan, TargetPlan
from plans.pointer import matches_base, names
from plans.published import Published, check_changes, read_desired


def is_unchanged(world: World, changes: Mapping[str, tuple[Change, ...]]) -> bool:
    """No difference, head = applied, and every target's fence says so too.

    A fence that is gone, foreign or of another generation is a difference: without a new plan
    nobody would ever raise it again.
    """
    decided = world.decided
    pointer = decided.pointer
    if pointer is None or pointer.applied != pointer.desired or decided.parent != pointer.desired:
        return False
    if decided.unreadable or world.retiring or any(changes.values()):
        return False
    return all(
        isinstance(observation.fence, Fence)
        and observation.fence.done
        and observation.fence.lineage == pointer.lineage
        and observation.fence.generation == pointer.desired_generation
        and observation.fence.digest == pointer.desired_digest
        for observation in world.observed.values()
    )


def pending_head(
    ports: Ports, world: World, request: Request, changes: Mapping[str, tuple[Change, ...]]
) -> Published | None:
    """The head, if it already asks for this desired state and can still be enacted."""
    decided = world.decided
    head = decided.parent_plan
    if head is None:
        return None
    pointer = decided.pointer
    if pointer is not None and pointer.applied_generation >= head.plan.generation:
        return None
    if not _asks_for_the_same(head.plan, world, request):
        return None
    if decided.decisions.rejection(head.plan.generation) is not None:
        return None
    is_claimed = names(pointer, head.plan, head.digest)
    if not is_claimed and head.plan.expires_at <= ports.clock.now():
        return None
    if head.plan.base.hold is not None and decided.hold is None and not is_claimed:
        return None  # observed under a hold: ineligible for good now that the hold is over
    if not _passes_guards(head.plan, world, changes) or not _can_complete(head, world, is_claimed):
        return None
    return head if _can_be_verified(ports, head, world) else None


def _can_be_verified(ports: Ports, head: Published, world: World) -> bool:
    """Whether an enactor would accept the head's bytes: what it can only refuse is never pending.

    Its desired state may be gone although its plan is there. It may have been written around
    planfence, with changes that cannot be. After a lost archive its number may have been approved,
    pinned or made as other bytes, which the journal remembers. Each would wedge the stream (G4),
    since the enactor's remedy is a new plan.
    """
    try:
        check_changes(head.plan, world.decided.settings.zone)
        read_desired(ports.archive, head.plan, world.decided.settings.zone)
    except Refused:
        return False
    return world.decided.decisions.digests(head.plan.generation) <= {head.digest}


def _passes_guards(plan: Plan, world: World, changes: Mapping[str, tuple[Change, ...]]) -> bool:
    """Whether the enactor's own guards would let the head through, as settings and world are now.

    A head that they refuse must not stay pending, or nobody is asked for the waiver it would take.
    """
    settings = world.decided.settings
    parts: Iterable[Difference] = differences(plan.targets)
    if plan.mode == "converge":
        parts = [
            Difference(target, existing_sets(settings.zone, observation.state), changes[target])
            for target, observation in world.observed.items()
        ]
    results = evaluate(settings.zone, settings, parts, plan.waivers)
    return not any(entry.outcome == "breached" for entry in results)


def _asks_for_the_same(plan: Plan, world: World, request: Request) -> bool:
    desired = plan.attachment(DESIRED_NAME)
    return (
        desired is not None
        and desired.digest == world.desired_digest
        and plan.mode == world.decided.settings.mode
        and {target.target for target in plan.targets} == set(world.observed)
        and {target.target for target in plan.targets if target.retire} == world.retiring
        and {waiver.rule for waiver in request.waivers} <= {waiver.rule for waiver in plan.waivers}
    )


def _can_complete(head: Published, world: World, is_claimed: bool) -> bool:
    plan = head.plan
    exact = plan.mode == "exact"
    if exact and not is_claimed and not matches_base(world.decided.pointer, plan.base):
        return False
    bases = {entry.target: entry.fence for entry in plan.base.fences}
    for target in plan.targets:
        observation = world.observed[target.target]
        fence = observation.fence
        if isinstance(fence, Fence) and fence.lineage == plan.lineage:
            if fence.generation > plan.generation:
                return False
            if fence.generation == plan.generation:
                if fence.digest != head.digest:
                    return False
                if fence.done:
                    continue
                if exact and not _steps_hold(target, fence.step, observation):
                    return False
                continue
        if exact and (
            as_read(fence) != bases.get(target.target) or not _steps_hold(target, 0, observation)
        ):
            return False
    return True


def _steps_hold(target: TargetPlan, done_steps: int, observation: Observation) -> bool:
    """Whether the steps written are still there, and every ``before`` of those to come.

    A record set has at most one change in a plan, so the steps do not build on each other. What was
    written and is gone, a target that drops changes silently refuses to call done: such a plan must
    not stay pending.
    """
    written = (change for step in target.steps[:done_steps] for change in step.changes)
    rest = (change for step in target.steps[done_steps:] for change in step.changes)
    state = observation.state
    return (
        all(state.get(change.key) == change.after for change in written)
        and first_drift(state, rest) is None
    )
