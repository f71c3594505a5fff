"""The threads that a planning pass is given: in order, bounded, and never waited for too long."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from planfence.probing import PROBES_AT_ONCE, at_once, look_up
from planner.health import HttpCheck, Seen

SHORT_SECONDS = 0.1
LONG_SECONDS = 30.0


def checks(count: int) -> list[HttpCheck]:
    return [HttpCheck(f"http://192.0.2.1/{number}") for number in range(count)]


def test_results_come_in_the_order_of_the_checks_however_long_each_takes() -> None:
    second_is_done = threading.Event()

    def probe(check: HttpCheck) -> Seen:
        if check.url.endswith("/0"):
            assert second_is_done.wait(LONG_SECONDS)
        if check.url.endswith("/1"):
            second_is_done.set()
        return Seen(True, check.url)

    asked = checks(3)
    assert [seen.detail for seen in at_once(probe, asked)] == [check.url for check in asked]


def test_as_many_probes_run_at_once_as_may_and_no_more() -> None:
    changed = threading.Condition()
    running = most = 0

    def probe(_: HttpCheck) -> Seen:
        nonlocal running, most
        with changed:
            running += 1
            most = max(most, running)
            changed.notify_all()
            assert changed.wait_for(lambda: most >= PROBES_AT_ONCE, LONG_SECONDS)
            changed.wait_for(lambda: running > PROBES_AT_ONCE, SHORT_SECONDS)  # in vain
            running -= 1
        return Seen(True, "")

    assert len(at_once(probe, checks(2 * PROBES_AT_ONCE))) == 2 * PROBES_AT_ONCE
    assert most == PROBES_AT_ONCE


def test_nothing_to_probe_needs_no_thread() -> None:
    assert at_once(lambda _: Seen(True, ""), []) == []


def test_an_error_of_a_probe_comes_out() -> None:
    def probe(_: HttpCheck) -> Seen:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        at_once(probe, checks(2))


def test_an_address_is_its_own_name() -> None:
    assert look_up("127.0.0.1", 8080, LONG_SECONDS) == [(socket.AF_INET, ("127.0.0.1", 8080))]
    assert look_up("::1", 8080, LONG_SECONDS) == [(socket.AF_INET6, ("::1", 8080, 0, 0))]


def test_a_name_that_does_not_exist_is_the_resolvers_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(socket.gaierror, match="not known"):
        look_up("member.example", 80, LONG_SECONDS)


def test_a_name_that_can_be_no_name_is_the_resolvers_error() -> None:
    with pytest.raises(socket.gaierror):
        look_up(f"{'a' * 64}.invalid", 80, LONG_SECONDS)


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()

    def hanging(*_: Any, **__: Any) -> Any:
        done.wait(LONG_SECONDS)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    with pytest.raises(TimeoutError, match=r"member.example was not looked up within 0.1 s"):
        look_up("member.example", 80, SHORT_SECONDS)
    done.set()
