"""The large worlds of the model and SPIN's large instance, as one table (``make prove-long``)."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.model.explore import explore
from tests.model.recovery import wedge_check
from tests.model.schedules import LONG, PROOFS
from tests.model.spin import MISSING, check

STATES_MAX = 4_000_000  # in memory: 2 KB each, about
LARGE = ("ENACTORS=4", "GENERATIONS=3", "CRASHES=1", "PUBLISHED")


def main() -> int:
    """Explore all of it. 1 if anything broke, or SPIN is not there."""
    broken = 0
    for name, proof in {**PROOFS, **LONG}.items():
        began = time.monotonic()
        check_each = wedge_check(proof.world, proof.helpers)
        found = explore(proof.world, states_max=STATES_MAX, each=check_each)
        seconds = time.monotonic() - began
        print(f"{name:50} {found.states:>12,} states {seconds:>7.1f} s  {_told(found.violations)}")
        broken += len(found.violations)
    if MISSING:
        print(f"not installed: {', '.join(MISSING)}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        verdict = check(Path(folder), *LARGE)
    name = f"SPIN, {' '.join(LARGE)}"
    end = verdict.error or ("nothing broken" if verdict.is_complete else "not completed")
    print(f"{name:50} {verdict.states:>12,} states {verdict.seconds:>7.1f} s  {end}")
    return int(bool(broken or verdict.error or not verdict.is_complete))


def _told(violations: dict[str, tuple[str, ...]]) -> str:
    return "; ".join(violations) or "nothing broken"


if __name__ == "__main__":
    sys.exit(main())
