"""What must hold for every write to the register: G7 as it grows, marks and pins, the lease."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from plans.document import digest_of
from plans.journal import GENESIS
from plans.names import pin_key, prune_key
from plans.storage.register import Attributes, Put, Register
from tests.simulation.scheduler import Actor, Scheduler
from tests.simulation.violation import Violation

_JOURNALED = ("pointer", "settings", "hold", "approval#", "reject#", "released#", "pin#", "prune#")
_BURIED = ("marked", "pruned")


class Ledger:
    """Sees the journal grow entry by entry, and what was written beside each entry."""

    def __init__(self, stream: str, sim: Scheduler, register: Register) -> None:
        self._stream, self._sim, self._register = stream, sim, register
        self.sequence = 0
        self._hash = GENESIS
        self._ids: set[str] = set()
        self._lease: Attributes | None = None
        self._lease_turn = 0
        self.lease_means_something = True

    def written(self, puts: Mapping[str, Put]) -> Mapping[str, Any] | None:
        """The journal entry of one transaction, checked; None if it has none."""
        entry = self._entry(puts)
        for sk, put in puts.items():
            if entry is None and sk.startswith(_JOURNALED):
                raise Violation("G7", f"{sk} was written without a journal entry")
            if sk.startswith(("pin#", "prune#")):
                self._one_of_both(int(sk.partition("#")[2]))
            elif sk == "lease" and self.lease_means_something:
                self._leased(put.attributes)
        return entry

    def _entry(self, puts: Mapping[str, Put]) -> Mapping[str, Any] | None:
        for put in puts.values():
            if put.key.pk.startswith("journal#") and put.key.sk != "last":
                document = str(put.attributes["document"])
                entry: Mapping[str, Any] = json.loads(document)
                if (entry["sequence"], entry["previous"]) != (self.sequence + 1, self._hash):
                    raise Violation("G7", f"entry {entry['sequence']} follows {self.sequence}")
                if put.key.sk != f"{self.sequence + 1:012d}":
                    raise Violation("G7", f"entry {entry['sequence']} stands at {put.key.sk}")
                if entry["id"] in self._ids:
                    raise Violation("G7", f"entry {entry['sequence']} tells what was told before")
                self._ids.add(entry["id"])
                self.sequence += 1
                self._hash = digest_of(document.encode())
                return entry
        return None

    def _one_of_both(self, generation: int) -> None:
        pin = self._register.read(pin_key(self._stream, generation))
        mark = self._register.read(prune_key(self._stream, generation))
        if pin is None or mark is None:
            return
        if pin["state"] == "pinned" and mark["state"] in _BURIED:
            raise Violation("G3", f"plan {generation} is pinned, and {mark['state']} to go")

    def _leased(self, after: Attributes) -> None:
        """The epoch rises over every grant, and nobody takes over before a full lease."""
        before, turn = self._lease, self._lease_turn
        if after == before:
            return  # a renewal that is delivered again: nobody can see that it was
        self._lease, self._lease_turn = after, self._sim.turn
        if before is None:
            return
        epoch, was = after["epoch"], before["epoch"]
        assert isinstance(epoch, int)
        assert isinstance(was, int)
        if epoch < was:
            raise Violation("lease", f"its epoch fell from {was} to {epoch}")
        if after["owner"] == before["owner"]:
            return
        if epoch == was:
            raise Violation(
                "lease", f"epoch {epoch} is {before['holder']}'s and {after['holder']}'s"
            )
        if before["state"] == "held":
            self._taken_over(before, self._sim.turn - turn, self._sim.running)

    def _taken_over(self, before: Attributes, turns: int, actor: Actor | None) -> None:
        seconds = before["seconds"]
        assert isinstance(seconds, int)
        rate = actor.rate if actor is not None else 2.0  # arrives late: whose clock is not known
        if turns * rate < seconds:
            raise Violation(
                "lease", f"it was taken from {before['holder']} after {turns * rate:.0f} s"
            )
