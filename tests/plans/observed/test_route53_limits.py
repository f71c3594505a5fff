"""What one batch to a hosted zone holds, as the service counts, and what Route 53 cannot hold."""

from __future__ import annotations

from typing import Any

import pytest

from plans.errors import Refused
from plans.kinds.dns import Change, Records, cut
from tests.builders import ZONE, a
from tests.enactor.hosted import Hosted, many, simple


def created(label: str, *values: str, rdtype: str = "A", attributes: Any = ()) -> Change:
    return Change(f"{label}.{ZONE}", rdtype, None, Records(300, values, attributes))


@pytest.mark.parametrize(
    ("change", "size"),
    [
        (created("www", "192.0.2.1"), (1, 9)),
        (created("www", "192.0.2.1", "192.0.2.20"), (2, 19)),
        (created("www", attributes=("alias=Z1:x.example.net.:false",)), (1, 0)),
        (created("t", '"\\195\\164"', rdtype="TXT"), (1, 10)),
        (Change("w.example.com.", "A", Records(1, ("192.0.2.1",)), None), (1, 9)),
        (
            Change("w.example.com.", "A", Records(1, ("192.0.2.1",)), Records(1, ("192.0.2.20",))),
            (2, 19),
        ),
    ],
)
def test_a_step_is_counted_as_the_service_counts(change: Change, size: tuple[int, int]) -> None:
    assert Hosted().view().step_size(change) == size


def test_what_is_deleted_counts_in_the_letters_of_the_service() -> None:
    hosted = Hosted()
    long = r'"\141\142\143"'
    hosted.double.put(hosted.zone_id, simple("t", long, rdtype="TXT"))
    view = hosted.view()
    change = Change("t.example.com.", "TXT", Records(300, ('"abc"',)), None)
    assert view.step_size(change) == (1, 5)
    view.observe()
    assert view.step_size(change) == (1, len(long))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (created("l", '10 1 "x"', rdtype="URI"), "no records of type URI"),
        (created("l", '"' + '" "'.join(["x" * 255] * 16) + '"', rdtype="TXT"), "has 4127 char"),
        (created("l", attributes=("traffic_policy_instance=t-1",)), "traffic policies by itself"),
        (created("l", "192.0.2.1", attributes=("colour=red",)), "no attribute 'colour'"),
        (
            Change("l.example.com.", "A", Records(1, (), ("shape=round",)), None),
            "no attribute 'shape'",
        ),
    ],
)
def test_what_route_53_cannot_hold_is_refused_by_name_when_planning(
    change: Change, reason: str
) -> None:
    with pytest.raises(Refused, match=reason) as caught:
        Hosted().view().step_size(change)
    assert caught.value.rule == "route53-unsupported"
    assert caught.value.what.startswith("route53://Z000000000001PF cannot hold l.example.com.")


@pytest.mark.parametrize("zone", ["Z000000000001PF", "self"])
def test_an_alias_that_names_the_zones_own_id_is_refused_since_it_would_differ_for_ever(
    zone: str,
) -> None:
    hosted = Hosted()
    assert hosted.zone_id == "Z000000000001PF"
    change = created("l", attributes=(f"alias={zone}:www.example.com.:false", "weight=1"))
    if zone == "self":
        assert hosted.view().step_size(change) == (1, 0)
    else:
        with pytest.raises(Refused, match="write zone: self") as caught:
            hosted.view().step_size(change)
        assert caught.value.rule == "route53-unsupported"


def test_a_name_whose_swap_does_not_fit_one_batch_is_refused_by_name() -> None:
    values = tuple(f"192.0.{number // 250}.{number % 250}" for number in range(400))
    others = tuple(f"198.18.{number // 250}.{number % 250}" for number in range(400))
    changes = [
        Change("www.example.com.", "A", Records(300, values), Records(300, others)),
        Change(
            "www.example.com.",
            "AAAA",
            Records(1, tuple(f"2001:db8::{n:x}" for n in range(400))),
            None,
        ),
    ]
    with pytest.raises(Refused) as caught:
        cut(tuple(changes), Hosted().view())
    assert caught.value.rule == "step-too-large"
    assert "www.example.com." in caught.value.what


def test_a_plan_is_cut_by_elements_and_by_characters() -> None:
    view = Hosted().view()
    short = tuple(
        Change(key.name, key.type, None, after) for key, after in many("h", 2_000).items()
    )
    assert [len(step) for step in cut(short, view)] == [998, 998, 4]
    text = Records(300, ('"' + "x" * 98 + '"',))
    long = tuple(Change(key.name, "TXT", None, text) for key in many("h", 999))
    assert [len(step) for step in cut(long, view)] == [314, 314, 314, 57]
    twice = tuple(
        Change(key.name, key.type, after, Records(60, after.values))
        for key, after in {**many("h", 1_000), **a("zz")}.items()
    )
    assert [len(step) for step in cut(twice, view)] == [499, 499, 3]
