"""The archive is lost, in part or whole: nothing live depends on it, and the next plan mends all.

Every pass runs in a process of its own, as it would from a shell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plans.guards import PARENT_UNREADABLE
from plans.names import blobs_prefix, plan_key, plans_prefix
from plans.plan import Mode
from tests.processes.crew import Crew, Killed, alone
from tests.processes.evidence import check_applied, check_whole, published_generations, snapshot
from tests.processes.points import Points, die_at
from tests.processes.stores import Stores, StoresAt
from tests.processes.world import STREAM, Report, World

Damage = Callable[[Stores, str], None]

WAIVED: Final = (PARENT_UNREADABLE,)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The next plan after a loss: without a waiver, unapproved, and approved."""

    unwaived: Report
    planned: Report
    unapproved: Report
    enacted: Report


def many_generations(stores_at: StoresAt, folder: Path, mode: Mode, count: int) -> World:
    """A world in which that many generations were applied, in a quick loop."""
    world = World(folder, stores_at(folder), mode).build()

    def loop() -> None:
        for number in range(1, count + 1):
            world.bring(world.write_desired(f"d{number}", {"www": number, "mail": 1}))

    alone(loop)
    assert published_generations(world) == list(range(1, count + 1))
    return world


def empty_archive(world: World) -> None:
    """What ``rm -r`` of the plans and their attachments does."""
    for prefix in (plans_prefix(STREAM), blobs_prefix(STREAM)):
        world.stores.empty(prefix)


def remove(stores: Stores, key: str) -> None:
    stores.delete(key)


def flip_bit(stores: Stores, key: str) -> None:
    found = stores.archive.read(key)
    assert found is not None
    data = bytearray(found.body)
    data[len(data) // 2] ^= 1
    stores.overwrite(key, bytes(data))


def recover(world: World, desired: Path) -> Recovery:
    """Bring the next plan, step by step, and check that it is applied and nothing went back."""
    before = snapshot(world)
    unwaived = alone(lambda: world.plan(desired))
    planned = alone(lambda: world.plan(desired, waive=WAIVED))
    assert planned.generation is not None, planned
    unapproved = alone(lambda: world.enact(planned))
    assert snapshot(world) == before, "a zone changed before the new plan was enacted"
    alone(lambda: world.approve(planned.generation or 0))
    enacted = alone(lambda: world.enact(planned))
    check_applied(world, planned, desired)
    check_whole(world)
    return Recovery(unwaived, planned, unapproved, enacted)


def lost_after_forty(template: World, folder: Path, *, same: bool) -> Recovery:
    """The archive is emptied; the next plan wants something else, or just the ``same`` again."""
    world = template.copied(folder)
    empty_archive(world)
    assert published_generations(world) == []
    last = world.folder / "d40.yaml"
    return recover(world, last if same else world.write_desired("next", {"www": 99, "mail": 2}))


def old_plans_deleted(template: World, folder: Path) -> tuple[Report, Report, bool]:
    """Every plan but the newest is deleted.

    Returns:
        How a planning and an enacting pass end then, and whether no zone file changed.
    """
    world = template.copied(folder)
    before = snapshot(world)
    for generation in published_generations(world)[:-1]:
        world.stores.delete(plan_key(STREAM, generation))
        world.stores.empty(f"{blobs_prefix(STREAM)}{generation:012d}/")
    planned = alone(lambda: world.plan(world.folder / "d40.yaml"))
    enacted = alone(world.enact)
    check_whole(world)
    return planned, enacted, snapshot(world) == before


def pointers_plan_damaged(
    stores_at: StoresAt, folder: Path, mode: Mode, damage: Damage
) -> Recovery:
    """The plan that is applied is damaged in the archive, and something new is wanted."""
    world = many_generations(stores_at, folder, mode, 2)
    damage(world.stores, plan_key(STREAM, 2))
    return recover(world, world.write_desired("next", {"www": 99, "mail": 2}))


def claimed_plan_damaged(
    stores_at: StoresAt, folder: Path, mode: Mode, damage: Damage
) -> tuple[Report, Recovery]:
    """An enactor dies right after its claim or half-way, and the plan it claimed is damaged.

    Returns:
        How a pass ended that was to resume the damaged plan, and the recovery by a new one.
    """
    world = many_generations(stores_at, folder, mode, 2)
    claimed = alone(lambda: world.approved(world.write_desired("lost", {"www": 7, "mail": 7})))

    def dies(points: Points) -> Report:
        return world.enact(claimed, points=points.install())

    with Crew() as crew:
        fate = crew.start(lambda wire: dies(Points(die_at(wire, "after rename t1.zone")))).fate()
    assert isinstance(fate, Killed)
    damage(world.stores, plan_key(STREAM, 3))
    resumed = alone(lambda: world.enact(claimed))
    return resumed, recover(world, world.write_desired("next", {"www": 99, "mail": 2}))


def approved_and_lost(template: World, folder: Path) -> tuple[Report, Report]:
    """Plans 41 and 42 were published and approved, not enacted; then the archive is emptied.

    Returns:
        The next plan, and how its enactment ended.
    """
    world = template.copied(folder)
    for number in (41, 42):
        path = world.write_desired(f"d{number}", {"www": number, "mail": 1})
        assert alone(lambda path=path: world.approved(path)).generation == number  # type: ignore[misc]
    empty_archive(world)
    found = recover(world, world.write_desired("next", {"www": 99, "mail": 2}))
    return found.planned, found.enacted
