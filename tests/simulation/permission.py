"""G8 and ``decision``: nothing is claimed or written that a person did not let through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from plans.names import JUMP_MAX, approval_key, hold_key, reject_key, settings_key
from plans.storage.register import Attributes
from tests.simulation.violation import Violation

if TYPE_CHECKING:
    from tests.simulation.invariants import Watch


class Permission:
    """Asks the register itself what stands in the instant of a write.

    Attributes:
        began: when each attempt's pass began, while the wall clock was not set meanwhile.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.began: dict[str, datetime] = {}

    def approved(self, generation: int, digest: str, what: str) -> None:
        """G8: what is claimed or written is approved as these bytes, where that is wanted."""
        settings = self._watch.register.read(settings_key(self._watch.stream))
        assert settings is not None
        wanted = settings["approvals"]
        assert isinstance(wanted, int)
        facts = self._watch.by_digest.get(digest)
        wanted = max(wanted, facts is not None and facts.needs_approval)
        if wanted > 0 and self._standing(generation, digest, settings) < wanted:
            raise Violation("G8", f"{what} for {generation} {digest[:8]} without approval of it")

    def _standing(self, generation: int, digest: str, settings: Attributes) -> int:
        """How many approvals count; one in an emergency counts for all."""
        facts = self._watch.by_digest.get(digest)
        key = approval_key(self._watch.stream, generation, "")
        found = [
            item.attributes
            for item in self._watch.register.scan(key.pk, key.sk)
            if item.attributes["digest"] == digest
            and item.attributes["lineage"] == settings["lineage"]
        ]
        if any(each["break_glass"] for each in found):
            return 99
        own = facts.created_by if facts is not None and settings["self_approval"] == "deny" else ""
        return sum(1 for each in found if each["approver"] != own)

    def claimed(self, generation: int, digest: str, entry: Mapping[str, Any], floor: int) -> None:
        """``decision``: a first claim, with its entry; ``floor`` is what was desired before it."""
        if self._watch.register.read(reject_key(self._watch.stream, generation)) is not None:
            raise Violation("decision", f"{generation} was claimed although it is rejected")
        if generation > floor + JUMP_MAX and "jump-max" not in entry["details"]:
            raise Violation(
                "decision", f"{generation} was claimed although it is far above {floor}"
            )
        facts = self._watch.by_digest[digest]
        at = datetime.fromisoformat(entry["at"])
        hold = self._watch.register.read(hold_key(self._watch.stream))
        if hold is not None and hold["state"] == "held" and not facts.passes_holds:
            until = hold["until"]
            if until is None or datetime.fromisoformat(str(until)) > at:
                raise Violation("decision", f"{generation} was claimed under a hold")
        if facts.under_hold and not facts.passes_holds:
            raise Violation("decision", f"{generation} was observed under a hold, and claimed")
        began = self.began.get(entry["attempt"])
        if began is None:
            return
        if facts.expires_at <= began:
            raise Violation("decision", f"{generation} had expired before its claim's pass began")
        key = approval_key(self._watch.stream, generation, "")
        ends = [
            datetime.fromisoformat(str(item.attributes["expires_at"]))
            for item in self._watch.register.scan(key.pk, key.sk)
        ]
        if ends and max(ends) <= began and (facts.needs_approval or self._asks()):
            raise Violation("decision", f"the approvals of {generation} had expired")

    def _asks(self) -> bool:
        settings = self._watch.register.read(settings_key(self._watch.stream))
        return settings is not None and settings["approvals"] != 0
