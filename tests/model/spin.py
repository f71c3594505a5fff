"""Runs SPIN on ``protocol.pml``: ``spin`` writes a C program, which the C compiler builds."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MODEL = Path(__file__).with_name("protocol.pml")
MISSING = [name for name in ("spin", "gcc") if shutil.which(name) is None]
DEPTH_MAX = 1_000_000
_TIMEOUT_SECONDS = 3_600


@dataclass(frozen=True)
class Verdict:
    """What SPIN found.

    Attributes:
        error: the assertion or the kind of state that was reached, or None.
        states: how many were stored.
        seconds: how long the search took.
        is_complete: nothing bounded the search.
    """

    error: str | None
    states: int
    seconds: float
    is_complete: bool


def check(folder: Path, *defines: str, liveness: bool = False) -> Verdict:
    """Explore the whole model as the defines make it.

    With ``liveness``, look for a run on which it never settles, where nobody is left waiting for
    ever by an unfair scheduler.

    Raises:
        CalledProcessError: SPIN or the compiler does not take the model.
    """
    defines = (*defines, "LIVENESS") if liveness else defines
    switches = [f"-D{define}" for define in defines]
    generate = ["spin", *switches, "-a", str(MODEL)]
    subprocess.run(generate, cwd=folder, check=True, capture_output=True)
    # A compiler's warnings about what SPIN has written are nobody's here.
    kinds = ["-DNFAIR=3"] if liveness else ["-DSAFETY", "-DCOLLAPSE"]
    build = ["gcc", "-O1", "-w", "-DMEMLIM=12000", *kinds, "-o", "pan", "pan.c"]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    search = ["./pan", f"-m{DEPTH_MAX}", *(["-a", "-f"] if liveness else [])]
    told = subprocess.run(
        search, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    ).stdout
    return read(told)


def read(told: str) -> Verdict:
    """What the search printed."""
    error = re.search(r"^pan:1: (.+?)(?: \(at depth \d+\))?$", told, re.MULTILINE)
    errors = re.search(r"errors: (\d+)", told)
    states = re.search(r"(\d+(?:\.\d+)?(?:e\+\d+)?) states, stored", told)
    seconds = re.search(r"elapsed time ([\d.]+) seconds", told)
    assert errors is not None, f"no verdict in what the search printed: {told[-500:]}"
    assert states is not None
    return Verdict(
        error.group(1) if error else None,
        int(float(states.group(1))),
        float(seconds.group(1)) if seconds else 0.0,
        is_complete=not re.search(r"max search depth too small|out of memory|not completed", told),
    )
