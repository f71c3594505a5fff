"""The JSON of the commands that show plans, and where streams and targets stand."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from planfence.outputs.keeping import PinShown
from planfence.outputs.parts import (
    AboutPlan,
    Approvals,
    ChangeShown,
    Done,
    DoneAboutPlan,
    Error,
    Output,
    Refused,
    Shape,
    State,
    Warned,
)
from plans.document import DigestText, GenerationNumber, IdText, Timestamp
from plans.kinds.health import PoolHealth
from plans.plan import GuardResult, Mode, Origin, Plan, PlanReference, Summary


class PlanOutput(AboutPlan):
    """How a planning pass ended. ``state`` to ``summary`` are null where nothing is proposed."""

    outcome: Literal["published", "pending", "unchanged"]
    why: str
    state: State | None
    approvals: Approvals | None
    summary: Summary | None
    guards: list[GuardResult]
    warnings: list[Warned]
    pools: list[PoolHealth]


class ShowOutput(DoneAboutPlan):
    """A plan and where it stands. ``plan`` is the document itself."""

    state: State
    approvals: Approvals
    warnings: list[Warned]
    pools: list[PoolHealth]
    plan: Plan


class ListedPlan(Shape):
    """One generation. What cannot be known of an unreadable or pruned one is null."""

    generation: GenerationNumber
    digest: DigestText | None
    state: Literal[State, "unreadable", "pruned"]
    created_at: Timestamp | None
    created_by: str | None
    origin: Origin | None
    mode: Mode | None
    summary: Summary | None
    approvals: Approvals | None
    rule: str | None
    pinned: PinShown | None
    marked_at: Timestamp | None


class ListOutput(Done):
    """The newest generations, newest first. ``older`` counts those that are not listed."""

    plans: list[ListedPlan]
    older: int


class DiffPart(Shape):
    """What differs on one target, or between two desired states."""

    name: str
    changes: list[ChangeShown]


class DiffOutput(DoneAboutPlan):
    """What turns one state into another. ``from`` null is what is live on the targets."""

    from_: PlanReference | None = Field(alias="from")
    to: PlanReference
    differs: bool
    parts: list[DiffPart]
    warnings: list[Warned]


class DriftedFence(Shape):
    """A target's fence and what it says, where it is readable."""

    state: str
    generation: GenerationNumber | None = None
    step: int | None = None
    done: bool | None = None
    digest: DigestText | None = None
    lineage: IdText | None = None
    unreadable: str | None = None


class DriftedTarget(Shape):
    """One target against the plans named. ``changes`` go from applied to live."""

    target: str
    compared_with: list[GenerationNumber]
    changes: list[ChangeShown]
    fence: DriftedFence
    error: Error | None


class DriftOutput(AboutPlan):
    """What was changed around planfence since the plan named was applied."""

    outcome: Literal["drifted", "unchanged"]
    drifted: bool
    summary: Summary
    targets: list[DriftedTarget]
    warnings: list[Warned]


class DriftRefused(Refused):
    """A comparison of which a part could not be read; what could be is there."""

    drifted: bool | None = None
    summary: Summary | None = None
    targets: list[DriftedTarget] = Field(default_factory=list)
    warnings: list[Warned] = Field(default_factory=list)


class HeadShown(Shape):
    """The newest plan, as far as it can be read."""

    generation: GenerationNumber | None
    digest: DigestText | None
    state: Literal[State, "unreadable"]
    rule: str | None
    error: Error | None


class HoldShown(Shape):
    """Who holds a stream, why, since when, and until when; null: until it is released."""

    by: str
    reason: str
    at: Timestamp
    until: Timestamp | None
    at_target: bool


class LeaseShown(Shape):
    """The lease. ``ends_at`` is when credentials given under it end; null: none were."""

    epoch: int
    state: Literal["held", "released"]
    holder: str
    seconds: int
    at: Timestamp
    ends_at: Timestamp | None


class FenceShown(Shape):
    """A fence as it stands at its target."""

    generation: GenerationNumber
    step: int
    done: bool
    digest: DigestText
    lineage: IdText
    attempt: IdText


class TargetShown(Shape):
    """One target as found. ``unreadable`` is what stands in the fence's place and is none."""

    target: str
    state: str
    retiring: bool
    fence: FenceShown | None
    unreadable: str | None
    mirror: int | None
    error: Error | None


class StreamShown(Shape):
    """One stream. One that cannot be shown has an ``error``, and nothing else."""

    stream: str
    head: HeadShown | None
    desired: PlanReference | None
    applied: PlanReference | None
    hold: HoldShown | None
    lease: LeaseShown | None
    targets: list[TargetShown]
    error: Error | None


class StreamMeasured(Shape):
    """One stream in numbers. One that cannot be read has an ``error``, and no number."""

    stream: str
    desired_generation: int | None
    applied_generation: int | None
    held: bool | None
    lease_epoch: int | None
    lease_held: bool | None
    standing_generation: int | None
    journal_last_sequence: int | None
    journal_entries: dict[str, int] | None
    error: Error | None


class MetricsOutput(Output):
    """Every stream asked for. ``outcome`` is the first error's, where there is one."""

    outcome: Literal["done", "refused", "unavailable", "failed"]
    streams: list[StreamMeasured]


class StatusOutput(Output):
    """Every stream asked for. ``outcome`` is the first error's, where there is one."""

    outcome: Literal["done", "refused", "unavailable", "failed"]
    streams: list[StreamShown]
