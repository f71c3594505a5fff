"""What a planning pass is given: stores, clock, the desired state's source, views on targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from plans.clock import Clock
from plans.kinds.dns import RecordKey, Records
from plans.kinds.health import HealthDocument
from plans.observed.view import View
from plans.plan import Ancestry, Completeness, Mode, Origin, Waiver
from plans.storage.archive import Archive
from plans.storage.register import Register


@dataclass(frozen=True, slots=True)
class InputRead:
    """One input as it was read.

    ``commit`` is the work tree's commit (None outside git, and of health); ``dirty`` says that the
    bytes read are not the ones that commit holds.
    """

    name: str
    digest: str
    size: int
    commit: str | None
    dirty: bool
    complete: Completeness = "whole file"


@dataclass(frozen=True, slots=True)
class DesiredRead:
    """The complete desired state as it was read, and what it was read from: the zone file first.

    ``health`` says why members of capacity pools are in it or not; None where there is no pool.
    """

    records: Mapping[RecordKey, Records]
    inputs: tuple[InputRead, ...]
    health: HealthDocument | None = None

    @property
    def commit(self) -> str | None:
        """The one commit that every file was read at."""
        return self.inputs[0].commit


class DesiredSource(Protocol):
    """Where a stream's desired state comes from."""

    def read(self) -> DesiredRead:
        """Read it whole, now.

        Raises:
            Refused: it cannot be accepted; every problem is in the error.
            Unavailable: it cannot be read.
        """
        ...

    def relate(self, source: str, commit: str) -> Ancestry:
        """How ``commit`` stands to ``source``: same, newer, older, unrelated, or unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a planning pass touches, passed in."""

    archive: Archive
    register: Register
    clock: Clock
    desired: DesiredSource
    view: Callable[[str], View]


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for a plan, and what they answer for."""

    stream: str
    by: str
    reason: str | None = None
    waivers: tuple[Waiver, ...] = ()
    origin: Origin = "planner"
    mode: Mode | None = None
    """None: as the stream's settings say."""
