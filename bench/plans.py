"""A plan of a live zone, made by whole processes: without a change, and with one of a hundred.

octoDNS's side is ``octodns-sync`` without ``--doit``. It sees one change more: the fence record.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.processes import interleaved
from bench.project import CHANGED, RUNS, STREAM, Project
from bench.table import Row, cpu_row, peak_row


def plans(
    project: Project, size: int, where: str, *, goal: float | None, most_mb: int | None = None
) -> Iterator[Row]:
    """Rows of a project whose zone is applied.

    Args:
        goal: how many times the CPU octoDNS is to take.
        most_mb: the goal of peak memory.
    """
    sides = (
        project.planfence("plan", STREAM, says="unchanged: generation"),
        project.octodns("octodns-sync", says="Creates=0, Updates=0, Deletes=1,"),
    )
    ours, theirs = interleaved(sides, RUNS[size])
    what = f"{where}: plan without a change, {size:,} record sets"
    yield cpu_row(what, ours, theirs, goal)
    yield peak_row(what, ours, theirs, most_mb)
    project.keep()
    sides = (
        project.planfence(
            "plan",
            STREAM,
            desired=CHANGED,
            says="enact    planfence enact",
            prepare=project.restore,
        ),
        project.octodns(
            "octodns-sync", desired=CHANGED, says=f"Creates=0, Updates={size // 100}, Deletes=1,"
        ),
    )
    ours, theirs = interleaved(sides, RUNS[size])
    what = f"{where}: plan that changes 1 %, {size:,} record sets"
    yield cpu_row(what, ours, theirs, goal)
    yield peak_row(what, ours, theirs, most_mb)
