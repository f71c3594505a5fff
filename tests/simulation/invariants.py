"""What must hold after every single write, whoever made it. Checked where the write takes effect.

Each violation names its invariant: the guarantees of DESIGN section 5 (G1, G2, G3, G5, G7, G8), and

* ``pointer``: desired and applied never fall, applied never passes desired, and applied = g is only
  written when every target's fence was done at g (``plans/pointer.py``);
* ``mirror``: a mirror never leads its fence, and never falls;
* ``decision``: nothing is claimed that is rejected, nor under a hold that binds it (S10);
* ``done``: a fence marked done stands on a target that equals the plan's desired state. Checked in
  worlds in which nobody changes targets by hand.

G4 (no wedge) is checked by ``recovery.py``, at the end. What a person does around planfence is told
to the watch, because some rules are about planfence's own writes only: ``hand_touched``,
``lost_file``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from plans.document import digest_of
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records
from plans.names import (
    approval_key,
    generation_of_key,
    hold_key,
    reject_key,
    settings_key,
)
from plans.storage.register import Action, Put, Register
from tests.doubles.zone import MemoryZone


class Violation(AssertionError):
    """A broken invariant, by name."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant


class Watch:
    """Sees every effect and checks it against all that came before."""

    def __init__(self, stream: str, register: Register) -> None:
        self.stream = stream
        self.register = register
        self.zones: dict[str, MemoryZone] = {}
        self.pointer: Mapping[str, Any] | None = None
        self.claims: list[tuple[int, str]] = []
        self.digests: dict[int, str] = {}
        self.plans: dict[int, str] = {}
        self.passes_holds: dict[str, bool] = {}
        self.mirrors: dict[str, int] = {}
        self.desired: dict[str, dict[RecordKey, Records]] = {}
        self.lost: list[int] = []
        self.highest: dict[str, int] = {}
        self.effects: dict[str, list[tuple[int, int, str]]] = {}
        self.touched = False

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
            self.lost.append(generation)
            self.plans.pop(generation, None)
            if all(claimed != generation for claimed, _ in self.claims):
                self.digests.pop(generation, None)

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
        plan = json.loads(body)
        self.plans[generation] = plan["attachments"][0]["digest"]
        self.passes_holds[digest_of(body)] = plan["origin"] != "planner"
        self._decided(generation, digest_of(body), "the archive")

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
        if (fence.generation, fence.digest) not in self.claims:
            raise Violation("G2", f"{zone.id} took {fence.text()[:20]}, which was never claimed")
        self._one_digest(fence.generation, fence.digest, f"the fence of {zone.id}")
        self._approved(fence.generation, fence.digest, f"a write to {zone.id}")
        if fence.done and not self.touched:
            self._done(zone, fence)

    def register_written(self, actions: Iterable[Action]) -> None:
        puts = {action.key.sk: action for action in actions if isinstance(action, Put)}
        entry = self._entry(puts)
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
                self._decided(generation, digest, "an approval")
        if entry is not None and entry["generation"] is not None and entry["digest"] is not None:
            self._decided(entry["generation"], entry["digest"], f"a journal entry {entry['kind']}")

    def _entry(self, puts: Mapping[str, Put]) -> Mapping[str, Any] | None:
        for put in puts.values():
            if put.key.pk.startswith("journal#") and put.key.sk != "last":
                entry: Mapping[str, Any] = json.loads(str(put.attributes["document"]))
                return entry
        return None

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
            self._approved(desired, digest, "a first claim")
            self._allowed(desired, digest)
            self.claims.append((desired, digest))
        elif kind == "claimed":
            raise Violation("G7", f"the claim of {desired} is journaled again")
        self._one_digest(desired, digest, "the pointer")
        if applied > before["applied_generation"]:
            self._applied(applied, after["applied_digest"])
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

    def _decided(self, generation: int, digest: str, where: str) -> None:
        """What was published and decided on. Once a file was removed, its number may come back as
        other bytes there; the pointer and the fences must know one digest all the same."""
        if generation not in self.lost:
            self._one_digest(generation, digest, where)

    def _one_digest(self, generation: int, digest: str, where: str) -> None:
        known = self.digests.setdefault(generation, digest)
        if known == digest:
            return
        raise Violation(
            "G2", f"generation {generation} is {digest[:8]} in {where}, not {known[:8]}"
        )

    def _approved(self, generation: int, digest: str, what: str) -> None:
        settings = self.register.read(settings_key(self.stream))
        assert settings is not None
        if settings["approvals"] == 0:
            return
        key = approval_key(self.stream, generation, "")
        for item in self.register.scan(key.pk, key.sk):
            if item.attributes["digest"] == digest:
                return
        raise Violation("G8", f"{what} for {generation} {digest[:8]} without an approval of it")

    def _allowed(self, generation: int, digest: str) -> None:
        if self.register.read(reject_key(self.stream, generation)) is not None:
            raise Violation("decision", f"{generation} was claimed although it is rejected")
        hold = self.register.read(hold_key(self.stream))
        if hold is not None and hold["state"] == "held" and not self.passes_holds[digest]:
            raise Violation("decision", f"{generation} was claimed under a hold")

    def _done(self, zone: MemoryZone, fence: Fence) -> None:
        blob = self.plans.get(fence.generation)
        if blob is None or fence.generation in self.lost:
            return
        if zone.state != self.desired[blob]:
            raise Violation(
                "done", f"{zone.id} is marked done at {fence.generation} and is not what it wants"
            )
