"""The real clock: the only one that is not passed in from a test."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """This host's time; implements ``plans.clock.Clock``."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
