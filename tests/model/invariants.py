"""What must hold of every move, by name. Each looks at two states and asks no rule of the model."""

from __future__ import annotations

from collections.abc import Iterator

from tests.model.state import BURIED, State, World, generation


def broken(world: World, before: State, after: State) -> Iterator[str]:
    """The names of what a move breaks."""
    if after.zones != before.zones:
        yield from _zones(world, before, after)
    if after.pointer != before.pointer:
        yield from _pointer(world, before, after)
    if after.archive != before.archive or after.plans != before.plans:
        yield from _archive(before, after)
    if len(set(after.journal)) < len(after.journal):
        yield "G7 a claim is journaled once"
    if after.pointer[0] == after.pointer[1]:
        yield from _applied(world, after)


def _zones(world: World, before: State, after: State) -> Iterator[str]:
    for old, new in zip(before.zones, after.zones, strict=True):
        fence = new.fence
        if fence is None or fence == old.fence:
            continue
        if fence.generation < old.peak:
            yield "G1 a target never falls" if fence.step else "G1 a fence record never falls"
        was = old.fence
        if was is not None and was.generation == fence.generation and was.digest != fence.digest:
            yield "G2 one generation, one digest"
        drifted = after.left.drifts < world.left.drifts
        if fence.done and not drifted and new.records != after.plans[fence.digest].wants:
            yield "G5 done means done"
        if world.guarded and 0 in new.records and 0 not in old.records:
            yield "S12 nothing is deleted past the guards"


def _pointer(world: World, before: State, after: State) -> Iterator[str]:
    (was, applied_was), (desired, applied) = before.pointer, after.pointer
    made = generation(after, desired)
    if made < generation(before, was) or generation(after, applied) < generation(
        before, applied_was
    ):
        yield "pointer never falls"
    if desired != was and made == generation(before, was):
        yield "G2 one generation, one digest"
    if desired != was:
        yield from _claim(world, before, desired, made)
    if (
        applied != applied_was
        and (
            desired != applied
            or any(
                zone.fence is None or zone.fence.digest != applied or not zone.fence.done
                for zone, steps in zip(after.zones, after.plans[applied].steps, strict=True)
                if steps is not None
            )
        )
        and not _lost_fences(world, after)
    ):
        yield "pointer: applied was not so"


def _claim(world: World, before: State, desired: int, made: int) -> Iterator[str]:
    plan = before.plans[desired]
    if made in before.rejected or (world.approvals and desired not in before.approved):
        yield "G8 nothing is enacted that was not approved"
    if (before.held or plan.under_hold) and not plan.override:
        yield "hold: nothing is claimed under it"
    if made <= before.quiet:
        yield "S3 nothing is enacted that a pass has overtaken"
    base = generation(before, plan.base[0])
    if world.mode == "exact" and any(
        zone.fence is not None and zone.fence.generation > base for zone in before.zones
    ):
        yield "G4 no claim strands a plan that is half applied"


def _archive(before: State, after: State) -> Iterator[str]:
    for (number, now), (_, was) in zip(after.archive, before.archive, strict=False):
        if now == BURIED and was != BURIED and len(after.archive) == len(before.archive):
            yield from _buried(after, number, was)
    if len(after.plans) > len(before.plans):
        yield from _published(before, after)


def _buried(after: State, number: int, digest: int) -> Iterator[str]:
    live = {zone.fence.generation for zone in after.zones if zone.fence is not None}
    named = {generation(after, digest) for digest in after.pointer}
    if number in live | named | after.pinned or number == max(g for g, _ in after.archive):
        yield "G3 nothing reachable is deleted"


def _published(before: State, after: State) -> Iterator[str]:
    plan = after.plans[-1]
    if plan.override:
        return
    if plan.source < max(other.source for other in before.plans):
        yield "S9 files never go back"
    overrides = [other.generation for other in before.plans if other.override]
    if overrides and max(overrides) > before.released:
        yield "S9 an override is not undone"


def _applied(world: World, after: State) -> Iterator[str]:
    """What is applied, with nothing newer claimed, is what every target holds."""
    if world.left.drifts or _lost_fences(world, after) or world.bare:
        return
    applied = after.pointer[1]
    if any(zone.records != after.plans[applied].wants for zone in after.zones):
        yield "pointer: applied is not so"


def _lost_fences(world: World, after: State) -> bool:
    return after.left.fences < world.left.fences
