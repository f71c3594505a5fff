"""Points: every operation of a worker that changes something, just before it and just after it.

``Points.install`` puts them into this process: around the calls of ``os`` and ``fcntl`` through
which files change, around the statements of SQLite that write, and around the requests to AWS that
do; these have one more in between, when all was sent and no answer was read. A forked worker
installs them and ends, so that nothing is ever put back. What happens at a point is the act that
was passed in: nothing, a wait, a stop, a death, a full disk.

Not seen: what the kernel, SQLite and the SDK do inside one call. Kills from outside land there.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

from botocore.awsrequest import AWSHTTPConnection, AWSPreparedRequest
from botocore.httpsession import URLLib3Session

from tests.processes.asked import Asked, asked
from tests.processes.crew import At, Wire

Act = Callable[[int, str], None]

_CALLS: Final = ("fsync", "link", "mkdir", "rename", "replace", "unlink", "write")
_WRITING: Final = frozenset({"BEGIN", "COMMIT", "INSERT", "ROLLBACK"})


class Points:
    """Counts the points that this process passes, and acts at each."""

    def __init__(self, act: Act = lambda number, name: None) -> None:
        self.passed = 0
        self.act = act
        self._sending: Asked | None = None

    def reach(self, name: str) -> None:
        self.passed += 1
        self.act(self.passed, name)

    @contextmanager
    def around(self, name: str) -> Iterator[None]:
        self.reach(f"before {name}")
        yield
        self.reach(f"after {name}")

    def install(self) -> Points:
        """Watch this process from now on, until it ends."""
        for name in _CALLS:
            setattr(os, name, self._around(name, getattr(os, name)))
        os.open = self._creating(os.open)
        fcntl.flock = self._around("flock", fcntl.flock)
        sqlite3.connect = self._connecting(sqlite3.connect)
        for class_, name, around in (
            (URLLib3Session, "send", self._sent),
            (AWSHTTPConnection, "getresponse", self._answered),
        ):
            setattr(class_, name, around(getattr(class_, name)))
        return self

    def _around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **options: Any) -> Any:
            paths = [part.name for part in args if isinstance(part, Path)]
            with self.around(" ".join([name, *paths[-1:]])):
                return call(*args, **options)

        return watched

    def _creating(self, call: Callable[..., int]) -> Callable[..., int]:
        create = self._around("create", call)

        def opened(path: Any, flags: int, *args: Any, **options: Any) -> int:
            chosen = create if flags & os.O_CREAT else call
            return int(chosen(path, flags, *args, **options))

        return opened

    def _connecting(self, connect: Callable[..., Any]) -> Callable[..., Any]:
        points = self

        class Watched(sqlite3.Connection):
            def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
                verb = sql.split(None, 1)[0]
                if verb not in _WRITING:
                    return super().execute(sql, parameters)
                with points.around(verb):
                    return super().execute(sql, parameters)

            def close(self) -> None:
                with points.around("close"):
                    super().close()

        return lambda *args, **options: connect(*args, factory=Watched, **options)

    def _sent(self, send: Callable[..., Any]) -> Callable[..., Any]:
        def watched(session: URLLib3Session, request: AWSPreparedRequest) -> Any:
            target = request.headers.get("X-Amz-Target")
            what = asked(request.method, request.url, target, request.body)
            if not what.mutates:
                return send(session, request)
            self._sending = what
            with self.around(str(what)):
                return send(session, request)

        return watched

    def _answered(self, getresponse: Callable[..., Any]) -> Callable[..., Any]:
        def watched(connection: AWSHTTPConnection, *args: Any, **options: Any) -> Any:
            sending, self._sending = self._sending, None
            if sending is not None:
                self.reach(f"sent {sending}")
            return getresponse(connection, *args, **options)

        return watched


def gate(wire: Wire, name: str) -> Act:
    """Announce the first passing of a point, and wait there for leave."""
    passed = False

    def act(number: int, at: str) -> None:
        nonlocal passed
        if at == name and not passed:
            passed = True
            wire.send(At(at))
            wire.recv()

    return act


def stop_at(name: str) -> Act:
    """SIGSTOP, which no process can refuse, at the first passing of a point."""
    passed = False

    def act(number: int, at: str) -> None:
        nonlocal passed
        if at == name and not passed:
            passed = True
            os.kill(os.getpid(), signal.SIGSTOP)

    return act


def die_at(wire: Wire, chosen: int | str) -> Act:
    """SIGKILL at a point, by its number or by its name; it is announced first."""

    def act(number: int, at: str) -> None:
        if chosen in (number, at):
            wire.send(At(at))
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def tell(wire: Wire) -> Act:
    """Announce every point and go on: somebody outside counts, and kills when they please."""
    return lambda number, at: wire.send(At(at))


def dawdle(random: Random) -> Act:
    """Give way now and then, so that processes meet in many orders."""

    def act(number: int, at: str) -> None:
        for _ in range(random.choice((0, 0, 0, 1, 20))):
            os.sched_yield()

    return act


def full_from(chosen: int) -> Act:
    """From one point on the disk is full, and stays so: what needs room fails, the rest works."""

    def act(number: int, at: str) -> None:
        if number < chosen:
            return
        when, call, *_ = at.split()
        if when == "before" and call in ("create", "link", "mkdir", "write"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if when == "before" and call == "COMMIT":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    return act
