"""One-line breakages of the protocol and of the stores, each to be killed by a named invariant.

What stands twice on purpose (a check before the write, and the condition in it) is broken where it
decides: in the condition.
"""

from __future__ import annotations

from typing import Final

from tests.simulation.breaking import Mutant

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
)

POINTER: Final = (
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
    ),
    Mutant("claim under a hold", "plans.claim:claim", "if not passes_holds(plan):", "if False:"),
    Mutant(
        "journal outside the transaction",
        "plans.claim:claim",
        "entry = record(register, stream, draft, *actions, end=grounds.end)",
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

PLANNING: Final = (
    Mutant(
        "what stands under a number is taken for one's own",
        "planner.publishing:_create",
        "if found.body == body:",
        "if True:",
    ),
    Mutant(
        "a plan that was enacted meanwhile is not read",
        "planner.planning:_overtaken",
        "if not world.is_overtaken:",
        "if True:",
    ),
    Mutant(
        "source may go back",
        "planner.planning:_guards",
        'holds=entry.ancestry != "older",',
        "holds=True,",
    ),
    Mutant(
        "a planner undoes an override",
        "planner.planning:_guards",
        'if request.origin == "planner" and decided.standing is not None:',
        "if False:",
    ),
    Mutant(
        "an override stands for one plan only",
        "planner.world:_standing",
        'inherited = parent_plan.plan.standing if parent_plan.plan.origin == "planner" else parent',
        'inherited = None if parent_plan.plan.origin == "planner" else parent',
    ),
    Mutant(
        "unchanged, whatever the pointer says",
        "planner.pending:is_unchanged",
        "if pointer is None or pointer.applied != pointer.desired or"
        " decided.parent != pointer.desired:",
        "if pointer is None:",
    ),
    Mutant(
        "a rejected head is pending",
        "planner.pending:pending_head",
        "if decided.decisions.rejection(head.plan.generation) is not None:",
        "if False:",
    ),
    Mutant(
        "an expired head is pending",
        "planner.pending:pending_head",
        "if not is_claimed and head.plan.expires_at <= ports.clock.now():",
        "if False:",
    ),
    Mutant(
        "a head that cannot complete is pending",
        "planner.pending:pending_head",
        "or not _can_complete(head, world, is_claimed):",
        "or False:",
    ),
)

PRUNING: Final = (
    Mutant(
        "prune by age only",
        "plans.retention:reached_by",
        "_named(facts, generation)\n        or _not_passed(facts, generation)\n"
        "        or _fenced(facts, generation)\n        or _needed_by_rollback(facts, generation)",
        "None",
    ),
    Mutant(
        "marked whether it is pinned or not",
        "plans.marks:write_marks",
        "Check(pin_key(stream, of.generation), unpinned()),",
        "",
    ),
    Mutant(
        "pinned whether it is marked or not",
        "plans.marks:pin",
        "Check(prune_key(stream, generation), unmarked()),",
        "",
    ),
    Mutant(
        "attachments buried before their plan",
        "plans.pruning:_bury",
        "archive, generation = janitor.archive, of.generation",
        "archive, generation = janitor.archive, of.generation; [bury(archive, key, generation,"
        " None) for key in blobs]",
    ),
    Mutant(
        "attachments that are named are orphans",
        "plans.pruning:_orphans",
        "(key for key in shelf.blobs if key not in named)",
        "shelf.blobs",
    ),
)

LEASES: Final = (
    Mutant(
        "lease row deleted: epochs begin anew",
        "plans.lease:_take",
        "epoch, beat = there.epoch + (not ours), there.beat + 1",
        "epoch, beat = 1, 1",
    ),
    Mutant(
        "lease taken over at once",
        "plans.lease:acquire",
        "if asked - watched_since < there.seconds:",
        "if False:",
    ),
    Mutant(
        "lease taken whatever was seen",
        "plans.lease:_take",
        "condition = _own(there) if ours else _as_seen(there)",
        'condition = Where("epoch", ">", 0)',
    ),
    Mutant(
        "lease renewed without looking",
        "plans.lease:Tenure._renew",
        "to_attributes(renewed), _own(self.lease))",
        'to_attributes(renewed), Where("epoch", ">", 0))',
    ),
    Mutant(
        "lease given back without looking",
        "plans.lease:Tenure.release",
        "to_attributes(freed), _own(self.lease))",
        'to_attributes(freed), Where("epoch", ">", 0))',
    ),
)

MUTANTS: Final = (*STORES, *ENACTING, *POINTER, *PLANNING, *PRUNING, *LEASES)
