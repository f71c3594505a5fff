"""What is refused where a target does not hold the fence that a pass may go on from."""

from __future__ import annotations

from plans.errors import Refused
from plans.fence import FenceSeen, Unreadable, as_read
from plans.mirror import Mirror
from plans.plan import Plan


def planned_on_another(plan: Plan, target: str, planned: str | None, seen: FenceSeen) -> Refused:
    """The fence is not the one that the plan was made on."""
    return Refused(
        f"the fence of {target} is not the one that plan {plan.generation} was made on",
        rule="fence-moved",
        expected=planned or "no fence",
        actual=as_read(seen) or "no fence",
        remedy=f"publish a new plan: `planfence plan {plan.stream}`",
    )


def adoption_needed(stream: str, target: str, seen: FenceSeen, mirror: Mirror) -> Refused:
    """The fence is gone, unreadable or of another lineage, and nobody said ``--adopt``."""
    remedy = (
        "find out who removed or replaced it; if the target is really this stream's, run the same"
        " `planfence enact` with --adopt"
    )
    if seen is None:
        return Refused(
            f"the fence of {target} is gone",
            rule="fence-missing",
            expected=f"a fence of generation {mirror.generation} or newer"
            if mirror.generation
            else "the fence that stood there at planning",
            actual="none",
            remedy=remedy,
        )
    if isinstance(seen, Unreadable):
        return Refused(
            f"what stands at the fence of {target} is no fence record",
            rule="fence-unreadable",
            expected="v=pf1 ...",
            actual=seen.unreadable[:120],
            remedy=remedy,
        )
    return Refused(
        f"the fence of {target} is of another lineage than {stream}",
        rule="fence-foreign",
        expected="this stream's lineage",
        actual=seen.lineage,
        remedy=remedy,
    )
