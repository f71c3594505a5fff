"""Both kinds of throttling, per account: of requests, and of changes.

Source: Developer Guide, "Throttling for Amazon Route 53 API requests", in force since 30 July 2026.
A request takes a token from the account's bucket and from its operation's, a change one or (UPSERT)
two from the account's bucket of changes.

Not documented: whether a request is admitted that needs more tokens than are left. Here it is not,
unless ``overdraft`` says that only an empty bucket refuses. A request that is refused by throttling
takes nothing; one that is refused for another reason has taken its tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from plans.clock import Clock
from tests.doubles.route53.errors import throttled


class Rate(NamedTuple):
    """How much a bucket holds, and how much it gains in a second."""

    burst: float
    per_second: float


REQUESTS: Final = Rate(50, 10)
CHANGES: Final = Rate(1_500, 100)
OPERATIONS: Final[Mapping[str, Rate]] = {
    "CreateHealthCheck": Rate(50, 0.5),
    "CreateHostedZone": Rate(40, 2),
    "DeleteHealthCheck": Rate(15, 3),
    "DeleteHostedZone": Rate(40, 5),
    "GetHealthCheckLastFailureReason": Rate(4, 1),
    "GetHealthCheckStatus": Rate(4, 1),
}
_ROUNDING: Final = 1e-6  # a client that waits exactly long enough must not fail on a sum of floats


class Bucket:
    """Tokens that come back with time, up to a maximum."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = rate.burst
        self._counted_at_seconds = clock.monotonic()

    @property
    def tokens(self) -> float:
        now = self._clock.monotonic()
        gained = (now - self._counted_at_seconds) * self._rate.per_second
        self._tokens = min(self._rate.burst, self._tokens + gained)
        self._counted_at_seconds = now
        return self._tokens

    def take(self, tokens: float) -> None:
        self._tokens = self.tokens - tokens


class Buckets:
    """All buckets of one account."""

    def __init__(self, clock: Clock, *, overdraft: bool) -> None:
        self._clock = clock
        self._overdraft = overdraft
        self._requests = Bucket(REQUESTS, clock)
        self._changes = Bucket(CHANGES, clock)
        self._operations: dict[str, Bucket] = {}

    def request(self, operation: str) -> None:
        """Admit a request.

        Raises:
            ServiceError: ``Throttling``; no token was taken.
        """
        own = self._operations.get(operation)
        if own is None:
            own = Bucket(OPERATIONS.get(operation, REQUESTS), self._clock)
            self._operations[operation] = own
        self._take(1, self._requests, own)

    def changes(self, tokens: int) -> None:
        """Admit the changes of a batch.

        Raises:
            ServiceError: ``Throttling``; no token was taken.
        """
        self._take(tokens, self._changes)

    def _take(self, tokens: int, *buckets: Bucket) -> None:
        needed = min(tokens, 1) if self._overdraft else tokens
        if any(bucket.tokens + _ROUNDING < needed for bucket in buckets):
            raise throttled()
        for bucket in buckets:
            bucket.take(tokens)
