"""G2: one generation has one digest, wherever both are named, and whatever happened to the archive.

Once a file was removed, its number may come back as other bytes where nobody relied on it. But:

* the pointer and the fences know one digest of a generation for ever;
* the journal, too, knows one digest of every generation that is claimed;
* no planner gives a number to other bytes that it could read to be decided on (ADR 0003).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulation.scheduler import Scheduler
from tests.simulation.violation import Violation

_DECISIONS = ("approved", "break-glass", "override", "pinned", "rejected", "rollback")


class Digests:
    """What each generation was seen to be.

    Attributes:
        lost: generations whose file was removed.
    """

    def __init__(self, sim: Scheduler) -> None:
        self._sim = sim
        self._known: dict[int, str] = {}
        self._journaled: dict[int, str] = {}
        self._decided: dict[int, tuple[str, int]] = {}
        self.lost: list[int] = []

    def forget(self, generation: int, *, claimed: bool) -> None:
        """The file of a generation is gone; unless it was claimed, its number is free."""
        self.lost.append(generation)
        if not claimed:
            self._known.pop(generation, None)

    def relied_on(self, generation: int, digest: str, where: str) -> None:
        """The pointer or a fence names it."""
        known = self._known.setdefault(generation, digest)
        if known != digest:
            raise Violation(
                "G2", f"generation {generation} is {digest[:8]} in {where}, not {known[:8]}"
            )

    def named(self, generation: int, digest: str, where: str) -> None:
        """The archive, an approval or the journal names it."""
        if generation not in self.lost:
            self.relied_on(generation, digest, where)

    def journaled(self, entry: Mapping[str, Any]) -> None:
        """An entry of the journal names a generation with its digest."""
        generation, digest = entry["generation"], entry["digest"]
        if generation is None or digest is None:
            return
        before = self._journaled.setdefault(generation, digest)
        if entry["kind"] in _DECISIONS:  # a claim is told by the pointer, which is read earlier
            self._decided.setdefault(generation, (digest, self._sim.turn))
        if entry["kind"] == "claimed" and before != digest:
            raise Violation(
                "G2", f"generation {generation} is claimed as {digest[:8]}, journaled {before[:8]}"
            )
        self.named(generation, digest, f"a journal entry {entry['kind']}")

    def created(self, generation: int, digest: str) -> None:
        """A planner has given a number to these bytes."""
        actor = self._sim.running
        before, turn = self._decided.get(generation, (digest, 0))
        if before != digest and actor is not None and actor.decisions_read > turn:
            raise Violation(
                "G2", f"number {generation} is given to {digest[:8]}, decided on as {before[:8]}"
            )
        self.named(generation, digest, "the archive")
