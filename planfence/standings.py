"""What ``status`` shows: pointer, head, hold, and what each target's own fence says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planfence.app import App, Result
from planfence.output import Block, Grid, Line, clean
from planfence.refusals import refusal_document
from planfence.states import stamp, standing_of, take
from planfence.wiring import Session, mismatches
from plans.decisions import Hold, read_hold
from plans.errors import PlanfenceError
from plans.fence import Fence, FenceSeen, Unreadable
from plans.lease import Lease, read_lease
from plans.mirror import Mirror, read_mirrors
from plans.plan import PlanReference
from plans.pointer import Pointer, read_pointer
from plans.published import published_from
from plans.settings import Settings

_SHORT = 12
_HOLD_SHOWN = {"by", "reason", "at", "until", "at_target"}


@dataclass(frozen=True, slots=True)
class Place:
    """One target as found: its fence, or why it cannot be read."""

    target: str
    retiring: bool
    mirror: Mirror | None
    fence: FenceSeen
    error: PlanfenceError | None


def status(app: App, stream: str | None) -> Result:
    """Every stream asked for. One that cannot be shown does not hide the others."""
    session = app.session()
    names = [stream] if stream else sorted(session.config.streams)
    if not names:
        app.note(f"{session.config.path.name} has no stream yet")
    documents: list[dict[str, Any]] = []
    content: list[Block] = []
    failures: list[PlanfenceError] = []
    for name in names:
        try:
            document, told = _stream(app, session, name)
        except PlanfenceError as error:
            if stream:
                raise
            failures.append(error)
            document = {
                "stream": name,
                **dict.fromkeys(("head", "desired", "applied", "hold", "lease")),
                "targets": [],
                "error": refusal_document(error),
            }
            told = [Line(name, "loud"), Line(f"  {error.outcome}: {error}")]
        documents.append(document)
        content += [*told, Line("")]
    outcome = failures[0].outcome if failures else "done"
    code = max((failure.exit_code for failure in failures), default=0)
    return Result({"outcome": outcome, "streams": documents}, tuple(content[:-1]), code)


def _stream(app: App, session: Session, name: str) -> tuple[dict[str, Any], list[Block]]:
    settings = session.settings(name)
    pointer = read_pointer(session.register, name)
    hold = read_hold(session.register, name, session.clock.now())
    lease = read_lease(session.register, name)
    for note in mismatches(session.config, settings):
        app.note(note)
    head, head_text = _head(session, settings, pointer)
    places = _places(session, settings)
    document = {
        "stream": name,
        "head": head,
        "desired": _reference(pointer.desired if pointer else None),
        "applied": _reference(pointer.applied if pointer else None),
        "hold": _hold_document(hold),
        "lease": lease and _lease_document(lease),
        "targets": [_place_document(place, settings, pointer) for place in places],
        "error": None,
    }
    told: list[Block] = [
        Line(name, "loud"),
        Line(f"  head     {head_text}"),
        Line(f"  desired  {_reference_text(pointer.desired if pointer else None)}"),
        Line(f"  applied  {_reference_text(pointer.applied if pointer else None)}"),
        _hold_line(hold),
    ]
    if lease is not None or settings.lease_seconds:
        told.append(Line(f"  lease    {_lease_text(lease, session.clock.now())}"))
    rows = [(place.target, _place_text(place, settings, pointer)) for place in places]
    return document, [*told, Grid(tuple(rows), indent="  ")]


def _head(
    session: Session, settings: Settings, pointer: Pointer | None
) -> tuple[dict[str, Any] | None, str]:
    """The newest plan at or above the pointer, as far as it can be read."""
    floor = pointer.desired_generation if pointer else 0
    try:
        number = published_from(session.archive, settings.stream, floor).head
    except PlanfenceError as error:
        head = {
            **dict.fromkeys(("generation", "digest")),
            "state": "unreadable",
            "rule": error.rule,
            "error": refusal_document(error),
        }
        return head, f"{error.outcome}: {error}"
    if number is None:
        return None, "nothing"
    shelf = take(session, settings, number)
    if shelf.published is None:
        rule = shelf.refusal.rule if shelf.refusal else "unreadable"
        head = {
            "generation": int(number),
            "digest": None,
            "state": "unreadable",
            "rule": rule,
            "error": refusal_document(shelf.refusal) if shelf.refusal else None,
        }
        return head, f"{number} unreadable [{rule}]"
    standing = standing_of(session, shelf.published, settings)
    digest = shelf.published.digest
    head = {
        "generation": int(number),
        "digest": digest,
        "state": standing.word,
        "rule": None,
        "error": None,
    }
    return head, f"{number} {digest[:_SHORT]} {standing.text}"


def _places(session: Session, settings: Settings) -> list[Place]:
    mirrors = read_mirrors(session.register, settings.stream)
    view = session.view(settings)
    places = []
    for target in (*settings.targets, *settings.retiring):
        fence: FenceSeen = None
        error: PlanfenceError | None = None
        try:
            fence = view(target).read_fence()
        except PlanfenceError as failure:
            error = failure
        places.append(Place(target, target in settings.retiring, mirrors.get(target), fence, error))
    return places


def _state(place: Place, settings: Settings, pointer: Pointer | None) -> str:
    """One word for where a target stands, seen from the pointer."""
    fence = place.fence
    if place.error is not None:
        return "unreachable"
    if place.mirror is not None and place.mirror.retired and place.retiring:
        return "retired"
    if fence is None:
        return "missing" if place.mirror is not None and place.mirror.generation else "absent"
    if not isinstance(fence, Fence):
        return "unreadable"
    if fence.lineage != settings.lineage:
        return "foreign"
    desired = pointer.desired if pointer else None
    if desired is None or fence.generation > desired.generation:
        return "ahead"
    if fence.generation < desired.generation:
        return "behind"
    if fence.digest != desired.digest:
        return "conflicting"
    return "done" if fence.done else "unfinished"


_MEANINGS = {
    "absent": "no fence yet",
    "missing": "its fence is gone",
    "unreadable": "what stands at its fence is no fence",
    "foreign": "its fence is of another lineage",
    "conflicting": "another plan of the desired generation was enacted here",
}


def _place_text(place: Place, settings: Settings, pointer: Pointer | None) -> str:
    state = _state(place, settings, pointer)
    retiring = " (retiring)" if place.retiring and state != "retired" else ""
    if place.error is not None:
        return f"{place.error.outcome}: {place.error}{retiring}"
    text = _MEANINGS.get(state, state)
    if isinstance(place.fence, Fence) and state != "foreign":
        text = f"generation {place.fence.generation} step {place.fence.step}, {text}"
    return text + retiring


def _place_document(place: Place, settings: Settings, pointer: Pointer | None) -> dict[str, Any]:
    fence = place.fence
    return {
        "target": place.target,
        "state": _state(place, settings, pointer),
        "retiring": place.retiring,
        "fence": {
            "generation": fence.generation,
            "step": fence.step,
            "done": fence.done,
            "digest": fence.digest,
            "lineage": fence.lineage,
            "attempt": fence.attempt,
        }
        if isinstance(fence, Fence)
        else None,
        "unreadable": clean(fence.unreadable) if isinstance(fence, Unreadable) else None,
        "mirror": place.mirror.generation if place.mirror else None,
        "error": refusal_document(place.error) if place.error else None,
    }


def _reference(reference: PlanReference | None) -> dict[str, Any] | None:
    return reference.model_dump(mode="json") if reference else None


def _reference_text(reference: PlanReference | None) -> str:
    return f"{reference.generation} {reference.digest[:_SHORT]}" if reference else "nothing"


def _hold_line(hold: Hold | None) -> Line:
    if hold is None:
        return Line("  hold     none")
    end = f" until {stamp(hold.until)}" if hold.until is not None else ""
    end += " at the target too" if hold.at_target else ""
    return Line(f"  hold     HELD by {hold.by} since {stamp(hold.at)}{end}: {hold.reason}", "loud")


def _hold_document(hold: Hold | None) -> dict[str, Any] | None:
    return None if hold is None else hold.model_dump(mode="json", include=_HOLD_SHOWN)


def _lease_document(lease: Lease) -> dict[str, Any]:
    return {
        "epoch": lease.epoch,
        "state": lease.state,
        "holder": lease.holder,
        "seconds": lease.seconds,
        "at": lease.at.isoformat(),
        "ends_at": lease.ends_at and lease.ends_at.isoformat(),
    }


def _lease_text(lease: Lease | None, now: datetime) -> str:
    """Who holds it, and for how long by the clocks of two hosts: for people, no decision."""
    if lease is None:
        return "never taken"
    if lease.state == "released":
        return f"free; epoch {lease.epoch} was {lease.holder}'s"
    age = max(0, round((now - lease.at).total_seconds()))
    return (
        f"epoch {lease.epoch}, held by {lease.holder} for {age} s, of {lease.seconds} s at a time"
    )
