"""What must hold after every single write, whoever made it. Checked where the write takes effect.

Each violation names its invariant: the guarantees of DESIGN section 5 (G1 to G3, G5, G7 to G9), and

* ``pointer``: desired and applied never fall, applied never passes desired, and applied = g is only
  written when every target's fence was done at g (``plans/pointer.py``);
* ``mirror``: a mirror never leads its fence, and never falls;
* ``decision``: nothing is claimed that is rejected, nor under a hold that binds it (S10), nor by a
  pass that began after plan or approvals expired, nor far above the pointer (F11); and nobody
  writes to a target under a hold that they have read;
* ``base``: in ``exact`` a plan is claimed only on the pointer it was made on (S7), and takes its
  first step at a target only on the fence it was made on;
* ``order``: a higher number means a later look at the world: no other plan lies between a plan and
  its parent, and nobody publishes a source older than the parent's unless a person says so (F9);
* ``override``: no planner's plan is published while an override stands, unless a person says so,
  and none forgets what stands (S9);
* ``lease``: the epoch rises over every grant, and nobody takes over before a full lease;
* ``done``: a fence marked done stands on a target that equals the plan's desired state. Checked in
  worlds in which nobody changes targets by hand.

G2 is in ``digests.py``, G3 in ``reachability.py``, G7 and ``lease`` in ``ledger.py``, G8 and
``decision`` in ``permission.py``; G4 (no wedge) is checked by ``recovery.py``, at the end. What a
person does around planfence is told to the watch, because some rules are about planfence's own
writes only: ``hand_touched``, ``lost_file``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from plans.document import digest_of
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records
from plans.names import (
    generation_of_key,
    released_key,
    settings_key,
)
from plans.storage.register import Action, Put, Register
from tests.doubles.memory import MemoryArchive
from tests.doubles.zone import MemoryZone
from tests.simulation.digests import Digests
from tests.simulation.facts import PlanFacts, facts_of
from tests.simulation.ledger import Ledger
from tests.simulation.permission import Permission
from tests.simulation.reachability import Reach
from tests.simulation.scheduler import Actor, Scheduler
from tests.simulation.violation import Violation

__all__ = ["Violation", "Watch"]


class Watch:
    """Sees every effect and checks it against all that came before.

    Attributes:
        bases_checked: whether ``base`` is. A schedule in which the claim's condition is taken back
            turns it off, to see what stands behind that condition.
    """

    bases_checked = True

    def __init__(
        self, stream: str, sim: Scheduler, archive: MemoryArchive, register: Register
    ) -> None:
        self.stream = stream
        self.register = register
        self.ledger = Ledger(stream, sim, register)
        self.reach = Reach(self, archive)
        self.hits: Counter[str] = Counter()
        self._sim = sim
        self.zones: dict[str, MemoryZone] = {}
        self.pointer: Mapping[str, Any] | None = None
        self.claims: list[tuple[int, str]] = []
        self.digests = Digests(sim)
        self.plans: dict[int, PlanFacts] = {}
        self.by_digest: dict[str, PlanFacts] = {}
        self.permission = Permission(self)
        self.mirrors: dict[str, int] = {}
        self.desired: dict[str, dict[RecordKey, Records]] = {}
        self.highest: dict[str, int] = {}
        self.effects: dict[str, list[tuple[int, int, str]]] = {}
        self.touched = False
        self.touched_files = False

    def add(self, zone: MemoryZone) -> None:
        self.zones[zone.id] = zone
        self.highest[zone.id] = 0
        self.effects[zone.id] = []

    def hand_touched(self, target: str, *, fence: bool) -> None:
        """Somebody changed a target by hand; with ``fence``, its fence record too."""
        self.touched = True
        if fence:
            self.effects[target].clear()

    def lost_file(self, key: str) -> None:
        """Somebody removed a file from the archive, so that its key is free again."""
        generation = generation_of_key(key)
        if generation is not None:
            self.plans.pop(generation, None)
            claimed = any(claimed == generation for claimed, _ in self.claims)
            self.digests.forget(generation, claimed=claimed)

    def smuggled(self, body: bytes) -> None:
        """Somebody put a plan into the archive that no planner has made."""
        self.touched_files = True
        self.by_digest[digest_of(body)] = facts_of(body)

    def archive_created(self, key: str, body: bytes) -> None:
        generation = generation_of_key(key)
        if generation is None:
            document = json.loads(body)
            self.desired[digest_of(body)] = {
                RecordKey(entry["name"], entry["type"]): Records(
                    entry["ttl"], tuple(entry["values"])
                )
                for entry in document["records"]
            }
            return
        facts = facts_of(body)
        self.hits["F7"] += generation in self.digests.lost
        digest = digest_of(body)
        if not self.touched_files:
            self._in_order(facts)
            missing = self.reach.named_and_missing(generation, facts.attachments)
            if missing is not None:
                raise Violation("G3", f"plan {generation} names {missing[:8]}, which is not there")
        self.plans[generation] = self.by_digest[digest] = facts
        self.digests.created(generation, digest)

    def facts_at(self, generation: int) -> PlanFacts | None:
        """The plan that was published last under this number."""
        return self.plans.get(generation)

    def reached(self, key: str) -> str | None:
        """What reaches an object that the janitor is about to bury."""
        return self.reach.why(key)

    def jumped(self) -> None:
        """The wall clock was set: nothing can be said of when running passes began."""
        self.permission.began.clear()

    def key_was_taken(self, key: str, *, buried: bool) -> None:
        """A planner lost the race for a number, or came to a key that was taken for good."""
        self.hits["F7" if buried else "F9"] += 1
        if generation_of_key(key) == 1:
            self.hits["F10"] += 1

    def pass_ended(self, outcome: str, rule: str | None, *, claimed: bool) -> None:
        """Which failure mode an enacting pass ended by."""
        if outcome == "superseded" and claimed:
            self.hits["F3"] += 1
            newest = self.facts_at(self.pointer["desired_generation"]) if self.pointer else None
            if newest is not None and newest.origin != "planner":
                self.hits["F11"] += 1
        elif outcome == "partial":
            self.hits["F14"] += 1
        if rule in ("approvals", "digest", "generation-digest"):
            self.hits["F12"] += 1
        elif rule in ("plan-pruned", "plan-missing", "attachment-missing", "object-size"):
            self.hits["F13"] += 1

    def step_sent(self, actor: Actor | None, target: str, fence: Fence) -> None:
        """G9: since it last read the fence, whoever sends has an answer about pointer and hold."""
        facts = self.by_digest.get(fence.digest)
        if actor is not None and actor.is_held and facts is not None and not facts.passes_holds:
            raise Violation("decision", f"{actor.name} writes to {target} under a hold it has read")
        if actor is not None and not {target, "pointer", "hold"} <= actor.seen:
            raise Violation("G9", f"{actor.name} writes to {target} on what it has not read")

    def step_refused(self, zone: MemoryZone, fence: Fence) -> None:
        """A target said no; which of the failure modes that was."""
        if self.highest[zone.id] <= fence.generation:
            return
        self.hits["F4"] += 1
        if fence.generation in self.reach.buried or self.highest[zone.id] > fence.generation + 1:
            self.hits["F1"] += 1
        if self._sim.running is None:
            self.hits["F15"] += 1

    def _in_order(self, facts: PlanFacts) -> None:
        parent = facts.parent[0] if facts.parent else 0
        between = [g for g in range(parent + 1, facts.generation) if g in self.plans]
        if between:
            raise Violation("order", f"{facts.generation} has parent {parent}, past {between}")
        before = self.by_digest.get(facts.parent[1]) if facts.parent else None
        if before is None:
            return
        self._stands(facts, before)
        if facts.commit is None and facts.source != before.source:
            raise Violation("order", f"{facts.generation} forgets the source of {parent}")
        if before.source is None or facts.commit is None:
            return
        if int(facts.commit, 16) < int(before.source, 16) and not facts.waived:
            raise Violation(
                "order", f"{facts.generation} is made from an older source than {parent}"
            )

    def _stands(self, facts: PlanFacts, before: PlanFacts) -> None:
        """An override binds every plan after it, until a person releases it or waives the guard."""
        standing = before.generation if before.origin != "planner" else before.standing
        if standing is None or facts.origin != "planner":
            return
        if self.register.read(released_key(self.stream, standing)) is not None:
            return
        if "undoes-override" not in facts.waived or facts.standing != standing:
            raise Violation("override", f"{facts.generation} is planned while {standing} stands")

    def told(self, outcome: str, generation: int | None, *, is_asked: bool) -> None:
        """What a pass tells as applied is in the journal, and is what it was asked for (F12)."""
        if not is_asked:
            raise Violation("G8", f"{generation} was asked for as other bytes, and is {outcome}")
        if outcome == "applied" and generation not in self.reach.applied:
            raise Violation("G7", f"{generation} is told to be applied, and is not recorded")

    def told_published(self, generation: int | None, digest: str | None) -> None:
        """What a planner says that it published is what stands under the number."""
        found = self.plans.get(generation or 0)
        if not self.touched_files and self.by_digest.get(digest or "") is not found:
            raise Violation("G2", f"a planner takes plan {generation} for its own, and it is not")

    def zone_written(
        self, zone: MemoryZone, before: FenceSeen, changes: Sequence[Change], fence: Fence
    ) -> None:
        """After a step: G1, G2, G5, G8, and what ``done`` says."""
        if fence.step == 0 and changes:
            raise Violation("G1", f"{zone.id} got changes with the creation of its fence: {fence}")
        # A creation carries nothing, and may follow a record that somebody removed (S13).
        stale = fence.generation < self.highest[zone.id]
        if stale and (fence.step > 0 or isinstance(before, Fence)):
            raise Violation(
                "G1", f"{zone.id} was at {self.highest[zone.id]} and took {fence.text()[:20]}"
            )
        self.highest[zone.id] = max(self.highest[zone.id], fence.generation)
        effect = (fence.generation, fence.step, fence.digest)
        if effect in self.effects[zone.id] and fence.step > 0:
            raise Violation("G5", f"{zone.id} took step {fence.step} of {fence.generation} twice")
        self.effects[zone.id].append(effect)
        if fence.step == 1 and isinstance(before, Fence):
            self._first_step(zone, before, fence)
        if (fence.generation, fence.digest) not in self.claims:
            raise Violation("G2", f"{zone.id} took {fence.text()[:20]}, which was never claimed")
        self.digests.relied_on(fence.generation, fence.digest, f"the fence of {zone.id}")
        self.permission.approved(fence.generation, fence.digest, f"a write to {zone.id}")
        if fence.done and not self.touched:
            self._done(zone, fence)

    def _first_step(self, zone: MemoryZone, before: Fence, fence: Fence) -> None:
        facts = self.by_digest.get(fence.digest)
        if not self.bases_checked or facts is None or facts.mode != "exact":
            return
        if before.generation == fence.generation:  # its own creation
            return
        if facts.fences[zone.id] != before.text():
            raise Violation(
                "base",
                f"{zone.id} was planned at {facts.fences[zone.id]} and is at {before.text()}",
            )

    def register_written(self, actions: Iterable[Action]) -> None:
        puts = {action.key.sk: action for action in actions if isinstance(action, Put)}
        entry = self.ledger.written(puts)
        for sk, put in puts.items():
            if sk == "pointer":
                self._pointer_written(put.attributes, entry)
            elif sk.startswith("fence#"):
                self._mirror_written(sk[len("fence#") :], put.attributes)
            elif sk.startswith("approval#"):
                approval = put.attributes
                generation, digest = approval["generation"], approval["digest"]
                assert isinstance(generation, int)
                assert isinstance(digest, str)
                self.digests.named(generation, digest, "an approval")
        if entry is not None:
            self.digests.journaled(entry)

    def _pointer_written(self, after: Mapping[str, Any], entry: Mapping[str, Any] | None) -> None:
        before = self.pointer or {"desired_generation": 0, "applied_generation": 0}
        desired, applied = after["desired_generation"], after["applied_generation"]
        if desired < before["desired_generation"] or applied < before["applied_generation"]:
            raise Violation("pointer", f"it fell from {before} to {after}")
        if applied > desired:
            raise Violation("pointer", f"applied {applied} passes desired {desired}")
        if self.pointer is not None and after["lineage"] != self.pointer["lineage"]:
            raise Violation("pointer", "its lineage changed")
        kind = entry["kind"] if entry else None
        digest = after["desired_digest"]
        if desired > before["desired_generation"]:
            if kind != "claimed":
                raise Violation("G7", f"the claim of {desired} is journaled as {kind}")
            assert entry is not None
            self.permission.approved(desired, digest, "a first claim")
            self.permission.claimed(desired, digest, entry, before["desired_generation"])
            self._based(desired, digest)
            self.claims.append((desired, digest))
        elif kind == "claimed":
            raise Violation("G7", f"the claim of {desired} is journaled again")
        elif kind == "resumed" and after["attempt"] != before.get("attempt"):
            self.hits["F5"] += 1
        self.digests.relied_on(desired, digest, "the pointer")
        if applied > before["applied_generation"]:
            self._applied(applied, after["applied_digest"])
            self.reach.applied.append(applied)
        self.pointer = after

    def _applied(self, generation: int, digest: str) -> None:
        for zone in self.zones.values():
            if self.highest[zone.id] > generation:
                raise Violation("pointer", f"applied = {generation}, but {zone.id} is beyond it")
            done = any(
                fence.done and fence.generation == generation and fence.digest == digest
                for fence, _ in zone.history
            )
            if not done:
                raise Violation("pointer", f"applied = {generation}, but {zone.id} is not done")

    def _mirror_written(self, target: str, mirror: Mapping[str, Any]) -> None:
        if mirror["generation"] > self.highest[target]:
            raise Violation(
                "mirror", f"{target}: {mirror['generation']} leads {self.highest[target]}"
            )
        if mirror["generation"] < self.mirrors.get(target, 0):
            raise Violation("mirror", f"{target}: it fell to {mirror['generation']}")
        self.mirrors[target] = mirror["generation"]

    def _based(self, generation: int, digest: str) -> None:
        facts = self.by_digest[digest]
        settings = self.register.read(settings_key(self.stream))
        if settings is not None and facts.lineage != settings["lineage"]:
            raise Violation("G2", f"{generation} is of another lineage")
        if facts.mode != "exact" or not self.bases_checked:
            return
        before = self.pointer
        desired = applied = None
        if before is not None:
            desired = (before["desired_generation"], before["desired_digest"])
            if before["applied_digest"] is not None:
                applied = (before["applied_generation"], before["applied_digest"])
        if facts.base != (desired, applied):
            raise Violation("base", f"{generation} was made on {facts.base} and claimed on another")

    def _done(self, zone: MemoryZone, fence: Fence) -> None:
        facts = self.plans.get(fence.generation)
        if facts is None or fence.generation in self.digests.lost:
            return
        if zone.state != self.desired[facts.attachments[0]]:
            raise Violation(
                "done", f"{zone.id} is marked done at {fence.generation} and is not what it wants"
            )
