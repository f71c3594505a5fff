"""Whether a pass has anything to publish.

``unchanged``: nothing differs and what is applied is what stands. ``pending``: the head already
carries this desired state and can still be enacted, so a schedule must not outdate the plan that
someone reviews. Otherwise a plan is published, **even one without changes**: a pending plan that
the world has overtaken must be superseded, or it is enacted later (schedules S3a, S3b).
"""

from __future__ import annotations

from collections.abc import Mapping

from planner.ports import Ports, Request
from planner.world import World, fence_text
from plans.decisions import read_rejection
from plans.fence import Fence
from plans.kinds.dns import Change, first_drift
from plans.kinds.zone import DESIRED_NAME
from plans.observed.view import Observation
from plans.plan import Plan, TargetPlan
from plans.pointer import matches_base, names
from plans.published import Published


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


def pending_head(ports: Ports, world: World, request: Request) -> Published | None:
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
    if read_rejection(ports.register, head.plan.stream, head.plan.generation) is not None:
        return None
    is_claimed = names(pointer, head.plan, head.digest)
    if not is_claimed and head.plan.expires_at <= ports.clock.now():
        return None
    if head.plan.base.hold is not None and decided.hold is None and not is_claimed:
        return None  # observed under a hold: ineligible for good now that the hold is over
    return head if _can_complete(head, world, is_claimed) else None


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
                if exact and not _rest_holds(target, fence.step, observation):
                    return False
                continue
        if exact and (
            fence_text(fence) != bases.get(target.target) or not _rest_holds(target, 0, observation)
        ):
            return False
    return True


def _rest_holds(target: TargetPlan, done_steps: int, observation: Observation) -> bool:
    """Whether every ``before`` of the steps still to come is what was observed.

    A record set has at most one change in a plan, so the steps do not build on each other.
    """
    rest = (change for step in target.steps[done_steps:] for change in step.changes)
    return first_drift(observation.state, rest) is None
