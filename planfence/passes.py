"""The two passes, run once for a person or a job: a plan published, a plan enacted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from planfence.app import App, Result
from planfence.output import Line, lines, say
from planfence.refusals import refusal_document
from planfence.report import Report
from planfence.review import Context, review
from planfence.states import Standing, standing_document, standing_of
from planfence.watching import watched
from plans.decisions import read_hold
from plans.errors import Refused
from plans.mirror import read_mirrors
from plans.published import Published, read_desired, read_health, read_plan
from plans.settings import Settings

if TYPE_CHECKING:
    from enactor.enacting import Outcome, TargetOutcome
    from planfence.wiring import Session
    from plans.kinds.dns import RecordKey, Records
    from plans.kinds.health import HealthDocument

_EXIT_CODES = {
    "applied": 0,
    "already_applied": 0,
    "failed": 1,
    "refused": 3,
    "superseded": 4,
    "unavailable": 5,
    "partial": 6,
}


def plan_once(
    app: App, stream: str, allow: tuple[str, ...], reason: str | None
) -> tuple[bool, Result]:
    """Run a planning pass. The first part of what it returns: whether changes are proposed."""
    from planner.planning import plan_stream
    from planner.ports import Request
    from plans.plan import Waiver

    by = app.identity()
    session = app.session()
    settings = session.settings(stream)
    session.check_zone(settings)
    waivers = tuple(Waiver(rule=rule, reason=reason or "") for rule in allow)
    request = Request(stream=stream, by=by, reason=reason, waivers=waivers)
    outcome = plan_stream(watched(app, session.planner_ports(settings)), request)
    app.about["generation"] = outcome.generation
    app.about["digest"] = outcome.digest
    for note in outcome.notes:
        app.note(note)
    document: dict[str, Any] = {"outcome": outcome.outcome, "why": outcome.why}
    published = outcome.published
    if published is None:
        document |= {"state": None, "approvals": None, "summary": None, "guards": []}
        document["pools"] = []
        told = lines(f"{outcome.outcome}: {outcome.why}", f"digest   {outcome.digest}")
        return False, Result(document | {"warnings": []}, told)
    report, standing, pools = review_of(app, published, settings)
    document |= standing_document(standing)
    document["summary"] = published.plan.summary.model_dump(mode="json")
    document["guards"] = [entry.model_dump(mode="json") for entry in published.plan.guards]
    document["warnings"] = [warning.document() for warning in report.warnings]
    document["pools"] = pools
    if outcome.outcome == "published":
        app.progress(f"planfence: published generation {outcome.generation}: {outcome.why}")
        return True, Result(document, report=report)
    if app.flags.format == "markdown":
        return True, Result(document, report=report)  # a comment has to hold the whole review
    told = lines(
        f"{outcome.outcome}: {outcome.why}",
        f"digest   {outcome.digest}",
        f"review   planfence show {stream} {outcome.generation}",
    )
    return True, Result(document, told)


def review_of(
    app: App, published: Published, settings: Settings
) -> tuple[Report, Standing, list[dict[str, Any]]]:
    """The review of a plan, where the plan stands, and its pools for programs."""
    session = app.session()
    pools, unread = _pools(session, published, settings)
    standing = standing_of(session, published, settings)
    mirrors = read_mirrors(session.register, settings.stream)
    context = Context(
        zone=settings.zone,
        standing=standing,
        applied=_applied_state(app, published, settings),
        hold=read_hold(session.register, settings.stream, session.clock.now()),
        fenced=frozenset(name for name, mirror in mirrors.items() if mirror.generation),
        pools=pools,
        unread=unread,
    )
    shown = [pool.model_dump(mode="json") for pool in pools.pools] if pools else []
    return review(published, context), standing, shown


def _pools(
    session: Session, published: Published, settings: Settings
) -> tuple[HealthDocument | None, str | None]:
    """Why members of the plan's pools are in or out, or why that cannot be told."""
    try:
        return read_health(session.archive, published.plan, settings.zone), None
    except Refused as refusal:
        return None, refusal.what


def _applied_state(
    app: App, published: Published, settings: Settings
) -> Mapping[RecordKey, Records] | None:
    """What the plan's base had applied, if that plan can still be read: only remarks rest on it."""
    base = published.plan.base.applied
    if base is None:
        return None
    archive = app.session().archive
    try:
        plan = read_plan(
            archive, settings.stream, settings.lineage, base.generation, base.digest
        ).plan
        return read_desired(archive, plan, settings.zone)
    except Refused as refusal:
        app.note(f"manual changes are not marked: {refusal.what}")
        return None


class Watching:
    """Tells a person on stderr how a pass goes; implements ``enactor.ports.Progress``."""

    def __init__(self, app: App) -> None:
        self._app = app

    def claimed(self, generation: int, *, resumed: bool) -> None:
        verb = "resumed" if resumed else "claimed"
        self._app.progress(f"planfence: {verb} generation {generation}")

    def stepped(self, target: str, step: int, *, done: bool) -> None:
        end = ", done" if done else ""
        self._app.progress(f"planfence: {target}: step {step}{end}")

    def waits_for_lease(self, holder: str, epoch: int, seconds: float) -> None:
        self._app.progress(
            f"planfence: waiting for the lease, which {holder} holds under epoch {epoch},"
            f" {seconds:.0f} s"
        )

    def lease_kept(self, reason: str) -> None:
        self._app.note(f"the lease was not given back, and lapses: {reason}")

    def waiting(self, target: str, seconds: float) -> None:
        self._app.progress(f"planfence: {target}: waiting for its name servers, {seconds:.0f} s")


def enact_once(
    app: App,
    stream: str,
    generation: int | None,
    digest: str | None,
    *,
    adopt: bool,
    allow_jump: str | None,
    sync: bool,
    wait_seconds: float = 0.0,
) -> Result:
    """Run an enacting pass, and say how it ended for each target."""
    from enactor.enacting import enact_stream
    from enactor.ports import Request

    by = app.identity(proven=False)  # only told: a pass has to work while STS does not
    session = app.session()
    request = Request(stream, by, generation, digest, adopt, allow_jump, sync, wait_seconds)
    outcome = enact_stream(session.enactor_ports(Watching(app)), request)
    if outcome.generation is None:
        raise Refused(
            f"no plan of {stream} is published",
            rule="nothing-published",
            remedy=f"`planfence plan {stream}` publishes one",
        )
    app.about["generation"] = outcome.generation
    app.about["digest"] = outcome.digest
    return _enacted(stream, outcome)


def _enacted(stream: str, outcome: Outcome) -> Result:
    document: dict[str, Any] = {
        "outcome": outcome.outcome,
        "resumed": outcome.resumed,
        "targets": [_target_document(result) for result in outcome.targets],
    }
    told = [Line(_ending(stream, outcome), "loud")]
    told += [Line(f"  {result.target}: {_target_text(result)}") for result in outcome.targets]
    if outcome.error is not None:
        document = {**refusal_document(outcome.error), **document}
        say(f"planfence: {outcome.outcome}: {outcome.error}")
    return Result(document, tuple(told), _EXIT_CODES[outcome.outcome])


def _ending(stream: str, outcome: Outcome) -> str:
    plan = f"plan {outcome.generation} of {stream}"
    return {
        "applied": f"{plan} is applied",
        "already_applied": f"{plan} was applied already; nothing to do",
        "partial": f"{plan} is applied in part; run the command again and it goes on from there",
        "superseded": f"{plan} was superseded by a newer one",
    }.get(outcome.outcome, f"{plan} is not applied")


def _target_text(result: TargetOutcome) -> str:
    if result.done:
        return f"done; {result.note}" if result.note else "done"
    return "not reached" if result.error is None else str(result.error)


def _target_document(result: TargetOutcome) -> dict[str, Any]:
    return {
        "target": result.target,
        "done": result.done,
        "note": result.note,
        "error": refusal_document(result.error) if result.error else None,
    }
