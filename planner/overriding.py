"""Desired states that a person gives: what overrides and rollbacks are made from.

They need neither the stream's own desired state nor git nor a readable parent, and of the archive
no plan but the one that is asked for. What is given goes through the same pass as any other desired
state: observed anew, guarded, numbered above everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.ports import DesiredRead, InputRead, Ports
from plans.errors import Refused
from plans.kinds.dns import Change, RecordKey, Records, apply_changes
from plans.kinds.pools import pool_of
from plans.kinds.zone import DESIRED_NAME
from plans.observed.view import Observation
from plans.plan import Ancestry, Plan
from plans.pointer import read_pointer
from plans.published import read_desired, read_plan
from plans.settings import Settings
from plans.storage.archive import Archive


@dataclass(frozen=True, slots=True)
class Given:
    """A desired state that is at hand, whole; implements ``planner.ports.DesiredSource``.

    ``name``, ``digest`` and ``size`` are of what it was read from. It has no commit: nothing can be
    said of its ancestry, and the plans after it inherit the source of those before it.
    """

    records: Mapping[RecordKey, Records]
    name: str
    digest: str
    size: int

    def read(self) -> DesiredRead:
        read = InputRead(self.name, self.digest, self.size, None, dirty=False)
        return DesiredRead(self.records, (read,))

    def relate(self, source: str, commit: str) -> Ancestry:
        """Nothing is known of commits."""
        return "same" if source == commit else "unknown"


@dataclass(frozen=True, slots=True)
class Start:
    """A state that changes are made to, and what it is."""

    records: Mapping[RecordKey, Records]
    what: str


def kept_state(archive: Archive, settings: Settings, generation: int) -> Given:
    """The complete desired state of a generation that is kept, to be rolled back to.

    Raises:
        Refused: its plan or its desired state is gone, pruned or altered, and which (rule
            ``rollback-gone``).
        Unavailable: the archive cannot be read.
    """
    stream = settings.stream
    try:
        plan = read_plan(archive, stream, settings.lineage, generation).plan
        records = read_desired(archive, plan, settings.zone)
    except Refused as refusal:
        raise Refused(
            f"nothing can be rolled back to generation {generation} of {stream}: {refusal.what}",
            rule="rollback-gone",
            expected="its plan with its desired state",
            actual=refusal.rule,
            remedy=f"take another generation of `planfence list {stream}`, or give a desired"
            f" state: `planfence override {stream} FILE --reason TEXT`",
        ) from refusal
    entry = plan.attachment(DESIRED_NAME)
    assert entry is not None  # or there would have been nothing to read
    return Given(records, f"generation {generation}", entry.digest, entry.size)


def rebased_state(ports: Ports, settings: Settings, plan: Plan) -> Start:
    """What a plan asks for, whatever its number: to be asked for again under the next one.

    Its own desired state, found by its digest in this stream's archive; else its changes, made to
    what ``standing_state`` finds.

    Raises:
        Refused: neither can be had; or its targets do not agree on what it asks for.
        Unavailable: a store or a target cannot be read.
    """
    try:
        found = read_desired(ports.archive, plan, settings.zone)
        return Start(found, f"the desired state of plan {plan.generation}")
    except Refused:
        start = standing_state(ports, settings)
    records = apply_changes(start.records, _changes(plan))
    return Start(records, f"the changes of plan {plan.generation}, made to {start.what}")


def applied_state(ports: Ports, settings: Settings) -> Start | None:
    """The applied plan's desired state; None where nothing was applied yet.

    Raises:
        Refused: it is lost, or not what was applied.
        Unavailable: a store cannot be read.
    """
    pointer = read_pointer(ports.register, settings.stream)
    applied = pointer.applied if pointer else None
    if applied is None:
        return None
    plan = read_plan(
        ports.archive, settings.stream, settings.lineage, applied.generation, applied.digest
    ).plan
    found = read_desired(ports.archive, plan, settings.zone)
    return Start(found, f"the desired state of generation {applied.generation}")


def pools_of(state: Mapping[RecordKey, Records]) -> dict[RecordKey, Records]:
    """The members of capacity pools in a desired state, which zone YAML has no words for."""
    return {key: content for key, content in state.items() if pool_of(content) is not None}


def with_pools(
    state: Mapping[RecordKey, Records], pools: Mapping[RecordKey, Records]
) -> tuple[dict[RecordKey, Records], tuple[str, ...]]:
    """A person's zone, and beside it the pools whose names it does not use.

    A zone file never names them, since a file of their own keeps them: that a person leaves them
    out says nothing, and must not empty their names.

    Returns:
        The whole state, and the names of the pools that stay.
    """
    names = {key.name for key in state}
    taken = {(key.name, key.type) for key in state}
    aliases = {key.name for key in state if key.type == "CNAME"}
    kept = {
        key: content
        for key, content in pools.items()
        if (key.name, key.type) not in taken
        and key.name not in aliases
        and not (key.type == "CNAME" and key.name in names)
    }
    return {**state, **kept}, tuple(sorted({key.name for key in kept}))


def standing_state(ports: Ports, settings: Settings) -> Start:
    """What stands: the applied plan's desired state or, where that is lost, what is live.

    Raises:
        Refused: it is lost, and the targets do not hold the same records, or none (rule
            ``override-without-base``).
        Unavailable: a store or a target cannot be read.
    """
    why = "nothing was applied yet"
    try:
        applied = applied_state(ports, settings)
        if applied is not None:
            return applied
    except Refused as refusal:
        why = refusal.what
    seen = {target: ports.view(target).observe() for target in settings.targets}
    first = seen[settings.targets[0]]
    if not first.state or any(not _same(first, other) for other in seen.values()):
        raise Refused(
            f"{why}, and the targets of {settings.stream} do not all hold the same records",
            rule="override-without-base",
            expected="one state to make the changes to",
            actual=", ".join(f"{name}: {len(each.state)}" for name, each in seen.items()),
            remedy="give a complete desired state:"
            f" `planfence override {settings.stream} FILE --reason TEXT`",
        )
    return Start(first.state, f"what is live on {settings.targets[0]}")


def _same(one: Observation, other: Observation) -> bool:
    return one.exists and other.exists and one.state == other.state


def _changes(plan: Plan) -> tuple[Change, ...]:
    """The changes of all targets as one: they come from one desired state, so they agree.

    Raises:
        Refused: they do not (rule ``override-differs``); planfence writes no such plan.
    """
    found: dict[RecordKey, Change] = {}
    for target in plan.targets:
        for step in target.steps:
            for change in step.changes:
                if found.setdefault(change.key, change).after != change.after:
                    raise Refused(
                        f"plan {plan.generation} asks for another {change.name} {change.type} on"
                        " one target than on another",
                        rule="override-differs",
                        remedy="give a complete desired state:"
                        f" `planfence override {plan.stream} FILE --reason TEXT`",
                    )
    return tuple(found.values())
