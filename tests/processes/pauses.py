"""Pauses: SIGSTOP at a chosen point of a real enactor, newer generations meanwhile, SIGCONT.

The states are chosen so that the fence alone decides: the paused plan and the newer ones change
different records, and so every ``before`` of the late write still holds when it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import cycle, islice, product
from pathlib import Path
from typing import Final

from plans.plan import Mode
from tests.processes.crew import Crew, Worker, alone
from tests.processes.evidence import check_applied, check_whole, snapshot, versions
from tests.processes.points import Points, stop_at
from tests.processes.recorded import RecordedTarget, UnfencedTarget, Version
from tests.processes.stores import StoresAt
from tests.processes.world import T1, T2, Report, World

# Each lies between the read of a target's fence and the write that rests on it; the last two lie
# after the read of the pointer too, so that nothing but the target can refuse.
LAST: Final = ("apply called {}", "after create {}.lock")
WHERE: Final = ("fence read {}", *LAST)


@dataclass(frozen=True, slots=True)
class Woken:
    """What a paused enactor did after it was woken.

    ``changed`` are the targets it wrote to; ``newest`` and ``live`` the last version of the target
    it was paused at, before it was woken and after it ended.
    """

    paused_at: str
    report: Report
    changed: tuple[str, ...]
    newest: Version
    live: Version


class Pauses:
    """Rounds in one world: each pauses an enactor, brings newer generations, and wakes it.

    Args:
        stores_at: makes the world's stores.
        folder: where the world is made.
        mode: of the stream.
        target_class: what the paused enactor writes to. The others keep the real one.
    """

    def __init__(
        self, stores_at: StoresAt, folder: Path, mode: Mode, target_class: type[RecordedTarget]
    ) -> None:
        self.world = World(folder, stores_at(folder), mode).build()
        self.target_class = target_class
        self.state = {"a": 1, "b": 1, "c": 1}
        self.rounds = 0
        self.newest = self._desired("start")
        self.plan = self.world.bring(self.newest)

    def round(self, point: str, target: str) -> Woken:
        """One pause. The paused plan changes ``a``, the newer ones change ``b`` and ``c``."""
        self.rounds += 1
        world, name = self.world, self.world.path(target).name
        stale_desired = self._desired("stale", a=2 + self.rounds % 200)
        stale = alone(lambda: world.approved(stale_desired))
        at = point.format(name)
        with Crew() as crew:
            asleep = replace(world, target_class=self.target_class)
            sleeper = _pause(crew, asleep, stale, at)
            for label in "bc"[: 1 + self.rounds % 2]:  # one newer generation, or two
                self.state[label] = self.state[label] % 200 + 1
                self.newest = self._desired("newest")
                self.plan = alone(lambda: world.bring(self.newest))
            before, newest = snapshot(world), versions(world, target)[-1]
            assert sleeper.is_still_stopped()
            sleeper.resume()
            report = sleeper.result()
        after = snapshot(world)
        changed = tuple(name for name in world.targets if before[name] != after[name])
        return Woken(at, report, changed, newest, versions(world, target)[-1])

    def check(self) -> None:
        check_applied(self.world, self.plan, self.newest)
        check_whole(self.world)

    def _desired(self, name: str, **changed: int) -> Path:
        return self.world.write_desired(name, {**self.state, **changed})


def _pause(crew: Crew, world: World, plan: Report, at: str) -> Worker[Report]:
    def act() -> Report:
        points = Points(stop_at(at)).install()
        return world.enact(plan, "sleeper", points=points)

    worker = crew.start(lambda _: act())
    worker.stopped()
    return worker


def pause_rounds(stores_at: StoresAt, folder: Path, mode: Mode, pauses: int) -> list[Woken]:
    """Pause that often; the points and targets take turns. What is live is checked each time."""
    rounds = Pauses(stores_at, folder, mode, RecordedTarget)
    woken = []
    for point, target in islice(cycle(product(WHERE, (T1, T2))), pauses):
        woken.append(rounds.round(point, target))
        rounds.check()
    return woken


def pause_without_the_fence(
    stores_at: StoresAt, folder: Path, mode: Mode, point: str, target: str
) -> Woken:
    """The same round, in which the paused enactor writes to a target that holds no fence."""
    return Pauses(stores_at, folder, mode, UnfencedTarget).round(point, target)


def a_holder_paused_inside_the_lock(
    stores_at: StoresAt, folder: Path, targets: tuple[str, ...]
) -> tuple[Report, bool]:
    """One enactor stops inside the lock of ``t1``; another tries a newer plan with little patience.

    Returns:
        How the other's pass ended, and whether it left ``t1`` as it was. After the holder is woken
        and one more pass ran, the newer plan is applied: that is checked here.
    """
    stores = stores_at(folder)
    world = World(folder, stores, "converge", targets=targets, busy_seconds=0.05).build()
    world.bring(world.write_desired("start", {"a": 1, "b": 1}))
    held = world.approved(world.write_desired("held", {"a": 2, "b": 1}))
    newer = world.write_desired("newer", {"a": 1, "b": 2})
    with Crew() as crew:
        holder = _pause(crew, world, held, "before rename t1.zone")
        plan = alone(lambda: world.approved(newer))
        before = snapshot(world)
        other = alone(lambda: world.enact(plan))
        unchanged = snapshot(world)[T1] == before[T1]
        assert holder.is_still_stopped()
        holder.resume()
        assert holder.result().outcome == "superseded"
    assert alone(lambda: world.enact(plan)).outcome == "applied"
    check_applied(world, plan, newer)
    check_whole(world)
    return other, unchanged
