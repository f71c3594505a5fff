"""Time and identity, passed in.

Nothing in ``plans``, ``planner`` or ``enactor`` reads a clock, sleeps or mints an id by itself:
the simulation must own every source of difference between two runs. Safety never rests on the
wall clock; ``now`` only stamps documents and lets an expiry *refuse*.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for stamps, monotonic time for budgets, and the only way to wait."""

    def now(self) -> datetime:
        """The wall clock, UTC, aware. Used for stamps and for refusing what has expired."""
        ...

    def monotonic(self) -> float:
        """Seconds of this process's own monotonic clock. Never compared across processes."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. A scheduling point of the simulation."""
        ...
