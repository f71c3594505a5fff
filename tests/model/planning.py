"""Planning, as DESIGN section 3 has it; what people and the janitor do; and what goes wrong.

The same rules for moves as in ``protocol.py``. A planning pass is four moves where the world is
``interleaved``, else one.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.model.protocol import Move, cut, diff
from tests.model.state import (
    BURIED,
    FAR,
    JUMP_MAX,
    Plan,
    Planner,
    Records,
    State,
    World,
    Zone,
    generation,
    in_zone,
    spend,
)


def moves(world: World, state: State) -> Iterator[Move]:
    """Every move of planner, people, janitor and misfortune."""
    yield from of_planner(world, state)
    yield from of_people(world, state)
    yield from of_misfortune(world, state)
    if world.janitor:
        yield from of_janitor(world, state)


# The planner


def of_planner(world: World, state: State) -> Iterator[Move]:
    planner = state.planner
    if planner is None:
        if len(state.plans) < world.generations:
            yield from _begins(world, state, state.commit, "plans")
        if state.left.stale_jobs and state.commit and len(state.plans) < world.generations:
            stale = spend(state, "stale_jobs")
            yield from _begins(world, stale, state.commit - 1, "plans old files")
    elif len(planner.seen) < len(state.zones):
        number = len(planner.seen)
        seen = planner._replace(seen=(*planner.seen, state.zones[number]))
        yield f"P observes t{number + 1}", state._replace(planner=seen)
    else:
        name, after = publish(world, state, planner)
        yield f"P {name}", after._replace(planner=None)


def _begins(world: World, state: State, commit: int, name: str) -> Iterator[Move]:
    planner = decide(state, commit)
    if world.interleaved:
        yield f"P {name}: decides", state._replace(planner=planner)
        return
    outcome, after = publish(world, state, planner._replace(seen=state.zones))
    if after != state:
        yield f"P {name}: {outcome}", after


def decide(state: State, commit: int) -> Planner:
    """Step 1: everything that was decided, before anything is observed."""
    return Planner(state.pointer, state.archive, state.rejected, state.held, state.released, commit)


def publish(world: World, state: State, planner: Planner) -> Move:
    """Steps 3 to 5: compare, guard, create the next number. Losing it throws the plan away."""
    if world.rule("ahead") and is_behind(state, planner):
        return "starts again", state
    wants = world.contents[planner.commit]
    head = _head(state, planner)
    source = standing = 0
    if head is not None:
        parent = state.plans[head]
        inherits = parent if world.rule("S9") else state.plans[planner.pointer[1]]
        source = inherits.source
        standing = parent.generation if parent.override else parent.standing
        if standing <= planner.released or not world.rule("S9-standing"):
            standing = 0
    if is_unchanged(world, state, planner, wants, head):
        newest = generation(state, head) if head is not None else 0
        return "finds nothing to do", state._replace(quiet=max(state.quiet, newest))
    if head is not None and is_pending(world, state, planner, wants, head):
        return "finds its plan pending", state
    if planner.commit < source:
        return "refuses to go back", state
    if standing:
        return f"leaves g{standing} standing", state
    if world.guarded and any(
        not new for zone in planner.seen for _, _, new in diff(zone[1], wants)
    ):
        return "is guarded", state
    return create(world, state, planner, wants, max(planner.commit, source), override=False)


def is_behind(state: State, planner: Planner) -> bool:
    """A fence is above all that was decided, because more was decided meanwhile."""
    known = [generation(state, planner.pointer[0]), *(g for g, _ in planner.archive)]
    fences = [zone.fence.generation for zone in planner.seen if zone.fence is not None]
    moved = (state.pointer, state.archive) != (planner.pointer, planner.archive)
    return moved and max(fences, default=0) > max(known)


def _head(state: State, planner: Planner) -> int | None:
    """The parent: the newest plan within reach that is there and reads as one."""
    floor = generation(state, planner.pointer[0])
    found = [digest for g, digest in planner.archive if floor <= g <= floor + JUMP_MAX]
    return found[-1] if found and found[-1] != BURIED else None


def is_unchanged(
    world: World, state: State, planner: Planner, wants: Records, head: int | None
) -> bool:
    """No difference, head = applied, and every fence says so too; without S3, no difference."""
    desired, applied = planner.pointer
    if any(zone.records != wants for zone in planner.seen):
        return False
    if not world.rule("S3"):
        return True
    return desired == applied == head and all(
        zone.fence is not None and zone.fence.done and zone.fence.digest == desired
        for zone in planner.seen
    )


def is_pending(world: World, state: State, planner: Planner, wants: Records, head: int) -> bool:
    """The head asks for this already, is not stopped for good, and can still complete."""
    desired, applied = planner.pointer
    plan = state.plans[head]
    if head == applied or plan.generation in planner.rejected:
        return False
    if plan.wants != wants:
        return False
    if plan.under_hold and not planner.held and head != desired and not plan.override:
        return False
    exact = world.mode == "exact"
    if exact and head != desired and plan.base != planner.pointer:
        return False
    return all(
        _can_complete(plan, head, target, zone, exact=exact)
        for target, zone in enumerate(planner.seen)
    )


def _can_complete(plan: Plan, head: int, target: int, zone: Zone, *, exact: bool) -> bool:
    fence, steps = zone.fence, plan.steps[target]
    if fence is not None and fence.generation > plan.generation:
        return False
    if steps is None or not exact:
        return True
    position = 0
    if fence is not None and fence.generation == plan.generation:
        if fence.digest != head:
            return False
        if fence.done:
            return True
        position = fence.step
    elif fence != plan.fences[target]:
        return False
    return all(
        zone.records[key] == (after if number < position else before)
        for number, step in enumerate(steps)
        for key, before, after in step
    )


def create(
    world: World, state: State, planner: Planner, wants: Records, source: int, *, override: bool
) -> Move:
    """Create the plan under the next number, if that is free; never renumber it."""
    number = next_generation(world, state, planner)
    while any(g == number for g, _ in state.archive):
        if world.rule("renumber"):
            return f"loses g{number}", state
        number += 1
    steps: list[tuple[tuple[tuple[int, int, int], ...], ...] | None] = []
    for zone in planner.seen:
        changes = diff(zone.records, wants)
        named = bool(changes) or world.rule("S1")
        steps.append(cut(changes, world.limits[0]) if named else None)
    head = _head(state, planner)
    standing = 0
    if head is not None and not override:
        standing = state.plans[head].standing
    plan = Plan(
        number,
        wants,
        source,
        planner.pointer,
        tuple(zone.fence for zone in planner.seen),
        tuple(steps),
        override,
        standing,
        planner.held,
    )
    digest = len(state.plans)
    archive = tuple(sorted((*state.archive, (number, digest))))
    return f"publishes g{number}", state._replace(plans=(*state.plans, plan), archive=archive)


def next_generation(world: World, state: State, planner: Planner) -> int:
    """1 + the greatest of pointer, fences, decided generations and keys within reach (S6)."""
    floor = generation(state, planner.pointer[0])
    top = floor + JUMP_MAX if world.rule("S6-far") else FAR
    numbers = [g for g, _ in planner.archive if g <= top]
    if world.rule("S6"):
        numbers += [floor, *planner.rejected]
        numbers += [zone.fence.generation for zone in planner.seen if zone.fence is not None]
    return 1 + max(numbers, default=0)


# People


def of_people(world: World, state: State) -> Iterator[Move]:
    left = state.left
    floor = generation(state, state.pointer[0])
    if left.commits and state.commit + 1 < len(world.contents):
        yield (
            f"c{state.commit + 1} is committed",
            spend(state, "commits")._replace(commit=state.commit + 1),
        )
    for number, digest in state.archive:
        if digest < 0 or number > floor + JUMP_MAX:
            continue
        if world.approvals and number > floor and digest not in state.approved:
            yield f"g{number} is approved", state._replace(approved=state.approved | {digest})
        if left.rejects and number > floor and number not in state.rejected:
            rejected = state.rejected | {number}
            yield f"g{number} is rejected", spend(state, "rejects")._replace(rejected=rejected)
        free = number not in state.marked or not world.rule("S14")
        if left.pins and number not in state.pinned and free:
            pinned = state.pinned | {number}
            yield f"g{number} is pinned", spend(state, "pins")._replace(pinned=pinned)
    if left.holds and not state.held:
        yield "stream is held", spend(state, "holds")._replace(held=True)
    if state.held:
        yield release(state)
    if left.overrides:
        yield override(world, spend(state, "overrides"))


def release(state: State) -> Move:
    """Ends the hold and, with it, what stands."""
    standing = max((plan.generation for plan in state.plans if plan.override), default=0)
    return "stream is released", state._replace(held=False, released=standing)


def override(world: World, state: State) -> Move:
    """A person's plan: observed anew, numbered above everything, inherits from nobody."""
    planner = decide(state, state.commit)._replace(seen=state.zones)
    head = _head(state, planner)
    source = state.plans[head].source if head is not None else 0
    name, after = create(world, state, planner, world.override, source, override=True)
    return f"override {name}", after


# The janitor


def of_janitor(world: World, state: State) -> Iterator[Move]:
    """Pick by facts, mark by condition, judge again, bury: each a move of its own.

    ``picked`` is g while it is picked and -g while it is to be buried.
    """
    picked = state.picked
    if picked == 0:
        for number, digest in state.archive:
            if digest >= 0 and number not in state.marked and is_deletable(world, state, number):
                yield f"J picks g{number}", state._replace(picked=number)
        for number in sorted(state.marked):
            buried = dict(state.archive).get(number, BURIED) == BURIED
            if not buried and is_deletable(world, state, number):
                yield f"J judges g{number} again", state._replace(picked=-number)
    elif picked > 0:
        yield mark(world, state, picked)
    else:
        yield bury(state, -picked)


def is_deletable(world: World, state: State, number: int) -> bool:
    """Below what is applied, below every mirror, and not pinned. Age keeps more, and is no rule."""
    if number in state.pinned:
        return False
    if number == max(g for g, _ in state.archive):
        return False
    if world.rule("passed") and number >= generation(state, state.pointer[1]):
        return False
    if number in (generation(state, state.pointer[0]), generation(state, state.pointer[1])):
        return False
    floors = [mirror or 0 for mirror in state.mirrors]
    if not world.rule("S11"):
        floors = [mirror for mirror in state.mirrors if mirror is not None]
    if not world.rule("F6"):
        return number not in floors
    return number < min(floors)


def mark(world: World, state: State, number: int) -> Move:
    """One transaction: below the pointer as it is now, and no pin (S14)."""
    idle = state._replace(picked=0)
    passed = number < generation(state, state.pointer[1]) or not world.rule("passed")
    if not passed or (world.rule("S14") and number in state.pinned):
        return f"J marks g{number}: raced", idle
    return f"J marks g{number}", idle._replace(marked=state.marked | {number})


def bury(state: State, number: int) -> Move:
    """A tombstone in the plan's place: its key stays taken for ever."""
    archive = tuple((g, BURIED if g == number else digest) for g, digest in state.archive)
    return f"J buries g{number}", state._replace(picked=0, archive=archive)


# Misfortune


def of_misfortune(world: World, state: State) -> Iterator[Move]:
    left = state.left
    for target, zone in enumerate(state.zones):
        if left.fences and zone.fence is not None:
            lost = in_zone(state, target, zone._replace(fence=None))
            yield f"fence of t{target + 1} is deleted", spend(lost, "fences")
        if left.drifts:
            drifted = (*zone.records[:-1], 7)
            if drifted != zone.records:
                moved = in_zone(state, target, zone._replace(records=drifted))
                yield f"t{target + 1} drifts", spend(moved, "drifts")
    if left.files:
        for number, _ in state.archive:
            archive = tuple(entry for entry in state.archive if entry[0] != number)
            yield f"file of g{number} is lost", spend(state._replace(archive=archive), "files")
    if left.forged:
        archive = (*state.archive, (FAR, 0))
        yield f"g{FAR} is forged", spend(state._replace(archive=archive), "forged")


def lost_archive(state: State) -> State:
    """Every plan file is gone; what was read or was claimed stays so."""
    return state._replace(archive=())
