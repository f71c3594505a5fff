"""One stream on stores of its own, its zone files in one folder, and what processes do to it.

Every method opens the stores anew and closes them, as a command does, so that it may run in a
process forked a moment ago. Nothing is held open between two calls.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import enactor.ports
import planner.ports
from enactor.enacting import enact_stream
from planfence.clock import SystemClock
from planner.dns import ZoneYaml
from planner.planning import plan_stream
from planner.zone_yaml import read_zone_yaml
from plans.deciding import approve
from plans.errors import PlanfenceError
from plans.kinds.dns import RecordKey, Records
from plans.plan import Ancestry, Mode, Waiver
from plans.pointer import Pointer, read_pointer
from plans.published import Published, read_plan
from plans.settings import Settings, create_stream, read_settings
from plans.storage.archive import Archive
from plans.storage.register import Register
from tests.builders import no_health
from tests.processes.points import Points
from tests.processes.recorded import RecordedTarget
from tests.processes.stores import Stores
from tests.processes.watched import WatchedArchive, WatchedRegister

STREAM = "dns/example.com"
ZONE = "example.com."
LINEAGE = "1" * 32
T1, T2 = "zonefile:t1.zone", "zonefile:t2.zone"

# What an outcome means to a script (DESIGN section 8). The command has its own table.
EXIT_CODES = {
    **dict.fromkeys(("published", "pending", "unchanged", "applied", "already_applied"), 0),
    "failed": 1,
    "refused": 3,
    "superseded": 4,
    "unavailable": 5,
    "partial": 6,
}


@dataclass
class Counted:
    """Counts the claims that a pass was told it made."""

    claims: int = 0

    def claimed(self, generation: int, *, resumed: bool) -> None:
        self.claims += 1

    def stepped(self, target: str, step: int, *, done: bool) -> None: ...

    def waits_for_lease(self, holder: str, epoch: int, seconds: float) -> None: ...

    def lease_kept(self, reason: str) -> None: ...

    def waiting(self, target: str, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Report:
    """How a pass ended, in plain values that cross a wire."""

    outcome: str
    exit_code: int
    generation: int | None
    digest: str | None
    rule: str | None
    done: tuple[str, ...] = ()
    reads: int = 0
    claims: int = 0
    points: int = 0


@dataclass
class CountedYaml:
    """The real source of desired state, with a count of how often it was read."""

    inner: ZoneYaml
    reads: int = 0

    def read(self) -> planner.ports.DesiredRead:
        self.reads += 1
        return self.inner.read()

    def relate(self, source: str, commit: str) -> Ancestry:
        return self.inner.relate(source, commit)


def new_id() -> str:
    return uuid4().hex


@dataclass(frozen=True)
class World:
    """One stream: its stores, and the folder of its zone files and desired states.

    ``limit`` is the most changes that one step holds, so that a small plan has several steps.
    ``busy_seconds`` is how long an enactor waits for a zone file's lock.
    """

    folder: Path
    stores: Stores
    mode: Mode = "exact"
    targets: tuple[str, ...] = (T1, T2)
    limit: int | None = None
    busy_seconds: float = 60.0
    target_class: type[RecordedTarget] = RecordedTarget
    clock: SystemClock = field(default_factory=SystemClock)

    def build(self) -> World:
        """Make the stores and the stream. The zone files are not there yet."""
        self.folder.mkdir(parents=True)
        self.stores.build()
        settings = Settings(
            stream=STREAM,
            kind="dns",
            lineage=LINEAGE,
            version=1,
            zone=ZONE,
            targets=self.targets,
            mode=self.mode,
            approvals=1,
            updates_max="100%",
            deletes_max="100%",
        )
        with self.register() as register:
            create_stream(register, settings, by="admin", clock=self.clock, attempt=new_id())
        return self

    def copied(self, folder: Path) -> World:
        """Another world with the same past, which has not yet parted from this one."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return replace(self, folder=folder, stores=self.stores.copied(folder))

    @property
    def archive(self) -> Archive:
        return self.stores.archive

    def register(self) -> AbstractContextManager[Register]:
        """The register, opened at its first use and closed at the end: never across a fork."""
        return self.stores.register()

    def path(self, target: str) -> Path:
        return self.folder / target.removeprefix("zonefile:")

    def target(self, target: str, points: Points | None = None) -> RecordedTarget:
        found = self.target_class(
            target, self.path(target), ZONE, clock=self.clock, busy_seconds=self.busy_seconds
        )
        found.limit = self.limit
        found.points = points or Points()
        return found

    def write_desired(self, name: str, addresses: Mapping[str, int]) -> Path:
        """A zone in octoDNS YAML: its NS, and for each name an A record 192.0.2.n."""
        lines = ["'': {type: NS, ttl: 3600, values: [ns1.example.net.]}"]
        lines += [
            f"{label}: {{type: A, ttl: 300, value: 192.0.2.{number}}}"
            for label, number in sorted(addresses.items())
        ]
        path = self.folder / f"{name}.yaml"
        path.write_text("\n".join(lines) + "\n")
        return path

    @staticmethod
    def records(desired: Path) -> dict[RecordKey, Records]:
        return read_zone_yaml(desired, ZONE, escaped_semicolons=None).records

    @property
    def pointer(self) -> Pointer | None:
        with self.register() as register:
            return read_pointer(register, STREAM)

    def published(self, generation: int) -> Published:
        return read_plan(self.archive, STREAM, LINEAGE, generation)

    def plan(
        self,
        desired: Path,
        by: str = "pia",
        *,
        waive: tuple[str, ...] = (),
        points: Points | None = None,
    ) -> Report:
        """One planning pass, as a command runs it."""
        source = CountedYaml(ZoneYaml(desired, desired.name, ZONE, None, no_health, self.clock))
        waivers = tuple(Waiver(rule=rule, reason="tested") for rule in waive)
        with self.register() as register:
            ports = planner.ports.Ports(
                WatchedArchive(self.archive, points or Points()),
                register,
                self.clock,
                source,
                lambda name: self.target(name, points),
            )
            try:
                found = plan_stream(ports, planner.ports.Request(STREAM, by, waivers=waivers))
            except PlanfenceError as error:
                return _failed(error, reads=source.reads)
        return Report(
            found.outcome,
            EXIT_CODES[found.outcome],
            found.generation,
            found.digest,
            None,
            reads=source.reads,
            points=points.passed if points else 0,
        )

    def approve(self, generation: int, by: str = "rita") -> None:
        found = self.published(generation)
        with self.register() as register:
            approve(
                register,
                found.plan,
                found.digest,
                read_settings(register, STREAM),
                approver=by,
                clock=self.clock,
                attempt=new_id(),
            )

    def enact(
        self, plan: Report | None = None, by: str = "eve", *, points: Points | None = None
    ) -> Report:
        """One enacting pass, as a command runs it: of the plan named, or of the newest."""
        request = enactor.ports.Request(
            STREAM, by, plan.generation if plan else None, plan.digest if plan else None
        )
        progress = Counted()
        with self.register() as register:
            ports = enactor.ports.Ports(
                self.archive,
                WatchedRegister(register, points or Points()),
                self.clock,
                new_id,
                lambda name, *_: self.target(name, points),
                progress,
            )
            try:
                found = enact_stream(ports, request)
            except PlanfenceError as error:
                return _failed(error, claims=progress.claims)
        return Report(
            found.outcome,
            EXIT_CODES[found.outcome],
            found.generation,
            found.digest,
            found.error.rule if found.error else None,
            done=tuple(target.target for target in found.targets if target.done),
            claims=progress.claims,
            points=points.passed if points else 0,
        )

    def approved(self, desired: Path) -> Report:
        """A plan that was published by one person and approved by another."""
        planned = self.plan(desired)
        assert planned.outcome == "published", planned
        assert planned.generation is not None
        self.approve(planned.generation)
        return planned

    def bring(self, desired: Path) -> Report:
        """Plan, approve and enact, which must apply."""
        planned = self.approved(desired)
        enacted = self.enact(planned)
        assert enacted.outcome == "applied", enacted
        return enacted


def _failed(error: PlanfenceError, *, reads: int = 0, claims: int = 0) -> Report:
    return Report(
        error.outcome, error.exit_code, None, None, error.rule, reads=reads, claims=claims
    )
