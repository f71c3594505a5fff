"""``Route53Provider/ALIAS`` is read as the aliases that octodns-route53 writes, or refused.

That octoDNS writes the same is proven in ``test_zone_dynamic_octodns.py``.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

from planner.zone_yaml import parse_zone_yaml
from plans.errors import Invalid
from plans.kinds.dns import RecordKey, Records

ZONE = "example.com."
ALB = "lb-1.eu-west-1.elb.amazonaws.com."


def read(text: str) -> dict[RecordKey, Records]:
    data = dedent(text).encode()
    return parse_zone_yaml(data, "zone.yaml", ZONE, escaped_semicolons=None).records


def problems(value: str, more: str = "") -> list[str]:
    with pytest.raises(Invalid) as caught:
        read(f"x: {{type: Route53Provider/ALIAS, value: {value}{more}}}\n")
    return [problem.removeprefix("zone.yaml:") for problem in caught.value.problems]


def test_each_value_is_an_alias_of_its_own_type() -> None:
    text = f"""
        '':
          type: Route53Provider/ALIAS
          ttl: 942942942
          octodns: {{lenient: true}}
          values:
            - {{type: A, name: www, evaluate-target-health: true, hosted-zone-id: null}}
            - type: AAAA
              name: {ALB}
              hosted-zone-id: Z32O12XQLNTSW2
              evaluate-target-health: false
        www: {{type: Route53Provider/ALIAS, value: {{type: A}}}}
        top: {{type: Route53Provider/ALIAS, value: {{type: TXT, name: ''}}}}
    """
    assert read(text) == {
        RecordKey(ZONE, "A"): Records(0, (), ("alias=self:www.example.com.:true",)),
        RecordKey(ZONE, "AAAA"): Records(0, (), (f"alias=Z32O12XQLNTSW2:{ALB}:false",)),
        RecordKey("www.example.com.", "A"): Records(0, (), ("alias=self:example.com.:false",)),
        RecordKey("top.example.com.", "TXT"): Records(0, (), ("alias=self:example.com.:false",)),
    }


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("www", "Route53Provider/ALIAS value: expected a map, found text"),
        ("*a", "alias *a: write it out"),
        ("{type: *a}", "alias *a: write it out"),
        ("{type: [A]}", "Route53Provider/ALIAS type: expected text, found a list"),
        ("{name: www}", "Route53Provider/ALIAS: type is missing"),
        ("{type: NS}", "Route53Provider/ALIAS: type 'NS' is no alias's"),
        ("{type: A, names: www}", "Route53Provider/ALIAS: unknown key 'names'"),
        (
            "{type: A, evaluate-target-health: yes}",
            "Route53Provider/ALIAS: evaluate-target-health: expected true or false, found yes",
        ),
        (
            f"{{type: A, name: {ALB}}}",
            f"Route53Provider/ALIAS: '{ALB}' is a service's, and needs its hosted-zone-id",
        ),
        (
            f"{{type: A, name: {ALB}, hosted-zone-id: self}}",
            f"Route53Provider/ALIAS: '{ALB}' is a service's, and needs its hosted-zone-id",
        ),
        (
            f"{{type: A, name: {ALB}x, hosted-zone-id: Z1}}",
            f"Route53Provider/ALIAS: name '{ALB}x' has no final dot",
        ),
        (
            "{type: A, name: www, hosted-zone-id: Z1}",
            "Route53Provider/ALIAS: hosted-zone-id 'Z1' goes with a service's name only",
        ),
        *(
            (
                f"{{type: A, name: '{name}'}}",
                f"Route53Provider/ALIAS: '{name}' is neither a service's name with its final dot",
            )
            for name in ("www.example.com.", "@", ALB[:-1])
        ),
    ],
)
def test_an_alias_that_does_not_say_where_it_points_is_refused(value: str, reason: str) -> None:
    [found] = problems(value)
    assert found.startswith(f"1: {reason}")


@pytest.mark.parametrize("more", ["alias: {}", "dynamic: {}", "health_check: x", "routing: []"])
def test_what_an_alias_of_octodns_cannot_have_is_refused(more: str) -> None:
    key = more.partition(":")[0]
    assert problems("{type: A}", f", {more}") == [
        f"1: {key} does not go with Route53Provider/ALIAS"
    ]


@pytest.mark.parametrize("more", ["ttl: x", "octodns: {ignored: true}", "color: red"])
def test_the_rest_of_its_record_is_held_to_what_every_record_is(more: str) -> None:
    assert len(problems("{type: A}", f", {more}")) == 1


def test_an_alias_beside_a_record_of_its_type_is_refused() -> None:
    text = """
        x:
          - {type: A, value: 192.0.2.1}
          - {type: Route53Provider/ALIAS, values: [{type: AAAA}, {type: A}]}
    """
    with pytest.raises(Invalid) as caught:
        read(text)
    assert list(caught.value.problems) == [
        "zone.yaml:4: x.example.com. A is here twice, first at line 3"
    ]
    with pytest.raises(Invalid):
        read("a..b: {type: Route53Provider/ALIAS, value: {type: A}}\n")
