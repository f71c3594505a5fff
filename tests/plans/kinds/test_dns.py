"""The pure rules of kind ``dns``: difference, drift, and cutting into steps."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.errors import Refused
from plans.kinds.dns import (
    Change,
    RecordKey,
    Records,
    apply_changes,
    canonical_order,
    cut,
    diff,
    fence_name,
    first_drift,
)

ZONE = "example.com."
APEX_NS = RecordKey(ZONE, "NS")
SOA = RecordKey(ZONE, "SOA")
FENCE = RecordKey("_planfence.example.com.", "TXT")
WWW = RecordKey("www.example.com.", "A")

OLD = Records(300, ("192.0.2.1",))
NEW = Records(300, ("192.0.2.2",))

names = st.sampled_from(
    [ZONE, *(f"{label}.{ZONE}" for label in ("a", "b", "a.b", "*", "_x", "www"))]
)
keys = st.builds(
    RecordKey,
    names,
    st.sampled_from(["A", "CNAME", "NS", "TXT"]),
    st.sampled_from(["", "weighted"]),
)
contents = st.builds(
    Records,
    st.integers(0, 3),
    st.lists(st.sampled_from("uvw"), min_size=1, unique=True).map(lambda v: tuple(sorted(v))),
)
zones = st.dictionaries(keys, contents, max_size=12)
live = st.builds(
    lambda zone, kept: {**zone, **kept},
    zones,
    st.dictionaries(st.sampled_from([SOA, FENCE]), contents),
)


@dataclass(frozen=True)
class Counting:
    """A target that counts changes and values, as a service with two limits does."""

    step_capacity: tuple[int, ...]
    id: str = "memory:t"

    def step_size(self, change: Change) -> tuple[int, ...]:
        values = sum(len(side.values) for side in (change.before, change.after) if side)
        return (1, values)[: len(self.step_capacity)]


ANY_NUMBER = Counting(())
limits = st.builds(
    Counting,
    # A name has at most eight changes, of six values each.
    st.just(()) | st.tuples(st.integers(8, 12)) | st.tuples(st.integers(8, 12), st.just(48)),
)


@given(desired=zones, observed=live)
def test_what_fits_one_step_is_not_cut_and_keeps_its_order(
    desired: dict[RecordKey, Records], observed: dict[RecordKey, Records]
) -> None:
    changes = diff(ZONE, desired, observed)
    assert cut(changes, ANY_NUMBER) == cut(changes, Counting((60,))) == (changes,)


@given(desired=zones, observed=live)
def test_between_two_steps_each_name_is_all_old_or_all_new(
    desired: dict[RecordKey, Records], observed: dict[RecordKey, Records]
) -> None:
    changes = diff(ZONE, desired, observed)
    after = apply_changes(observed, changes)
    state = dict(observed)
    for step in cut(changes, Counting((8,))):
        assert first_drift(state, step) is None
        state = apply_changes(state, step)
        for name in {key.name for key in state}:
            now = {key: found for key, found in state.items() if key.name == name}
            old = {key: found for key, found in observed.items() if key.name == name}
            new = {key: found for key, found in after.items() if key.name == name}
            assert now in (old, new)
    assert state == after


def test_a_swap_of_a_for_cname_is_one_step() -> None:
    cname = RecordKey(WWW.name, "CNAME")
    other = RecordKey("zzz.example.com.", "A")
    changes = diff(ZONE, {cname: NEW, other: NEW}, {WWW: OLD})
    steps = cut(changes, Counting((2,)))
    assert [[change.type for change in step] for step in steps] == [["A"], ["A", "CNAME"]]


def test_new_names_come_first_and_those_that_go_come_last() -> None:
    gone, kept, new = (RecordKey(f"{label}.example.com.", "A") for label in "abc")
    changes = diff(ZONE, {kept: NEW, new: NEW}, {gone: OLD, kept: OLD})
    steps = cut(changes, Counting((1,)))
    assert [change.name for step in steps for change in step] == [new.name, kept.name, gone.name]


def alias(label: str) -> Records:
    return Records(0, (), (f"alias=Z1:{label}.example.com.:true", "weight=1"))


def test_what_an_alias_answers_with_comes_no_later_than_the_alias() -> None:
    a, b, c, d, e = (RecordKey(f"{label}.example.com.", "A") for label in "abcde")
    text = RecordKey(d.name, "TXT")
    desired = {a: alias("b"), b: alias("d"), c: alias("e"), d: NEW, text: NEW, e: alias("z")}
    changes = diff(ZONE, desired, {text: OLD, e: OLD})
    steps = cut(changes, Counting((2,)))
    order = [change.name[0] for step in steps for change in step]
    assert sorted(order) == list("abcdde")
    assert order.index("d") < order.index("b") < order.index("a")
    assert order.index("e") < order.index("c")


def test_aliases_in_a_circle_are_cut_all_the_same() -> None:
    a, b = (RecordKey(f"{label}.example.com.", "A") for label in "ab")
    changes = diff(ZONE, {a: alias("b"), b: alias("a")}, {})
    assert set(cut(changes, Counting((1,)))) == {(change,) for change in changes}


def test_no_changes_are_one_step_that_only_raises_the_fence() -> None:
    assert cut((), ANY_NUMBER) == cut((), Counting((5,))) == ((),)


def test_a_name_that_does_not_fit_one_step_is_refused_by_name() -> None:
    many = tuple(Change("b.", rdtype, None, NEW) for rdtype in ("A", "AAAA", "TXT"))
    one = Change("a.", "A", None, NEW)
    with pytest.raises(Refused, match=r"the changes of b\. do not fit") as caught:
        cut((one, *many), Counting((2, 100)))
    assert caught.value.rule == "step-too-large"
    assert (caught.value.expected, caught.value.actual) == ("at most 2 and 100", "3 and 3")


@pytest.mark.parametrize("key", [SOA, APEX_NS, FENCE])
def test_what_is_left_alone_is_never_removed(key: RecordKey) -> None:
    assert diff(ZONE, {}, {key: OLD}) == ()


def test_apex_ns_that_the_desired_state_names_are_managed() -> None:
    assert diff(ZONE, {APEX_NS: NEW}, {APEX_NS: OLD}) == (Change(ZONE, "NS", OLD, NEW),)


def test_ns_below_the_apex_are_managed() -> None:
    below = RecordKey("lab.example.com.", "NS")
    assert diff(ZONE, {}, {below: OLD}) == (Change(below.name, "NS", OLD, None),)


def test_a_ttl_alone_is_a_difference() -> None:
    assert diff(ZONE, {WWW: Records(60, OLD.values)}, {WWW: OLD}) != ()


def test_the_first_change_that_the_world_has_overtaken_is_named() -> None:
    held = Change("a.example.com.", "A", None, NEW)
    moved = Change(WWW.name, WWW.type, OLD, NEW)
    assert first_drift({WWW: OLD}, (held, moved)) is None
    assert first_drift({WWW: NEW}, (held, moved)) is moved
    assert first_drift({}, (held, moved)) is moved
    assert first_drift({WWW: OLD, held.key: OLD}, (held, moved)) is held


def test_removing_what_is_gone_changes_nothing() -> None:
    assert apply_changes({}, [Change(WWW.name, WWW.type, OLD, None)]) == {}


@pytest.mark.parametrize(
    ("zone", "name"),
    [(ZONE, "_planfence.example.com."), (".", "_planfence.")],
)
def test_the_fence_record_is_found_below_the_apex(zone: str, name: str) -> None:
    assert fence_name(zone) == name


def test_names_of_one_branch_sort_together() -> None:
    names = ["b.", "a.b.", "c.", "a.", "z.a.b."]
    assert sorted(names, key=canonical_order) == ["a.", "b.", "a.b.", "z.a.b.", "c."]
