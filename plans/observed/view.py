"""What both sides may ask of a target without changing it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from plans.errors import Refused
from plans.fence import FenceSeen
from plans.kinds.dns import Change, Limits, ZoneState


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


class View(Limits, Protocol):
    """A read-only view on one target, with what one write to it holds."""

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


def refuse_routed(target: str, change: Change) -> None:
    """Refuse a set that is told apart by an identifier, or has more than a TTL and values.

    Raises:
        Refused: rule ``set-unrepresentable``.
    """
    sides = [side for side in (change.before, change.after) if side is not None]
    if change.identifier or any(side.attributes or not side.values for side in sides):
        attributes = [text for side in sides for text in side.attributes]
        raise Refused(
            f"{target} cannot hold {change.name} {change.type} as it is desired",
            rule="set-unrepresentable",
            expected="one record set with a TTL and values",
            actual=", ".join((change.identifier or "no identifier", *dict.fromkeys(attributes))),
            remedy="take it out of the desired state, or the target out of the stream",
        )
