"""How an account of Route 53 is called. Apart from the calls, which need the AWS SDK."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from plans.pacing import Rate

# Developer Guide, "Throttling for Amazon Route 53 API requests", in force since 30 July 2026.
REQUESTS: Final = Rate(10, 50)
CHANGES: Final = Rate(100, 1_500)
HEALTH_STATUSES: Final = Rate(1, 4)  # GetHealthCheckStatus; beside the rate of all requests
SYNC_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Settings:
    """The rates that this process keeps to, and how long a pass waits for propagation."""

    requests: Rate = REQUESTS
    changes: Rate = CHANGES
    sync_seconds: float = SYNC_SECONDS


DEFAULTS: Final = Settings()
