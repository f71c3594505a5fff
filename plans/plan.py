"""The plan document: what should change, on what it was based, and why it was allowed.

A plan is immutable and identified by its digest. It names every target of its stream (one without
changes gets a step that only raises its fence: schedule S1), holds copies and never references into
live state, and leaves the enactor no choice: in ``exact`` its steps are cut here and never re-cut
(schedule S5).
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import Field

from plans.document import DigestText, Document, GenerationNumber, IdText, OneLine, Timestamp
from plans.kinds.dns import Change

Mode = Literal["exact", "converge"]
Origin = Literal["planner", "override", "rollback"]
Ancestry = Literal["first", "same", "newer", "older", "unrelated", "unknown"]
Completeness = Literal["whole file", "every member"]
PLAN_SCHEMA: Literal["planfence/plan/v1"] = "planfence/plan/v1"
UNCERTAIN_ANCESTRY: frozenset[str] = frozenset({"unrelated", "unknown"})


class PlanReference(Document):
    """A plan named so that it cannot be mistaken: generation and digest."""

    generation: GenerationNumber
    digest: DigestText


class FenceAtPlanning(Document):
    """What a target's fence read when the world was observed: the record's text, or null."""

    target: str
    fence: str | None


class HoldAtPlanning(Document):
    """The hold that stood when the world was observed."""

    by: str
    reason: str


class Base(Document):
    """What was seen when the world was observed; the claim and the first steps are bound to it."""

    desired: PlanReference | None
    applied: PlanReference | None
    fences: tuple[FenceAtPlanning, ...]
    hold: HoldAtPlanning | None


class Input(Document):
    """One input the desired state was read from: a file, or the health of a pools file's members.

    ``ancestry`` relates its commit to the parent plan's ``source``; None outside git.
    ``returns_to`` is the generation whose desired state this one equals again, outside git; it
    stands at the first input. Health has neither, nor a commit.
    """

    name: str
    digest: DigestText
    size: Annotated[int, Field(ge=0)]
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$")] | None
    dirty: bool
    ancestry: Ancestry | None
    returns_to: GenerationNumber | None
    read_at: Timestamp
    complete: Completeness


class GuardResult(Document):
    """One guard as it was evaluated, with its numbers. ``target`` None: it is about the plan."""

    rule: str
    target: str | None
    limit: str
    actual: str
    outcome: Literal["passed", "waived", "breached"]


class Waiver(Document):
    """A person's word that one named guard may be breached by this plan."""

    rule: str
    reason: OneLine


class Summary(Document):
    """Counts over all targets."""

    creates: int
    updates: int
    deletes: int


class Step(Document):
    """One atomic write to a target: its changes, beside the fence. Numbered from 1."""

    number: Annotated[int, Field(ge=1, lt=10**6)]
    changes: tuple[Change, ...]


class TargetPlan(Document):
    """One target's steps, in order. The last one marks its fence as done.

    ``existing`` counts the record sets the target held when observed, apex NS and SOA not counted:
    what the percentages of the guards are of. ``retire`` ends the target's life in the stream.
    """

    target: str
    retire: bool
    existing: Annotated[int, Field(ge=0)]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class Wave(Document):
    """Steps that may run together; wave k + 1 starts when k is done on all its targets."""

    number: Annotated[int, Field(ge=1)]
    targets: Annotated[tuple[TargetPlan, ...], Field(min_length=1)]


class Attachment(Document):
    """A blob that belongs to this plan alone, written before it."""

    name: str
    digest: DigestText
    size: Annotated[int, Field(ge=0)]
    media_type: str


class Plan(Document):
    """The plan document, ``planfence/plan/v1``; docs/plan-document.md tells every field."""

    schema_version: Literal["planfence/plan/v1"] = Field(PLAN_SCHEMA, alias="schema")
    stream: str
    kind: Literal["dns"]
    lineage: IdText
    generation: GenerationNumber
    parent: PlanReference | None
    base: Base
    origin: Origin
    mode: Mode
    created_at: Timestamp
    created_by: OneLine
    expires_at: Timestamp
    reason: OneLine | None
    inputs: tuple[Input, ...]
    source: str | None
    standing: PlanReference | None
    guards: tuple[GuardResult, ...]
    waivers: tuple[Waiver, ...]
    summary: Summary
    waves: Annotated[tuple[Wave, ...], Field(min_length=1)]
    attachments: tuple[Attachment, ...]
    content_digest: DigestText

    @property
    def targets(self) -> tuple[TargetPlan, ...]:
        """Every target's part, over all waves."""
        return tuple(target for wave in self.waves for target in wave.targets)

    def attachment(self, name: str) -> Attachment | None:
        return next((entry for entry in self.attachments if entry.name == name), None)

    @property
    def needs_approval(self) -> bool:
        """Waivers and uncertain ancestry need a person, whatever the stream's setting."""
        return bool(self.waivers) or any(
            entry.ancestry in UNCERTAIN_ANCESTRY for entry in self.inputs
        )


class Tombstone(Document):
    """What stands at a pruned plan's key for ever, so that the key is never free again."""

    schema_version: Literal["planfence/tombstone/v1"] = Field(
        "planfence/tombstone/v1", alias="schema"
    )
    generation: GenerationNumber
    digest: DigestText


def content_digest(
    mode: Mode,
    desired_digest: str,
    waves: tuple[Wave, ...],
    waivers: tuple[Waiver, ...],
) -> str:
    """Equal for an identical re-plan: mode, targets, desired state, changes and waivers."""
    content = {
        "mode": mode,
        "desired": desired_digest,
        "waves": [wave.model_dump(mode="json") for wave in waves],
        "waivers": [waiver.model_dump(mode="json") for waiver in waivers],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
