"""Errors for programs: the fields that DESIGN section 8 gives every refusal."""

from __future__ import annotations

from typing import Any

from planfence.output import clean
from plans.errors import PlanfenceError


def refusal_document(error: PlanfenceError) -> dict[str, Any]:
    """An error for programs."""
    return {
        "outcome": error.outcome,
        "message": clean(error.what),
        "rule": error.rule,
        "expected": error.expected,
        "actual": error.actual,
        "remedy": error.remedy,
        "problems": list(refusal_details(error)),
    }


def refusal_details(error: PlanfenceError) -> tuple[str, ...]:
    """Every problem or breached guard, where an error has several; its own line says the first."""
    breaches = getattr(error, "breaches", ())
    if breaches:
        return tuple(
            f"{entry.rule}: {entry.actual}, limit {entry.limit}"
            + (f", on {entry.target}" if entry.target else "")
            for entry in breaches
        )
    problems: tuple[str, ...] = getattr(error, "problems", ())
    return problems if len(problems) > 1 else ()
