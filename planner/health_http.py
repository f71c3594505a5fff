"""Health by a GET of the planner's own. A probe that fails, however it does, is an observation.

Guarantees:

1. A probe ends within its ``timeout_seconds``, whatever the other side does: the look-up of the
   name, connection, TLS and each byte of the answer's head count against one deadline.
2. Healthy is what Route 53 takes for healthy: a status of 200 to 399. The head must be complete;
   no byte of the body is waited for. Redirects are not followed.
3. Certificates are verified, with the system's authorities (``SSL_CERT_FILE``, ``SSL_CERT_DIR``).
   Route 53's own checks do not do that.
4. What is probed is what the URL names: no proxy is used, whatever the environment says.

Not guaranteed: that users reach what the planner reaches. It probes from where it runs.

Source: Developer Guide of Route 53, "How Amazon Route 53 determines whether a health check is
healthy"; RFC 9110 sections 15.3 and 15.4.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

from planner.health import HttpCheck, Seen
from plans.clock import Clock
from plans.errors import Refused

Address = tuple[int, Any]
"""A socket's family, and the address as its ``connect`` takes it."""
LookUp = Callable[[str, int, float], Sequence[Address]]
"""The addresses of a host and port, found within so many seconds.

Raises ``TimeoutError`` when they are over, and ``socket.gaierror`` if there are none.
"""

DETAIL_MAX: Final = 120  # characters
_PORTS: Final = {"http": 80, "https": 443}
_VISIBLE: Final = re.compile(r"[!-~]+")


def url_problem(url: str) -> str | None:
    """Why a URL cannot be probed; None if it can. Never holds the URL itself."""
    if not _VISIBLE.fullmatch(url):
        return "must be ASCII without blanks: write a name's punycode, and escapes in a path"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is no URL: {error}"
    if parts.scheme not in _PORTS:
        return "must begin with http:// or https://"
    if "@" in parts.netloc:
        return "must hold no user and no password: a probe sends no credentials"
    if not parts.hostname or port == 0:
        return "must name a host, and a port from 1 to 65535 if any"
    if parts.fragment:
        return "must have no fragment: it is never sent"
    return None


class Prober:
    """Probes URLs; safe to share between threads.

    Args:
        look_up: finds addresses. The system's own function cannot be told to end in time.
    """

    def __init__(self, clock: Clock, look_up: LookUp) -> None:
        self._clock = clock
        self._look_up = look_up

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def probe(self, check: HttpCheck) -> Seen:
        """One GET; ``detail`` is the status, or why there is none. ``url_problem`` is None."""
        deadline = _Deadline(self._clock, check.timeout_seconds)
        try:
            status = self._status(urlsplit(check.url), deadline)
        except TimeoutError:
            return Seen(False, f"no answer within {check.timeout_seconds:g} s")
        except ssl.SSLCertVerificationError as error:
            return _failed(f"certificate not accepted: {error.verify_message}")
        except ssl.SSLError as error:
            return _failed(f"TLS failed: {error.reason}")
        except socket.gaierror as error:
            return _failed(f"name not found: {error.strerror}")
        except ConnectionRefusedError:
            return _failed("connection refused")
        except ConnectionError:
            return _failed("connection closed without an answer")
        except OSError as error:
            return _failed(f"no connection: {error.strerror or error}")
        except HTTPException as error:
            return _failed(f"no HTTP answer: {type(error).__name__}")
        return Seen(200 <= status < 400, str(status))

    def _status(self, url: SplitResult, deadline: _Deadline) -> int:
        host, port = url.hostname or "", url.port or _PORTS[url.scheme]
        addresses = self._look_up(host, port, deadline.left_seconds())
        with closing(_connected(addresses, deadline)) as plain:
            channel = plain
            if url.scheme == "https":
                # The handshake as a whole keeps to the time-out that the socket has now.
                plain.settimeout(deadline.left_seconds())
                channel = self._tls.wrap_socket(plain, server_hostname=host)
            with closing(channel):
                connection = HTTPConnection(host, port)
                connection.sock = cast(socket.socket, _TimedSocket(channel, deadline))
                target = (url.path or "/") + (f"?{url.query}" if url.query else "")
                head = {"Host": url.netloc, "User-Agent": "planfence", "Connection": "close"}
                connection.request("GET", target, headers=head)
                return connection.getresponse().status


class _Deadline:
    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._ends = clock.monotonic() + seconds

    def left_seconds(self) -> float:
        """Above 0.

        Raises:
            TimeoutError: nothing is left.
        """
        left = self._ends - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _TimedSocket:
    """What ``http.client`` asks of a socket; no single wait ends after the deadline.

    A socket's own time-out begins anew with each byte that arrives.
    """

    def __init__(self, channel: socket.socket, deadline: _Deadline) -> None:
        self._channel = channel
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._channel.settimeout(self._deadline.left_seconds())
        self._channel.sendall(data)

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._channel, self._deadline))

    def close(self) -> None:
        self._channel.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, channel: socket.socket, deadline: _Deadline) -> None:
        self._channel = channel
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._channel.settimeout(self._deadline.left_seconds())
        return self._channel.recv_into(buffer)


def _connected(addresses: Sequence[Address], deadline: _Deadline) -> socket.socket:
    """A connection to the first address that takes one; each has its share of the time left."""
    failure: OSError = OSError("no address")
    for tried, (family, address) in enumerate(addresses):
        channel = socket.socket(family, socket.SOCK_STREAM)
        try:
            channel.settimeout(deadline.left_seconds() / (len(addresses) - tried))
            channel.connect(address)
            return channel
        except OSError as error:
            channel.close()
            failure = error
    raise failure


def _failed(reason: str) -> Seen:
    text = "".join(letter if letter.isprintable() else "?" for letter in reason)
    return Seen(False, text[:DETAIL_MAX])


def check_url(url: str) -> None:
    """Refuse a URL that cannot be probed.

    Raises:
        Refused: see ``url_problem``.
    """
    problem = url_problem(url)
    if problem is not None:
        raise Refused(
            f"the URL of a health check {problem}",
            rule="health-url",
            remedy="correct the member's 'http' in the pools file",
        )
