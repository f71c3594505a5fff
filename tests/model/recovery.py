"""The no-wedge check (G4): from a state, somebody who is alive brings the newest plan to applied.

Whoever was at work stays where they are for ever, and nothing that is late arrives. It is a proof
of "can", by running it: one planner or one person, one enactor, no luck.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from tests.model import protocol
from tests.model.planning import decide, lost_archive, override, publish, release
from tests.model.state import Enactor, Left, Planner, State, World

Helper = Literal["planner", "planner without an archive", "override without an archive"]
HELPERS: tuple[Helper, ...] = (
    "planner",
    "planner without an archive",
    "override without an archive",
)
_ROUNDS = 4  # a pass may end what was begun, the next replaces it, the one after finds nothing
_PASS_MOVES = 60


def wedge_check(world: World, helpers: tuple[Helper, ...]) -> Callable[[State], str | None]:
    """A check for ``explore``. What only differs in what enactors remember is asked once."""
    asked: dict[tuple[Helper, State], bool] = {}

    def check(state: State) -> str | None:
        shared = state._replace(
            enactors=(), flight=(), planner=None, left=Left(), picked=0, quiet=0
        )
        for helper in helpers:
            if (helper, shared) not in asked:
                asked[helper, shared] = recovers(world, shared, helper)
            if not asked[helper, shared]:
                return f"G4 no wedge: {helper}"
        return None

    return check


def recovers(world: World, state: State, helper: Helper) -> bool:
    """Whether the newest plan becomes applied, and is what is asked for."""
    limits = world.limits[:1]
    world = world._replace(generations=99, limits=limits, journal=False, left=Left(), lease=False)
    if helper != "planner":
        state = lost_archive(state)
    if state.held:
        _, state = release(state)
    if helper == "override without an archive":
        _, state = override(world, state)
        state = state._replace(approved=state.approved | {len(state.plans) - 1})
        state = enact(world, state)
        return _stands(state, len(state.plans) - 1)
    for _ in range(_ROUNDS):
        state = enact(world, plan(world, state))
        if _stands(state, state.pointer[0]) and _asked_for(world, state):
            return True
        if state.plans[-1].override:
            _, state = release(state)  # one that cannot complete any more is for a person to end
    return False


def plan(world: World, state: State) -> State:
    planner: Planner = decide(state, state.commit)
    _, state = publish(world, state, planner._replace(seen=state.zones))
    newest = len(state.plans) - 1
    return state._replace(approved=state.approved | {newest}, quiet=0)


def enact(world: World, state: State) -> State:
    """One pass of the newest eligible plan, from its choice to its end, undisturbed."""
    state = state._replace(enactors=(Enactor(),))
    for _ in range(_PASS_MOVES):
        options = list(protocol.of_enactor(world, state, 0))
        if not options:
            break
        _, state = options[-1]  # archives ascend: the last one chooses the newest
        if state.enactors[0].at == "idle":
            break
    return state._replace(enactors=())


def _stands(state: State, digest: int) -> bool:
    plan = state.plans[digest]
    return state.pointer == (digest, digest) and all(
        zone.fence is not None
        and (zone.fence.digest, zone.fence.done) == (digest, True)
        and zone.records == plan.wants
        for zone in state.zones
    )


def _asked_for(world: World, state: State) -> bool:
    """The newest commit's content, or an override that stands until it is released."""
    plan = state.plans[state.pointer[0]]
    return plan.override or plan.wants == world.contents[state.commit]
