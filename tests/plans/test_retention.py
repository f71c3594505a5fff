"""Which plans may be buried: each reason to keep one, alone, and the order they are told in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.mirror import Mirror
from plans.pointer import Pointer
from plans.retention import Facts, counted_fences, judge
from tests.builders import LINEAGE, T1, T2, settings_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=31)


def pointer_at(desired: int, applied: int) -> Pointer:
    return Pointer(
        lineage=LINEAGE,
        desired_generation=desired,
        desired_digest="d" * 64,
        applied_generation=applied,
        applied_digest="a" * 64 if applied else None,
        attempt="0" * 32,
    )


def mirror_at(generation: int, *, retired: bool = False) -> Mirror:
    return Mirror(generation=generation, retired=retired, attempt="e" * 32)


# Generation 5 is what nothing reaches.
NOTHING = Facts(
    settings=settings_of(retain_count=2),
    pointer=pointer_at(9, 8),
    head=10,
    fences={T1: 8, T2: 8},
    pinned={},
    approved=frozenset(),
    applied=frozenset({7, 8}),
    journal_read=20,
    standing=None,
)


def verdict(generation: int = 5, created_at: datetime = OLD, **facts: Any) -> tuple[bool, str, str]:
    found = judge(replace(NOTHING, **facts), generation, created_at, NOW)
    return found.deletable, found.rule, found.why


def test_what_nothing_reaches_and_is_old_enough_may_go() -> None:
    assert verdict() == (
        True,
        "unreachable",
        "not reachable, 30 days old, not among the last 2 applied",
    )


@pytest.mark.parametrize(
    ("facts", "rule", "why"),
    [
        ({"head": 5}, "head", "the newest plan"),
        ({"pointer": pointer_at(5, 4)}, "desired", "what the pointer desires"),
        ({"pointer": pointer_at(9, 5)}, "applied", "what is applied"),
        ({"pinned": {5: "pinned by ana: x"}}, "pinned", "pinned by ana: x"),
        ({"approved": frozenset({5})}, "approved", "approved, and not superseded"),
        ({"pointer": None}, "not-passed", "nothing is applied yet"),
        ({"pointer": pointer_at(9, 0)}, "not-passed", "nothing is applied yet"),
        ({"pointer": pointer_at(9, 4)}, "not-passed", "above what is applied, 4"),
        ({"fences": {T1: 8, T2: 5}}, "fence", f"on the fence of {T2}"),
        ({"fences": {T1: 5, T2: 5}}, "fence", f"on the fence of {T1}, {T2}"),
        ({"fences": {T1: 5, T2: 3}}, "fence", f"on the fence of {T1}"),
        (
            {"fences": {T1: 8, T2: 4}},
            "fence",
            f"above the fence of {T2}, which was read at 4",
        ),
        ({"fences": {T1: 8, T2: 0}}, "fence", f"{T2} has no fence yet, or none that was read"),
        ({"standing": 5}, "standing", "the override or rollback that stands"),
        ({"applied": frozenset({5, 8})}, "retain-count", "among the last 2 that were applied"),
    ],
)
def test_each_reason_alone_keeps_a_plan_of_any_age(
    facts: dict[str, Any], rule: str, why: str
) -> None:
    assert verdict(**facts) == (False, rule, why)
    assert verdict(created_at=datetime.min.replace(tzinfo=UTC), **facts)[:2] == (False, rule)


@pytest.mark.parametrize(
    ("age", "deletable"),
    [(timedelta(days=30), True), (timedelta(days=30) - timedelta(seconds=1), False)],
)
def test_age_is_counted_from_when_the_plan_was_made(age: timedelta, deletable: bool) -> None:
    found = verdict(created_at=NOW - age)
    assert found[0] is deletable
    if not deletable:
        assert found[1:] == ("retain-days", "younger than 30 days")


@given(
    desired=st.integers(1, 12),
    behind=st.integers(0, 12),
    fences=st.lists(st.integers(0, 12), min_size=1, max_size=3),
    head=st.integers(1, 12),
    pins=st.sets(st.integers(1, 12)),
    last=st.sets(st.integers(1, 12)),
    generation=st.integers(1, 12),
    clock_error_hours=st.integers(-(10**6), 10**6),
)
def test_no_clock_makes_a_reachable_plan_deletable(
    desired: int,
    behind: int,
    fences: list[int],
    head: int,
    pins: set[int],
    last: set[int],
    generation: int,
    clock_error_hours: int,
) -> None:
    applied = max(desired - behind, 0)
    facts = replace(
        NOTHING,
        pointer=pointer_at(desired, applied),
        head=head,
        fences={f"memory:{n}": fence for n, fence in enumerate(fences)},
        pinned=dict.fromkeys(pins, "x"),
        applied=frozenset(last),
    )
    now = NOW + timedelta(hours=clock_error_hours)
    if judge(facts, generation, NOW, now).deletable:
        assert generation < min(*fences, applied)
        assert generation not in {head, desired, applied, *pins, *last}


@pytest.mark.parametrize(
    ("settings", "mirrors", "counted"),
    [
        ({"targets": (T1, T2)}, {T1: mirror_at(3)}, {T1: 3, T2: 0}),
        ({"targets": (T1,), "retiring": (T2,)}, {T1: mirror_at(3)}, {T1: 3, T2: 0}),
        (
            {"targets": (T1,), "retiring": (T2,)},
            {T1: mirror_at(3), T2: mirror_at(2)},
            {T1: 3, T2: 2},
        ),
        (
            {"targets": (T1,), "retiring": (T2,)},
            {T1: mirror_at(3), T2: mirror_at(2, retired=True)},
            {T1: 3},
        ),
        ({"targets": (T1,)}, {T1: mirror_at(3), T2: mirror_at(2)}, {T1: 3, T2: 2}),
        ({"targets": (T1,)}, {T1: mirror_at(3), T2: mirror_at(2, retired=True)}, {T1: 3}),
        ({"targets": (T1, T2)}, {T1: mirror_at(3), T2: mirror_at(2, retired=True)}, {T1: 3, T2: 2}),
    ],
    ids=[
        "a target without a mirror counts 0",
        "a retiring one without a mirror too",
        "a retiring one counts",
        "until it has retired",
        "a mirror that never said so counts, whatever the settings",
        "one that did does not",
        "one that came back does",
    ],
)
def test_s11_the_floor_counts_every_fence_that_may_still_serve(
    settings: dict[str, Any], mirrors: dict[str, Mirror], counted: dict[str, int]
) -> None:
    assert counted_fences(settings_of(**settings), mirrors) == counted
