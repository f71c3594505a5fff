"""The checker itself: against every order, on small histories, and on anomalies that have names."""

from __future__ import annotations

from itertools import permutations
from math import inf
from random import Random

import pytest

from tests.histories.linear import (
    Act,
    Operation,
    Read,
    Refusal,
    Values,
    Write,
    is_linearizable,
    perform,
)
from tests.histories.recording import START, calls

PUT_2 = Write((Act(0, 2, "always"),))


def explained_by_some_order(history: list[Operation], start: Values) -> bool:
    """The same question, asked of every order of every choice of unknown operations."""
    known = [n for n, operation in enumerate(history) if operation.returned < inf]
    unknown = [n for n in range(len(history)) if n not in known]
    for chosen in range(1 << len(unknown)):
        taken = known + [n for at, n in enumerate(unknown) if chosen >> at & 1]
        if any(_explains(history, order, start) for order in permutations(taken)):
            return True
    return False


def _explains(history: list[Operation], order: tuple[int, ...], values: Values) -> bool:
    for at, n in enumerate(order):
        if any(history[m].returned < history[n].began for m in order[at + 1 :]):
            return False
        result, values = perform(history[n].call, values)
        if history[n].result not in (result, "unknown"):
            return False
    return True


def arbitrary(random: Random) -> list[Operation]:
    """Five operations at any time, with answers of the right kind that need not be right."""
    history = []
    for call, _ in calls(random, 5):
        began = random.randrange(10)
        returned = began + random.randrange(1, 8)
        values = tuple(random.choice((None, 1, 2, 3)) for _ in START)
        result, _ = perform(call, random.choice((values, START)))
        if random.random() < 0.2:
            history.append(Operation(0, began, inf, call, "unknown"))
        else:
            history.append(Operation(0, began, returned + 0.5, call, result))
    return history


def test_the_checker_agrees_with_trying_every_order() -> None:
    verdicts = []
    for seed in range(1500):
        history = arbitrary(Random(seed))
        verdicts.append(is_linearizable(history, START))
        assert verdicts[-1] == explained_by_some_order(history, START), seed
    assert 150 < sum(verdicts) < 1350, "histories of one kind prove nothing"


def test_reads_at_the_same_time_as_a_write_may_see_it_or_not() -> None:
    for value in (1, 2):
        history = [Operation(0, 0, 3, PUT_2, "written"), Operation(1, 1, 2, Read(0), value)]
        assert is_linearizable(history, START)


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(
            [Operation(0, 0, 1, PUT_2, "written"), Operation(1, 2, 3, Read(0), 1)],
            id="a stale read",
        ),
        pytest.param(
            [
                Operation(0, 0, 9, PUT_2, "written"),
                Operation(1, 1, 2, Read(0), 2),
                Operation(1, 3, 4, Read(0), 1),
            ],
            id="a write that is seen and then not",
        ),
        pytest.param(
            [
                Operation(0, 0, 3, Write((Act(0, 2, "=", 1),)), "written"),
                Operation(1, 1, 4, Write((Act(0, 3, "=", 1),)), "written"),
            ],
            id="two winners",
        ),
        pytest.param(
            [
                Operation(0, 0, 1, Write((Act(0, 2, "always"), Act(2, 2, "always"))), "written"),
                Operation(1, 2, 3, Read(2), 1),
            ],
            id="half a transaction",
        ),
        pytest.param(
            [Operation(0, 0, 1, Write((Act(0, 2, "=", 1),)), Refusal((0,), (1,)))],
            id="a refusal without a reason",
        ),
        pytest.param(
            [
                Operation(0, 0, inf, PUT_2, "unknown"),
                Operation(1, 1, 2, Read(0), 2),
                Operation(1, 3, 4, Read(0), 1),
            ],
            id="an unknown write that is taken back",
        ),
    ],
)
def test_an_anomaly_is_not_linearizable(history: list[Operation]) -> None:
    assert not is_linearizable(history, START)


@pytest.mark.parametrize("seen", [(1, 1), (1, 2), (2, 2)])
def test_an_unknown_write_may_take_effect_never_at_once_or_late(seen: tuple[int, int]) -> None:
    history = [Operation(0, 0, inf, PUT_2, "unknown")]
    history += [Operation(1, 2 * n + 1, 2 * n + 2, Read(0), value) for n, value in enumerate(seen)]
    assert is_linearizable(history, START)
