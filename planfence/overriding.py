"""What ``override`` and ``rollback`` do: a person's plan, in one command if need be.

In this order, so that a refusal changes nothing and automation cannot come between:

1. what is given is read and checked, every error at once;
2. with ``--hold``: a pass is rehearsed up to its guards; then the stream is held, in one
   transaction with its journal entry; then the pass is run, under the hold;
3. a new plan is published, numbered above everything, and the journal says so;
4. with ``--break-glass``: one approval, bound to these bytes and journaled, is made to be enough;
5. the review is shown; with ``--enact`` exactly this generation and digest is enacted.

It may end at any place: what was done until then stands, and is told. A run that is repeated makes
a new generation, under the hold that the first one placed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from planfence.app import App, Result
from planfence.editing import editing
from planfence.given import given_state
from planfence.output import Line, as_text, write_data
from planfence.passes import enact_once, review_of
from planfence.report import Report, report_text
from planfence.states import standing_document
from planfence.watching import watched
from planner.overriding import Given, kept_state, standing_state
from planner.planning import plan_stream, rehearse
from planner.ports import Ports, Request
from plans.deciding import approve, place_hold, record_override
from plans.decisions import approvals_wanted, read_hold
from plans.errors import PlanfenceError, Refused
from plans.plan import Mode, Waiver
from plans.pointer import read_pointer
from plans.published import Published
from plans.settings import Settings

if TYPE_CHECKING:
    from typing import Literal


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for. ``again`` is the command that they gave, without ``--enact``."""

    stream: str
    origin: Literal["override", "rollback"]
    again: str
    reason: str
    allow: tuple[str, ...]
    mode: Mode
    hold: bool
    enact: bool
    adopt: bool
    break_glass: bool


def override(app: App, asked: Asked, file: str | None) -> Result:
    """Publish, and maybe enact, a desired state or a plan that a person gives.

    Args:
        file: what they give; None lets them edit the desired state that is applied.

    Raises:
        Invalid, Refused: nothing was changed, or what was is told in a note.
        Unavailable: a store or a target cannot be used; as above.
    """
    run = _Run.begin(app, asked)
    if file is not None:
        return run.publish(given_state(app, run.ports, run.settings, file))
    with editing(app, run.settings, standing_state(run.ports, run.settings)) as given:
        return run.publish(given)


def rollback(app: App, asked: Asked, to: int) -> Result:
    """Publish, and maybe enact, the desired state of a generation that is kept.

    Raises:
        Refused: it is gone, or applied with nothing that differs; as for ``override``.
        Unavailable: as for ``override``.
    """
    run = _Run.begin(app, asked)
    given = kept_state(app.session().archive, run.settings, to)
    pointer = read_pointer(app.session().register, asked.stream)
    if pointer is not None and pointer.applied_generation == to and not run.rehearse(given):
        raise Refused(
            f"generation {to} of {asked.stream} is applied and nothing differs from it",
            rule="rollback-unchanged",
            remedy=f"see `planfence status {asked.stream}`, or take another generation of"
            f" `planfence list {asked.stream}`",
        )
    return run.publish(given)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of either command."""

    app: App
    asked: Asked
    by: str
    settings: Settings
    ports: Ports

    @classmethod
    def begin(cls, app: App, asked: Asked) -> _Run:
        """Who acts on what; refused here if it could not be ended as it was asked for."""
        by = app.identity()
        session = app.session()
        settings = session.settings(asked.stream)
        wanted = max(settings.approvals, 1 if asked.allow else 0)
        if asked.enact and wanted and not asked.break_glass:
            raise Refused(
                f"{asked.stream} wants approvals, which a plan that is yet to be made cannot have",
                rule="approvals",
                expected=f"{wanted} of the new plan's bytes",
                actual="0",
                remedy=f"run `{asked.again}`, have what it publishes approved, and enact it; in an"
                " emergency add --break-glass",
            )
        return cls(app, asked, by, settings, watched(app, session.planner_ports(settings)))

    def request(self) -> Request:
        asked = self.asked
        waivers = tuple(Waiver(rule=rule, reason=asked.reason) for rule in asked.allow)
        return Request(asked.stream, self.by, asked.reason, waivers, asked.origin, asked.mode)

    def rehearse(self, given: Given) -> bool:
        """Whether anything differs; what a pass would refuse is refused."""
        return rehearse(replace(self.ports, desired=given), self.request())

    def publish(self, given: Given) -> Result:
        app, asked = self.app, self.asked
        if asked.hold:
            self._hold(given)
        try:
            outcome = plan_stream(replace(self.ports, desired=given), self.request())
            assert outcome.published is not None  # an override always gets a generation of its own
            published = outcome.published
            app.about["generation"] = outcome.generation
            app.about["digest"] = outcome.digest
            app.progress(f"planfence: published generation {outcome.generation}: {outcome.why}")
            for note in outcome.notes:
                app.note(note)
            self._journal(published, given)
            broken = asked.break_glass and self._break_glass(published)
            return self._conclude(published, outcome.why, broken=broken)
        except PlanfenceError as error:
            self._tell_what_stands(error.outcome)
            raise

    def _hold(self, given: Given) -> None:
        """Hold the stream, unless who acts holds it already: a run before this one ended early.

        Interleaving: somebody else holds it between our reading and our writing. The hold's own
        condition refuses ours then, and nothing was changed.
        """
        app, asked, session = self.app, self.asked, self.app.session()
        standing = read_hold(session.register, asked.stream, session.clock.now())
        if standing is not None and standing.by != self.by:
            raise Refused(
                f"{asked.stream} is held by {standing.told}",
                rule="held",
                remedy=f"leave --hold out, since {'an ' if asked.origin == 'override' else 'a '}"
                f"{asked.origin} passes holds; or `planfence release {asked.stream}` ends it",
            )
        if standing is not None:
            app.note(f"{asked.stream} is held already by {standing.told}")
            return
        self.rehearse(given)
        hold = place_hold(
            session.register,
            asked.stream,
            by=self.by,
            reason=asked.reason,
            clock=session.clock,
            attempt=session.new_id(),
        )
        app.progress(f"planfence: {asked.stream} is held by {hold.told}")

    def _tell_what_stands(self, outcome: str) -> None:
        """After an error: what was done before it, and how to go on where somebody still can."""
        app, stream = self.app, self.asked.stream
        generation, digest = app.about.get("generation"), app.about.get("digest")
        if generation is not None and outcome != "superseded":
            app.note(
                f"generation {generation} is published: `planfence enact {stream} {generation}"
                f" --digest {digest}` goes on"
            )
        if self.asked.hold:
            app.note(f"{stream} is held: `planfence release {stream}` ends it")

    def _journal(self, published: Published, given: Given) -> None:
        session = self.app.session()
        record_override(
            session.register,
            published.plan,
            published.digest,
            by=self.by,
            reason=self.asked.reason,
            given=given.name,
            clock=session.clock,
            attempt=session.new_id(),
        )

    def _break_glass(self, published: Published) -> bool:
        """Make one approval enough, where any are wanted. Returns whether it was needed."""
        app, asked, session = self.app, self.asked, self.app.session()
        if not approvals_wanted(published.plan, self.settings):
            app.note(f"no glass was broken: {asked.stream} wants no approval")
            return False
        approve(
            session.register,
            published.plan,
            published.digest,
            self.settings,
            approver=self.by,
            clock=session.clock,
            attempt=session.new_id(),
            emergency=asked.reason,
        )
        app.note(f"BREAK-GLASS: {self._broken(published)}")
        return True

    def _broken(self, published: Published) -> str:
        plan = published.plan
        return f"generation {plan.generation} was approved by {self.by} alone: {self.asked.reason}"

    def _conclude(self, published: Published, why: str, *, broken: bool) -> Result:
        """The review; with ``--enact`` shown before the enacting pass, and how that ended."""
        app, asked = self.app, self.asked
        plan = published.plan
        report, standing, _ = review_of(app, published, self.settings)
        applied = plan.base.applied
        document: dict[str, Any] = {
            "outcome": "published",
            "why": why,
            "overrides": applied.generation if applied else None,
            "held": asked.hold,
            "break_glass": broken,
            **standing_document(standing),
            "summary": plan.summary.model_dump(mode="json"),
            "guards": [entry.model_dump(mode="json") for entry in plan.guards],
            "warnings": [warning.document() for warning in report.warnings],
            "resumed": None,
            "targets": [],
        }
        told = self._endings(published, broken=broken)
        if not asked.enact:
            return Result(document, told, report=report)
        if app.flags.format == "text":
            self._show(report)
        ended = enact_once(
            app,
            asked.stream,
            plan.generation,
            published.digest,
            adopt=asked.adopt,
            allow_jump=None,
            sync=True,
            # A holder that is dead is waited out; one that is alive is stopped by --hold.
            wait_seconds=2.0 * self.settings.lease_seconds,
        )
        if ended.exit_code:
            self._tell_what_stands(str(ended.document["outcome"]))
            extra = {name: document[name] for name in ("held", "break_glass")}
            return Result({**ended.document, **extra}, (*ended.lines, *told), ended.exit_code)
        return Result({**document, **ended.document}, (*ended.lines, *told))

    def _show(self, report: Report) -> None:
        """The review, now: who watches must see it before anything is changed."""
        text = report_text(report, quiet=self.app.flags.quiet)
        write_data(as_text(text, self.app.outside.environment))

    def _endings(self, published: Published, *, broken: bool) -> tuple[Line, ...]:
        stream = self.asked.stream
        what = "the hold and what stands" if self.asked.hold else "what stands"
        end = f"release  planfence release {stream}  (ends {what}: the planner may plan again)"
        if not broken:
            return (Line(end),)
        return Line(f"BREAK-GLASS: {self._broken(published)}", "loud"), Line(end)
