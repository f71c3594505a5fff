"""Pruning: marks what retention lets go, and after a grace buries it. All I/O is passed in.

::

    survey        reads everything, writes nothing: each plan with what is to be done with it
    mark          ``prune#<g>``, in one transaction with its checks and its entry (plans.marks)
      │           the grace: time to look, and to make it not so
    check again   from fresh reads; what does not hold any more is withdrawn
    bury          the plan, conditional on the bytes seen; THEN its attachments
    end           the mark says ``pruned``, in one transaction with its entry

A janitor may die at any line, or a lost answer may leave it in the dark: the next run starts from
what stands in the stores, does what is left, and does nothing twice. Two janitors do no harm.

Guarantees:

1. Nothing is deleted. A buried object's key stays taken for ever (ADR 0008), so that a planner that
   slept finds it taken, however late (F7).
2. A plan is buried before its attachments: whoever reads it meanwhile has it whole, or is refused
   (F13). No readable plan lacks an attachment because of us.
3. What cannot be read as a plan is kept and reported, never guessed about.
4. Attachments of a number that no plan has are left alone: a planner that is slow may still publish
   the plan that names them. Once the plan's key is taken no other plan will ever stand there, and
   what that one does not name is nobody's.
5. Memory does not grow with the number of plans: one object is held at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import Literal, TypeVar

from plans.burying import buriable, bury, read_object
from plans.clock import Clock
from plans.errors import Refused
from plans.journal import Draft, EntryKind, record
from plans.marks import MARKS_MAX, Mark, Marked, end_marks, is_due, write_marks
from plans.names import blob_key, plan_key
from plans.plan import Plan
from plans.published import as_plan
from plans.retained import read_facts
from plans.retention import Facts, Verdict, judge, reached_by
from plans.shelves import Shelf, marks_with_blobs, shelves
from plans.storage.archive import Archive
from plans.storage.register import Register

T = TypeVar("T")
Deed = Literal["keep", "mark", "wait", "bury", "withdraw", "pruned"]


@dataclass(frozen=True, slots=True)
class Janitor:
    """What a pruning pass of one stream is given."""

    stream: str
    archive: Archive
    register: Register
    clock: Clock
    new_id: Callable[[], str]
    by: str

    def draft(self, kind: EntryKind, *details: tuple[str, str]) -> Draft:
        return Draft(kind, self.clock.now(), self.by, self.new_id(), details=details)

    def facts(self, before: Facts | None = None) -> Facts:
        return read_facts(self.archive, self.register, self.stream, before)


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be done with a generation, or was; by which rule, and why.

    ``attachments`` counts those that no plan names and that go with it.
    """

    generation: int
    deed: Deed
    rule: str
    why: str
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class _Considered:
    """A generation as surveyed: ``wanted`` is the mark to write, ``orphans`` keys that go."""

    shelf: Shelf
    told: Told
    wanted: Marked | None = None
    orphans: tuple[str, ...] = ()


def survey(janitor: Janitor) -> Iterator[Told]:
    """What a pruning pass would do now with every generation, ascending. Writes nothing.

    Raises:
        Refused: as for ``read_facts``, or a mark is not readable.
        Unavailable: a store cannot be read.
    """
    facts = janitor.facts()
    return (considered.told for considered in _considered(janitor, facts))


def prune(janitor: Janitor) -> Iterator[Told]:
    """One pruning pass: marks what may go, then buries what was marked a grace ago.

    Tells first what it keeps and marks, then what became of the marks; each ascending, and each
    when it is done.

    Raises:
        Conflict: settings or pointer changed meanwhile.
        Refused, Unavailable: as for ``survey``; what was told was done.
    """
    begun = janitor.clock.now()
    yield from _mark(janitor)
    for told, mark in _sweep(janitor):
        if told.deed != "wait" or mark.at < begun:  # that it was marked just now was told
            yield told


# What is to be done


def _considered(janitor: Janitor, facts: Facts) -> Iterator[_Considered]:
    now = janitor.clock.now()
    for shelf in shelves(janitor.archive, janitor.register, janitor.stream):
        mark = shelf.mark
        if mark is not None and mark.state == "pruned":
            yield _pruned(janitor, shelf, mark)
        elif mark is not None and mark.state == "marked":
            yield _Considered(shelf, _of_mark(facts, Marked(shelf.generation, mark), now))
        else:
            yield _of_plan(janitor, facts, shelf, now)


def _pruned(janitor: Janitor, shelf: Shelf, mark: Mark) -> _Considered:
    """Attachments that a slow planner wrote after the burial are more than were buried."""
    late: tuple[str, ...] = ()
    if len(shelf.blobs) > mark.blobs:
        late = buriable(janitor.archive, shelf.blobs)
    told = Told(shelf.generation, "pruned", "pruned", "a tombstone keeps its key", len(late))
    return _Considered(shelf, told, orphans=late)


def _of_mark(facts: Facts, marked: Marked, now: datetime) -> Told:
    mark = marked.mark
    verdict = judge(facts, marked.generation, mark.created_at, now)
    if not verdict.deletable:
        return _told(marked.generation, "withdraw", verdict)
    grace = f"{facts.settings.prune_grace_hours} hours"
    if not is_due(mark, facts, now):
        why = f"marked at {mark.at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}, {grace} before it goes"
        return Told(marked.generation, "wait", "grace", why)
    return _told(marked.generation, "bury", verdict)


def _of_plan(janitor: Janitor, facts: Facts, shelf: Shelf, now: datetime) -> _Considered:
    """A plan without a mark. Only one that nothing reaches is read, for its age and its digest."""
    generation = shelf.generation
    reached = reached_by(facts, generation)
    if reached is not None and len(shelf.blobs) < 2:
        return _Considered(shelf, _told(generation, "keep", reached))
    stored = read_object(janitor.archive, plan_key(janitor.stream, generation))
    try:
        published = as_plan(stored, janitor.stream, facts.settings.lineage, generation)
    except Refused as refusal:
        return _Considered(shelf, _unread(generation, reached, refusal))
    plan = published.plan
    verdict = judge(facts, generation, plan.created_at, now)
    if not verdict.deletable:
        orphans = _orphans(janitor, facts, shelf, plan, now)
        told = _told(generation, "keep", verdict, len(orphans))
        return _Considered(shelf, told, orphans=orphans)
    wanted = Mark(
        state="marked",
        digest=published.digest,
        created_at=plan.created_at,
        by=janitor.by,
        at=now,
        attempt=janitor.new_id(),
    )
    return _Considered(shelf, _told(generation, "mark", verdict), Marked(generation, wanted))


def _unread(generation: int, reached: Verdict | None, refusal: Refused) -> Told:
    if reached is not None:
        return _told(generation, "keep", reached)
    if refusal.rule == "plan-pruned":
        return Told(generation, "pruned", "pruned", "a tombstone keeps its key")
    return Told(generation, "keep", "unreadable", f"not readable as a plan [{refusal.rule}]")


def _orphans(
    janitor: Janitor, facts: Facts, shelf: Shelf, plan: Plan, now: datetime
) -> tuple[str, ...]:
    """Attachments beside a plan that is kept and does not name them, once it is old enough.

    They are of planners that lost the race for its number. The plan is the number's for ever, so
    that nothing will ever name them: they need no mark, and the age is only for looking.
    """
    named = {blob_key(janitor.stream, shelf.generation, entry.digest) for entry in plan.attachments}
    if plan.created_at > now - timedelta(days=facts.settings.retain_days):
        return ()
    return buriable(janitor.archive, (key for key in shelf.blobs if key not in named))


# Marking


def _mark(janitor: Janitor) -> Iterator[Told]:
    """Mark what may go, run by run, so that what is told stays in order and nothing piles up."""
    facts = janitor.facts()
    considered = _considered(janitor, facts)
    for deed, run in groupby(considered, lambda each: each.told.deed):
        if deed == "mark":
            for batch in _batches(run):
                yield from _marked(janitor, facts, batch)
        elif deed in ("keep", "pruned"):  # what is marked already is for the sweep to tell
            for each in run:
                if each.orphans:
                    _bury_orphans(janitor, each)
                yield each.told


def _marked(janitor: Janitor, facts: Facts, batch: list[_Considered]) -> Iterator[Told]:
    wanted = [each.wanted for each in batch if each.wanted is not None]
    made = write_marks(janitor.register, facts, wanted, janitor.draft("marked"))
    numbers = {of.generation for of in made}
    for each in batch:
        generation = each.shelf.generation
        if generation in numbers:
            yield each.told
        else:
            yield Told(generation, "keep", "raced", "pinned or marked by somebody just now")


def _bury_orphans(janitor: Janitor, considered: _Considered) -> None:
    """Bury what no plan names. The journal tells of it first: it must not go unrecorded."""
    shelf, mark = considered.shelf, considered.shelf.mark
    details = (("generations", str(shelf.generation)), ("orphans", str(len(considered.orphans))))
    record(janitor.register, janitor.stream, janitor.draft("pruned", *details))
    for key in considered.orphans:
        bury(janitor.archive, key, shelf.generation, None)
    if mark is not None and mark.state == "pruned":
        after = mark.model_copy(update={"blobs": len(shelf.blobs), "attempt": janitor.new_id()})
        ended = [(Marked(shelf.generation, after), mark)]
        end_marks(janitor.register, janitor.stream, ended, janitor.draft("pruned"))


# Burying


def _sweep(janitor: Janitor) -> Iterator[tuple[Told, Mark]]:
    facts = None
    marks = marks_with_blobs(janitor.archive, janitor.register, janitor.stream)
    for batch in _batches(marks):
        facts = janitor.facts(facts)
        yield from zip(_swept(janitor, facts, batch), (of.mark for of, _ in batch), strict=True)


def _swept(
    janitor: Janitor, facts: Facts, batch: list[tuple[Marked, tuple[str, ...]]]
) -> list[Told]:
    """Check marks again, by facts that were read just now, and do what they ask for.

    Between these reads and the burial nothing can make a generation reachable: desired and applied
    are above it for good, a pin is refused while the mark stands (S14), mirrors do not fall, and
    what a rollback takes from it is a copy.
    """
    now = janitor.clock.now()
    told: list[Told] = []
    pruned: list[tuple[Marked, Mark]] = []
    withdrawn: list[tuple[Marked, Mark]] = []
    for of, blobs in batch:
        each = _of_mark(facts, of, now)
        if each.deed == "bury":
            each = _bury(janitor, of, blobs, each)
        if each.deed == "bury":
            pruned.append((_ended(janitor, of, "pruned", now, len(blobs)), of.mark))
        elif each.deed == "withdraw":
            withdrawn.append((_ended(janitor, of, "withdrawn", now), of.mark))
        told.append(each)
    if pruned:
        end_marks(janitor.register, janitor.stream, pruned, janitor.draft("pruned"))
    if withdrawn:
        end_marks(janitor.register, janitor.stream, withdrawn, janitor.draft("withdrawn"))
    return told


def _bury(janitor: Janitor, of: Marked, blobs: tuple[str, ...], told: Told) -> Told:
    """Bury one plan, then its attachments.

    What is not the plan that was marked is left alone, and the mark is withdrawn.
    """
    archive, generation = janitor.archive, of.generation
    found = bury(archive, plan_key(janitor.stream, generation), generation, of.mark.digest)
    if found == "missing":
        why = "its plan is not in the archive any more"
        return Told(generation, "withdraw", "plan-missing", why)
    if found == "changed":
        why = "its bytes are not those that were marked"
        return Told(generation, "withdraw", "digest", why)
    for key in blobs:
        bury(archive, key, generation, None)
    return told


def _ended(
    janitor: Janitor,
    of: Marked,
    state: Literal["pruned", "withdrawn"],
    now: datetime,
    blobs: int = 0,
) -> Marked:
    ended: dict[str, object] = {
        "state": state,
        "by": janitor.by,
        "at": now,
        "attempt": janitor.new_id(),
        "blobs": blobs,
    }
    return Marked(of.generation, of.mark.model_copy(update=ended))


def _told(generation: int, deed: Deed, verdict: Verdict, attachments: int = 0) -> Told:
    return Told(generation, deed, verdict.rule, verdict.why, attachments)


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    """What one transaction can take of marks, at most."""
    rest = iter(items)
    while batch := list(islice(rest, MARKS_MAX)):
        yield batch
