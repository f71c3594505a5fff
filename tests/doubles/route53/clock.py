"""A clock that moves when somebody sleeps on it: hours of pacing pass in no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock

_START = datetime(2026, 10, 19, 7, 0, tzinfo=UTC)


class VirtualClock:
    """``plans.clock.Clock`` for one process: the product and the double share the instance.

    ``slept`` has every wait, in seconds, in order. Threads may share it: a sleep of one moves the
    time of all, and nobody waits for anybody.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._elapsed_seconds = 0.0
        self._lock = Lock()

    def now(self) -> datetime:
        return _START + timedelta(seconds=self._elapsed_seconds)

    def monotonic(self) -> float:
        return self._elapsed_seconds

    def sleep(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")  # as time.sleep
        with self._lock:
            self.slept.append(seconds)
            self._elapsed_seconds += seconds

    def advance(self, seconds: float) -> None:
        """Let time pass while nobody sleeps."""
        with self._lock:
            self._elapsed_seconds += seconds
