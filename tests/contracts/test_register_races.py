"""Registers at work: long histories beside the double, and races of real processes."""

from __future__ import annotations

import random
from functools import partial

import pytest

from plans.errors import ConditionFailed
from plans.storage.register import (
    Absent,
    Action,
    All,
    Attribute,
    Check,
    Condition,
    Either,
    Key,
    Operator,
    Put,
    Register,
    Where,
)
from tests.contracts import races
from tests.contracts.conftest import SharedRegister
from tests.doubles.memory import MemoryRegister

OPERATORS: list[Operator] = ["=", "<>", "<", "<=", ">", ">="]


# against the double


def _some_condition(chance: random.Random, depth: int = 2) -> Condition:
    kind = chance.randrange(6 if depth else 4)
    if kind == 0:
        return Absent()
    if kind < 4:
        values: list[str | int] = [0, 1, 2, "0", "1", "a"]
        return Where(chance.choice("xyz"), chance.choice(OPERATORS), chance.choice(values))
    parts = tuple(_some_condition(chance, depth - 1) for _ in range(chance.randrange(4)))
    return All(parts) if kind == 4 else Either(parts)


def _some_action(chance: random.Random, key: Key) -> Action:
    condition = _some_condition(chance)
    if chance.random() < 0.3:
        return Check(key, condition)
    values: list[Attribute] = [0, 1, 2, "0", "1", "a", None, True, False, ["a"]]
    names = chance.sample("xyz", chance.randrange(4))
    return Put(key, {name: chance.choice(values) for name in names}, condition)


def _outcome(register: Register, actions: list[Action]) -> object:
    try:
        register.write(*actions)
    except ConditionFailed as refused:
        return [(n, refused.items[n]) for n in refused.failed]
    return "written"


def test_any_history_ends_as_it_does_in_memory(register: Register) -> None:
    chance, model = random.Random(4), MemoryRegister()
    keys = [Key(pk, sk) for pk in "pq" for sk in "abc"]
    outcomes = set()
    for _ in range(800):
        chosen = chance.sample(keys, chance.randrange(1, 5))
        actions = [_some_action(chance, key) for key in chosen]
        outcome = _outcome(model, actions)
        assert _outcome(register, actions) == outcome
        outcomes.add(outcome == "written")
    assert outcomes == {True, False}
    for pk in "pq":
        assert list(register.scan(pk)) == list(model.scan(pk))


# races


def test_of_racing_bumps_of_one_generation_exactly_one_wins(
    racers: races.Racers, shared_register: SharedRegister
) -> None:
    shared_register.open().write(Put(races.POINTER, {"generation": 0}, Absent()))
    won = racers.race(races.bump_rounds, *shared_register)
    races.assert_one_winner_each(won)
    (item,) = shared_register.open().scan(races.POINTER.pk)
    assert item.attributes["generation"] == shared_register.rounds


def test_no_update_is_lost_and_every_one_has_its_journal_entry(
    racers: races.Racers, shared_register: SharedRegister
) -> None:
    times = (shared_register.rounds + 1) // 2
    register = shared_register.open()
    register.write(
        Put(races.POINTER, {"generation": 0}, Absent()),
        Put(Key("hold#dns/race", "hold"), {"held": "no"}, Absent()),
    )
    racers.race(races.count_up, shared_register.open, times)
    assert register.read(races.POINTER) == {"generation": races.RACERS * times}
    entries = list(register.scan(races.JOURNAL))
    assert [item.key.sk for item in entries] == [f"{n:012d}" for n in range(len(entries))]
    expected = {f"{racer}.{n}" for racer in range(races.RACERS) for n in range(times)}
    assert {item.attributes["by"] for item in entries} == expected
    assert len(entries) == len(expected)


def test_the_race_detects_a_register_whose_client_decides_in_python(
    racers: races.Racers, shared_register: SharedRegister
) -> None:
    shared_register.open().write(Put(races.POINTER, {"generation": 0}, Absent()))
    opened = partial(races.DecidesInPython, shared_register.open)
    with pytest.raises(AssertionError):
        races.assert_one_winner_each(racers.race(races.bump_rounds, opened, 1))
