"""The rows that the bench prints: figures of both sides, their ratio, and goals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from bench.processes import Cost, median

cpu, wall, peak = attrgetter("cpu_seconds"), attrgetter("wall_seconds"), attrgetter("peak_mb")


@dataclass(frozen=True)
class Row:
    """One line of the table. ``note`` is printed below it."""

    what: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None
    note: str = ""


def cpu_row(what: str, ours: list[Cost], theirs: list[Cost], goal: float | None = None) -> Row:
    """CPU of both sides; the goal is of the ratio."""
    ratio = median(theirs, cpu) / median(ours, cpu)
    return Row(
        f"{what}, CPU",
        f"{median(ours, cpu):.2f} s",
        f"{median(theirs, cpu):.2f} s",
        f"{ratio:.1f}",
        f">= {goal:.0f}" if goal else "",
        ratio >= goal if goal else None,
    )


def peak_row(what: str, ours: list[Cost], theirs: list[Cost], most_mb: int | None = None) -> Row:
    """Peak memory of both sides; the goal is of ours."""
    mine, other = median(ours, peak), median(theirs, peak)
    return Row(
        f"{what}, peak memory",
        f"{mine:.0f} MB",
        f"{other:.0f} MB",
        f"{other / mine:.1f}",
        f"< {most_mb} MB" if most_mb else "",
        mine < most_mb if most_mb else None,
    )


def limited(what: str, figure: float, limit: float, unit: str) -> Row:
    """A figure of ours that is to stay below a limit."""
    return Row(what, f"{figure:.0f} {unit}", goal=f"< {limit:.0f} {unit}", met=figure < limit)


def show(rows: Sequence[Row]) -> None:
    cells = [("what", "planfence", "octoDNS", "ratio", "goal", "met")]
    words = {None: "", True: "yes", False: "NO"}
    cells += [(r.what, r.ours, r.theirs, r.ratio, r.goal, words[r.met]) for r in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(6)]
    for row in cells:
        aligned = (
            f"{cell:<{width}}" if column in (0, 5) else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(aligned).rstrip())
    for noted in rows:
        if noted.note:
            print(f"\n{noted.note}")
