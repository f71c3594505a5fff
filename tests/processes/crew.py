"""Real processes, forked from one that is warm, single-threaded and holds no SQLite connection.

A fork of a warm process costs milliseconds where a new interpreter costs half a second, which is
what makes hundreds of kills affordable. Each worker has one wire to the process that forked it: it
announces points on it, waits for leave on it, and its last message is its result.

Nothing here sleeps: whoever waits, waits on a wire or for a process.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from types import FrameType, TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")
Wire = Connection
LIMIT_SECONDS = 600  # a scenario that hangs must fail, and leave no process behind


class WorkerFailedError(AssertionError):
    """A worker ended in an exception, or in a way that its scenario does not allow."""


@dataclass(frozen=True, slots=True)
class At:
    """A worker's word that it reached a point."""

    point: str


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """A worker's result."""

    value: T


@dataclass(frozen=True, slots=True)
class _Raised:
    trace: str


@dataclass(frozen=True, slots=True)
class Killed:
    """The worker died of SIGKILL; ``point`` is the last one it announced."""

    point: str


class Worker(Generic[T]):
    """One forked process, as the process that forked it sees it."""

    def __init__(self, pid: int, wire: Wire) -> None:
        self.pid = pid
        self.wire = wire
        self._status: int | None = None

    def heard(self) -> At | Ended[T]:
        """The worker's next message: a point it waits at, or its result."""
        try:
            message = self.wire.recv()
        except EOFError:
            raise WorkerFailedError(f"died with status {self._reap()} and left no word") from None
        if isinstance(message, _Raised):
            self._reap()
            raise WorkerFailedError(message.trace)
        if isinstance(message, Ended):
            self._reap()
        return message  # type: ignore[no-any-return]

    def result(self) -> T:
        """Wait for the end, points passed over."""
        while True:
            message = self.heard()
            if isinstance(message, Ended):
                return message.value

    def fate(self) -> Ended[T] | Killed:
        """Wait for the end of a worker that may be killed on the way."""
        point = "nowhere"
        while True:
            try:
                message = self.wire.recv()
            except EOFError:
                status = self._reap()
                if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
                    return Killed(point)
                raise WorkerFailedError(f"died with status {status}") from None
            if isinstance(message, _Raised):
                raise WorkerFailedError(message.trace)
            if isinstance(message, Ended):
                self._reap()
                return message
            point = message.point

    def go(self) -> None:
        """Leave to pass the point it waits at."""
        self.wire.send("go")

    def stopped(self) -> None:
        """Wait until the kernel says that it is stopped."""
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            self._status = status
            self.heard()  # raises with the worker's own trace, if it left one
            raise WorkerFailedError("it ended and never came to the point where it is to stop")

    def is_still_stopped(self) -> bool:
        """Whether nothing happened to it since ``stopped``."""
        return os.waitpid(self.pid, os.WNOHANG | os.WCONTINUED) == (0, 0)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self._status is None:
            self.kill()
            self._reap()
        self.wire.close()

    def _reap(self) -> int:
        if self._status is None:
            _, self._status = os.waitpid(self.pid, 0)
        return self._status


class Crew:
    """Workers that do not outlive the ``with`` block."""

    def __init__(self) -> None:
        self.workers: list[Worker[Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for worker in self.workers:
            worker.end()

    def start(self, job: Callable[[Wire], T]) -> Worker[T]:
        """Fork a process that runs ``job`` and ends."""
        here, there = Pipe()
        pid = os.fork()
        if pid == 0:
            here.close()
            for other in self.workers:
                other.wire.close()  # or the death of our parent would go unnoticed
            _live(there, job)
        there.close()
        worker: Worker[T] = Worker(pid, here)
        self.workers.append(worker)
        return worker


def _live(wire: Wire, job: Callable[[Wire], object]) -> None:
    try:
        wire.send(Ended(job(wire)))
    except BaseException:  # noqa: BLE001 - whatever it is, it must be told, and this process end
        wire.send(_Raised(traceback.format_exc()))
    finally:
        os._exit(0)


def alone(job: Callable[[], T]) -> T:
    """Run ``job`` in a process of its own, to its end."""
    with Crew() as crew:
        return crew.start(lambda _: job()).result()


@contextmanager
def limited(seconds: int = LIMIT_SECONDS) -> Iterator[None]:
    """Fail, instead of waiting for ever for a worker that hangs."""

    def expire(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"a scenario took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
