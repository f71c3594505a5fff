"""Routing policies, aliases and health checks from the command: written, dumped, changed by hand.

What ``dump`` prints is, as a desired state, what is live; and so it stays after a plan of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from planner.zone_yaml import parse_zone_yaml
from plans.kinds.dns import RecordKey, Records
from tests.doubles.route53 import hooks
from tests.doubles.route53.core import Settings as Service
from tests.doubles.route53.double import Double
from tests.planfence.hosted_zone import NS, TWO_TARGETS, ZONE, Cloud, simple
from tests.planfence.project import STREAM, Project

EXAMPLE = Path(__file__).parents[2] / "examples/routing/example.com.yaml"
DESIRED = "zones/example.com.yaml"
CHECK = {"Type": "HTTPS", "FullyQualifiedDomainName": "www.example.com"}
WEIGHTED = (
    "w: {type: A, routing: [{id: one, ttl: 60, value: 192.0.2.1, weight: 1}]}\n"
    "www: {type: A, ttl: 60, value: 192.0.2.2}\n"
)


@pytest.fixture
def cloud(project: Project) -> Iterator[Cloud]:
    double = Double(project.clock, Service(insync_after_seconds=20))
    for _ in range(2):
        double.add_health_check(CHECK)  # those that the example names
    with hooks.serving(double):
        yield Cloud(project, double, double.add_zone(ZONE))


def read(text: str) -> dict[RecordKey, Records]:
    return parse_zone_yaml(text.encode(), "z", ZONE, escaped_semicolons=None).records


def dumped_is_live(cloud: Cloud) -> str:
    """What ``dump`` prints, which plans to ``unchanged`` as the desired state."""
    text = cloud.project.ok("dump", STREAM).out
    cloud.desire(text)
    assert cloud.project.ok("plan", STREAM).out.startswith("unchanged: ")
    return text


def stored(cloud: Cloud, label: str) -> list[dict[str, Any]]:
    sets = cloud.double.record_sets(cloud.zone_id)
    return [each for each in sets if each["Name"] == f"{label}.{ZONE}"]


def test_every_policy_is_enacted_and_dumped_and_then_unchanged(cloud: Cloud) -> None:
    example = EXAMPLE.read_text(encoding="utf-8")
    cloud.start(example)
    cloud.go()
    members = {name for each in cloud.double.record_sets(cloud.zone_id) for name in each}
    assert members >= {
        *("AliasTarget", "CidrRoutingConfig", "Failover", "GeoLocation", "GeoProximityLocation"),
        *("HealthCheckId", "MultiValueAnswer", "Region", "SetIdentifier", "Weight"),
    }
    assert cloud.project.ok("plan", STREAM).out.startswith("unchanged: ")
    assert "nothing changed by hand" in cloud.project.ok("drift", STREAM).out
    apex_ns = RecordKey(ZONE, "NS")  # the service's own, which the example leaves alone
    found = read(dumped_is_live(cloud))
    assert found.pop(apex_ns).values
    assert found == read(example)


def test_a_zone_that_somebody_routed_is_taken_over_without_a_change_of_a_record(
    cloud: Cloud,
) -> None:
    check = cloud.double.add_health_check(CHECK)
    target = {"DNSName": f"www.{ZONE}", "EvaluateTargetHealth": False}
    own = {"AliasTarget": {"HostedZoneId": cloud.zone_id, **target}}
    geo = {"GeoLocation": {"CountryCode": "*"}, "SetIdentifier": 'Rest of "World"'}
    cloud.edit(
        ("CREATE", {**simple("www", "192.0.2.1"), "HealthCheckId": check}),
        ("CREATE", {"Name": f"alias.{ZONE}", "Type": "A", **own}),
        ("CREATE", {"Name": f"geo.{ZONE}", "Type": "A", **own, **geo}),
    )
    before = cloud.double.record_sets(cloud.zone_id)
    cloud.configure()
    text = cloud.project.ok("dump", STREAM).out
    assert "zone: self" in text
    assert cloud.zone_id not in text.partition("---\n")[2]
    cloud.desire(text)
    cloud.project.ok("init")
    document = cloud.project.ok("plan", STREAM, "--format", "json").json
    assert document["summary"] == {"creates": 0, "updates": 0, "deletes": 0}
    cloud.project.approve(1)
    assert cloud.project.enact(1).code == 0
    after = cloud.double.record_sets(cloud.zone_id)
    assert [each for each in after if "_planfence" not in each["Name"]] == before
    assert dumped_is_live(cloud) == text


def test_a_routed_set_changed_by_hand_is_drift_and_its_undoing_is_marked(cloud: Cloud) -> None:
    project = cloud.project
    cloud.start(EXAMPLE.read_text(encoding="utf-8"))
    cloud.go()
    [blue, green] = stored(cloud, "www")
    [ireland, *_] = stored(cloud, "cdn")
    near = {"GeoProximityLocation": {"AWSRegion": "eu-west-1", "Bias": 11}}
    cloud.edit(
        ("DELETE", blue),
        ("CREATE", {**blue, "Weight": 200}),
        ("DELETE", green),
        ("DELETE", ireland),
        ("CREATE", {**ireland, **near}),
    )
    ran = project.run("drift", STREAM, "--detailed-exitcode")
    assert ran.code == 2
    found = " ".join(ran.out.split())
    check = "health_check=00000000-0000-4000-8000-000000000002"
    assert f"- www.example.com. 60 A [green] 192.0.2.20 {check} weight=90" in found
    assert "~ www.example.com. 60 A [blue] - weight=10 + weight=200" in found
    assert (
        "~ cdn.example.com. 60 A [ireland] - geoproximity_bias=10 + geoproximity_bias=11" in found
    )
    lines = project.ok("plan", STREAM).out.splitlines()
    assert [line.split("  (")[0].split(" 192")[0] for line in lines if "(reverts" in line] == [
        "  ~ cdn.example.com. 60 A [ireland]",
        "  ~ www.example.com. 60 A [blue]",
        "  + www.example.com. 60 A [green]",
    ]
    project.approve(2)
    assert project.enact(2).code == 0
    assert stored(cloud, "www") == [blue, green]
    dumped_is_live(cloud)


def test_what_is_routed_is_shown_set_by_set_before_it_is_approved(cloud: Cloud) -> None:
    cloud.start(EXAMPLE.read_text(encoding="utf-8"))
    cloud.project.plan()
    shown = cloud.project.ok("show", STREAM).out
    check = "health_check=00000000-0000-4000-8000-000000000001"
    assert f"  + www.example.com. 60 A [blue] 192.0.2.10 {check} weight=10" in shown
    assert "  + example.com. A alias=self:www.example.com.:true" in shown
    assert "  + shop.example.com. 3600 CNAME [others] www.example.net. geo_country=*" in shown


def test_check_accepts_the_example_and_finds_every_mistake_in_another(cloud: Cloud) -> None:
    project = cloud.project
    project.write(DESIRED, EXAMPLE.read_text(encoding="utf-8"))
    assert "accepted" in project.ok("check", DESIRED).out
    project.write(DESIRED, WEIGHTED.replace("weight: 1", "weight: 300, colour: red"))
    ran = project.run("check", DESIRED)
    assert ran.code == 3
    assert "weight: expected a plain whole number from 0 to 255, found '300'" in ran.out + ran.err
    assert "unknown key 'colour' in a set of routing" in ran.out + ran.err


# What cannot be


def test_a_set_of_a_traffic_policy_is_refused_by_name(cloud: Cloud) -> None:
    made = {"Name": f"tp.{ZONE}", "Type": "A", "TrafficPolicyInstanceId": "t-1"}
    cloud.start(WEIGHTED)
    cloud.double.put(cloud.zone_id, made)
    ran = cloud.project.refused(3, "dump-refused", "dump", STREAM)
    said = "tp.example.com. A has what no desired state can say: traffic_policy_instance=t-1"
    assert said in ran.err


def test_a_zone_file_cannot_hold_a_routed_set(cloud: Cloud) -> None:
    cloud.start(NS + WEIGHTED, TWO_TARGETS)
    ran = cloud.project.refused(3, "set-unrepresentable", "plan", STREAM)
    assert "zonefile:out/a.zone cannot hold w.example.com. A as it is desired" in ran.err


def test_an_alias_by_the_zones_own_id_is_refused_when_planning(cloud: Cloud) -> None:
    alias = f"{{zone: {cloud.zone_id}, name: www.example.com., evaluate_health: false}}"
    cloud.start(f"{WEIGHTED}alias: {{type: A, alias: {alias}}}\n")
    ran = cloud.project.refused(3, "route53-unsupported", "plan", STREAM)
    assert "alias.example.com. A: its alias has the id of the zone that it stands in" in ran.err
    assert "write zone: self" in ran.err


def test_what_the_service_alone_can_know_is_refused_by_it_and_changes_nothing(
    cloud: Cloud,
) -> None:
    cloud.start(f"{WEIGHTED}r: {{type: A, routing: [{{id: x, value: 192.0.2.1, region: eu-1}}]}}\n")
    generation = cloud.project.plan()
    cloud.project.approve(generation)
    ran = cloud.project.enact(generation)
    assert ran.code == 3
    assert "Value 'eu-1' is not facet-valid" in ran.err
    assert "[route53-refused]" in ran.err
    assert stored(cloud, "r") == []
    assert stored(cloud, "w") == []
