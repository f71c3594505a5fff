"""``routing``, ``alias`` and ``health_check`` are read as the very attributes of Route 53's sets.

That they come back from a dump, whatever they are: ``test_zone_dump_routing.py``; what is refused:
``test_zone_routing_refusals.py``.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from planner.zone_yaml import parse_zone_yaml
from plans.kinds.dns import RecordKey, Records
from plans.observed.route53_sets import raw_set

ROOT = Path(__file__).parents[2]
ZONE = "example.com."
WWW = f"www.{ZONE}"
COLLECTION = "12345678-1234-1234-1234-123456789abc"
LB = "{zone: Z35SXDOTRQ7X7K, name: LB-1.us-east-1.elb.amazonaws.com., evaluate_health: true}"
OURS = "{zone: self, name: mail.example.com., evaluate_health: false}"


def read(text: str) -> dict[RecordKey, Records]:
    found = parse_zone_yaml(dedent(text).encode(), "z", ZONE, escaped_semicolons=None)
    return found.records


@pytest.mark.parametrize(
    ("policy", "attributes"),
    [
        ("weight: 0", ("weight=0",)),
        ("weight: 255", ("weight=255",)),
        ("region: eu-west-1", ("region=eu-west-1",)),
        ("failover: SECONDARY", ("failover=SECONDARY",)),
        ("failover: PRIMARY, health_check: h-1", ("failover=PRIMARY", "health_check=h-1")),
        ("multivalue: true", ("multivalue=true",)),
        ("multivalue: false", ("multivalue=false",)),
        ("geo: {continent: EU}", ("geo_continent=EU",)),
        ("geo: {country: NO}", ("geo_country=NO",)),
        ("geo: {country: '*'}", ("geo_country=*",)),
        ("geo: {subdivision: TX, country: US}", ("geo_country=US", "geo_subdivision=TX")),
        ("geoproximity: {region: eu-west-1}", ("geoproximity_region=eu-west-1",)),
        (
            "geoproximity: {local_zone: us-west-2-lax-1, bias: -99}",
            ("geoproximity_bias=-99", "geoproximity_local_zone=us-west-2-lax-1"),
        ),
        (
            "geoproximity: {bias: 0, coordinates: {latitude: 49.20, longitude: '-74.01'}}",
            ("geoproximity_bias=0", "geoproximity_coordinates=49.20,-74.01"),
        ),
        (
            f"cidr: {{collection: {COLLECTION}, location: site-1}}",
            (f"cidr={COLLECTION}:site-1",),
        ),
        (f"cidr: {{collection: {COLLECTION}, location: '*'}}", (f"cidr={COLLECTION}:*",)),
    ],
)
def test_every_policy_is_read_as_the_attributes_of_its_set(
    policy: str, attributes: tuple[str, ...]
) -> None:
    state = read(f"www: {{type: A, routing: [{{id: x, ttl: 60, value: 192.0.2.1, {policy}}}]}}\n")
    key = RecordKey(WWW, "A", "x")
    assert state == {key: Records(60, ("192.0.2.1",), attributes)}
    assert raw_set(key, state[key])["SetIdentifier"] == "x"  # they are ones that Route 53 has


def test_sets_of_one_name_are_told_apart_by_their_identifiers() -> None:
    state = read(
        """\
        www:
          - type: A
            routing:
              - {id: blue, ttl: 60, value: 192.0.2.1, weight: 10, health_check: 0ac5}
              - {id: green, ttl: 60, values: [192.0.2.3, 192.0.2.2], weight: 90}
              - {id: 007, alias: {zone: self, name: Mail.example.com., evaluate_health: true},
                 weight: 1}
          - {type: TXT, value: plain}
        mail: {type: A, value: 192.0.2.25}
        """
    )
    assert state == {
        RecordKey(WWW, "A", "blue"): Records(
            60, ("192.0.2.1",), ("health_check=0ac5", "weight=10")
        ),
        RecordKey(WWW, "A", "green"): Records(60, ("192.0.2.2", "192.0.2.3"), ("weight=90",)),
        RecordKey(WWW, "A", "007"): Records(
            0, (), ("alias=self:mail.example.com.:true", "weight=1")
        ),
        RecordKey(WWW, "TXT"): Records(3600, ('"plain"',)),
        RecordKey(f"mail.{ZONE}", "A"): Records(3600, ("192.0.2.25",)),
    }


def test_a_simple_set_may_be_an_alias_or_have_a_health_check() -> None:
    state = read(
        f"""\
        '': {{type: A, alias: {LB}}}
        www: {{type: AAAA, alias: {OURS}, health_check: h-1}}
        mail: {{type: A, ttl: 60, values: [192.0.2.2, 192.0.2.1], health_check: h-2}}
        c: {{type: CNAME, alias: {OURS}, octodns: {{lenient: true}}}}
        """
    )
    alias = "alias=self:mail.example.com.:false"
    assert state == {
        RecordKey(ZONE, "A"): Records(
            0, (), ("alias=Z35SXDOTRQ7X7K:lb-1.us-east-1.elb.amazonaws.com.:true",)
        ),
        RecordKey(WWW, "AAAA"): Records(0, (), (alias, "health_check=h-1")),
        RecordKey(f"mail.{ZONE}", "A"): Records(
            60, ("192.0.2.1", "192.0.2.2"), ("health_check=h-2",)
        ),
        RecordKey(f"c.{ZONE}", "CNAME"): Records(0, (), (alias,)),
    }


def test_sets_that_may_stand_together_do() -> None:
    """No rule is stricter than the service: many alike by weight, one for each place otherwise."""
    value = "ttl: 60, value: 192.0.2.1"
    state = read(
        f"""\
        w:
          type: A
          routing:
            - {{id: a, {value}, weight: 1}}
            - {{id: b, {value}, weight: 1}}
            - {{id: c, alias: {OURS}, weight: 1}}
        m: {{type: A, routing: [{{id: a, {value}, multivalue: true}},
                                {{id: b, {value}, multivalue: true}}]}}
        f: {{type: A, routing: [{{id: a, alias: {OURS}, failover: PRIMARY}},
                                {{id: b, {value}, failover: SECONDARY}}]}}
        g: {{type: A, routing: [{{id: a, {value}, geo: {{country: US}}}},
                                {{id: b, ttl: 5, value: 192.0.2.1, geo: {{country: UA}}}},
                                {{id: c, {value}, geo: {{country: US, subdivision: TX}}}}]}}
        c: {{type: CNAME, routing: [{{id: a, value: a.example.net., region: eu-west-1}},
                                    {{id: b, value: b.example.net., region: eu-west-2}}]}}
        """
    )
    assert len(state) == 3 + 2 + 2 + 3 + 2


def test_the_section_in_the_docs_is_a_zone_that_is_accepted() -> None:
    page = (ROOT / "docs/desired-state.md").read_text(encoding="utf-8")
    section = page.partition("\n## Routing\n")[2].partition("\n## ")[0]
    text = section.partition("```yaml\n")[2].partition("```")[0]
    state = read(text)
    told = {attribute.partition("=")[0] for each in state.values() for attribute in each.attributes}
    assert told >= {"alias", "cidr", "failover", "geo_country", "geoproximity_bias", "weight"}
