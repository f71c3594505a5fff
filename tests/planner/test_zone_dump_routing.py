"""Routed sets, aliases and health checks are dumped as text that is read back as just these."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from planner.zone_dump import dump_zone, zone_text
from planner.zone_dump_yaml import natural, scalar
from planner.zone_yaml import parse_zone_yaml
from plans.errors import Invalid, Refused
from plans.kinds.dns import RecordKey, Records
from plans.observed.route53_sets import raw_set
from tests.planner.routed import ZONE_ID, as_a_state, routed_sets
from tests.planner.zones import ZONE, zones

WWW = "www.example.com."
COLLECTION = "12345678-1234-1234-1234-123456789abc"
ADDRESS = ("192.0.2.1",)


def dumped(state: dict[RecordKey, Records], *, escaped: bool | None = None) -> str:
    return dump_zone(ZONE, state, escaped_semicolons=escaped, source="route53://Z1")


def read(text: str, *, escaped: bool | None = None) -> dict[RecordKey, Records]:
    return parse_zone_yaml(text.encode(), "dump", ZONE, escaped_semicolons=escaped).records


@given(sets=routed_sets, escaped=st.booleans())
def test_any_routed_sets_come_back_whole_and_to_the_letter(
    sets: list[dict[str, Any]], escaped: bool
) -> None:
    state = as_a_state(sets)
    assert len(state) == len(sets)
    found = read(dumped(state, escaped=escaped), escaped=escaped)
    assert found == state
    assert [raw_set(key, found[key], ZONE_ID) for key in state] == sets


@given(sets=routed_sets, plain=zones, escaped=st.booleans())
def test_routed_sets_come_back_from_among_plain_ones(
    sets: list[dict[str, Any]], plain: dict[RecordKey, Records], escaped: bool
) -> None:
    state = {**plain, **as_a_state(sets)}
    text = dumped(state, escaped=escaped)
    assert read(text, escaped=escaped) == state
    assert dumped(dict(reversed(state.items())), escaped=escaped) == text


@given(sets=routed_sets)
def test_other_readers_of_yaml_find_the_same_words(sets: list[dict[str, Any]]) -> None:
    """Text is text, and only what is a number to the service is one."""

    def check(key: str, node: Any) -> None:
        if isinstance(node, dict):
            for inner, value in node.items():
                if inner not in {"value", "values"}:  # these are tested elsewhere
                    check(inner, value)
        elif isinstance(node, list):
            for item in node:
                check(key, item)
        elif key in {"evaluate_health", "multivalue"}:
            assert type(node) is bool
        elif key in {"bias", "ttl", "weight"}:
            assert type(node) is int
        elif key in {"collection", "continent", "country", "health_check", "id", "location"}:
            assert type(node) is str, node

    state = as_a_state(sets)
    found = yaml.safe_load(zone_text(ZONE, state, escaped_semicolons=False))
    check("", found)
    names = {each["id"] for record in found.values() for each in record.get("routing", ())}
    assert names == {key.identifier for key in state if key.identifier}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_character_is_read_as_that_character(text: str) -> None:
    assert yaml.safe_load(f"- {scalar(text)}\n") == [text]


@given(st.lists(st.text(st.sampled_from("a1²٣9 "))))
def test_any_names_have_an_order(names: list[str]) -> None:
    found = sorted(names, key=natural)
    again = found[::-1]
    again.sort(key=natural)
    assert again == found


def test_a_routed_name_is_one_record_with_its_sets_in_order() -> None:
    state = {
        RecordKey(WWW, "A", "set-10"): Records(60, ADDRESS, ("health_check=c-1", "weight=7")),
        RecordKey(WWW, "A", "set-9"): Records(60, ("192.0.2.1", "192.0.2.2"), ("weight=0",)),
        RecordKey(WWW, "TXT"): Records(300, ('"x"',)),
        RecordKey("lb.example.com.", "A"): Records(0, (), ("alias=self:www.example.com.:true",)),
    }
    assert dumped(state) == dedent(
        """\
        ---
        lb:
          alias:
            evaluate_health: true
            name: www.example.com.
            zone: self
          type: A
        www:
          - routing:
              - id: set-9
                ttl: 60
                values:
                  - 192.0.2.1
                  - 192.0.2.2
                weight: 0
              - health_check: c-1
                id: set-10
                ttl: 60
                value: 192.0.2.1
                weight: 7
            type: A
          - ttl: 300
            type: TXT
            value: x
        """
    )


def test_every_policy_has_its_words() -> None:
    attributes = {
        "cidr": (f"cidr={COLLECTION}:*",),
        "failover": ("failover=SECONDARY",),
        "geo": ("geo_country=US", "geo_subdivision=TX"),
        "multivalue": ("multivalue=true",),
        "near": ("geoproximity_bias=-5", "geoproximity_coordinates=49.22,+74."),
        "region": ("region=eu-west-1",),
    }
    state = {
        RecordKey(f"{label}.{ZONE}", "A", "1"): Records(60, ADDRESS, found)
        for label, found in attributes.items()
    }
    found = yaml.safe_load(dumped(state))
    rest = {"id": "1", "ttl": 60, "value": "192.0.2.1"}
    policies = {label: record["routing"][0] for label, record in found.items()}
    near = {"latitude": 49.22, "longitude": "+74."}
    assert policies == {
        "cidr": {**rest, "cidr": {"collection": COLLECTION, "location": "*"}},
        "failover": {**rest, "failover": "SECONDARY"},
        "geo": {**rest, "geo": {"country": "US", "subdivision": "TX"}},
        "multivalue": {**rest, "multivalue": True},
        "near": {**rest, "geoproximity": {"bias": -5, "coordinates": near}},
        "region": {**rest, "region": "eu-west-1"},
    }


def test_a_set_of_a_traffic_policy_is_refused_by_name() -> None:
    state = {
        RecordKey(WWW, "A"): Records(0, (), ("traffic_policy_instance=t-1",)),
        RecordKey(WWW, "AAAA", "x"): Records(0, (), ("colour=red", "weight=1")),
    }
    with pytest.raises(Invalid) as caught:
        dumped(state)
    assert caught.value.rule == "dump-refused"
    said = "has what no desired state can say"
    assert caught.value.problems == (
        f"route53://Z1: {WWW} A {said}: traffic_policy_instance=t-1",
        f"route53://Z1: {WWW} AAAA x {said}: colour=red",
    )


IMPOSSIBLE = {
    "A is here twice": {
        RecordKey(WWW, "A"): Records(60, ADDRESS),
        RecordKey(WWW, "A", "x"): Records(60, ADDRESS, ("weight=1",)),
    },
    "has no policy": {RecordKey(WWW, "A", "x"): Records(60, ADDRESS)},
    "weight belongs into a set": {RecordKey(WWW, "A"): Records(60, ADDRESS, ("weight=1",))},
    "weight beside region": {
        RecordKey(WWW, "A", "x"): Records(60, ADDRESS, ("region=eu-west-1", "weight=1"))
    },
    "geo: expected": {
        RecordKey(WWW, "A", "x"): Records(60, ADDRESS, ("geo_continent=EU", "geo_country=DE"))
    },
}


@pytest.mark.parametrize("reason", IMPOSSIBLE)
def test_what_no_zone_can_hold_is_refused_with_the_readers_reason(reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as caught:
        dumped(IMPOSSIBLE[reason])
    assert caught.value.rule == "dump-refused"


def test_an_attribute_that_would_be_lost_is_never_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {RecordKey(WWW, "A", "x"): Records(60, ADDRESS, ("health_check=h", "weight=1"))}
    monkeypatch.setattr("planner.zone_dump.keys_of", lambda _: {"weight": "1"})
    with pytest.raises(Refused, match="would not be read back") as caught:
        dumped(state)
    assert caught.value.expected == "'192.0.2.1 health_check=h weight=1'"
    assert caught.value.actual == "'192.0.2.1 weight=1'"
