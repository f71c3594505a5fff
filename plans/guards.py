"""Guards: named limits on how much a plan may change. Pure.

The planner evaluates them on what it computed; the enactor again, against the register's settings,
on what the plan says (``exact``) or on each difference it computes (``converge``: schedule S12).

``never-empty`` sees whole targets. That no pool is left without records cannot be told from a
difference; resolving a pool never leaves out its last member (``planner.pools``).

A breach refuses with the rule's name, limit and counts; a waiver names one rule, never all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from plans.errors import Refused
from plans.kinds.dns import Change, RecordKey, ZoneState
from plans.plan import GuardResult, TargetPlan, Waiver
from plans.settings import Settings

UPDATES_MAX: Final = "updates-max"
DELETES_MAX: Final = "deletes-max"
PROTECTED: Final = "protected"
NEVER_EMPTY: Final = "never-empty"
APEX: Final = "apex"
SOURCE_WENT_BACK: Final = "source-went-back"
UNDOES_OVERRIDE: Final = "undoes-override"
PARENT_UNREADABLE: Final = "parent-unreadable"
JUMP_MAX_RULE: Final = "jump-max"

WAIVABLE: Final = (
    UPDATES_MAX,
    DELETES_MAX,
    PROTECTED,
    NEVER_EMPTY,
    APEX,
    SOURCE_WENT_BACK,
    UNDOES_OVERRIDE,
    PARENT_UNREADABLE,
)
PERCENT_FROM: Final = 10  # a percentage of fewer record sets than this says nothing


@dataclass(frozen=True, slots=True)
class Difference:
    """One target's difference, with what its percentages are of."""

    target: str
    existing: int
    changes: tuple[Change, ...]


class Breached(Refused):
    """At least one guard was breached without a waiver. ``results`` has every guard evaluated."""

    def __init__(self, results: Sequence[GuardResult], *, remedy: str) -> None:
        self.results = tuple(results)
        self.breaches = tuple(entry for entry in results if entry.outcome == "breached")
        first = self.breaches[0]
        where = f" on {first.target}" if first.target else ""
        others = len(self.breaches) - 1
        more = f" (and {others} more guard{'s' if others > 1 else ''})" if others else ""
        super().__init__(
            f"guard {first.rule} is breached{where}{more}",
            rule=first.rule,
            expected=first.limit,
            actual=first.actual,
            remedy=remedy,
        )


def existing_sets(zone: str, state: ZoneState) -> int:
    """Record sets that percentages are of: all but the apex NS, which has a guard of its own."""
    return len(state) - (1 if RecordKey(zone, "NS") in state else 0)


def differences(targets: Iterable[TargetPlan]) -> tuple[Difference, ...]:
    """What a plan says it changes, target by target."""
    return tuple(
        Difference(
            target.target,
            target.existing,
            tuple(change for step in target.steps for change in step.changes),
        )
        for target in targets
    )


def evaluate(
    zone: str,
    settings: Settings,
    parts: Iterable[Difference],
    waivers: Sequence[Waiver] = (),
) -> tuple[GuardResult, ...]:
    """Every guard on every target that changes, with its numbers, breached or not.

    Args:
        zone: the zone's name, absolute.
        settings: the register's, whose limits bind.
        parts: each target's difference.
        waivers: rules a person waived for this plan.
    """
    waived = {waiver.rule for waiver in waivers}
    results: list[GuardResult] = []
    for part in parts:
        if part.changes:
            results += _on_target(zone, settings, part, waived)
    return tuple(results)


def refuse_breaches(results: Sequence[GuardResult], *, remedy: str) -> None:
    """Raise if any guard is breached without a waiver.

    Raises:
        Breached: names the first breached rule, its limit and counts; carries all results.
    """
    if any(entry.outcome == "breached" for entry in results):
        raise Breached(results, remedy=remedy)


def verdict(
    rule: str, target: str | None, limit: str, actual: str, *, holds: bool, waived: Iterable[str]
) -> GuardResult:
    """One guard's result: passed, or breached, or breached and waived."""
    outcome = "passed" if holds else "waived" if rule in waived else "breached"
    return GuardResult.model_validate(
        {"rule": rule, "target": target, "limit": limit, "actual": actual, "outcome": outcome}
    )


def _on_target(
    zone: str, settings: Settings, part: Difference, waived: set[str]
) -> list[GuardResult]:
    apex = [change for change in part.changes if change.name == zone and change.type == "NS"]
    others = [change for change in part.changes if change not in apex] if apex else part.changes
    updates = sum(1 for change in others if change.before and change.after)
    deletes = sum(1 for change in others if change.before and not change.after)
    creates = len(others) - updates - deletes
    protected = protected_names(zone, settings.protect)
    touched = sorted({change.name for change in part.changes if change.name in protected})
    apex_changed = [change for change in apex if change.before is not None]
    left = part.existing + creates - deletes
    target = part.target
    return [
        _limited(UPDATES_MAX, settings.updates_max, updates, part, waived),
        _limited(DELETES_MAX, settings.deletes_max, deletes, part, waived),
        verdict(
            PROTECTED,
            target,
            f"no change to {len(protected)} protected names",
            ", ".join(touched) or "none changed",
            holds=not touched,
            waived=waived,
        ),
        verdict(
            NEVER_EMPTY,
            target,
            "at least 1 record set left beside apex SOA and NS",
            f"{left} left",
            holds=left > 0 or part.existing == 0,
            waived=waived,
        ),
        verdict(
            APEX,
            target,
            "existing apex NS unchanged",
            "changed" if apex_changed else "unchanged",
            holds=not apex_changed,
            waived=waived,
        ),
    ]


def protected_names(zone: str, protect: Iterable[str]) -> frozenset[str]:
    """Protected names made absolute; ``@`` is the apex."""
    return frozenset(
        zone
        if name == "@"
        else name.lower()
        if name.endswith(".")
        else f"{name.lower()}.{zone if zone != '.' else ''}"
        for name in protect
    )


def _limited(rule: str, limit: str, count: int, part: Difference, waived: set[str]) -> GuardResult:
    """A count, or a percentage of existing record sets where there are at least 10 of them."""
    target, existing = part.target, part.existing
    if limit.endswith("%"):
        percent = int(limit[:-1])
        holds = existing < PERCENT_FROM or count * 100 <= percent * existing
        share = f" ({count * 100 / existing:.1f}%)" if existing else ""
        return verdict(
            rule,
            target,
            f"{limit} from {PERCENT_FROM} record sets on",
            f"{count} of {existing}{share}",
            holds=holds,
            waived=waived,
        )
    return verdict(
        rule, target, limit, f"{count} of {existing}", holds=count <= int(limit), waived=waived
    )
