"""Marks and pins: a janitor's word that a plan is to be buried, and a person's that it is not.

Invariants, all of them in conditions that the register evaluates (schedule S14):

1. A plan is never marked and pinned at once: each is written only where the other is not.
2. A mark is written only for generations below what the pointer desires and applies. Both only
   rise, so that none of them can be claimed, resumed or completed afterwards.
3. A mark changes only under the attempt that wrote it: what one janitor withdrew, a slow one cannot
   bring to its end.

Neither is ever deleted: one that ended says so, and the next is written in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from plans.document import (
    DigestText,
    Document,
    IdText,
    OneLine,
    Timestamp,
    from_attributes,
    to_attributes,
)
from plans.errors import ConditionFailed, Conflict, Refused
from plans.journal import Draft, record
from plans.names import pin_key, pointer_key, prune_key, settings_key
from plans.retention import Facts
from plans.storage.register import (
    Absent,
    Action,
    All,
    Attributes,
    Check,
    Condition,
    Either,
    Put,
    Register,
    Where,
)

MARKS_MAX = 48
"""Of one transaction: two actions each, beside those of pointer, settings and journal."""


class Mark(Document):
    """That a plan is to be buried, was, or is not to be after all.

    ``created_at`` is the plan's, ``blobs`` how many of its attachments' keys were found buried.
    """

    state: Literal["marked", "withdrawn", "pruned"]
    digest: DigestText
    created_at: Timestamp
    by: OneLine
    at: Timestamp
    attempt: IdText
    blobs: Annotated[int, Field(ge=0)] = 0


class Pin(Document):
    """One person's word that a plan is kept, until somebody takes it back."""

    state: Literal["pinned", "unpinned"]
    digest: DigestText
    by: OneLine
    reason: OneLine
    at: Timestamp
    attempt: IdText


@dataclass(frozen=True, slots=True)
class Marked:
    """A generation with its mark."""

    generation: int
    mark: Mark


def as_mark(attributes: Attributes | None, stream: str, generation: int) -> Mark | None:
    """The mark that an item holds, if there is one, also one that ended.

    Raises:
        Refused: the item is not a mark.
    """
    if attributes is None:
        return None
    return from_attributes(Mark, attributes, what=f"the mark of plan {generation} of {stream}")


def as_pin(attributes: Attributes | None, stream: str, generation: int) -> Pin | None:
    """The pin that an item holds, if it stands.

    Raises:
        Refused: the item is not a pin.
    """
    if attributes is None:
        return None
    pin = from_attributes(Pin, attributes, what=f"the pin of plan {generation} of {stream}")
    return pin if pin.state == "pinned" else None


def unpinned() -> Condition:
    """That no pin stands."""
    return Either((Absent(), Where("state", "=", "unpinned")))


def unmarked() -> Condition:
    """That no mark stands, and that the plan was not buried."""
    return Either((Absent(), Where("state", "=", "withdrawn")))


def is_due(mark: Mark, facts: Facts, now: datetime) -> bool:
    """Whether the grace since the mark is over. It lets people look; no guarantee rests on it."""
    return mark.at + timedelta(hours=facts.settings.prune_grace_hours) <= now


def write_marks(
    register: Register, facts: Facts, wanted: Sequence[Marked], draft: Draft
) -> list[Marked]:
    """Mark plans that were judged deletable by these facts, in one transaction with its entry.

    Interleavings of the transaction with what makes a plan reachable:

    * A person pins g. The pin lands first, then the check on its absence fails in the store and g
      is left out. The mark lands first, then the pin's own check on the mark fails (S14).
    * Somebody claims g, or another pass completes it. Impossible once desired and applied are above
      g, which the condition on the pointer says of all of these: neither ever falls.
    * A target is added to the settings, or retention made longer: the version is another, and
      nothing is marked. A mirror cannot fall, so that it needs no condition; and a target that the
      settings had no more when they were read can only come back with them.
    * Another janitor marks g: the condition on the mark's absence fails, and the other's stands.

    A late duplicate of the transaction finds its journal entry's place taken, and is refused whole.

    Returns:
        Those that were marked; the others are pinned or marked by somebody else meanwhile.

    Raises:
        Conflict: settings or pointer are not those of the facts any more (rule ``prune-raced``).
    """
    stream, pointer = facts.settings.stream, facts.pointer
    assert pointer is not None
    assert len(wanted) <= MARKS_MAX
    top = max(marked.generation for marked in wanted)
    passed = All(
        (
            Where("lineage", "=", pointer.lineage),
            Where("desired_generation", ">", top),
            Where("applied_generation", ">", top),
        )
    )
    grounds: list[Action] = [
        Check(pointer_key(stream), passed),
        Check(settings_key(stream), Where("version", "=", facts.settings.version)),
    ]

    def actions(of: Marked) -> list[Action]:
        return [
            Put(prune_key(stream, of.generation), to_attributes(of.mark), unmarked()),
            Check(pin_key(stream, of.generation), unpinned()),
        ]

    left = list(wanted)
    while left:
        told = _telling(draft, left)
        try:
            record(register, stream, told, *grounds, *(each for of in left for each in actions(of)))
            break
        except ConditionFailed as refusal:
            if min(refusal.failed) < len(grounds):
                raise _raced(stream) from refusal
            lost = {(index - len(grounds)) // 2 for index in refusal.failed}
            left = [of for index, of in enumerate(left) if index not in lost]
    return left


def end_marks(
    register: Register, stream: str, ended: Sequence[tuple[Marked, Mark]], draft: Draft
) -> list[Marked]:
    """Replace marks by what became of them, in one transaction with its entry.

    Interleavings: another janitor ends one of them first, then the condition on the mark's attempt
    fails in the store, and what the other wrote stands; the rest is sent again without it. A mark
    that was withdrawn and written anew in between has another attempt, and is left alone.

    Returns:
        The marks that this call has ended, as they are now.
    """
    left = list(ended)
    while left:
        told = _telling(draft, [after for after, _ in left])
        try:
            record(register, stream, told, *(_ending(stream, *pair) for pair in left))
            break
        except ConditionFailed as refusal:
            left = [pair for index, pair in enumerate(left) if index not in refusal.failed]
    return [after for after, _ in left]


def _ending(stream: str, after: Marked, before: Mark) -> Put:
    unchanged = All((Where("state", "=", before.state), Where("attempt", "=", before.attempt)))
    return Put(prune_key(stream, after.generation), to_attributes(after.mark), unchanged)


def _telling(draft: Draft, about: Sequence[Marked]) -> Draft:
    """The journal entry of a transaction, which names every generation in it."""
    numbers = folded(of.generation for of in about)
    details = (*draft.details, ("generations", numbers), ("count", str(len(about))))
    return Draft(draft.kind, draft.at, draft.by, draft.attempt, details=details)


def folded(numbers: Iterable[int]) -> str:
    """Ascending numbers as ``1-412, 415``."""
    return ", ".join(
        str(first) if first == last else f"{first}-{last}" for first, last in _runs(numbers)
    )


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for number in numbers:
        if last and number == last + 1:
            last = number
            continue
        if last:
            yield first, last
        first = last = number
    if last:
        yield first, last


def pin(register: Register, stream: str, generation: int, wanted: Pin) -> None:
    """Pin a plan.

    Interleavings of the transaction: a janitor marks the plan between our reading and our writing,
    then the check on the mark fails in the store and the pin is refused; the mark arrives second,
    then its own check on the pin fails (schedule S14). Another person pins it: theirs stands.

    Raises:
        Refused: it is pinned, marked or pruned already; or the number was pinned as other bytes
            before, which the item would forget and the journal remembers.
    """
    draft = _decided("pinned", generation, wanted)
    key = pin_key(stream, generation)
    again = All((Where("state", "=", "unpinned"), Where("digest", "=", wanted.digest)))
    try:
        record(
            register,
            stream,
            draft,
            Put(key, to_attributes(wanted), Either((Absent(), again))),
            Check(prune_key(stream, generation), unmarked()),
        )
    except ConditionFailed as refusal:
        raise _pin_refused(refusal, stream, generation) from refusal


def unpin(register: Register, stream: str, generation: int, before: Pin, after: Pin) -> None:
    """Take a pin back.

    Interleavings: another person takes it back, or takes it back and pins it anew, between our
    reading and our writing: then the pin's attempt is another, the condition fails in the store,
    and what they decided stands.

    Raises:
        Conflict: the pin changed meanwhile.
    """
    standing = All((Where("state", "=", "pinned"), Where("attempt", "=", before.attempt)))
    put = Put(pin_key(stream, generation), to_attributes(after), standing)
    try:
        record(register, stream, _decided("unpinned", generation, after), put)
    except ConditionFailed as refusal:
        raise Conflict(
            f"the pin of plan {generation} of {stream} changed meanwhile",
            rule="pin-changed",
            remedy=f"look at `planfence list {stream}` and decide again",
        ) from refusal


def _decided(kind: Literal["pinned", "unpinned"], generation: int, of: Pin) -> Draft:
    details = (("reason", of.reason),)
    return Draft(kind, of.at, of.by, of.attempt, generation, of.digest, details)


def _pin_refused(refusal: ConditionFailed, stream: str, generation: int) -> Refused:
    found, mark = refusal.items
    what = f"plan {generation} of {stream}"
    if 1 in refusal.failed and mark is not None and mark.get("state") == "pruned":
        return Refused(
            f"{what} was pruned",
            rule="plan-pruned",
            remedy=f"publish a new plan: `planfence plan {stream}`",
        )
    if 1 in refusal.failed and mark is not None:
        return Refused(
            f"{what} is marked to be pruned, by {mark.get('by')} at {mark.get('at')}",
            rule="marked",
            remedy=f"make it too young: `planfence stream set {stream} --retain-days DAYS`, then"
            f" `planfence prune {stream} --apply` withdraws the mark, and it can be pinned",
        )
    assert found is not None
    if found.get("state") == "unpinned":
        return Refused(
            f"{what} was pinned before, as other bytes that are lost",
            rule="generation-digest",
            expected=str(found.get("digest")),
            remedy=f"publish a new plan: `planfence plan {stream}`",
        )
    return Refused(
        f"{what} is pinned already by {found.get('by')}: {found.get('reason')}",
        rule="pinned",
        remedy=f"leave it, or take it back first: `planfence unpin {stream} {generation}`",
    )


def _raced(stream: str) -> Conflict:
    return Conflict(
        f"what the pruning of {stream} was decided on has changed",
        rule="prune-raced",
        remedy="run the command again",
    )
