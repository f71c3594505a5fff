"""Pacing: never asking a service for more than its published rate, so that it never has to refuse.

A service throttles by token buckets: each holds ``burst`` tokens at most and gains ``per_second``.
``Bucket`` keeps the same count on this side and waits before a request, not after a refusal. Our
count is an upper bound, since others may spend from the account's buckets too: a refusal empties
ours and halves its rate, and each request that is served brings a part of the rate back.

No safety rests on it: a request that is refused by throttling changed nothing and is sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from plans.clock import Clock

# Requests overtake each other on their way: what left 100 ms after another may arrive at once.
# The service's bucket is never asked for what ours gained in the last so many seconds.
HELD_BACK_SECONDS: Final = 0.2
_SLEEP_MIN_SECONDS: Final = 0.001  # below, a clock may not move at all
SLOWEST: Final = 1 / 8  # of the rate: however often a service refuses, it is asked again
_QUICKENING: Final = 1 / 20  # of the rate, for each request served after a refusal


@dataclass(frozen=True, slots=True)
class Rate:
    """What a bucket gains in a second, and what it holds at most. Both are positive."""

    per_second: float
    burst: float


class Bucket:
    """One of a service's buckets, as far as this process knows it. Begins full."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._clock = clock
        self._full_rate = self._rate = rate.per_second
        held_back = rate.per_second * HELD_BACK_SECONDS
        self._most = self._tokens = max(rate.burst - held_back, min(rate.burst, 1.0))
        self._counted_at = clock.monotonic()

    def take(self, tokens: float, sleep: Callable[[float], None] | None = None) -> None:
        """Wait until so many tokens are there, and take them.

        A request that needs more than a full bucket is let pass when it is full; what it took too
        much is waited for afterwards.

        Args:
            sleep: how the caller waits; by default by the bucket's own clock.
        """
        sleep = sleep or self._clock.sleep
        while (missing := min(tokens, self._most) - self._gained()) > 1e-9:
            sleep(max(missing / self._rate, _SLEEP_MIN_SECONDS))
        self._tokens -= tokens

    def throttled(self) -> None:
        """The service refused: somebody else spent what we counted as there."""
        self._tokens = min(self._gained(), 0.0)
        self._rate = max(self._rate / 2, self._full_rate * SLOWEST)

    def served(self) -> None:
        """The service did what was asked."""
        self._gained()
        self._rate = min(self._rate + self._full_rate * _QUICKENING, self._full_rate)

    def _gained(self) -> float:
        """The tokens now; gains are counted at the rate that held while they were made."""
        now = self._clock.monotonic()
        gained = (now - self._counted_at) * self._rate
        self._tokens = min(self._most, self._tokens + gained)
        self._counted_at = now
        return self._tokens
