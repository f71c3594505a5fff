"""What an enacting pass is given. Archive, register, targets: nothing else may stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from enactor.targets import Target
from plans.clock import Clock
from plans.lease import Tenure
from plans.settings import Settings
from plans.storage.archive import Archive
from plans.storage.register import Register


class Progress(Protocol):
    """Told what happens, for people who watch. Never asked anything."""

    def claimed(self, generation: int, *, resumed: bool) -> None: ...

    def stepped(self, target: str, step: int, *, done: bool) -> None: ...

    def waits_for_lease(self, holder: str, epoch: int, seconds: float) -> None:
        """Another pass holds the lease, and this one waits, for so long already."""
        ...

    def lease_kept(self, reason: str) -> None:
        """The lease could not be given back: the next pass has to wait until it lapses."""
        ...

    def waiting(self, target: str, seconds: float) -> None:
        """A target that is done waits for its servers, for so long already."""
        ...


class Bound(Protocol):
    """The services that a pass calls with credentials which end with its lease."""

    def now(self) -> datetime:
        """Their time, as their own answers tell it; UTC.

        Raises:
            Unavailable: they do not tell it now.
        """
        ...

    def begin(self, tenure: Tenure) -> None:
        """Get credentials under a lease that was just taken, before anything is claimed.

        Raises:
            Refused, Unavailable: there are none; nothing was changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything an enacting pass touches, passed in. ``new_id`` mints attempt ids (32 hex).

    ``target`` opens a target of a plan, given the stream's settings as the pass has read them and
    the lease it holds, where the stream has one. ``bound`` says of such settings which services
    are called with credentials that end with the lease; None: none are.
    """

    archive: Archive
    register: Register
    clock: Clock
    new_id: Callable[[], str]
    target: Callable[[str, Settings, Tenure | None], Target]
    progress: Progress
    bound: Callable[[Settings], Bound | None] = lambda _settings: None


@dataclass(frozen=True, slots=True)
class Request:
    """What to enact, and what the caller answers for.

    ``generation`` with ``digest`` names one plan; both None asks for the newest eligible one.
    ``adopt`` allows a fence record to be created or replaced where one is gone or foreign;
    ``allow_jump`` accepts a generation more than ``jump-max`` above the pointer, with a reason.
    ``sync`` False does not wait until what was applied is answered everywhere. ``wait_seconds`` is
    how long to wait for the stream's lease, if it has one and another pass holds it.
    """

    stream: str
    by: str
    generation: int | None = None
    digest: str | None = None
    adopt: bool = False
    allow_jump: str | None = None
    sync: bool = True
    wait_seconds: float = 0.0
