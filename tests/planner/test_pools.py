"""Who of a capacity pool is in: whatever health says, never nobody, and weights stand still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.health import FileCheck, HealthCheck, Seen
from planner.pools import Answers, Member, Pool, ask, records_of, resolve, weights
from plans.errors import Unavailable
from plans.kinds.pools import CAPACITY_MAX, settled
from tests.builders import FixedClock

UP, DOWN = Seen(True, "200"), Seen(False, "connection refused")


def member(name: str, capacity: float = 1, *, asked: bool = True) -> Member:
    number = sum(name.encode()) % 250
    return Member(name, f"192.0.2.{number}", capacity, FileCheck(name) if asked else None)


def a_pool(*members: Member, least: int = 1, seen_bad: int = 3, name: str = "api") -> Pool:
    return Pool(name, f"{name}.example.com.", "A", 60, least, seen_bad, members)


THREE = (member("eu", 3), member("us", 1), member("ap", 1))


def told(*said: str, pool: str = "api") -> Answers:
    """What was seen of eu, us and ap: a plus for healthy, a minus for unhealthy."""
    names = [each.id for each in THREE]
    return {
        (pool, name): [UP if sign == "+" else DOWN for sign in signs]
        for name, signs in zip(names, said, strict=True)
        if signs
    }


def whys(pool: Pool, answers: Answers) -> list[str]:
    return [each.why for each in resolve(pool, answers).members]


# Who is in


@pytest.mark.parametrize(
    ("least", "answers", "expected"),
    [
        (1, told("+", "+", "+"), ["healthy", "healthy", "healthy"]),
        (1, told("+", "---", "--+"), ["healthy", "unhealthy", "healthy"]),
        (2, told("+", "---", "---"), ["healthy", "min-members", "unhealthy"]),
        (2, told("---", "---", "+"), ["min-members", "unhealthy", "healthy"]),
        (3, told("---", "---", "+"), ["min-members", "min-members", "healthy"]),
        (1, told("---", "---", "---"), ["all-unhealthy"] * 3),
        (1, told("---", "---", ""), ["unhealthy", "unhealthy", "not-asked"]),
    ],
)
def test_a_member_is_out_only_if_it_was_always_unhealthy_and_others_are_enough(
    least: int, answers: Answers, expected: list[str]
) -> None:
    pool = a_pool(*THREE, least=least)
    health = resolve(pool, answers)
    assert [each.why for each in health.members] == expected
    assert [each.state == "out" for each in health.members] == [
        why == "unhealthy" for why in expected
    ]
    assert [each.counted == "good" for each in health.members] == [
        why in ("healthy", "not-asked") for why in expected
    ]
    assert {key.identifier for key in records_of(pool, health)} == {
        each.id for each in health.members if each.state == "in"
    }


def test_health_says_what_was_seen_and_what_came_of_it() -> None:
    found = resolve(a_pool(*THREE, least=2), told("+", "-+", "---"))
    assert (found.pool, found.name, found.type) == ("api", "api.example.com.", "A")
    assert (found.min_members, found.seen_bad) == (2, 3)
    us, ap = found.members[1:]
    assert [(each.healthy, each.detail) for each in us.observations] == [
        (False, "connection refused"),
        (True, "200"),
    ]
    assert (ap.capacity, ap.weight, len(ap.observations)) == (1.0, 1, 3)


@pytest.mark.parametrize(
    ("detail", "kept"),
    [
        ("a\nb\x1b[31m", "a b [31m"),
        ("", "no detail"),
        ("\u202e", "no detail"),
        ("x" * 999, "x" * 200),
    ],
)
def test_whatever_a_source_says_is_one_short_printable_line(detail: str, kept: str) -> None:
    found = resolve(a_pool(member("eu")), {("api", "eu"): [Seen(False, detail)]})
    assert found.members[0].observations[0].detail == kept


capacities = st.one_of(
    st.integers(1, 300).map(float),
    st.floats(1e-9, CAPACITY_MAX, allow_nan=False, allow_infinity=False),
)
members = st.lists(
    st.tuples(capacities, st.sampled_from(["+", "-+", "---", ""])), min_size=1, max_size=8
)


@given(members, members, st.data())
def test_no_pool_is_empty_or_below_its_least_and_no_member_moves_anothers_weight(
    one: list[tuple[float, str]], other: list[tuple[float, str]], data: st.DataObject
) -> None:
    least = data.draw(st.integers(1, len(one)))
    found = tuple(member(f"m{index}", capacity) for index, (capacity, _) in enumerate(one))
    pool = a_pool(*found, least=least)

    def seen(said: list[str]) -> Answers:
        return {
            ("api", each.id): [UP if sign == "+" else DOWN for sign in signs]
            for each, signs in zip(found, said, strict=True)
            if signs
        }

    said = [signs for _, signs in one]
    later = [other[index % len(other)][1] for index in range(len(one))]
    before = records_of(pool, resolve(pool, seen(said)))
    after = records_of(pool, resolve(pool, seen(later)))
    for records in (before, after):
        assert len(records) >= least
        assert len(settled(records, "t", weighted=True)) == len(records)
        assert len(settled(records, "t", weighted=False)) == 1
    assert all(before[key] == after[key] for key in before.keys() & after.keys())
    ins = {key.identifier for key in before}
    assert ins >= {each.id for each, signs in zip(found, said, strict=True) if signs != "---"}


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ([1, 255], [1, 255]),
        ([3, 1, 1], [3, 1, 1]),
        ([256, 128], [255, 128]),
        ([400, 400, 100], [255, 255, 64]),
        ([0.5, 0.25], [255, 128]),
        ([1e9, 1e-9], [255, 1]),
    ],
)
def test_weights_are_the_capacities_or_in_their_proportion(
    given_: list[float], expected: list[int]
) -> None:
    found = [member(f"m{index}", capacity) for index, capacity in enumerate(given_)]
    assert weights(a_pool(*found)) == expected


# Asking


@dataclass
class Scripted:
    """Says what a script has for each file, one word a round; the last one from then on."""

    script: dict[str, str]
    asked: list[list[str]] = field(default_factory=list)

    def see(self, checks: Sequence[HealthCheck]) -> Sequence[Seen]:
        names = [check.path for check in checks if isinstance(check, FileCheck)]
        self.asked.append(names)
        rounds = len(self.asked) - 1
        signs = [self.script[name][min(rounds, len(self.script[name]) - 1)] for name in names]
        return [UP if sign == "+" else DOWN for sign in signs]


def test_only_members_not_seen_healthy_are_asked_again_a_second_later() -> None:
    source, clock = Scripted({"eu": "+", "us": "-+", "ap": "-"}), FixedClock()
    begun = clock.now()
    answers = ask([a_pool(*THREE)], source, clock)
    assert source.asked == [["eu", "us", "ap"], ["us", "ap"], ["ap"]]
    assert answers == told("+", "-+", "---")
    assert (clock.now() - begun).total_seconds() == 2


def test_nobody_is_asked_and_nothing_waited_for_where_no_member_has_a_check() -> None:
    source, clock = Scripted({}), FixedClock()
    begun = clock.now()
    assert ask([a_pool(member("eu", asked=False))], source, clock) == {}
    assert (source.asked, clock.now()) == ([], begun)


def test_one_healthy_round_costs_no_time() -> None:
    source, clock = Scripted({"eu": "+"}), FixedClock()
    begun = clock.now()
    ask([a_pool(member("eu"))], source, clock)
    assert clock.now() == begun


def test_a_check_of_several_members_is_asked_once_a_round_for_each_pools_own_patience() -> None:
    source = Scripted({"eu": "-"})
    pools = [a_pool(member("eu"), seen_bad=1), a_pool(member("eu"), seen_bad=3, name="web")]
    answers = ask(pools, source, FixedClock())
    assert source.asked == [["eu"]] * 3
    assert [len(answers["api", "eu"]), len(answers["web", "eu"])] == [1, 3]


def test_what_cannot_be_asked_ends_the_pass_whatever_was_seen_before() -> None:
    class Down(Scripted):
        def see(self, checks: Sequence[HealthCheck]) -> Sequence[Seen]:
            if self.asked:
                raise Unavailable("no answer", rule="health-unavailable", remedy="try again")
            return super().see(checks)

    with pytest.raises(Unavailable):
        ask([a_pool(*THREE)], Down({"eu": "+", "us": "-", "ap": "+"}), FixedClock())
