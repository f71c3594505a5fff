"""A small stream to test on: settings, stores, targets, and both sides' ports over the doubles.

Every source of difference is owned: the clock stands still unless it is told to move, ids count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import pytest

import enactor.enacting
import enactor.ports
import planner.planning
import planner.ports
from enactor.enacting import enact_stream
from planner.planning import plan_stream
from plans.claim import Grounds
from plans.deciding import approve, place_hold, reject, release
from plans.decisions import Approval, read_approvals
from plans.document import digest_of, encode, to_attributes
from plans.errors import PlanfenceError
from plans.fence import Fence
from plans.kinds.dns import RecordKey, Records
from plans.kinds.health import HealthDocument
from plans.names import Key, plan_key, pointer_key
from plans.plan import Ancestry, Plan, Waiver
from plans.pointer import Pointer, read_pointer
from plans.published import Published
from plans.settings import Settings, change_settings, create_stream, read_settings
from plans.storage.register import All, Put, Register
from tests.doubles.faults import Faults, FaultyArchive, FaultyRegister, FaultyZone, raising
from tests.doubles.memory import MemoryArchive, MemoryRegister

STREAM = "dns/example.com"
ZONE = "example.com."
LINEAGE = "1" * 32
OTHER_LINEAGE = "2" * 32
T1, T2 = "memory:t1", "memory:t2"
NS = RecordKey(ZONE, "NS")


def a(label: str, *values: str, ttl: int = 300) -> dict[RecordKey, Records]:
    """One record set of type A."""
    return {RecordKey(f"{label}.{ZONE}", "A"): Records(ttl, tuple(values or ["192.0.2.1"]))}


START: Mapping[RecordKey, Records] = {
    NS: Records(3600, ("ns1.example.com.",)),
    **a("mail"),
    **a("www"),
}
CHANGED: Mapping[RecordKey, Records] = {**START, **a("www", "192.0.2.2"), **a("new")}


def a_fence(**fields: Any) -> Fence:
    """A fence of this stream's lineage that no plan of it wrote."""
    ours: dict[str, Any] = {
        "generation": 1,
        "step": 1,
        "done": True,
        "digest": "d" * 64,
        "lineage": LINEAGE,
        "attempt": "e" * 32,
    }
    return Fence(**ours | fields)


def error_of(outcome: enactor.enacting.Outcome) -> PlanfenceError:
    """The error that decided how a pass ended."""
    assert outcome.error
    return outcome.error


class Died(BaseException):
    """The process ends here; no handler of planfence runs."""


class FixedClock:
    """Stands still, unless somebody sleeps or a test moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Ids:
    """Attempt ids that count."""

    def __init__(self, start: int = 0) -> None:
        self.count = start

    def __call__(self) -> str:
        self.count += 1
        return f"{self.count:032x}"


def no_health() -> NoReturn:
    """Who is asked for health where there is no pool: nobody."""
    raise AssertionError("health was asked for")


@dataclass
class Desired:
    """A desired state, and what git would say of its commits."""

    records: Mapping[RecordKey, Records]
    commit: str | None = None
    dirty: bool = False
    related: dict[tuple[str, str], Ancestry] = field(default_factory=dict)
    health: HealthDocument | None = None

    def read(self) -> planner.ports.DesiredRead:
        body = repr(sorted(self.records.items())).encode()
        return planner.ports.DesiredRead(
            records=self.records,
            inputs=(
                planner.ports.InputRead(
                    name="zone.yaml",
                    digest=hashlib.sha256(body).hexdigest(),
                    size=len(body),
                    commit=self.commit,
                    dirty=self.dirty,
                ),
            ),
            health=self.health,
        )

    def relate(self, source: str, commit: str) -> Ancestry:
        return "same" if source == commit else self.related[source, commit]


@dataclass
class Watched:
    """Remembers what an enacting pass told."""

    told: list[str] = field(default_factory=list)

    def claimed(self, generation: int, *, resumed: bool) -> None:
        self.told.append(f"{'resumed' if resumed else 'claimed'} {generation}")

    def stepped(self, target: str, step: int, *, done: bool) -> None:
        self.told.append(f"{target} step {step}{' done' if done else ''}")

    def waits_for_lease(self, holder: str, epoch: int, seconds: float) -> None:
        self.told.append(f"waits for epoch {epoch} of {holder}, {seconds:g} s")

    def lease_kept(self, reason: str) -> None:
        self.told.append(f"kept the lease: {reason}")

    def waiting(self, target: str, seconds: float) -> None:
        self.told.append(f"{target} waits {seconds:g} s")


class Stream:
    """One stream with its world. Approvals are not asked for unless a test says so.

    ``register`` and ``new_id``: where it is not the double that is tested, whose ids may count.
    """

    def __init__(
        self,
        *targets: str,
        step_changes_max: int | None = None,
        register: Register | None = None,
        new_id: Ids | None = None,
        **settings: Any,
    ) -> None:
        self.faults = Faults()
        self.clock = FixedClock()
        self.new_id = new_id or Ids()
        self.archive = FaultyArchive(MemoryArchive(), self.faults)
        self.register = FaultyRegister(register or MemoryRegister(), self.faults)
        self.zones: dict[str, FaultyZone] = {}
        self.step_changes_max = step_changes_max
        self.desired = Desired(dict(START))
        self.watched = Watched()
        chosen = {"targets": targets or (T1,), "approvals": 0, **settings}
        create_stream(
            self.register,
            settings_of(**chosen),
            by="admin",
            clock=self.clock,
            attempt=self.new_id(),
        )

    @property
    def settings(self) -> Settings:
        return read_settings(self.register.inner, STREAM)

    @property
    def pointer(self) -> Pointer | None:
        return read_pointer(self.register.inner, STREAM)

    def zone(self, target: str = T1) -> FaultyZone:
        """The target; it holds ``START`` and no fence when first asked for."""
        if target not in self.zones:
            self.zones[target] = FaultyZone(target, START, self.step_changes_max)
            self.zones[target].faults = self.faults
        return self.zones[target]

    def steps(self, target: str = T1) -> list[tuple[int, int, bool]]:
        """Generation, step and mark of every fence the target was ever given."""
        history = self.zone(target).history
        return [(fence.generation, fence.step, fence.done) for fence, _ in history]

    def set(self, **changes: Any) -> Settings:
        before = self.settings
        after = Settings.model_validate(before.model_dump(by_alias=True) | changes)
        return change_settings(
            self.register,
            before,
            after,
            by="admin",
            clock=self.clock,
            attempt=self.new_id(),
        )

    @property
    def planner_ports(self) -> planner.ports.Ports:
        return planner.ports.Ports(self.archive, self.register, self.clock, self.desired, self.zone)

    @property
    def enactor_ports(self) -> enactor.ports.Ports:
        return enactor.ports.Ports(
            self.archive,
            self.register,
            self.clock,
            self.new_id,
            lambda target, *_: self.zone(target),
            self.watched,
        )

    def plan(self, *waived: str, **request: Any) -> planner.planning.Outcome:
        """One planning pass by ``ada``."""
        waivers = tuple(Waiver(rule=rule, reason="known") for rule in waived)
        asked = planner.ports.Request(stream=STREAM, waivers=waivers, **{"by": "ada", **request})
        return plan_stream(self.planner_ports, asked)

    def publish(
        self, records: Mapping[RecordKey, Records] | None = None, *waived: str, **request: Any
    ) -> Published:
        """One planning pass for a desired state, which must publish."""
        if records is not None:
            self.desired.records = dict(records)
        outcome = self.plan(*waived, **request)
        assert outcome.outcome == "published", outcome
        assert outcome.published is not None
        return outcome.published

    def approve(
        self, published: Published, by: str = "bob", emergency: str | None = None
    ) -> Approval:
        return approve(
            self.register,
            published.plan,
            published.digest,
            self.settings,
            approver=by,
            clock=self.clock,
            attempt=self.new_id(),
            emergency=emergency,
        )

    def reject(self, published: Published, by: str = "bob", reason: str = "no") -> None:
        reject(
            self.register,
            published.plan,
            published.digest,
            by=by,
            reason=reason,
            clock=self.clock,
            attempt=self.new_id(),
        )

    def hold(
        self, by: str = "bob", reason: str = "incident", lasting: timedelta | None = None
    ) -> None:
        place_hold(
            self.register,
            STREAM,
            by=by,
            reason=reason,
            clock=self.clock,
            attempt=self.new_id(),
            lasting=lasting,
        )

    def release(self, standing: int | None = None, by: str = "cyd") -> None:
        release(
            self.register,
            STREAM,
            standing=standing,
            by=by,
            clock=self.clock,
            attempt=self.new_id(),
        )

    def die_before_step(self, published: Published, step: str = "") -> None:
        """An enacting pass whose process ends as it would send a step (text of its fence)."""
        self.faults.next("apply", step, raising(Died()))
        with pytest.raises(Died):
            self.enact(published)

    def enact(self, published: Published | None = None, **request: Any) -> enactor.enacting.Outcome:
        """One enacting pass by ``eve``: of the plan named, or of the newest."""
        named = (
            {"generation": published.plan.generation, "digest": published.digest}
            if published
            else {}
        )
        asked = enactor.ports.Request(**{"stream": STREAM, "by": "eve", **named, **request})
        return enact_stream(self.enactor_ports, asked)

    def refusal(self, published: Published | None = None, **request: Any) -> PlanfenceError:
        """The error of an enacting pass that must change neither pointer nor target."""
        before = (self.pointer, {name: zone.history[:] for name, zone in self.zones.items()})
        with pytest.raises(PlanfenceError) as caught:
            self.enact(published, **request)
        after = (self.pointer, {name: zone.history for name, zone in self.zones.items()})
        assert after == before
        return caught.value

    def applied(
        self, records: Mapping[RecordKey, Records] | None = None, *waived: str, **request: Any
    ) -> Published:
        """Publish and enact, which must apply."""
        published = self.publish(records, *waived, **request)
        outcome = self.enact(published)
        assert outcome.outcome == "applied", outcome
        return published

    def grounds(self, generation: int) -> Grounds:
        """What a claim made now would be decided on."""
        return Grounds(
            self.pointer, self.settings, read_approvals(self.register, STREAM, generation)
        )

    def forge(self, plan: Plan, **updates: Any) -> Published:
        """Write an edited plan at its key, whatever was there, without the planner's rules."""
        forged = plan.model_copy(update=updates)
        body = encode(forged)
        overwrite_object(self.archive, plan_key(STREAM, forged.generation), body)
        return Published(forged, digest_of(body))

    def point(self, **attributes: Any) -> None:
        """Write the pointer around every rule, starting from what stands there."""
        pointer = self.pointer
        before = to_attributes(pointer) if pointer else {}
        overwrite_item(self.register.inner, pointer_key(STREAM), **{**before, **attributes})


def settings_of(**settings: Any) -> Settings:
    """Settings of the stream, defaults where nothing is said."""
    return Settings.model_validate(
        {
            "stream": STREAM,
            "kind": "dns",
            "lineage": LINEAGE,
            "version": 1,
            "zone": ZONE,
            "targets": (T1,),
            **settings,
        }
    )


def overwrite_object(archive: FaultyArchive, key: str, body: bytes) -> None:
    """What a corrupt disk or a stranger does; no archive offers it."""
    stored = archive.inner.read(key)
    if stored is None:
        archive.inner.create(key, body)
    else:
        archive.inner.bury(key, body, stored.etag)


def forget(register: FaultyRegister, key: Key) -> None:
    """Lose an item, as no ``Register`` does: somebody deletes it by hand."""
    register.inner.forget(key)  # type: ignore[attr-defined]


def overwrite_item(register: Register, key: Key, **attributes: Any) -> None:
    """What somebody with access around planfence does: no condition binds them."""
    register.write(Put(key, attributes, All(())))
