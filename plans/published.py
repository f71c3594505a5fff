"""Published plans: finding the head, and reading a plan so that it can be trusted.

Read → check digest → parse strictly → check that the plan names the key, stream, lineage and
generation it was read from → the same for its attachments. All or nothing (F13): an object that is
buried between two reads gives an error, never half a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plans.collector import collector_paused
from plans.contents import change_faults, content_faults
from plans.document import decode, digest_of
from plans.errors import Refused
from plans.faults import numbering_faults, path_text, zone_faults
from plans.kinds.dns import RecordKey, Records
from plans.kinds.health import HEALTH_NAME, HealthDocument
from plans.kinds.zone import DESIRED_NAME, ZoneDocument, state_of
from plans.names import (
    JUMP_MAX,
    Digest,
    Generation,
    blob_key,
    generation_of_key,
    plan_key,
    plans_prefix,
)
from plans.plan import Attachment, Plan, Tombstone
from plans.storage.archive import Archive, Stored

_NOT_OURS: Final = "planfence does not write such plans: find out who did, then publish a new one"
_TOMBSTONE_MARK: Final = b'{"schema":"planfence/tombstone/'


@dataclass(frozen=True, slots=True)
class Published:
    """A verified plan: the document and the digest of its bytes as stored."""

    plan: Plan
    digest: Digest


@dataclass(frozen=True, slots=True)
class Numbers:
    """Generations found in the archive from one number on, ascending.

    ``beyond`` are keys more than ``JUMP_MAX`` above that number: reported and ignored, because a
    single forged key would otherwise put every next plan out of reach (schedule S6).
    """

    generations: tuple[Generation, ...]
    beyond: tuple[str, ...]

    @property
    def head(self) -> Generation | None:
        return self.generations[-1] if self.generations else None


def published_from(archive: Archive, stream: str, generation: int) -> Numbers:
    """Published generations ≥ ``generation`` (the pointer's), found by listing from its key on.

    Costs as many keys as there are plans above the pointer, not as there are plans.

    Raises:
        Unavailable: the listing is not complete.
    """
    after = plan_key(stream, generation - 1) if generation > 0 else ""
    found: list[Generation] = []
    beyond: list[str] = []
    for key in archive.list(plans_prefix(stream), after):
        number = generation_of_key(key)
        mine = number is not None and key == plan_key(stream, number)  # not dns/<name>/plans's
        if number is None or not mine or number > generation + JUMP_MAX:
            beyond.append(key)
        else:
            found.append(number)
    return Numbers(tuple(found), tuple(beyond))


def published_digest(stored: Stored) -> Digest:
    """The digest of what is published under a plan's key, as it stands there or buried.

    The plan need not parse: a parent is named by the digest of its bytes.

    Raises:
        Refused: it says that it is a tombstone, and is none.
    """
    tombstone = _tombstone(stored.body)
    return Digest(tombstone.digest) if tombstone else digest_of(stored.body)


def read_plan(
    archive: Archive, stream: str, lineage: str, generation: int, digest: str | None = None
) -> Published:
    """A plan, verified against everything it claims to be.

    Args: as for ``as_plan``.

    Raises:
        Refused: missing, or as for ``as_plan``.
        Unavailable: the archive cannot be read.
    """
    stored = archive.read(plan_key(stream, generation))
    return as_plan(stored, stream, lineage, generation, digest)


def as_plan(
    stored: Stored | None, stream: str, lineage: str, generation: int, digest: str | None = None
) -> Published:
    """The plan that an object of the archive holds, verified against everything it claims to be.

    Args:
        stored: what was read at the plan's key.
        lineage: the stream's; a plan of another lineage is foreign.
        digest: the digest the caller names, or None to accept the one found.

    Raises:
        Refused: missing, buried, altered, not strict, or of another stream, lineage or generation.
    """
    what = f"plan {generation} of {stream}"
    if stored is None:
        raise Refused(
            f"{what} is not in the archive",
            rule="plan-missing",
            remedy=f"publish a new plan: `planfence plan {stream}`",
        )
    tombstone = _tombstone(stored.body)
    if tombstone is not None:
        raise Refused(
            f"{what} was pruned",
            rule="plan-pruned",
            actual=tombstone.digest,
            expected="a plan",
            remedy=f"publish a new plan: `planfence plan {stream}`",
        )
    found = digest_of(stored.body)
    if digest is not None and found != digest:
        raise Refused(
            f"{what} is not the plan that was named",
            rule="digest",
            expected=digest,
            actual=found,
            remedy=f"review what is there: `planfence show {stream} {generation}`",
        )
    plan = decode(Plan, stored.body, what=what)
    _check_place(plan, stream, lineage, generation)
    return Published(plan, found)


def read_desired(archive: Archive, plan: Plan, zone: str) -> dict[RecordKey, Records]:
    """The complete desired state a plan carries, verified against the plan and the zone.

    Raises:
        Refused: missing, altered, of another zone, or holding what it must not.
        Unavailable: the archive cannot be read.
    """
    what = f"the desired state of plan {plan.generation} of {plan.stream}"
    body = _attached(archive, plan, plan.attachment(DESIRED_NAME), what)
    with collector_paused():
        document = decode(ZoneDocument, body, what=what)
        if document.zone != zone:
            raise _of_another_zone(plan, what, zone, document.zone)
        return state_of(document)


def read_health(archive: Archive, plan: Plan, zone: str) -> HealthDocument | None:
    """The health that a plan's pools were resolved with, verified; None where it has no pools.

    Raises:
        Refused: missing, altered, or of another zone.
        Unavailable: the archive cannot be read.
    """
    entry = plan.attachment(HEALTH_NAME)
    if entry is None:
        return None
    what = f"the health of the pools of plan {plan.generation} of {plan.stream}"
    document = decode(HealthDocument, _attached(archive, plan, entry, what), what=what)
    if document.zone != zone:
        raise _of_another_zone(plan, what, zone, document.zone)
    return document


def _attached(archive: Archive, plan: Plan, entry: Attachment | None, what: str) -> bytes:
    """The bytes of an attachment, as the plan names them.

    Raises:
        Refused: there are none, or others.
        Unavailable: the archive cannot be read.
    """
    stored = None
    if entry is not None:
        key = blob_key(plan.stream, plan.generation, entry.digest)
        stored = archive.read(key, size=entry.size)
    if entry is None or stored is None:
        raise Refused(
            f"{what} is not in the archive",
            rule="attachment-missing",
            remedy=f"publish a new plan: `planfence plan {plan.stream}`",
        )
    if digest_of(stored.body) != entry.digest:
        raise Refused(
            f"{what} is not what the plan names",
            rule="attachment-digest",
            expected=entry.digest,
            actual=digest_of(stored.body),
            remedy=f"publish a new plan: `planfence plan {plan.stream}`",
        )
    return stored.body


def _of_another_zone(plan: Plan, what: str, zone: str, found: str) -> Refused:
    return Refused(
        f"{what} is about another zone",
        rule="zone",
        expected=zone,
        actual=found,
        remedy=f"look at the stream's zone: `planfence stream show {plan.stream}`",
    )


def check_changes(plan: Plan, zone: str) -> None:
    """Every change of a plan is one that planfence writes: of its zone, and of records that can be.

    Raises:
        Refused: one is not (rule ``zone`` or ``document-invalid``).
    """
    which = f"plan {plan.generation} of {plan.stream}"
    for fault in zone_faults(plan, zone):
        raise Refused(
            f"{which} has a change that is not of its zone: {path_text(fault.path)}: {fault.what}",
            rule="zone",
            remedy=_NOT_OURS,
        )
    for fault in change_faults(plan):
        raise Refused(
            f"{which} has a change that cannot be: {path_text(fault.path)}: {fault.what}",
            rule="document-invalid",
            remedy=_NOT_OURS,
        )


def check_desired(plan: Plan, desired: Mapping[RecordKey, Records]) -> None:
    """Every record set of a plan's desired state is one that can be.

    Args:
        desired: as ``read_desired`` gives it.

    Raises:
        Refused: one is not (rule ``desired-invalid``).
    """
    for fault in content_faults(desired.items()):
        raise Refused(
            f"the desired state of plan {plan.generation} of {plan.stream} has a record set that"
            f" cannot be: {path_text(fault.path)}: {fault.what}",
            rule="desired-invalid",
            remedy=_NOT_OURS,
        )


def is_tombstone(body: bytes) -> bool:
    """Whether an object says that it is a tombstone: it was a plan, or an attachment."""
    return body.startswith(_TOMBSTONE_MARK)


def _tombstone(body: bytes) -> Tombstone | None:
    if not is_tombstone(body):
        return None
    return decode(Tombstone, body, what="the tombstone")


def _check_place(plan: Plan, stream: str, lineage: str, generation: int) -> None:
    """A plan copied from elsewhere does not become this stream's by lying at its key."""
    for rule, name, expected, actual in (
        ("foreign-stream", "stream", stream, plan.stream),
        ("foreign-lineage", "lineage", lineage, plan.lineage),
        ("foreign-generation", "generation", str(generation), str(plan.generation)),
    ):
        if expected != actual:
            raise Refused(
                f"the plan at generation {generation} of {stream} is of another {name}",
                rule=rule,
                expected=expected,
                actual=actual,
                remedy=f"publish a new plan: `planfence plan {stream}`",
            )
    for fault in numbering_faults(plan):
        raise Refused(
            f"plan {generation} of {stream} numbers its steps or targets wrongly: {fault.what}",
            rule="document-invalid",
            remedy=f"publish a new plan: `planfence plan {stream}`",
        )
