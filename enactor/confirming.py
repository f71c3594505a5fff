"""Looking again at what was written, where a service may acknowledge a change and drop it."""

from __future__ import annotations

from enactor.targets import Target, records_text
from plans.errors import Refused
from plans.fence import Fence
from plans.plan import Plan, TargetPlan


def stands_as_written(plan: Plan, part: TargetPlan, target: Target, seen: Fence) -> bool:
    """Whether all that a plan's steps wrote is there; False if the fence moved meanwhile.

    Raises:
        Refused: something is not as the plan wrote it (rule ``drift``).
        Unavailable: the target could not be observed.
    """
    observation = target.observe()
    if observation.fence != seen:
        return False
    for change in (change for step in part.steps for change in step.changes):
        found = observation.state.get(change.key)
        if found != change.after:
            raise Refused(
                f"{change.name} {change.type} of {target.id} is not as plan"
                f" {plan.generation} wrote it: it was changed since, or never taken",
                rule="drift",
                expected=records_text(change.after),
                actual=records_text(found),
                remedy=f"publish a new plan: `planfence plan {plan.stream}`",
            )
    return True
