"""What the invariants remember of a published plan, from the bytes as they were created."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_UNCERTAIN = ("unrelated", "unknown")


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """A plan, as far as invariants rest on it."""

    generation: int
    parent: tuple[int, str] | None
    lineage: str
    mode: str
    origin: str
    created_by: str
    expires_at: datetime
    source: str | None
    commit: str | None
    waived: frozenset[str]
    needs_approval: bool
    under_hold: bool
    standing: int | None
    base: tuple[tuple[int, str] | None, tuple[int, str] | None]
    fences: Mapping[str, str | None]
    attachments: tuple[str, ...]

    @property
    def passes_holds(self) -> bool:
        return self.origin != "planner"


def facts_of(body: bytes) -> PlanFacts:
    """Read with the standard library, not with the product's own codec."""
    plan: dict[str, Any] = json.loads(body)
    waived = frozenset(waiver["rule"] for waiver in plan["waivers"])
    uncertain = any(entry["ancestry"] in _UNCERTAIN for entry in plan["inputs"])
    return PlanFacts(
        generation=plan["generation"],
        parent=_reference(plan["parent"]),
        lineage=plan["lineage"],
        mode=plan["mode"],
        origin=plan["origin"],
        created_by=plan["created_by"],
        expires_at=datetime.fromisoformat(plan["expires_at"]),
        source=plan["source"],
        commit=plan["inputs"][0]["commit"],
        waived=waived,
        needs_approval=bool(waived) or uncertain,
        under_hold=plan["base"]["hold"] is not None,
        standing=plan["standing"] and plan["standing"]["generation"],
        base=(_reference(plan["base"]["desired"]), _reference(plan["base"]["applied"])),
        fences={entry["target"]: entry["fence"] for entry in plan["base"]["fences"]},
        attachments=tuple(entry["digest"] for entry in plan["attachments"]),
    )


def _reference(found: Mapping[str, Any] | None) -> tuple[int, str] | None:
    return None if found is None else (found["generation"], found["digest"])
