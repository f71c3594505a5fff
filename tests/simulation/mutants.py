"""The product with one protection taken out. Each must be caught, by the name of what it breaks.

Doubles are replaced by subclasses; rules of the product are taken back by replacing one function
for the length of one test. Nothing here is imported by anything but tests.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

import enactor.steps
import planner.planning
from enactor.steps import Enactment
from enactor.targets import Target
from plans.claim import Grounds, claim
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, cut, diff
from plans.mirror import raise_mirror, read_mirror
from plans.plan import TargetPlan
from plans.storage.register import Action, All, Check, Put
from tests.doubles.zone import MemoryZone
from tests.simulation.ports import LeasedRegister

ALWAYS = All(())


class UnfencedZone(MemoryZone):
    """A target that takes every write, as the DNS service of 2025 did."""

    def accepts(self, expected: FenceSeen) -> bool:
        return True


class CarelessZone(MemoryZone):
    """A target that compares generations by "is there a fence" only: any fence will do."""

    def accepts(self, expected: FenceSeen) -> bool:
        return (self.fence is None) == (expected is None)


class PointerWithoutConditions(LeasedRegister):
    """A register that writes the pointer whatever the condition says."""

    def write(self, *actions: Action, token: str | None = None) -> None:
        super().write(
            *(
                replace(action, condition=ALWAYS) if action.key.sk == "pointer" else action
                for action in actions
            ),
            token=token,
        )


class MirrorsWithoutConditions(LeasedRegister):
    """A register that writes mirrors whatever the condition says."""

    def write(self, *actions: Action, token: str | None = None) -> None:
        super().write(
            *(
                replace(action, condition=ALWAYS) if action.key.sk.startswith("fence#") else action
                for action in actions
            ),
            token=token,
        )


class DecisionsUnchecked(LeasedRegister):
    """A register that drops the checks of a transaction, and keeps its puts."""

    def write(self, *actions: Action, token: str | None = None) -> None:
        kept = [action for action in actions if not isinstance(action, Check)]
        super().write(*kept, token=token)


class JournalOverwritten(LeasedRegister):
    """A register that lets a journal entry be written over another."""

    def write(self, *actions: Action, token: str | None = None) -> None:
        super().write(
            *(
                replace(action, condition=ALWAYS)
                if action.key.pk.startswith("journal#") and isinstance(action, Put)
                else action
                for action in actions
            ),
            token=token,
        )


def keep_the_old_list(patch: pytest.MonkeyPatch) -> None:
    """``converge`` computes once for each pass and target, and trusts its list after that (S4)."""
    kept: list[tuple[Enactment, str, list[tuple[Change, ...]]]] = []
    compute = enactor.steps._converge

    def once(
        enactment: Enactment, part: TargetPlan, target: Target, seen: Fence
    ) -> enactor.steps._Write | None:
        left = next((x[2] for x in kept if x[0] is enactment and x[1] == target.id), None)
        if left is None:
            if compute(enactment, part, target, seen) is None:
                return None
            assert enactment.desired is not None
            changes = diff(enactment.settings.zone, enactment.desired, target.observe().state)
            left = list(cut(changes, target))
            kept.append((enactment, target.id, left))
        number = seen.step + 1 if enactment.holds(seen) else 1
        done = len(left) <= 1
        return enactor.steps._Write(left.pop(0) if left else (), enactment.fence(number, done=done))

    patch.setattr(enactor.steps, "_converge", once)


def refresh_and_retry(patch: pytest.MonkeyPatch) -> None:
    """After a refusal the expected fence is refreshed, and generations are not compared again."""
    patch.setattr(enactor.steps, "_check_fence", lambda *_: None)
    patch.setattr(enactor.steps, "_check_pointer_and_hold", lambda *_: None)


def claim_without_approvals(patch: pytest.MonkeyPatch) -> None:
    """The enactor neither counts approvals nor makes them a condition of its claim."""

    def unapproved(register: object, published: object, grounds: Grounds, draft: object) -> object:
        return claim(register, published, replace(grounds, approvals=()), draft)  # type: ignore[arg-type]

    patch.setattr("enactor.enacting.claim", unapproved)
    patch.setattr("enactor.eligibility.enough", lambda *_: True)


def mirror_before_the_write(patch: pytest.MonkeyPatch) -> None:
    """The mirror is raised to the generation that is going to be written."""
    apply = enactor.steps._apply

    def early(
        enactment: Enactment,
        target: Target,
        seen: FenceSeen,
        write: enactor.steps._Write,
    ) -> bool:
        raise_mirror(
            enactment.ports.register,
            enactment.plan.stream,
            target.id,
            read_mirror(enactment.ports.register, enactment.plan.stream, target.id),
            write.fence,
            retired=False,
            attempt=enactment.attempt,
        )
        return apply(enactment, target, seen, write)

    patch.setattr(enactor.steps, "_apply", early)


def silent_when_nothing_differs(patch: pytest.MonkeyPatch) -> None:
    """A pass without differences publishes nothing, whatever is pending (S3a, S3b)."""
    patch.setattr(planner.planning, "is_unchanged", _no_changes)


def _no_changes(world: object, changes: dict[str, tuple[Change, ...]]) -> bool:
    return world.decided.pointer is not None and not any(changes.values())  # type: ignore[attr-defined]
