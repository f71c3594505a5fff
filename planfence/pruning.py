"""What ``prune`` does and shows: every plan with what becomes of it and why, neighbours together.

A stream may have 100,000 plans, and what is said of them must stay short: plans in a row that get
the same for the same reason are one range, in the text and in the JSON. Every plan is in one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from planfence.app import App, Result
from planfence.output import Block, Grid, Line, Style, plural
from plans.errors import PlanfenceError
from plans.pointer import read_pointer
from plans.pruning import Deed, Janitor, Told, prune, survey

_TOLD_EVERY: Final = 100
_NOBODY: Final = "nobody"  # who only looks
_WOULD: Final[dict[Deed, str]] = {
    "keep": "keep",
    "mark": "mark",
    "wait": "wait",
    "bury": "bury",
    "withdraw": "withdraw mark",
    "pruned": "pruned before",
}
_DID: Final[dict[Deed, str]] = {
    "keep": "kept",
    "mark": "marked",
    "wait": "waits",
    "bury": "buried",
    "withdraw": "mark withdrawn",
    "pruned": "pruned before",
}
_STYLES: Final[dict[Deed, Style]] = {
    "mark": "changed",
    "bury": "removed",
    "withdraw": "changed",
    "pruned": "quiet",
}


@dataclass(slots=True)
class Range:
    """Plans in a row of which the same is said."""

    first: int
    last: int
    deed: Deed
    rule: str
    why: str

    def takes(self, told: Told) -> bool:
        same = (told.deed, told.rule, told.why) == (self.deed, self.rule, self.why)
        return same and told.generation == self.last + 1

    @property
    def numbers(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def document(self) -> dict[str, Any]:
        return {
            "first": self.first,
            "last": self.last,
            "deed": self.deed,
            "rule": self.rule,
            "why": self.why,
        }


@dataclass(slots=True)
class Tally:
    """What was told so far."""

    ranges: list[Range] = field(default_factory=list)
    counts: Counter[Deed] = field(default_factory=Counter)
    attachments: int = 0

    def add(self, told: Told) -> None:
        self.counts[told.deed] += 1
        self.attachments += told.attachments
        if self.ranges and self.ranges[-1].takes(told):
            self.ranges[-1].last = told.generation
        else:
            number = told.generation
            self.ranges.append(Range(number, number, told.deed, told.rule, told.why))


def prune_stream(app: App, stream: str, *, applies: bool) -> Result:
    """Prune a stream, or say what that would do.

    Raises:
        Conflict: settings or pointer changed meanwhile. What was done stands.
        Refused, Unavailable: a store denies it or cannot be used. What was done stands.
    """
    by = app.identity() if applies else _NOBODY
    session = app.session()
    session.settings(stream)
    janitor = Janitor(stream, session.archive, session.register, session.clock, session.new_id, by)
    tally = Tally()
    try:
        _follow(app, janitor, tally, prune(janitor) if applies else survey(janitor))
    except PlanfenceError:
        if applies and _changes(tally):
            app.note(f"before it ended: {_counted(tally, applies=True)}")
        raise
    document = {
        "outcome": "done",
        "applied": applies,
        "counts": {deed: tally.counts[deed] for deed in _WOULD},
        "attachments": tally.attachments,
        "ranges": [each.document() for each in tally.ranges],
    }
    return Result(document, _text(stream, tally, applies=applies))


def _follow(app: App, janitor: Janitor, tally: Tally, all_told: Iterable[Told]) -> None:
    pointer = read_pointer(janitor.register, janitor.stream)
    total = pointer.desired_generation if pointer else None  # for the eye only
    with app.working(f"looking through the plans of {janitor.stream}", total) as progress:
        for told in all_told:
            tally.add(told)
            if told.generation % _TOLD_EVERY == 0:
                progress(told.generation)


def _changes(tally: Tally) -> int:
    deeds: tuple[Deed, ...] = ("mark", "bury", "withdraw")
    return sum(tally.counts[deed] for deed in deeds) + tally.attachments


def _counted(tally: Tally, *, applies: bool) -> str:
    words = _DID if applies else _WOULD
    told = [f"{tally.counts[deed]:,} {words[deed]}" for deed in words if tally.counts[deed]]
    if tally.attachments:
        told.append(f"{plural(tally.attachments, 'attachment')} that no plan names")
    return ", ".join(told) or "no plans"


def _text(stream: str, tally: Tally, *, applies: bool) -> tuple[Block, ...]:
    words = _DID if applies else _WOULD
    rows = tuple(
        (each.numbers, words[each.deed], f"{each.why} [{each.rule}]") for each in tally.ranges
    )
    styles = tuple(_STYLES.get(each.deed, "plain") for each in tally.ranges)
    head = f"{stream}: {_counted(tally, applies=applies)}"
    told: list[Block] = [Line(head, "loud")]
    if rows:
        told.append(Grid(rows, indent="  ", styles=styles))
    if not applies:
        told.append(Line("nothing was changed"))
        if _changes(tally):
            told.append(Line(f"apply    planfence prune {stream} --apply"))
    return tuple(told)
