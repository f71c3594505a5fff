"""A strict target in memory: what a service with conditional batches does, and nothing more.

``apply`` is one atomic step: it compares the whole fence and every ``before`` and then writes
changes and fence together, or refuses and leaves everything as it was. It also keeps the history
of its fences, which the invariants are checked on.
"""

from __future__ import annotations

from collections.abc import Mapping

from plans.errors import Drifted, FenceMoved
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records, apply_changes, first_drift
from plans.observed.view import Observation


class MemoryZone:
    """A fenced target. ``history`` has every fence written, with the state after it."""

    drops_silently = False

    def __init__(
        self,
        target: str,
        state: Mapping[RecordKey, Records] | None = None,
        step_changes_max: int | None = None,
    ) -> None:
        self.id = target
        self.step_changes_max = step_changes_max
        self.state: dict[RecordKey, Records] = dict(state or {})
        self.fence: FenceSeen = None
        self.history: list[tuple[Fence, dict[RecordKey, Records]]] = []

    @property
    def step_capacity(self) -> tuple[int, ...]:
        return () if self.step_changes_max is None else (self.step_changes_max,)

    def step_size(self, change: Change) -> tuple[int, ...]:
        return () if self.step_changes_max is None else (1,)

    def read_fence(self) -> FenceSeen:
        return self.fence

    def observe(self) -> Observation:
        return Observation(self.fence, dict(self.state))

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        if not self.accepts(expected):
            raise FenceMoved(
                f"the fence of {self.id} is another",
                rule="fence-moved",
                expected=str(expected),
                actual=str(self.fence),
            )
        drift = first_drift(self.state, changes)
        if drift is not None:
            raise Drifted(
                f"{drift.name} {drift.type} is not what the plan expects",
                rule="drift",
                expected=str(drift.before),
                actual=str(self.state.get(drift.key)),
            )
        self.state = apply_changes(self.state, changes)
        self.fence = fence
        self.history.append((fence, dict(self.state)))

    def accepts(self, expected: FenceSeen) -> bool:
        """The protection itself; a test takes it out by overriding this one line."""
        return self.fence == expected
