"""planfence's own enactor, made to stand still at the worst moment: just before it writes.

The enactor, the stores and the target are the product's. The one line of difference is that the
process stops itself (SIGSTOP) after it has read the fence, checked the pointer, observed the zone
and computed its step, and before that step is written. Nothing in planfence can tell.

Usage: ``paused_enactor.py PROJECT STREAM ZONE GENERATION DIGEST``; exits like ``planfence enact``.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid
from pathlib import Path

from enactor.enacting import enact_stream
from enactor.ports import Ports, Request
from enactor.zonefile import ZoneFileTarget
from planfence.clock import SystemClock
from plans.errors import PlanfenceError
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change
from plans.storage.files import FileArchive
from plans.storage.sqlite import SqliteRegister

EXIT_CODES = {"applied": 0, "already_applied": 0, "superseded": 4}


class Silent:
    """Nobody watches this pass."""

    def claimed(self, generation: int, *, resumed: bool) -> None: ...

    def stepped(self, target: str, step: int, *, done: bool) -> None: ...

    def waits_for_lease(self, holder: str, epoch: int, seconds: float) -> None: ...

    def lease_kept(self, reason: str) -> None: ...

    def waiting(self, target: str, seconds: float) -> None: ...


class PausedZoneFile(ZoneFileTarget):
    """A zone file whose writer stands still before its first write with changes."""

    stopped = False

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        if changes and not self.stopped:
            self.stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)
        super().apply(changes, expected=expected, fence=fence)


def say(error: PlanfenceError) -> None:
    print(f"       A is told: {error.what} ({error.rule})", flush=True)


def main() -> int:
    project, stream, zone, generation, digest = sys.argv[1:]
    folder = Path(project)
    clock = SystemClock()
    ports = Ports(
        archive=FileArchive(folder / ".planfence" / "archive"),
        register=SqliteRegister(folder / ".planfence" / "register.db"),
        clock=clock,
        new_id=lambda: uuid.uuid4().hex,
        target=lambda target, *_: PausedZoneFile(
            target, folder / target.removeprefix("zonefile:"), zone, clock=clock
        ),
        progress=Silent(),
    )
    request = Request(stream, "enactor-a", int(generation), digest)
    try:
        outcome = enact_stream(ports, request)
    except PlanfenceError as error:
        say(error)
        return error.exit_code
    if outcome.error is not None:
        say(outcome.error)
    return EXIT_CODES.get(outcome.outcome, 1)


if __name__ == "__main__":
    sys.exit(main())
