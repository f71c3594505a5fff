"""What the model's world consists of. Everything is a tuple, so that a state is its own name.

Small numbers stand for what the product has bytes for: a plan's digest is its place among all plans
ever written, a record set's content is a digit (0: there is none), a commit is its place in the
history. g1 is live on every target at the start, as in ``facts/design-schedules.md``.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Records = tuple[int, ...]
Change = tuple[int, int, int]
"""A record set's number, its content before and after."""
At = Literal["idle", "asks", "chosen", "lost", "fence", "beside", "observe", "apply", "complete"]
BURIED = -1
"""In the archive, in place of a digest."""
JUMP_MAX = 5
FAR = 20
"""A forged generation, out of reach."""


class Fence(NamedTuple):
    """``attempt`` counts the record's creations: two of them never have the same text."""

    generation: int
    step: int
    done: bool
    digest: int
    attempt: int = 0


class Plan(NamedTuple):
    """``steps`` has one entry for each target; None where the plan does not name it (S1)."""

    generation: int
    wants: Records
    source: int
    base: tuple[int, int]
    fences: tuple[Fence | None, ...]
    steps: tuple[tuple[tuple[Change, ...], ...] | None, ...]
    override: bool = False
    standing: int = 0
    under_hold: bool = False


class Zone(NamedTuple):
    """A target. ``peak`` is a ghost: the newest generation that it ever took a step of."""

    fence: Fence | None
    records: Records
    peak: int


class Write(NamedTuple):
    """A step on its way: what it changes, the fence it expects and the fence it carries."""

    target: int
    changes: tuple[Change, ...]
    expects: Fence | None
    carries: Fence


class Enactor(NamedTuple):
    """One pass. ``attempt`` is unique among passes where the journal is modelled, else 0.

    ``own`` has the targets on which it has read its own plan's fence; ``early`` and ``kept`` are
    only for rules taken back (S16, S4).
    """

    at: At = "idle"
    plan: int = -1
    target: int = 0
    seen: Fence | None = None
    write: Write | None = None
    pointer: tuple[int, int] = (-1, -1)
    failed: bool = False
    attempt: int = 0
    sent: int = 0
    own: tuple[int, ...] = ()
    early: Records | None = None
    kept: tuple[tuple[Change, ...], ...] | None = None


class Planner(NamedTuple):
    """A planning pass: what was decided when it began, and the targets seen so far."""

    pointer: tuple[int, int]
    archive: tuple[tuple[int, int], ...]
    rejected: frozenset[int]
    held: bool
    released: int
    commit: int
    seen: tuple[Zone, ...] = ()


class Left(NamedTuple):
    """How often each fault, and each thing that people do, may still strike."""

    crashes: int = 0
    late: int = 0
    lost: int = 0
    drifts: int = 0
    fences: int = 0
    files: int = 0
    forged: int = 0
    commits: int = 0
    stale_jobs: int = 0
    rejects: int = 0
    holds: int = 0
    pins: int = 0
    overrides: int = 0


class State(NamedTuple):
    """``pointer`` has the digests of what is desired and applied.

    ``journal`` has the attempt of each claim, where the world keeps one. ``quiet`` is a ghost: the
    newest generation that stood when a planning pass last said that there is nothing to do.
    """

    plans: tuple[Plan, ...]
    archive: tuple[tuple[int, int], ...]
    pointer: tuple[int, int]
    zones: tuple[Zone, ...]
    mirrors: tuple[int | None, ...]
    commit: int
    enactors: tuple[Enactor, ...]
    left: Left
    planner: Planner | None = None
    flight: tuple[Write, ...] = ()
    rejected: frozenset[int] = frozenset()
    approved: frozenset[int] = frozenset()
    pinned: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()
    picked: int = 0
    held: bool = False
    released: int = 0
    attempt: int = 1
    creations: int = 0
    journal: tuple[int, ...] = ()
    quiet: int = 0


class World(NamedTuple):
    """What does not change in a run: the rules that are in force, and its size.

    Attributes:
        off: rules taken back; those of the design by the names of ``facts/design-schedules.md``.
        contents: the desired state of each commit.
        limits: of each enactor, how many changes it would cut into one step (S5).
        generations: how many plans there may be, with those of the ``past``.
        interleaved: planning passes are read by read, not one move.
        bare: t2 has neither fence nor mirror at the start.
        guarded: no plan may delete a record set.
        journal: claims are journaled, and their answers may be lost.
    """

    mode: Literal["exact", "converge"] = "exact"
    contents: tuple[Records, ...] = ((1, 0), (2, 0), (3, 0), (4, 0))
    override: Records = (9, 0)
    generations: int = 3
    limits: tuple[int, ...] = (2, 2)
    off: frozenset[str] = frozenset()
    left: Left = Left()
    interleaved: bool = False
    janitor: bool = False
    journal: bool = False
    approvals: bool = False
    lease: bool = False
    bare: bool = False
    guarded: bool = False
    past: int = 1

    def rule(self, name: str) -> bool:
        return name not in self.off


def start(world: World) -> State:
    """The newest plan of the past is applied and live everywhere; if ``bare``, not on t2 yet."""
    first, newest = world.contents[0], world.past - 1
    fence = Fence(world.past, 1, done=True, digest=newest)
    steps: tuple[tuple[Change, ...], ...] = ((),)
    plans = tuple(
        Plan(number, first, 0, (number - 2, number - 2), (None, None), (steps, steps))
        for number in range(1, world.past + 1)
    )
    live, unfenced = Zone(fence, first, world.past), Zone(None, first, 0)
    return State(
        plans=plans,
        archive=tuple((plan.generation, digest) for digest, plan in enumerate(plans)),
        pointer=(newest, newest),
        zones=(live, unfenced if world.bare else live),
        mirrors=(world.past, None if world.bare else world.past),
        commit=0,
        enactors=tuple(Enactor() for _ in world.limits),
        left=world.left,
        approved=frozenset(range(world.past)),
    )


def generation(state: State, digest: int) -> int:
    return state.plans[digest].generation if digest >= 0 else 0


def in_zone(state: State, target: int, zone: Zone) -> State:
    zones = state.zones
    return state._replace(zones=(*zones[:target], zone, *zones[target + 1 :]))


def spend(state: State, what: str) -> State:
    """One less of a fault, and no change else."""
    left = state.left
    return state._replace(left=left._replace(**{what: getattr(left, what) - 1}))
