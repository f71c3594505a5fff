"""A deliberately naive enactor, as many of us have written one. Never run it on anything you need.

It has the four habits that emptied a region's DNS record on 19 October 2025:

1. it asks **once**, at the start, whether its plan is newer than what is live;
2. it then writes without any condition, however much later;
3. what is live **points into** the plan's own files instead of holding a copy;
4. whoever finishes deletes plans that are "many generations old" by its own count.

Usage: ``naive_enactor.py STATE GENERATION [--stop-after-check] [--stop-before-clean-up]``

``STATE/plans/<generation>/`` holds each plan's records, one file per endpoint;
``STATE/live/<target>`` is a link into one of them. The ``--stop-...`` flags make the process stop
itself (SIGSTOP) at the point where the real ones were delayed; the demo wakes it up again.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

TARGETS = ("ns1", "ns2")
KEEP = 2


def live_generation(state: Path) -> int:
    """The generation that the first target points at; 0 where nothing is live yet."""
    link = state / "live" / TARGETS[0]
    return int(os.readlink(link).split("/")[-1]) if link.is_symlink() else 0


def point(state: Path, target: str, generation: int) -> None:
    """Make a target serve a plan: replace its link, without a condition."""
    link = state / "live" / target
    link.parent.mkdir(exist_ok=True)
    fresh = link.with_suffix(f".{os.getpid()}")
    fresh.symlink_to(f"../plans/{generation}")
    fresh.rename(link)


def pause() -> None:
    """Stand still exactly here until somebody sends SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


def main() -> int:
    state, generation = Path(sys.argv[1]), int(sys.argv[2])
    if live_generation(state) >= generation:  # the one-time check
        return 0
    if "--stop-after-check" in sys.argv:
        pause()
    for target in TARGETS:
        point(state, target, generation)  # no condition: whoever writes last wins
    old = [
        folder
        for folder in sorted((state / "plans").iterdir())
        if int(folder.name) <= generation - KEEP
    ]
    if old and "--stop-before-clean-up" in sys.argv:
        pause()
    for folder in old:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
