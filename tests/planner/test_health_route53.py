"""Health as Route 53's health checks see it, through the SDK and the strict double."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from planner.health import Seen
from planner.health_route53 import CheckApi, is_healthy
from plans.errors import Refused, Unavailable
from plans.observed.route53_api import PATIENCE_SECONDS, Account
from tests.doubles.route53 import hooks
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.core import Settings as Service
from tests.doubles.route53.double import Double
from tests.doubles.route53.faults import denied, lost_before, throttled
from tests.doubles.route53.health import HEALTHY, UNHEALTHY, seen_everywhere
from tests.doubles.route53.wire import refusal

ENDPOINT: Mapping[str, Any] = {"Type": "HTTPS", "IPAddress": "192.0.2.1", "Port": 443}
EIGHT = tuple(seen_everywhere(HEALTHY))


class Trial:
    """One account of the double, asked as a planning pass asks."""

    def __init__(self, service: Service | None = None) -> None:
        self.clock = VirtualClock()
        self.double = Double(self.clock, service)
        self.account = Account(self.clock, make_client=lambda: hooks.client(self.double))

    def check(self, good_regions: int | None = None, **config: Any) -> str:
        made = self.double.add_health_check({**ENDPOINT, **config})
        if good_regions is not None:
            reports = [HEALTHY] * good_regions + [UNHEALTHY] * (8 - good_regions)
            self.double.set_health(made, dict(zip(EIGHT, reports, strict=True)))
        return made

    def see(self, check_id: str) -> Seen:
        return CheckApi(self.account, check_id).see()

    @property
    def asked(self) -> list[str]:
        return [call.operation for call in self.double.calls]


@pytest.fixture
def trial() -> Trial:
    return Trial()


# What counts as healthy


@pytest.mark.parametrize(
    ("good", "every", "healthy"),
    [(0, 16, False), (2, 16, False), (3, 16, True), (9, 50, False), (10, 50, True), (16, 16, True)],
)
def test_more_than_eighteen_of_a_hundred_checkers_make_a_check_healthy(
    good: int, every: int, healthy: bool
) -> None:
    assert is_healthy([True] * good + [False] * (every - good)) == healthy


@pytest.mark.parametrize(
    ("good_regions", "seen"),
    [
        (8, Seen(True, "16 of 16 checkers report success")),
        (2, Seen(True, "4 of 16 checkers report success")),
        (1, Seen(False, "2 of 16 checkers report success")),
        (0, Seen(False, "0 of 16 checkers report success")),
    ],
)
def test_what_the_checkers_report_decides(trial: Trial, good_regions: int, seen: Seen) -> None:
    assert trial.see(trial.check(good_regions)) == seen


@pytest.mark.parametrize("kind", ["HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP"])
def test_every_check_of_an_endpoint_can_be_asked(trial: Trial, kind: str) -> None:
    assert trial.see(trial.check(Type=kind)).healthy


def test_an_inverted_check_is_the_opposite(trial: Trial) -> None:
    good, bad = trial.check(8, Inverted=True), trial.check(0, Inverted=True)
    assert trial.see(good) == Seen(False, "16 of 16 checkers report success, inverted")
    assert trial.see(bad) == Seen(True, "0 of 16 checkers report success, inverted")


def test_a_disabled_check_is_healthy_and_nobody_is_asked_for_its_reports(trial: Trial) -> None:
    assert trial.see(trial.check(0, Disabled=True)) == Seen(True, "disabled")
    assert trial.asked == ["GetHealthCheck"]
    inverted = trial.check(8, Disabled=True, Inverted=True)
    assert trial.see(inverted) == Seen(False, "disabled, inverted")


def test_a_new_check_is_healthy_until_a_checker_reports(trial: Trial) -> None:
    new, inverted = trial.check(), trial.check(Inverted=True)
    for each in (new, inverted):
        trial.double.set_health(each, {})
    assert trial.see(new) == Seen(True, "no checker reports yet")
    assert trial.see(inverted) == Seen(False, "no checker reports yet, inverted")


# What cannot be asked


@pytest.mark.parametrize("kind", ["CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"])
def test_a_check_of_no_endpoint_is_refused_by_name(trial: Trial, kind: str) -> None:
    check = trial.double.add_health_check({"Type": kind})
    with pytest.raises(
        Refused, match=f"{check} of Route 53 cannot be asked: it is {kind}"
    ) as caught:
        trial.see(check)
    assert caught.value.rule == "health-check-type"
    assert trial.asked == ["GetHealthCheck"]


def test_a_check_that_does_not_exist_is_refused(trial: Trial) -> None:
    with pytest.raises(Refused, match="none of Route 53 does not exist") as caught:
        trial.see("none")
    assert caught.value.rule == "health-check-missing"


def test_a_report_of_another_kind_is_refused_and_never_unhealthy(trial: Trial) -> None:
    check = trial.check(8)
    trial.double.set_health(check, {"us-east-1": HEALTHY, "eu-west-1": "Paused\n: by AWS"})
    with pytest.raises(
        Refused, match=r"neither success nor failure: 'Paused\\n: by AWS'"
    ) as caught:
        trial.see(check)
    assert caught.value.rule == "health-check-report"


@pytest.mark.parametrize("operation", ["GetHealthCheck", "GetHealthCheckStatus"])
def test_without_permission_it_is_refused(trial: Trial, operation: str) -> None:
    check = trial.check(0)
    trial.double.next(operation, denied)
    with pytest.raises(Refused, match=f"denies {operation}") as caught:
        trial.see(check)
    assert caught.value.rule == "access-denied"


@pytest.mark.parametrize("operation", ["GetHealthCheck", "GetHealthCheckStatus"])
def test_what_the_service_does_not_accept_is_refused_in_its_words(
    trial: Trial, operation: str
) -> None:
    check = trial.check(0)
    trial.double.next(operation, lambda _: refusal(400, "InvalidInput", "not\nnow"))
    with pytest.raises(Refused, match=f"does not accept {operation}: InvalidInput: not now"):
        trial.see(check)


# No answer


@pytest.mark.parametrize("operation", ["GetHealthCheck", "GetHealthCheckStatus"])
def test_a_lost_answer_is_asked_for_again(trial: Trial, operation: str) -> None:
    check = trial.check(0)
    trial.double.next(operation, lost_before, lost_before)
    assert not trial.see(check).healthy
    assert trial.asked.count(operation) == 3


@pytest.mark.parametrize("operation", ["GetHealthCheck", "GetHealthCheckStatus"])
def test_a_service_that_never_answers_is_unavailable_and_no_bad_member(
    trial: Trial, operation: str
) -> None:
    check = trial.check(0)
    trial.double.next(operation, *[lost_before] * 1000)
    with pytest.raises(Unavailable, match=f"the health check {check} of Route 53 did not serve"):
        trial.see(check)


def test_a_throttled_request_waits_and_is_sent_again(trial: Trial) -> None:
    check = trial.check(8)
    trial.double.next("GetHealthCheck", throttled, throttled)
    assert trial.see(check).healthy
    assert trial.clock.slept


def test_an_account_that_others_use_up_is_unavailable(trial: Trial) -> None:
    check = trial.check(0)
    trial.double.next("GetHealthCheckStatus", *[throttled] * 1000)
    with pytest.raises(Unavailable, match=f"was busy for {PATIENCE_SECONDS:g} s"):
        trial.see(check)


def test_many_checks_keep_to_the_accounts_rates_and_none_is_refused() -> None:
    trial = Trial(Service(throttled=True))
    for check in [trial.check(8) for _ in range(60)]:
        assert trial.see(check).healthy
    assert {call.status for call in trial.double.calls} == {200}
    # Four statuses at once, less what is held back, and then one a second.
    assert 56 <= trial.clock.monotonic() <= 57
