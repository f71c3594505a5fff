"""Clients that call a register at the same time, and the history of what they were answered.

Simulated clients are greenlets that a seed interleaves: the same seed gives the same history.
Threads are for registers that are shared for real: what they do is of a seed, when is not. In one
call of ten the outcome is unknown: its answer is lost, or its request is, or it takes effect after
the client was told that nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, count
from math import inf
from random import Random
from threading import Barrier
from typing import Any, Literal

from greenlet import getcurrent, greenlet

from plans.errors import ConditionFailed
from plans.storage.register import Absent, Action, All, Check, Condition, Key, Put, Register, Where
from tests.histories.linear import Act, Call, Operation, Read, Refusal, Result, Values, Write

ITEMS = 3
START: Values = (1, None, 1)
CLIENTS = 3
CALLS = 5
Fate = Literal["answered", "answer lost", "request lost", "late"]
_TIMEOUT_SECONDS = 60


def calls(random: Random, length: int = CALLS) -> list[tuple[Call, Fate]]:
    """What one client is going to call, and what becomes of each call."""
    return [(_call(random), _fate(random)) for _ in range(length)]


def _fate(random: Random) -> Fate:
    if random.random() >= 0.1:
        return "answered"
    return random.choice(("answer lost", "request lost", "late"))


def _call(random: Random) -> Call:
    kind = random.random()
    if kind < 0.3:
        return Read(random.randrange(ITEMS))
    items = random.sample(range(ITEMS), 1 if kind < 0.7 else 2)
    return Write(tuple(_act(random, item) for item in items))


def _act(random: Random, item: int) -> Act:
    condition: Literal["absent", "=", "<"] = random.choice(("absent", "=", "=", "<"))
    number = random.randrange(1, 4)
    puts = None if random.random() < 0.2 else random.randrange(1, 4)
    return Act(item, puts, condition, number)


# The register's own words


def key_of(item: int, partition: str) -> Key:
    return Key(partition, f"item {item}")


def prepare(register: Register, partition: str) -> None:
    """Give the items what they hold at the start."""
    for item, value in enumerate(START):
        if value is not None:
            register.write(Put(key_of(item, partition), {"n": value}, Absent()))


def ask(register: Register, call: Call, partition: str) -> Result:
    """Make the call, and say its answer in the words of ``linear``."""
    if isinstance(call, Read):
        return _number(register.read(key_of(call.item, partition)))
    try:
        register.write(*(_action(act, partition) for act in call.acts))
    except ConditionFailed as refusal:
        held = tuple(_number(refusal.items[n]) for n in refusal.failed)
        return Refusal(refusal.failed, held)
    return "written"


def _action(act: Act, partition: str) -> Action:
    conditions: dict[str, Condition] = {
        "absent": Absent(),
        "=": Where("n", "=", act.against),
        "<": Where("n", "<", act.against),
        "always": All(()),
    }
    key, condition = key_of(act.item, partition), conditions[act.condition]
    return Check(key, condition) if act.puts is None else Put(key, {"n": act.puts}, condition)


def _number(attributes: Any) -> int | None:
    return None if attributes is None else int(attributes["n"])


# Simulated


def pause() -> None:
    """Let another client go on. A register that calls this inside an operation is not atomic."""
    hub = getcurrent().parent
    if hub is not None:  # while the register is being prepared there is nobody else
        hub.switch()


def simulate(register: Register, seed: int) -> list[Operation]:
    """A history of greenlets on a register that is new, interleaved as the seed says."""
    random = Random(seed)
    prepare(register, "simulated")
    clock = count()
    history: list[Operation] = []
    late: list[Call] = []

    def client(number: int, given: Sequence[tuple[Call, Fate]]) -> None:
        for call, fate in given:
            began = next(clock)
            pause()
            if fate == "late":
                late.append(call)
            answer = (
                ask(register, call, "simulated") if fate in ("answered", "answer lost") else None
            )
            pause()
            known = fate == "answered"
            returned = next(clock) if known else inf
            history.append(Operation(number, began, returned, call, answer if known else "unknown"))

    def network() -> None:
        for _ in range(CLIENTS * CALLS * 2):
            if late and random.random() < 0.2:
                ask(register, late.pop(), "simulated")
            pause()

    actors = [greenlet(client) for _ in range(CLIENTS)]
    arguments: list[tuple[Any, ...]] = [(n, calls(random)) for n in range(CLIENTS)]
    actors.append(greenlet(network))
    arguments.append(())
    alive = list(range(len(actors)))
    while alive:
        number = random.choice(alive)
        actor = actors[number]
        actor.switch(*(() if actor else arguments[number]))
        if actor.dead:
            alive.remove(number)
    return history


# Threads


class Crew:
    """Threads that make one history after the other, each with a register of its own.

    Args:
        opened: opens the register, which all of them share, for one thread.
    """

    def __init__(self, opened: Callable[[], Register]) -> None:
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._barrier = Barrier(CLIENTS)
        self._opened = opened
        self._clock = count()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def histories(self, seeds: Sequence[int]) -> list[list[Operation]]:
        """One history for each seed, each in a partition of its own."""
        running = [self._pool.submit(self._client, n, seeds) for n in range(CLIENTS)]
        parts = [one.result(_TIMEOUT_SECONDS) for one in running]
        return [list(chain(*of_seed)) for of_seed in zip(*parts, strict=True)]

    def _client(self, number: int, seeds: Sequence[int]) -> list[list[Operation]]:
        register = self._opened()
        try:
            return [self._history(register, number, seed) for seed in seeds]
        except BaseException:
            self._barrier.abort()
            raise
        finally:
            getattr(register, "close", lambda: None)()

    def _history(self, register: Register, number: int, seed: int) -> list[Operation]:
        partition = f"history {seed}"
        if number == 0:
            prepare(register, partition)
        found: list[Operation] = []
        self._barrier.wait(_TIMEOUT_SECONDS)
        for call, fate in calls(Random(f"{seed} {number}")):
            began = next(self._clock)
            answer = None if fate == "request lost" else ask(register, call, partition)
            returned, known = next(self._clock), fate == "answered"
            found.append(
                Operation(
                    number,
                    began,
                    returned if known else inf,
                    call,
                    answer if known else "unknown",
                )
            )
        return found
