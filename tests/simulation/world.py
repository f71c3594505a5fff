"""One stream with two targets, its stores, and everything that people and processes do to it.

``World`` is used from both sides: the seeded simulation lets actors interleave in it, and the named
schedules drive it by hand. What a method does is the real code; the world only passes things in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import enactor.enacting as enacting
import enactor.ports
import planner.planning as planning
import planner.ports
from planner.ports import DesiredSource
from plans.deciding import approve, place_hold, record_override, reject, release
from plans.decisions import read_hold
from plans.document import digest_of, encode
from plans.errors import PlanfenceError, Refused
from plans.kinds.dns import RecordKey, Records
from plans.mirror import Mirror, read_mirrors
from plans.names import plan_key
from plans.plan import Mode, Origin, Tombstone, Waiver
from plans.pointer import Pointer, read_pointer
from plans.published import Published, published_from, read_plan
from plans.settings import Settings, change_settings, create_stream, read_settings
from tests.doubles.zone import MemoryZone
from tests.simulation.invariants import Violation, Watch
from tests.simulation.ports import (
    Checkout,
    CountedIds,
    LeasedRegister,
    LossyArchive,
    Repository,
    SimArchive,
    SimClock,
    SimProgress,
    SimRegister,
    SimZone,
)
from tests.simulation.scheduler import Actor, Scheduler

STREAM = "dns/example.com"
ZONE = "example.com."
LINEAGE = "1" * 32
APEX = RecordKey(ZONE, "NS")
NAMES = tuple("abcdefgh")
LEASE_SECONDS = 40

State = dict[RecordKey, Records]


def zone_state(**addresses: int) -> State:
    """The apex NS, and an A record 192.0.2.n for each name given: ``zone_state(a=1, b=7)``."""
    state: State = {APEX: Records(300, ("ns1.example.net.",))}
    for name, number in addresses.items():
        state[RecordKey(f"{name}.{ZONE}", "A")] = Records(300, (f"192.0.2.{number}",))
    return state


@dataclass(frozen=True)
class Shape:
    """What a world is built with. ``zone`` and ``register`` are where a mutant may stand."""

    mode: Mode = "exact"
    approvals: int = 1
    limits: tuple[int | None, ...] = (2, None)
    start: Mapping[RecordKey, Records] | None = None
    zone: type[MemoryZone] = MemoryZone
    register: type[LeasedRegister] = LeasedRegister
    deletes_max: str = "100%"
    targets: int = 2
    retain_count: int = 1
    prune_grace_hours: int = 0
    approval_hours: int = 24
    lease: Literal["off", "on", "granted"] = "off"


class World:
    """Stores, targets ``t1``, ``t2`` and a repository. Nothing is enacted yet; commit 0 is live."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.sim = Scheduler()
        self.clock = SimClock(self.sim)
        self.new_id = CountedIds()
        self.archive = LossyArchive()
        self.register = shape.register()
        self.register.granting = shape.lease == "granted"
        self.watch = Watch(STREAM, self.sim, self.archive, self.register)
        self.watch.ledger.lease_means_something = shape.lease != "granted"
        start = dict(zone_state(a=1, b=1, c=1) if shape.start is None else shape.start)
        self.repository = Repository(commits=[start])
        self.zones: dict[str, MemoryZone] = {}
        for number, limit in zip(range(1, shape.targets + 1), shape.limits, strict=False):
            zone = shape.zone(f"t{number}", start, limit)
            self.zones[zone.id] = zone
            self.watch.add(zone)
        self.seen_archive = SimArchive(self.sim, self.archive, self.watch)
        self.seen_register = SimRegister(self.sim, self.register, self.watch)
        settings = Settings(
            stream=STREAM,
            kind="dns",
            lineage=LINEAGE,
            version=1,
            zone=ZONE,
            targets=tuple(self.zones),
            mode=shape.mode,
            approvals=shape.approvals,
            updates_max="100%",
            deletes_max=shape.deletes_max,
            lease_seconds=0 if shape.lease == "off" else LEASE_SECONDS,
            retain_days=0,
            retain_count=shape.retain_count,
            prune_grace_hours=shape.prune_grace_hours,
            approval_hours=shape.approval_hours,
        )
        create_stream(
            self.seen_register, settings, by="admin", clock=self.clock, attempt=self.new_id()
        )

    def target(self, name: str) -> SimZone:
        return SimZone(self.sim, self.zones[name], self.watch)

    @property
    def t1(self) -> MemoryZone:
        return self.zones["t1"]

    @property
    def t2(self) -> MemoryZone:
        return self.zones["t2"]

    @property
    def desired(self) -> State:
        return self.repository.commits[-1]

    @property
    def pointer(self) -> Pointer:
        pointer = read_pointer(self.register, STREAM)
        assert pointer is not None
        return pointer

    @property
    def desired_generation(self) -> int:
        """What the pointer desires, or 0."""
        pointer = read_pointer(self.register, STREAM)
        return pointer.desired_generation if pointer else 0

    @property
    def applied(self) -> int:
        return self.pointer.applied_generation

    @property
    def mirrors(self) -> dict[str, Mirror]:
        return read_mirrors(self.register, STREAM)

    def commit(self, state: State) -> int:
        return self.repository.commit(state)

    # What processes do. Each runs as it is, or inside an actor through ``spawn``.

    def plan(
        self,
        by: str = "P",
        *,
        pinned: int | None = None,
        loose: State | None = None,
        given: DesiredSource | None = None,
        origin: Origin = "planner",
        waive: tuple[str, ...] = (),
    ) -> planning.Outcome:
        ports = planner.ports.Ports(
            archive=self.seen_archive,
            register=self.seen_register,
            clock=self.clock,
            desired=given or Checkout(self.sim, self.repository, pinned, loose),
            view=self.target,
        )
        waivers = tuple(Waiver(rule=rule, reason="simulated") for rule in waive)
        request = planner.ports.Request(
            stream=STREAM, by=by, reason="simulated", waivers=waivers, origin=origin
        )
        outcome = planning.plan_stream(ports, request)
        if outcome.outcome == "published":
            self.watch.told_published(outcome.generation, outcome.digest)
        self.sim.tell(f"plan: {outcome.outcome} {outcome.generation} ({outcome.why})")
        return outcome

    def enact(
        self,
        by: str = "E",
        generation: int | None = None,
        digest: str | None = None,
        *,
        adopt: bool = False,
        allow_jump: str | None = None,
        target: Callable[[str], SimZone] | None = None,
        wait_seconds: float = 0.0,
    ) -> enacting.Outcome:
        attempts: list[str] = []

        def new_id() -> str:
            attempts.append(self.new_id())
            if len(attempts) == 1:
                self.watch.permission.began[attempts[0]] = self.clock.now()
            return attempts[-1]

        ports = enactor.ports.Ports(
            archive=self.seen_archive,
            register=self.seen_register,
            clock=self.clock,
            new_id=new_id,
            target=lambda name, *_: (target or self.target)(name),
            progress=SimProgress(self.sim),
        )
        request = enactor.ports.Request(
            STREAM, by, generation, digest, adopt, allow_jump, wait_seconds=wait_seconds
        )
        try:
            outcome = enacting.enact_stream(ports, request)
        except PlanfenceError as error:
            self.watch.pass_ended(error.outcome, error.rule, claimed=False)
            raise
        is_asked = digest in (None, outcome.digest) or outcome.generation != generation
        self.watch.told(outcome.outcome, outcome.generation, is_asked=is_asked)
        rule = outcome.error.rule if outcome.error is not None else None
        self.watch.pass_ended(outcome.outcome, rule, claimed=True)
        self.sim.tell(f"enact: {outcome.outcome} {outcome.generation} ({outcome.error or 'well'})")
        return outcome

    def published(self, generation: int | None = None) -> Published:
        """A plan as a reviewer reads it: the head, or the one named."""
        settings = read_settings(self.seen_register, STREAM)
        if generation is None:
            pointer = read_pointer(self.seen_register, STREAM)
            floor = pointer.desired_generation if pointer else 0
            generation = published_from(self.seen_archive, STREAM, floor).head
        if generation is None:
            raise Refused("nothing is published", rule="plan-missing")
        return read_plan(self.seen_archive, STREAM, settings.lineage, generation)

    def approve(
        self, generation: int | None = None, by: str = "rita", emergency: str | None = None
    ) -> Published:
        found = self.published(generation)
        settings = read_settings(self.seen_register, STREAM)
        approve(
            self.seen_register,
            found.plan,
            found.digest,
            settings,
            approver=by,
            clock=self.clock,
            attempt=self.new_id(),
            emergency=emergency,
        )
        return found

    def record_override(self, found: Published, by: str) -> None:
        record_override(
            self.seen_register,
            found.plan,
            found.digest,
            by=by,
            reason="simulated",
            given="by hand",
            clock=self.clock,
            attempt=self.new_id(),
        )

    def reject(self, generation: int | None = None, by: str = "rita") -> Published:
        found = self.published(generation)
        reject(
            self.seen_register,
            found.plan,
            found.digest,
            by=by,
            reason="simulated",
            clock=self.clock,
            attempt=self.new_id(),
        )
        return found

    def hold(self, by: str = "olaf", lasting: timedelta | None = None) -> None:
        place_hold(
            self.seen_register,
            STREAM,
            by=by,
            reason="simulated",
            clock=self.clock,
            attempt=self.new_id(),
            lasting=lasting,
        )

    def release(self, standing: int | None = None, by: str = "olaf") -> None:
        release(
            self.seen_register,
            STREAM,
            standing=standing,
            by=by,
            clock=self.clock,
            attempt=self.new_id(),
        )

    @property
    def held(self) -> bool:
        return read_hold(self.register, STREAM, self.clock.now()) is not None

    def set(self, **values: object) -> None:
        """An admin changes the stream's settings."""
        before = read_settings(self.seen_register, STREAM)
        after = Settings.model_validate(before.model_dump() | values)
        change_settings(
            self.seen_register, before, after, by="admin", clock=self.clock, attempt=self.new_id()
        )

    # What only an adversary or a person with a shell does. Each is one atomic operation.

    def bury(self, key: str) -> None:
        """Replace an object by a tombstone, whoever needs it: the janitor of 2025."""

        def effect() -> None:
            stored = self.archive.read(key)
            if stored is None:
                return
            generation = int(key.rpartition("/")[2].removesuffix(".json")) if "plans" in key else 1
            self.watch.touched_files = True
            tombstone = Tombstone(generation=generation, digest=digest_of(stored.body))
            self.archive.bury(key, encode(tombstone), stored.etag)

        self.sim.operate(f"adversary.bury {key}", effect)

    def lose(self, key: str) -> None:
        """Remove an object, so that its key can be created again."""

        def effect() -> None:
            self.watch.touched_files = True
            self.archive.lose(key)
            self.watch.lost_file(key)

        self.sim.operate(f"adversary.lose {key}", effect)

    def bury_plan(self, generation: int) -> None:
        self.bury(plan_key(STREAM, generation))

    def lose_plan(self, generation: int) -> None:
        self.lose(plan_key(STREAM, generation))

    def drift(self, target: str, state: State) -> None:
        """A hand changes a target's records, and leaves the fence record alone."""

        def effect() -> None:
            self.zones[target].state = dict(state)
            self.watch.hand_touched(target, fence=False)

        self.sim.operate(f"hand.drift {target}", effect)

    def lose_fence(self, target: str) -> None:
        """Another tool deletes the fence record, which it does not know."""

        def effect() -> None:
            self.zones[target].fence = None
            self.watch.hand_touched(target, fence=True)

        self.sim.operate(f"hand.lose_fence {target}", effect)

    # Actors, for schedules that are driven by hand.

    def planner(self, name: str = "P", **options: object) -> Actor:
        return self.sim.spawn(name, lambda: self.plan(name, **options))  # type: ignore[arg-type]

    def enactor(self, name: str, generation: int | None = None, **options: object) -> Actor:
        return self.sim.spawn(name, lambda: self.enact(name, generation, **options))  # type: ignore[arg-type]

    def bring(self, state: State | None = None, **plan: object) -> Published:
        """Commit, plan, approve and enact in one go, with nobody in between."""
        if state is not None:
            self.commit(state)
        outcome = self.plan(**plan)  # type: ignore[arg-type]
        found = self.ready(outcome)
        ended = self.enact(generation=found.plan.generation, digest=found.digest)
        if ended.outcome != "applied":
            raise Violation("scene", f"{ended.outcome}: {ended.error}\n{self.sim}")
        return found

    def ready(self, outcome: planning.Outcome) -> Published:
        """Approve what was published, as somebody else."""
        assert outcome.published is not None, outcome
        return self.approve(outcome.generation)

    def publish(self, state: State | None = None, **plan: object) -> Published:
        """Commit, plan and approve; leave it to be enacted."""
        if state is not None:
            self.commit(state)
        return self.ready(self.plan(**plan))  # type: ignore[arg-type]
