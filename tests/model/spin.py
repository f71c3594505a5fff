"""Runs SPIN on ``protocol.pml``: ``spin`` writes a C program, which the C compiler builds.

Every state is stored whole: the search is exhaustive, or it says that it was not.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MODEL = Path(__file__).with_name("protocol.pml")
MISSING = [name for name in ("spin", "gcc") if shutil.which(name) is None]
DEPTH_MAX = 100_000  # moves; the deepest instance known takes 643
MEMORY_MAX_MEGABYTES = 10_000
_TIMEOUT_SECONDS = 3_600
# States are small: compressed, they take longer and no less. One process has no orders to reduce.
_SAFETY = ("-DSAFETY", "-DNOREDUCE")

Told = tuple[str, tuple[int, ...]]
"""A state: what is shared, as it was printed, and each enactor's number."""


@dataclass(frozen=True)
class Verdict:
    """What SPIN found.

    Attributes:
        error: the assertion or the kind of state that was reached, or None.
        states: how many were stored.
        seconds: how long the search took.
        megabytes: how much memory it took.
        is_complete: nothing bounded the search.
    """

    error: str | None
    states: int
    seconds: float
    megabytes: float
    is_complete: bool


def check(folder: Path, *defines: str, liveness: bool = False) -> Verdict:
    """Explore the whole model as the defines make it.

    With ``liveness``, look for a run on which it never settles, where time does not keep everybody
    waiting for ever. Enactors are one process: of them, the scheduler may prefer whom it likes.

    Raises:
        CalledProcessError: SPIN or the compiler does not take the model.
    """
    if liveness:
        _build(folder, (*defines, "LIVENESS"), "-DNFAIR=3", "-DNOREDUCE")
        return read(_search(folder, "-a", "-f"))
    _build(folder, defines, *_SAFETY)
    return read(_search(folder))


def states(folder: Path, *defines: str) -> set[Told]:
    """Every state that a search reaches, for small sizes.

    Raises:
        CalledProcessError: SPIN or the compiler does not take the model.
    """
    _build(folder, (*defines, "TOLD"), *_SAFETY, "-DPRINTF")
    told = _search(folder)
    assert read(told).is_complete
    lines = [line.partition(";") for line in told.splitlines() if line.startswith("@")]
    return {(shared, tuple(map(int, enactors.split()))) for shared, _, enactors in lines}


def read(told: str) -> Verdict:
    """What the search printed."""
    error = re.search(r"^pan:1: (.+?)(?: \(at depth \d+\))?$", told, re.MULTILINE)
    errors = re.search(r"errors: (\d+)", told)
    stored = re.search(r"(\d+(?:\.\d+)?(?:e\+\d+)?) states, stored", told)
    seconds = re.search(r"elapsed time ([\d.]+) seconds", told)
    memory = re.search(r"([\d.]+)\s+total actual memory usage", told)
    assert errors is not None, f"no verdict in what the search printed: {told[-500:]}"
    assert stored is not None
    return Verdict(
        error.group(1) if error else None,
        int(float(stored.group(1))),
        float(seconds.group(1)) if seconds else 0.0,
        float(memory.group(1)) if memory else 0.0,
        is_complete=not re.search(r"max search depth too small|out of memory|not completed", told),
    )


def _build(folder: Path, defines: tuple[str, ...], *kinds: str) -> None:
    generate = ["spin", *(f"-D{define}" for define in defines), "-a", str(MODEL)]
    subprocess.run(generate, cwd=folder, check=True, capture_output=True)
    # A compiler's warnings about what SPIN has written are nobody's here.
    memory = f"-DMEMLIM={MEMORY_MAX_MEGABYTES}"
    build = ["gcc", "-O1", "-w", memory, *kinds, "-o", "pan", "pan.c"]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)


def _search(folder: Path, *arguments: str) -> str:
    search = ["./pan", f"-m{DEPTH_MAX}", *arguments]
    return subprocess.run(
        search, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    ).stdout
