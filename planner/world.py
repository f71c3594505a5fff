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
from plans.decisions import Decisions, Hold, read_decisions
from plans.document import digest_of, encode
from plans.errors import Refused
from plans.fence import Fence
from plans.kinds.dns import Limits, RecordKey
from plans.kinds.health import HEALTH_NAME
from plans.kinds.zone import DESIRED_NAME, zone_document
from plans.mirror import read_mirrors
from plans.names import JUMP_MAX, Generation, plan_key, pointer_key, settings_key
from plans.observed.view import Observation
from plans.plan import PlanReference
from plans.pointer import Pointer, as_pointer
from plans.published import Numbers, Published, as_plan, published_digest, published_from
from plans.settings import Settings, as_settings


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided before this pass looked at the world.

    ``head`` is the newest published generation at or above the pointer; ``parent`` names it, or
    the pointer's where the archive has nothing. ``parent_plan`` is None where the parent cannot be
    read; ``unreadable`` then says why.
    """

    settings: Settings
    pointer: Pointer | None
    decisions: Decisions
    numbers: Numbers
    parent: PlanReference | None
    parent_plan: Published | None
    unreadable: str | None
    standing: PlanReference | None
    hold: Hold | None

    @property
    def decided_above(self) -> int:
        """The newest generation above the pointer that a person decided on, or 0.

        After a lost archive its number must not be given to other bytes: the approval that is bound
        to the lost ones would refuse them for ever, and the stream would be stuck on that number.
        """
        floor = self.decisions.since
        within = (g for g in self.decisions.generations if floor < g <= floor + JUMP_MAX)
        return max(within, default=0)


@dataclass(frozen=True)  # no slots: what is computed once is kept in the instance's dictionary
class World:
    """What was decided, what is desired, and what is there."""

    decided: Decided
    desired: DesiredRead
    observed: Mapping[str, Observation]
    retiring: frozenset[str]
    limits: Mapping[str, Limits]
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
            self._highest_fence,
        ]
        return 1 + max(seen)

    @property
    def is_overtaken(self) -> bool:
        """Whether a fence is above all that was decided: a plan was enacted that was not read."""
        decided = self.decided
        pointer = decided.pointer.desired_generation if decided.pointer else 0
        return self._highest_fence > max(pointer, decided.numbers.head or 0)

    @property
    def _highest_fence(self) -> int:
        """The newest generation on the stream's own fences, or 0."""
        fences = (observation.fence for observation in self.observed.values())
        lineage = self.decided.settings.lineage
        own = (f.generation for f in fences if isinstance(f, Fence) and f.lineage == lineage)
        return max(own, default=0)

    @cached_property
    def desired_body(self) -> bytes:
        """The desired state as a plan carries it. A pass that finds nothing to do needs none."""
        return encode(zone_document(self.decided.settings.zone, self.desired.records))

    @cached_property
    def desired_digest(self) -> str:
        return digest_of(self.desired_body)

    @property
    def attached(self) -> dict[str, bytes]:
        """What a plan is published with, by the attachment's name."""
        bodies = {DESIRED_NAME: self.desired_body}
        if self.desired.health is not None:
            bodies[HEALTH_NAME] = encode(self.desired.health)
        return bodies


def read_decided(ports: Ports, stream: str) -> Decided:
    """Step 1 of the pass: head, pointer and decisions.

    Raises:
        Refused: no such stream, or a register item is not readable.
        Unavailable: a store cannot be read.
    """
    of_settings, of_pointer = ports.register.read_all(settings_key(stream), pointer_key(stream))
    settings, pointer = as_settings(of_settings, stream), as_pointer(of_pointer, stream)
    floor = pointer.desired_generation if pointer else 0
    decisions = read_decisions(ports.register, stream, floor)
    numbers = published_from(ports.archive, stream, floor)
    parent, parent_plan, unreadable = _parent(ports, settings, pointer, numbers.head)
    return Decided(
        settings=settings,
        pointer=pointer,
        decisions=decisions,
        numbers=numbers,
        parent=parent,
        parent_plan=parent_plan,
        unreadable=unreadable,
        standing=_standing(decisions, parent, parent_plan),
        hold=decisions.hold(ports.clock.now()),
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
    mirrors = read_mirrors(ports.register, settings.stream) if settings.retiring else {}
    retiring = frozenset(
        target
        for target in settings.retiring
        if not (target in mirrors and mirrors[target].retired)
    )
    observed: dict[str, Observation] = {}
    limits: dict[str, Limits] = {}
    for target in (*settings.targets, *sorted(retiring)):
        view = ports.view(target)
        observed[target] = view.observe()
        limits[target] = view
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
    ports: Ports, settings: Settings, pointer: Pointer | None, head: Generation | None
) -> tuple[PlanReference | None, Published | None, str | None]:
    """The plan before the next: its name, its document, and why there is none where there is none.

    It is the head by the digest of its bytes, which need not parse, else what the pointer desires.
    Where it is the pointer's plan, its bytes must be the ones that the pointer names: an altered
    file must not pass on a ``source`` or ``standing`` of its own making.
    """
    stream = settings.stream
    desired = pointer.desired if pointer else None
    generation = head or (desired.generation if desired else None)
    if generation is None:
        return None, None, None
    stored = ports.archive.read(plan_key(stream, generation))
    parent = desired
    if head is not None and stored is not None:
        parent = PlanReference(generation=head, digest=published_digest(stored))
    if parent is None:
        return None, None, None  # the head was listed and is gone: there never was a pointer
    if parent.generation != generation:  # the head was listed and is gone
        stored = ports.archive.read(plan_key(stream, parent.generation))
    at_pointer = desired is not None and desired.generation == parent.generation
    expected = desired.digest if desired is not None and at_pointer else parent.digest
    try:
        found = as_plan(stored, stream, settings.lineage, parent.generation, expected)
    except Refused as refusal:
        return parent, None, refusal.what
    return parent, found, None


def _standing(
    decisions: Decisions, parent: PlanReference | None, parent_plan: Published | None
) -> PlanReference | None:
    """The newest override or rollback not yet released: the parent itself, or inherited (S9)."""
    if parent is None or parent_plan is None:
        return None
    inherited = parent_plan.plan.standing if parent_plan.plan.origin == "planner" else parent
    if inherited is None or decisions.is_released(inherited.generation):
        return None
    return inherited
