"""One-line breakages of planning, pruning and leases; see ``one_line.py``."""

from __future__ import annotations

from typing import Final

from tests.simulation.breaking import Edit, Mutant

PLANNING: Final = (
    Mutant(
        "a plan that lost its number is renumbered",
        "planner.publishing:publish",
        "_create(archive, generation, plan_key(stream, generation), body)",
        "try:\n        _create(archive, generation, plan_key(stream, generation), body)\n"
        "    except NumberTaken:\n        renumbered = {'generation': generation + 1}\n"
        "        return publish(archive, plan.model_copy(update=renumbered), blobs)",
    ),
    Mutant(
        "an outage is taken for done",
        "planner.publishing:_create",
        "except (KeyTaken, Unknown):",
        "except Unavailable:\n            return\n        except (KeyTaken, Unknown):",
    ),
    Mutant(
        "numbers of lost plans are given again",
        "planner.world:World.next_generation",
        "decided.decided_above,",
        "0,",
    ),
    Mutant(
        "a head without its desired state is pending",
        "planner.pending:_can_be_verified",
        "return False",
        "pass",
    ),
    Mutant(
        "a head that was decided on as other bytes is pending",
        "planner.pending:_can_be_verified",
        "return world.decided.decisions.digests(head.plan.generation) <= {head.digest}",
        "return True",
    ),
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
        "prune by count only",
        "plans.retention:reached_by",
        "_named(facts, generation)\n        or _not_passed(facts, generation)\n"
        "        or _fenced(facts, generation)\n        or ",
        "",
        also=(
            Edit(
                "plans.marks:write_marks",
                'Where("desired_generation", ">", top),\n'
                '            Where("applied_generation", ">", top),',
                "",
            ),
        ),
    ),
    Mutant(
        "an override that stands is pruned",
        "plans.retention:_needed_by_rollback",
        "if generation == facts.standing:",
        "if False:",
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
