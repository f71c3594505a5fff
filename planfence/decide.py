"""What people decide: approve, reject, hold, release. Each writes to the register only."""

from __future__ import annotations

from datetime import timedelta

from planfence.app import App, Result
from planfence.output import lines
from planfence.protecting import check_protectable, protect, unprotect
from planfence.states import stamp, standing_of
from plans.claim import superseded_by_pointer
from plans.deciding import approve, place_hold, reject, release
from plans.decisions import read_hold
from plans.errors import Refused, Superseded
from plans.pointer import read_pointer
from plans.published import Published, check_changes, check_desired, read_desired, read_plan
from plans.settings import Settings


def approve_plan(app: App, stream: str, generation: int, digest: str) -> Result:
    """Approve a plan, after the checks that an enactor would make of its bytes.

    Raises:
        Superseded: the pointer has passed it, or it is applied.
        Refused: it is not the plan named, or the approval may not be given.
    """
    by = app.identity()
    session = app.session()
    settings = session.settings(stream)
    _refuse_overtaken(app, stream, generation)
    published = read_plan(session.archive, stream, settings.lineage, generation, digest)
    desired = read_desired(session.archive, published.plan, settings.zone)
    check_changes(published.plan, settings.zone)
    check_desired(published.plan, desired)
    _refuse_closed(app, published, settings)
    approval = approve(
        session.register,
        published.plan,
        published.digest,
        settings,
        approver=by,
        clock=session.clock,
        attempt=session.new_id(),
    )
    standing = standing_of(session, published, settings)
    document = {
        "outcome": "done",
        "by": by,
        "expires_at": approval.expires_at.isoformat(),
        "approvals": {"wanted": standing.wanted, "by": list(standing.approvers)},
        "state": standing.word,
    }
    count = f"{len(standing.approvers)} of {standing.wanted}" if standing.wanted else "none needed"
    return Result(
        document,
        lines(
            f"plan {generation} of {stream} is approved by {by} until {stamp(approval.expires_at)}",
            f"approvals: {count}",
            f"enact    planfence enact {stream} {generation} --digest {digest}",
        ),
    )


def reject_plan(app: App, stream: str, generation: int, reason: str) -> Result:
    """Reject a plan that nobody has claimed.

    Raises:
        Superseded: the pointer has passed it, or it is applied.
        Refused: it was rejected before, is claimed, or cannot be read.
    """
    by = app.identity()
    session = app.session()
    settings = session.settings(stream)
    _refuse_overtaken(app, stream, generation)
    published = _read(app, settings, generation)
    reject(
        session.register,
        published.plan,
        published.digest,
        by=by,
        reason=reason,
        clock=session.clock,
        attempt=session.new_id(),
    )
    text = f"plan {generation} of {stream} is rejected by {by}: {reason}"
    return Result({"outcome": "done", "by": by, "reason": reason}, lines(text))


def hold_stream(
    app: App, stream: str, reason: str, lasting: timedelta | None, *, at_target: bool = False
) -> Result:
    """Hold a stream that exists.

    Args:
        lasting: how long; None: until somebody releases it.
        at_target: whether targets are protected too, as far as they can be. Goes on where such a
            hold stands already: some of them may not be protected yet.

    Raises:
        Refused: there is no such stream, it is held already, or a target cannot be protected.
        Unavailable: a target may not be protected; the hold stands.
    """
    by = app.identity()
    session = app.session()
    settings = session.settings(stream)
    hold = None
    if at_target:
        check_protectable(settings)
        standing = read_hold(session.register, stream, session.clock.now())
        hold = standing if standing is not None and standing.at_target else None
    if hold is None:
        hold = place_hold(
            session.register,
            stream,
            by=by,
            reason=reason,
            clock=session.clock,
            attempt=session.new_id(),
            lasting=lasting,
            at_target=at_target,
        )
    for target in protect(session, settings, hold) if at_target else ():
        app.note(f"{target} is protected by somebody else already, and stays so after `release`")
    until = f" until {stamp(hold.until)}" if hold.until is not None else ""
    where = " at the target too" if at_target else ""
    text = f"{stream} is held{where} by {hold.by} since {stamp(hold.at)}{until}: {hold.reason}"
    end = f"release  planfence release {stream}"
    document = {
        "outcome": "done",
        "by": hold.by,
        "reason": hold.reason,
        "until": hold.until.isoformat() if hold.until is not None else None,
        "at_target": at_target,
    }
    return Result(document, lines(text, end))


def release_stream(app: App, stream: str) -> Result:
    """End the hold and the standing override or rollback, as far as there are any.

    Raises:
        Conflict: somebody else changed the hold meanwhile.
        Refused, Unavailable: a target may be protected still; nothing was released.
    """
    from planner.world import read_decided

    by = app.identity()
    session = app.session()
    settings = session.settings(stream)
    standing = read_decided(session.planner_ports(settings), stream).standing
    hold = read_hold(session.register, stream, session.clock.now())
    if hold is not None and hold.at_target:
        for target in unprotect(session, settings):
            app.note(f"{target} stays protected: that was somebody else, not `planfence hold`")
    release(
        session.register,
        stream,
        standing=standing.generation if standing else None,
        by=by,
        clock=session.clock,
        attempt=session.new_id(),
    )
    ended = [f"the hold of {hold.told}"] if hold else []
    if standing:
        ended.append(f"the standing generation {standing.generation}")
    document = {
        "outcome": "done",
        "by": by,
        "held": hold is not None,
        "standing": standing.generation if standing else None,
    }
    if not ended:
        return Result(document, lines(f"nothing to release: {stream} is not held"))
    return Result(document, lines(f"{stream} is released by {by}: {', and '.join(ended)}"))


def _read(app: App, settings: Settings, generation: int) -> Published:
    published = read_plan(app.session().archive, settings.stream, settings.lineage, generation)
    app.about["digest"] = published.digest
    return published


def _refuse_closed(app: App, published: Published, settings: Settings) -> None:
    """An approval of what can never be claimed would only mislead."""
    plan = published.plan
    word = standing_of(app.session(), published, settings).word
    again = f"publish a new plan: `planfence plan {plan.stream}`"
    what = f"plan {plan.generation} of {plan.stream}"
    if word == "superseded":
        raise Superseded(
            f"{what} was made on a state that is gone",
            rule="superseded",
            expected="the pointer as in its base",
            actual="another",
            remedy=again,
        )
    if word == "expired":
        raise Refused(
            f"{what} expired",
            rule="expired",
            expected=f"an approval before {stamp(plan.expires_at)}",
            actual=stamp(app.outside.clock.now()),
            remedy=again,
        )
    if word == "held":
        raise Refused(f"{what} was observed under a hold", rule="observed-under-hold", remedy=again)


def _refuse_overtaken(app: App, stream: str, generation: int) -> None:
    """A decision about a plan that can no longer be enacted would only mislead.

    The plan that the pointer desires and that is not applied yet can still be decided on: its
    resume needs the approvals that the settings ask for now.
    """
    pointer = read_pointer(app.session().register, stream)
    if pointer is None or generation > pointer.desired_generation:
        return
    if generation < pointer.desired_generation:
        raise superseded_by_pointer(stream, generation, pointer)
    if pointer.applied_generation == generation:
        raise Superseded(
            f"plan {generation} of {stream} is applied already",
            rule="superseded",
            expected=f"a generation above {pointer.applied_generation}",
            actual=str(generation),
            remedy=f"look at `planfence list {stream}`",
        )
