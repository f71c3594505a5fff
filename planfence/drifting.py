"""What ``drift`` shows: each target against the plan that is applied, from applied to live.

What a person changed is told apart from what planfence is doing: where a target's fence is of a
newer plan of this stream, a record set that is as that plan wants it is no drift. It still counts
as drift that the fence is not the applied plan's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from planfence.app import App, Result
from planfence.changes import Part, change_document, counts
from planfence.output import Line, clean, say
from planfence.refusals import refusal_document
from planfence.report import Report, Warn
from planfence.states import resolve
from planfence.watching import watched_view
from planfence.wiring import Session
from plans.errors import PlanfenceError, Refused
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, ZoneState, diff
from plans.mirror import read_mirrors
from plans.observed.dns import desired_on
from plans.published import read_desired, read_plan
from plans.settings import Settings

_MEANINGS = {
    "missing": "its fence is gone",
    "unreadable": "what stands at its fence is no fence",
    "foreign": "its fence is of another lineage",
    "conflicting": "its fence is of another plan with the number that is applied",
    "behind": "its fence is of an older generation",
    "ahead": "its fence is of a newer generation: a pass is under way, or ended part way",
    "unfinished": "its fence says that the applied plan is not done here",
}
_FINE = frozenset({"done", "new"})


@dataclass(frozen=True, slots=True)
class Left:
    """What a plan leaves behind where it is done: its desired state, on its targets."""

    generation: int
    digest: str
    state: ZoneState
    targets: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """One target. ``changes`` say what was changed by hand, applied -> live."""

    target: str
    state: str
    fence: FenceSeen
    compared_with: tuple[int, ...]
    changes: tuple[Change, ...]
    error: PlanfenceError | None = None

    @property
    def drifted(self) -> bool:
        return bool(self.changes) or (self.error is None and self.state not in _FINE)


def drift(app: App, stream: str, exit_drifted: int) -> Result:
    """Every target against the applied plan.

    Args:
        exit_drifted: the exit code where something drifted and every target could be read.

    Raises:
        Refused: nothing was applied yet, or the applied plan cannot be read as what it was.
        Unavailable: a store cannot be read. A target that cannot be read is told among the others,
            and its error is the command's outcome: what was not read is never called unchanged.
    """
    session = app.session()
    settings = session.settings(stream)
    applied = _left(session, settings, *resolve(session, settings, "applied"))
    app.about["generation"], app.about["digest"] = applied.generation, applied.digest
    targets = list(_targets(session, settings))
    places = [_found(app, settings, applied, target) for target in targets]
    for place in places:
        if place.state == "new":
            app.note(f"{place.target} is in no plan that is applied: there is nothing to compare")
    drifted = any(place.drifted for place in places)
    errors = [place.error for place in places if place.error is not None]
    made, changed, removed = counts(change for place in places for change in place.changes)
    report = _report(settings, applied, places)
    document: dict[str, Any] = {
        "outcome": "drifted" if drifted else "unchanged",
        "drifted": drifted,
        "summary": {"creates": made, "updates": changed, "deletes": removed},
        "targets": [_document(place) for place in places],
        "warnings": [warning.document() for warning in report.warnings],
    }
    if not errors:
        return Result(document, exit_code=exit_drifted if drifted else 0, report=report)
    worst = max(errors, key=lambda error: error.exit_code)
    say(f"planfence: {worst.outcome}: {worst}")
    document = {**document, **refusal_document(worst)}
    return Result(document, exit_code=worst.exit_code, report=report)


def _left(session: Session, settings: Settings, generation: int, digest: str | None) -> Left:
    archive = session.archive
    published = read_plan(archive, settings.stream, settings.lineage, generation, digest)
    state = read_desired(archive, published.plan, settings.zone)
    targets = frozenset(target.target for target in published.plan.targets)
    return Left(generation, published.digest, state, targets)


def _targets(session: Session, settings: Settings) -> Iterator[str]:
    """Those of the stream, and those that retire but have not yet."""
    yield from settings.targets
    mirrors = read_mirrors(session.register, settings.stream)
    for target in settings.retiring:
        if not (target in mirrors and mirrors[target].retired):
            yield target


def _found(app: App, settings: Settings, applied: Left, target: str) -> Found:
    session = app.session()
    try:
        observed = watched_view(app, session.view(settings))(target).observe()
    except PlanfenceError as error:
        return Found(target, "unreachable", None, (), (), error)
    state = _state(observed.fence, settings, applied, target)
    bases = _bases(session, settings, applied, state, observed.fence)
    states = [desired_on(base.state, target) for base in bases]
    changes = _changes(settings.zone, states, observed.state)
    numbers = tuple(base.generation for base in bases)
    return Found(target, state, observed.fence, numbers, changes)


def _state(fence: FenceSeen, settings: Settings, applied: Left, target: str) -> str:
    """One word for a target's fence, seen from the applied plan."""
    if fence is None:
        return "missing" if target in applied.targets else "new"
    if not isinstance(fence, Fence):
        return "unreadable"
    if fence.lineage != settings.lineage:
        return "foreign"
    if fence.generation != applied.generation:
        return "ahead" if fence.generation > applied.generation else "behind"
    if fence.digest != applied.digest:
        return "conflicting"
    return "done" if fence.done else "unfinished"


def _bases(
    session: Session, settings: Settings, applied: Left, state: str, fence: FenceSeen
) -> list[Left]:
    """The plans that explain what a target holds, the one to compare with first.

    A newer plan that is done here stands instead of the applied one, and beside it while it is not.
    If it cannot be read, there is only the applied plan to compare with.
    """
    if state == "new":
        return []
    if state != "ahead" or not isinstance(fence, Fence):
        return [applied]
    try:
        newer = _left(session, settings, fence.generation, fence.digest)
    except Refused:
        return [applied]
    return [newer] if fence.done else [applied, newer]


def _changes(zone: str, bases: Sequence[ZoneState], live: ZoneState) -> tuple[Change, ...]:
    """What turned the first base into ``live``, but for what another base explains."""
    if not bases:
        return ()
    first, *others = bases
    return tuple(
        Change(change.name, change.type, change.after, change.before, change.identifier)
        for change in diff(zone, first, live)
        if all(other.get(change.key) != change.before for other in others)
    )


def _report(settings: Settings, applied: Left, places: Sequence[Found]) -> Report:
    stream = settings.stream
    made, changed, removed = counts(change for place in places for change in place.changes)
    unread = any(place.error for place in places)
    total = f"{made} created, {changed} updated, {removed} deleted by hand"
    if not made + changed + removed:
        total = "nothing changed by hand" + (" where it could be read" if unread else "")
    groups: dict[tuple[Change, ...], list[str]] = {}
    for place in places:
        if place.changes:
            groups.setdefault(place.changes, []).append(place.target)
    decide: tuple[tuple[str, str], ...] = ()
    if groups:
        decide = (
            ("undo", f"planfence plan {stream}"),
            ("keep", "bring the desired state up to it; `planfence dump` writes what is live"),
        )
    return Report(
        title=f"{stream} against generation {applied.generation}, which is applied",
        total=total,
        whole=f"planfence drift {stream}",
        parts=tuple(_part(settings.zone, names, changes) for changes, names in groups.items()),
        warnings=tuple(_warning(place) for place in places if place.error or _is_wrong(place)),
        decide=decide,
    )


def _part(zone: str, targets: Sequence[str], changes: tuple[Change, ...]) -> Part:
    made, changed, removed = counts(changes)
    same = f", same on {len(targets)} targets" if len(targets) > 1 else ""
    remark = Line(f"  changed by hand, applied -> live: +{made} ~{changed} -{removed}{same}")
    return Part(tuple(targets), changes, zone, remark, short=", ".join(targets))


def _is_wrong(place: Found) -> bool:
    return place.error is None and place.state not in _FINE


def _warning(place: Found) -> Warn:
    if place.error is not None:
        return Warn("unreachable", f"{place.target} cannot be read", str(place.error))
    fence = place.fence
    detail = ""
    if isinstance(fence, Fence) and place.state != "foreign":
        end = "done" if fence.done else "not done"
        detail = f"generation {fence.generation} step {fence.step}, {end}"
    elif fence is not None and not isinstance(fence, Fence):
        detail = clean(fence.unreadable)
    return Warn(f"fence-{place.state}", f"{place.target}: {_MEANINGS[place.state]}", detail)


def _document(place: Found) -> dict[str, Any]:
    fence = place.fence
    return {
        "target": place.target,
        "compared_with": list(place.compared_with),
        "changes": [change_document(change) for change in place.changes],
        "fence": {"state": place.state, **_fence_document(fence)},
        "error": refusal_document(place.error) if place.error else None,
    }


def _fence_document(fence: FenceSeen) -> dict[str, Any]:
    if isinstance(fence, Fence):
        return {
            "generation": fence.generation,
            "step": fence.step,
            "done": fence.done,
            "digest": fence.digest,
            "lineage": fence.lineage,
        }
    return {} if fence is None else {"unreadable": clean(fence.unreadable)}
