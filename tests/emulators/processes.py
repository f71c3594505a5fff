"""Servers as processes: started on free ports, waited for, and gone afterwards whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.emulators.sockets import free_ports, listeners

START_SECONDS = 60.0  # twenty times the slowest, for a machine that is busy with other things
_POLL_SECONDS = 0.02
_ATTEMPTS = 3  # between the choice of a port and its use, another process may take it
_TAIL_CHARACTERS = 4000
TETHERED = Path(__file__).with_name("tethered.py")


class StartFailedError(Exception):
    """A server did not come up. The message has the end of its output."""


class _PortTakenError(StartFailedError):
    """Somebody else took one of its ports."""


@dataclass(frozen=True)
class Recipe:
    """How to run a server.

    Args:
        ports: how many it listens on. The first is the one that clients use.
        command: from its own new folder and its ports, what to execute.
        environment: likewise, its environment variables beyond the bare ones.
        is_ready: whether the server on the port given serves in earnest.
        stop_seconds: how long it may take to stop by itself; 0 kills it at once.
        litter: files that it leaves outside its folder.
    """

    name: str
    ports: int
    command: Callable[[Path, Sequence[int]], Sequence[str]]
    environment: Callable[[Path, Sequence[int]], Mapping[str, str]]
    is_ready: Callable[[int], bool]
    stop_seconds: float = 0.0
    litter: Callable[[Sequence[int]], Sequence[Path]] = lambda _: ()


@contextmanager
def running(recipe: Recipe) -> Iterator[Process]:
    """A server that is ready. At the end, however it comes, it is gone, and so are its files.

    Raises:
        StartFailedError: it did not come up, or it listens beyond the loopback interface.
    """
    process = _started(recipe)
    try:
        yield process
    finally:
        process.stop()


def _started(recipe: Recipe) -> Process:
    for attempts_left in reversed(range(_ATTEMPTS)):
        process = Process(recipe)
        try:
            process.wait_until_ready()
            return process
        except _PortTakenError:
            process.stop()
            if not attempts_left:
                raise
        except BaseException:
            process.stop()
            raise
    raise AssertionError("the last attempt returns or raises")


class Process:
    """One server process, in a process group of its own."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.ports = free_ports(recipe.ports)
        self._folder = Path(tempfile.mkdtemp(prefix=f"planfence-{recipe.name}-"))
        self._output = self._folder / "output"
        command = recipe.command(self._folder, self.ports)
        # Nothing of the developer's environment: no credentials, no proxies, no coverage.
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            **recipe.environment(self._folder, self.ports),
        }
        with self._output.open("wb") as output:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", str(TETHERED), str(os.getpid()), *command],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def wait_until_ready(self) -> None:
        """Poll the server until it serves.

        Raises:
            StartFailedError: it ended, took too long or is open to the network.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._has_ended():
                raise self._failure("ended")
            if time.monotonic() > deadline:
                raise self._failure(f"is not ready after {START_SECONDS:g} s")
            time.sleep(_POLL_SECONDS)
        if not all(listener.address.is_loopback for listener in listeners(self.pid)):
            raise self._failure("listens beyond the loopback interface")

    def stop(self) -> None:
        """End the process and all that it started, and remove its files."""
        if self._recipe.stop_seconds:
            self._signal(signal.SIGTERM)
            deadline = time.monotonic() + self._recipe.stop_seconds
            while not self._has_ended() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        # Before it is waited for: until then nobody else can have its number.
        self._signal(signal.SIGKILL)
        self._popen.wait()
        shutil.rmtree(self._folder)
        for path in self._recipe.litter(self.ports):
            path.unlink(missing_ok=True)

    def _is_ready(self) -> bool:
        # Only if it is this process that has the port: another's answer would do for nothing.
        port = self.ports[0]
        has_port = any(listener.port == port for listener in listeners(self.pid))
        return has_port and self._recipe.is_ready(port)

    def _has_ended(self) -> bool:
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, how) is not None

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass  # nobody is left

    def _failure(self, what: str) -> StartFailedError:
        output = self._output.read_text(encoding="utf-8", errors="replace")
        kind = _PortTakenError if "already in use" in output.lower() else StartFailedError
        return kind(
            f"{self._recipe.name} {what}; its output ends with:\n{output[-_TAIL_CHARACTERS:]}"
        )
