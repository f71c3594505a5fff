"""Routing policies and aliases, read and written as they are."""

from __future__ import annotations

from typing import Any

from plans.kinds.dns import RecordKey, Records, apply_changes, diff
from plans.observed.route53_sets import read_set
from tests.builders import ZONE, a, a_fence
from tests.enactor.hosted import (
    FENCE_NAME,
    FIRST,
    NEXT,
    WWW,
    Hosted,
    actions,
    many,
    simple,
    step,
)

# Every routing policy


CHECK = {"Type": "HTTPS", "FullyQualifiedDomainName": "www.example.com"}
COLLECTION = "12345678-1234-1234-1234-123456789abc"


def policies(hosted: Hosted) -> dict[str, dict[str, Any]]:
    """Two sets of every routing policy, aliases and health checks among them."""
    check = hosted.double.add_health_check(CHECK)
    target = {
        "HostedZoneId": hosted.zone_id,
        "DNSName": f"mail.{ZONE}",
        "EvaluateTargetHealth": True,
    }
    near = {"Latitude": "49.22", "Longitude": "-74.01"}
    members: dict[str, list[dict[str, Any]]] = {
        "weighted": [{"Weight": 0}, {"Weight": 255, "HealthCheckId": check}],
        "latency": [{"Region": "eu-west-1"}, {"Region": "us-east-1"}],
        "failover": [{"Failover": "PRIMARY", "HealthCheckId": check}, {"Failover": "SECONDARY"}],
        "geo": [{"GeoLocation": {"CountryCode": "*"}}, {"GeoLocation": {"ContinentCode": "EU"}}],
        "near": [
            {"GeoProximityLocation": {"AWSRegion": "eu-west-1", "Bias": 10}},
            {"GeoProximityLocation": {"Coordinates": near}},
        ],
        "multi": [{"MultiValueAnswer": True}, {"MultiValueAnswer": True, "HealthCheckId": check}],
        "cidr": [
            {"CidrRoutingConfig": {"CollectionId": COLLECTION, "LocationName": "*"}},
            {"CidrRoutingConfig": {"CollectionId": COLLECTION, "LocationName": "site-1"}},
        ],
    }
    sets = {
        f"{label} {number}": {
            **simple(label, f"192.0.2.{number}"),
            "SetIdentifier": str(number),
            **each,
        }
        for label, pair in members.items()
        for number, each in enumerate(pair)
    }
    sets["mail"] = simple("mail")
    sets["plain"] = {**simple("plain", "192.0.2.1", "192.0.2.2"), "HealthCheckId": check}
    sets["alias"] = {"Name": f"alias.{ZONE}", "Type": "A", "AliasTarget": target}
    for number in (1, 2):
        sets[f"weighted alias {number}"] = {
            "Name": f"walias.{ZONE}",
            "Type": "A",
            "SetIdentifier": str(number),
            "Weight": number,
            "AliasTarget": target,
        }
    return sets


def test_every_routing_policy_is_read_planned_unchanged_deleted_and_created_exactly() -> None:
    hosted = Hosted()
    sets = policies(hosted)
    hosted.edit(*(("CREATE", each) for each in sets.values()))
    before = hosted.double.record_sets(hosted.zone_id)
    state = hosted.state()
    assert len(state) == len(sets)
    # Read: planned unchanged, so that only the fence is raised.
    published = hosted.publish(state)
    assert published.plan.summary.model_dump() == {"creates": 0, "updates": 0, "deletes": 0}
    assert hosted.enact(published).outcome == "applied"
    assert hosted.plan().outcome == "unchanged"
    # Deleted, all but one, and created again.
    hosted.applied(a("other"))
    assert hosted.state() == a("other")
    hosted.applied(state)
    after = hosted.double.record_sets(hosted.zone_id)
    assert [each for each in after if each["Name"] != FENCE_NAME] == before


def test_an_attribute_is_changed_by_replacing_its_set() -> None:
    hosted = Hosted()
    hosted.edit(*(("CREATE", each) for each in policies(hosted).values()))
    state = hosted.state()
    hosted.applied(state)
    key = RecordKey(f"weighted.{ZONE}", "A", "1")
    lighter = Records(300, ("192.0.2.1",), (state[key].attributes[0], "weight=7"))
    hosted.applied({**state, key: lighter})
    assert hosted.state() == {**state, key: lighter}
    assert actions(hosted.double.history[-1])[1:] == [
        ("DELETE", "weighted"),
        ("CREATE", "_planfence"),
        ("CREATE", "weighted"),
    ]


def test_a_policy_is_exchanged_for_another_in_one_batch() -> None:
    hosted = Hosted()
    weighted = {
        RecordKey(WWW.name, "A", str(number)): Records(300, (f"192.0.2.{number}",), ("weight=1",))
        for number in (1, 2)
    }
    hosted.applied(weighted)
    regions = {
        RecordKey(WWW.name, "A", region): Records(300, ("192.0.2.1",), (f"region={region}",))
        for region in ("eu-west-1", "us-east-1")
    }
    hosted.applied(regions)
    assert hosted.state() == regions
    hosted.applied(a("www"))
    assert hosted.state() == a("www")
    assert len(hosted.double.history) == 1 + 3


def test_one_desired_state_fits_two_hosted_zones_of_one_name() -> None:
    zones = [Hosted(), Hosted()]
    zones[1].zone_id = zones[1].double.add_zone(ZONE)  # a private one, say
    wanted = {
        **a("www"),
        RecordKey(f"alias.{ZONE}", "A"): Records(0, (), (f"alias=self:www.{ZONE}:true",)),
    }
    for hosted in zones:
        view = hosted.open()
        view.apply((), expected=None, fence=FIRST)
        step(hosted, *diff(ZONE, wanted, {}))
        [stored] = hosted.raw(f"alias.{ZONE}")
        assert stored["AliasTarget"]["HostedZoneId"] == hosted.zone_id
        assert diff(ZONE, wanted, hosted.view().observe().state) == ()
        # Gone again, named to the letter.
        target = hosted.open()
        target.observe()
        last = a_fence(step=3, attempt="9" * 32)
        step(hosted, *diff(ZONE, a("www"), wanted), target=target, expected=NEXT, fence=last)
        assert hosted.state() == a("www")
    assert zones[0].zone_id != zones[1].zone_id


def test_a_target_reads_what_it_wrote() -> None:
    hosted = Hosted()
    wanted = {
        **a("www"),
        **many("h", 700),
        RecordKey(f"*.{ZONE}", "TXT"): Records(60, ('"a\\195"',)),
    }
    hosted.applied(wanted)
    observed = hosted.view().observe().state
    assert diff(ZONE, wanted, observed) == ()
    assert apply_changes(observed, ()) == observed
    sets = [each for each in hosted.double.record_sets(hosted.zone_id) if each["Name"] != ZONE]
    assert all(read_set(each).exact for each in sets)
