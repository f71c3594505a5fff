"""The world as one planning pass sees it, read in the order the design asks for.

First what was decided (settings, pointer, hold, head, parent), then what is (desired state,
targets). A plan with a higher generation therefore rests on a later observation (F9): its number
comes from the first part, and losing the race for that number starts the pass again from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from planner.ports import DesiredRead, Ports
from plans.decisions import Hold, is_released, read_hold
from plans.document import digest_of, encode
from plans.errors import Refused
from plans.fence import Fence
from plans.kinds.dns import RecordKey
from plans.kinds.zone import zone_document
from plans.mirror import read_mirrors
from plans.names import JUMP_MAX, Generation, decisions_partition
from plans.observed.view import Observation
from plans.plan import PlanReference
from plans.pointer import Pointer, read_pointer
from plans.published import Numbers, Published, published_from, read_digest, read_plan
from plans.settings import Settings, read_settings


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided before this pass looked at the world.

    ``head`` is the newest published generation at or above the pointer; ``parent`` names it, or
    the pointer's where the archive has nothing. ``parent_plan`` is None where the parent cannot be
    read; ``unreadable`` then says why.
    """

    settings: Settings
    pointer: Pointer | None
    hold: Hold | None
    numbers: Numbers
    decided_above: int
    parent: PlanReference | None
    parent_plan: Published | None
    unreadable: str | None
    standing: PlanReference | None


@dataclass(frozen=True)  # no slots: what is computed once is kept in the instance's dictionary
class World:
    """What was decided, what is desired, and what is there."""

    decided: Decided
    desired: DesiredRead
    observed: Mapping[str, Observation]
    retiring: frozenset[str]
    limits: Mapping[str, int | None]
    taken: int

    @property
    def next_generation(self) -> int:
        """1 + the greatest of pointer, head, own fences and decided generations (schedule S6)."""
        decided = self.decided
        seen = [
            decided.pointer.desired_generation if decided.pointer else 0,
            decided.numbers.head or 0,
            decided.decided_above,
            self.taken,
        ]
        seen += [
            fence.generation
            for fence in (observation.fence for observation in self.observed.values())
            if isinstance(fence, Fence) and fence.lineage == decided.settings.lineage
        ]
        return 1 + max(seen)

    @cached_property
    def desired_body(self) -> bytes:
        """The desired state as a plan carries it. A pass that finds nothing to do needs none."""
        return encode(zone_document(self.decided.settings.zone, self.desired.records))

    @cached_property
    def desired_digest(self) -> str:
        return digest_of(self.desired_body)


def read_decided(ports: Ports, stream: str) -> Decided:
    """Step 1 of the pass: head, pointer and decisions.

    Raises:
        Refused: no such stream, or a register item is not readable.
        Unavailable: a store cannot be read.
    """
    settings = read_settings(ports.register, stream)
    pointer = read_pointer(ports.register, stream)
    hold = read_hold(ports.register, stream)
    floor = pointer.desired_generation if pointer else 0
    numbers = published_from(ports.archive, stream, floor)
    parent = _parent(ports, stream, pointer, numbers.head)
    parent_plan, unreadable = _read_parent(ports, settings, parent, pointer)
    return Decided(
        settings=settings,
        pointer=pointer,
        hold=hold,
        numbers=numbers,
        decided_above=_decided_above(ports, stream, floor),
        parent=parent,
        parent_plan=parent_plan,
        unreadable=unreadable,
        standing=_standing(ports, stream, parent, parent_plan),
    )


def observe(ports: Ports, decided: Decided, taken: int = 0) -> World:
    """Step 2 of the pass: the desired state, then every target, complete or an error.

    Args:
        taken: a generation that this pass has found taken, or 0.

    Raises:
        Refused: the desired state or a target cannot be accepted.
        Unavailable: one of them cannot be read; no target is ever taken for empty.
    """
    desired = ports.desired.read()
    settings = decided.settings
    mirrors = read_mirrors(ports.register, settings.stream)
    retiring = frozenset(
        target
        for target in settings.retiring
        if not (target in mirrors and mirrors[target].retired)
    )
    observed: dict[str, Observation] = {}
    limits: dict[str, int | None] = {}
    for target in (*settings.targets, *sorted(retiring)):
        view = ports.view(target)
        observed[target] = view.observe()
        limits[target] = view.step_changes_max
        if not observed[target].exists and target not in retiring:
            _check_creatable(settings, desired, target)
    return World(decided, desired, observed, retiring, limits, taken)


def _check_creatable(settings: Settings, desired: DesiredRead, target: str) -> None:
    if RecordKey(settings.zone, "NS") not in desired.records:
        raise Refused(
            f"{target} does not exist and the desired state names no NS at {settings.zone}",
            rule="apex-ns-missing",
            remedy="name the zone's NS records: a new zone's SOA takes its mname from the first",
        )


def _parent(
    ports: Ports, stream: str, pointer: Pointer | None, head: Generation | None
) -> PlanReference | None:
    """The head by the digest of its bytes (it need not parse), else what the pointer desires."""
    digest = read_digest(ports.archive, stream, head) if head else None
    if head is not None and digest is not None:
        return PlanReference(generation=head, digest=digest)
    return pointer.desired if pointer else None


def _read_parent(
    ports: Ports, settings: Settings, parent: PlanReference | None, pointer: Pointer | None
) -> tuple[Published | None, str | None]:
    """The parent's document, for what is inherited from it.

    Where the parent is the pointer's plan, its bytes must be the ones that the pointer names: an
    altered file must not pass on a ``source`` or ``standing`` of its own making.
    """
    if parent is None:
        return None, None
    expected = parent.digest
    if pointer is not None and pointer.desired_generation == parent.generation:
        expected = pointer.desired_digest
    try:
        found = read_plan(
            ports.archive, settings.stream, settings.lineage, parent.generation, expected
        )
    except Refused as refusal:
        return None, refusal.what
    return found, None


def _standing(
    ports: Ports, stream: str, parent: PlanReference | None, parent_plan: Published | None
) -> PlanReference | None:
    """The newest override or rollback not yet released: the parent itself, or inherited (S9)."""
    if parent is None or parent_plan is None:
        return None
    inherited = parent_plan.plan.standing if parent_plan.plan.origin == "planner" else parent
    if inherited is None or is_released(ports.register, stream, inherited.generation):
        return None
    return inherited


def _decided_above(ports: Ports, stream: str, floor: int) -> int:
    """The newest generation above the pointer that a person decided on, or 0.

    After a lost archive its number must not be given to other bytes: the approval that is bound to
    the lost ones would refuse them for ever, and the stream would be stuck on that number.
    """
    newest = 0
    for prefix in ("approval#", "reject#"):
        above = f"{prefix}{floor:012d}"
        for item in ports.register.scan(decisions_partition(stream), prefix, above):
            number = item.key.sk.split("#")[1]
            if number.isdigit() and int(number) <= floor + JUMP_MAX:
                newest = max(newest, int(number))
    return newest
