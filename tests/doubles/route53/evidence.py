"""What a history of applied batches proves, and what would disprove it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from plans.fence import Fence, FenceSeen, Unreadable, parse_fence
from tests.doubles.route53.core import Applied


def fence_seen(values: tuple[str, ...] | None) -> FenceSeen:
    """The fence that a record set's values say: TXT with one string."""
    if values is None:
        return None
    if len(values) != 1:
        return Unreadable(" ".join(values))
    return parse_fence(values[0].removeprefix('"').removesuffix('"'))


def own(history: Iterable[Applied]) -> list[Applied]:
    """Without the edits of others."""
    return [applied for applied in history if not applied.foreign]


def falls(history: Iterable[Applied]) -> Iterator[str]:
    """Where a zone's fence went back, or became another plan's with the same number (G1, G2)."""
    for applied in history:
        before, after = fence_seen(applied.fence_before), fence_seen(applied.fence_after)
        if not isinstance(before, Fence) or not isinstance(after, Fence):
            continue
        if before.lineage != after.lineage:
            continue
        if (after.generation, after.step) < (before.generation, before.step):
            yield f"batch {applied.number}: {before.text()} -> {after.text()}"
        if after.generation == before.generation and after.digest != before.digest:
            yield f"batch {applied.number}: another digest in generation {after.generation}"


def unfenced(history: Iterable[Applied]) -> Iterator[str]:
    """Batches of ours that changed a zone without raising its fence."""
    for applied in own(history):
        if applied.fence_before == applied.fence_after:
            yield f"batch {applied.number} left the fence as it was"


def repeats(history: Iterable[Applied]) -> list[str]:
    """Steps that changed a zone more than once: one generation and step, whichever attempt (G5)."""
    steps: Counter[str] = Counter()
    for applied in own(history):
        after = fence_seen(applied.fence_after)
        if isinstance(after, Fence):
            steps[f"{applied.zone_id} generation {after.generation} step {after.step}"] += 1
    return [step for step, count in steps.items() if count > 1]
