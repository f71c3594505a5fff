"""A zone whose dynamic records octoDNS keeps in Route 53 needs no change under planfence, nor back.

octoDNS is the one installed, in this process, at the strict double; so is planfence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from octodns.record.geo import GeoCodes
from octodns.record.geo_data import geo_data

from planner.geo_codes import codes, place
from planner.zone_yaml import parse_zone_yaml
from plans.kinds.dns import RecordKey, Records, diff
from tests.differential.by_octodns import DEPRECATED, Route53AtDouble, desired
from tests.enactor.hosted import Hosted
from tests.planner.dynamic_zones import EXAMPLE, ZONE, Tree, generated, text_of, with_checks

pytestmark = pytest.mark.filterwarnings(DEPRECATED)

ALIASES: Tree = {
    "target": [{"type": "A", "value": "192.0.2.1"}, {"type": "AAAA", "value": "2001:db8::1"}],
    "": [
        {"type": "A", "value": "192.0.2.2"},
        {
            "type": "Route53Provider/ALIAS",
            "value": {"type": "AAAA", "name": "target", "evaluate-target-health": True},
        },
    ],
    "both": {
        "type": "Route53Provider/ALIAS",
        "ttl": 942942942,
        "values": [{"type": "A", "name": "target"}, {"type": "AAAA", "name": "target"}],
    },
    "cdn": {
        "type": "Route53Provider/ALIAS",
        "value": {
            "type": "A",
            "name": "d1.cloudfront.net.",
            "hosted-zone-id": "Z2FDTNDATAQYW2",
            "evaluate-target-health": False,
        },
    },
    "up": {"type": "Route53Provider/ALIAS", "value": {"type": "A", "name": None}},
}


def records_of(zone: Tree) -> dict[RecordKey, Records]:
    data = text_of(zone).encode()
    return parse_zone_yaml(data, "zone.yaml", ZONE, escaped_semicolons=False).records


def left_to_octodns(hosted: Hosted, folder: Path, zone: Tree) -> list[Any]:
    """What octoDNS would change, but for planfence's fence, which it knows nothing of."""
    wanted = desired(folder, ZONE, text_of(zone), escaped_semicolons=False)
    plan = Route53AtDouble(hosted.double).plan(wanted)
    changes = plan.changes if plan is not None else []
    return [change for change in changes if change.record.name != "_planfence"]


def sets(hosted: Hosted) -> list[dict[str, Any]]:
    """Every record set as the service has it, but for SOA, NS and fence."""
    return [
        each
        for each in hosted.double.record_sets(hosted.zone_id)
        if each["Type"] not in {"SOA", "NS"} and not each["Name"].startswith("_planfence.")
    ]


def handed_over(folder: Path, zone: Tree) -> int:
    """octoDNS makes the zone, planfence takes it over, makes it anew, and octoDNS takes it back.

    Returns:
        How many record sets it has.
    """
    hosted = Hosted()
    octodns = Route53AtDouble(hosted.double)
    octodns.apply(octodns.plan(desired(folder, ZONE, text_of(zone), escaped_semicolons=False)))
    by_octodns = sets(hosted)
    zone = with_checks(zone, by_octodns)
    hosted.desired.records = records_of(zone)
    assert diff(ZONE, hosted.desired.records, hosted.view().observe().state) == ()
    published = hosted.publish()
    assert [step.changes for wave in published.plan.waves for step in wave.targets[0].steps] == [()]
    assert hosted.enact(published).outcome == "applied"
    assert sets(hosted) == by_octodns
    assert left_to_octodns(hosted, folder, zone) == []
    hosted.edit(*(("DELETE", each) for each in by_octodns))
    hosted.applied()
    assert [without_order(each) for each in sets(hosted)] == [
        without_order(each) for each in by_octodns
    ]
    assert left_to_octodns(hosted, folder, zone) == []
    return len(by_octodns)


def without_order(raw: dict[str, Any]) -> dict[str, Any]:
    """The order of values, and the letters of names in them, are no part of a record set."""
    values = raw.get("ResourceRecords")
    if values is None:
        return raw
    return {**raw, "ResourceRecords": sorted(each["Value"].lower() for each in values)}


def test_an_example_changes_hands_without_a_change(tmp_path: Path) -> None:
    assert handed_over(tmp_path, EXAMPLE) == 19


def test_aliases_of_octodns_change_hands_without_a_change(tmp_path: Path) -> None:
    assert handed_over(tmp_path, ALIASES) == 8


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_forty_generated_zones_change_hands_without_a_change(tmp_path: Path, first: int) -> None:
    for seed in range(first, first + 10):
        assert handed_over(tmp_path, generated(seed)) > 3, seed


def test_the_geo_codes_are_octodns_own() -> None:
    known = {
        code
        for continent, countries in geo_data.items()
        for code in (
            continent,
            *(f"{continent}-{country}" for country in countries),
            *(
                f"{continent}-{country}-{province}"
                for country, more in countries.items()
                for province in more.get("provinces", ())
            ),
        )
    }
    assert codes() == known


def test_a_geo_code_is_the_place_that_octodns_makes_of_it() -> None:
    refused = set()
    for code in codes():
        parts = GeoCodes.parse(code)
        continent, country, province = parts.values()
        try:
            found = dict(each.split("=") for each in place(code))
        except ValueError:
            refused.add(code)
            continue
        if country is None:
            assert found == {"geo_continent": continent}
        elif province is None:
            assert found == {"geo_country": country}
        else:
            assert found == {"geo_country": country, "geo_subdivision": province}
    canada = {code for code in codes() if code.startswith("NA-CA-")}
    assert refused == {"AN-BV", "AS-CX", "AF-EH", "AN-HM"} | canada
