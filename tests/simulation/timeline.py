"""True time, and processes that live in it: for what order alone does not show.

Each process is a greenlet and runs until it waits. Nothing sleeps: the hub goes to whoever wakes up
first. Each host has a clock of its own, which may be set wrong and run fast or slow; the way to a
store and back takes true time.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

from greenlet import greenlet

from plans.errors import PlanfenceError, Unavailable, Unknown
from plans.names import Key
from plans.storage.register import Action, Attributes, Item, Register

T = TypeVar("T")


class Over(BaseException):
    """Thrown into every process when the time that was asked for is over."""


class Timeline:
    """The hub. ``seconds`` is the true time since the beginning."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._numbers = itertools.count()
        self._waking: list[tuple[float, int, greenlet]] = []
        self._hub: greenlet | None = None

    def spawn(self, body: Callable[[], object]) -> None:
        """Start a process now."""

        def live() -> None:
            try:
                body()
            except Over:
                return

        self._wake_at(self.seconds, greenlet(live))

    def wait(self, seconds: float) -> None:
        """Let true time pass. Outside of any process it just passes."""
        if self._hub is None:
            self.seconds += seconds
            return
        self._wake_at(self.seconds + max(0.0, seconds), greenlet.getcurrent())
        self._hub.switch()

    def run(self, seconds: float) -> None:
        """Let the processes live for so long, and end those that then still do."""
        until = self.seconds + seconds
        self._hub = greenlet.getcurrent()
        try:
            while self._waking and self._waking[0][0] <= until:
                self.seconds, _, process = heapq.heappop(self._waking)
                process.switch()
            self.seconds = until
            for _, _, process in self._waking:
                if process:  # started, and not ended
                    process.throw(Over)
            self._waking.clear()
        finally:
            self._hub = None

    def _wake_at(self, seconds: float, process: greenlet) -> None:
        heapq.heappush(self._waking, (seconds, next(self._numbers), process))


@dataclass
class HostClock:
    """One host's clock: set wrong by ``ahead``, and ``rate`` times as fast as true time."""

    timeline: Timeline
    rate: float = 1.0
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        since = timedelta(seconds=self.timeline.seconds * self.rate)
        return datetime(2026, 1, 1, tzinfo=UTC) + since + self.ahead

    def monotonic(self) -> float:
        return self.timeline.seconds * self.rate

    def sleep(self, seconds: float) -> None:
        self.timeline.wait(seconds / self.rate)


@dataclass
class FarRegister:
    """A register at the other end of a network; implements ``Register``.

    Args:
        delay: how long one way takes, in true seconds; asked for each way.
        cut: whether the network is cut now. What is sent then is lost, and the sender gives up
            after ``patience_seconds``: before it was sent, or not knowing whether it arrived.
    """

    inner: Register
    timeline: Timeline
    delay: Callable[[], float]
    cut: Callable[[], bool] = lambda: False
    patience_seconds: float = 13.0
    calls: int = field(default=0)

    def read(self, key: Key) -> Attributes | None:
        return self._far(lambda: self.inner.read(key))

    def read_all(self, *keys: Key) -> tuple[Attributes | None, ...]:
        return self._far(lambda: self.inner.read_all(*keys))

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        return self._far(lambda: iter(list(self.inner.scan(pk, prefix, after))))

    def write(self, *actions: Action, token: str | None = None) -> None:
        self._far(lambda: self.inner.write(*actions, token=token), writes=True)

    def _far(self, effect: Callable[[], T], *, writes: bool = False) -> T:
        self.calls += 1
        if self.cut():
            self.timeline.wait(self.patience_seconds)
            raise Unavailable("nobody answers", rule="store-unavailable")
        self.timeline.wait(self.delay())
        answer: T | None = None
        error: PlanfenceError | None = None
        try:
            answer = effect()
        except PlanfenceError as refusal:  # on its way back
            error = refusal
        if self.cut():
            self.timeline.wait(self.patience_seconds)
            if writes:
                raise Unknown("no answer", rule="store-unknown")
            raise Unavailable("no answer", rule="store-unavailable")
        self.timeline.wait(self.delay())
        if error is not None:
            raise error
        return cast(T, answer)
