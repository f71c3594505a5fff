"""The fence: what a target itself holds, so that the target refuses an older generation.

Invariants:

1. On one target the fence's generation never falls (G1).
2. Within one generation the digest never changes (G2) and the step only rises.
3. A fence is written only together with the changes it vouches for, in one atomic write that
   expects exactly the fence read before (the whole record, not only its generation).

After any refusal the fence is read **and its generation compared again**; refreshing the expected
value and writing again is how a stale plan wins (``facts/failure-modes.md``, "refresh and retry").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

_TEXT = re.compile(
    r"v=pf1 g=(0|[1-9][0-9]{0,11}) s=(0|[1-9][0-9]{0,5}) e=([01])"
    r" d=([0-9a-f]{64}) l=([0-9a-f]{32}) a=([0-9a-f]{32})"
)


@dataclass(frozen=True, slots=True)
class Fence:
    """A fence record: ``step`` counts writes of this generation, ``done`` ends them.

    Step 0 is the creation of the record, alone, with no change beside it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    generation: Annotated[int, Field(ge=1, lt=10**12)]
    step: Annotated[int, Field(ge=0, lt=10**6)]
    done: bool
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    lineage: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    attempt: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]

    def text(self) -> str:
        """The record's text, below 255 bytes (one DNS character-string)."""
        return (
            f"v=pf1 g={self.generation} s={self.step} e={int(self.done)}"
            f" d={self.digest} l={self.lineage} a={self.attempt}"
        )


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something stands where the fence record belongs, and it is no fence record.

    Only ``enact --adopt`` replaces it, and only if it still reads exactly so.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    unreadable: str


FenceSeen = Fence | Unreadable | None


def as_read(fence: FenceSeen) -> str | None:
    """A fence as a plan's base records it: its text exactly as read, or None."""
    if fence is None:
        return None
    return fence.text() if isinstance(fence, Fence) else fence.unreadable


def parse_fence(text: str) -> Fence | Unreadable:
    """Read a fence record's text. Anything but the exact form is ``Unreadable``, never a guess."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return Unreadable(text)
    generation, step, done, digest, lineage, attempt = match.groups()
    if generation == "0":
        return Unreadable(text)
    return Fence(int(generation), int(step), done == "1", digest, lineage, attempt)
