"""A report as a comment of a pull request: one that a person reads to the end.

First what is wrong, then the most dangerous changes, then the rest as far as there is room, then
guards and the commands that decide. What does not fit is counted, and never more dangerous than
what is shown. ``planfence.render.markdown`` says what keeps the text of documents in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from planfence.changes import Fold, Part, Row, rest_text
from planfence.output import table
from planfence.render.markdown import (
    BYTES_MAX,
    CELL_BYTES_MAX,
    ROW_BYTES_MAX,
    code,
    cut,
    fenced,
    marker,
    plain,
    size,
    within,
)
from planfence.report import Report, Warn, look_first, part_counts
from plans.names import valid_stream

_WARNINGS_BYTES: Final = 10_000
_GUARDS_BYTES: Final = 6_000
_FACTS_BYTES: Final = 4_000
_FIRST_BYTES: Final = 6_000
_COMMAND_BYTES_MAX: Final = 6_000  # never reached: a stream's name is part of a path
_ROWS_MAX: Final = 30  # of one change
_HEADINGS_MAX: Final = 8  # of one part
_MARKS: Final = {"~": "!"}  # what a diff's colours know


def as_comment(stream: str | None, report: Report) -> str:
    """The comment, below ``BYTES_MAX``."""
    above = [
        f"{marker(stream)}\n",
        f"### planfence: {_title(report)}\n",
        *_banner(report),
        *_warnings(report.warnings),
        *_first(report),
    ]
    below = [*_guards(report), *_facts(report), *_decide(report)]
    left = BYTES_MAX - sum(size(part) + 1 for part in (*above, *below))
    return "\n".join([*above, *_changes(report, left), *below])


def _title(report: Report) -> str:
    """Our own text around a stream's name, whose characters are harmless in backticks."""
    words = (f"`{word}`" if valid_stream(word) else plain(word) for word in report.title.split(" "))
    return f"{' '.join(words)}: {plain(report.total)}"


def _banner(report: Report) -> list[str]:
    return [f"> {_warning(report.banner)}\n"] if report.banner else []


def _warning(warning: Warn) -> str:
    detail = f": {code(warning.detail, ROW_BYTES_MAX)}" if warning.detail else ""
    return f"**{plain(warning.headline)}**{detail}"


def _warnings(warnings: Sequence[Warn]) -> list[str]:
    rows: list[str] = []
    left = _WARNINGS_BYTES
    for warning in warnings:
        row = f"- {_warning(warning)}\n"
        left -= size(row)
        if left < 0:
            rows.append(f"- **{len(warnings) - len(rows):,} more warnings**\n")
            break
        rows.append(row)
    return ["".join(rows)] if rows else []


def _first(report: Report) -> list[str]:
    chosen, others = look_first(report)
    rows: list[str] = []
    for part, fold in chosen:
        note = part.short if len(report.parts) > 1 else ""
        rows += _fold_rows(fold, note)
    if not rows:
        return []
    kept = within(rows, _FIRST_BYTES, "more rows, below")
    if others:
        kept.append(f"  ... {rest_text(others)}")
    return [f"**Look at these first**\n\n{fenced(kept, 'diff')}"]


def _changes(report: Report, bytes_max: int) -> list[str]:
    """Parts with as many of their changes as there is room for, by danger over all parts."""
    left = bytes_max - 2 * ROW_BYTES_MAX  # for the fences, and for what says how much is missing
    every = [(part, fold) for part in report.parts for fold in part.folds]
    shown: dict[int, list[str]] = {}
    count = 0
    for part, fold in sorted(every, key=lambda pair: pair[1].danger):  # stable: parts in order
        rows = _fold_rows(fold, "")
        cost = sum(size(row) + 1 for row in rows)
        if id(part) not in shown:
            cost += _part_bytes(part)
        if cost > left:
            break
        left -= cost
        shown.setdefault(id(part), []).extend(rows)
        count += 1
    rest = [fold for _, fold in sorted(every, key=lambda pair: pair[1].danger)[count:]]
    result: list[str] = []
    hidden = 0
    for part in report.parts:
        if id(part) not in shown:
            left -= _part_bytes(part)
            if part.changes or left < 0:
                hidden += len(part.headings)
                continue
        result.append(_part(part, shown.get(id(part), [])))
    if rest:
        result.append(f"and {rest_text(rest)}: `{report.whole}`\n")
    if hidden:
        result.append(f"and {hidden:,} more targets: `{report.whole}`\n")
    return result


def _part(part: Part, rows: list[str]) -> str:
    shown = part.headings[:_HEADINGS_MAX]
    heads = [f"{code(heading)}  " for heading in shown]
    if len(shown) < len(part.headings):
        heads.append(f"and {len(part.headings) - len(shown):,} more targets  ")
    heads.append(code((part.remark.text if part.remark else part_counts(part)).strip()))
    text = "\n".join(heads) + "\n"
    return f"{text}\n{fenced(rows, 'diff')}" if rows else text


def _part_bytes(part: Part) -> int:
    """What a part's headings and fences can take at most."""
    return size(_part(part, [])) + 2 * ROW_BYTES_MAX


def _fold_rows(fold: Fold, note: str) -> list[str]:
    rows = fold.rows(note=cut(note, CELL_BYTES_MAX), name_lines=_ROWS_MAX // 2)
    shown = [_row(row) for row in rows[:_ROWS_MAX]]
    if len(shown) < len(rows):
        shown.append(f"      ... {len(rows) - len(shown):,} more values")
    return shown


def _row(row: Row) -> str:
    mark = _MARKS.get(row.mark, row.mark)
    return cut(f"{mark} {'    ' * row.depth}{row.text}", ROW_BYTES_MAX)


def _guards(report: Report) -> list[str]:
    if not report.guards:
        return []
    cells = [tuple(cut(cell, CELL_BYTES_MAX) for cell in row.cells) for row in report.guards]
    rows = within(table(cells), _GUARDS_BYTES, "more guards")
    passed = all(row.outcome == "passed" for row in report.guards)
    summary = "Guards: all passed" if passed else "**Guards: not all passed**"
    return [f"{summary}\n\n{fenced(rows)}"]


def _facts(report: Report) -> list[str]:
    if not report.facts:
        return []
    rows = within(table(report.facts), _FACTS_BYTES, "more facts")
    return [f"<details><summary>How it was made</summary>\n\n{fenced(rows)}\n</details>\n"]


def _decide(report: Report) -> list[str]:
    if not report.decide:
        return []
    rows = [
        cut(
            f"{label:<8} {text}",
            _COMMAND_BYTES_MAX if text.startswith("planfence ") else ROW_BYTES_MAX,
        )
        for label, text in report.decide
    ]
    return [fenced(rows)]


def as_refusal(stream: str | None, document: Mapping[str, Any]) -> str:
    """The comment for an error: what, why, the rule's name, what to do."""
    named = f" `{stream}`" if stream else ""
    rows = [
        (label, str(document[name]))
        for label, name in (
            ("what", "message"),
            ("rule", "rule"),
            ("expected", "expected"),
            ("found", "actual"),
            ("do", "remedy"),
        )
        if document.get(name) is not None
    ]
    rows += [("also", str(problem)) for problem in document.get("problems", ())]
    kept = within(table(rows), BYTES_MAX - 10 * ROW_BYTES_MAX, "more problems")
    heading = f"### planfence: {document['outcome']}{named}\n"
    return "\n".join([f"{marker(stream)}\n", heading, fenced(kept)])
