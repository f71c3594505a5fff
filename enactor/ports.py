"""What an enacting pass is given. Archive, register, targets: nothing else may stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from enactor.targets import Target
from plans.clock import Clock
from plans.settings import Settings
from plans.storage.archive import Archive
from plans.storage.register import Register


class Progress(Protocol):
    """Told what happens, for people who watch. Never asked anything."""

    def claimed(self, generation: int, *, resumed: bool) -> None: ...

    def stepped(self, target: str, step: int, *, done: bool) -> None: ...

    def waiting(self, target: str, seconds: float) -> None:
        """A target that is done waits for its servers, for so long already."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything an enacting pass touches, passed in. ``new_id`` mints attempt ids (32 hex).

    ``target`` opens a target of a plan, given the stream's settings as the pass has read them.
    """

    archive: Archive
    register: Register
    clock: Clock
    new_id: Callable[[], str]
    target: Callable[[str, Settings], Target]
    progress: Progress


@dataclass(frozen=True, slots=True)
class Request:
    """What to enact, and what the caller answers for.

    ``generation`` with ``digest`` names one plan; both None asks for the newest eligible one.
    ``adopt`` allows a fence record to be created or replaced where one is gone or foreign;
    ``allow_jump`` accepts a generation more than ``jump-max`` above the pointer, with a reason.
    ``sync`` False does not wait until what was applied is answered everywhere.
    """

    stream: str
    by: str
    generation: int | None = None
    digest: str | None = None
    adopt: bool = False
    allow_jump: str | None = None
    sync: bool = True
