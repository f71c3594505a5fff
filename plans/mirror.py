"""Mirrors: the register's copy of a target's fence. May lag, never leads.

Invariants:

1. A mirror only rises, by condition in the store.
2. It is raised to g only after a fence of generation g was *read* at the target.
3. A missing one is created at 0 before the first write to its target (schedule S11); absent counts
   as 0. It is never deleted.

Retention takes the least of them as its floor, so a stale mirror keeps more, never less. A mirror
above 0 also tells a fence record that is gone from one that never was.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from plans.document import Document, from_attributes, to_attributes
from plans.errors import ConditionFailed
from plans.fence import Fence
from plans.names import enact_partition, mirror_key
from plans.storage.register import (
    Absent,
    All,
    Attributes,
    Condition,
    Either,
    Put,
    Register,
    Where,
)

_PREFIX = "fence#"


class Mirror(Document):
    """The newest generation read on a target's fence; ``retired`` once its last step was done."""

    generation: Annotated[int, Field(ge=0)]
    retired: bool
    attempt: str


def read_mirror(register: Register, stream: str, target: str) -> Mirror | None:
    return as_mirror(register.read(mirror_key(stream, target)), target)


def as_mirror(attributes: Attributes | None, target: str) -> Mirror | None:
    """The mirror that an item holds, if there is one.

    Raises:
        Refused: the item is not a mirror.
    """
    if attributes is None:
        return None
    return from_attributes(Mirror, attributes, what=f"the mirror of {target}")


def read_mirrors(register: Register, stream: str) -> dict[str, Mirror]:
    """Every target's mirror, by target."""
    return {
        item.key.sk[len(_PREFIX) :]: from_attributes(Mirror, item.attributes, what=item.key.sk)
        for item in register.scan(enact_partition(stream), _PREFIX)
    }


def ensure_mirror(
    register: Register, stream: str, target: str, found: Mirror | None, attempt: str
) -> Mirror:
    """The target's mirror, created at 0 if none was found. Called before the first write (S11).

    Interleavings of the conditional create: another enactor creates it between our read and our
    write, then our condition fails and its mirror, which can only be equal or higher, stands. A
    late duplicate of our own create arrives after the mirror rose, then it is refused likewise.
    """
    if found is not None:
        return found
    fresh = Mirror(generation=0, retired=False, attempt=attempt)
    try:
        register.write(Put(mirror_key(stream, target), to_attributes(fresh), Absent()))
    except ConditionFailed:
        return read_mirror(register, stream, target) or fresh
    return fresh


def raise_mirror(
    register: Register,
    stream: str,
    target: str,
    found: Mirror | None,
    fence: Fence,
    *,
    retired: bool,
    attempt: str,
) -> Mirror:
    """Raise the mirror to a fence that was just read at its target, if the one found is lower.

    Interleavings of the conditional write: between the read and our write another pass raises it
    further, then ``generation < g`` fails in the store and the higher one stands; or our own write
    is delivered twice or late, then it fails the same way; or another pass raises it just as far
    without the mark, then ours fails and is sent again on what stands now. The mirror never falls,
    and every refusal means that it rose: the rounds end.

    Args:
        found: the mirror as read before; one read earlier only costs another round.

    Returns:
        The mirror that stands now.
    """
    g = fence.generation
    while True:
        lower: Condition
        if found is None:
            lower = Absent()
        elif found.generation < g:
            lower = Where("generation", "<", g)
        elif found.generation == g and retired and not found.retired:
            lower = All((Where("generation", "=", g), Where("attempt", "=", found.attempt)))
        else:
            return found
        raised = Mirror(generation=g, retired=retired, attempt=attempt)
        try:
            register.write(Put(mirror_key(stream, target), to_attributes(raised), lower))
            return raised
        except ConditionFailed:
            found = read_mirror(register, stream, target)


def mirror_at_completion(
    stream: str, target: str, fence: Fence, *, retired: bool, attempt: str
) -> Put:
    """The raise of a mirror as an action of the transaction that completes its plan.

    Interleavings: a pass of a newer generation raises the mirror between our reading of the fence
    and this transaction, then the condition fails in the store and nothing of it is written. That
    pass has claimed, so the pointer's own condition fails with it. Another pass of this plan raised
    it as far, without the mark or with it: every pass that completes writes the same mark.
    """
    raised = Mirror(generation=fence.generation, retired=retired, attempt=attempt)
    not_above = Either((Absent(), Where("generation", "<=", fence.generation)))
    return Put(mirror_key(stream, target), to_attributes(raised), not_above)
