"""Kills: a process dies of SIGKILL at a seeded operation, and one more pass mends everything.

Most kills are aimed: the process counts its own operations and kills itself just before or just
after the chosen one, so that every one of them is struck. The others come from outside, after the
chosen operation and while the process runs on, so that they land inside calls too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, Literal

from plans.names import blobs_prefix, plan_key
from plans.plan import Mode
from tests.processes.crew import Crew, Ended, Killed, alone
from tests.processes.evidence import (
    check_applied,
    check_whole,
    desired_digest,
    published_generations,
    versions,
)
from tests.processes.points import Points, die_at, tell
from tests.processes.stores import StoresAt
from tests.processes.world import STREAM, Report, World

CHAPTER: Final = 6  # generations in one world, before the next world starts from nothing
POINTS_GUESSED: Final = 60  # in a pass, until one has been counted
FROM_OUTSIDE: Final = 0.25  # of the kills at a numbered operation
# Struck first, by name: where a zone file changes, and where the register does.
NAMED: Final = tuple(
    f"{when} {what}"
    for what in (
        "register write claimed",
        "rename t1.zone",
        "rename t2.zone",
        "register write applied",
    )
    for when in ("before", "after")
)

Pass = Callable[[Points], Report]


@dataclass
class Tally:
    """What was struck, by who and where; and how many passes mended it.

    ``wanted`` are the operations that must be struck.
    """

    wanted: tuple[str, ...]
    kills: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    generations: int = 0


class Killer:
    """Deals out the operations of a fresh pass as cards: all are struck before one is again."""

    def __init__(self, seed: int, named: tuple[str, ...]) -> None:
        self.random = Random(seed)
        self.tally = Tally(named)
        self.longest: Counter[str] = Counter()
        self._cards: dict[str, Iterator[int | str]] = {"enactor": iter(named)}

    def has_killed(self, enactors: int) -> bool:
        """Whether that many enactors died, and every sort of death had its turn."""
        tally = self.tally
        dealt = tally.generations >= len(tally.wanted)
        others = tally.kills["planner"] and tally.points["from outside"]
        return bool(dealt and others and tally.kills["enactor"] >= enactors)

    def strike(self, who: str, job: Pass, *, resumes: bool = False) -> bool:
        """Run a pass that is to be killed; whether it was, before it ended.

        A pass that resumes is shorter, nobody knows by how much: its operation is any of the first.
        """
        chosen = self.random.randint(1, POINTS_GUESSED // 2) if resumes else self._draw(who)
        if isinstance(chosen, int) and self.random.random() < FROM_OUTSIDE:
            killed, point = _from_outside(job, chosen), "from outside"
        else:
            killed = _aimed(job, chosen)
            point = killed.point if killed else ""
        if killed is None:
            return False
        self.tally.kills[who] += 1
        self.tally.points[point] += 1
        return True

    def spare(self, who: str, job: Pass) -> Report:
        """Run a pass to its end, in a fresh process."""
        report = alone(lambda: job(Points().install()))
        self.longest[who] = max(self.longest[who], report.points)
        return report

    def _draw(self, who: str) -> int | str:
        card = next(self._cards.get(who, iter(())), None)
        if card is not None:
            return card
        count = self.longest[who] or POINTS_GUESSED
        first, *rest = self.random.sample(range(1, count + 1), count)
        self._cards[who] = iter(rest)
        return first


def _aimed(job: Pass, chosen: int | str) -> Killed | None:
    with Crew() as crew:
        fate = crew.start(lambda wire: job(Points(die_at(wire, chosen)).install())).fate()
    return fate if isinstance(fate, Killed) else None


def _from_outside(job: Pass, chosen: int) -> Killed | None:
    """Count the announced operations, then kill. The process runs on until the signal is there."""
    with Crew() as crew:
        worker = crew.start(lambda wire: job(Points(tell(wire)).install()))
        for _ in range(chosen):
            if isinstance(worker.heard(), Ended):
                return None
        worker.kill()
        fate = worker.fate()
    return fate if isinstance(fate, Killed) else None


def kill_rounds(
    stores_at: StoresAt, folder: Path, mode: Mode, seed: int, kills: int, limit: int | None = 2
) -> Tally:
    """Generation after generation, with planner and enactor killed on the way, until ``kills``.

    It may take more of them until every sort of death was seen.

    After each generation: zone files as desired, pointer applied, journal verified, register
    sound, no zone went back, no step had its effect twice, no number was lost or used twice.
    """
    killer = Killer(seed, NAMED + stores_at.WITHIN)
    chapter = 0
    while not killer.has_killed(kills):
        place = folder / f"{chapter}"
        world = World(place, stores_at(place), mode, limit=limit).build()
        chapter += 1
        for number in range(1, CHAPTER + 1):
            plan, desired = _planned(killer, world, number)
            _enacted(killer, world, plan, desired)
            killer.tally.generations += 1
            if killer.has_killed(kills):
                break
        check_whole(world)
    return killer.tally


def _planned(killer: Killer, world: World, number: int) -> tuple[Report, Path]:
    random = killer.random
    addresses = {name: random.randint(1, 99) for name in "abc" if random.random() < 0.8}
    desired = world.write_desired("desired", {**addresses, "www": number})
    if random.random() < 0.3:
        killer.strike("planner", lambda points: world.plan(desired, points=points))
    plan = killer.spare("planner", lambda points: world.plan(desired, points=points))
    assert plan.outcome in ("published", "pending"), plan
    assert plan.generation == number, "a killed planner cost a number"
    assert published_generations(world) == list(range(1, number + 1))
    alone(lambda: world.approve(number))
    return plan, desired


def _enacted(killer: Killer, world: World, plan: Report, desired: Path) -> None:
    killer.strike("enactor", lambda points: world.enact(plan, points=points))
    while killer.random.random() < 0.3:  # a pass that resumes is killed as well
        killer.strike("enactor", lambda points: world.enact(plan, points=points), resumes=True)
    last = killer.spare("enactor", lambda points: world.enact(plan, points=points))
    assert last.outcome in ("applied", "already_applied"), last
    killer.tally.resumed += last.outcome == "applied"
    check_applied(world, plan, desired)
    check_whole(world)
    effects = [
        [(version.fence.generation, version.fence.step) for version in versions(world, target)]
        for target in world.targets
    ]
    assert effects[0] == effects[1], "two targets that were equal took different steps"


def kill_planners_between_attachment_and_plan(
    stores_at: StoresAt, folder: Path, when: Literal["before", "sent", "after"]
) -> None:
    """The number stays free, what lies around is harmless, and the next planner takes the number.

    Args:
        stores_at: makes the stores.
        folder: where the world is made.
        when: ``before`` the plan's creation leaves no plan, ``after`` it a whole one; what becomes
            of a request that was ``sent`` is decided by the store alone.
    """
    world = World(folder, stores_at(folder)).build()
    for number in range(1, 6):
        desired = world.write_desired(f"d{number}", {"www": number})
        what = "PutObject" if when == "sent" else "archive create"
        name = f"{when} {what} {number:012d}.json"
        killed = _aimed(lambda points, path=desired: world.plan(path, points=points), name)  # type: ignore[misc]
        assert killed == Killed(name)
        attachments = list(world.archive.list(f"{blobs_prefix(STREAM)}{number:012d}/"))
        assert len(attachments) == 1, "the attachment is written before the plan that names it"
        if when != "sent":
            is_there = world.archive.read(plan_key(STREAM, number)) is not None
            assert is_there == (when == "after")
        plan = alone(lambda path=desired: world.plan(path, "paul"))  # type: ignore[misc]
        assert plan.generation == number
        found = world.published(number).plan
        assert (plan.outcome, found.created_by) in (("published", "paul"), ("pending", "pia"))
        if when != "sent":
            assert plan.outcome == ("pending" if when == "after" else "published")
        assert found.inputs[0].digest == desired_digest(desired)
        alone(lambda: world.approve(number))  # noqa: B023 - runs before the loop goes on
        alone(lambda plan=plan: world.enact(plan))  # type: ignore[misc]
        check_applied(world, plan, desired)
    check_whole(world)
