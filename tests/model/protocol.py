"""Enacting, as DESIGN section 4 has it: every move of an enactor, and of what it has sent.

Each function is one atomic read or one atomic conditional write; between any two of them everything
else may happen. None asks what a target or a register holds but in a move of its own. Lost answers
need no move for a step: whether it landed or not, the enactor reads the fence next.
``docs/model.md`` says which code each move is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.model.state import (
    JUMP_MAX,
    Change,
    Enactor,
    Fence,
    Plan,
    Records,
    State,
    World,
    Write,
    Zone,
    generation,
    in_zone,
    spend,
)

Move = tuple[str, State]
_NONE = (-1, -1)


def moves(world: World, state: State) -> Iterator[Move]:
    """Every move of every enactor, and every delivery of a step that was late."""
    for number, enactor in enumerate(state.enactors):
        for name, after in of_enactor(world, state, number):
            yield f"E{number + 1} {name}", after
        if enactor.at != "idle" and state.left.crashes:
            yield f"E{number + 1} crashes", spend(with_enactor(state, number, Enactor()), "crashes")
    for write in state.flight:
        left = list(state.flight)
        left.remove(write)
        yield (
            f"deliver g{write.carries.generation} to t{write.target + 1}",
            land(world, state._replace(flight=tuple(left)), write),
        )


def of_enactor(world: World, state: State, number: int) -> Iterator[Move]:
    at = state.enactors[number].at
    if at == "fence":
        yield read_fence(world, state, number)
        yield from observe_early(world, state, number)
    elif at in _ONE:
        yield _ONE[at](world, state, number)
    else:
        yield from _SOME[at](world, state, number)


def observe_early(world: World, state: State, number: int) -> Iterator[Move]:
    """Only where S16 is taken back: look at the target before its fence is read."""
    enactor = state.enactors[number]
    if not world.rule("S16") and enactor.early is None:
        early = state.zones[enactor.target].records
        yield "observes early", with_enactor(state, number, enactor._replace(early=early))


def with_enactor(state: State, number: int, enactor: Enactor) -> State:
    """The state with this enactor. Where nothing tells enactors apart, their order is none."""
    enactors = state.enactors
    return state._replace(enactors=(*enactors[:number], enactor, *enactors[number + 1 :]))


# Choose and claim


def choose(world: World, state: State, number: int) -> Iterator[Move]:
    """Any plan that is eligible, as a caller may name it, or the desired one resumed.

    The newest eligible one is among them. What is seen here, the claim's condition says again.
    """
    for _, digest in state.archive:
        if digest >= 0 and _eligible(world, state, digest):
            chosen = Enactor("asks" if world.lease else "chosen", digest, pointer=state.pointer)
            yield f"chooses g{generation(state, digest)}", with_enactor(state, number, chosen)


def _eligible(world: World, state: State, digest: int) -> bool:
    desired, applied = state.pointer
    plan, floor = state.plans[digest], generation(state, desired)
    if digest == desired:
        return world.rule("resume") and applied != desired and not _stopped(state, plan)
    if plan.generation <= floor or plan.generation > floor + JUMP_MAX:
        return False
    if plan.under_hold and not plan.override:
        return False
    if _stopped(state, plan) or not _decided(world, state, digest):
        return False
    return world.mode == "converge" or not world.rule("S7") or plan.base == state.pointer


def _stopped(state: State, plan: Plan) -> bool:
    return state.held and not plan.override


def _decided(world: World, state: State, digest: int) -> bool:
    if generation(state, digest) in state.rejected:
        return False
    return not world.approvals or digest in state.approved


def be_granted(_: World, state: State, number: int) -> Move:
    """The lease, where there is one, is granted to whoever asks."""
    enactor = state.enactors[number]._replace(at="chosen")
    return "is granted the lease", with_enactor(state, number, enactor)


def claim(world: World, state: State, number: int) -> Iterator[Move]:
    """One transaction with everything it was decided on. A lost race chooses anew, from reads."""
    enactor = state.enactors[number]
    granted = enactor._replace(at="fence", pointer=_NONE)
    name = f"claims g{generation(state, enactor.plan)}"
    if not _claimable(world, state, enactor):
        yield f"{name}: raced", with_enactor(state, number, Enactor())
        return
    after = state._replace(pointer=(enactor.plan, state.pointer[1]))
    if world.journal:
        granted = granted._replace(attempt=state.attempt)
        sent = len(state.journal) + 1
        after = after._replace(journal=(*state.journal, state.attempt), attempt=state.attempt + 1)
        if state.left.lost:
            lost = granted._replace(at="lost", sent=sent, pointer=enactor.pointer)
            yield f"{name}, answer lost", spend(with_enactor(after, number, lost), "lost")
            unsent = state._replace(attempt=state.attempt + 1)
            yield f"{name}, request lost", spend(with_enactor(unsent, number, lost), "lost")
    yield name, with_enactor(after, number, granted)


def _claimable(world: World, state: State, enactor: Enactor) -> bool:
    desired, applied = state.pointer
    plan = state.plans[enactor.plan]
    if applied != enactor.pointer[1]:
        return False
    if world.rule("S10") and (
        _stopped(state, plan)
        or (desired != enactor.plan and not _decided(world, state, enactor.plan))
    ):
        return False
    if desired == enactor.plan:
        return True
    if generation(state, desired) >= plan.generation:
        return False
    return world.mode == "converge" or not world.rule("S7") or plan.base == state.pointer


def decide_claim(world: World, state: State, number: int) -> Move:
    """A lost answer is decided by the journal, at the sequence that the claim was sent with."""
    enactor = state.enactors[number]
    granted = enactor._replace(at="fence", sent=0, pointer=_NONE)
    if world.rule("S15"):
        there = state.journal[enactor.sent - 1 : enactor.sent]
    else:
        there = state.journal[-1:]  # the pointer's attempt, which a later claim overwrites
    if there == (enactor.attempt,):
        return "finds its claim", with_enactor(state, number, granted)
    if not _claimable(world, state, enactor):
        return "finds it has no claim", with_enactor(state, number, Enactor())
    after = state._replace(
        pointer=(enactor.plan, state.pointer[1]), journal=(*state.journal, enactor.attempt)
    )
    return "claims again", with_enactor(after, number, granted)


# Each step: fence, then pointer and hold, in converge then observe, then write


def read_fence(world: World, state: State, number: int) -> Move:
    enactor = state.enactors[number]
    fence = state.zones[enactor.target].fence
    name = f"reads fence of t{enactor.target + 1}"
    if _own(fence, enactor) and enactor.target not in enactor.own:
        enactor = enactor._replace(own=(*enactor.own, enactor.target))
        state = with_enactor(state, number, enactor)
    named = state.plans[enactor.plan].steps[enactor.target] is not None
    if not named or (fence is not None and _own(fence, enactor) and fence.done):
        return name, _next_target(state, number, failed=False)
    return name, with_enactor(state, number, enactor._replace(at="beside", seen=fence, write=None))


def _own(fence: Fence | None, enactor: Enactor) -> bool:
    return fence is not None and fence.digest == enactor.plan


def _next_target(state: State, number: int, *, failed: bool) -> State:
    """On to the next target: one that fails does not stop the others of its wave."""
    enactor = state.enactors[number]
    failed = failed or enactor.failed
    cleared = enactor._replace(seen=None, write=None, failed=failed, early=None, kept=None)
    if enactor.target + 1 < len(state.zones):
        return with_enactor(state, number, cleared._replace(at="fence", target=enactor.target + 1))
    if failed:
        return _ended(state, number)
    return with_enactor(state, number, cleared._replace(at="complete", target=0))


def _ended(state: State, number: int) -> State:
    """The pass is over and nothing is completed: it mirrors its own fences, as read last."""
    enactor = state.enactors[number]
    mirrors = list(state.mirrors)
    for target in enactor.own:
        mirrors[target] = max(mirrors[target] or 0, generation(state, enactor.plan))
    return with_enactor(state._replace(mirrors=tuple(mirrors)), number, Enactor())


def read_beside(world: World, state: State, number: int) -> Move:
    """Pointer, hold and mirror, in one request. What follows from them is no move of its own."""
    enactor = state.enactors[number]
    plan, seen, target = state.plans[enactor.plan], enactor.seen, enactor.target
    state = _mirrored(world, state, target, 0 if seen is None or _own(seen, enactor) else seen[0])
    name = f"reads pointer beside t{target + 1}"
    compared = world.rule("compare")
    if compared and seen is not None and seen.generation > plan.generation:
        return f"{name}: superseded", _ended(state, number)
    if compared and state.pointer[0] != enactor.plan and (world.rule("S13") or seen is not None):
        return f"{name}: superseded", _ended(state, number)
    if _stopped(state, plan):
        return f"{name}: held", _next_target(state, number, failed=True)
    if seen is None:
        made = Fence(plan.generation, 0, done=False, digest=enactor.plan, attempt=-1)
        return name, _ready(state, number, Write(target, (), None, made))
    if world.mode == "converge":
        return name, with_enactor(state, number, enactor._replace(at="observe"))
    write = _exact(world, plan, enactor, seen, world.limits[number])
    if write is None:
        return f"{name}: refused", _next_target(state, number, failed=True)
    return name, _ready(state, number, write)


def _mirrored(world: World, state: State, target: int, seen: int) -> State:
    """The target's mirror, raised to the fence just read; at 0, where there was none (S11)."""
    found = state.mirrors[target]
    if found is None and not world.rule("S11"):
        return state
    mirrors = list(state.mirrors)
    mirrors[target] = max(found or 0, seen)
    return state._replace(mirrors=tuple(mirrors))


def _ready(state: State, number: int, write: Write) -> State:
    enactor = state.enactors[number]
    return with_enactor(state, number, enactor._replace(at="apply", write=write))


def _exact(world: World, plan: Plan, enactor: Enactor, seen: Fence, limit: int) -> Write | None:
    """The plan's next step: the first on the planned fence, a later one on its own (S2, S5)."""
    steps = plan.steps[enactor.target]
    assert steps is not None
    if not world.rule("S5"):
        changes = tuple(change for step in steps for change in step)
        steps = cut(changes, limit)
    position = seen.step if _own(seen, enactor) else 0
    if not _own(seen, enactor) and world.rule("S2") and seen != plan.fences[enactor.target]:
        return None
    changes = steps[position] if position < len(steps) else ()
    done = position + 1 >= len(steps)
    return Write(
        enactor.target,
        changes,
        seen,
        Fence(plan.generation, position + 1, done, enactor.plan, seen.attempt),
    )


def observe(world: World, state: State, number: int) -> Move:
    """Observe and compute again, after every read of the fence (S4); guards bind it (S12)."""
    enactor = state.enactors[number]
    plan, seen, target = state.plans[enactor.plan], enactor.seen, enactor.target
    assert seen is not None
    zone = state.zones[target]
    name = f"observes t{target + 1}"
    records = zone.records
    if not world.rule("S16") and enactor.early is not None:
        records = enactor.early
    elif zone.fence != seen:
        return f"{name}: moved", with_enactor(state, number, enactor._replace(at="fence"))
    changes = diff(records, plan.wants)
    if world.guarded and world.rule("S12") and any(after == 0 for _, _, after in changes):
        return f"{name}: guarded", _next_target(state, number, failed=True)
    steps = cut(changes, world.limits[number])
    position = seen.step if _own(seen, enactor) else 0
    if not world.rule("S4") and position >= len(steps):
        steps = ((),)  # that many steps were written: it must be done
    elif not world.rule("S4-list"):
        steps = enactor.kept or steps
        enactor = enactor._replace(kept=steps[1:])
    carries = Fence(plan.generation, position + 1, len(steps) == 1, enactor.plan, seen.attempt)
    ready = enactor._replace(at="apply", write=Write(target, steps[0], seen, carries), early=None)
    return name, with_enactor(state, number, ready)


def diff(before: Records, after: Records) -> tuple[Change, ...]:
    pairs = enumerate(zip(before, after, strict=True))
    return tuple((key, old, new) for key, (old, new) in pairs if old != new)


def cut(changes: tuple[Change, ...], limit: int) -> tuple[tuple[Change, ...], ...]:
    """Steps of at most ``limit`` changes; one without changes, if there are none."""
    if not changes:
        return ((),)
    return tuple(changes[at : at + limit] for at in range(0, len(changes), limit))


def apply(world: World, state: State, number: int) -> Iterator[Move]:
    """Send the step. It lands, or is refused, or is late: in every case the fence is read next."""
    enactor = state.enactors[number]
    write = enactor.write
    assert write is not None
    name = f"writes g{write.carries.generation} s{write.carries.step} to t{write.target + 1}"
    back = with_enactor(state, number, enactor._replace(at="fence", seen=None, write=None))
    zone = state.zones[write.target]
    if zone.fence == write.expects and not _holds(write.changes, zone.records):
        if world.mode == "exact":
            yield f"{name}: drifted", _next_target(state, number, failed=True)
        else:
            yield f"{name}: drifted", back
    else:
        yield name, land(world, back, write)
    if state.left.late:
        flight = tuple(sorted((*state.flight, write), key=repr))
        yield f"{name}, late", spend(back._replace(flight=flight), "late")


def land(world: World, state: State, write: Write) -> State:
    """What the target itself does: all of the step, or nothing, by the fence it expects."""
    zone = state.zones[write.target]
    if zone.fence != write.expects and world.rule("fence"):
        return state
    if world.rule("fence") and not _holds(write.changes, zone.records):
        return state
    records = list(zone.records)
    for key, _, after in write.changes:
        records[key] = after
    carries = write.carries
    if carries.attempt < 0:
        carries = carries._replace(attempt=state.creations + 1)
        state = state._replace(creations=state.creations + 1)
    peak = max(zone.peak, carries.generation)
    return in_zone(state, write.target, Zone(carries, tuple(records), peak))


def _holds(changes: tuple[Change, ...], records: Records) -> bool:
    return all(records[key] == before for key, before, _ in changes)


def complete(world: World, state: State, number: int) -> Move:
    """Advance applied, if desired is still this plan (S8); the mirrors rise with it."""
    enactor = state.enactors[number]
    digest = enactor.plan
    made = generation(state, digest)
    after = with_enactor(state, number, Enactor())
    desired, applied = state.pointer
    if world.rule("S8") and desired != digest:
        return f"completes g{made}: superseded", _ended(state, number)
    if generation(state, applied) >= made:
        return f"completes g{made}: done already", after
    mirrors = tuple(max(mirror or 0, made) for mirror in state.mirrors)
    return f"completes g{made}", after._replace(pointer=(desired, digest), mirrors=mirrors)


_ONE: dict[str, Callable[[World, State, int], Move]] = {
    "asks": be_granted,
    "lost": decide_claim,
    "beside": read_beside,
    "observe": observe,
    "complete": complete,
}
_SOME: dict[str, Callable[[World, State, int], Iterator[Move]]] = {
    "idle": choose,
    "chosen": claim,
    "apply": apply,
}
