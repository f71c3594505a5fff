"""What tests do to requests on their way to the strict Route 53, inside the process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from plans.storage import aws
from tests.doubles.route53 import faults, hooks
from tests.doubles.route53.behaviours import create, delete, outcome, record_set
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.double import Double
from tests.doubles.route53.faults import after, before_answer

CHANGE = "ChangeResourceRecordSets"
LIST = "ListResourceRecordSets"
WWW = record_set("www.example.com.", "A", "192.0.2.1")
OTHER = record_set("other.example.com.", "A", "192.0.2.9")


class Scene:
    """A double with one zone, and a client."""

    def __init__(self) -> None:
        self.double = Double(VirtualClock())
        self.zone = self.double.add_zone("example.com")
        self.client = hooks.client(self.double)

    def change(self, *changes: dict[str, Any]) -> None:
        batch = {"Changes": changes}
        self.client.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch)

    def list(self, **asked: str) -> list[dict[str, Any]]:
        page = self.client.list_resource_record_sets(HostedZoneId=self.zone, **asked)
        listed: list[dict[str, Any]] = page["ResourceRecordSets"]
        return listed

    def holds(self, given: dict[str, Any]) -> bool:
        return given in self.double.record_sets(self.zone)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_request_lost_before_it_arrives_changes_nothing(scene: Scene) -> None:
    scene.double.next(CHANGE, faults.lost_before)
    with pytest.raises(ReadTimeoutError):
        scene.change(create(WWW))
    assert not scene.holds(WWW)
    assert not scene.double.history


def test_a_request_whose_answer_is_lost_has_been_applied(scene: Scene) -> None:
    scene.double.next(CHANGE, faults.lost_after)
    with pytest.raises(ReadTimeoutError):
        scene.change(create(WWW))
    assert scene.holds(WWW)
    assert len(scene.double.history) == 1


def test_a_batch_delivered_twice_is_applied_once_and_then_refused(scene: Scene) -> None:
    scene.double.next(CHANGE, faults.twice)
    code, message = outcome(lambda: scene.change(create(WWW)))
    assert code == "InvalidChangeBatch"
    assert "it already exists" in message
    assert len(scene.double.history) == 1


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        (faults.internal_error, "InternalFailure", 500),
        (faults.unavailable, "ServiceUnavailable", 503),
        (faults.throttled, "Throttling", 400),
        (faults.prior_request, "PriorRequestNotComplete", 400),
        (faults.denied, "AccessDenied", 403),
    ],
)
def test_a_request_that_is_turned_away_changes_nothing(
    fault: faults.Fault, code: str, status: int, scene: Scene
) -> None:
    scene.double.next(CHANGE, fault, fault)
    for _ in range(2):
        with pytest.raises(ClientError) as error:
            scene.change(create(WWW))
        assert error.value.response["Error"]["Code"] == code
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    scene.change(create(WWW))
    assert [call.status for call in scene.double.calls] == [status, status, 200]


def test_an_error_may_come_after_the_effect(scene: Scene) -> None:
    scene.double.next(CHANGE, faults.internal_error_after)
    assert outcome(lambda: scene.change(create(WWW)))[0] == "InternalFailure"
    assert scene.holds(WWW)


def test_half_an_answer_is_no_answer(scene: Scene) -> None:
    scene.double.next(LIST, faults.cut_short)
    with pytest.raises(ResponseParserError):
        scene.list()


def test_a_form_of_refusals_changes_nothing_else(scene: Scene) -> None:
    scene.double.next(CHANGE, faults.in_documented_form)
    scene.change(create(WWW))


def test_somebody_else_may_come_first(scene: Scene) -> None:
    scene.change(create(WWW))
    theirs = record_set("www.example.com.", "A", "192.0.2.7")
    edit = after(lambda: scene.double.edit(scene.zone, delete(WWW), create(theirs)))
    scene.double.next(CHANGE, edit)
    ours = record_set("www.example.com.", "A", "192.0.2.8")
    code, message = outcome(lambda: scene.change(delete(WWW), create(ours)))
    assert code == "InvalidChangeBatch"
    assert "do not match the current values" in message
    assert scene.holds(theirs)


def test_somebody_else_may_come_between_the_effect_and_its_answer(scene: Scene) -> None:
    scene.double.next(CHANGE, before_answer(lambda: scene.double.edit(scene.zone, delete(WWW))))
    scene.change(create(WWW))
    assert not scene.holds(WWW)


def test_a_listing_may_be_torn_between_two_pages(scene: Scene) -> None:
    scene.change(create(WWW), create(OTHER))
    swap = after(lambda: scene.double.edit(scene.zone, delete(OTHER), delete(WWW)))
    scene.double.next(LIST, faults.untouched, swap)
    pages = scene.client.get_paginator("list_resource_record_sets")
    found = [
        each["Name"]
        for page in pages.paginate(HostedZoneId=scene.zone, PaginationConfig={"PageSize": 3})
        for each in page["ResourceRecordSets"]
    ]
    assert found == ["example.com.", "example.com.", "other.example.com."]


def test_a_fault_meets_only_the_request_that_it_is_for(scene: Scene) -> None:
    scene.double.next(CHANGE, faults.lost_before, containing="192.0.2.9")
    scene.change(create(WWW))
    assert scene.double.left == 1
    with pytest.raises(ReadTimeoutError):
        scene.change(create(OTHER))
    assert scene.double.left == 0
    scene.change(create(OTHER))


def test_a_script_can_be_forgotten(scene: Scene) -> None:
    scene.double.next("*", faults.lost_before)
    scene.double.clear()
    scene.change(create(WWW))


def test_every_request_is_in_the_list_of_calls(scene: Scene) -> None:
    scene.double.next(CHANGE, faults.lost_after)
    with pytest.raises(ReadTimeoutError):
        scene.change(create(WWW))
    scene.list()
    calls = [(call.operation, call.status) for call in scene.double.calls]
    assert calls == [(CHANGE, 0), (LIST, 200)]


# Held requests


def test_a_request_is_held_until_it_is_released(scene: Scene) -> None:
    hold = scene.double.hold(CHANGE)
    with ThreadPoolExecutor(1) as executor:
        late = executor.submit(scene.change, create(WWW))
        assert hold.wait()
        assert hold.holds
        assert not scene.holds(WWW)
        scene.change(create(OTHER))  # nobody else is held up
        hold.release()
        late.result()
    assert scene.holds(WWW)


def test_a_held_request_may_still_be_lost(scene: Scene) -> None:
    hold = scene.double.hold(CHANGE, then=faults.lost_after)
    with ThreadPoolExecutor(1) as executor:
        late = executor.submit(scene.change, create(WWW))
        assert hold.wait()
        hold.release()
        with pytest.raises(ReadTimeoutError):
            late.result()
    assert scene.holds(WWW)


def test_a_hold_that_nobody_releases_fails_the_test(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "HOLD_SECONDS", 0.0)
    scene.double.hold(CHANGE)
    with pytest.raises(faults.HeldTooLongError):
        scene.change(create(WWW))


def test_of_many_that_replace_one_record_set_one_wins(scene: Scene) -> None:
    scene.change(create(WWW))

    def replace(number: int) -> str | None:
        theirs = record_set("www.example.com.", "A", f"192.0.2.{100 + number}")
        return outcome(lambda: scene.change(delete(WWW), create(theirs)))[0]

    with ThreadPoolExecutor(16) as executor:
        codes = list(executor.map(replace, range(16)))
    assert sorted(map(str, codes)) == ["InvalidChangeBatch"] * 15 + ["None"]
    assert len(scene.double.history) == 2


# Clients that the double did not make


@pytest.mark.parametrize("make", [lambda: aws.client("route53"), lambda: boto3.client("route53")])
def test_a_client_that_the_product_makes_is_served_too(
    make: Callable[[], Any], scene: Scene
) -> None:
    with hooks.serving(scene.double):
        client = make()
    [zone] = client.list_hosted_zones()["HostedZones"]
    assert zone["Id"] == f"/hostedzone/{scene.zone}"


def test_a_client_with_its_own_retries_makes_them(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with hooks.serving(scene.double):
        client = boto3.client("route53")
    scene.double.next("ListHostedZones", faults.throttled, faults.lost_after)
    client.list_hosted_zones()
    assert [call.status for call in scene.double.calls] == [400, 0, 200]
