"""The double as an HTTP server on the loopback interface, for clients in processes of their own.

``python -m tests.doubles.route53.server SETTINGS`` listens on a free port, writes its number to
standard output and ends with its standard input: a parent that dies takes it along. A request that
waits at the script's behest waits in its own thread, and is served when it is released even if its
client is long gone: as a network would deliver it.

Tests drive it by ``POST /double/METHOD`` with the arguments as JSON; ``remote`` has the other end.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

from planfence.clock import SystemClock
from plans.clock import Clock
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.core import Applied, Settings
from tests.doubles.route53.double import Double
from tests.doubles.route53.errors import ServiceError
from tests.doubles.route53.faults import BY_NAME, Hold, NoAnswerError

CONTROL: Final = "/double/"


class Control:
    """What a test may ask for: one method for each of ``remote.RemoteDouble``'s."""

    def __init__(self, double: Double, clock: Clock) -> None:
        self._double = double
        self._clock = clock
        self._holds: list[Hold] = []
        self.verbs: dict[str, Callable[..., Any]] = {
            "add_health_check": double.add_health_check,
            "add_zone": double.add_zone,
            "advance": self._advance,
            "calls": lambda: [tuple(call) for call in double.calls],
            "clear": double.clear,
            "delay_insync": double.delay_insync,
            "edit": lambda zone_id, changes: double.edit(zone_id, *changes),
            "history": lambda start: [_as_json(each) for each in double.history[start:]],
            "hold": self._hold,
            "holds": lambda number: self._holds[number].holds,
            "left": lambda: double.left,
            "next": self._next,
            "protect": double.protect,
            "protections": lambda zone_ids: list(map(double.protections, zone_ids)),
            "put": lambda zone_id, record_sets: double.put(zone_id, *record_sets),
            "record_sets": double.record_sets,
            "release": lambda number: self._holds[number].release(),
            "set_health": double.set_health,
            "unprotect": double.unprotect,
            "wait": lambda number, seconds: self._holds[number].wait(seconds),
        }

    def _next(self, operation: str, faults: list[str], containing: str) -> None:
        self._double.next(operation, *(BY_NAME[name] for name in faults), containing=containing)

    def _hold(self, operation: str, containing: str, then: str) -> int:
        hold = self._double.hold(operation, containing=containing, then=BY_NAME[then])
        self._holds.append(hold)
        return len(self._holds) - 1

    def _advance(self, seconds: float) -> None:
        if not isinstance(self._clock, VirtualClock):
            raise TypeError("this server's clock is the system's")
        self._clock.advance(seconds)


class Server(ThreadingHTTPServer):
    """Listens for clients and for the test."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, double: Double, control: Control) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.double = double
        self.control = control


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._deliver(b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith(CONTROL):
            self._controlled(self.path.removeprefix(CONTROL), json.loads(body))
        else:
            self._deliver(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: ``calls`` has them."""

    def _deliver(self, body: bytes) -> None:
        try:
            answer = self.server.double.deliver(self.command, self.path, body)
        except NoAnswerError:
            self._hang_up()
            return
        self._send(answer.status, answer.body, "text/xml")

    def _controlled(self, verb: str, arguments: dict[str, Any]) -> None:
        try:
            found, status = self.server.control.verbs[verb](**arguments), 200
        except (AssertionError, KeyError, TypeError, ServiceError) as error:
            found, status = f"{type(error).__name__}: {error}", 422
        self._send(status, json.dumps(found).encode(), "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-amzn-RequestId", "double")
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client died while its request was held

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the client was quicker


def _as_json(applied: Applied) -> dict[str, Any]:
    changes = [(change.action, dict(change.record_set.members)) for change in applied.changes]
    return {**applied._asdict(), "changes": changes}


def main() -> None:
    settings = json.loads(sys.argv[1])
    virtual = settings.pop("virtual")
    clock: Clock = VirtualClock() if virtual else SystemClock()
    double = Double(clock, Settings(**settings))
    server = Server(double, Control(double, clock))
    Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # requests may be parked in threads


if __name__ == "__main__":
    main()
