"""The pointer under any order of claims and completions, by passes that read it long ago.

A pass claims on the pointer that it read, however old; the store's condition alone decides.
Each condition by itself: ``tests/plans/test_pointer.py``.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from plans.document import to_attributes
from plans.errors import ConditionFailed
from plans.names import pointer_key
from plans.plan import Base, Plan
from plans.pointer import (
    Pointer,
    claim_condition,
    claimed,
    completion_condition,
    matches_base,
    names,
    read_pointer,
)
from plans.storage.register import Put
from tests.builders import LINEAGE, OTHER_LINEAGE, STREAM, Stream
from tests.doubles.memory import MemoryRegister

KEY = pointer_key(STREAM)
PLAN = Stream().publish().plan
above = st.integers(-2, 3)  # the generation that is desired
lineages = st.sampled_from([LINEAGE] * 7 + [OTHER_LINEAGE])
pasts = st.sampled_from([0, 0, 0, 1, 1, 2, 5])  # how many states ago somebody read the pointer
ATTEMPT = "a" * 32


def digest_of(generation: int, forged: int) -> str:
    """Of the plan of a generation, or of one that was forged at its number."""
    return f"{generation:03}{forged}" * 16


class Claims(RuleBasedStateMachine):
    """Plans of both modes and two lineages, made on any state there was; some at a taken number."""

    def __init__(self) -> None:
        super().__init__()
        self.register = MemoryRegister()
        self.past: list[Pointer | None] = [None]

    @property
    def now(self) -> Pointer | None:
        return self.past[-1]

    def write(self, after: Pointer, put: Callable[[], Put]) -> bool:
        try:
            self.register.write(put())
        except ConditionFailed:
            return False
        self.past.append(after)
        return True

    def at(self, above: int) -> int:
        """A generation, told from the one that is desired."""
        return max(1, above + (self.now.desired_generation if self.now else 0))

    @initialize(above=above, converging=st.booleans())
    def first(self, above: int, *, converging: bool) -> None:
        self.claim(above, 0, LINEAGE, 0, 0, converging=converging)
        assert self.now is not None

    @rule(
        above=above,
        forged=st.sampled_from([0, 0, 0, 1]),
        lineage=lineages,
        planned=pasts,
        read=pasts,
        converging=st.booleans(),
    )
    def claim(
        self, above: int, forged: int, lineage: str, planned: int, read: int, *, converging: bool
    ) -> None:
        generation = self.at(above)
        base = self.past[max(0, len(self.past) - 1 - planned)]
        seen = self.past[max(0, len(self.past) - 1 - read)]
        plan = plan_on(base, generation, lineage, converging=converging)
        digest = digest_of(generation, forged)
        before, after = self.now, claimed(seen, plan, digest, ATTEMPT)
        condition = claim_condition(seen, plan, digest)
        if not self.write(after, lambda: Put(KEY, to_attributes(after), condition)):
            return
        # It stood. Then it was right to, whatever was read, and when:
        if before is None:
            assert seen is None
            return
        assert before.lineage == lineage
        resumed = names(before, plan, digest)
        assert resumed or before.desired_generation < generation
        assert resumed or converging or matches_base(before, plan.base)
        assert after.applied == before.applied

    @rule(above=st.sampled_from([0, 0, 0, -1, 1]), forged=st.sampled_from([0, 0, 1]))
    def complete(self, above: int, forged: int) -> None:
        self.complete_in(LINEAGE, above, forged)

    @rule(above=above)
    def complete_of_another_lineage(self, above: int) -> None:
        self.complete_in(OTHER_LINEAGE, above, 0)

    def complete_in(self, lineage: str, above: int, forged: int) -> None:
        before, generation = self.now, self.at(above)
        assert before is not None
        digest = digest_of(generation, forged)
        plan = plan_on(before, generation, lineage, converging=False)
        after = before.model_copy(
            update={"applied_generation": generation, "applied_digest": digest}
        )
        condition = completion_condition(plan, digest)
        stood = self.write(after, lambda: Put(KEY, to_attributes(after), condition))
        right = before.lineage == lineage and names(before, plan, digest)
        assert stood == (right and before.applied != before.desired)

    @invariant()
    def neither_generation_falls_and_neither_changes_its_digest(self) -> None:
        assert read_pointer(self.register, STREAM) == self.now
        for before, after in zip(self.past, self.past[1:], strict=False):
            if before is None:
                continue
            assert after is not None
            assert after.lineage == before.lineage
            for old, new in (
                (before.desired, after.desired),
                (before.applied, after.applied),
            ):
                assert old is None or (new is not None and new.generation >= old.generation)
                assert old is None or new is None or new.generation > old.generation or new == old
            assert after.applied_generation <= after.desired_generation


def plan_on(base: Pointer | None, generation: int, lineage: str, *, converging: bool) -> Plan:
    return PLAN.model_copy(
        update={
            "generation": generation,
            "lineage": lineage,
            "mode": "converge" if converging else "exact",
            "base": Base(
                desired=base.desired if base else None,
                applied=base.applied if base else None,
                fences=(),
                hold=None,
            ),
        }
    )


TestClaims = Claims.TestCase
TestClaims.settings = settings(max_examples=200, stateful_step_count=30)
