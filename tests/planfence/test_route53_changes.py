"""Routed record sets and aliases as people read their changes."""

from __future__ import annotations

import pytest

from planfence.changes import DELETE, TTL_ONLY, VALUES, Part, change_document, change_lines, danger
from plans.kinds.dns import Change, Records

ZONE = "example.com."
ALIAS = Records(0, (), ("alias=Z1:a.example.net.:false",))
OTHER = Records(0, (), ("alias=Z1:b.example.net.:false",))
PLAIN = Records(300, ("192.0.2.1",))
LIGHT = Records(300, ("192.0.2.1",), ("weight=1",))
HEAVY = Records(300, ("192.0.2.1",), ("weight=200",))
CHECKED = Records(300, ("192.0.2.1", "192.0.2.2"), ("health_check=h", "weight=1"))


def www(before: Records | None, after: Records | None, identifier: str = "") -> Change:
    return Change(f"www.{ZONE}", "A", before, after, identifier)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (www(None, ALIAS), ["  + www.example.com. A alias=Z1:a.example.net.:false"]),
        (
            www(ALIAS, OTHER),
            [
                (
                    "  ~ www.example.com. A alias=Z1:a.example.net.:false"
                    " -> alias=Z1:b.example.net.:false"
                )
            ],
        ),
        (
            www(ALIAS, PLAIN),
            [
                "  ~ www.example.com. ttl 0 -> 300 A alias=Z1:a.example.net.:false -> 192.0.2.1",
            ],
        ),
        (
            www(LIGHT, HEAVY, "one"),
            [
                "  ~ www.example.com. 300 A [one]",
                "      - weight=1",
                "      + weight=200",
                "        1 value stays",
            ],
        ),
        (
            www(None, CHECKED, "one"),
            [
                "  + www.example.com. 300 A [one] health_check=h weight=1",
                "      192.0.2.1",
                "      192.0.2.2",
            ],
        ),
        (www(LIGHT, None, "a\x1bb"), ["  - www.example.com. 300 A [a\\x1bb] 192.0.2.1 weight=1"]),
    ],
)
def test_a_routed_set_is_told_whole(change: Change, told: list[str]) -> None:
    assert [line.text for line in change_lines(Part((), (change,), ZONE))] == told


def test_an_attribute_that_changes_is_more_than_a_ttl() -> None:
    assert danger(www(LIGHT, HEAVY), ZONE) == VALUES
    assert danger(www(LIGHT, Records(5, LIGHT.values, LIGHT.attributes)), ZONE) == TTL_ONLY
    assert danger(www(LIGHT, None), ZONE) == DELETE


def test_sets_of_one_name_are_not_told_as_one() -> None:
    changes = tuple(www(LIGHT, None, str(number)) for number in range(5))
    lines = [line.text for line in change_lines(Part((), changes, ZONE))]
    assert [line.split("[")[1][0] for line in lines] == list("01234")


def test_programs_get_identifier_and_attributes_where_there_are_any() -> None:
    assert change_document(www(LIGHT, None, "one")) == {
        "name": f"www.{ZONE}",
        "type": "A",
        "identifier": "one",
        "before": {"ttl": 300, "values": ["192.0.2.1"], "attributes": ["weight=1"]},
        "after": None,
    }
    assert change_document(www(PLAIN, None)) == {
        "name": f"www.{ZONE}",
        "type": "A",
        "before": {"ttl": 300, "values": ["192.0.2.1"]},
        "after": None,
    }
