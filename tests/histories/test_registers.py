"""Recorded histories of the registers are linearizable, and those of a broken one are found out."""

from __future__ import annotations

from functools import partial
from math import inf
from pathlib import Path

from planfence.clock import SystemClock
from plans.storage.dynamodb import DynamoRegister
from plans.storage.register import Action, All, Check, Put
from plans.storage.sqlite import SqliteRegister
from tests.doubles.memory import MemoryRegister
from tests.emulators.servers import Server, new_table
from tests.histories.linear import Act, Operation, Write, is_linearizable
from tests.histories.recording import CALLS, CLIENTS, START, Crew, ask, pause, prepare, simulate

HISTORIES = 10_000


class ChecksThenWrites(MemoryRegister):
    """The planted bug: conditions are evaluated, others go on, then everything is written."""

    def write(self, *actions: Action, token: str | None = None) -> None:
        super().write(*(Check(action.key, action.condition) for action in actions))
        pause()
        puts = [
            Put(each.key, each.attributes, All(())) for each in actions if isinstance(each, Put)
        ]
        if puts:
            super().write(*puts)


class WritesOneByOne(MemoryRegister):
    """Another: every condition holds at one instant, and the items are written one by one."""

    def write(self, *actions: Action, token: str | None = None) -> None:
        super().write(*actions[:1], *(Check(each.key, each.condition) for each in actions[1:]))
        for each in actions[1:]:
            pause()
            if isinstance(each, Put):
                super().write(Put(each.key, each.attributes, All(())))


def test_ten_thousand_histories_of_the_register_in_memory_are_linearizable() -> None:
    unknown = overlapping = 0
    for seed in range(HISTORIES):
        history = simulate(MemoryRegister(), seed)
        assert is_linearizable(history, START), f"seed {seed}: {history}"
        unknown += sum(operation.returned == inf for operation in history)
        overlapping += _overlap(history)
    calls = HISTORIES * CLIENTS * CALLS
    assert 0.09 < unknown / calls < 0.11
    assert overlapping > 0.9 * HISTORIES, "calls one after another prove nothing"


def _overlap(history: list[Operation]) -> bool:
    return any(
        one.client != other.client and one.began < other.began < one.returned < inf
        for one in history
        for other in history
    )


def test_a_register_that_checks_first_and_writes_afterwards_is_found_out() -> None:
    found = [seed for seed in range(1_000) if not _passes(ChecksThenWrites(), seed)]
    assert len(found) > 20


def test_a_register_whose_transactions_come_apart_is_found_out() -> None:
    found = [seed for seed in range(1_000) if not _passes(WritesOneByOne(), seed)]
    assert len(found) > 5


def _passes(register: MemoryRegister, seed: int) -> bool:
    return is_linearizable(simulate(register, seed), START)


def test_the_same_seed_records_the_same_history() -> None:
    assert simulate(MemoryRegister(), 7) == simulate(MemoryRegister(), 7)


def test_histories_of_threads_on_sqlite_are_linearizable(tmp_path: Path) -> None:
    path = tmp_path / "register.db"
    SqliteRegister(path).prepare()
    with Crew(partial(SqliteRegister, path)) as crew:
        _all_linearizable(crew.histories(range(300)))


def test_histories_of_threads_on_dynamodb_are_linearizable(ministack_server: Server) -> None:
    table = new_table(ministack_server)
    opened = partial(
        DynamoRegister,
        table,
        clock=SystemClock(),
        client=partial(ministack_server.client, "dynamodb"),
    )
    with Crew(opened) as crew:
        _all_linearizable(crew.histories(range(40)))


def _all_linearizable(histories: list[list[Operation]]) -> None:
    for history in histories:
        assert is_linearizable(history, START), history
    assert sum(map(_overlap, histories)) > len(histories) / 2, "nothing ran at the same time"


def test_two_clients_that_check_before_either_writes_are_found_out_on_sqlite(
    tmp_path: Path,
) -> None:
    path = tmp_path / "register.db"
    first, second = SqliteRegister(path), SqliteRegister(path)
    first.prepare()
    prepare(first, "p")
    wins = Write((Act(0, 2, "=", 1),)), Write((Act(0, 3, "=", 1),))
    careless = Write((Act(0, 2, "always"),)), Write((Act(0, 3, "always"),))
    held = [ask(register, Write((Act(0, None, "=", 1),)), "p") for register in (first, second)]
    assert held == ["written", "written"]  # both conditions hold, and nothing is written yet
    results = [ask(r, call, "p") for r, call in zip((first, second), careless, strict=True)]
    history = [Operation(n, n, 10 + n, wins[n], results[n]) for n in range(2)]
    assert not is_linearizable(history, START)
    first.close()
    second.close()
