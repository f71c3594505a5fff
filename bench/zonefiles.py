"""Plans of a zone file, and what does not depend on where the zone is: stored plans, start-up.

octoDNS's side is ``octodns-compare`` with ``octodns_bind.ZoneFileSource``: as a target its file
counts as empty.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.processes import interleaved, median, python
from bench.project import LARGEST, RUNS, STREAM, Project, Side
from bench.table import Row, cpu, cpu_row, limited, peak, peak_row, wall

ZONE_FILE: Final = "out/example.com.zone"
CPU_GOALS: Final = {1_000: None, 10_000: 3.0, LARGEST: 8.0}
_SIDE: Final = Side(
    f"zonefile:{ZONE_FILE}",
    {"class": "octodns_bind.ZoneFileSource", "directory": "out", "file_extension": ".zone"},
)


def applied_project(folder: Path, size: int) -> Project:
    """A project whose zone is as its YAML asks, in the file that planfence wrote."""
    project = Project.new(folder, size, _SIDE)
    project.apply()
    return project


def unchanged(project: Project, size: int) -> Iterator[Row]:
    """A plan of a zone that is as it should be. octoDNS sees one difference: the fence record."""
    compare = ("--a", "desired", "--b", "live", "--zone", "example.com.")
    sides = (
        project.planfence("plan", STREAM, says="unchanged: generation"),
        project.octodns(
            "octodns-compare",
            *compare,
            exit_code=1,
            says="[Delete <TxtRecord TXT 60, _planfence.example.com.,",
        ),
    )
    ours, theirs = interleaved(sides, RUNS[size])
    what = f"zone file: plan without a change, {size:,} record sets"
    yield cpu_row(what, ours, theirs, CPU_GOALS[size])
    yield peak_row(what, ours, theirs, 400 if size == LARGEST else None)


def creates(folder: Path, size: int) -> Iterator[Row]:
    """The first plan of a zone: everything is new, and the review shows it."""
    costs = []
    for _ in range(2):
        shutil.rmtree(folder, ignore_errors=True)
        project = Project.new(folder, size, _SIDE)
        costs.append(project.planfence("plan", STREAM, says="enact    planfence enact").run())
    what = f"zone file: plan of {size:,} creates, with its review"
    yield Row(f"{what}, CPU", f"{median(costs, cpu):.2f} s")
    yield limited(f"{what}, peak memory", median(costs, peak), 400, "MB")


def stored_plan(project: Project, size: int) -> Iterator[Row]:
    figures = json.loads(python(project.folder, "-m", "bench.stored_plans").output())
    what = f"stored plan of {size:,} changes"
    goal = 250.0 * size / LARGEST
    yield limited(f"{what}: load, verify, parse, CPU", figures["read_plan"] * 1000, goal, "ms")
    for label, name in (
        ("the same with the collector on, CPU", "read_plan, collector on"),
        ("json.loads of the same bytes, collector on, CPU", "json.loads"),
        ("its desired state, CPU", "read_desired"),
    ):
        yield Row(label, f"{figures[name] * 1000:.0f} ms")


def start_up(project: Project) -> Iterator[Row]:
    sides = (
        project.planfence("--help"),
        project.octodns("octodns-compare", "--help"),
        project.planfence("status"),
    )
    ours, theirs, status = interleaved(sides, 9)
    ratio = median(theirs, wall) / median(ours, wall)
    yield Row(
        "--help, wall clock",
        f"{median(ours, wall) * 1000:.0f} ms",
        f"{median(theirs, wall) * 1000:.0f} ms",
        f"{ratio:.1f}",
        "< 120 ms",
        median(ours, wall) < 0.12,
    )
    yield limited("planfence status, wall clock", median(status, wall) * 1000, 250, "ms")
    # On a busy machine the wall clock is mostly the others'.
    yield Row("--help, CPU", f"{median(ours, cpu) * 1000:.0f} ms")
    yield Row("planfence status, CPU", f"{median(status, cpu) * 1000:.0f} ms")
