"""What both sides may ask of a target without changing it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from plans.fence import FenceSeen
from plans.kinds.dns import ZoneState


@dataclass(frozen=True, slots=True)
class Observation:
    """A target as it was at one instant, or nothing at all: there is no partial observation.

    Attributes:
        fence: the fence record as read; None means proven absent.
        state: every managed record set but the fence record, and no others.
        exists: False where the target itself is missing (a zone file not yet created).
        left_alone: how many record sets stand there of types that planfence does not manage,
            the SOA not counted.
    """

    fence: FenceSeen
    state: ZoneState
    exists: bool = True
    left_alone: int = field(default=0)


class View(Protocol):
    """A read-only view on one target."""

    @property
    def id(self) -> str:
        """The target's URL without its query."""
        ...

    @property
    def step_changes_max(self) -> int | None:
        """Most changes that one atomic write holds, or None if any number fits."""
        ...

    def read_fence(self) -> FenceSeen:
        """The fence as it is now, from the one place that takes writes (never a cache).

        Raises:
            Refused: what stands there cannot be a target (a symlink, a truncated file).
            Unavailable: it could not be read; this never means "no fence".
        """
        ...

    def observe(self) -> Observation:
        """The whole target: complete or an error, never "nothing there" by default.

        Raises:
            Refused, Unavailable: as for ``read_fence``.
        """
        ...
