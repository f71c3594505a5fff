"""The scenarios of this folder in large numbers: ``python -m tests.processes.long_proof --help``.

The tests run them by the dozen, with fixed seeds. This runs them by the thousand, with seeds from
``--seed`` on, and stops at the first thing that is not as it must be, keeping its folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from plans.plan import Mode
from tests.emulators.servers import ministack, new_bucket
from tests.enactor.hosted import SmallTarget
from tests.enactor.route53_trials import Trial, trials
from tests.enactor.route53_trials import run as run_trial
from tests.processes.crew import limited
from tests.processes.disks import full_at_every_operation
from tests.processes.failover import failover
from tests.processes.kills import kill_rounds
from tests.processes.outages import outages
from tests.processes.pauses import pause_rounds
from tests.processes.races import (
    RACERS,
    enactors_race_in_converge,
    enactors_race_in_exact,
    planners_race,
)
from tests.processes.server_pauses import LAST, pauses_at_bind
from tests.processes.server_world import PointedTarget, UnfencedServerTarget
from tests.processes.stores import AwsAt, Embedded, StoresAt
from tests.simulation.multitudes import collisions, growth

MODES: Final[tuple[Mode, ...]] = ("exact", "converge")
KILLS_AT_ONCE: Final = 100  # in one folder, which is then removed
HELD_AT_ONCE: Final = 200
GROWN_BYTES_MAX: Final = 2_000_000
PAUSES_AT_ONCE: Final = 30  # the journal of one stream is verified after each


class Counts(NamedTuple):
    """How much of what: kills of enactors, rounds of ``RACERS`` processes, pauses of enactors."""

    kills: int
    races: int
    pauses: int


COUNTS: Final = {
    "embedded": Counts(kills=2000, races=50, pauses=100),
    "aws": Counts(kills=200, races=10, pauses=60),
}

Part = tuple[str, Callable[[Path], str]]


def kills(stores_at: StoresAt, count: int, seed: int) -> Iterator[Part]:
    for number in range(0, count, KILLS_AT_ONCE):
        wanted = min(KILLS_AT_ONCE, count - number)
        mode = MODES[number // KILLS_AT_ONCE % 2]

        def run(folder: Path, mode: Mode = mode, wanted: int = wanted, at: int = number) -> str:
            tally = kill_rounds(stores_at, folder, mode, seed + at, wanted)
            return (
                f"{tally.kills['enactor']} enactors and {tally.kills['planner']} planners killed"
                f" over {tally.generations} generations, {len(tally.points)} kinds of operation"
                f" struck, {tally.points['from outside']} kills from outside"
            )

        yield f"kills, {mode}, from {number}", run


def races(stores_at: StoresAt, count: int, seed: int) -> Iterator[Part]:
    for number in range(seed, seed + count):

        def run(folder: Path, at: int = number) -> str:
            first = bool(at % 2)
            planners_race(stores_at, folder / "planners", at)
            for gated in (True, False):
                name = folder / f"converge-{gated}"
                enactors_race_in_converge(stores_at, name, at, gated=gated, from_applied=first)
            enactors_race_in_exact(stores_at, folder / "exact", at, from_applied=first)
            return f"{RACERS} planners, {RACERS} enactors in converge twice, {RACERS} in exact"

        yield f"races, seed {number}", run


def pauses(stores_at: StoresAt, count: int) -> Iterator[Part]:
    for number in range(0, count, PAUSES_AT_ONCE):
        wanted = min(PAUSES_AT_ONCE, count - number)
        mode = MODES[number // PAUSES_AT_ONCE % 2]

        def run(folder: Path, mode: Mode = mode, wanted: int = wanted) -> str:
            woken = pause_rounds(stores_at, folder / "world", mode, wanted)
            for end in woken:
                assert (end.report.exit_code, end.changed) == (4, ()), end
            return f"{len(woken)} enactors paused and woken, 0 stale writes"

        yield f"pauses, {mode}, from {number}", run


def held(count: int) -> Iterator[Part]:
    for number in range(0, count, HELD_AT_ONCE):
        chosen = trials(count)[number : number + HELD_AT_ONCE]

        def run(_: Path, chosen: list[Trial] = chosen) -> str:
            results = [run_trial(trial, SmallTarget) for trial in chosen]
            assert not any(result.regressed for result in results)
            return f"{len(results)} enactors held by Route 53's double, 0 regressions"

        yield f"held requests, from {number}", run


def pauses_at_a_server(count: int) -> Iterator[Part]:
    for number in range(0, count, PAUSES_AT_ONCE):
        wanted = min(PAUSES_AT_ONCE, count - number)
        mode = MODES[number // PAUSES_AT_ONCE % 2]

        def run(folder: Path, mode: Mode = mode, wanted: int = wanted) -> str:
            woken = pauses_at_bind(folder / "world", mode, wanted, PointedTarget)
            for end in woken:
                assert (end.report.exit_code, end.changed, end.went_back) == (4, False, False), end
            return f"{len(woken)} enactors paused and woken, 0 stale messages taken"

        yield f"pauses at BIND, {mode}, from {number}", run
    for mode in MODES if count else ():

        def run_without(folder: Path, mode: Mode = mode) -> str:
            wanted = PAUSES_AT_ONCE
            woken = pauses_at_bind(folder / "world", mode, wanted, UnfencedServerTarget, LAST)
            back = sum(end.went_back for end in woken)
            assert back == wanted, f"{back} of {wanted}"
            return f"without the fence {back} of {wanted} zones went back"

        yield f"pauses at BIND without the fence, {mode}", run_without


def full_disks() -> Iterator[Part]:
    for mode in MODES:

        def run(folder: Path, mode: Mode = mode) -> str:
            enacted = full_at_every_operation(folder / "enact", mode, publish=False)
            planned = full_at_every_operation(folder / "plan", mode, publish=True)
            for end in (*enacted, *planned):
                assert end.report.exit_code in (0, 5, 6), end
            return f"disk full at {len(enacted)} operations of enacting, {len(planned)} of planning"

        yield f"full disk, {mode}", run


def lost_endpoints(stores_at: AwsAt) -> Iterator[Part]:
    for mode in MODES:
        for begun in (False, True):

            def run(folder: Path, mode: Mode = mode, begun: bool = begun) -> str:
                place = folder / "enact", folder / "plan"
                enacted = outages(stores_at, place[0], mode, publish=False, begun=begun)
                planned = outages(stores_at, place[1], mode, publish=True, begun=begun)
                for struck in (*enacted, *planned):
                    assert struck.ended.report.exit_code in (0, 5, 6), struck
                return f"{len(enacted)} outages of enacting, {len(planned)} of planning"

            yield f"outages, {mode}, {'next' if begun else 'first'} generation", run


def bad_days(stores_at: AwsAt, minutes: float) -> Iterator[Part]:
    def run(folder: Path) -> str:
        day = failover(stores_at, folder / "world", minutes)
        assert not day.unexplained, day
        assert len(day.takeovers) <= len(day.troubles), day
        return str(day)

    def run_without_lease(folder: Path) -> str:
        return str(failover(stores_at, folder / "world", minutes / 3, lease_seconds=0))

    if minutes:
        yield "regions fail over", run
        yield "regions fail over, no lease", run_without_lease


def multitudes(count: int) -> Iterator[Part]:
    def name_them(_: Path) -> str:
        assert collisions(count) == 0
        return f"{count} ids at one moment, 0 collisions"

    def follow_them(_: Path) -> str:
        grown = growth(count)
        assert grown.handed_out == count
        assert grown.grown_bytes < GROWN_BYTES_MAX, grown
        return f"{count} entries followed, {grown.grown_bytes} bytes more than after a tenth"

    if count:
        yield "ids", name_them
        yield "a journal followed", follow_them


def parts_on(
    stores: str, counts: Counts, seed: int, minutes: float, running: ExitStack
) -> Iterator[Part]:
    """What is to be run on the stores named; a server that they need is started."""
    aws_at: AwsAt | None = None
    if stores == "aws":
        server = running.enter_context(ministack())
        aws_at = AwsAt(server, new_bucket(server))
    stores_at = aws_at or Embedded
    yield from kills(stores_at, counts.kills, seed)
    yield from races(stores_at, counts.races, seed)
    yield from pauses(stores_at, counts.pauses)
    if aws_at is None:
        yield from full_disks()
    else:
        yield from lost_endpoints(aws_at)
        yield from bad_days(aws_at, minutes)


def prove(what: str, run: Callable[[Path], str]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="planfence-proof-"))
    started = time.monotonic()
    try:
        with limited():
            result = run(folder)
    except Exception:
        print(f"FAILED: {what}; what it wrote is kept in {folder}", file=sys.stderr)
        raise
    shutil.rmtree(folder)
    print(f"{what}: {result} ({time.monotonic() - started:.1f} s)", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.processes.long_proof")
    parser.add_argument("--stores", choices=[*COUNTS, "both"], default="both")
    for what, of in (
        ("kills", "kill -9 of enactors"),
        ("races", f"rounds of {RACERS} processes each"),
        ("pauses", "SIGSTOP of an enactor"),
    ):
        usual = ", ".join(f"{getattr(each, what)} {name}" for name, each in COUNTS.items())
        parser.add_argument(f"--{what}", type=int, help=f"{of} (usually {usual})")
    parser.add_argument("--held", type=int, default=1000, help="requests held by Route 53's double")
    parser.add_argument("--server-pauses", type=int, default=200, help="SIGSTOP, at BIND")
    parser.add_argument("--minutes", type=float, default=30, help="of regions failing over, on AWS")
    parser.add_argument("--entries", type=int, default=10**7, help="journal entries and their ids")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    asked = {what: getattr(chosen, what) for what in Counts._fields}
    wanted = {what: count for what, count in asked.items() if count is not None}
    for stores in COUNTS if chosen.stores == "both" else [chosen.stores]:
        with ExitStack() as running:
            counts = COUNTS[stores]._replace(**wanted)
            for what, run in parts_on(stores, counts, chosen.seed, chosen.minutes, running):
                prove(f"{stores}: {what}", run)
    elsewhere = (*pauses_at_a_server(chosen.server_pauses), *held(chosen.held))
    for what, run in (*elsewhere, *multitudes(chosen.entries)):
        prove(what, run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
