"""The operations of the strict Route 53 beyond what its table of behaviour has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.route53 import hooks
from tests.doubles.route53.behaviours import create, delete, outcome, record_set, upsert
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.core import Settings
from tests.doubles.route53.double import Double
from tests.doubles.route53.faults import in_documented_form
from tests.doubles.route53.health import HEALTHY, UNHEALTHY

WWW = record_set("www.example.com.", "A", "192.0.2.1")
CHECK = {"Type": "HTTP", "IPAddress": "192.0.2.1", "Port": 80, "ResourcePath": "/health"}


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def double(clock: VirtualClock) -> Double:
    return Double(clock)


@pytest.fixture
def zone(double: Double) -> str:
    return double.add_zone("example.com")


@pytest.fixture
def client(double: Double) -> Any:
    return hooks.client(double)


def change(client: Any, zone: str, *changes: dict[str, Any]) -> dict[str, Any]:
    batch = {"Changes": changes}
    answer = client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    info: dict[str, Any] = answer["ChangeInfo"]
    return info


def status_of(client: Any, change_id: str) -> str:
    return str(client.get_change(Id=change_id)["ChangeInfo"]["Status"])


# Zones


def test_a_new_zone_has_its_soa_and_ns(client: Any) -> None:
    made = client.create_hosted_zone(Name="Example.org", CallerReference="once")
    zone = made["HostedZone"]
    assert (zone["Name"], zone["ResourceRecordSetCount"]) == ("example.org.", 2)
    listed = client.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert [(each["Type"], each["TTL"]) for each in listed] == [("NS", 172_800), ("SOA", 900)]
    assert client.get_hosted_zone(Id=zone["Id"])["DelegationSet"] == made["DelegationSet"]
    assert status_of(client, made["ChangeInfo"]["Id"]) == "INSYNC"


def test_a_zone_is_made_once_for_each_reference(client: Any) -> None:
    client.create_hosted_zone(Name="example.org", CallerReference="once")
    code, _ = outcome(lambda: client.create_hosted_zone(Name="a.org", CallerReference="once"))
    assert code == "HostedZoneAlreadyExists"


def test_a_zone_of_an_impossible_name_is_refused(client: Any) -> None:
    code, _ = outcome(lambda: client.create_hosted_zone(Name="a..b", CallerReference="once"))
    assert code == "InvalidDomainName"


def test_zones_are_listed_in_pages(double: Double, client: Any) -> None:
    made = [double.add_zone(f"zone-{n}.example") for n in range(250)]
    pages = list(client.get_paginator("list_hosted_zones").paginate())
    assert [len(page["HostedZones"]) for page in pages] == [100, 100, 50]
    listed = [zone["Id"].rpartition("/")[2] for page in pages for zone in page["HostedZones"]]
    assert listed == made


def test_a_page_starts_only_at_a_marker_that_there_is(client: Any) -> None:
    code, _ = outcome(lambda: client.list_hosted_zones(Marker="ZNONE"))
    assert code == "InvalidInput"


def test_a_private_zone_says_so(double: Double, client: Any) -> None:
    answer = client.get_hosted_zone(Id=double.add_zone("corp.example", private=True))
    assert answer["HostedZone"]["Config"]["PrivateZone"]
    assert "DelegationSet" not in answer


@pytest.mark.parametrize(
    "operation",
    [
        lambda client: client.get_hosted_zone(Id="ZNONE"),
        lambda client: client.list_resource_record_sets(HostedZoneId="ZNONE"),
        lambda client: change(client, "ZNONE", create(WWW)),
    ],
    ids=["GetHostedZone", "ListResourceRecordSets", "ChangeResourceRecordSets"],
)
def test_a_zone_that_does_not_exist_is_not_found(operation: Any, client: Any) -> None:
    with pytest.raises(client.exceptions.NoSuchHostedZone) as error:
        operation(client)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_zone_holds_no_more_record_sets_than_its_quota(double: Double, client: Any) -> None:
    zone = double.add_zone("example.com", sets_max=10)
    names = [record_set(f"host-{n}.example.com.", "A", "192.0.2.1") for n in range(9)]
    code, message = outcome(lambda: change(client, zone, *map(create, names)))
    assert code == "InvalidChangeBatch"
    assert f"Exceeded limit MAX_RRSETS_BY_ZONE for zone: {zone}" in message
    change(client, zone, *map(create, names[:8]))
    change(client, zone, delete(names[0]), create(names[8]))


# Changes


def test_a_change_is_pending_for_as_long_as_was_set(clock: VirtualClock) -> None:
    double = Double(clock, Settings(insync_after_seconds=30))
    client = hooks.client(double)
    info = change(client, double.add_zone("example.com"), create(WWW))
    assert info["Status"] == "PENDING"
    clock.sleep(29.9)
    assert status_of(client, info["Id"]) == "PENDING"
    clock.sleep(0.1)
    assert status_of(client, info["Id"]) == "INSYNC"


def test_a_change_is_pending_for_as_many_polls_as_were_set(clock: VirtualClock) -> None:
    double = Double(clock, Settings(insync_after_polls=2))
    client = hooks.client(double)
    info = change(client, double.add_zone("example.com"), create(WWW))
    statuses = [status_of(client, info["Id"]) for _ in range(4)]
    assert statuses == ["PENDING", "PENDING", "INSYNC", "INSYNC"]


def test_propagation_can_be_delayed(
    clock: VirtualClock, double: Double, zone: str, client: Any
) -> None:
    info = change(client, zone, create(WWW))
    double.delay_insync(info["Id"], 300)
    assert status_of(client, info["Id"]) == "PENDING"
    clock.advance(300)
    assert status_of(client, info["Id"]) == "INSYNC"


def test_a_listing_has_changes_that_are_still_pending(clock: VirtualClock) -> None:
    double = Double(clock, Settings(insync_after_seconds=60))
    client, zone = hooks.client(double), double.add_zone("example.com")
    change(client, zone, create(WWW))
    listed = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert listed[-1] == WWW


def test_a_change_that_nobody_made_is_not_found(client: Any) -> None:
    with pytest.raises(client.exceptions.NoSuchChange):
        client.get_change(Id="C0NONE")


def test_a_batch_may_carry_a_comment(zone: str, client: Any) -> None:
    batch = {"Comment": "generation 7 & more", "Changes": [create(WWW)]}
    info = client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]
    assert info["Comment"] == "generation 7 & more"


def test_one_zone_takes_one_change_at_a_time_if_asked(clock: VirtualClock) -> None:
    double = Double(clock, Settings(busy_seconds=2))
    client, zone, other = hooks.client(double), *map(double.add_zone, ("example.com", "a.example"))
    change(client, zone, create(WWW))
    with pytest.raises(client.exceptions.PriorRequestNotComplete) as error:
        change(client, zone, delete(WWW))
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    change(client, other, create(record_set("a.example.", "A", "192.0.2.1")))
    clock.sleep(2)
    change(client, zone, delete(WWW))


def test_a_protected_record_set_refuses_every_batch_that_touches_it(
    double: Double, zone: str, client: Any
) -> None:
    double.protect(zone, "WWW.example.com", "A", "ask Ann first")
    other = record_set("other.example.com.", "A", "192.0.2.9")
    code, message = outcome(lambda: change(client, zone, create(other), create(WWW)))
    assert code == "InvalidChangeBatch"
    assert "'A www.example.com.'" in message
    assert "ask Ann first" in message
    double.unprotect(zone, "www.example.com.", "A")
    change(client, zone, create(other), create(WWW))


def test_a_refusal_in_the_documented_form_loses_its_code_in_botocore(
    double: Double, zone: str, client: Any
) -> None:
    double.next("ChangeResourceRecordSets", in_documented_form)
    code, message = outcome(lambda: change(client, zone, delete(WWW)))
    assert (code, message) == ("", "")


def test_every_kind_of_record_set_comes_back_as_it_was_given(
    double: Double, zone: str, client: Any
) -> None:
    check = double.add_health_check(CHECK)
    given = [
        record_set("*.example.com.", "TXT", r'"a & b < c" "\303\244"', '"two"', ttl=0),
        record_set(
            "www.example.com.",
            "A",
            "192.0.2.1",
            SetIdentifier="<eu> & rest",
            GeoLocation={"CountryCode": "US", "SubdivisionCode": "CA"},
            HealthCheckId=check,
        ),
        {
            "Name": "x.example.com.",
            "Type": "A",
            "AliasTarget": {
                "HostedZoneId": "Z2FDTNDATAQYW2",
                "DNSName": "D1.CloudFront.net",
                "EvaluateTargetHealth": False,
            },
        },
    ]
    change(client, zone, *map(create, given))
    listed = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"][2:]
    given[0]["Name"] = r"\052.example.com."
    given[2]["AliasTarget"]["DNSName"] = "d1.cloudfront.net."
    assert listed == given
    change(client, zone, *map(delete, listed))


# Health checks


def test_health_checks_are_listed_with_what_they_check(double: Double, client: Any) -> None:
    check = double.add_health_check(CHECK)
    [listed] = client.list_health_checks()["HealthChecks"]
    assert (listed["Id"], listed["HealthCheckConfig"]) == (check, CHECK)
    assert client.get_health_check(HealthCheckId=check)["HealthCheck"] == listed


def test_a_health_check_is_made_once_for_each_reference(client: Any) -> None:
    made = client.create_health_check(CallerReference="once", HealthCheckConfig=CHECK)
    again = client.create_health_check(CallerReference="once", HealthCheckConfig=CHECK)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert again["HealthCheck"] == made["HealthCheck"]
    assert client.list_health_checks()["HealthChecks"] == [made["HealthCheck"]]
    with pytest.raises(client.exceptions.HealthCheckAlreadyExists):
        client.create_health_check(
            CallerReference="once", HealthCheckConfig={**CHECK, "Inverted": True}
        )


def test_tags_are_of_something_that_there_is(double: Double, zone: str, client: Any) -> None:
    check = double.add_health_check(CHECK)
    tag = {"Key": "Name", "Value": "www"}
    for kind, resource in (("healthcheck", check), ("hostedzone", zone)):
        client.change_tags_for_resource(ResourceType=kind, ResourceId=resource, AddTags=[tag])
        client.change_tags_for_resource(
            ResourceType=kind, ResourceId=resource, RemoveTagKeys=["Name", "none"]
        )
    with pytest.raises(client.exceptions.NoSuchHealthCheck):
        client.change_tags_for_resource(
            ResourceType="healthcheck", ResourceId="none", AddTags=[tag]
        )
    with pytest.raises(client.exceptions.NoSuchHostedZone):
        client.change_tags_for_resource(ResourceType="hostedzone", ResourceId="Z0", AddTags=[tag])
    code, _ = outcome(
        lambda: client.change_tags_for_resource(ResourceType="zone", ResourceId=zone, AddTags=[tag])
    )
    assert code == "InvalidInput"
    code, _ = outcome(
        lambda: client.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone)
    )
    assert code == "InvalidInput"


def test_the_status_of_a_health_check_is_what_its_checkers_saw(double: Double, client: Any) -> None:
    check = double.add_health_check(CHECK)
    assert _seen(client, check) == {HEALTHY}
    double.set_health(check, {"us-east-1": UNHEALTHY, "eu-west-1": HEALTHY})
    assert _seen(client, check) == {HEALTHY, UNHEALTHY}


def _seen(client: Any, check: str) -> set[str]:
    found = client.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
    return {each["StatusReport"]["Status"] for each in found}


def test_a_health_check_that_does_not_exist_is_not_found(client: Any) -> None:
    with pytest.raises(client.exceptions.NoSuchHealthCheck):
        client.get_health_check_status(HealthCheckId="none")


def test_a_calculated_health_check_has_no_status_of_its_own(double: Double, client: Any) -> None:
    check = double.add_health_check({"Type": "CALCULATED", "HealthThreshold": 1})
    code, _ = outcome(lambda: client.get_health_check_status(HealthCheckId=check))
    assert code == "InvalidInput"


# What others do


def test_somebody_elses_edit_is_held_to_the_same_rules(double: Double, zone: str) -> None:
    double.edit(zone, create(WWW))
    assert [applied.foreign for applied in double.history] == [True]
    with pytest.raises(AssertionError, match="but it already exists"):
        double.edit(zone, create(WWW))


def test_what_stands_in_a_zone_need_not_be_what_it_would_take(
    double: Double, zone: str, client: Any
) -> None:
    odd = record_set("www.example.com.", "A", "192.0.2.1", "192.0.2.2", SetIdentifier="a", Weight=1)
    double.put(zone, odd)
    assert client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"][2] == odd
    change(client, zone, delete(odd), upsert(WWW))
    assert double.record_sets(zone)[2:] == [WWW]
