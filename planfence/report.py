"""What ``plan``, ``show``, ``diff`` and ``drift`` have to say, before it is text or Markdown.

A report is facts in the order of what matters: what it is, what is wrong with it, what to look at
first, everything else, and the commands that decide. ``report_text`` makes text for people of it,
``planfence.render.comment`` a comment for a pull request.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from planfence.changes import (
    AT_APEX,
    CREATE,
    DELETE,
    TTL_ONLY,
    Fold,
    Part,
    change_lines,
    counts,
    rest_text,
)
from planfence.output import Block, Grid, Line

LOOK_FIRST_FROM: Final = 30  # changes told one by one before some are worth telling first
LOOK_FIRST_MAX: Final = 10
LOOK_FIRST_EACH: Final = 2  # of deletes, of changes at the apex, of others: many hide no few


@dataclass(frozen=True, slots=True)
class Warn:
    """What nobody may overlook. ``kind`` is stable, for programs.

    ``headline`` is our own text and may stand anywhere; ``detail`` is not.
    """

    kind: str
    headline: str
    detail: str = ""

    @property
    def text(self) -> str:
        return f"{self.headline}: {self.detail}" if self.detail else self.headline

    def document(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text}


@dataclass(frozen=True, slots=True)
class GuardRow:
    """One guard's result, for all the targets that have the same."""

    outcome: str
    rule: str
    actual: str
    limit: str
    where: str

    @property
    def cells(self) -> tuple[str, str, str, str]:
        outcome = self.outcome if self.outcome == "passed" else self.outcome.upper()
        where = f"  ({self.where})" if self.where else ""
        return outcome, self.rule, self.actual, f"limit: {self.limit}{where}"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything, as data.

    Attributes:
        title: what it is about, without its counts.
        total: its counts.
        whole: the command that shows all of it, where something is left out.
        banner: for what is closed: no decision about it is left to make.
        facts: labels and what they say.
        decide: labels and values or commands, at the end, where a terminal stops.
    """

    title: str
    total: str
    whole: str
    parts: tuple[Part, ...]
    banner: Warn | None = None
    warnings: tuple[Warn, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    guards: tuple[GuardRow, ...] = ()
    decide: tuple[tuple[str, str], ...] = ()

    @property
    def heading(self) -> str:
        return f"{self.title}: {self.total}"


def report_text(report: Report, *, quiet: bool = False) -> tuple[Block, ...]:
    """The whole report as text; nothing is left out unless ``quiet`` asks for it."""
    result: list[Block] = [Line(report.heading, "loud")]
    if report.banner is not None:
        result.append(Line(report.banner.text, "loud"))
    result += [Line(f"!! {warning.text}", "loud") for warning in report.warnings]
    if report.facts:
        result += [Line(""), Grid(report.facts, indent="  ")]
    result += _first_lines(report)
    for part in report.parts:
        result += [Line(""), *_part_lines(part, quiet=quiet)]
    if report.guards:
        result += [Line(""), Line("guards"), _guards(report.guards)]
    if report.parts:
        result += [Line(""), Line(report.total, "loud")]
    result += [Line(f"{label:<8} {text}") for label, text in report.decide]
    return tuple(result)


def _first_lines(report: Report) -> list[Block]:
    first, others = look_first(report)
    if not first:
        return []
    result: list[Block] = [Line(""), Line("look at these first", "loud")]
    for part, fold in first:
        note = part.short if len(report.parts) > 1 else ""
        result += [row.line() for row in fold.rows(note=note, name_lines=2)]
    if others:
        result.append(Line(f"  ... {rest_text(others)} below", "quiet"))
    return result


def look_first(report: Report) -> tuple[list[tuple[Part, Fold]], list[Fold]]:
    """The few changes to look at before all others, and as dangerous ones that did not fit.

    Of a short report none: it can be read whole. Nor creates below the apex, nor TTLs that change
    alone, unless somebody's own change goes with them. Among equals what was changed by hand comes
    first, then what loses the most values. Some of each sort are always among them: one change of
    the apex must be seen beside a thousand deletes.
    """
    every = [(part, fold) for part in report.parts for fold in part.folds]
    if len(every) <= LOOK_FIRST_FROM:
        return [], []
    chosen = [pair for pair in every if pair[1].danger not in {TTL_ONLY, CREATE} or pair[1].by_hand]
    chosen.sort(key=_urgency)
    places = [place for places in _by_sort(chosen) for place in places[:LOOK_FIRST_EACH]]
    places += [place for place in range(len(chosen)) if place not in places]
    first = set(places[:LOOK_FIRST_MAX])
    return (
        [pair for place, pair in enumerate(chosen) if place in first],
        [fold for place, (_, fold) in enumerate(chosen) if place not in first],
    )


def _by_sort(pairs: Iterable[tuple[Part, Fold]]) -> Iterable[list[int]]:
    """The places of deletes, of changes at the apex, and of others."""
    found: dict[int, list[int]] = {}
    for place, (_, fold) in enumerate(pairs):
        found.setdefault(_level(fold), []).append(place)
    return found.values()


def _level(fold: Fold) -> int:
    return fold.danger if fold.danger in {DELETE, AT_APEX} else AT_APEX + 1


def _urgency(pair: tuple[Part, Fold]) -> tuple[int, bool, bool, int]:
    part, fold = pair
    level = _level(fold)
    swapped = bool(fold.remark)  # the name keeps an answer
    return level + swapped, part.zone not in fold.names, not fold.by_hand, -fold.loses


def _part_lines(part: Part, *, quiet: bool) -> list[Line]:
    result = [Line(heading, "loud") for heading in part.headings]
    result.append(part.remark or Line(part_counts(part)))
    return result + change_lines(part, quiet=quiet)


def part_counts(part: Part) -> str:
    made, changed, removed = counts(part.changes)
    same = f", same on {len(part.headings)} targets" if len(part.headings) > 1 else ""
    return f"  +{made} ~{changed} -{removed}{same}"


def _guards(guards: Iterable[GuardRow]) -> Grid:
    rows = tuple(guards)
    return Grid(
        tuple(row.cells for row in rows),
        indent="  ",
        styles=tuple("plain" if row.outcome == "passed" else "loud" for row in rows),
    )
