"""Which record sets can be: what planfence makes all can, and the rest is told with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.contents import change_faults, content_faults
from plans.errors import Refused
from plans.faults import path_text, zone_faults
from plans.kinds.dns import Change, RecordKey, Records
from plans.kinds.rdata import normal_name, normal_value
from plans.plan import Plan
from plans.published import check_changes, check_desired
from tests.builders import CHANGED, ZONE, Stream

NEW = f"new.{ZONE}"
FENCE = f"_planfence.{ZONE}"
ADDRESS = Records(60, ("192.0.2.1",))
AT = "$.waves[0].targets[0].steps[0].changes"


def with_changes(*changes: Change) -> Plan:
    """A plan of ours, and these changes in the place of its own."""
    plan = Stream().publish(CHANGED).plan
    [wave] = plan.waves
    [target] = wave.targets
    steps = (target.steps[0].model_copy(update={"changes": changes}),)
    target = target.model_copy(update={"steps": steps})
    return plan.model_copy(update={"waves": (wave.model_copy(update={"targets": (target,)}),)})


def told(faults: Any) -> list[str]:
    return [f"{path_text(fault.path)}: {fault.what}" for fault in faults]


CANNOT_BE: Mapping[str, tuple[Change, str]] = {
    "no name": (
        Change("new..example.com.", "A", None, ADDRESS),
        "[0].name: name 'new..example.com.': A DNS label is empty",
    ),
    "a name in capitals": (
        Change(f"New.{ZONE}", "A", None, ADDRESS),
        f"[0].name: expected it as {NEW}",
    ),
    "the zone's SOA": (
        Change(ZONE, "SOA", None, Records(60, ("junk",))),
        "[0].type: type SOA is not managed",
    ),
    "no value": (
        Change(NEW, "A", None, Records(60, ())),
        "[0].after.values: a record set has at least one value",
    ),
    "no value before": (
        Change(NEW, "A", Records(60, ()), ADDRESS),
        "[0].before.values: a record set has at least one value",
    ),
    "a value twice": (
        Change(NEW, "A", None, Records(60, ("192.0.2.1", "192.0.2.1"))),
        "[0].after.values: not sorted, or a value is here twice",
    ),
    "values in another order": (
        Change(NEW, "A", None, Records(60, ("192.0.2.2", "192.0.2.1"))),
        "[0].after.values: not sorted, or a value is here twice",
    ),
    "no address": (
        Change(NEW, "A", None, Records(60, ("192.0.2.256",))),
        "[0].after.values[0]: A value '192.0.2.256': Text input is malformed",
    ),
    "half a value": (
        Change(NEW, "MX", None, Records(60, ("10",))),
        "[0].after.values[0]: MX value '10': expecting an identifier",
    ),
    "an address in capitals": (
        Change(NEW, "AAAA", None, Records(60, ("2001:DB8::1",))),
        "[0].after.values[0]: expected it as 2001:db8::1",
    ),
    "a relative name inside": (
        Change(NEW, "CNAME", None, Records(60, ("www",))),
        "[0].after.values[0]: name 'www' has no final dot",
    ),
    "an attribute twice": (
        Change(NEW, "A", None, Records(60, ("192.0.2.1",), ("weight=1", "weight=1")), "blue"),
        "[0].after.attributes: not sorted, or an attribute is here twice",
    ),
    "attributes in another order": (
        Change(NEW, "A", None, Records(60, ("192.0.2.1",), ("weight=1", "region=x")), "blue"),
        "[0].after.attributes: not sorted, or an attribute is here twice",
    ),
    "an alias of no name": (
        Change(NEW, "A", None, Records(0, (), ("alias=self:a..b.:false",))),
        "[0].after.attributes: name 'a..b.': A DNS label is empty",
    ),
    "an alias without a name": (
        Change(NEW, "A", None, Records(0, (), ("alias=self",))),
        "[0].after.attributes: name '@' has no final dot",
    ),
    "nothing changed": (
        Change(NEW, "A", ADDRESS, ADDRESS),
        "[0]: before and after are the same",
    ),
    "nothing at all": (
        Change(NEW, "A", None, None),
        "[0]: before and after are the same",
    ),
}


@pytest.mark.parametrize("case", CANNOT_BE)
def test_a_change_that_cannot_be_is_told_with_its_place(case: str) -> None:
    change, expected = CANNOT_BE[case]
    plan = with_changes(change)
    assert told(change_faults(plan)) == [AT + expected]
    with pytest.raises(Refused, match="has a change that cannot be") as caught:
        check_changes(plan, ZONE)
    assert caught.value.rule == "document-invalid"


def test_a_record_set_is_changed_once_on_a_target() -> None:
    there = Change(NEW, "A", None, ADDRESS)
    gone = Change(NEW, "A", ADDRESS, None)
    assert told(change_faults(with_changes(there, gone))) == [f"{AT}[1]: {NEW} A is changed twice"]
    beside = Change(NEW, "A", None, Records(60, ("192.0.2.2",), ("weight=1",)), "blue")
    assert told(change_faults(with_changes(there, beside))) == []


def test_no_change_is_of_the_fence_record() -> None:
    plan = with_changes(Change(FENCE, "TXT", None, Records(60, ('"x"',))))
    assert told(zone_faults(plan, ZONE)) == [f"{AT}[0].name: {FENCE} TXT is the fence of {ZONE}"]
    with pytest.raises(Refused, match=f"{FENCE} TXT is the fence") as caught:
        check_changes(plan, ZONE)
    assert caught.value.rule == "zone"


def test_another_record_at_the_fences_name_may_be_removed() -> None:
    """Nobody can ask for one; the difference takes away what somebody else has put there."""
    plan = with_changes(Change(FENCE, "A", ADDRESS, None))
    check_changes(plan, ZONE)


def test_an_alias_has_no_values() -> None:
    alias = Records(0, (), (f"alias=self:www.{ZONE}:false",))
    check_changes(with_changes(Change(NEW, "A", None, alias)), ZONE)
    assert not list(content_faults([(RecordKey(NEW, "A"), alias)]))


@pytest.mark.parametrize(
    ("key", "content", "expected"),
    [
        (RecordKey(NEW, "A"), Records(60, ()), "$.records[1].values: a record set has"),
        (RecordKey(NEW, "TXT"), Records(60, ("x",)), '$.records[1].values[0]: expected it as "x"'),
        (RecordKey("a b.", "A"), ADDRESS, "$.records[1].name: name 'a b.' has a space"),
    ],
)
def test_a_desired_state_that_cannot_be_is_told_with_its_place(
    key: RecordKey, content: Records, expected: str
) -> None:
    desired = {RecordKey(f"www.{ZONE}", "A"): ADDRESS, key: content}
    [fault] = content_faults(desired.items())
    assert told([fault])[0].startswith(expected)
    plan = with_changes(Change(NEW, "A", None, ADDRESS))
    with pytest.raises(Refused, match="has a record set that cannot be") as caught:
        check_desired(plan, desired)
    assert caught.value.rule == "desired-invalid"


def test_what_planfence_makes_can_be() -> None:
    plan = Stream().publish(CHANGED).plan
    check_changes(plan, ZONE)
    check_desired(plan, CHANGED)


def wanted(normal_form: Callable[[str], str], text: str) -> list[str]:
    """What must be told of a text, by the reader of zone files."""
    try:
        normal = normal_form(text)
    except ValueError as error:
        return [str(error)]
    return [] if normal == text else [f"expected it as {normal}"]


# One of each type as planfence writes it, and in other letters; none is of two types.
VALUES = {
    "A": ["192.0.2.1", "192.0.2.01"],
    "AAAA": ["2001:db8::1", "2001:DB8::1", "2001:db8:0:0::1", "::ffff:192.0.2.1"],
    "CAA": ['0 issue "ca.example"', "0 issue ca.example"],
    "CNAME": ["www.example.com.", "WWW.example.com.", "www"],
    "LOC": ["52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m", "52 N 4 E 0m"],
    "MX": ["10 mx.example.com.", "010 MX.example.com.", "10"],
    "SRV": ["1 2 3 a.example.com.", "1 2 65536 a.example.com."],
    "TXT": ['"a" "b"', "a b", '"a;b"', "a;b", '"\\065"'],
    "URI": ['1 2 "https://example.com/"', '1 2 ""'],
}
texts = st.text(st.characters(codec="ascii"), max_size=30)
values = st.sampled_from(sorted(VALUES)).flatmap(
    lambda rdtype: st.tuples(st.just(rdtype), st.sampled_from(VALUES[rdtype]) | texts)
)
names = texts | st.sampled_from(["a.b.", "A.b.", "*.b.", "a\\.b.", "a\\065.", "a", ".", ""])


@given(values)
def test_a_value_has_no_fault_exactly_if_it_is_its_own_normal_form(value: tuple[str, str]) -> None:
    """The quick path of plain values says what the reader of zone files would."""
    rdtype, text = value
    found = content_faults([(RecordKey(NEW, rdtype), Records(60, (text,)))])
    assert [fault.what for fault in found] == wanted(
        lambda it: normal_value(rdtype, it, None), text
    )


@given(names)
def test_a_name_has_no_fault_exactly_if_it_is_its_own_normal_form(text: str) -> None:
    found = content_faults([(RecordKey(text, "A"), ADDRESS)])
    assert [fault.what for fault in found] == wanted(lambda it: normal_name(it, None), text)
