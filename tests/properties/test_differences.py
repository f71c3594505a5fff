"""The difference of two zones: no more than it takes, in any order; and how it is cut into steps.

What is asked of single cases: ``tests/plans/kinds/test_dns.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.errors import Refused
from plans.kinds.dns import (
    Change,
    RecordKey,
    Records,
    alias_target,
    apply_changes,
    cut,
    diff,
    first_drift,
    in_order,
)

ZONE = "example.com."
APEX = RecordKey(ZONE, "NS")
State = Mapping[RecordKey, Records]

names = st.sampled_from([ZONE, *(f"{label}.{ZONE}" for label in "a b c d e a.b *".split())])
aliases = names.map(lambda name: Records(0, (), (f"alias=self:{name}:false", "weight=1")))
plain = st.builds(
    Records,
    st.integers(0, 2),
    st.sets(st.sampled_from("uvw"), min_size=1).map(lambda values: tuple(sorted(values))),
)
keys = st.builds(
    RecordKey, names, st.sampled_from(["A", "AAAA", "NS", "TXT"]), st.sampled_from(["", "blue"])
)
zones = st.dictionaries(keys, plain | aliases, max_size=14)
NEVER_OURS = (RecordKey(ZONE, "SOA"), RecordKey(f"_planfence.{ZONE}", "TXT"))
alone = st.dictionaries(st.sampled_from(NEVER_OURS), plain)
live = st.builds(lambda zone, more: {**zone, **more}, zones, alone)


def left_alone(desired: State) -> set[RecordKey]:
    """What no difference may touch."""
    return {*NEVER_OURS} if APEX in desired else {*NEVER_OURS, APEX}


# The difference


@given(zones, live, st.randoms(use_true_random=False))
def test_the_changes_give_the_desired_zone_in_whatever_order(
    desired: State, observed: State, shuffled: object
) -> None:
    changes = list(diff(ZONE, desired, observed))
    kept = left_alone(desired)
    wanted = {**desired, **{key: each for key, each in observed.items() if key in kept}}
    shuffled.shuffle(changes)  # type: ignore[attr-defined]
    assert apply_changes(observed, changes) == wanted
    assert first_drift(observed, changes) is None


@given(zones, live)
def test_no_change_can_be_left_out(desired: State, observed: State) -> None:
    changes = diff(ZONE, desired, observed)
    whole = apply_changes(observed, changes)
    assert list(changes) == sorted(changes, key=in_order)
    assert diff(ZONE, desired, whole) == ()
    for number in range(len(changes)):
        assert apply_changes(observed, changes[:number] + changes[number + 1 :]) != whole


@given(zones, live)
def test_the_way_back_is_the_same_changes_turned_round(desired: State, observed: State) -> None:
    """Where both name the apex NS, and nothing else that is left alone is there."""
    desired = {**desired, APEX: Records(1, ("u",))}
    observed = {**observed, APEX: Records(2, ("u",))}
    kept = left_alone(desired)
    observed = {key: each for key, each in observed.items() if key not in kept}
    there, back = diff(ZONE, desired, observed), diff(ZONE, observed, desired)
    turned = [Change(c.name, c.type, c.after, c.before, c.identifier) for c in there]
    assert list(back) == turned


# The cut


@dataclass(frozen=True)
class Counting:
    """A target that counts changes and values, as a service with two limits does."""

    step_capacity: tuple[int, ...]
    id: str = "memory:t"

    def step_size(self, change: Change) -> tuple[int, ...]:
        values = sum(len(side.values) for side in (change.before, change.after) if side)
        return (1, values)[: len(self.step_capacity)]


limits = st.builds(
    Counting,
    st.just(()) | st.tuples(st.integers(1, 12)) | st.tuples(st.integers(1, 12), st.integers(1, 40)),
)


def sizes(changes: tuple[Change, ...], limits: Counting) -> tuple[int, ...]:
    each = [limits.step_size(change) for change in changes]
    return tuple(sum(size[unit] for size in each) for unit in range(len(limits.step_capacity)))


def fits(changes: tuple[Change, ...], limits: Counting) -> bool:
    pairs = zip(sizes(changes, limits), limits.step_capacity, strict=True)
    return all(size <= most for size, most in pairs)


@given(zones, live, limits)
def test_a_cut_keeps_every_limit_and_every_name_whole_or_is_refused_for_a_name_that_cannot(
    desired: State, observed: State, limits: Counting
) -> None:
    changes = diff(ZONE, desired, observed)
    of_names = {
        name: tuple(change for change in changes if change.name == name)
        for name in {change.name for change in changes}
    }
    too_large = [name for name, part in of_names.items() if not fits(part, limits)]
    if too_large:
        with pytest.raises(Refused) as caught:
            cut(changes, limits)
        assert caught.value.rule == "step-too-large"
        assert any(f"the changes of {name} do" in str(caught.value) for name in too_large)
        return
    steps = cut(changes, limits)
    assert sorted((change for step in steps for change in step), key=in_order) == list(changes)
    for number, step in enumerate(steps):
        assert fits(step, limits)
        later = {change.name for each in steps[number + 1 :] for change in each}
        assert not {change.name for change in step} & later
    assert len(steps) == 1 or all(steps)
    assert cut(changes, limits) == steps


def between(desired: State, observed: State, steps: tuple[tuple[Change, ...], ...]) -> list[State]:
    """What the target holds after each step."""
    state: State = observed
    found: list[State] = []
    for step in steps:
        assert first_drift(state, step) is None
        state = apply_changes(state, step)
        found.append(state)
    return found


narrow = st.integers(8, 11).map(lambda changes: Counting((changes,)))  # a name has at most eight


@given(zones, live, narrow)
def test_between_two_steps_no_name_of_both_states_is_without_an_answer(
    desired: State, observed: State, limits: Counting
) -> None:
    changes = diff(ZONE, desired, observed)
    after = apply_changes(observed, changes)
    old, new = {key.name for key in observed}, {key.name for key in after}
    for state in between(desired, observed, cut(changes, limits)):
        here = {key.name for key in state}
        assert old & new <= here
        assert old <= here or new <= here  # what is new is made before anything goes


plain_zones = st.dictionaries(keys, plain, max_size=14)


@given(plain_zones, plain_zones, narrow)
def test_what_is_new_is_there_before_anything_that_may_refer_to_it_is_changed(
    desired: State, observed: State, limits: Counting
) -> None:
    changes = diff(ZONE, desired, observed)
    after = apply_changes(observed, changes)
    stays = {key.name for key in observed} & {key.name for key in after}
    for state in between(desired, observed, cut(changes, limits)):
        changed = {key.name for key in {**state, **observed} if state.get(key) != observed.get(key)}
        if changed & stays and state != after:
            # Those that share a step with it are made in the same instant.
            assert {key.name for key in after} <= {key.name for key in state}


@given(zones, live, narrow)
def test_what_an_alias_answers_with_is_there_once_the_alias_is(
    desired: State, observed: State, limits: Counting
) -> None:
    changes = diff(ZONE, desired, observed)
    after = apply_changes(observed, changes)
    new = {key.name for key in after}
    in_circles = circles(after)
    for state in between(desired, observed, cut(changes, limits)):
        here = {key.name for key in state}
        for key, content in state.items():
            target = alias_target(content)
            made = observed.get(key) != content
            if made and target in new and key.name not in in_circles:
                assert target in here


def circles(state: State) -> set[str]:
    """Names from which aliases lead back to themselves: none of them can come first."""
    leads: dict[str, set[str]] = {}
    for key, content in state.items():
        target = alias_target(content)
        if target is not None:
            leads.setdefault(key.name, set()).add(target)
    found = set()
    for name, first in leads.items():
        reached: set[str] = set()
        open_ = [*first]
        while open_:
            each = open_.pop()
            if each not in reached:
                reached.add(each)
                open_ += leads.get(each, ())
        if name in reached:
            found.add(name)
    return found
