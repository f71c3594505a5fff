"""What the enactor needs of a target: the view both sides share, and one atomic write."""

from __future__ import annotations

from typing import Protocol

from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change
from plans.observed.view import View


class Target(View, Protocol):
    """A thing acted on, which itself refuses a write whose expected fence it no longer holds."""

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        """Write changes and fence in one atomic write, or nothing.

        The write happens only if the target holds exactly ``expected`` (the whole record; None:
        no fence record) and every change's ``before`` at the instant of the write.

        Raises:
            FenceMoved: the target holds another fence than ``expected``; nothing was changed.
            Drifted: a ``before`` does not hold; nothing was changed. Names record, expected, found.
            Unknown: sent, fate not known; read the fence and compare generations.
            Unavailable: nothing was changed (busy, full disk, no permission).
            Refused: the target can never take this (a symlink stands in its place).
        """
        ...
