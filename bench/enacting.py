"""Enacting at Route 53 under both of the account's limits, in virtual time: seconds, not CPU.

Each run is a process of its own (``bench.virtual_time``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bench.processes import python
from bench.table import Row

COUNTS: Final = (1_000, 5_000, 10_000)
# Seconds that the limits take at least, from full buckets: (tokens - 1,500) / 100, where a create
# is one token and an update, a DELETE with a CREATE, is two.
BOUNDS: Final = {
    (1_000, "create"): 0,
    (5_000, "create"): 35,
    (10_000, "create"): 85,
    (1_000, "update"): 5,
    (5_000, "update"): 85,
    (10_000, "update"): 185,
}
MOST: Final = 1.1  # times the bound


def rows(folder: Path, counts: tuple[int, ...] = COUNTS) -> Iterator[Row]:
    folder.mkdir(exist_ok=True)
    for action in ("create", "update"):
        for count in counts:
            ran = python(folder, "-m", "bench.virtual_time", action, str(count))
            yield from enacted(action, count, json.loads(ran.output()))


def enacted(action: str, count: int, found: Mapping[str, Any]) -> Iterator[Row]:
    what = f"Route 53, virtual time: {count:,} {action}s"
    ours, theirs = found["planfence"], found["octodns"]
    most = MOST * BOUNDS[count, action]
    yield Row(
        what,
        f"{ours['seconds']:.1f} s",
        _theirs(theirs["default"], count),
        goal=f"<= {most:.1f} s",
        met=ours["applied"] == count and ours["seconds"] <= most + 0.001,
        note=_endings(what, theirs["default"]),
    )
    what = f"{what}, octoDNS tuned"
    tuned = theirs["tuned"]
    yield Row(what, "", _theirs(tuned, count), note=_endings(what, tuned))


def _theirs(trials: list[dict[str, Any]], count: int) -> str:
    """Seconds where it came to the end each time, else how many it applied."""
    applied = [trial["applied"] for trial in trials]
    if min(applied) == count:
        seconds = [trial["seconds"] for trial in trials]
        return f"{_range(min(seconds), max(seconds), '.1f')} s"
    return f"{_range(min(applied), max(applied), ',')} applied"


def _range(least: float, most: float, form: str) -> str:
    return f"{least:{form}}" if least == most else f"{least:{form}} to {most:{form}}"


def _endings(what: str, trials: list[dict[str, Any]]) -> str:
    errors = dict.fromkeys(trial["error"] for trial in trials if trial["error"])
    return "\n".join(f"{what}: octoDNS ended with: {error}" for error in errors)
