"""An endpoint of AWS that fails on demand: a relay on the loopback interface, before an emulator.

It serves one process, one request after the other. One request of its choice meets a fate; all
others are served as they are. What the emulator does is real, as is the silence that the SDK sees.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BufferedReader
from multiprocessing.connection import wait
from typing import Final, Literal
from urllib.parse import urlsplit

from tests.emulators.sockets import LOOPBACK
from tests.processes.asked import Asked, asked
from tests.processes.crew import Crew, Wire, Worker

Fate = Literal["served", "gone", "gone after", "cut", "lost", "twice", "late", "last"]
"""What becomes of a request, beyond its being served:

============== ====================================== =========================================
fate           the store                              the sender
============== ====================================== =========================================
``gone``       never sees it, nor any after it        loses its connection; then none is taken
``gone after`` serves it, and never sees another      likewise
``cut``        never sees it                          loses its connection
``lost``       serves it                              loses its connection
``twice``      serves it twice, one after the other   is told the second answer
``late``       serves it after the next mutation, or  loses its connection
               when all is over
``last``       serves it when all is over             loses its connection
============== ====================================== =========================================
"""

_TIMEOUT_SECONDS: Final = 30.0
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_HOP: Final = frozenset({"expect", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def asked(self) -> Asked:
        targets = [value for name, value in self.headers if name.lower() == "x-amz-target"]
        return asked(self.method, self.url, targets[0] if targets else None, self.body)

    def send(self, endpoint: str) -> bytes:
        """Have it served; the answer's bytes, as they are to be passed on."""
        address = urlsplit(endpoint)
        connection = http.client.HTTPConnection(
            str(address.hostname), address.port, timeout=_TIMEOUT_SECONDS
        )
        with closing(connection):
            connection.putrequest(self.method, self.url, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers:
                if name.lower() not in _HOP:
                    connection.putheader(name, value)
            connection.endheaders(self.body)
            response = connection.getresponse()
            return _as_bytes(self.method, response)


@dataclass(frozen=True, slots=True)
class Seen:
    """What an endpoint was asked, in order, and what it has held back until now."""

    asked: tuple[Asked, ...]
    held: Request | None


class Endpoint:
    """A relay in a process of its own, for as long as the crew that it belongs to.

    Args:
        crew: starts its process.
        target: the endpoint of the emulator.
        number: which request meets the fate: 1 is the first.
    """

    def __init__(self, crew: Crew, target: str, number: int, fate: Fate) -> None:
        # The port is ours until the end, though nobody listens on it any more: whoever got it next
        # would answer in the place of an endpoint that is gone.
        self._keeper = _bound(0)
        self.port: int = self._keeper.getsockname()[1]
        listener = _bound(self.port)
        listener.listen()
        relay = _Relay(listener, target, number, fate)
        self._worker: Worker[Seen] = crew.start(relay.serve)
        listener.close()

    def end(self) -> Seen:
        """End it, when whoever was served by it has ended."""
        self._worker.go()
        seen = self._worker.result()
        self._keeper.close()
        return seen


class _Relay:
    """The endpoint's own process."""

    def __init__(self, listener: socket.socket, target: str, number: int, fate: Fate) -> None:
        self._listeners = [listener]  # none, once it is gone
        self._target = target
        self._number = number
        self._fate = fate
        self._open: dict[socket.socket, BufferedReader] = {}
        self._asked: list[Asked] = []
        self._held: Request | None = None

    def serve(self, wire: Wire) -> Seen:
        while True:
            for end in wait([wire, *self._listeners, *self._open]):
                if end is wire:
                    wire.recv()
                    return Seen(tuple(self._asked), self._held)
                assert isinstance(end, socket.socket)
                if end in self._listeners:
                    connection, _ = end.accept()
                    connection.settimeout(_TIMEOUT_SECONDS)
                    self._open[connection] = connection.makefile("rb")
                elif end in self._open:  # and was not closed a moment ago, with all others
                    self._take(end)

    def _take(self, connection: socket.socket) -> None:
        request = _read(self._open[connection], connection)
        if request is None:
            self._close(connection)
            return
        self._asked.append(request.asked)
        answer = self._served(request)
        if answer is None:
            self._close(connection)
            return
        # Whoever sent it may have been killed meanwhile.
        with contextlib.suppress(ConnectionError):
            connection.sendall(answer)

    def _served(self, request: Request) -> bytes | None:
        """The answer, or None if the sender gets none."""
        if len(self._asked) == self._number:
            return self._fated(request)
        answer = request.send(self._target)
        if self._fate == "late" and self._held is not None and request.asked.mutates:
            self._held.send(self._target)
            self._held = None
        return answer

    def _fated(self, request: Request) -> bytes | None:
        answer = None
        if self._fate in ("served", "lost", "twice", "gone after"):
            answer = request.send(self._target)
        if self._fate == "twice":
            answer = request.send(self._target)
        if self._fate in ("late", "last"):
            self._held = request
        if self._fate in ("gone", "gone after"):
            self._listeners.pop().close()
            for connection in list(self._open):
                self._close(connection)
        return answer if self._fate in ("served", "twice") else None

    def _close(self, connection: socket.socket) -> None:
        reader = self._open.pop(connection, None)
        if reader is not None:
            reader.close()
            connection.close()


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((LOOPBACK, port))
    return made


def _read(reader: BufferedReader, connection: socket.socket) -> Request | None:
    """The next request, or None where the sender has closed."""
    try:
        line = reader.readline()
        if not line:
            return None
        headers = http.client.parse_headers(reader)
        if headers.get("Expect") is not None:
            connection.sendall(_CONTINUE)
        body = reader.read(int(headers.get("Content-Length") or 0))
    except ConnectionError:
        return None
    method, url, _ = line.decode("ascii").split(" ")
    return Request(method, url, tuple(headers.items()), body)


def _as_bytes(method: str, response: http.client.HTTPResponse) -> bytes:
    body = response.read()
    return b"".join(_parts(method, response, body))


def _parts(method: str, response: http.client.HTTPResponse, body: bytes) -> Iterator[bytes]:
    yield f"HTTP/1.1 {response.status} {response.reason}\r\n".encode()
    for name, value in response.getheaders():
        if name.lower() not in _HOP:
            yield f"{name}: {value}\r\n".encode()
    if response.getheader("Content-Length") is None:
        yield f"Content-Length: {len(body)}\r\n".encode()
    yield b"\r\n"
    yield body
