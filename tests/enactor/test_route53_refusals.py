"""A batch that is refused, or whose answer is lost, and the reason in its own name."""

from __future__ import annotations

from typing import Any

import pytest

from plans.errors import Drifted, Refused, Unavailable, Unknown
from plans.kinds.dns import Change, Records
from tests.builders import ZONE, a
from tests.doubles.route53.core import Settings as Service
from tests.doubles.route53.faults import (
    Fault,
    denied,
    in_documented_form,
    internal_error,
    internal_error_after,
    lost_after,
    lost_before,
    prior_request,
    throttled,
)
from tests.enactor.hosted import (
    CHANGE,
    FENCE_NAME,
    FIRST,
    NEXT,
    ONE,
    TWO,
    WWW,
    Hosted,
    change,
    fenced,
    simple,
    step,
)

# Refusals, each by its own name


DRIFTED = {
    "another value": ([simple("www", "192.0.2.7")], change("www", ONE, TWO), "300 192.0.2.7"),
    "another TTL": ([simple("www", ttl=5)], change("www", ONE, TWO), "5 192.0.2.1"),
    "nothing there": ([], change("www", ONE, TWO), "no such record"),
    "there already": ([simple("www", "192.0.2.7")], change("www", None, TWO), "300 192.0.2.7"),
    "a weight": (
        [{**simple("www"), "SetIdentifier": "x", "Weight": 5}],
        Change(WWW.name, "A", Records(300, ("192.0.2.1",), ("weight=1",)), None, "x"),
        "300 192.0.2.1, weight=5",
    ),
    "an alias": (
        [
            {
                "Name": WWW.name,
                "Type": "A",
                "AliasTarget": {
                    "HostedZoneId": "Z1",
                    "DNSName": "x.example.net.",
                    "EvaluateTargetHealth": True,
                },
            }
        ],
        change("www", ONE, None),
        "0, alias=Z1:x.example.net.:true",
    ),
}


@pytest.mark.parametrize("observes", [False, True])
@pytest.mark.parametrize(("sets", "wanted", "found"), DRIFTED.values(), ids=DRIFTED)
def test_a_record_set_that_is_not_as_the_step_expects_is_named(
    sets: Any, wanted: Change, found: str, observes: bool
) -> None:
    hosted = fenced(*sets, simple("zz"))
    target = hosted.open()
    if observes:
        target.observe()
    before = hosted.double.record_sets(hosted.zone_id)
    with pytest.raises(Drifted) as caught:
        step(hosted, wanted, change("other", None, ONE), target=target)
    error = caught.value
    assert error.rule == "drift"
    assert error.what == f"{' '.join(filter(None, wanted.key))} is not as this step expects"
    assert error.actual == found
    assert hosted.double.record_sets(hosted.zone_id) == before


@pytest.mark.parametrize("form", [lambda send: send(), in_documented_form])
def test_a_rule_of_the_service_is_refused_with_its_own_message(form: Fault) -> None:
    hosted = fenced(simple("www"))
    hosted.double.protect(hosted.zone_id, f"www.{ZONE}", "A", "ask Ada first")
    hosted.double.next(CHANGE, form)
    with pytest.raises(Refused) as caught:
        step(hosted, change("www", ONE, TWO))
    assert caught.value.rule == "route53-batch"
    said = "ask Ada first" if form is not in_documented_form else "as the API Reference has it"
    assert said in caught.value.what
    assert hosted.fence == FIRST


def test_a_protected_fence_stops_every_step() -> None:
    hosted = fenced(simple("www"))
    hosted.double.protect(hosted.zone_id, FENCE_NAME, "TXT", "incident 7")
    with pytest.raises(Refused, match="incident 7") as caught:
        step(hosted, change("new", None, ONE))
    assert caught.value.rule == "route53-batch"


def test_a_health_check_that_is_not_there_is_refused() -> None:
    hosted = fenced()
    content = Records(300, ("192.0.2.1",), ("health_check=gone",))
    with pytest.raises(Refused, match="NoSuchHealthCheck") as caught:
        step(hosted, change("www", None, content))
    assert caught.value.rule == "route53-refused"


def test_what_route_53_cannot_hold_is_not_sent() -> None:
    hosted = fenced()
    with pytest.raises(Refused) as caught:
        step(hosted, change("www", None, Records(300, ('10 1 "x"',)), "URI"))
    assert caught.value.rule == "route53-unsupported"
    assert len(hosted.double.history) == 1


def test_no_permission_to_change_is_refused() -> None:
    hosted = fenced()
    hosted.double.next(CHANGE, denied)
    with pytest.raises(Refused) as caught:
        step(hosted)
    assert caught.value.rule == "access-denied"


# Waiting, and not knowing


@pytest.mark.parametrize("fault", [throttled, prior_request])
def test_a_busy_service_is_waited_for_longer_each_time(fault: Fault) -> None:
    hosted = fenced()
    hosted.double.next(CHANGE, *[fault] * 6)
    step(hosted)
    assert hosted.fence == NEXT
    assert len(hosted.double.history) == 2


def test_a_change_under_way_is_waited_for() -> None:
    hosted = fenced(service=Service(busy_seconds=7))
    step(hosted)
    assert hosted.fence == NEXT
    assert hosted.clock.monotonic() >= 7


def test_a_service_that_stays_busy_is_unavailable_and_nothing_was_changed() -> None:
    hosted = fenced()
    hosted.double.next(CHANGE, *[throttled] * 1_000)
    with pytest.raises(Unavailable) as caught:
        step(hosted)
    assert caught.value.rule == "route53-busy"
    assert not isinstance(caught.value, Unknown)
    assert 300 < hosted.clock.monotonic() < 400
    assert hosted.fence == FIRST


@pytest.mark.parametrize("fault", [lost_before, lost_after, internal_error, internal_error_after])
def test_an_answer_that_is_lost_is_unknown_and_never_sent_again(fault: Fault) -> None:
    hosted = fenced()
    hosted.double.next(CHANGE, fault)
    target = hosted.open()
    with pytest.raises(Unknown):
        step(hosted, change("new", None, ONE), target=target)
    assert hosted.operations().count(CHANGE) == 2
    landed = fault in (lost_after, internal_error_after)
    assert target.read_fence() == (NEXT if landed else FIRST)


# Propagation


def test_a_pass_waits_until_its_changes_are_in_sync_and_says_for_how_long() -> None:
    hosted = Hosted(Service(insync_after_seconds=20))
    assert hosted.enact(hosted.publish(a("www")), sync=True).outcome == "applied"
    assert f"{hosted.target} waits 2 s" in hosted.watched.told
    assert 20 <= hosted.clock.monotonic() < 30


def test_a_pass_that_is_told_not_to_wait_does_not() -> None:
    hosted = Hosted(Service(insync_after_seconds=20))
    assert hosted.enact(hosted.publish(a("www")), sync=False).outcome == "applied"
    assert "GetChange" not in hosted.operations()


def test_what_is_applied_is_applied_however_long_its_name_servers_take() -> None:
    hosted = Hosted(Service(insync_after_seconds=10_000))
    outcome = hosted.enact(hosted.publish(a("www")), sync=True)
    assert outcome.outcome == "applied"
    [result] = outcome.targets
    assert result.done
    assert result.note == "not yet on all name servers of Route 53 after 300 s"
    assert 300 <= hosted.clock.monotonic() < 310
    assert hosted.enact(hosted.publish({**a("www"), **a("new")})).outcome == "applied"


@pytest.mark.parametrize("fault", [denied, throttled, lost_before])
def test_not_knowing_whether_a_change_is_in_sync_fails_no_pass(fault: Fault) -> None:
    hosted = Hosted()
    published = hosted.publish(a("www"))
    hosted.double.next("GetChange", *[fault] * 1_000)
    outcome = hosted.enact(published, sync=True)
    assert outcome.outcome == "applied"
    [result] = outcome.targets
    assert result.note is not None
    assert result.note.startswith("whether it is on all name servers of Route 53 is not known: ")


def test_a_change_whose_answer_was_lost_has_no_id_to_wait_for() -> None:
    hosted = Hosted()
    published = hosted.publish(a("www"))
    hosted.double.next(CHANGE, lambda send: send(), lost_after)
    outcome = hosted.enact(published, sync=True)
    assert outcome.outcome == "applied"
    [result] = outcome.targets
    assert result.note is not None
    assert result.note.endswith("an answer was lost")
