"""Half an hour of a bad day, twelve times as fast: two regions, three enactors, one lease.

The planner keeps publishing. The way to the stores takes 500 ms there and back, and 4 s for one of
twenty requests; again and again a region is cut off, most often the leader's. Every clock of these
processes runs ``RATE`` times as fast as time does, and so do the SDK's timeouts, so that 60 s of
lease are 5. One region's clocks are an hour ahead.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import enactor.ports
from enactor.enacting import enact_stream
from planfence.clock import SystemClock
from plans import journal
from plans.errors import PlanfenceError
from plans.fence import Fence
from plans.journal import Entry
from plans.lease import as_lease, read_lease
from plans.names import lease_key
from plans.settings import change_settings, read_settings
from plans.storage import aws
from plans.storage.register import Action, Attributes, Item, Key, Put, Register
from tests.emulators.servers import ROOT, Credentials, Server
from tests.processes.crew import Crew, alone
from tests.processes.evidence import check_applied, check_whole, versions
from tests.processes.network import Carried, Delays, Fate, Network
from tests.processes.recorded import RecordedTarget, UnfencedTarget
from tests.processes.stores import Aws, AwsAt
from tests.processes.world import STREAM, Report, World, new_id

RATE: Final = 12.0
LEASE_SECONDS: Final = 60
STEP_SECONDS: Final = 4.0
PLAN_EVERY_SECONDS: Final = 45.0
QUIET_SECONDS: Final = 15.0
OFF_SECONDS: Final = 120.0
PATIENCE_SECONDS: Final = 600.0
FRESH: Final = timedelta(seconds=25)  # a pass takes twice as long, by its steps alone
FRESH_TRIES: Final = 120
HOSTS: Final = {"one-a": "one", "one-b": "one", "two-a": "two"}
AHEAD: Final = {"one": timedelta(0), "two": timedelta(hours=1)}


@dataclass(frozen=True)
class FastClock(SystemClock):
    """A host's clock in the compressed day: its seconds are short, and it may be set wrong."""

    began: float
    start: datetime
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.monotonic()) + self.ahead

    def monotonic(self) -> float:
        return (time.monotonic() - self.began) * RATE

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds) / RATE)


@dataclass(frozen=True)
class HastyServer(Server):
    """A server whose clients give up as much earlier as the clocks run faster."""

    def client(self, service: str, credentials: Credentials = ROOT) -> Any:
        connect, read = aws.CONNECT_SECONDS / RATE, aws.READ_SECONDS / RATE
        with patch.multiple(aws, CONNECT_SECONDS=connect, READ_SECONDS=read):
            return super().client(service, credentials)


class SlowTarget(RecordedTarget):
    """Each step takes a while to get there."""

    def apply(self, *changes: Any, **fences: Any) -> None:
        self.clock.sleep(STEP_SECONDS)
        super().apply(*changes, **fences)


class SlowUnfencedTarget(SlowTarget, UnfencedTarget):
    """Test only: the version without the protection."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """An election: a lease taken from a holder that had not given it back."""

    seconds: float
    epoch: int
    holder: str


@dataclass
class Diary:
    """What one enactor was told and did. Implements ``enactor.ports.Progress``.

    ``steps`` are those that a target acknowledged; ``epochs`` those under which it had the lease.
    """

    name: str
    reports: list[Report] = field(default_factory=list)
    steps: list[tuple[str, int, int]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    takeovers: list[Takeover] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)

    def claimed(self, generation: int, *, resumed: bool) -> None:
        self.claims.append(generation)

    def stepped(self, target: str, step: int, *, done: bool) -> None:
        self.steps.append((target, self.claims[-1], step))

    def waits_for_lease(self, holder: str, epoch: int, seconds: float) -> None: ...

    def lease_kept(self, reason: str) -> None: ...

    def waiting(self, target: str, seconds: float) -> None: ...


@dataclass
class ElectionRegister:
    """A register that notes when its user takes the lease, and from whom; else as it is."""

    inner: Register
    diary: Diary
    clock: FastClock
    seen: Attributes | None = None

    def read(self, key: Key) -> Attributes | None:
        found = self.inner.read(key)
        if key == lease_key(STREAM):
            self.seen = found
        return found

    def read_all(self, *keys: Key) -> tuple[Attributes | None, ...]:
        return self.inner.read_all(*keys)

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        return self.inner.scan(pk, prefix, after)

    def write(self, *actions: Action, token: str | None = None) -> None:
        self.inner.write(*actions, token=token)
        for action in actions:
            if isinstance(action, Put) and action.key == lease_key(STREAM):
                self._leased(action.attributes)

    def _leased(self, written: Attributes) -> None:
        lease, before = as_lease(written, STREAM), as_lease(self.seen, STREAM)
        assert lease is not None
        if lease.state == "released" or lease.epoch in self.diary.epochs:
            return
        self.diary.epochs.append(lease.epoch)
        if before is not None and before.state == "held":
            at = self.clock.monotonic()
            self.diary.takeovers.append(Takeover(at, lease.epoch, before.holder))


@dataclass(frozen=True, slots=True)
class Trouble:
    """A region that was off, from when to when, and whether the leader was there."""

    region: str
    fate: Fate
    began: float
    ended: float
    of_leader: bool


@dataclass(frozen=True, slots=True)
class Day:
    """What became of it all. Seconds are those of the fast clocks."""

    seconds: float
    diaries: list[Diary]
    troubles: list[Trouble]
    carried: dict[str, Carried]
    planned: int
    entries: int
    lost_leases: int

    @property
    def takeovers(self) -> list[Takeover]:
        return [takeover for diary in self.diaries for takeover in diary.takeovers]

    @property
    def unexplained(self) -> list[Takeover]:
        """Those from a holder whose region was not off then, nor within a lease before."""
        return [
            takeover
            for takeover in self.takeovers
            if not any(
                trouble.region == HOSTS[takeover.holder]
                and trouble.began <= takeover.seconds <= trouble.ended + LEASE_SECONDS
                for trouble in self.troubles
            )
        ]

    def __str__(self) -> str:
        applied = sum(each.outcome == "applied" for d in self.diaries for each in d.reports)
        epochs = sum(len(diary.epochs) for diary in self.diaries)
        return (
            f"{self.seconds / 60:.0f} simulated minutes, {self.planned} plans, {applied} passes"
            f" that applied, {sum(len(diary.steps) for diary in self.diaries)} steps,"
            f" {self.entries} journal entries, {epochs} epochs, {len(self.troubles)} troubles"
            f" ({sum(each.of_leader for each in self.troubles)} of the leader's region),"
            f" {len(self.takeovers)} takeovers ({len(self.unexplained)} unexplained),"
            f" {self.lost_leases} leases journaled as lost,"
            f" {sum(each.held_up for each in self.carried.values())} chunks held up"
        )


def failover(
    stores_at: AwsAt,
    folder: Path,
    minutes: float,
    *,
    lease_seconds: int = LEASE_SECONDS,
    target_class: type[SlowTarget] = SlowTarget,
) -> Day:
    """Live through so many minutes of it, and check what must be true of any day."""
    clock = FastClock(time.monotonic(), datetime.now(UTC))
    stores = stores_at(folder)
    world = World(
        folder, stores, "converge", limit=1, target_class=target_class, clock=clock
    ).build()
    with world.register() as register:
        before = read_settings(register, STREAM)
        after = before.model_copy(update={"lease_seconds": lease_seconds})
        change_settings(register, before, after, by="admin", clock=clock, attempt=new_id())
    delays = Delays(usual_seconds=0.25 / RATE, slow_seconds=3.75 / RATE)
    until = clock.monotonic() + minutes * 60
    with Crew() as crew:
        network = Network(crew, stores.server.endpoint, ("one", "two"), delays)
        planner = crew.start(lambda _: _plans(world, until))
        enactors = [
            crew.start(lambda _, name=name: _enacts(_from(world, name, network), name, until))  # type: ignore[misc]
            for name in HOSTS
        ]
        troubles = _troubled(world, network, until)
        diaries = [enactor.result() for enactor in enactors]
        files = planner.result()
        carried = network.end()
    check_whole(world)
    newest = alone(world.enact)
    assert newest.outcome in ("applied", "already_applied"), newest
    assert newest.generation == len(files)
    check_applied(world, newest, files[-1])
    check_whole(world)
    with world.register() as register:
        entries = list(journal.read_entries(register, STREAM))
    _check_effects(world, diaries, entries)
    _check_entries(diaries, entries, len(files))
    lost = sum(entry.kind == "lease-lost" for entry in entries)
    return Day(minutes * 60, diaries, troubles, carried, len(files), len(entries), lost)


def _from(world: World, host: str, network: Network) -> World:
    """The world as a host of a region sees it."""
    stores, clock, region = world.stores, world.clock, HOSTS[host]
    assert isinstance(stores, Aws)
    assert isinstance(clock, FastClock)
    own = replace(clock, ahead=AHEAD[region])
    server = stores.server
    endpoint = f"http://127.0.0.1:{network.ports[region]}"
    hasty = replace(stores, server=HastyServer(server.name, endpoint, server.pid), clock=own)
    return replace(world, stores=hasty, clock=own)


def _plans(world: World, until: float) -> list[Path]:
    """The planner: another state of all records every now and then, published and approved."""
    files: list[Path] = []
    while world.clock.monotonic() < until - PLAN_EVERY_SECONDS:
        number = len(files) % 200 + 1
        labels = ("www", "mail", "h1", "h2", "h3")
        files.append(world.write_desired(f"d{len(files)}", dict.fromkeys(labels, number)))
        world.approved(files[-1])
        world.clock.sleep(PLAN_EVERY_SECONDS)
    return files


def _enacts(world: World, name: str, until: float) -> Diary:
    """An enactor: the newest plan, again and again, waiting for the lease."""
    diary = Diary(name)
    assert isinstance(world.clock, FastClock)
    while world.clock.monotonic() < until - LEASE_SECONDS:
        diary.reports.append(_pass(world, diary, world.clock))
        world.clock.sleep(2.0)
    return diary


def _pass(world: World, diary: Diary, clock: FastClock) -> Report:
    request = enactor.ports.Request(STREAM, diary.name, wait_seconds=PATIENCE_SECONDS)
    with world.register() as register:
        ports = enactor.ports.Ports(
            world.archive,
            ElectionRegister(register, diary, clock),
            clock,
            new_id,
            lambda name, *_: world.target(name),
            diary,
        )
        try:
            found = enact_stream(ports, request)
        except PlanfenceError as error:
            return Report(error.outcome, error.exit_code, None, None, error.rule)
    rule = found.error.rule if found.error else None
    return Report(found.outcome, 0, found.generation, found.digest, rule)


def _troubled(world: World, network: Network, until: float) -> list[Trouble]:
    """Again and again a region is off for two minutes: the leader's, each third time the other."""
    clock = world.clock
    troubles: list[Trouble] = []
    while clock.monotonic() + QUIET_SECONDS + OFF_SECONDS <= until:
        clock.sleep(QUIET_SECONDS)
        leader = alone(lambda: _leader(world))
        region = HOSTS[leader] if leader else "one"
        of_leader = leader is not None and len(troubles) % 3 < 2
        if not of_leader:
            region = next(each for each in AHEAD if each != region)
        fate: Fate = "parted" if len(troubles) % 2 == 0 else "cut"
        began = clock.monotonic()
        network.put(region, fate)
        clock.sleep(OFF_SECONDS)
        network.put(region, "whole")
        troubles.append(Trouble(region, fate, began, clock.monotonic(), of_leader))
    return troubles


def _leader(world: World) -> str | None:
    """Who has the lease since a moment ago, so that it still has it in a moment; waited for."""
    with world.register() as register:
        for _ in range(FRESH_TRIES):
            lease = read_lease(register, STREAM)
            if lease is not None and lease.state == "held":
                age = world.clock.now() + AHEAD[HOSTS[lease.holder]] - lease.at
                if age < FRESH:
                    return lease.holder
            world.clock.sleep(1.0)
    return None


def _check_effects(world: World, diaries: list[Diary], entries: list[Entry]) -> None:
    """Every step that was acknowledged took effect once, and nothing did that nobody claimed."""
    acknowledged = [step for diary in diaries for step in diary.steps]
    repeated = [step for step, times in Counter(acknowledged).items() if times > 1]
    assert not repeated, repeated
    effects = Counter[tuple[str, int, int]]()
    for target in world.targets:
        for version in versions(world, target):
            assert isinstance(version.fence, Fence)
            effects[(target, version.fence.generation, version.fence.step)] += 1
    assert set(effects.values()) == {1}, "an effect was double"
    assert set(acknowledged) <= set(effects), "an effect was lost"
    claimed = {entry.generation for entry in entries if entry.kind == "claimed"}
    assert {generation for _, generation, _ in effects} <= claimed


def _check_entries(diaries: list[Diary], entries: list[Entry], planned: int) -> None:
    """Whatever was acknowledged is told. An answer that was lost is told and not acknowledged."""
    told = Counter((entry.by, entry.kind) for entry in entries)
    completed = {(entry.generation, entry.digest) for entry in entries if entry.kind == "applied"}
    for diary in diaries:
        claims = told[diary.name, "claimed"] + told[diary.name, "resumed"]
        assert claims >= len(diary.claims), diary
        # Without a lease two may find all targets done; the entry is of whoever was first.
        applied = {
            (each.generation, each.digest) for each in diary.reports if each.outcome == "applied"
        }
        assert applied <= completed, diary
    assert told["rita", "approved"] == planned
    epochs = sorted(epoch for diary in diaries for epoch in diary.epochs)
    assert len(set(epochs)) == len(epochs), "two leaders under one epoch"
