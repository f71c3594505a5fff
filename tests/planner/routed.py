"""Random sets for Hypothesis as Route 53 has them: every policy, aliases and health checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from plans.kinds.dns import RecordKey, Records
from plans.kinds.rdata import normal_value
from plans.observed.route53_sets import read_set
from plans.observed.route53_text import name_to_api, value_to_api
from tests.planner.zones import VALUES, ZONE, absolute, labels

ZONE_ID = "Z0123456789ABCDEFGHIJ"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

# Types that have routing. Source: API Reference, ResourceRecordSet, Type.
TYPES = "A AAAA CAA CNAME HTTPS MX NAPTR PTR SPF SRV SSHFP SVCB TLSA TXT".split()

# XML 1.0 has these, and no control characters but white space.
_XML = st.characters(
    exclude_categories=["Cs"],
    exclude_characters=[
        *(chr(code) for code in range(32) if chr(code) not in "\t\n\r"),
        "\ufffe",
        "\uffff",
    ],
)
identifiers = st.one_of(
    st.sampled_from(["blue", "10", "yes", "~", "1e3", " ", "#", "- a", "a: b", "a\nb", "\u2028"]),
    st.text(_XML, min_size=1, max_size=128),
)
_regions = st.sampled_from("eu-west-1 us-east-1 ap-southeast-5 eusc-de-east-1 cn-north-1".split())
_uuids = st.uuids().map(str)


def _degrees(most: int) -> st.SearchStrategy[str]:
    """As many spellings as the service's pattern has."""
    whole = st.integers(-most + 1, most - 1)
    return st.one_of(
        whole.map(str),
        st.tuples(whole, st.integers(0, 99)).map(lambda parts: f"{parts[0]}.{parts[1]:02d}"),
        whole.map(lambda number: f"{number:+}."),
        st.sampled_from([f"-{most}", f"{most}.00", "007", "+0.5"]),
    )


_coordinates = (
    st.fixed_dictionaries({"Latitude": _degrees(90), "Longitude": _degrees(180)})
    .filter(lambda found: len(found["Latitude"]) <= 6 and len(found["Longitude"]) <= 7)
    .filter(lambda found: found["Latitude"] != "007")
)
_places = st.one_of(
    st.fixed_dictionaries({"AWSRegion": _regions}),
    st.fixed_dictionaries({"LocalZoneGroup": st.just("us-west-2-lax-1")}),
    st.fixed_dictionaries({"Coordinates": _coordinates}),
)
_biases: st.SearchStrategy[dict[str, int]] = st.one_of(
    st.just({}), st.integers(-99, 99).map(lambda bias: {"Bias": bias})
)
_countries = st.text(_LETTERS.upper(), min_size=2, max_size=2)

POLICIES: Mapping[str, st.SearchStrategy[Any]] = {
    "Weight": st.integers(0, 255),
    "Region": _regions,
    "Failover": st.sampled_from(["PRIMARY", "SECONDARY"]),
    "MultiValueAnswer": st.booleans(),
    "GeoLocation": st.one_of(
        st.sampled_from("AF AN AS EU NA OC SA".split()).map(lambda code: {"ContinentCode": code}),
        (_countries | st.just("*")).map(lambda code: {"CountryCode": code}),
        st.fixed_dictionaries(
            {
                "CountryCode": st.sampled_from(["US", "UA"]),
                "SubdivisionCode": st.text(_LETTERS.upper() + "0123456789", min_size=1, max_size=3),
            }
        ),
    ),
    "GeoProximityLocation": st.builds(lambda place, bias: {**place, **bias}, _places, _biases),
    "CidrRoutingConfig": st.fixed_dictionaries(
        {
            "CollectionId": _uuids,
            "LocationName": st.just("*") | st.text("abcXYZ019_-", min_size=1, max_size=16),
        }
    ),
}
_ALIKE = ("Weight", "MultiValueAnswer")


def _as_text(place: Any) -> str:
    return json.dumps(place, sort_keys=True)


@st.composite
def _content(draw: st.DrawFn, rdtype: str, ttl: int, *, alias: bool) -> dict[str, Any]:
    if alias:
        zone, name = draw(
            st.one_of(
                st.just((ZONE_ID, absolute(draw(st.lists(labels, max_size=2)), ZONE))),
                st.just(("Z35SXDOTRQ7X7K", "lb-1.us-east-1.elb.amazonaws.com.")),
            )
        )
        evaluate = draw(st.booleans())
        target = {"HostedZoneId": zone, "DNSName": name_to_api(name)}
        return {"AliasTarget": {**target, "EvaluateTargetHealth": evaluate}}
    written = draw(st.lists(VALUES[rdtype], min_size=1, max_size=1 if rdtype == "CNAME" else 3))
    values = sorted({normal_value(rdtype, value, None) for value in written})
    return {
        "TTL": ttl,
        "ResourceRecords": [{"Value": value_to_api(rdtype, value)} for value in values],
    }


@st.composite
def groups(draw: st.DrawFn, number: int = 0) -> list[dict[str, Any]]:
    """The sets of one name and type that Route 53 lets stand together; or one that is simple."""
    policy = draw(st.sampled_from([None, *POLICIES]))
    rdtype = draw(st.sampled_from(TYPES))
    if policy == "MultiValueAnswer" and rdtype == "CNAME":
        rdtype = "A"
    ttl = draw(st.sampled_from([0, 60, 2**31 - 1]))
    name = {"Name": f"_routed-{number}.{ZONE}", "Type": rdtype}
    checks = st.none() | _uuids
    if policy is None:
        alias = draw(st.booleans())
        check = draw(_uuids) if not alias else draw(checks)
        content = draw(_content(rdtype, ttl, alias=alias))
        return [{**name, **content, **({"HealthCheckId": check} if check else {})}]
    places = draw(
        st.lists(
            POLICIES[policy],
            min_size=1,
            max_size=4,
            unique_by=_as_text if policy not in _ALIKE else None,
        )
    )
    found = []
    names = draw(st.lists(identifiers, min_size=4, max_size=4, unique=True))
    for identifier, place in zip(names, places, strict=False):
        alias = policy != "MultiValueAnswer" and draw(st.booleans())
        content = draw(_content(rdtype, ttl, alias=alias))
        must = policy == "Failover" and place == "PRIMARY" and not alias
        check = draw(_uuids if must else checks)
        health = {"HealthCheckId": check} if check else {}
        found.append({**name, "SetIdentifier": identifier, policy: place, **content, **health})
    return found


def as_a_state(sets: list[dict[str, Any]]) -> dict[RecordKey, Records]:
    """What ``ZONE_ID`` is read as, if it holds these sets."""
    return {each.key: each.records for each in (read_set(raw, ZONE_ID) for raw in sets)}


routed_sets = st.integers(1, 3).flatmap(
    lambda count: st.tuples(*(groups(number) for number in range(count))).map(
        lambda found: [raw for group in found for raw in group]
    )
)
