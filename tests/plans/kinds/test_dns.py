"""The pure rules of kind ``dns``: difference, drift, and cutting into steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    left_alone,
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
keys = st.builds(RecordKey, names, st.sampled_from(["A", "AAAA", "CNAME", "NS", "TXT"]))
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


@given(desired=zones, observed=live)
def test_applying_the_difference_gives_the_desired_zone_and_what_is_left_alone(
    desired: dict[RecordKey, Records], observed: dict[RecordKey, Records]
) -> None:
    alone = left_alone(ZONE, desired)
    kept = {key: found for key, found in observed.items() if key in alone}
    changes = diff(ZONE, desired, observed)
    assert apply_changes(observed, changes) == {**desired, **kept}
    assert first_drift(observed, changes) is None
    assert not {change.key for change in changes} & alone


@given(desired=zones, observed=live)
def test_the_difference_is_least_in_order_and_empty_the_second_time(
    desired: dict[RecordKey, Records], observed: dict[RecordKey, Records]
) -> None:
    changes = diff(ZONE, desired, observed)
    assert all(change.before != change.after for change in changes)
    assert list(changes) == sorted(changes, key=lambda c: (canonical_order(c.name), c.type))
    assert len({change.key for change in changes}) == len(changes)
    assert diff(ZONE, desired, apply_changes(observed, changes)) == ()


@given(desired=zones, observed=live, changes_max=st.none() | st.integers(1, 6))
def test_a_cut_loses_nothing_keeps_order_and_keeps_every_name_whole(
    desired: dict[RecordKey, Records], observed: dict[RecordKey, Records], changes_max: int | None
) -> None:
    changes = diff(ZONE, desired, observed)
    steps = cut(changes, changes_max)
    assert tuple(change for step in steps for change in step) == changes
    seen: set[str] = set()
    for step in steps:
        here = {change.name for change in step}
        assert not here & seen
        seen |= here
        assert changes_max is None or len(step) <= changes_max or len(here) == 1
    assert len(steps) == 1 or all(steps)


@given(desired=zones, observed=live, changes_max=st.integers(1, 3))
def test_between_two_steps_each_name_is_all_old_or_all_new(
    desired: dict[RecordKey, Records], observed: dict[RecordKey, Records], changes_max: int
) -> None:
    changes = diff(ZONE, desired, observed)
    after = apply_changes(observed, changes)
    state = dict(observed)
    for step in cut(changes, changes_max):
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
    steps = cut(changes, 1)
    assert [[change.type for change in step] for step in steps] == [["A", "CNAME"], ["A"]]


def test_no_changes_are_one_step_that_only_raises_the_fence() -> None:
    assert cut((), None) == cut((), 5) == ((),)


def test_a_name_above_the_limit_has_a_step_of_its_own() -> None:
    many = tuple(Change("b.", rdtype, None, NEW) for rdtype in ("A", "AAAA", "TXT"))
    one = Change("a.", "A", None, NEW)
    last = Change("c.", "A", None, NEW)
    assert cut((one, *many, last), 2) == ((one,), many, (last,))


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
