"""A full disk: nothing is half written, and the next pass with room completes.

Two kinds: the kernel's own refusal (``RLIMIT_FSIZE``, which stops a write in its middle, after some
bytes were written), and an emulated one that begins at each operation of a pass in turn and lasts.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plans.plan import Mode
from plans.settings import read_settings
from tests.processes.crew import At, Crew, Wire, alone
from tests.processes.evidence import (
    check_applied,
    check_whole,
    published_generations,
    snapshot,
)
from tests.processes.points import Act, Points, full_from
from tests.processes.world import STREAM, Report, World

PAGE_BYTES: Final = 4096 + 24  # a page in the log, with its header
BEGINNING = {"www": 1, "mail": 1}
WANTED = {"www": 2, "mail": 2, "new": 3}


@dataclass(frozen=True, slots=True)
class Full:
    """A pass on a full disk, and what it left: the zone files as they were, or whole new ones."""

    at: str
    report: Report
    zones_changed: int
    published: int


def limit_from(name: str, size: int) -> Act:
    """From one point on the kernel lets no file of this process grow beyond ``size`` bytes."""

    def act(number: int, at: str) -> None:
        if at == name:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return act


def _enacting(world: World, plan: Report, act: Act) -> Report:
    points = Points(act).install()
    points.reach("at once")
    return world.enact(plan, points=points)


def _planning(world: World, desired: Path, act: Act) -> Report:
    points = Points(act).install()
    points.reach("at once")
    return world.plan(desired, points=points)


def _ready(folder: Path, mode: Mode) -> tuple[World, Path]:
    world = World(folder, mode).build()
    world.bring(world.write_desired("beginning", BEGINNING))
    return world, world.write_desired("wanted", WANTED)


def enact_on_a_full_disk(world: World, desired: Path, name: str, act: Act) -> Full:
    """Enact on a full disk, look at what is there, then enact with room, which must complete."""
    plan = alone(lambda: world.approved(desired))
    before = snapshot(world)
    report = alone(lambda: _enacting(world, plan, act))
    after = snapshot(world)
    changed = sum(before[target] != after[target] for target in world.targets)
    check_whole(world)  # every version of every zone file parses, or this raises
    last = alone(lambda: world.enact(plan))
    assert last.outcome in ("applied", "already_applied"), last
    check_applied(world, plan, desired)
    check_whole(world)
    return Full(name, report, changed, 0)


def publish_on_a_full_disk(world: World, desired: Path, name: str, act: Act) -> Full:
    """Plan on a full disk, look at what is there, then plan with room, which must publish."""
    before = snapshot(world)
    report = alone(lambda: _planning(world, desired, act))
    published = published_generations(world)
    temporary = list((world.folder / "archive" / ".control").glob("temp-*"))
    assert temporary == [], "what could not be written is tidied up"
    plan = alone(lambda: world.plan(desired))
    assert plan.outcome == ("published" if published == [1] else "pending"), plan
    assert plan.generation == 2, "a number was lost"
    assert snapshot(world) == before
    alone(lambda: world.approve(2))
    alone(lambda: world.enact(plan))
    check_applied(world, plan, desired)
    check_whole(world)
    return Full(name, report, 0, len(published) - 1)


def limited_at(folder: Path, mode: Mode, at: str, size: int, *, publish: bool = False) -> Full:
    """The kernel refuses files beyond ``size`` bytes, from a point on."""
    scenario = publish_on_a_full_disk if publish else enact_on_a_full_disk
    return scenario(*_ready(folder, mode), at, limit_from(at, size))


def register_full_after(folder: Path, mode: Mode, pages: int) -> Full:
    """The register's write-ahead log has room for that many more pages, and then no more.

    Somebody else has the register open, or each command would begin a new log.
    """
    world, desired = _ready(folder, mode)

    def bystander(wire: Wire) -> None:
        with world.register() as register:
            read_settings(register, STREAM)
            wire.send(At("reads"))
            wire.recv()

    def act(number: int, at: str) -> None:
        if at == "at once":
            size = world.register_path.with_name("register.db-wal").stat().st_size
            limit_from(at, size + pages * PAGE_BYTES)(number, at)

    with Crew() as crew:
        crew.start(bystander).heard()
        return enact_on_a_full_disk(world, desired, f"{pages} pages", act)


def full_at_every_operation(
    folder: Path, mode: Mode, *, publish: bool, step: int = 1
) -> list[Full]:
    """The disk is full from the n-th operation of a pass on, for every n (or every ``step``-th)."""
    world, desired = _ready(folder / "counting", mode)
    if publish:
        counted = alone(lambda: _planning(world, desired, lambda number, at: None))
    else:
        plan = alone(lambda: world.approved(desired))
        counted = alone(lambda: _enacting(world, plan, lambda number, at: None))
    scenario = publish_on_a_full_disk if publish else enact_on_a_full_disk
    return [
        scenario(*_ready(folder / str(number), mode), str(number), full_from(number))
        for number in range(1, counted.points + 1, step)
    ]
