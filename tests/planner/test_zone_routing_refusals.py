"""What Route 53 never holds is refused in routed sets, aliases and health checks, with its line."""

from __future__ import annotations

from textwrap import dedent

import pytest

from planner.zone_yaml import parse_zone_yaml
from plans.errors import Invalid

COLLECTION = "12345678-1234-1234-1234-123456789abc"
LB = "{zone: Z35SXDOTRQ7X7K, name: lb-1.us-east-1.elb.amazonaws.com., evaluate_health: true}"
OURS = "{zone: self, name: mail.example.com., evaluate_health: false}"


def problems(text: str) -> list[str]:
    """Each problem as ``line: reason``."""
    with pytest.raises(Invalid) as caught:
        parse_zone_yaml(dedent(text).encode(), "z", "example.com.", escaped_semicolons=None)
    assert caught.value.rule == "desired-state"
    return [problem.removeprefix("z:") for problem in caught.value.problems]


def of_set(keys: str) -> list[str]:
    """The problems of a set that has an id and these keys, on line 5."""
    return problems(f"www:\n  type: A\n  routing:\n  -\n    {{id: x, {keys}}}\n")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("ttl: 60, value: 192.0.2.1", "a set of routing has no policy: cidr, failover, geo,"),
        ("value: 192.0.2.1, weight: 256", "weight: expected a plain whole number from 0 to 255,"),
        ("value: 192.0.2.1, weight: -1", "weight: expected a plain whole number"),
        ("value: 192.0.2.1, weight: 01", "weight: expected a plain whole number"),
        ("value: 192.0.2.1, weight: '5'", "weight: expected a plain whole number from 0 to 255, f"),
        ("value: 192.0.2.1, weight: ", "weight: expected a plain whole number from 0 to 255, f"),
        ("value: 192.0.2.1, weight: [5]", "weight: expected a plain whole number from 0 to 255, f"),
        ("value: 192.0.2.1, weight: *a", "alias *a: write it out"),
        ("value: 192.0.2.1, region: Dublin", "region: expected a Region such as eu-west-1, found"),
        ("value: 192.0.2.1, failover: primary", "failover: expected PRIMARY or SECONDARY"),
        ("value: 192.0.2.1, multivalue: yes", "multivalue: expected true or false, found 'yes'"),
        (
            "value: 192.0.2.1, multivalue: 'true'",
            "multivalue: expected true or false, found 'true'",
        ),
        ("value: 192.0.2.1, geo: EU", "geo: expected a map, found text"),
        ("value: 192.0.2.1, geo: *a", "alias *a: write it out"),
        ("value: 192.0.2.1, geo: {}", "geo: expected continent, or country, or country and sub"),
        ("value: 192.0.2.1, geo: {continent: EU, country: DE}", "geo: expected continent, or"),
        ("value: 192.0.2.1, geo: {subdivision: TX}", "geo: expected continent, or country, or"),
        ("value: 192.0.2.1, geo: {continent: XX}", "geo continent: expected AF, AN, AS, EU, NA,"),
        ("value: 192.0.2.1, geo: {country: de}", "geo country: expected two capital letters"),
        ("value: 192.0.2.1, geo: {country: }", "geo country: expected two capital letters"),
        ("value: 192.0.2.1, geo: {country: *a}", "alias *a: write it out"),
        ("value: 192.0.2.1, geo: {country: US, subdivision: Texas}", "geo subdivision: expected a"),
        ("value: 192.0.2.1, geo: {country: DE, subdivision: BY}", "geo: Route 53 has subdivisions"),
        ("value: 192.0.2.1, geo: {country: DE, city: Ulm}", "unknown key 'city' in geo"),
        ("value: 192.0.2.1, geoproximity: {bias: 1}", "geoproximity: expected region, or local_z"),
        ("value: 192.0.2.1, geoproximity: {region: r, local_zone: z}", "geoproximity: expected r"),
        ("value: 192.0.2.1, geoproximity: {region: r, bias: 100}", "geoproximity bias: expected a"),
        ("value: 192.0.2.1, geoproximity: {region: r, bias: +5}", "geoproximity bias: expected a"),
        ("value: 192.0.2.1, geoproximity: {coordinates: 1}", "coordinates: expected a map, found"),
        (
            "value: 192.0.2.1, geoproximity: {coordinates: {latitude: 1}}",
            "coordinates: expected latitude and longitude; found latitude",
        ),
        (
            "value: 192.0.2.1, geoproximity: {coordinates: {latitude: 90.01, longitude: 1}}",
            "coordinates latitude: expected degrees from -90 to 90",
        ),
        (
            "value: 192.0.2.1, geoproximity: {coordinates: {latitude: 1.001, longitude: 1}}",
            "coordinates latitude: expected degrees from -90 to 90 with at most two decimals",
        ),
        (
            "value: 192.0.2.1, geoproximity: {coordinates: {latitude: 1, longitude: -181}}",
            "coordinates longitude: expected degrees from -180 to 180",
        ),
        ("value: 192.0.2.1, cidr: {collection: c, location: x}", "cidr collection: expected a C"),
        (f"value: 192.0.2.1, cidr: {{collection: {COLLECTION}}}", "cidr: expected collection and"),
        ("value: 192.0.2.1, weight: 1, health_check: ''", "health_check: expected a health check"),
        ("value: 192.0.2.1, weight: 1, colour: red", "unknown key 'colour' in a set of routing"),
        ("value: 192.0.2.1, weight: 1, type: A", "unknown key 'type' in a set of routing"),
        ("value: 192.0.2.1, weight: 1, region: r", "region beside weight: a set has one policy"),
        ("weight: 1", "value or values is missing"),
        ("weight: 1, value: 192.0.2.256", "A value '192.0.2.256'"),
        ("weight: 1, value: 192.0.2.1, ttl: 1h", "ttl: expected a plain whole number of seconds"),
        ("failover: PRIMARY, value: 192.0.2.1", "a PRIMARY with values needs a health_check"),
        (f"multivalue: true, alias: {OURS}", "multivalue: Route 53 has no such aliases"),
        (f"weight: 1, alias: {OURS}, ttl: 60", "ttl beside alias: an alias has the TTL and the v"),
        (f"weight: 1, alias: {OURS}, value: 192.0.2.1", "value beside alias: an alias has the TTL"),
        (f"weight: 1, alias: {OURS}, values: [192.0.2.1]", "values beside alias: an alias has the"),
        ("weight: 1, alias: mail.example.com.", "alias: expected a map, found text"),
        ("weight: 1, alias: *a", "alias *a: write it out"),
        (
            "weight: 1, alias: {zone: self, name: mail.example.com.}",
            "alias: expected zone and name and evaluate_health; found zone and name",
        ),
        (
            f"weight: 1, alias: {OURS.replace('false', 'no')}",
            "alias evaluate_health: expected true",
        ),
        (f"weight: 1, alias: {OURS.replace('self', 'own')}", "alias zone: expected self, or a ho"),
        (
            f"weight: 1, alias: {OURS.replace('com.', 'com')}",
            "alias: name 'mail.example.com' has n",
        ),
        (
            f"weight: 1, alias: {OURS.replace('com.', 'net.')}",
            "alias: mail.example.net. is outside",
        ),
        (f"weight: 1, alias: {OURS.replace('mail', 'WWW')}", "alias: www.example.com. would be an"),
    ],
)
def test_a_set_that_route_53_never_has_is_refused(keys: str, reason: str) -> None:
    [problem] = of_set(keys)
    assert problem.startswith(f"5: {reason}"), problem


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "a set of routing has no id"),
        ("id: , ", "id: expected 1 to 128 characters"),
        ("id: '', ", "id: expected 1 to 128 characters"),
        (f"id: {'x' * 129}, ", "id: expected 1 to 128 characters"),
        ('id: "a\\0", ', "id: expected 1 to 128 characters, no control characters"),
        ("id: [x], ", "id: expected 1 to 128 characters, no control characters, found a list"),
        ("id: *x, ", "alias *x: write it out"),
    ],
)
def test_a_set_that_cannot_be_told_apart_is_refused(written: str, reason: str) -> None:
    text = f"www: {{type: A, routing: [{{{written}value: 192.0.2.1, weight: 1}}]}}\n"
    [problem] = problems(text)
    assert problem.startswith(f"1: {reason}"), problem


def together(*sets: str, rdtype: str = "A") -> list[str]:
    """The problems of such sets, from line 4 on, each with an address if it says no other."""
    lines = "".join(
        f"  - {{{each}}}\n" if "alias" in each else f"  - {{value: 192.0.2.1, {each}}}\n"
        for each in sets
    )
    return problems(f"www:\n  type: {rdtype}\n  routing:\n{lines}")


def test_sets_that_cannot_stand_together_are_refused() -> None:
    both = "all sets of a name and type have one policy"
    assert together("id: a, weight: 1", "id: b, region: r", "id: c, weight: 2") == [
        f"5: region beside weight at line 4: {both}"
    ]
    assert together("id: a, weight: 1", "id: a, weight: 1", "id: a, weight: 1") == [
        "5: id 'a' is here twice, first at line 4",
        "6: id 'a' is here twice, first at line 4",
    ]
    ttl = "weighted sets of a name and type have one TTL"
    assert together(
        "id: a, weight: 1, ttl: 60", f"id: b, weight: 1, alias: {OURS}", "id: c, weight: 1, ttl: 61"
    ) == [f"6: ttl 61 beside 60 at line 4: {ttl}"]


@pytest.mark.parametrize(
    ("policy", "place"),
    [
        ("region: eu-west-1", "region=eu-west-1"),
        ("failover: SECONDARY", "failover=SECONDARY"),
        ("geo: {country: '*'}", "geo_country=*"),
        ("geo: {country: US, subdivision: TX}", "geo_country=US geo_subdivision=TX"),
        ("geoproximity: {region: r, bias: 5}", "geoproximity_bias=5 geoproximity_region=r"),
        (f"cidr: {{collection: {COLLECTION}, location: x}}", f"cidr={COLLECTION}:x"),
    ],
)
def test_two_sets_for_one_place_are_refused(policy: str, place: str) -> None:
    found = together(
        f"id: a, {policy}, health_check: h", f"id: b, {policy}", f"id: c, {policy}, alias: {LB}"
    )
    assert found == [
        f"5: {place} is here twice, first at line 4",
        f"6: {place} is here twice, first at line 4",
    ]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("type: A, routing: []", "routing: expected a list of sets, found an empty one"),
        ("type: A, routing: ", "routing: expected a list of sets, found nothing"),
        ("type: A, routing: {id: x}", "routing: expected a list of sets, found a map"),
        ("type: A, routing: *a", "alias *a: write it out"),
        ("type: A, routing: [x]", "routing: expected a set's map, found text"),
        ("type: A, routing: [*a]", "alias *a: write it out"),
        ("type: ALIAS, routing: [{id: x}]", "type ALIAS is not managed"),
        ("routing: [{id: x}]", "type is missing"),
        ("type: A, value: 192.0.2.1, weight: 1", "weight belongs into a set of routing"),
        ("type: A, value: 192.0.2.1, id: x", "id belongs into a set of routing"),
        (f"type: NS, alias: {OURS}", "alias: Route 53 has none of type NS"),
        (f"type: LOC, alias: {OURS}", "alias: Route 53 has none of type LOC"),
        (f"type: A, alias: {OURS}, ttl: 60", "ttl beside alias: an alias has the TTL"),
        (f"type: A, alias: {OURS}, health_check: ", "health_check: expected a health check's id"),
        ("type: A, value: 192.0.2.1, health_check: a b", "health_check: expected a health check's"),
        ("type: A, health_check: h", "value or values is missing"),
        ("type: A, value: 192.0.2.1, health_check: *h", "alias *h: write it out"),
    ],
)
def test_a_record_that_leaves_its_routing_open_is_refused(record: str, reason: str) -> None:
    [problem] = problems(f"ok: {{type: A, value: 192.0.2.1}}\nwww: {{{record}}}\n")
    assert problem.startswith(f"2: {reason}"), problem


@pytest.mark.parametrize(
    "beside",
    ["ttl: 60", "value: 192.0.2.1", "values: [192.0.2.1]", "health_check: h", f"alias: {OURS}"],
)
def test_what_belongs_into_each_set_is_refused_beside_them(beside: str) -> None:
    sets = "routing: [{id: x, value: 192.0.2.1, weight: 1}]"
    [problem] = problems(f"www: {{type: A, {sets}, {beside}}}\n")
    key = beside.partition(":")[0]
    assert problem == f"1: {key} beside routing: it belongs into each set"


@pytest.mark.parametrize("rdtype", ["NS", "DS", "LOC", "DNAME", "URI", "OPENPGPKEY"])
def test_a_type_that_route_53_does_not_route_is_refused(rdtype: str) -> None:
    found = problems(f"www: {{type: {rdtype}, routing: [{{id: x, weight: 1, alias: {LB}}}]}}\n")
    assert f"1: routing: Route 53 routes no records of type {rdtype}" in found


def test_a_multivalue_cname_is_refused() -> None:
    sets = "routing: [{id: x, value: a.example.net., multivalue: true}]"
    assert problems(f"www: {{type: CNAME, {sets}}}\n") == [
        "1: multivalue: Route 53 has no such CNAME"
    ]


def test_a_name_is_routed_or_simple_and_a_cname_stands_alone_routed_too() -> None:
    routed = "{type: A, routing: [{id: x, value: 192.0.2.1, weight: 1}]}"
    simple = "{type: A, value: 192.0.2.1}"
    assert problems(f"www:\n- {simple}\n- {routed}\n- {routed}\n") == [
        "3: www.example.com. A is here twice, first at line 2",
        "4: www.example.com. A is here twice, first at line 2",
    ]
    cname = "{type: CNAME, routing: [{id: x, value: a.example.net., weight: 1}]}"
    assert problems(f"www:\n- {routed}\n- {cname}\n") == [
        "3: www.example.com. has CNAME beside A (RFC 2181 section 10.1), see line 2"
    ]
    assert problems(f"'': {cname}\n")[0].startswith("1: CNAME at the apex: ")
    two = cname.replace("value: a.example.net.", "values: [a.example.net., b.example.net.]")
    assert problems(f"www: {two}\n") == ["1: www.example.com. CNAME has 2 values; one is allowed"]


def test_every_problem_is_reported_at_once_with_its_line() -> None:
    found = problems(
        f"""\
        www:
          type: A
          routing:
            - id: a
              weight: 300
              value: 192.0.2.256
            - weight: 1
              geo: {{continent: EU, city: Ulm}}
              alias: {{zone: self, name: mail}}
              ttl: 60
        www.a.b..: {{type: A, alias: {OURS}, ttl: 1}}
        """
    )
    assert [int(problem.partition(":")[0]) for problem in found] == [5, 6, 7, 8, 8, 9, 10, 11, 11]
