"""Decisions of people as they are kept: approvals, rejections, holds, releases.

Reviewers write them, in ``plans.deciding``.

An approval is bound to lineage, generation and digest, and expires; it never carries over to other
bytes (G8). A rejection is final for its generation. A hold is a pause for everything but overrides
and rollbacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from plans.document import (
    DigestText,
    Document,
    GenerationNumber,
    IdText,
    OneLine,
    Timestamp,
    from_attributes,
)
from plans.names import (
    approval_key,
    decisions_partition,
    hold_key,
    reject_key,
    released_key,
)
from plans.plan import Plan
from plans.settings import Settings
from plans.storage.register import (
    Absent,
    All,
    Attributes,
    Condition,
    Either,
    Register,
    Where,
)


class Approval(Document):
    """One person's word for exactly these bytes, until it expires.

    ``break_glass``: given in an emergency, by whoever may; it is enough alone.
    """

    lineage: IdText
    generation: GenerationNumber
    digest: DigestText
    approver: OneLine
    at: Timestamp
    expires_at: Timestamp
    attempt: IdText
    break_glass: bool = False


class Rejection(Document):
    """One person's word that this generation is never enacted."""

    lineage: IdText
    generation: GenerationNumber
    by: OneLine
    reason: OneLine
    at: Timestamp
    attempt: IdText


class Hold(Document):
    """A person's pause of the stream, until it is released or, where it has one, its end.

    The item stays when it is released, so that it is never absent and present again under a claim
    that read it once. ``until`` is a whole second, by the clock of whoever asks: a pause of people,
    on which no guarantee rests. ``at_target``: targets that can be were to be protected, too.
    """

    state: Literal["held", "released"]
    by: OneLine
    reason: OneLine
    at: Timestamp
    attempt: IdText
    until: Timestamp | None = None
    at_target: bool = False

    @property
    def told(self) -> str:
        """Who holds, until when, and why: for whoever is refused by it."""
        end = f" until {_second(self.until)}" if self.until is not None else ""
        where = " at the target too" if self.at_target else ""
        return f"{self.by}{end}{where}: {self.reason}"


def not_held(now: datetime) -> Condition:
    """That no hold stands at this time, for the register to evaluate with a write."""
    return Either(
        (
            Absent(),
            Where("state", "=", "released"),
            Where("until", "<=", _second(now)),
        )
    )


def _second(moment: datetime) -> str:
    """A time as it is kept: UTC, to the second, so that texts compare as times do."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


_DECIDED = ("approval#", "override#", "pin#", "reject#")


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people decided about a stream, as one query found it.

    Has the approvals of the generations from ``since`` on, and every other decision there is: those
    are made by hand, so there are few. What is asked for is parsed when it is asked for, so that an
    old item which this version cannot read stops nobody.
    """

    stream: str
    since: int
    items: Mapping[str, Attributes]

    def approvals(self, generation: int) -> tuple[Approval, ...]:
        """Every approval of a generation, of whatever digest, by approver."""
        assert generation >= self.since
        prefix = approval_key(self.stream, generation, "").sk
        return tuple(
            from_attributes(Approval, attributes, what=f"{sk} of {self.stream}")
            for sk, attributes in self.items.items()
            if sk.startswith(prefix)
        )

    def rejection(self, generation: int) -> Rejection | None:
        found = self.items.get(reject_key(self.stream, generation).sk)
        return None if found is None else _rejection(found, self.stream, generation)

    def hold(self, now: datetime) -> Hold | None:
        """The hold that stands, or None."""
        return as_hold(self.items.get(hold_key(self.stream).sk), self.stream, now)

    def is_released(self, generation: int) -> bool:
        """Whether a person released the standing override or rollback of this generation."""
        return released_key(self.stream, generation).sk in self.items

    @property
    def generations(self) -> frozenset[int]:
        """The generations from ``since`` on that a person approved, rejected, pinned or made.

        Each has a journal entry that names its digest, by which other bytes would be refused.
        """
        return frozenset(
            number
            for sk in self.items
            if (number := _decided(sk)) is not None and number >= self.since
        )

    def digests(self, generation: int) -> frozenset[str]:
        """The digests that a person approved, rejected, pinned or made under a generation.

        There is one, unless the archive was lost and its number came back as other bytes.
        """
        found = (
            attributes.get("digest")
            for sk, attributes in self.items.items()
            if _decided(sk) == generation
        )
        return frozenset(str(digest) for digest in found if digest is not None)


def _decided(sk: str) -> int | None:
    """The generation that a decision's key names; None where it names none."""
    number = sk.split("#")[1] if sk.startswith(_DECIDED) else ""
    return int(number) if number.isdigit() else None


def read_decisions(register: Register, stream: str, since: int) -> Decisions:
    """Everything decided about the generations from ``since`` on, and the hold, in one query.

    Raises:
        Unavailable: the query is not complete.
    """
    after = approval_key(stream, since, "").sk.removesuffix("#")
    found = register.scan(decisions_partition(stream), "", after)
    return Decisions(stream, since, {item.key.sk: item.attributes for item in found})


def read_approvals(register: Register, stream: str, generation: int) -> tuple[Approval, ...]:
    """Every approval of a generation, of whatever digest, by approver."""
    prefix = f"approval#{generation:012d}#"
    return tuple(
        from_attributes(Approval, item.attributes, what=f"{item.key.sk} of {stream}")
        for item in register.scan(decisions_partition(stream), prefix)
    )


def read_rejection(register: Register, stream: str, generation: int) -> Rejection | None:
    attributes = register.read(reject_key(stream, generation))
    if attributes is None:
        return None
    return _rejection(attributes, stream, generation)


def _rejection(attributes: Attributes, stream: str, generation: int) -> Rejection:
    return from_attributes(Rejection, attributes, what=f"the rejection of {stream} {generation}")


def read_hold(register: Register, stream: str, now: datetime) -> Hold | None:
    """The hold that stands, or None."""
    return as_hold(register.read(hold_key(stream)), stream, now)


def as_hold(attributes: Attributes | None, stream: str, now: datetime) -> Hold | None:
    """The hold that an item holds, if it stands: neither released nor over.

    Raises:
        Refused: the item is not a hold.
    """
    if attributes is None:
        return None
    hold = from_attributes(Hold, attributes, what=f"the hold of {stream}")
    over = hold.until is not None and hold.until <= now
    return hold if hold.state == "held" and not over else None


def is_released(register: Register, stream: str, generation: int) -> bool:
    """Whether a person released the standing override or rollback of this generation."""
    return register.read(released_key(stream, generation)) is not None


def approval_condition(approval: Approval) -> Condition:
    """That an approval that was counted still stands, for these bytes."""
    return All(
        (
            Where("lineage", "=", approval.lineage),
            Where("digest", "=", approval.digest),
            Where("attempt", "=", approval.attempt),
        )
    )


def approvals_wanted(plan: Plan, settings: Settings) -> int:
    """How many approvals this plan needs under these settings, if no glass is broken."""
    return max(settings.approvals, 1 if plan.needs_approval else 0)


def enough(plan: Plan, settings: Settings, standing: tuple[Approval, ...]) -> bool:
    """Whether the approvals that count suffice: as many as are wanted, or one in an emergency."""
    wanted = approvals_wanted(plan, settings)
    return len(standing) >= wanted or any(approval.break_glass for approval in standing)


def relied_on(
    plan: Plan, settings: Settings, standing: tuple[Approval, ...]
) -> tuple[Approval, ...]:
    """The approvals that a claim rests on: no more than it needs, so that no other can stop it."""
    broken = tuple(approval for approval in standing if approval.break_glass)
    return broken[:1] or standing[: approvals_wanted(plan, settings)]


def counted(
    plan: Plan,
    digest: str,
    approvals: tuple[Approval, ...],
    settings: Settings,
    *,
    now: datetime | None,
) -> tuple[Approval, ...]:
    """The approvals that count for a plan: of these bytes, by who may, and still standing.

    Args:
        now: when they must still stand; None where expiry does not bind (a resume).
    """
    return tuple(
        approval
        for approval in approvals
        if approval.lineage == plan.lineage
        and approval.generation == plan.generation
        and approval.digest == digest
        and (
            settings.self_approval == "allow"
            or approval.break_glass
            or approval.approver != plan.created_by
        )
        and (now is None or approval.expires_at > now)
    )
