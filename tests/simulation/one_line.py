"""One-line breakages of the protocol and of the stores, each to be killed by a named invariant.

What stands twice on purpose (a check before the write, and the condition in it) is broken where it
decides, in the condition; where either is enough, in both.
"""

from __future__ import annotations

from typing import Final

from tests.simulation.breaking import Edit, Mutant
from tests.simulation.one_line_of_planning import LEASES, PLANNING, PRUNING

_WRITE = "tests.doubles.memory:MemoryRegister.write"
_FAILED = "if not _holds(action.condition, items[n])]"
_ACCEPTS = "return self.fence == expected"
_ZONE = "tests.doubles.zone:MemoryZone.accepts"

STORES: Final = (
    Mutant("no fence", _ZONE, _ACCEPTS, "return True"),
    Mutant(
        "any fence will do", _ZONE, _ACCEPTS, "return (self.fence is None) == (expected is None)"
    ),
    Mutant(
        "fence without digest, step and attempt",
        _ZONE,
        _ACCEPTS,
        "return getattr(self.fence, 'generation', 0) == getattr(expected, 'generation', 0)",
    ),
    Mutant(
        "upsert: an older fence is replaced unseen",
        "tests.doubles.zone:MemoryZone.apply",
        "if not self.accepts(expected):",
        "if not self.accepts(expected) and fence.step == 0:",
    ),
    Mutant(
        "pointer without conditions",
        _WRITE,
        _FAILED,
        'if action.key.sk != "pointer" and not _holds(action.condition, items[n])]',
    ),
    Mutant(
        "mirrors without conditions",
        _WRITE,
        _FAILED,
        'if not action.key.sk.startswith("fence#") and not _holds(action.condition, items[n])]',
    ),
    Mutant(
        "journal entries overwritten",
        _WRITE,
        _FAILED,
        'if not action.key.pk.startswith("journal#") and not _holds(action.condition, items[n])]',
    ),
    Mutant(
        "checks of a transaction ignored",
        _WRITE,
        _FAILED,
        "if isinstance(action, Put) and not _holds(action.condition, items[n])]",
    ),
    Mutant(
        "a key can be created twice",
        "tests.doubles.memory:MemoryArchive.create",
        "if key in self._objects:",
        "if False:",
    ),
)

ENACTING: Final = (
    Mutant(
        "refresh and retry",
        "enactor.steps:enact_target",
        "_check_fence(enactment, target, seen)\n        _check_pointer_and_hold(enactment, beside)",
        "pass",
    ),
    Mutant(
        "checked at the start only",
        "enactor.steps:enact_target",
        "beside = _read_beside(enactment, target)",
        "beside = beside if written else _read_beside(enactment, target)",
    ),
    Mutant(
        "converge: the first step counts as done",
        "enactor.steps:_converge",
        "done = len(steps) == 1 and not _may_drop(target, steps[0])",
        "done = True",
    ),
    Mutant(
        "exact: the first step counts as done",
        "enactor.steps:_exact",
        "done = position + 1 == len(part.steps) and not _may_drop(target, step.changes)",
        "done = True",
    ),
    Mutant(
        "converge: a step number is a place in a list",
        "enactor.steps:_converge",
        "steps = cut(changes, target)",
        "steps = cut(changes, target)[seen.step if enactment.holds(seen) else 0 :] or ((),)",
    ),
    Mutant(
        "mirror raised before the write",
        "enactor.steps:_apply",
        "enactment.tick()",
        "raise_mirror(enactment.ports.register, enactment.plan.stream, target.id, None,"
        " write.fence, retired=False, attempt=enactment.attempt)",
    ),
    Mutant(
        "resume that trusts memory: only what is above the pointer",
        "enactor.eligibility:_newest",
        "if pointer is not None and pointer.applied != pointer.desired:",
        "if False:",
    ),
    Mutant(
        "an unapproved plan is eligible",
        "plans.decisions:enough",
        "return len(standing) >= wanted or any(approval.break_glass for approval in standing)",
        "return True",
    ),
    Mutant(
        "approvals do not expire",
        "plans.decisions:counted",
        "and (now is None or approval.expires_at > now)",
        "",
    ),
    Mutant(
        "plans do not expire",
        "enactor.eligibility:_check_first_claim",
        "if plan.expires_at <= ports.clock.now():",
        "if False:",
    ),
    Mutant(
        "a plan observed under a hold is eligible",
        "enactor.eligibility:_check_first_claim",
        "if plan.base.hold is not None and not passes_holds(plan):",
        "if False:",
    ),
    Mutant(
        "exact: any older fence will do",
        "enactor.steps:_exact",
        "if planned != seen.text():",
        "if False:",
    ),
    Mutant(
        "the digest that was named is not checked",
        "plans.published:as_plan",
        "if digest is not None and found != digest:",
        "if False:",
        also=(
            Edit(
                "enactor.eligibility:_check_digests",
                "plan = published.plan",
                "return; plan = published.plan",
            ),
        ),
    ),
    Mutant(
        "what decisions and journal know of a generation is not asked",
        "enactor.eligibility:_check_digests",
        "plan = published.plan",
        "return; plan = published.plan",
    ),
    Mutant(
        "approval of a generation, whatever its digest",
        "plans.decisions:counted",
        "and approval.digest == digest",
        "",
        also=(
            Edit(
                "plans.decisions:approval_condition", 'Where("digest", "=", approval.digest),', ""
            ),
            Edit(
                "enactor.eligibility:_check_digests",
                "plan = published.plan",
                "return; plan = published.plan",
            ),
        ),
    ),
    Mutant(
        "a hold does not stop a running pass",
        "enactor.steps:_check_pointer_and_hold",
        "if beside.hold is not None and not passes_holds(plan):",
        "if False:",
    ),
)

POINTER: Final = (
    Mutant(
        "claim without lineage",
        "plans.published:_check_place",
        '("foreign-lineage", "lineage", lineage, plan.lineage),',
        "",
        also=(Edit("plans.pointer:claim_condition", 'Where("lineage", "=", plan.lineage), ', ""),),
    ),
    Mutant(
        "no jump-max",
        "enactor.eligibility:_check_first_claim",
        "if plan.generation > floor + JUMP_MAX and request.allow_jump is None:",
        "if False:",
        also=(Edit("plans.published:published_from", "or number > generation + JUMP_MAX", ""),),
    ),
    Mutant(
        "claim of a lower generation",
        "plans.pointer:claim_condition",
        'rules += [Where("desired_generation", "<", plan.generation)]',
        'rules += [Where("desired_generation", ">", 0)]',
    ),
    Mutant(
        "exact claimed on any pointer",
        "plans.pointer:claim_condition",
        'if plan.mode == "exact":',
        "if False:",
        also=(
            Edit(
                "enactor.eligibility:_check_first_claim",
                'if plan.mode == "exact" and not matches_base(seen.pointer, plan.base):',
                "if False:",
            ),
        ),
    ),
    Mutant(
        "claim carries over an applied generation it did not check",
        "plans.pointer:claim_condition",
        'Where("lineage", "=", plan.lineage), _applied_is(pointer.applied)]',
        'Where("lineage", "=", plan.lineage)]',
    ),
    Mutant(
        "the first claim takes whatever stands there",
        "plans.pointer:claim_condition",
        "return Absent()",
        "return All(())",
    ),
    Mutant(
        "completion without claim",
        "plans.claim:complete",
        "completion_condition(plan, digest)",
        'Where("lineage", "=", plan.lineage)',
    ),
    Mutant(
        "claim of a rejected plan",
        "plans.claim:claim",
        "Check(reject_key(stream, plan.generation), Absent()),",
        "",
        also=(Edit("enactor.eligibility:_check_stops", "if rejection is not None:", "if False:"),),
    ),
    Mutant("claim under a hold", "plans.claim:claim", "if not passes_holds(plan):", "if False:"),
    Mutant(
        "journal outside the transaction",
        "plans.claim:claim",
        "entry = record(register, stream, draft, *actions, end=grounds.end, races_max=1)",
        "register.write(*actions); entry = record(register, stream, draft)",
    ),
    Mutant(
        "a taken place in the journal is taken for one's own",
        "plans.journal:_send",
        'return "written" if there.get("document") == body else "raced"',
        'return "written"',
    ),
    Mutant(
        "no attempt id: a lost answer is a lost race",
        "plans.journal:_send",
        'return "written" if there.get("document") == body else "raced"',
        'return "raced"',
    ),
    Mutant(
        "a mirror is raised over a higher one",
        "plans.mirror:raise_mirror",
        'lower = Where("generation", "<", g)',
        'lower = Where("generation", ">=", 0)',
    ),
)

MUTANTS: Final = (*STORES, *ENACTING, *POINTER, *PLANNING, *PRUNING, *LEASES)
