"""Retention over whole histories: what it lets go on facts that are out of date stays let go.

Single reasons, and clocks: ``tests/plans/test_retention.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from plans.pointer import Pointer
from plans.retention import Facts, judge
from tests.builders import LINEAGE, settings_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=1_000)
TARGETS = ("memory:t1", "memory:t2")
ATTEMPT = "e" * 32


@dataclass(frozen=True)
class World:
    """All that retention asks for, at one instant. ``done`` are generations applied, in order."""

    head: int = 0
    desired: int = 0
    done: tuple[int, ...] = ()
    mirrors: tuple[int, ...] = (0, 0)
    approved: frozenset[int] = frozenset()
    standing: int | None = None

    @property
    def applied(self) -> int:
        return self.done[-1] if self.done else 0


# Each with a number that says which, or by how much.
deeds = st.tuples(
    st.sampled_from(
        "publish publish publish override claim claim mirror mirror complete complete"
        " approve reject release".split()
    ),
    st.integers(0, 3),
)


def after(world: World, deed: str, number: int) -> World:
    """What people, planners and enactors may do; none of them ever goes back."""
    ahead = world.head - world.desired
    if deed == "publish":
        return replace(world, head=world.head + 1 + number % 2)
    if deed == "override":
        return replace(world, head=world.head + 1, standing=world.head + 1)
    if deed == "release":
        return replace(world, standing=None)
    if deed == "claim" and ahead:
        return replace(world, desired=world.desired + 1 + number % ahead)
    if deed == "approve" and ahead:
        return replace(world, approved=world.approved | {world.desired + 1 + number % ahead})
    if deed == "reject":
        return replace(world, approved=frozenset(sorted(world.approved)[:number]))
    # Each mirror may lag behind its fence, also when all targets are done.
    first, second = world.mirrors
    mirrors = (
        max(first, world.desired) if number & 1 else first,
        max(second, world.desired) if number & 2 else second,
    )
    if deed == "mirror":
        return replace(world, mirrors=mirrors)
    if deed == "complete" and world.applied < world.desired:
        return replace(world, mirrors=mirrors, done=(*world.done, world.desired))
    return world


def history(done: list[tuple[str, int]]) -> list[World]:
    worlds = [World()]
    for deed, number in done:
        worlds.append(after(worlds[-1], deed, number))
    return worlds


histories = st.lists(deeds, min_size=15, max_size=50).map(history)


def facts_read(pointer_in: World, others_in: Sequence[World], retain_count: int) -> Facts:
    """Facts as a janitor reads them: the pointer first, each other from a world of its own."""
    head, mirrors, decisions, journal, standing = others_in
    return Facts(
        settings=settings_of(targets=TARGETS, retain_count=retain_count),
        pointer=Pointer(
            lineage=LINEAGE,
            desired_generation=pointer_in.desired,
            desired_digest="d" * 64,
            applied_generation=pointer_in.applied,
            applied_digest="a" * 64 if pointer_in.applied else None,
            attempt=ATTEMPT,
        )
        if pointer_in.desired
        else None,
        head=head.head if head.head >= pointer_in.desired else None,
        fences=dict(zip(TARGETS, mirrors.mirrors, strict=True)),
        pinned={},
        approved=frozenset(g for g in decisions.approved if g >= pointer_in.desired),
        applied=frozenset(islice(reversed(journal.done), retain_count)),
        journal_read=len(journal.done),
        standing=standing.standing,
    )


def needed(world: World, retain_count: int) -> set[int]:
    """Generations that somebody may still read: to claim, resume, complete, or roll back to."""
    pending = set(range(world.applied, world.head + 1))
    on_targets = {g for g in range(1, world.head + 1) if g >= min(world.mirrors)}
    last = set(world.done[-retain_count:])
    overrides = set() if world.standing is None else {world.standing}
    return pending | on_targets | last | overrides | {world.desired, world.head}


@settings(max_examples=300)
@given(histories, st.data())
def test_nothing_that_is_let_go_is_ever_needed_again(
    worlds: list[World], data: st.DataObject
) -> None:
    """However long ago each fact was read, and whatever has happened since."""
    retain_count = data.draw(st.integers(1, 3))
    began = data.draw(st.integers(0, len(worlds) - 1))
    later = st.integers(began, len(worlds) - 1)
    read = [worlds[data.draw(later)] for _ in range(5)]
    facts = facts_read(worlds[began], read, retain_count)
    generations = range(1, worlds[-1].head + 1)
    deletable = {g for g in generations if judge(facts, g, OLD, NOW).deletable}
    seen_last = max(worlds.index(each) for each in (worlds[began], *read))
    for world in worlds[seen_last:]:
        assert not deletable & needed(world, retain_count)
        same = facts_read(world, [world] * 5, retain_count)
        assert all(judge(same, g, OLD, NOW).deletable for g in deletable)


@settings(max_examples=300)
@given(histories, st.integers(1, 3))
def test_only_what_nobody_needs_is_let_go_and_all_of_it(
    worlds: list[World], retain_count: int
) -> None:
    """On facts of one instant retention keeps no more than it must: nothing piles up for ever."""
    world = worlds[-1]
    facts = facts_read(world, [world] * 5, retain_count)
    generations = set(range(1, world.head + 1))
    deletable = {g for g in generations if judge(facts, g, OLD, NOW).deletable}
    approved = {g for g in world.approved if g >= world.desired}
    assert deletable == generations - needed(world, retain_count) - approved
