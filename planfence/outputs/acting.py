"""The JSON of the commands that set up, decide and enact, and of the journal of it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from planfence.outputs.parts import (
    AboutPlan,
    Approvals,
    Done,
    DoneAboutPlan,
    Error,
    Refused,
    Shape,
    State,
    Warned,
)
from plans.document import GenerationNumber, IdText, Timestamp
from plans.journal import Entry
from plans.plan import GuardResult, Mode, Summary
from plans.settings import Limit


class Initialised(Shape):
    """One thing that ``init`` found, made or mended; of what was mended, ``name`` is the fault."""

    item: Literal["config", "archive", "register", "stream"]
    did: Literal["found", "created", "mended"]
    name: str


class InitOutput(Done):
    """What ``planfence init`` found and made."""

    items: list[Initialised]


class SettingsShown(Shape):
    """A stream's settings, as in the register."""

    kind: Literal["dns"]
    lineage: IdText
    version: int
    zone: str
    targets: list[str]
    retiring: list[str]
    mode: Mode
    approvals: int
    self_approval: Literal["allow", "deny"]
    approval_hours: int
    updates_max: Limit
    deletes_max: Limit
    protect: list[str]
    plan_hours: int
    lease_seconds: int
    retain_days: int
    retain_count: int
    prune_grace_hours: int


class StreamShowOutput(Done):
    """A stream's settings."""

    settings: SettingsShown


class Changed(Shape):
    """A setting's old and new value, each of the type that the setting has."""

    old: Any
    new: Any


class StreamSetOutput(Done):
    """What ``planfence stream set`` changed, by the setting's name."""

    changed: dict[str, Changed]


class ApproveOutput(DoneAboutPlan):
    """An approval as it was given."""

    by: str
    expires_at: Timestamp
    approvals: Approvals
    state: State


class RejectOutput(DoneAboutPlan):
    """A rejection as it was given."""

    by: str
    reason: str


class TargetEnacted(Shape):
    """How far one target got: done, an error, or neither: not reached.

    ``note`` says of a target that is done why it is not known to be answered everywhere.
    """

    target: str
    done: bool
    note: str | None
    error: Error | None


class EnactOutput(AboutPlan):
    """An enacting pass that applied a plan, or found it applied."""

    outcome: Literal["applied", "already_applied"]
    resumed: bool
    targets: list[TargetEnacted]


class EnactRefused(Refused):
    """A pass that did not end well. The targets are there if it got as far as a claim."""

    resumed: bool | None = None
    targets: list[TargetEnacted] = Field(default_factory=list)


class OverrideOutput(AboutPlan):
    """An override or a rollback that was published, and how enacting it ended if it was enacted.

    ``overrides`` is the generation that was applied. ``break_glass``: one approval was made to be
    enough. ``state`` to ``warnings`` are from before it was enacted.
    """

    outcome: Literal["published", "applied", "already_applied"]
    why: str
    overrides: GenerationNumber | None
    held: bool
    break_glass: bool
    state: State
    approvals: Approvals
    summary: Summary
    guards: list[GuardResult]
    warnings: list[Warned]
    resumed: bool | None
    targets: list[TargetEnacted]


class OverrideRefused(EnactRefused):
    """One that did not end well. With a generation it was published, and may be enacted."""

    held: bool = False
    break_glass: bool = False


class HoldOutput(Done):
    """A hold as it was placed. ``until`` null: until it is released."""

    by: str
    reason: str
    until: Timestamp | None
    at_target: bool


class ReleaseOutput(Done):
    """What was released: a hold, and the generation that stood, if any did."""

    by: str
    held: bool
    standing: GenerationNumber | None


class JournalOutput(Done):
    """Entries in order; after ``--verify`` none, but how many were found whole."""

    verified: bool
    count: int
    entries: list[Entry]
