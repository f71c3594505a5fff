"""G3, by what is true and not by what anybody read: whether a plan that is buried is reachable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from plans.names import (
    generation_of_key,
    pin_key,
    plan_key,
    plans_prefix,
    released_key,
    settings_key,
)
from plans.published import is_tombstone

if TYPE_CHECKING:
    from tests.doubles.memory import MemoryArchive
    from tests.simulation.invariants import Watch


class Reach:
    """What reaches a generation. ``applied`` are those that the journal says were applied."""

    def __init__(self, watch: Watch, archive: MemoryArchive) -> None:
        self._watch, self._archive = watch, archive
        self.applied: list[int] = []
        self.buried: set[int] = set()

    def why(self, key: str) -> str | None:
        """What reaches an object that is about to be buried; None if nothing does."""
        generation = generation_of_key(key)
        if generation is not None:
            self.buried.add(generation)
            return self._plan(generation)
        return self._attachment(int(key.split("/")[-2]), key.rpartition("/")[2])

    def named_and_missing(self, generation: int, attachments: tuple[str, ...]) -> str | None:
        """An attachment of a plan that is being published, and is not there."""
        prefix = plan_key(self._watch.stream, generation).replace("/plans/", "/blobs/")
        for digest in attachments:
            found = self._archive.read(f"{prefix.removesuffix('.json')}/{digest}")
            if found is None or is_tombstone(found.body):
                return digest
        return None

    def _attachment(self, generation: int, digest: str) -> str | None:
        if generation in self._watch.digests.lost:
            return None  # its key was free: what no plan there named, another plan may name now
        stored = self._archive.read(plan_key(self._watch.stream, generation))
        if stored is None:
            return "a slow planner may still publish its plan"
        if is_tombstone(stored.body):
            return None
        facts = self._watch.facts_at(generation)
        named = facts is not None and digest in facts.attachments
        return "the plan that names it stands" if named else None

    def _plan(self, generation: int) -> str | None:
        watch = self._watch
        pointer = watch.pointer
        if pointer is None or generation >= pointer["applied_generation"]:
            return "nothing newer is applied"
        behind = [name for name, highest in watch.highest.items() if generation >= highest]
        if behind:
            return f"not below the fence of {', '.join(behind)}"
        pin = watch.register.read(pin_key(watch.stream, generation))
        if pin is not None and pin["state"] == "pinned":
            return "it is pinned"
        settings = watch.register.read(settings_key(watch.stream))
        assert settings is not None
        count = settings["retain_count"]
        assert isinstance(count, int)
        if generation in self.applied[-count:]:
            return f"among the last {count} that were applied"
        return "it stands, as an override" if generation == self._standing(pointer) else None

    def _standing(self, pointer: Mapping[str, object]) -> int | None:
        watch = self._watch
        keys = [*self._archive.list(plans_prefix(watch.stream))]
        facts = watch.facts_at(generation_of_key(keys[-1]) or 0) if keys else None
        if facts is None:
            return None
        standing = facts.generation if facts.origin != "planner" else facts.standing
        if standing is None:
            return None
        released = watch.register.read(released_key(watch.stream, standing))
        return standing if released is None else None
