"""Races: sixteen processes want the same thing at once.

Each race has a gate where every process has already decided on what it read, and has written
nothing yet. So all but one rest on something stale when the gate opens, on every machine.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from plans import journal
from tests.processes.crew import At, Crew, Ended, Wire, Worker
from tests.processes.evidence import (
    check_applied,
    check_parents,
    check_whole,
    desired_digest,
    published_generations,
    versions,
)
from tests.processes.points import Act, Points, dawdle, gate
from tests.processes.stores import StoresAt
from tests.processes.world import STREAM, Report, World

RACERS = 16


def _through_the_gate(workers: list[Worker[Report]]) -> tuple[list[Report], int]:
    """Wait until each is at the gate or has ended, let all go at once, and wait for the ends."""
    waiting: list[Worker[Report]] = []
    reports: dict[int, Report] = {}
    for worker in workers:
        message = worker.heard()
        if isinstance(message, Ended):
            reports[worker.pid] = message.value
        else:
            assert isinstance(message, At)
            waiting.append(worker)
    for worker in waiting:
        worker.go()
    for worker in waiting:
        reports[worker.pid] = worker.result()
    return [reports[worker.pid] for worker in workers], len(waiting)


def _act(wire: Wire, point: str, seed: int) -> Act:
    gated, slow = gate(wire, point), dawdle(Random(seed))

    def act(number: int, at: str) -> None:
        gated(number, at)
        slow(number, at)

    return act


def _race_of_planners(
    stores_at: StoresAt, folder: Path, seed: int, racers: int
) -> tuple[World, list[Path], list[Report]]:
    """Planners with different desired files, all of which computed generation 1 before one won."""
    world = World(folder, stores_at(folder)).build()
    files = [world.write_desired(f"p{n}", {"www": n, f"h{n}": n}) for n in range(1, racers + 1)]

    def job(wire: Wire, number: int) -> Report:
        act = _act(wire, "before archive create 000000000001.json", seed * 1000 + number)
        points = Points(act).install()
        return world.plan(files[number], f"planner-{number}", points=points)

    with Crew() as crew:
        workers = [crew.start(lambda wire, n=n: job(wire, n)) for n in range(racers)]  # type: ignore[misc]
        reports, waited = _through_the_gate(workers)
    assert waited == racers, "not everybody computed generation 1"
    return world, files, reports


def planners_race(
    stores_at: StoresAt, folder: Path, seed: int, racers: int = RACERS
) -> Counter[int]:
    """Checks that numbers have no gap and that nobody's plan was lost or renumbered.

    Every plan is what its own process read and computed for that number, and names as its parent
    the head that the process saw in its last pass.

    Returns:
        How many processes read their desired state how often.
    """
    world, files, reports = _race_of_planners(stores_at, folder, seed, racers)
    generations = published_generations(world)
    assert generations == list(range(1, racers + 1))
    assert sorted(report.generation or 0 for report in reports) == generations
    for number, report in enumerate(reports):
        assert report.outcome == "published", report
        assert report.generation is not None
        found = world.published(report.generation)
        assert found.digest == report.digest
        assert found.plan.created_by == f"planner-{number}"
        assert found.plan.inputs[0].digest == desired_digest(files[number])
    check_parents(world, generations)
    check_whole(world)
    return Counter(report.reads for report in reports)


def plans_in_a_race(
    stores_at: StoresAt, folder: Path, seed: int, racers: int = RACERS
) -> tuple[int, int]:
    """The same race, on an archive that may not keep its promises: nothing is checked.

    Returns:
        How many plans were said to be published, and how many there are.
    """
    world, _, reports = _race_of_planners(stores_at, folder, seed, racers)
    said = sum(report.outcome == "published" for report in reports)
    return said, len(published_generations(world))


def enactors_race_in_converge(
    stores_at: StoresAt,
    folder: Path,
    seed: int,
    *,
    gated: bool,
    from_applied: bool,
    racers: int = RACERS,
) -> Counter[str]:
    """Each process enacts a generation of its own, published and approved beforehand.

    With ``gated`` every process that claimed has read the first target's fence and not written to
    it when the gate opens.

    Returns:
        How many passes ended how.
    """
    world = World(folder, stores_at(folder), "converge").build()
    if from_applied:
        world.bring(world.write_desired("start", {"www": 200, "mail": 200}))
    files = [world.write_desired(f"e{n}", {"www": n, f"h{n}": n}) for n in range(1, racers + 1)]
    planned = [world.approved(path) for path in files]

    def job(wire: Wire, number: int) -> Report:
        point = "apply called t1.zone" if gated else "at once"
        points = Points(_act(wire, point, seed * 1000 + number)).install()
        points.reach("at once")
        return world.enact(planned[number], f"enactor-{number}", points=points)

    order = list(range(racers))
    Random(seed).shuffle(order)
    with Crew() as crew:
        workers = {n: crew.start(lambda wire, n=n: job(wire, n)) for n in order}  # type: ignore[misc]
        reports, _ = _through_the_gate([workers[n] for n in range(racers)])
    newest = reports[-1]
    assert newest.outcome == "applied", newest
    for plan, report in zip(planned, reports, strict=True):
        if report.outcome == "applied":
            _check_was_done(world, plan)
        else:
            assert (report.outcome, report.exit_code) == ("superseded", 4), report
    check_applied(world, planned[-1], files[-1])
    check_whole(world)
    return Counter(report.outcome for report in reports)


def _check_was_done(world: World, plan: Report) -> None:
    """A pass that says "applied" did bring every target to its plan, at some time."""
    for target in world.targets:
        assert any(
            version.fence.done and version.fence.digest == plan.digest
            for version in versions(world, target)
        ), (target, plan)


@dataclass(frozen=True, slots=True)
class _Race:
    """How a race in ``exact`` ended, each list in the order of the racers."""

    world: World
    files: list[Path]
    planned: list[Report]
    reports: list[Report]


def _race_in_exact(
    stores_at: StoresAt, folder: Path, seed: int, *, from_applied: bool, racers: int
) -> _Race:
    """Plans made on one base: each process has verified its own and claimed nothing at the gate."""
    world = World(folder, stores_at(folder), "exact").build()
    if from_applied:
        world.bring(world.write_desired("start", {"www": 200, "mail": 200}))
    files = [world.write_desired(f"e{n}", {"www": n, f"h{n}": n}) for n in range(1, racers + 1)]
    planned = [world.approved(path) for path in files]
    bases = {world.published(plan.generation or 0).plan.base for plan in planned}
    assert len(bases) == 1, "the plans were not made on one base"

    def job(wire: Wire, number: int) -> Report:
        act = _act(wire, "before register write claimed", seed * 1000 + number)
        points = Points(act).install()
        return world.enact(planned[number], f"enactor-{number}", points=points)

    with Crew() as crew:
        workers = [crew.start(lambda wire, n=n: job(wire, n)) for n in range(racers)]  # type: ignore[misc]
        reports, waited = _through_the_gate(workers)
    assert waited == racers, "not everybody found its plan eligible"
    return _Race(world, files, planned, reports)


def enactors_race_in_exact(
    stores_at: StoresAt, folder: Path, seed: int, *, from_applied: bool, racers: int = RACERS
) -> Counter[str]:
    """One of the plans is claimed and applied, and nobody else writes to any zone.

    Returns:
        How many passes ended how.
    """
    race = _race_in_exact(stores_at, folder, seed, from_applied=from_applied, racers=racers)
    world, reports = race.world, race.reports
    winners = [n for n, report in enumerate(reports) if report.outcome == "applied"]
    assert len(winners) == 1, reports
    assert [report.claims for report in reports] == [int(n in winners) for n in range(racers)]
    for report in (report for n, report in enumerate(reports) if n not in winners):
        assert report.exit_code in (3, 4), report
        assert report.rule in ("base-moved", "superseded"), report
    won = race.planned[winners[0]]
    check_applied(world, won, race.files[winners[0]])
    for target in world.targets:
        written = {version.fence.generation for version in versions(world, target)}
        first = {1} if from_applied else set()
        assert written == first | {won.generation}, "a loser wrote"
    check_whole(world)
    return Counter(report.outcome for report in reports)


def claims_in_a_race(
    stores_at: StoresAt, folder: Path, seed: int, racers: int = RACERS
) -> tuple[int, int]:
    """The same race, on a register that may not keep its promises: nothing is checked.

    Returns:
        How many claims were acknowledged, and how many the journal tells of.
    """
    race = _race_in_exact(stores_at, folder, seed, from_applied=True, racers=racers)
    acknowledged = sum(report.claims for report in race.reports)
    generations = {plan.generation for plan in race.planned}
    with race.world.register() as register:
        told = [
            entry
            for entry in journal.read_entries(register, STREAM)
            if entry.kind == "claimed" and entry.generation in generations
        ]
    return acknowledged, len(told)


WRITINGS = 5  # of each writer, one right after the other


def writers_race(
    stores_at: StoresAt, folder: Path, _seed: int, racers: int = RACERS
) -> Counter[str]:
    """Sixteen processes append to one journal, all having read the same end first.

    Returns:
        How many entries each has written.
    """
    world = World(folder, stores_at(folder)).build()
    with world.register() as register:
        before = journal.read_end(register, STREAM)

    def job(wire: Wire, number: int) -> int:
        with world.register() as register:
            end: journal.End | None = journal.read_end(register, STREAM)
            wire.send(At("has read where the journal ends"))
            wire.recv()
            for writing in range(WRITINGS):
                attempt = f"{number * 100 + writing:032x}"
                draft = journal.Draft("settings", world.clock.now(), f"writer-{number}", attempt)
                journal.record(register, STREAM, draft, end=end)
                end = None
        return WRITINGS

    with Crew() as crew:
        workers = [crew.start(lambda wire, n=n: job(wire, n)) for n in range(racers)]  # type: ignore[misc]
        for worker in workers:
            assert isinstance(worker.heard(), At)
        for worker in workers:
            worker.go()
        done = sum(worker.result() for worker in workers)
    with world.register() as register:
        entries = list(journal.read_entries(register, STREAM, before.sequence))
        assert journal.verify(register, STREAM) == before.sequence + done
    numbers = [entry.sequence for entry in entries]
    assert numbers == list(range(before.sequence + 1, before.sequence + done + 1))
    assert len({entry.id for entry in entries}) == done
    return Counter(entry.by for entry in entries)
