"""Members may have their health from anywhere: who is asked, in which order, and how often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from planner.health import (
    FileCheck,
    HealthCheck,
    HealthSource,
    HttpCheck,
    Route53Check,
    Seen,
    TargetGroup,
)
from planner.health_sources import HealthSources
from plans.errors import Refused
from plans.observed.route53_api import Account
from tests.doubles.route53 import hooks
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.double import Double
from tests.doubles.route53.health import UNHEALTHY, seen_everywhere
from tests.planner.test_health_http import loopback
from tests.servers.web import answering, web


class Asked:
    """Sources over the double, one file and one thing at a time; ``probed`` has each probe."""

    def __init__(self, folder: Path) -> None:
        clock = VirtualClock()
        self.double = Double(clock)
        self.accounts = 0
        self.probed: list[HttpCheck] = []

        def account() -> Account:
            self.accounts += 1
            return Account(clock, make_client=lambda: hooks.client(self.double))

        self.source: HealthSource = HealthSources(folder, clock, account, loopback, self._at_once)

    def _at_once(
        self, probe: Callable[[HttpCheck], Seen], checks: Sequence[HttpCheck]
    ) -> Sequence[Seen]:
        self.probed += checks
        return [probe(check) for check in checks]

    def route53(self, *, healthy: bool) -> Route53Check:
        config: dict[str, Any] = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}
        made = self.double.add_health_check(config)
        if not healthy:
            self.double.set_health(made, seen_everywhere(UNHEALTHY))
        return Route53Check(made)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    (tmp_path / "health").mkdir()
    (tmp_path / "health/a").write_text("unhealthy: by hand\n", encoding="utf-8")
    (tmp_path / "b").write_text("healthy\n", encoding="utf-8")
    return Asked(tmp_path)


def test_each_check_is_answered_in_its_place(asked: Asked) -> None:
    with web(answering("503 No")) as port:
        checks: list[HealthCheck] = [
            HttpCheck(f"http://127.0.0.1:{port}/one"),
            FileCheck("b"),
            asked.route53(healthy=False),
            HttpCheck(f"http://127.0.0.1:{port}/two"),
            FileCheck("health/a"),
            asked.route53(healthy=True),
        ]
        seen = asked.source.see(checks)
    assert [(each.healthy, each.detail) for each in seen] == [
        (False, "503"),
        (True, "healthy"),
        (False, "0 of 16 checkers report success"),
        (False, "503"),
        (False, "by hand"),
        (True, "16 of 16 checkers report success"),
    ]


def test_what_several_members_name_is_asked_once(asked: Asked) -> None:
    check = asked.route53(healthy=True)
    with web(answering("200 OK")) as port:
        probe = HttpCheck(f"http://127.0.0.1:{port}/")
        seen = asked.source.see([check, probe, check, probe])
    assert [each.healthy for each in seen] == [True] * 4
    assert [call.operation for call in asked.double.calls] == [
        "GetHealthCheck",
        "GetHealthCheckStatus",
    ]
    assert asked.probed == [probe]


def test_each_call_asks_anew(asked: Asked, tmp_path: Path) -> None:
    check = asked.route53(healthy=True)
    assert [each.healthy for each in asked.source.see([check, FileCheck("b")])] == [True, True]
    asked.double.set_health(check.id, seen_everywhere(UNHEALTHY))
    (tmp_path / "b").write_text("unhealthy", encoding="utf-8")
    assert [each.healthy for each in asked.source.see([check, FileCheck("b")])] == [False, False]


@pytest.mark.parametrize("wrong", [FileCheck("gone"), HttpCheck("http://ana:x@member.example/")])
def test_a_wrong_file_or_url_is_refused_before_anything_is_sent(
    asked: Asked, wrong: HealthCheck
) -> None:
    with pytest.raises(Refused):
        asked.source.see([asked.route53(healthy=True), HttpCheck("http://127.0.0.1:1/"), wrong])
    assert (asked.double.calls, asked.probed) == ([], [])


@pytest.mark.parametrize("wrong", [Route53Check("none"), TargetGroup("none")])
def test_what_aws_refuses_leaves_no_probe_behind(asked: Asked, wrong: HealthCheck) -> None:
    with pytest.raises(Refused):
        asked.source.see([HttpCheck("http://127.0.0.1:1/"), wrong])
    assert asked.probed == []


def test_without_a_check_there_nobody_asks_aws_for_an_account(asked: Asked) -> None:
    assert asked.source.see([FileCheck("b")]) == [Seen(True, "healthy")]
    assert asked.source.see([]) == []
    assert asked.accounts == 0
