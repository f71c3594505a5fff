"""Retention: which plans may be buried, and why each other one is kept. Pure: facts to verdicts.

Invariants:

1. Nothing reachable is ever deletable (G3): head, pointer, everything that is not below what is
   applied and below every fence, pinned, approved and not superseded, and what a rollback needs.
2. A fact that is out of date keeps more, or keeps the same: pointer and mirrors only rise, so that
   an old read of them has the lower floor. Pins alone may come to be in between; they and the
   mark exclude each other in the store (schedule S14).
3. The clock decides about nothing that is reachable. Age comes last and can only keep: a clock that
   is wrong makes a plan deletable that is too young, and no plan that anybody can reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from plans.mirror import Mirror
from plans.pointer import Pointer
from plans.settings import Settings


@dataclass(frozen=True, slots=True)
class Facts:
    """What retention rests on, as it was read.

    Attributes:
        head: the newest published generation at or above the pointer.
        fences: each target whose fence counts, with its mirror's generation.
        pinned: why each pinned generation is, for people.
        approved: generations that are approved, and not rejected.
        applied: the newest ``retain_count`` generations that the journal says were applied.
        journal_read: the sequence up to which it was read for that.
        standing: the override or rollback that stands.
    """

    settings: Settings
    pointer: Pointer | None
    head: int | None
    fences: Mapping[str, int]
    pinned: Mapping[int, str]
    approved: frozenset[int]
    applied: frozenset[int]
    journal_read: int
    standing: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a plan may be buried, by which rule, and why."""

    deletable: bool
    rule: str
    why: str


def counted_fences(settings: Settings, mirrors: Mapping[str, Mirror]) -> dict[str, int]:
    """The fences whose least is the floor, by target.

    Every target of the settings counts, with 0 where it has no mirror (schedule S11); so does one
    that retires, until its mirror says that it has; and one that is in the settings no more but has
    a mirror that never said so.
    """
    counted = dict.fromkeys((*settings.targets, *settings.retiring, *mirrors), 0)
    counted |= {target: mirror.generation for target, mirror in mirrors.items()}
    return {
        target: generation
        for target, generation in counted.items()
        if target in settings.targets or target not in mirrors or not mirrors[target].retired
    }


def judge(facts: Facts, generation: int, created_at: datetime, now: datetime) -> Verdict:
    """Whether a plan may be buried, given when it was made."""
    reached = reached_by(facts, generation)
    if reached is not None:
        return reached
    days = facts.settings.retain_days
    if created_at > now - timedelta(days=days):
        return _keep("retain-days", f"younger than {days} days")
    return Verdict(
        deletable=True,
        rule="unreachable",
        why=f"not reachable, {days} days old, not among the last"
        f" {facts.settings.retain_count} applied",
    )


def reached_by(facts: Facts, generation: int) -> Verdict | None:
    """What reaches a plan, so that it is kept whatever its age; None if nothing does."""
    return (
        _named(facts, generation)
        or _not_passed(facts, generation)
        or _fenced(facts, generation)
        or _needed_by_rollback(facts, generation)
    )


def _named(facts: Facts, generation: int) -> Verdict | None:
    pointer = facts.pointer
    if generation == facts.head:
        return _keep("head", "the newest plan")
    if pointer is not None and generation == pointer.desired_generation:
        return _keep("desired", "what the pointer desires")
    if pointer is not None and generation == pointer.applied_generation:
        return _keep("applied", "what is applied")
    if generation in facts.pinned:
        return _keep("pinned", facts.pinned[generation])
    if generation in facts.approved:
        return _keep("approved", "approved, and not superseded")
    return None


def _not_passed(facts: Facts, generation: int) -> Verdict | None:
    """Only what is below the applied generation can never be claimed, resumed or completed."""
    if facts.pointer is None or not facts.pointer.applied_generation:
        return _keep("not-passed", "nothing is applied yet")
    applied = facts.pointer.applied_generation
    if generation > applied:
        return _keep("not-passed", f"above what is applied, {applied}")
    return None


def _fenced(facts: Facts, generation: int) -> Verdict | None:
    """Below the least mirror only: a fence may be above its mirror, and is never below it (F6)."""
    on = sorted(target for target, fence in facts.fences.items() if fence == generation)
    if on:
        return _keep("fence", f"on the fence of {', '.join(on)}")
    target, least = min(facts.fences.items(), key=lambda pair: (pair[1], pair[0]))
    if generation < least:
        return None
    if not least:
        return _keep("fence", f"{target} has no fence yet, or none that was read")
    return _keep("fence", f"above the fence of {target}, which was read at {least}")


def _needed_by_rollback(facts: Facts, generation: int) -> Verdict | None:
    if generation == facts.standing:
        return _keep("standing", "the override or rollback that stands")
    if generation in facts.applied:
        count = facts.settings.retain_count
        return _keep("retain-count", f"among the last {count} that were applied")
    return None


def _keep(rule: str, why: str) -> Verdict:
    return Verdict(deletable=False, rule=rule, why=why)
