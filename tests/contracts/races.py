"""Races of real processes, for backends that processes share.

Eight spawned processes are kept for the whole test session. A race sends each of them the same
function; inside, ``together()`` waits until all eight are there. The functions must be importable
by name, so they stand here and not in the suites.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any, NamedTuple

from plans.errors import ConditionFailed, Conflict, KeyTaken
from plans.storage.archive import Archive
from plans.storage.files import FileArchive
from plans.storage.register import Absent, Action, All, Attributes, Check, Key, Put, Register, Where
from plans.storage.sqlite import SqliteRegister

RACERS = 8
_TIMEOUT_SECONDS = 60  # a racer that died must fail the test, not hang it

POINTER = Key("enact#dns/race", "pointer")
JOURNAL = "journal#dns/race"

_barrier: Barrier | None = None


def together() -> None:
    """Wait until every racer is here."""
    assert _barrier is not None
    _barrier.wait(_TIMEOUT_SECONDS)


class Racers(NamedTuple):
    pool: Any
    barrier: Barrier

    def race(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """What each racer returned, by its number. Each gets exactly one: ``together`` holds it.

        Raises:
            Exception: what the first racer that failed has raised.
        """
        self.barrier.reset()
        calls = [(function, number, *arguments) for number in range(RACERS)]
        running = [self.pool.apply_async(_run, call) for call in calls]
        results: list[Any] = []
        errors: list[Exception] = []
        for one in running:  # all of them: the next race must find every racer idle
            try:
                results.append(one.get(_TIMEOUT_SECONDS))
            except multiprocessing.TimeoutError:
                self.pool.terminate()  # One hangs. Nothing would end it but this.
                raise
            except Exception as error:  # noqa: BLE001  raised below
                errors.append(error)
        if errors:
            # A broken barrier is only the consequence: another racer knows why.
            raise min(errors, key=lambda error: isinstance(error, BrokenBarrierError))
        return results


@contextmanager
def racing() -> Iterator[Racers]:
    """Eight processes, ready to race."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(RACERS)
    pool = context.Pool(RACERS, initializer=_remember, initargs=(barrier,))
    yield Racers(pool, barrier)
    pool.close()
    pool.join()


def assert_one_winner_each(won: Sequence[Sequence[bool]]) -> None:
    """``won[racer][round]``: exactly one racer won every round."""
    winners = [sum(rounds) for rounds in zip(*won, strict=True)]
    assert winners == [1] * len(winners)


def _remember(barrier: Barrier) -> None:
    global _barrier  # noqa: PLW0603  the one way to hand a barrier to a pool's process
    _barrier = barrier


def _run(function: Callable[..., Any], number: int, *arguments: Any) -> Any:
    together()
    try:
        return function(number, *arguments)
    except BaseException:
        assert _barrier is not None
        _barrier.abort()  # or the others would wait for this one
        raise


# Archive


def body_of(number: int) -> bytes:
    return bytes([number]) * 100_000


def create_rounds(number: int, opened: Callable[[], Archive], rounds: int) -> list[bool]:
    """One key per round, all at once; whoever lost or won reads a whole object."""
    archive, won = opened(), []
    for n in range(rounds):
        key = f"streams/dns/race/plans/{n:012d}.json"
        together()
        try:
            archive.create(key, body_of(number))
            won.append(True)
        except KeyTaken:
            won.append(False)
        found = archive.read(key)
        assert found is not None
        assert found.body in map(body_of, range(RACERS))
        assert not won[-1] or found.body == body_of(number)
    return won


def bury_rounds(number: int, opened: Callable[[], Archive], rounds: int) -> list[bool]:
    """All bury what all have read; a late creator of the same key joins in."""
    archive, won = opened(), []
    for n in range(rounds):
        key = f"streams/dns/buried/plans/{n:012d}.json"
        try:
            archive.create(key, b"plan")
        except KeyTaken:
            pass
        found = archive.read(key)
        assert found is not None
        together()
        try:
            archive.bury(key, b"tombstone %d" % number, found.etag)
            won.append(True)
        except Conflict:
            won.append(False)
        try:
            archive.create(key, b"another plan")
            raise AssertionError("a buried key was free")
        except KeyTaken:
            pass
        together()
    return won


def watch_or_create(number: int, opened: Callable[[], Archive], count: int) -> bool:
    """Racer 0 creates keys in order; the others list and read until they have seen the last.

    Returns:
        Whether every listing was a gapless beginning and every object in it whole.
    """
    archive = opened()
    prefix = "streams/dns/watched/plans/"
    keys = [f"{prefix}{n:012d}.json" for n in range(count)]
    if number == 0:
        for key in keys:
            archive.create(key, body_of(1))
        return True
    seen: list[str] = []
    whole = True
    while len(seen) < count:
        seen = list(archive.list(prefix))
        read = archive.read(seen[-1]) if seen else None
        whole = whole and seen == keys[: len(seen)]
        whole = whole and (not seen or (read is not None and read.body == body_of(1)))
    return whole


# Register


def bump_rounds(number: int, opened: Callable[[], Register], rounds: int) -> list[bool]:
    """All read generation g, then all write g + 1 on the condition that it is still g."""
    register, won = opened(), []
    for _ in range(rounds):
        found = register.read(POINTER)
        assert found is not None
        generation = found["generation"]
        assert isinstance(generation, int)
        together()
        bumped: Attributes = {"generation": generation + 1, "attempt": f"racer {number}"}
        try:
            register.write(Put(POINTER, bumped, Where("generation", "=", generation)))
            won.append(True)
        except ConditionFailed as refused:
            (item,) = refused.items
            assert item is not None
            assert item["generation"] == generation + 1
            won.append(False)
        together()
    return won


def count_up(number: int, opened: Callable[[], Register], times: int) -> None:
    """Add to one counter, with a journal entry in the same transaction, until it worked."""
    register = opened()
    for n in range(times):
        done = False
        while not done:
            found = register.read(POINTER)
            assert found is not None
            count = found["generation"]
            assert isinstance(count, int)
            entry = Key(JOURNAL, f"{count:012d}")
            try:
                register.write(
                    Put(POINTER, {"generation": count + 1}, Where("generation", "=", count)),
                    Put(entry, {"by": f"{number}.{n}"}, Absent()),
                    Check(Key("hold#dns/race", "hold"), Where("held", "=", "no")),
                )
                done = True
            except ConditionFailed:
                pass


def prepare_and_create(number: int, folder: Path, rounds: int) -> list[bool]:
    """All make the same register and use it at once; one of them creates the pointer."""
    won = []
    for n in range(rounds):
        register = SqliteRegister(folder / f"{n}.db")
        together()
        register.prepare()
        try:
            register.write(Put(POINTER, {"attempt": f"racer {number}"}, Absent()))
            won.append(True)
        except ConditionFailed:
            won.append(False)
    return won


# What races must detect: each lacks one protection. That everybody has checked before anybody acts
# is what a pause between the two brings about in earnest; here it is no matter of luck.


class CreatesByOpening(FileArchive):
    """``create`` looks whether the key is free, and then opens its file for writing."""

    def create(self, key: str, body: bytes) -> None:
        path = self._path(key)
        if path.exists():
            raise KeyTaken(f"{key} exists", rule="write-once")
        together()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


class BuriesWithoutLock(FileArchive):
    """``bury`` compares and renames, with nothing that joins the two."""

    def bury(self, key: str, tombstone: bytes, etag: str) -> None:
        found = self.read(key)
        if found is None or found.etag != etag:
            raise Conflict(f"{key} was changed", rule="changed-since-read")
        together()
        with self._temporary(tombstone) as temporary:
            temporary.replace(self._path(key))


class DecidesInPython:
    """A register's client that reads, decides, and then writes whatever is there by then."""

    def __init__(self, opened: Callable[[], Register]) -> None:
        self._register = opened()
        self.read = self._register.read
        self.read_all = self._register.read_all
        self.scan = self._register.scan

    def write(self, *actions: Action, token: str | None = None) -> None:
        (action,) = actions
        assert isinstance(action, Put)
        assert isinstance(action.condition, Where)
        found = self.read(action.key)
        if found is None or found[action.condition.attribute] != action.condition.value:
            raise ConditionFailed("decided in Python", failed=[0], items=[found])
        together()
        self._register.write(Put(action.key, action.attributes, All(())))
