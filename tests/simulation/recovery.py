"""G4: after the faults stop, people and processes bring the newest plan to applied.

A person here does only what the last refusal told them to: waives the guard it names, runs again
with ``--adopt``, releases a hold, or publishes a new plan. Whatever state the chaos left, this must
end with nothing left to do, within a few rounds.
"""

from __future__ import annotations

from plans.errors import PlanfenceError
from plans.guards import WAIVABLE, Breached
from tests.simulation.invariants import Violation
from tests.simulation.world import World

ROUNDS_MAX = 8
PATIENCE_SECONDS = 1000.0  # for the lease of a pass that is gone
_ADOPT = ("fence-missing", "fence-unreadable", "fence-foreign")


def recover(world: World) -> None:
    """Bring the newest desired state to applied on every target.

    Raises:
        Violation: G4, with the last refusal, if it takes more than ``ROUNDS_MAX`` rounds.
    """
    adopt = False
    last = "nothing was refused"
    for number in range(ROUNDS_MAX):
        world.sim.tell(f"recovery, round {number + 1}")
        if world.held:
            world.release(by="rob")
        try:
            outcome = _plan(world)
            if outcome == "unchanged":
                _check(world)
                return
            if world.shape.approvals or world.published().plan.needs_approval:
                world.approve(by="rob")
            ended = world.enact("E-recovery", adopt=adopt, wait_seconds=PATIENCE_SECONDS)
        except PlanfenceError as error:
            world.sim.tell(f"refused: {error}")
            last = str(error)
            continue
        last = str(ended.error or last)
        for result in ended.targets:
            adopt = adopt or (result.error is not None and result.error.rule in _ADOPT)
    raise Violation("G4", f"wedged: {last}")


def _plan(world: World) -> str:
    """Plan; waive by name what refuses. ``--allow RULE`` is what the refusal's remedy says."""
    try:
        return world.plan("P-recovery").outcome
    except Breached as breached:
        rules = tuple(sorted({entry.rule for entry in breached.breaches if entry.rule in WAIVABLE}))
        world.sim.tell(f"a person waives {', '.join(rules)}")
        return world.plan("P-recovery", waive=rules).outcome


def _check(world: World) -> None:
    pointer = world.pointer
    if pointer.applied != pointer.desired:
        raise Violation("G4", f"unchanged, but the pointer is {pointer}")
    for zone in world.zones.values():
        if zone.state != world.desired:
            raise Violation("G4", f"unchanged, but {zone.id} is not what is desired")
