"""One enacting pass: choose, verify, claim, write step by step, complete.

DESIGN section 4 is the contract. The pass keeps nothing that another enactor could not find out:
pointer and fences say where it stands, so any enactor may take over after a crash anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from enactor.eligibility import Chosen, choose
from enactor.leasing import Leasing
from enactor.ports import Ports, Request
from enactor.steps import Enactment, enact_target
from enactor.targets import Propagating, Target
from plans.claim import Claimed, claim, complete
from plans.errors import Conflict, PlanfenceError, Superseded
from plans.journal import Draft, EntryKind, record
from plans.lease import LeaseLost
from plans.mirror import mirror_at_completion, raise_mirror, read_mirror
from plans.plan import PlanReference, TargetPlan, Wave
from plans.storage.register import Put

CLAIMS_MAX = 100

PassOutcome = Literal[
    "applied", "already_applied", "superseded", "refused", "partial", "failed", "unavailable"
]


@dataclass(frozen=True, slots=True)
class TargetOutcome:
    """How far one target got: done, or the error that stopped it; None for both: not reached.

    ``note`` says, of one that is done, why it is not known to be answered everywhere.
    """

    target: str
    done: bool
    error: PlanfenceError | None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pass ended. ``error`` is the one that decided it, where it did not end well."""

    outcome: PassOutcome
    generation: int | None
    digest: str | None
    targets: tuple[TargetOutcome, ...] = ()
    error: PlanfenceError | None = None
    resumed: bool = False


def enact_stream(ports: Ports, request: Request) -> Outcome:
    """Run one enacting pass.

    Returns:
        ``applied``: every target is done and the pointer says so. ``partial``: some are done, the
        next pass resumes. Otherwise the worst that stopped a target.

    Raises:
        Refused, Superseded: nothing was claimed; nothing was changed.
        Unavailable: a store did not answer before the first step, or another holds the lease.
    """
    leasing = Leasing(ports, request, ports.new_id())
    with leasing:
        found = _claim(ports, request, leasing)
        if found is None:
            return Outcome("already_applied", None, None)
        if isinstance(found, PlanReference):
            return Outcome("already_applied", found.generation, found.digest)
        chosen, claimed = found
        enactment = Enactment(
            ports=ports,
            request=request,
            published=chosen.published,
            desired=chosen.desired,
            settings=chosen.grounds.settings,
            attempt=leasing.attempt,
            tenure=leasing.tenure,
        )
        opened: dict[str, Target] = {}
        results = _waves(enactment, opened)
        outcome = _conclude(enactment, claimed, results, resumed=chosen.resumes)
        if outcome.error is not None or not request.sync:
            return outcome
        # Last of all: what is applied is applied, however long its servers take.
        return replace(outcome, targets=tuple(_settled(ports, opened, each) for each in results))


def _claim(
    ports: Ports, request: Request, leasing: Leasing
) -> tuple[Chosen, Claimed] | PlanReference | None:
    """Choose and claim. A claim that lost a race chooses anew, from reads."""
    attempt = leasing.attempt
    for _ in range(CLAIMS_MAX):
        chosen = choose(ports, request)
        if not isinstance(chosen, Chosen):
            return chosen
        if leasing.waited_for(chosen.grounds.settings):
            continue  # another pass may have changed everything meanwhile
        details: list[tuple[str, str]] = [("mode", chosen.published.plan.mode)]
        if request.adopt:
            details.append(("adopt", "yes"))
        if request.allow_jump is not None:
            details.append(("jump-max", request.allow_jump))
        draft = _draft(
            ports,
            request,
            chosen.published.plan.generation,
            chosen.published.digest,
            attempt,
            kind="resumed" if chosen.resumes else "claimed",
            details=tuple(details),
        )
        try:
            claimed = claim(ports.register, chosen.published, chosen.grounds, draft)
        except Conflict:
            continue
        ports.progress.claimed(chosen.published.plan.generation, resumed=chosen.resumes)
        return chosen, claimed
    raise Conflict(
        f"lost {CLAIMS_MAX} races to claim a plan of {request.stream}",
        rule="claim-contended",
        remedy="run the command again when fewer enactors run",
    )


def _settled(ports: Ports, opened: Mapping[str, Target], result: TargetOutcome) -> TargetOutcome:
    """A target that is done, once its servers answer with it, or with a note that says why not."""
    target = opened[result.target]
    if not isinstance(target, Propagating):
        return result
    try:
        note = target.settle(partial(ports.progress.waiting, result.target))
    except LeaseLost as lost:
        note = f"not known to be answered everywhere: {lost.what}"
    return replace(result, note=note)


def _waves(enactment: Enactment, opened: dict[str, Target]) -> list[TargetOutcome]:
    """Wave by wave, each target on its own; one that fails does not stop the others of its wave."""
    results: list[TargetOutcome] = []
    for wave in enactment.plan.waves:
        ended = _wave(enactment, wave, results, opened)
        if ended or not all(result.done for result in results):
            break
    reached = {result.target for result in results}
    results += [
        TargetOutcome(part.target, done=False, error=None)
        for part in enactment.plan.targets
        if part.target not in reached
    ]
    return results


def _wave(
    enactment: Enactment, wave: Wave, results: list[TargetOutcome], opened: dict[str, Target]
) -> bool:
    """Returns True when the pass ends here: a newer generation was seen, or the lease was lost."""
    for part in wave.targets:
        result = _target(enactment, part, opened)
        results.append(result)
        ended = isinstance(result.error, Superseded)
        if ended or isinstance(result.error, LeaseLost):
            return True
    return False


def _target(enactment: Enactment, part: TargetPlan, opened: dict[str, Target]) -> TargetOutcome:
    try:
        target = opened[part.target] = enactment.ports.target(
            part.target, enactment.settings, enactment.tenure
        )
        enact_target(enactment, part, target)
    except PlanfenceError as error:
        return TargetOutcome(part.target, done=False, error=error)
    return TargetOutcome(part.target, done=True, error=None)


def _conclude(
    enactment: Enactment, claimed: Claimed, results: list[TargetOutcome], *, resumed: bool
) -> Outcome:
    """Record the end: applied with the pointer, anything else as an entry of its own."""
    ports, request = enactment.ports, enactment.request
    generation, digest = enactment.plan.generation, enactment.published.digest
    error = _worst(results)
    if error is None:
        try:
            enactment.tick()
            draft = _draft(
                ports, request, generation, digest, enactment.attempt, kind="applied", details=()
            )
            mirrors = tuple(_mirrors(enactment))
            complete(ports.register, enactment.published, claimed, draft, mirrors)
        except PlanfenceError as failure:
            error = failure
    outcome = _outcome(results, error)
    if error is not None:
        _record_end(enactment, results, outcome, error)
        _raise_mirrors(enactment)
    return Outcome(outcome, generation, digest, tuple(results), error, resumed)


def _mirrors(enactment: Enactment) -> Iterator[Put]:
    """The mirrors of all targets, which are done, as actions of the completion."""
    for part in enactment.plan.targets:
        yield mirror_at_completion(
            enactment.plan.stream,
            part.target,
            enactment.own_fences[part.target],
            retired=part.retire,
            attempt=enactment.attempt,
        )


def _raise_mirrors(enactment: Enactment) -> None:
    """Raise them one by one, where nothing was completed. A mirror may lag: the next pass reads."""
    register, stream = enactment.ports.register, enactment.plan.stream
    for part in enactment.plan.targets:
        fence = enactment.own_fences.get(part.target)
        if fence is None:
            continue
        try:
            raise_mirror(
                register,
                stream,
                part.target,
                read_mirror(register, stream, part.target),
                fence,
                retired=part.retire and fence.done,
                attempt=enactment.attempt,
            )
        except PlanfenceError:
            return


def _worst(results: list[TargetOutcome]) -> PlanfenceError | None:
    """Superseded decides alone; else the refusal before what a retry mends."""
    errors = [result.error for result in results if result.error is not None]
    order = {"superseded": 0, "failed": 1, "refused": 2, "unavailable": 3}
    return min(errors, key=lambda error: order[error.outcome], default=None)


def _outcome(results: list[TargetOutcome], error: PlanfenceError | None) -> PassOutcome:
    if error is None:
        return "applied"
    if isinstance(error, Superseded):
        return "superseded"
    if any(result.done for result in results):
        return "partial"
    ends: dict[str, PassOutcome] = {
        "refused": "refused",
        "superseded": "superseded",
        "unavailable": "unavailable",
    }
    return ends.get(error.outcome, "failed")


def _record_end(
    enactment: Enactment, results: list[TargetOutcome], outcome: str, error: PlanfenceError
) -> None:
    """Tell the journal how the pass ended. The pass ended all the same if the journal is away."""
    lost = isinstance(error, LeaseLost)
    details = [("outcome", outcome)]
    if lost:
        details.append(("lease", error.what[:500]))
    for result in results:
        state = "done" if result.done else str(result.error or "not reached")
        details.append((f"target {result.target}", state[:500]))
    draft = _draft(
        enactment.ports,
        enactment.request,
        enactment.plan.generation,
        enactment.published.digest,
        enactment.attempt,
        kind="lease-lost" if lost else "ended",
        details=tuple(details),
    )
    try:
        record(enactment.ports.register, enactment.plan.stream, draft)
    except PlanfenceError:
        return  # the outcome stands and is reported; fences and pointer tell the next pass the rest


def _draft(
    ports: Ports,
    request: Request,
    generation: int,
    digest: str,
    attempt: str,
    *,
    kind: EntryKind,
    details: tuple[tuple[str, str], ...],
) -> Draft:
    now = ports.clock.now()
    return Draft(kind, now, request.by, attempt, generation, digest, details)
