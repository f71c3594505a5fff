"""Changes as a person reads them: the dangerous ones first, ``+ ~ -``, old -> new, repeats folded.

The order of danger: deletes; then what is at the apex; then updates that change values; then those
that change a TTL only; then creates. Within each, the apex first, then the zone's own order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from planfence.names_listed import compact
from planfence.output import Line, Style, clean, plural
from plans.kinds.dns import Change, RecordKey, Records, canonical_order

QUIET_MAX: Final = 20  # changes of one part that --quiet shows
QUIET_NAME_LINES: Final = 3
FOLD_FROM: Final = 3  # names that get the same change before it is told once

DELETE, AT_APEX, VALUES, TTL_ONLY, CREATE = range(5)
DANGERS: Final = ("delete", "apex change", "update", "TTL update", "create")

Mark = Literal["+", "-", "~", " "]
_STYLES: Final[dict[Mark, Style]] = {"+": "added", "-": "removed", "~": "changed", " ": "quiet"}


@dataclass(frozen=True)
class Part:
    """What is told together: targets with the same changes, or a difference of its own.

    Attributes:
        headings: one for each target, or what the part is about.
        changes: all of them.
        zone: whose apex is the dangerous one.
        remark: said instead of counts.
        by_hand: record sets that somebody changed around planfence, which this undoes.
        short: the targets as a remark on a single change, where other parts are told beside it.
    """

    headings: tuple[str, ...]
    changes: tuple[Change, ...]
    zone: str
    remark: Line | None = None
    by_hand: frozenset[RecordKey] = frozenset()
    short: str = ""

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """The changes in the order of danger, each told once for all the names that get it."""
        return tuple(_folds(self))


@dataclass(frozen=True, slots=True)
class Row:
    """One row about a change. ``bare``: its mark shows in colour only, where there is any."""

    mark: Mark
    text: str
    depth: int = 0
    bare: bool = False

    def line(self) -> Line:
        mark = " " if self.bare else self.mark
        text = f"  {mark} {self.text}" if not self.depth else f"      {mark} {self.text}"
        if self.bare:
            text = f"      {self.text}"
        return Line(text, _STYLES[self.mark])


@dataclass(frozen=True, slots=True)
class Fold:
    """One change with every name that gets it."""

    danger: int
    changes: tuple[Change, ...]
    zone: str
    by_hand: bool
    remark: str

    @property
    def loses(self) -> int:
        """How many values one of its record sets loses."""
        change = self.changes[0]
        return len(set(_items(change.before)) - set(_items(change.after)))

    @property
    def names(self) -> list[str]:
        return [change.name for change in self.changes]

    def rows(self, *, note: str = "", name_lines: int | None = None) -> list[Row]:
        """How it is told.

        Args:
            note: a remark beside those it has itself.
            name_lines: at most so many lines of names; None: all.
        """
        change = self.changes[0]
        subject = change.name if len(self.changes) == 1 else _same(len(self.changes))
        end = "".join(f"  ({text})" for text in (*self._remarks(), note) if text)
        rows = _rows(change, subject, end)
        if len(self.changes) > 1:
            listed = compact(self.names, self.zone)
            shown = listed[:name_lines]
            rows += [Row(" ", text, depth=1, bare=True) for text in shown]
            if len(shown) < len(listed):
                rows.append(Row(" ", "... and more names", depth=1, bare=True))
        return rows

    def _remarks(self) -> Iterator[str]:
        yield "reverts a manual change" if self.by_hand else ""
        yield self.remark


def danger(change: Change, zone: str) -> int:
    """How dangerous a change is; less is more."""
    if change.after is None:
        return DELETE
    if change.name == zone:
        return AT_APEX
    if change.before is None:
        return CREATE
    return VALUES if _items(change.before) != _items(change.after) else TTL_ONLY


def _folds(part: Part) -> list[Fold]:
    replaced = _replaced(part.changes)
    groups: dict[tuple[Any, ...], list[Change]] = {}
    for change in part.changes:
        level, by_hand = danger(change, part.zone), change.key in part.by_hand
        at_apex = change.name == part.zone
        remark = replaced.get(change.key, "")
        content = change.before, change.after
        key = (level, not at_apex, change.type, change.identifier, *content, by_hand, remark)
        groups.setdefault(key, []).append(change)
    found: list[tuple[tuple[int, bool, str, str, str], Fold]] = []
    for key, changes in groups.items():
        level, below_apex, rdtype, identifier, *_, by_hand, remark = key
        together = [changes] if len(changes) >= FOLD_FROM else [[change] for change in changes]
        for same in together:
            order = (level, below_apex, canonical_order(same[0].name), rdtype, identifier)
            found.append((order, Fold(level, tuple(same), part.zone, by_hand, remark)))
    return [fold for _, fold in sorted(found, key=lambda pair: pair[0])]


def _replaced(changes: Sequence[Change]) -> dict[RecordKey, str]:
    """Deletes that make room for what answers in their place: a CNAME, or what a CNAME was."""
    made: dict[str, list[str]] = {}
    for change in changes:
        if change.before is None:
            made.setdefault(change.name, []).append(change.type)
    return {
        change.key: f"the name gets {', '.join(made[change.name])}"
        for change in changes
        if change.after is None
        and change.name in made
        and "CNAME" in (change.type, *made[change.name])
    }


def counts(changes: Iterable[Change]) -> tuple[int, int, int]:
    """How many create, update and delete."""
    made = changed = removed = 0
    for change in changes:
        if change.before is None:
            made += 1
        elif change.after is None:
            removed += 1
        else:
            changed += 1
    return made, changed, removed


def counts_text(made: int, changed: int, removed: int) -> str:
    if not made + changed + removed:
        return "no changes"
    return f"{made} to create, {changed} to update, {removed} to delete"


def rest_text(rest: Iterable[Fold]) -> str:
    """What was left out, counted: ``12,345 more creates, 3 more updates``."""
    left: Counter[int] = Counter()
    for fold in rest:
        left[fold.danger] += len(fold.changes)
    return ", ".join(
        f"{left[level]:,} more {plural(left[level], name).partition(' ')[2]}"
        for level, name in enumerate(DANGERS)
        if left[level]
    )


def change_lines(part: Part, *, quiet: bool = False) -> list[Line]:
    """Every change of a part; with ``quiet`` the first ``QUIET_MAX``, and how many more."""
    ordered = part.folds
    shown = ordered[:QUIET_MAX] if quiet else ordered
    rows = [
        row for fold in shown for row in fold.rows(name_lines=QUIET_NAME_LINES if quiet else None)
    ]
    result = [row.line() for row in rows]
    if len(shown) < len(ordered):
        result.append(Line(f"  ... {rest_text(ordered[len(shown) :])}", "quiet"))
    return result


def change_document(change: Change) -> dict[str, Any]:
    return {
        "name": change.name,
        "type": change.type,
        **({"identifier": change.identifier} if change.identifier else {}),
        "before": _records_document(change.before),
        "after": _records_document(change.after),
    }


def reverted(
    changes: Iterable[Change], applied: Mapping[RecordKey, Records] | None
) -> frozenset[RecordKey]:
    """Record sets whose ``before`` is not what the applied plan left: somebody's own change."""
    if applied is None:
        return frozenset()
    return frozenset(change.key for change in changes if applied.get(change.key) != change.before)


def _same(count: int) -> str:
    return f"same change on {count} names:"


def _rows(change: Change, subject: str, end: str) -> list[Row]:
    before, after = change.before, change.after
    kind = f"{change.type} [{clean(change.identifier)}]" if change.identifier else change.type
    if before is None and after is not None:
        return _whole("+", subject, kind, after, end)
    if after is None and before is not None:
        return _whole("-", subject, kind, before, end)
    assert before is not None
    assert after is not None
    return _updated(kind, subject, before, after, end)


def _items(content: Records | None) -> tuple[str, ...]:
    """What a record set has beside its TTL: values, then attributes."""
    return (*content.values, *map(clean, content.attributes)) if content else ()


def _whole(mark: Mark, subject: str, kind: str, content: Records, end: str) -> list[Row]:
    # An alias has no values, and no TTL of its own.
    head = " ".join([subject, *([str(content.ttl)] if content.values else []), kind])
    if len(content.values) <= 1:
        return [Row(mark, " ".join([head, *_items(content)]) + end)]
    head = " ".join([head, *map(clean, content.attributes)])
    return [
        Row(mark, head + end),
        *(Row(mark, value, depth=1, bare=True) for value in content.values),
    ]


def _updated(kind: str, subject: str, before: Records, after: Records, end: str) -> list[Row]:
    old, new = set(_items(before)), set(_items(after))
    gone = [item for item in _items(before) if item not in new]
    added = [item for item in _items(after) if item not in old]
    ttl = f"ttl {before.ttl} -> {after.ttl}" if before.ttl != after.ttl else str(after.ttl)
    head = f"{subject} {ttl} {kind}" if before.values or after.values else f"{subject} {kind}"
    if not gone and not added:
        return [Row("~", head + end)]
    if len(gone) == len(added) == len(new) == 1:
        return [Row("~", f"{head} {gone[0]} -> {added[0]}{end}")]
    rows = [Row("~", head + end)]
    rows += [Row("-", value, depth=1) for value in gone]
    rows += [Row("+", value, depth=1) for value in added]
    kept = len(new) - len(added)
    if kept:
        text = plural(kept, "value stays", "values stay")
        rows.append(Row(" ", f"  {text}", depth=1, bare=True))
    return rows


def _records_document(content: Records | None) -> dict[str, Any] | None:
    if content is None:
        return None
    attributes = {"attributes": list(content.attributes)} if content.attributes else {}
    return {"ttl": content.ttl, "values": list(content.values), **attributes}
