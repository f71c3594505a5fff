"""The threads of a planning pass: several probes at once, and look-ups of names that end in time.

The planner starts none by itself; it is given these two.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from planner.health import HttpCheck, Seen
    from planner.health_http import Address

PROBES_AT_ONCE: Final = 16


def at_once(probe: Callable[[HttpCheck], Seen], checks: Sequence[HttpCheck]) -> Sequence[Seen]:
    """Probe all, ``PROBES_AT_ONCE`` at a time; the results in the order of the checks."""
    if not checks:
        return []
    with ThreadPoolExecutor(min(PROBES_AT_ONCE, len(checks))) as pool:
        return list(pool.map(probe, checks))


def look_up(host: str, port: int, seconds: float) -> Sequence[Address]:
    """The addresses of a host, by the system's resolver.

    That cannot be told to end in time, so it runs in a thread that nobody waits for longer.

    Raises:
        TimeoutError: it took longer.
        socket.gaierror: there are none.
    """
    answers: SimpleQueue[Sequence[Address] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            # As bytes: Python's own encoding of names refuses some with no OSError.
            found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
            answers.put([(family, address) for family, _, _, _, address in found])
        except OSError as error:
            answers.put(error)

    Thread(target=ask, daemon=True, name="planfence-look-up").start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty as error:
        raise TimeoutError(f"{host} was not looked up within {seconds:g} s") from error
    if isinstance(answer, OSError):
        raise answer
    return answer
