"""Reads what retention rests on: settings and pointer first, then what can only add to it.

The order matters once: with the journal read before the pointer, completions in between would
be missing from the newest applied, and their number would be short (``plans.retention``).

Everything is read consistently, and a fact that cannot be read stops the pruning: an error is never
"nothing there".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from plans.decisions import Decisions, read_decisions
from plans.journal import read_end, read_entries
from plans.marks import as_pin
from plans.mirror import read_mirrors
from plans.names import pointer_key, settings_key
from plans.pointer import Pointer, as_pointer
from plans.published import published_from, read_plan
from plans.retention import Facts, counted_fences
from plans.settings import Settings, as_settings
from plans.storage.archive import Archive
from plans.storage.register import Register

_WINDOW = 500  # journal entries read at once


def read_facts(
    archive: Archive, register: Register, stream: str, before: Facts | None = None
) -> Facts:
    """What retention rests on, now.

    Args:
        before: facts of the same pass, read earlier. What can only have been added to since is not
            read again: entries of the journal, and a head that is still the head.

    Raises:
        Refused: no such stream; an item is not readable; or the head is not, so that nobody knows
            which override stands.
        Unavailable: a store cannot be read.
    """
    of_settings, of_pointer = register.read_all(settings_key(stream), pointer_key(stream))
    settings, pointer = as_settings(of_settings, stream), as_pointer(of_pointer, stream)
    if before is not None and before.settings != settings:
        before = None
    floor = pointer.desired_generation if pointer else 0
    decisions = read_decisions(register, stream, floor)
    head = published_from(archive, stream, floor).head
    end = read_end(register, stream).sequence
    standing = None
    if before is not None and before.head == head is not None:
        standing = before.standing
    elif pointer is not None and pointer.applied_generation:
        standing = _standing(archive, settings, pointer, head)
    return Facts(
        settings=settings,
        pointer=pointer,
        head=head,
        fences=counted_fences(settings, read_mirrors(register, stream)),
        pinned=dict(_pins(decisions)),
        approved=_approved(decisions),
        applied=_applied(register, settings, end, before),
        journal_read=end,
        standing=None if standing is None or decisions.is_released(standing) else standing,
    )


def newest_applied(register: Register, stream: str, count: int, end: int) -> frozenset[int]:
    """The newest ``count`` generations that the journal, up to ``end``, says were applied."""
    found: set[int] = set()
    while end > 0 and len(found) < count:
        start = max(0, end - _WINDOW)
        newest_first = reversed(list(_applied_in(register, stream, start, end)))
        found |= set(islice(newest_first, count - len(found)))
        end = start
    return frozenset(found)


def _applied(
    register: Register, settings: Settings, end: int, before: Facts | None
) -> frozenset[int]:
    """Those of before with what came since: one too many is kept until the next pass."""
    stream = settings.stream
    if before is None:
        return newest_applied(register, stream, settings.retain_count, end)
    return before.applied.union(_applied_in(register, stream, before.journal_read, end))


def _applied_in(register: Register, stream: str, after: int, end: int) -> Iterator[int]:
    for entry in islice(read_entries(register, stream, after), end - after):
        if entry.kind == "applied" and entry.generation is not None:
            yield entry.generation


def _pins(decisions: Decisions) -> Iterator[tuple[int, str]]:
    for sk, attributes in decisions.items.items():
        if sk.startswith("pin#"):
            generation = int(sk.removeprefix("pin#"))
            pin = as_pin(attributes, decisions.stream, generation)
            if pin is not None:
                yield generation, f"pinned by {pin.by}: {pin.reason}"


def _approved(decisions: Decisions) -> frozenset[int]:
    """Generations from the pointer on that somebody approved and nobody rejected.

    Whether an approval still counts is not asked: an expired one may be given anew.
    """
    numbers = {int(sk.split("#")[1]) for sk in decisions.items if sk.startswith("approval#")}
    return frozenset(g for g in numbers if decisions.rejection(g) is None)


def _standing(
    archive: Archive, settings: Settings, pointer: Pointer, head: int | None
) -> int | None:
    """The newest override or rollback: the head itself, or what it has inherited (S9)."""
    generation = head or pointer.desired_generation
    digest = pointer.desired_digest if generation == pointer.desired_generation else None
    plan = read_plan(archive, settings.stream, settings.lineage, generation, digest).plan
    if plan.origin != "planner":
        return generation
    return plan.standing.generation if plan.standing else None
