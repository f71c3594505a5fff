"""What ``diff`` shows: a plan's complete desired state against the targets, or another plan's.

``compared`` makes the result of any such comparison, in all three formats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planfence.app import App, Result
from planfence.changes import Part, change_document, counts, counts_text
from planfence.output import Line
from planfence.report import Report, Warn
from planfence.states import resolve
from planfence.watching import watched_view
from plans.kinds.dns import Change, RecordKey, Records, diff
from plans.observed.dns import desired_on
from plans.published import read_desired, read_plan
from plans.settings import Settings


def against_live(app: App, stream: str, named: int | str) -> Result:
    """What turns each target, as it is now, into a plan's desired state.

    Raises:
        Refused: the plan or a target cannot be read as what it should be.
        Unavailable: a target cannot be read; it is never taken for empty.
    """
    session = app.session()
    settings = session.settings(stream)
    number, digest, desired = _desired(app, settings, named)
    app.about["generation"], app.about["digest"] = number, digest
    view = watched_view(app, session.view(settings))
    parts = {
        target: diff(settings.zone, desired_on(desired, target), view(target).observe().state)
        for target in settings.targets
    }
    title = f"to turn live into generation {number} of {stream}"
    ends = {"from": None, "to": {"generation": number, "digest": digest}}
    whole = f"planfence diff {stream} {number} live"
    return compared(settings.zone, title, parts, ends, whole=whole)


def between(app: App, stream: str, one: int | str, other: int | str) -> Result:
    """What turns one plan's desired state into another's.

    Raises:
        Refused: one of the plans cannot be read as what it should be.
    """
    settings = app.session().settings(stream)
    first, first_digest, before = _desired(app, settings, one)
    second, digest, after = _desired(app, settings, other)
    app.about["generation"], app.about["digest"] = second, digest
    title = f"to turn generation {first} of {stream} into generation {second}"
    parts = {"desired state": diff(settings.zone, after, before)}
    ends = {
        "from": {"generation": first, "digest": first_digest},
        "to": {"generation": second, "digest": digest},
    }
    whole = f"planfence diff {stream} {first} {second}"
    return compared(settings.zone, title, parts, ends, whole=whole)


def compared(
    zone: str,
    title: str,
    parts: Mapping[str, tuple[Change, ...]],
    document: Mapping[str, Any],
    *,
    whole: str,
    warnings: Sequence[Warn] = (),
    remarks: Mapping[str, Line] | None = None,
) -> Result:
    """The result of a comparison: for people the same as a review, parts that are equal together.

    Args:
        title: what is compared, our own text.
        parts: what differs, by target or by what it is about.
        document: fields that the command adds to those that every comparison has.
        whole: the command that shows all of it, for a comment that cannot.
        remarks: said of a part instead of its counts.
    """
    differs = any(parts.values())
    groups: dict[tuple[tuple[Change, ...], Line | None], list[str]] = {}
    for name, changes in parts.items():
        remark = remarks.get(name) if remarks else None
        if differs or remark is not None:
            groups.setdefault((changes, remark), []).append(name)
    report = Report(
        title=title,
        total=counts_text(*counts(change for changes in parts.values() for change in changes)),
        whole=whole,
        parts=tuple(
            Part(tuple(names), changes, zone, remark, short=_short(names))
            for (changes, remark), names in groups.items()
        ),
        warnings=tuple(warnings),
    )
    told = {
        "outcome": "done",
        **document,
        "differs": differs,
        "parts": [
            {"name": name, "changes": [change_document(change) for change in changes]}
            for name, changes in parts.items()
        ],
        "warnings": [warning.document() for warning in warnings],
    }
    return Result(told, report=report)


def _short(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} targets"


def _desired(
    app: App, settings: Settings, named: int | str
) -> tuple[int, str, Mapping[RecordKey, Records]]:
    session = app.session()
    number, digest = resolve(session, settings, named)
    published = read_plan(session.archive, settings.stream, settings.lineage, number, digest)
    desired = read_desired(session.archive, published.plan, settings.zone)
    return number, published.digest, desired
