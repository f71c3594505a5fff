"""A plan as a person reviews it: what is wrong with it first, what is dangerous before the rest.

Everything that a decision rests on is here: changes, guards with their numbers, what the plan was
made on and from, who made it and until when it may be claimed, and the commands that decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planfence.changes import Part, counts, counts_text, reverted
from planfence.names_listed import compact
from planfence.output import Line, plural
from planfence.pools_shown import pool_facts, pool_warnings
from planfence.report import GuardRow, Report, Warn
from planfence.states import Standing, stamp
from plans.decisions import Hold
from plans.fence import Fence, parse_fence
from plans.kinds.dns import Change, RecordKey, Records
from plans.kinds.health import HealthDocument
from plans.observed.dns import desired_on
from plans.plan import Input, Plan, TargetPlan
from plans.published import Published

_SHORT = 12  # hex digits of a digest or commit that is only shown, never decided on
_NAMES_MAX = 10


@dataclass(frozen=True, slots=True)
class Context:
    """What a review needs beside the plan.

    Attributes:
        applied: the state that the plan's base had applied; None where that cannot be read.
        hold: the one that stands now.
        fenced: targets that had a fence before, by the register's mirrors.
        pools: the health that the plan's pools were resolved with; None where it has none, or
            where that cannot be read, and then ``unread`` says why.
    """

    zone: str
    standing: Standing
    applied: Mapping[RecordKey, Records] | None = None
    hold: Hold | None = None
    fenced: frozenset[str] = frozenset()
    pools: HealthDocument | None = None
    unread: str | None = None


def review(published: Published, context: Context) -> Report:
    """The whole review."""
    plan = published.plan
    adopts = tuple(_adoptions(plan, context)) if context.standing.is_open else ()
    parts = tuple(_part(plan, targets, context) for targets in _groups(plan))
    facts = (*_facts(plan), *pool_facts(context.pools))
    return Report(
        title=f"plan {plan.generation} of {plan.stream}",
        total=_total(plan),
        whole=f"planfence show {plan.stream} {plan.generation}",
        parts=parts,
        banner=_banner(plan, context.standing),
        warnings=(*_warnings(plan, parts, context), *adopts),
        facts=facts,
        guards=tuple(_guards(plan)),
        decide=tuple(_decide(published, context.standing, adopt=bool(adopts))),
    )


def _total(plan: Plan) -> str:
    summary = plan.summary
    text = counts_text(summary.creates, summary.updates, summary.deletes)
    if text == "no changes":
        text = "no changes, only fences are raised"
    return f"{text} on {plural(len(plan.targets), 'target')}"


def _banner(plan: Plan, standing: Standing) -> Warn | None:
    """That no decision is left to make, and why; None while one is."""
    never = "it can never be enacted"
    again = f"{never}; make a new one: planfence plan {plan.stream}"
    rejection = standing.rejection
    rejected = f"by {rejection.by}: {rejection.reason}" if rejection else never
    banners = {
        "applied": ("APPLIED", "there is nothing to decide any more"),
        "superseded": ("SUPERSEDED", f"{never}; see the newest: planfence show {plan.stream}"),
        "expired": (f"EXPIRED at {stamp(plan.expires_at)}", again),
        "held": ("MADE UNDER A HOLD", again),
        "conflicting": ("CONFLICTING", f"the pointer names other bytes by its number; {again}"),
        "rejected": ("REJECTED", rejected),
    }
    banner = banners.get(standing.word)
    return Warn(standing.word, *banner) if banner else None


def _warnings(plan: Plan, parts: tuple[Part, ...], context: Context) -> Iterator[Warn]:
    if context.standing.broken:
        by = ", ".join(context.standing.broken)
        yield Warn("break-glass", "BREAK-GLASS, approved alone in an emergency", f"by {by}")
    yield from _guard_warnings(plan)
    yield from _stream_warnings(plan, context.hold)
    for source in plan.inputs:
        yield from _marks(source)
    yield from pool_warnings(context.pools, context.unread)
    by_hand = {key for part in parts for key in part.by_hand}
    if by_hand:
        names = list(dict.fromkeys(key.name for key in sorted(by_hand)))
        listed = " ".join(compact(names[:_NAMES_MAX], context.zone))
        more = f" and {len(names) - _NAMES_MAX} more" if len(names) > _NAMES_MAX else ""
        changes = plural(len(by_hand), "MANUAL CHANGE", "MANUAL CHANGES")
        yield Warn("reverts", f"REVERTS {changes}", f"{listed}{more}")
    for target in plan.targets:
        if target.retire:
            yield Warn("retires", "RETIRES a target", target.target)


def _guard_warnings(plan: Plan) -> Iterator[Warn]:
    measured: dict[str, dict[str, None]] = {}
    for entry in plan.guards:
        if entry.outcome == "waived":
            told = f"{entry.actual}, limit: {entry.limit}"
            measured.setdefault(entry.rule, {})[told] = None
    for waiver in plan.waivers:
        numbers = f" ({'; '.join(measured.get(waiver.rule, ['not needed']))})"
        yield Warn("waiver", "WAIVED GUARD", f"{waiver.rule}{numbers}: {waiver.reason}")
    for entry in plan.guards:
        if entry.outcome == "breached":
            yield Warn("breach", "BREACHED GUARD", f"{entry.rule}: {entry.actual}")


def _stream_warnings(plan: Plan, hold: Hold | None) -> Iterator[Warn]:
    if plan.origin != "planner":
        yield Warn(plan.origin, plan.origin.upper(), "made by a person, passes holds")
    if hold is not None:
        yield Warn("held", "HELD NOW", f"by {hold.told}")
    if plan.base.hold is not None:
        made = plan.base.hold
        yield Warn("made-under-hold", "HELD when it was made", f"by {made.by}: {made.reason}")
    if plan.standing is not None:
        text = f"generation {plan.standing.generation}"
        yield Warn("standing", "STANDING override or rollback", text)


def _marks(entry: Input) -> Iterator[Warn]:
    if entry.dirty:
        yield Warn("dirty", "DIRTY", f"{entry.name} is not what its commit holds")
    if entry.ancestry in ("unrelated", "unknown"):
        headline = f"{entry.ancestry.upper()} ANCESTRY, needs an approval"
        yield Warn("ancestry", headline, entry.name)
    if entry.ancestry == "older":
        yield Warn("older", "OLDER COMMIT than the plans before it", entry.name)
    if entry.returns_to is not None:
        headline = f"RETURNS to the content of generation {entry.returns_to}"
        yield Warn("returns", headline, entry.name)


def _adoptions(plan: Plan, context: Context) -> Iterator[Warn]:
    """Targets whose fence was not one of ours when they were observed (ADR 0005)."""
    for entry in plan.base.fences:
        seen = parse_fence(entry.fence) if entry.fence is not None else None
        if seen is None:
            what = "MISSING" if entry.target in context.fenced else None
        elif not isinstance(seen, Fence):
            what = "UNREADABLE"
        else:
            what = "FOREIGN" if seen.lineage != plan.lineage else None
        if what is not None:
            yield Warn("adopt", f"FENCE {what}, enacting needs --adopt", entry.target)


def _facts(plan: Plan) -> Iterator[tuple[str, str]]:
    base = plan.base
    yield "made", f"{stamp(plan.created_at)} by {plan.created_by}, {plan.origin}, {plan.mode}"
    yield "expires", f"{stamp(plan.expires_at)}, if it is not claimed before"
    if plan.reason:
        yield "reason", plan.reason
    desired = str(base.desired.generation) if base.desired else "nothing"
    applied = str(base.applied.generation) if base.applied else "nothing"
    yield "base", f"desired {desired}, applied {applied}"
    for entry in plan.inputs:
        yield "input", _input(entry)
    if plan.parent is not None:
        yield "parent", f"generation {plan.parent.generation}, {plan.parent.digest[:_SHORT]}"


def _input(entry: Input) -> str:
    text = f"{entry.name}, sha256 {entry.digest[:_SHORT]}, {entry.complete}"
    if entry.complete == "every member":
        return text
    if entry.commit is None:
        return f"{text}, not in git"
    related = f" ({entry.ancestry})" if entry.ancestry else ""
    return f"{text}, commit {entry.commit[:_SHORT]}{related}"


def _changes(target: TargetPlan) -> tuple[Change, ...]:
    return tuple(change for step in target.steps for change in step.changes)


def _groups(plan: Plan) -> list[list[TargetPlan]]:
    """Targets with identical changes together, the most dangerous group first."""
    groups: dict[tuple[bool, tuple[Change, ...]], list[TargetPlan]] = {}
    for target in plan.targets:
        groups.setdefault((target.retire, _changes(target)), []).append(target)

    def danger(group: list[TargetPlan]) -> tuple[int, int]:
        made, changed, removed = counts(_changes(group[0]))
        return -removed, -(made + changed)

    return sorted(groups.values(), key=danger)


def _part(plan: Plan, targets: list[TargetPlan], context: Context) -> Part:
    changes = _changes(targets[0])
    fences = {entry.target: entry.fence for entry in plan.base.fences}
    headings = []
    for target in targets:
        steps = f", {plural(len(target.steps), 'step')}" if len(target.steps) > 1 else ""
        fence = _fence(fences.get(target.target), plan.lineage)
        existing = plural(target.existing, "record set")
        headings.append(f"{target.target}  ({existing}, {fence}{steps})")
    same = f", same on {len(targets)} targets" if len(targets) > 1 else ""
    remark = None
    if targets[0].retire:
        remark = Line(f"  RETIRES: its fence is raised for the last time{same}", "loud")
    elif not changes:
        remark = Line(f"  no changes, only the fence is raised{same}")
    short = targets[0].target if len(targets) == 1 else f"{len(targets)} targets"
    applied = context.applied
    # Targets with the same changes hold the same: pools look different where there are no weights.
    here = None if applied is None else desired_on(applied, targets[0].target)
    by_hand = reverted(changes, here)
    return Part(tuple(headings), changes, context.zone, remark, by_hand, short)


def _fence(text: str | None, lineage: str) -> str:
    if text is None:
        return "no fence yet"
    fence = parse_fence(text)
    if not isinstance(fence, Fence):
        return "UNREADABLE fence"
    foreign = "FOREIGN " if fence.lineage != lineage else ""
    return f"{foreign}fence at {fence.generation}{'' if fence.done else ', not done'}"


def _guards(plan: Plan) -> Iterator[GuardRow]:
    """Breached and waived ones first, the same result on several targets told once."""
    order = {"breached": 0, "waived": 1, "passed": 2}
    folded: dict[tuple[str, str, str, str], list[str]] = {}
    for entry in sorted(plan.guards, key=lambda entry: order[entry.outcome]):
        key = (entry.outcome, entry.rule, entry.actual, entry.limit)
        folded.setdefault(key, []).append(entry.target or "")
    for (outcome, rule, actual, limit), targets in folded.items():
        where = ""
        if targets[0] and len(plan.targets) > 1:
            where = targets[0] if len(targets) == 1 else f"{len(targets)} targets"
        yield GuardRow(outcome, rule, actual, limit, where)


def _decide(published: Published, standing: Standing, *, adopt: bool) -> Iterator[tuple[str, str]]:
    plan, digest = published.plan, published.digest
    named = f"{plan.stream} {plan.generation} --digest {digest}"
    state = standing.text
    if standing.approvers:
        state += f", by {', '.join(standing.approvers)}"
    elif standing.is_open and not standing.wanted:
        state += ", needs no approval"
    yield "digest", digest
    yield "state", state
    if not standing.is_open:
        return
    if standing.is_short:
        yield "approve", f"planfence approve {named}"
    yield "enact", f"planfence enact {named}{' --adopt' if adopt else ''}"
