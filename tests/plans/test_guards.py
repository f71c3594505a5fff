"""Each guard names its rule, limit and counts; a waiver lets exactly one of them pass."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from plans.guards import (
    APEX,
    DELETES_MAX,
    NEVER_EMPTY,
    PROTECTED,
    UPDATES_MAX,
    WAIVABLE,
    Breached,
    Difference,
    differences,
    evaluate,
    existing_sets,
    protected_names,
    refuse_breaches,
)
from plans.kinds.dns import Change, RecordKey, Records, diff
from plans.plan import GuardResult, Waiver
from tests.builders import CHANGED, NS, START, T1, T2, ZONE, Stream, a, settings_of

OLD, NEW = Records(300, ("192.0.2.1",)), Records(300, ("192.0.2.2",))


def updates(count: int) -> tuple[Change, ...]:
    return tuple(Change(f"u{number}.{ZONE}", "A", OLD, NEW) for number in range(count))


def deletes(count: int) -> tuple[Change, ...]:
    return tuple(Change(f"d{number}.{ZONE}", "A", OLD, None) for number in range(count))


def creates(count: int) -> tuple[Change, ...]:
    return tuple(Change(f"c{number}.{ZONE}", "A", None, NEW) for number in range(count))


def judged(
    changes: tuple[Change, ...], *waived: str, existing: int = 100, **settings: object
) -> dict[str, GuardResult]:
    """Every guard's result on one target, by rule."""
    results = evaluate(
        ZONE,
        settings_of(**settings),
        [Difference(T1, existing, changes)],
        [Waiver(rule=rule, reason="known") for rule in waived],
    )
    assert len({entry.rule for entry in results}) == len(results)
    return {entry.rule: entry for entry in results}


def breached(results: Mapping[str, GuardResult]) -> set[str]:
    return {rule for rule, entry in results.items() if entry.outcome == "breached"}


LIMITS = [
    ("30%", 100, 30, True),
    ("30%", 100, 31, False),
    ("30%", 10, 3, True),
    ("30%", 10, 4, False),
    ("30%", 9, 8, True),  # of fewer than 10 a percentage says nothing
    ("30%", 0, 0, True),
    ("33%", 100, 33, True),
    ("33%", 101, 34, False),
    ("0%", 10, 0, True),
    ("0%", 10, 1, False),
    ("0%", 9, 1, True),
    ("100%", 20, 19, True),
    ("5", 100, 5, True),
    ("5", 100, 6, False),
    ("5", 9, 6, False),
    ("0", 100, 1, False),
    ("0", 100, 0, True),
]


@pytest.mark.parametrize(("limit", "existing", "count", "passes"), LIMITS)
@pytest.mark.parametrize("rule", [UPDATES_MAX, DELETES_MAX])
def test_a_limit_is_a_count_or_a_percentage_from_ten_record_sets_on(
    rule: str, limit: str, existing: int, count: int, passes: bool
) -> None:
    changes = creates(1) + (updates(count) if rule == UPDATES_MAX else deletes(count))
    results = judged(
        changes,
        existing=existing,
        **{"updates_max": "100%", "deletes_max": "100%"} | {rule.replace("-", "_"): limit},
    )
    assert breached(results) == (set() if passes else {rule})
    assert limit in results[rule].limit
    assert results[rule].actual.startswith(f"{count} of {existing}")


def test_a_limit_says_its_numbers() -> None:
    results = judged(updates(31) + deletes(2), existing=100, deletes_max="1")
    assert (results[UPDATES_MAX].limit, results[UPDATES_MAX].actual) == (
        "30% from 10 record sets on",
        "31 of 100 (31.0%)",
    )
    assert (results[DELETES_MAX].limit, results[DELETES_MAX].actual) == ("1", "2 of 100")
    empty = judged(creates(1), existing=0)
    assert empty[UPDATES_MAX].actual == "0 of 0"


def test_creating_is_limited_by_nothing() -> None:
    assert breached(judged(creates(500), updates_max="0", deletes_max="0")) == set()


def test_a_waiver_lets_only_the_guard_it_names_pass() -> None:
    changes = updates(31) + deletes(31)
    assert breached(judged(changes)) == {UPDATES_MAX, DELETES_MAX}
    results = judged(changes, UPDATES_MAX)
    assert breached(results) == {DELETES_MAX}
    assert results[UPDATES_MAX].outcome == "waived"
    assert judged(updates(1), UPDATES_MAX)[UPDATES_MAX].outcome == "passed"
    for other in ({*WAIVABLE} - {UPDATES_MAX}) | {"updates", "*", "all", "UPDATES-MAX"}:
        assert UPDATES_MAX in breached(judged(changes, other))


@pytest.mark.parametrize("protect", ["www", "WWW", "www.example.com.", "WWW.Example.COM."])
@pytest.mark.parametrize(
    ("before", "after"), [(None, NEW), (OLD, NEW), (OLD, None)], ids=["create", "update", "delete"]
)
def test_a_protected_name_is_not_changed_in_any_way(
    protect: str, before: Records | None, after: Records | None
) -> None:
    change = Change(f"www.{ZONE}", "A", before, after)
    results = judged((change,), protect=(protect,))
    assert breached(results) == {PROTECTED}
    assert results[PROTECTED].actual == "www.example.com."
    assert breached(judged((change,), PROTECTED, protect=(protect,))) == set()
    for near in ("ww", "www.www", "www.example.org.", "@"):
        assert breached(judged((change,), protect=(near,))) == set()


def test_the_apex_is_protected_as_an_at_sign() -> None:
    change = Change(ZONE, "MX", None, Records(300, ("10 mail.example.com.",)))
    assert breached(judged((change,), protect=("@",))) == {PROTECTED}
    assert breached(judged((change,), protect=("www",))) == set()
    assert judged(updates(1))[PROTECTED].limit == "no change to 0 protected names"


def test_protected_names_of_the_root_zone_are_absolute_too() -> None:
    assert protected_names(".", ["com", "@", "net."]) == {"com.", ".", "net."}


def test_no_target_is_left_without_records() -> None:
    results = judged(deletes(5), existing=5, deletes_max="100")
    assert breached(results) == {NEVER_EMPTY}
    assert results[NEVER_EMPTY].actual == "0 left"
    assert breached(judged(deletes(4), existing=5)) == set()
    assert breached(judged(deletes(5) + creates(1), existing=5)) == set()
    assert breached(judged(deletes(5), NEVER_EMPTY, existing=5)) == set()


def test_a_target_that_was_empty_may_stay_so() -> None:
    apex = Change(ZONE, "NS", None, Records(3600, ("ns1.example.com.",)))
    assert breached(judged((apex,), existing=0)) == set()


def test_the_apex_ns_has_a_guard_of_its_own_and_counts_in_no_other() -> None:
    other = Records(3600, ("ns9.example.net.",))
    start = {NS: START[NS], **a("www")}
    changed = diff(ZONE, {**start, NS: other}, start)
    existing = existing_sets(ZONE, start)
    assert existing == 1
    results = judged(changed, existing=existing, updates_max="0", deletes_max="0")
    assert breached(results) == {APEX}
    assert results[APEX].actual == "changed"
    assert breached(judged(changed, APEX, existing=existing, updates_max="0")) == set()
    removed = (Change(ZONE, "NS", START[NS], None),)
    assert breached(judged(removed, existing=1, deletes_max="0")) == {APEX}
    created = (Change(ZONE, "NS", None, other), *creates(1))
    assert breached(judged(created, existing=0)) == set()
    below = (Change(f"sub.{ZONE}", "NS", OLD, NEW), Change(ZONE, "MX", OLD, NEW))
    assert breached(judged(below)) == set()


def test_a_target_without_changes_has_no_guards_to_pass() -> None:
    assert judged(()) == {}
    assert existing_sets(ZONE, {RecordKey(f"www.{ZONE}", "A"): OLD}) == 1


def test_a_plan_is_judged_on_all_steps_of_each_target() -> None:
    plan = Stream(T1, T2, step_changes_max=1).publish(CHANGED).plan
    [first, second] = differences(plan.targets)
    assert (first.target, second.target) == (T1, T2)
    assert first.existing == 2
    assert len(first.changes) == 2
    results = evaluate(ZONE, settings_of(updates_max="0"), [first, second])
    assert [entry.target for entry in results if entry.outcome == "breached"] == [T1, T2]


def test_a_breach_names_the_first_rule_and_carries_every_result() -> None:
    results = tuple(judged(updates(31) + deletes(31)).values())
    with pytest.raises(Breached) as caught:
        refuse_breaches(results, remedy="mend it")
    error = caught.value
    assert error.results == results
    assert {entry.rule for entry in error.breaches} == {UPDATES_MAX, DELETES_MAX}
    assert (error.rule, error.expected, error.actual, error.exit_code) == (
        UPDATES_MAX,
        "30% from 10 record sets on",
        "31 of 100 (31.0%)",
        3,
    )
    assert str(error) == (
        "guard updates-max is breached on memory:t1 (and 1 more guard) [updates-max]:"
        " expected 30% from 10 record sets on, found 31 of 100 (31.0%); mend it"
    )
    refuse_breaches(tuple(judged(updates(1)).values()), remedy="mend it")
    about_the_plan = results[0].model_copy(update={"target": None})
    assert str(Breached([about_the_plan], remedy="")).startswith("guard updates-max is breached [")
