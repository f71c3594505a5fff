"""One rule of the design taken back for the length of one test.

Each function replaces one function of the product, so that a schedule which the rule stops can be
seen to break a guarantee without it. Named after the schedules of ``facts/design-schedules.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

import enactor.enacting
import enactor.steps
import planner.planning
import planner.world
import plans.claim
from enactor.steps import Enactment
from enactor.targets import Target
from planner.world import World
from plans.decisions import Decisions
from plans.fence import Fence, FenceSeen, as_read
from plans.kinds.dns import Change, cut, diff
from plans.mirror import Mirror
from plans.names import JUMP_MAX
from plans.observed.view import Observation
from plans.plan import FenceAtPlanning, Input, Plan, PlanReference, TargetPlan, Wave
from plans.pointer import Pointer, claim_condition
from plans.published import Published
from plans.storage.register import All, Condition
from tests.simulation import world as scene
from tests.simulation.breaking import Mutant
from tests.simulation.invariants import Watch
from tests.simulation.ports import SimZone

ALWAYS = All(())


def s1_every_target_is_named(patch: pytest.MonkeyPatch) -> None:
    """A plan names only the targets that it changes."""
    waves = planner.planning._waves

    def only_changed(world: World, changes: Mapping[str, tuple[Change, ...]]) -> tuple[Wave, ...]:
        (wave,) = waves(world, changes)
        kept = tuple(part for part in wave.targets if changes[part.target])
        return (Wave(number=1, targets=kept or wave.targets),)

    patch.setattr(planner.planning, "_waves", only_changed)
    patch.setattr("enactor.eligibility._check_targets", lambda *_: None)


CLAIM_SENT_AGAIN = Mutant(
    "a claim is sent again after another's entry (ADR 0009)", "plans.claim:claim", "races_max=1", ""
)


def s2_the_first_step_requires_the_planned_fence(patch: pytest.MonkeyPatch) -> None:
    """``exact`` takes whatever older fence it finds for the planned one."""
    exact = enactor.steps._exact

    def any_fence(
        enactment: Enactment, part: TargetPlan, target: Target, seen: Fence
    ) -> enactor.steps._Write:
        plan = enactment.plan
        fences = (FenceAtPlanning(target=target.id, fence=as_read(seen)),)
        base = plan.base.model_copy(update={"fences": fences})
        published = Published(plan.model_copy(update={"base": base}), enactment.published.digest)
        return exact(replace(enactment, published=published), part, target, seen)

    patch.setattr(enactor.steps, "_exact", any_fence)


def s4_only_the_done_mark_counts(patch: pytest.MonkeyPatch) -> None:
    """``converge`` takes the fence's step number for an index into a list it computes anew."""
    converge = enactor.steps._converge

    def by_number(
        enactment: Enactment, part: TargetPlan, target: Target, seen: Fence
    ) -> enactor.steps._Write | None:
        observation = target.observe()
        assert enactment.desired is not None
        changes = diff(enactment.settings.zone, enactment.desired, observation.state)
        steps = cut(changes, target)
        position = seen.step if enactment.holds(seen) else 0
        if position < len(steps):
            return converge(enactment, part, target, seen)
        return enactor.steps._Write((), enactment.fence(position + 1, done=True))

    patch.setattr(enactor.steps, "_converge", by_number)


def s5_steps_are_never_cut_again(patch: pytest.MonkeyPatch) -> None:
    """``exact`` cuts the plan's changes by the limit of whoever enacts."""
    exact = enactor.steps._exact

    def cut_again(
        enactment: Enactment, part: TargetPlan, target: Target, seen: Fence
    ) -> enactor.steps._Write:
        changes = tuple(change for step in part.steps for change in step.changes)
        steps = cut(changes, target)
        position = seen.step if enactment.holds(seen) else 0
        if position == 0:
            exact(enactment, part, target, seen)  # for its checks
        rest = steps[position] if position < len(steps) else ()
        done = position + 1 >= len(steps)
        return enactor.steps._Write(rest, enactment.fence(position + 1, done=done))

    patch.setattr(enactor.steps, "_exact", cut_again)


def s6_numbers_do_not_come_from_the_archive_alone(patch: pytest.MonkeyPatch) -> None:
    """The next number comes from the archive's newest key, however far, and nothing else."""

    def from_archive(self: World) -> int:
        return 1 + max(self.decided.numbers.head or 0, self.taken)

    patch.setattr(planner.world.World, "next_generation", property(from_archive))


def s6_keys_out_of_reach_are_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("plans.published.JUMP_MAX", JUMP_MAX * 10**6)


def s7_the_claim_requires_the_planned_pointer(patch: pytest.MonkeyPatch) -> None:
    """``exact`` is claimed on any lower pointer, as ``converge`` is."""

    def as_converge(pointer: Pointer | None, plan: Plan, digest: str) -> Condition:
        return claim_condition(pointer, plan.model_copy(update={"mode": "converge"}), digest)

    patch.setattr(Watch, "bases_checked", False)
    patch.setattr(plans.claim, "claim_condition", as_converge)
    patch.setattr("enactor.eligibility.matches_base", lambda *_: True)


def s8_applied_advances_only_if_still_desired(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(plans.claim, "completion_condition", lambda *_: ALWAYS)


def s9_source_is_inherited(patch: pytest.MonkeyPatch) -> None:
    def own_only(world: World, entry: Input) -> str | None:
        return entry.commit

    patch.setattr(planner.planning, "source_after", own_only)


def s9_standing_is_inherited(patch: pytest.MonkeyPatch) -> None:
    def parent_only(
        decisions: Decisions, parent: PlanReference | None, parent_plan: Published | None
    ) -> PlanReference | None:
        if parent_plan is None or parent_plan.plan.origin == "planner":
            return None
        return parent

    patch.setattr(planner.world, "_standing", parent_only)


def s11_a_mirror_is_created_before_the_first_write(patch: pytest.MonkeyPatch) -> None:
    def unwritten(*_: object) -> Mirror:
        return Mirror(generation=0, retired=False, attempt="0" * 32)

    patch.setattr(enactor.steps, "ensure_mirror", unwritten)


def s12_guards_bind_the_computed_difference(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(enactor.steps, "refuse_breaches", lambda *_, **__: None)


def s13_the_pointer_is_read_after_the_absence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(enactor.steps, "_check_pointer_and_hold", lambda *_: None)


class EarlyObserver(SimZone):
    """S16 taken back: the target is observed before its fence is read."""

    def __init__(self, world: scene.World, name: str) -> None:
        super().__init__(world.sim, world.zones[name], world.watch)
        self._seen: Observation | None = None

    def read_fence(self) -> FenceSeen:
        self._seen = super().observe()
        fence = super().read_fence()
        self._seen = replace(self._seen, fence=fence)
        return fence

    def observe(self) -> Observation:
        assert self._seen is not None
        return self._seen
