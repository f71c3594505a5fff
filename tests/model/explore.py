"""Breadth first through everything that can happen: the first trace found is a shortest one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain

from tests.model import planning, protocol
from tests.model.invariants import broken
from tests.model.state import Enactor, State, World, start

Trace = tuple[str, ...]


@dataclass
class Explored:
    """What a run found.

    Attributes:
        states: how many differ, after what is the same but for enactors' names counts as one.
        edges: how many moves were made.
        violations: the shortest trace to each invariant that is broken, by its name.
    """

    states: int = 0
    edges: int = 0
    violations: dict[str, Trace] = field(default_factory=dict)


def moves(world: World, state: State) -> Iterator[tuple[str, State]]:
    return chain(protocol.moves(world, state), planning.moves(world, state))


def canonical(world: World, state: State) -> State:
    """The same state with enactors in one order, where nothing tells them apart but their names.

    Sound, because no move looks at an enactor's place but to find its own limit (S5), and every
    invariant looks at what enactors share.
    """
    if len(set(world.limits)) > 1:
        return state
    return state._replace(enactors=tuple(sorted(state.enactors, key=_order)))


@cache
def _order(enactor: Enactor) -> str:
    return repr(enactor)  # None does not compare


def explore(
    world: World,
    *,
    states_max: int = 3_000_000,
    until: str | None = None,
    each: Callable[[State], str | None] | None = None,
) -> Explored:
    """Everything that is reachable.

    Args:
        until: the name of what is looked for; the run ends once it is found.
        each: asked of every state; what it returns is the name of what is broken.

    Raises:
        MemoryError: more states than ``states_max``: a silent bound would be no proof.
    """
    found = Explored()
    first = start(world)
    came: dict[State, tuple[State, str] | None] = {canonical(world, first): None}
    waiting: deque[State] = deque([first])
    while waiting:
        state = waiting.popleft()
        here = canonical(world, state)
        found.states += 1
        if each is not None and (name := each(state)) is not None:
            found.violations.setdefault(name, trace(came, here))
        for name, after in moves(world, state):
            found.edges += 1
            for invariant in broken(world, state, after):
                if invariant not in found.violations:
                    found.violations[invariant] = (*trace(came, here), name)
            known = canonical(world, after)
            if known not in came:
                came[known] = (here, name)
                waiting.append(after)  # as it is, so that a trace calls each enactor by one name
        if until in found.violations:
            break
        if len(came) > states_max:
            raise MemoryError(f"more than {states_max} states")
    return found


def trace(came: dict[State, tuple[State, str] | None], state: State) -> Trace:
    names: list[str] = []
    while (step := came[state]) is not None:
        state, name = step
        names.append(name)
    return tuple(reversed(names))
