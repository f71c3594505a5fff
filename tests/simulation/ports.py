"""The stores, targets and clock as a simulated process sees them: every operation is a point.

Each wrapper hands the operation to the scheduler before it happens, and shows its effect to the
watch in the same instant. A listing comes in small pages, so that the world moves between two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import islice

from planner.ports import DesiredRead, InputRead
from plans.errors import FenceMoved, KeyTaken
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records
from plans.names import Key, generation_of_key
from plans.observed.view import Observation
from plans.plan import Ancestry
from plans.published import is_tombstone
from plans.storage.archive import Stored
from plans.storage.register import Action, All, Attributes, Item, Put
from tests.doubles.memory import MemoryArchive, MemoryRegister
from tests.doubles.zone import MemoryZone
from tests.simulation.invariants import Watch
from tests.simulation.scheduler import Scheduler
from tests.simulation.violation import Violation

PAGE = 8
_KIND = re.compile(r'"kind":"([a-z]+)"')


class SimArchive:
    """The archive of one process."""

    def __init__(self, sim: Scheduler, inner: MemoryArchive, watch: Watch) -> None:
        self._sim, self._inner, self._watch = sim, inner, watch

    def create(self, key: str, body: bytes) -> None:
        def effect() -> None:
            try:
                self._inner.create(key, body)
            except KeyTaken:
                found = self._inner.read(key)
                if found is not None and found.body != body:
                    self._watch.key_was_taken(key, buried=is_tombstone(found.body))
                raise
            self._watch.archive_created(key, body)

        self._sim.operate(f"archive.create {_object(key)}", effect, writes=True)

    def read(self, key: str, *, size: int | None = None) -> Stored | None:
        return self._sim.operate(
            f"archive.read {_object(key)}", lambda: self._inner.read(key, size=size)
        )

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        while True:
            page = self._sim.operate(
                "archive.list",
                lambda start=after: tuple(islice(self._inner.list(prefix, start), PAGE)),  # type: ignore[misc]
            )
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1]

    def bury(self, key: str, tombstone: bytes, etag: str) -> None:
        def effect() -> None:
            reached = self._watch.reached(key)
            self._inner.bury(key, tombstone, etag)
            if reached is not None:
                raise Violation("G3", f"{_object(key)} was buried: {reached}")

        self._sim.operate(f"archive.bury {_object(key)}", effect, writes=True)


class LossyArchive(MemoryArchive):
    """An archive that a person with a shell can lose files of: their keys are free again."""

    def lose(self, key: str) -> None:
        if key in self._objects:
            del self._objects[key]
            self._keys.remove(key)

    def everything(self) -> tuple[str, ...]:
        return tuple(self._keys)


class LeasedRegister(MemoryRegister):
    """A register that, while it is ``granting``, gives the lease to whoever asks for it.

    Nobody ever waits, and every holder's renewal stands. Safety must not notice (G6).
    """

    granting = False

    def read(self, key: Key) -> Attributes | None:
        found = super().read(key)
        if self.granting and found is not None and key.sk == "lease":
            return {**found, "state": "released"}
        return found

    def write(self, *actions: Action, token: str | None = None) -> None:
        if self.granting and actions[0].key.sk == "lease":
            (action,) = actions
            super().write(replace(action, condition=All(())), token=token)
        else:
            super().write(*actions, token=token)


class SimRegister:
    """The register of one process."""

    def __init__(self, sim: Scheduler, inner: MemoryRegister, watch: Watch) -> None:
        self._sim, self._inner, self._watch = sim, inner, watch

    def read(self, key: Key) -> Attributes | None:
        found = self._sim.operate(f"register.read {key.sk}", partial(self._inner.read, key))
        actor = self._sim.running
        if actor is not None:
            actor.seen.add(key.sk)
            if key.sk == "hold":
                until = None if found is None else found["until"]
                actor.is_held = found is not None and found["state"] == "held" and until is None
        return found

    def read_all(self, *keys: Key) -> tuple[Attributes | None, ...]:
        return tuple([self.read(key) for key in keys])  # not of one instant, says the contract

    def scan(self, pk: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        label = f"register.scan {prefix or pk.partition('#')[0]}"
        actor, first = self._sim.running, True
        while True:
            page = self._sim.operate(
                label,
                lambda start=after: tuple(islice(self._inner.scan(pk, prefix, start), 4 * PAGE)),  # type: ignore[misc]
            )
            if actor is not None and first and not prefix and pk.startswith("decision#"):
                actor.decisions_read = self._sim.turn
            first = False
            yield from page
            if len(page) < 4 * PAGE:
                return
            after = page[-1].key.sk

    def write(self, *actions: Action, token: str | None = None) -> None:
        def effect() -> None:
            self._inner.write(*actions, token=token)
            self._watch.register_written(actions)

        self._sim.operate(f"register.write {_transaction(actions)}", effect, writes=True)


class SimZone:
    """A target of one process."""

    drops_silently = False

    def __init__(self, sim: Scheduler, inner: MemoryZone, watch: Watch) -> None:
        self._sim, self._inner, self._watch = sim, inner, watch
        self.id = inner.id
        self.step_capacity = inner.step_capacity
        self.step_size = inner.step_size

    def read_fence(self) -> FenceSeen:
        fence = self._sim.operate(f"{self.id}.read_fence", self._inner.read_fence)
        if self._sim.running is not None:
            self._sim.running.seen = {self.id}
        return fence

    def observe(self) -> Observation:
        return self._sim.operate(f"{self.id}.observe", self._inner.observe)

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        self._watch.step_sent(self._sim.running, self.id, fence)

        def effect() -> None:
            before = self._inner.fence
            try:
                self._inner.apply(changes, expected=expected, fence=fence)
            except FenceMoved:
                self._watch.step_refused(self._inner, fence)
                raise
            self._watch.zone_written(self._inner, before, changes, fence)

        label = f"{self.id}.apply g{fence.generation} s{fence.step}{' done' if fence.done else ''}"
        self._sim.operate(label, effect, writes=True)


class SimClock:
    """A wall clock for all, which jumps when it is told to, as each process has it: with a skew and
    a rate of its own. Reading it is no scheduling point."""

    def __init__(self, sim: Scheduler) -> None:
        self._sim = sim
        self.wall = datetime(2025, 10, 19, tzinfo=UTC)

    def now(self) -> datetime:
        actor = self._sim.running
        if actor is None:
            return self.wall + timedelta(seconds=self._sim.turn)
        seconds = int(self._sim.turn * actor.rate) + actor.skew_seconds
        return self.wall + timedelta(seconds=seconds)

    def monotonic(self) -> float:
        actor = self._sim.running
        return self._sim.turn * (actor.rate if actor is not None else 1.0)

    def sleep(self, seconds: float) -> None:
        self._sim.pass_time(seconds)
        self._sim.operate(f"clock.sleep {seconds:g}", lambda: None)


@dataclass(eq=False)
class Repository:
    """A line of commits, each with a whole desired state, and where its branch stands."""

    name: str = "zones/example.com.yaml"
    commits: list[dict[RecordKey, Records]] = field(default_factory=list)

    def commit(self, state: dict[RecordKey, Records]) -> int:
        self.commits.append(state)
        return len(self.commits) - 1

    def id_of(self, number: int) -> str:
        return f"{number + 1:040x}"


@dataclass(frozen=True)
class Checkout:
    """A ``DesiredSource``: the branch's newest commit, or a ``pinned`` one (an old CI job), or a
    file outside git, with the commit None."""

    sim: Scheduler
    repository: Repository
    pinned: int | None = None
    loose: dict[RecordKey, Records] | None = None

    def read(self) -> DesiredRead:
        return self.sim.operate("desired.read", self._read)

    def relate(self, source: str, commit: str) -> Ancestry:
        old, new = int(source, 16), int(commit, 16)
        return "same" if old == new else "newer" if new > old else "older"

    def _read(self) -> DesiredRead:
        repository = self.repository
        if self.loose is not None:
            override = InputRead("override.yaml", "f" * 64, 1, None, dirty=False)
            return DesiredRead(self.loose, (override,))
        number = len(repository.commits) - 1 if self.pinned is None else self.pinned
        commit = repository.id_of(number)
        file = InputRead(repository.name, f"{number:064x}", 1, commit, dirty=False)
        return DesiredRead(repository.commits[number], (file,))


@dataclass(frozen=True)
class SimProgress:
    """Tells the story what an enactor believes. Not a scheduling point."""

    sim: Scheduler

    def claimed(self, generation: int, *, resumed: bool) -> None:
        self.sim.tell(f"{'resumes' if resumed else 'has claimed'} generation {generation}")

    def stepped(self, target: str, step: int, *, done: bool) -> None:
        """Seen in the story already."""

    def waits_for_lease(self, holder: str, epoch: int, seconds: float) -> None:
        self.sim.tell(f"waits for the lease of {holder}, epoch {epoch}, {seconds:g} s")

    def lease_kept(self, reason: str) -> None:
        self.sim.tell(f"could not give back the lease: {reason}")

    def waiting(self, target: str, seconds: float) -> None:
        """No target of the simulation has servers to wait for."""


class CountedIds:
    """Attempt ids 1, 2, 3 ..., in the order in which they are asked for."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"{self.count:032x}"


@lru_cache(maxsize=4096)
def _object(key: str) -> str:
    generation = generation_of_key(key)
    if generation is not None:
        return f"plan {generation}"
    return f"blob {int(key.split('/')[-2])}"


def _transaction(actions: tuple[Action, ...]) -> str:
    """What a transaction is about: the journal entry's kind and generation, or its first key."""
    for action in actions:
        if isinstance(action, Put) and action.key.pk.startswith("journal#"):
            document = action.attributes.get("document")
            if isinstance(document, str):
                found = _KIND.search(document)
                return f"{found.group(1) if found else '?'} as entry {int(action.key.sk)}"
    return actions[0].key.sk
