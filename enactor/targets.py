"""What the enactor needs of a target: the view both sides share, and one atomic write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from plans.errors import Drifted, FenceMoved
from plans.fence import Fence, FenceSeen, as_read
from plans.kinds.dns import Change, Records
from plans.observed.view import View


class Target(View, Protocol):
    """A thing acted on, which itself refuses a write whose expected fence it no longer holds."""

    @property
    def drops_silently(self) -> bool:
        """Whether it may acknowledge a write and leave a change of it out.

        Then ``apply`` reads back what it wrote, and a step with changes is never marked done: the
        mark is a write of its own, after all that the plan wrote is known to be there.
        """
        ...

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        """Write changes and fence in one atomic write, or nothing.

        The write happens only if the target holds exactly ``expected`` (the whole record; None:
        no fence record) and every change's ``before`` at the instant of the write.

        Raises:
            FenceMoved: the target holds another fence than ``expected``; nothing was changed. Or
                another step followed before this one could be read back.
            Drifted: a ``before`` does not hold; nothing was changed. Names record, expected, found.
            Unknown: sent, fate not known; read the fence and compare generations.
            Unavailable: nothing was changed (busy, full disk, no permission).
            Refused: the target can never take this (a symlink stands in its place); or it took the
                step and dropped a change of it.
        """
        ...


def fence_moved(target: str, expected: FenceSeen, actual: FenceSeen) -> FenceMoved:
    """The target's fence is not what a step expects."""
    return FenceMoved(
        f"{target} does not hold the fence this step expects",
        rule="fence-moved",
        expected=_fence_text(expected),
        actual=_fence_text(actual),
        remedy="read the fence and compare generations before anything else",
    )


def drifted(change: Change, found: Records | None) -> Drifted:
    """A record set is not what a change expects."""
    return Drifted(
        f"{' '.join(part for part in change.key if part)} is not as this step expects",
        rule="drift",
        expected=records_text(change.before),
        actual=records_text(found),
        remedy="run `planfence plan` for a plan of the zone as it is",
    )


def records_text(content: Records | None) -> str:
    """A record set on one line, for people."""
    if content is None:
        return "no such record"
    return ", ".join([f"{content.ttl} {', '.join(content.values)}".rstrip(), *content.attributes])


def _fence_text(fence: FenceSeen) -> str:
    if fence is None:
        return "no fence"
    return fence.text() if isinstance(fence, Fence) else repr(as_read(fence))


@runtime_checkable
class Propagating(Protocol):
    """A target whose service accepts a write before all of its servers answer with it.

    What is applied is the state that the service has accepted, and says when it is read. To wait
    for the servers changes nothing about it.
    """

    def settle(self, waiting: Callable[[float], None]) -> str | None:
        """Wait, within a budget of the target's own, until what was applied here is answered.

        Raises nothing that would make a pass fail whose steps are all applied.

        Args:
            waiting: told, before each pause, for how many seconds this has lasted.

        Returns:
            None once it is answered everywhere, or why that is not known, in one line.
        """
        ...
