"""Probes over HTTP, against real servers on the loopback interface."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planfence.clock import SystemClock
from planner.health import HttpCheck, Seen
from planner.health_http import Address, Prober, check_url, url_problem
from plans.clock import Clock
from plans.errors import Refused
from tests.servers.web import LOOPBACK, Authority, Script, answering, dripping, web

SHORT_SECONDS = 0.2  # of waiting for nothing


class HurryingClock:
    """A second passes with every look at it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        self.seconds += 1
        return self.seconds

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a probe does not sleep")


def loopback(_: str, port: int, __: float) -> Sequence[Address]:
    return [(socket.AF_INET, (LOOPBACK, port))]


def probe(url: str, timeout_seconds: float = 30.0, clock: Clock | None = None) -> Seen:
    return Prober(clock or SystemClock(), loopback).probe(HttpCheck(url, timeout_seconds))


def probed(script: Script, *, timeout_seconds: float = 30.0, clock: Clock | None = None) -> Seen:
    with web(script) as port:
        return probe(f"http://{LOOPBACK}:{port}/", timeout_seconds, clock)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Bound, so that nobody else gets it, and nobody listens."""
    with closing(socket.socket()) as bound:
        bound.bind((LOOPBACK, 0))
        yield bound.getsockname()[1]


# What a status says


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "299 ?", "302 Found", "399 ?"])
def test_a_status_of_two_or_three_hundred_is_healthy(status: str) -> None:
    assert probed(answering(status)) == Seen(True, status[:3])


@pytest.mark.parametrize("status", ["400 Bad", "404 Not Found", "500 Error", "503 No", "199 ?"])
def test_any_other_status_is_unhealthy(status: str) -> None:
    # A status of one hundred is followed by the final one, but for 101; 199 only by the end.
    seen = probed(answering(status))
    assert not seen.healthy
    assert seen.detail == status[:3]


def test_a_status_that_comes_after_an_interim_one_counts() -> None:
    both = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n"
    assert probed(lambda channel, _: channel.sendall(both)) == Seen(False, "503")


def test_a_redirect_is_not_followed() -> None:
    heads = []

    def script(channel: socket.socket, head: bytes) -> None:
        heads.append(head)
        answering("302 Found", "Location: /bad")(channel, head)

    assert probed(script) == Seen(True, "302")
    assert len(heads) == 1


def test_the_body_is_not_waited_for() -> None:
    done = threading.Event()

    def script(channel: socket.socket, head: bytes) -> None:
        answering("200 OK", "Content-Length: 1000000000")(channel, head)
        done.wait(30)

    assert probed(script) == Seen(True, "200")
    done.set()


def test_the_request_asks_for_what_the_url_names_and_carries_nothing_else() -> None:
    heads = []

    def script(channel: socket.socket, head: bytes) -> None:
        heads.append(head.decode().split("\r\n"))
        answering("200 OK")(channel, head)

    with web(script) as port:
        assert probe(f"http://member.example:{port}/up?deep=1&a=%20").healthy
        assert probe(f"http://member.example:{port}").healthy
    [first, second] = heads
    assert (first[0], second[0]) == ("GET /up?deep=1&a=%20 HTTP/1.1", "GET / HTTP/1.1")
    assert sorted(line for line in first[1:] if line) == [
        "Accept-Encoding: identity",
        "Connection: close",
        f"Host: member.example:{port}",
        "User-Agent: planfence",
    ]


def test_no_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{LOOPBACK}:{closed_port}")
    assert probed(answering("200 OK")).healthy


# No answer


def test_a_refused_connection_is_unhealthy(closed_port: int) -> None:
    assert probe(f"http://{LOOPBACK}:{closed_port}/") == Seen(False, "connection refused")


def test_a_server_that_hangs_is_unhealthy_when_the_time_is_over() -> None:
    done = threading.Event()

    def script(_: socket.socket, __: bytes) -> None:
        done.wait(30)

    seen = probed(script, timeout_seconds=SHORT_SECONDS)
    done.set()
    assert seen == Seen(False, "no answer within 0.2 s")


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["a header that never ends", "interim answers without end"],
)
def test_a_server_that_drips_is_unhealthy_when_the_time_is_over(start: bytes, drop: bytes) -> None:
    clock = HurryingClock()
    seen = probed(dripping(start, drop), timeout_seconds=5, clock=clock)
    assert seen == Seen(False, "no answer within 5 s")
    assert clock.seconds < 10


def test_a_tls_server_that_drips_is_unhealthy_when_the_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    script = dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x")
    with web(script, authority.server_for(LOOPBACK)) as port:
        seen = probe(f"https://{LOOPBACK}:{port}/", 6, HurryingClock())
    assert seen == Seen(False, "no answer within 6 s")


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (lambda *_: None, "connection closed without an answer"),
        (
            lambda channel, _: channel.sendall(b"220 mail ready\r\n"),
            "no HTTP answer: BadStatusLine",
        ),
        (dripping(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"), "no HTTP answer: HTTPException"),
        (dripping(b"HTTP/1.1 200 OK\r\nA: ", b"b" * 9999), "no HTTP answer: LineTooLong"),
    ],
)
def test_what_is_no_answer_of_http_is_unhealthy(script: Script, detail: str) -> None:
    assert probed(script) == Seen(False, detail)


def test_a_server_that_nothing_leads_to_is_unhealthy() -> None:
    def nowhere(_: str, port: int, __: float) -> Sequence[Address]:
        return [(socket.AF_INET, ("255.255.255.255", port))]  # connections have one other end

    seen = Prober(SystemClock(), nowhere).probe(HttpCheck("http://member.example/", 30))
    assert not seen.healthy
    assert seen.detail.startswith("no connection: ")


# The name


def failing_with(error: Exception) -> Callable[[str, int, float], Sequence[Address]]:
    def look_up(_: str, __: int, ___: float) -> Sequence[Address]:
        raise error

    return look_up


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "name not found: Name or service not known",
        ),
        (socket.gaierror(socket.EAI_AGAIN, "a\nb\x1b"), "name not found: a?b?"),
        (TimeoutError(), "no answer within 7 s"),
    ],
)
def test_a_name_that_is_not_found_is_unhealthy(error: Exception, detail: str) -> None:
    prober = Prober(SystemClock(), failing_with(error))
    assert prober.probe(HttpCheck("http://member.example/", 7)) == Seen(False, detail)


def test_the_next_address_is_tried_where_one_refuses(closed_port: int) -> None:
    with web(answering("200 OK")) as port:

        def look_up(_: str, __: int, ___: float) -> Sequence[Address]:
            return [(socket.AF_INET, (LOOPBACK, each)) for each in (closed_port, port)]

        seen = Prober(SystemClock(), look_up).probe(HttpCheck("http://member.example/", 30))
    assert seen == Seen(True, "200")


def test_a_name_without_an_address_is_unhealthy() -> None:
    prober = Prober(SystemClock(), lambda *_: [])
    seen = prober.probe(HttpCheck("http://member.example/", 7))
    assert seen == Seen(False, "no connection: no address")


def test_the_look_up_may_take_all_of_the_time_and_no_more() -> None:
    given = []

    def look_up(host: str, port: int, seconds: float) -> Sequence[Address]:
        given.append((host, port, seconds))
        raise TimeoutError

    Prober(HurryingClock(), look_up).probe(HttpCheck("https://member.example/", 7))
    assert given == [("member.example", 443, 6)]  # a second has passed with a look at the clock


# TLS


def test_a_certificate_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    with web(answering("200 OK"), authority.server_for(LOOPBACK)) as port:
        url = f"https://{LOOPBACK}:{port}/"
        seen = probe(url)
        assert not seen.healthy
        assert seen.detail.startswith("certificate not accepted: ")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        assert probe(url) == Seen(True, "200")


def test_a_certificate_for_another_host_is_unhealthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with web(answering("200 OK"), authority.server_for("other.example")) as port:
        assert probe(f"https://other.example:{port}/").healthy
        seen = probe(f"https://member.example:{port}/")
    assert not seen.healthy
    assert seen.detail.startswith("certificate not accepted: ")


def test_a_handshake_has_no_more_time_than_connecting_left_it() -> None:
    class LateClock(HurryingClock):
        """Three looks, until the connection, cost nothing; then next to nothing is left."""

        looks = 0

        def monotonic(self) -> float:
            self.looks += 1
            return 0.0 if self.looks <= 3 else 29.9

    with closing(socket.create_server((LOOPBACK, 0))) as silent:
        began = SystemClock().monotonic()
        seen = probe(f"https://{LOOPBACK}:{silent.getsockname()[1]}/", 30, LateClock())
        took_seconds = SystemClock().monotonic() - began
    assert seen == Seen(False, "no answer within 30 s")
    assert took_seconds < 10


def test_a_server_without_tls_is_unhealthy_for_https() -> None:
    with web(answering("200 OK")) as port:
        seen = probe(f"https://{LOOPBACK}:{port}/")
    assert not seen.healthy
    assert seen.detail.startswith("TLS failed: ")


# URLs


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1",
        "https://[2001:db8::1]:8443/up",
        "HTTP://member.example./up?deep=1",
        "http://member.example:1/",
    ],
)
def test_a_url_of_http_can_be_probed(url: str) -> None:
    assert url_problem(url) is None
    check_url(url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://member.example/", "must begin with http"),
        ("member.example/up", "must begin with http"),
        ("file:///etc/passwd", "must begin with http"),
        ("http:///up", "must name a host"),
        ("http://:80/", "must name a host"),
        ("http://member.example:0/", "a port from 1"),
        ("http://member.example:65536/", "is no URL"),
        ("http://member.example:http/", "is no URL"),
        ("http://[::1/", "is no URL"),
        ("http://ana:hunter2@member.example/", "sends no credentials"),
        ("http://@member.example/", "sends no credentials"),
        ("http://member.example/#up", "no fragment"),
        ("http://member.example/a b", "without blanks"),
        ("http://member.example/\r\nX-Forged: 1", "without blanks"),
        ("http://bücher.example/", "punycode"),
        ("", "ASCII"),
    ],
)
def test_any_other_url_is_refused_and_not_repeated(url: str, reason: str) -> None:
    assert reason in (url_problem(url) or "")
    with pytest.raises(Refused, match="health-url") as caught:
        check_url(url)
    assert "hunter2" not in str(caught.value)
