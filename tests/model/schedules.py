"""Small worlds: those in which everything must hold, and one for each rule that is taken back.

Each world is as small as its schedule allows, so that a test can explore all of it. S1 to S16 are
those of ``facts/design-schedules.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.model.recovery import HELPERS, Helper
from tests.model.state import Left, World

TWO_SETS = ((1, 1), (2, 2), (3, 3), (4, 4))
"""Commits that change both record sets: two steps where a step takes one change."""
BACK = ((1, 0), (2, 0), (1, 0), (3, 0))
"""The third commit takes the second back."""
APART = ((1, 0), (2, 0), (1, 2), (3, 3))
"""The third commit changes what the second did not, and takes it back."""


@dataclass(frozen=True)
class Schedule:
    """A rule, the world in which it matters, and what breaks without it.

    ``told`` is the length told in the facts; None where they tell none.
    """

    rules: frozenset[str]
    world: World
    breaks: str
    told: tuple[int, ...] | None
    helpers: tuple[Helper, ...] = ()


def _taken(*rules: str) -> frozenset[str]:
    return frozenset(rules)


SCHEDULES: dict[str, Schedule] = {
    "S1": Schedule(
        _taken("S1"),
        World(contents=BACK, left=Left(commits=2)),
        "pointer: applied is not so",
        (11,),
    ),
    "S2": Schedule(
        _taken("S2"),
        World(contents=APART, left=Left(commits=2)),
        "G5 done means done",
        (12,),
    ),
    "S3a": Schedule(
        _taken("S3"),
        World(contents=BACK, left=Left(commits=2)),
        "S3 nothing is enacted that a pass has overtaken",
        None,
    ),
    "S3b": Schedule(
        _taken("S3"),
        World(override=(2, 0), left=Left(commits=1, overrides=1)),
        "G4 no wedge: planner",
        (21,),
        ("planner",),
    ),
    "S4": Schedule(
        _taken("S4"),
        World("converge", TWO_SETS, limits=(1, 1), generations=2, left=Left(commits=1, crashes=1)),
        "G5 done means done",
        (19,),
    ),
    "S4, the list kept": Schedule(
        _taken("S4-list"),
        World("converge", TWO_SETS, limits=(1, 1), left=Left(commits=2)),
        "G5 done means done",
        (20,),
    ),
    "S5": Schedule(
        _taken("S5"),
        World(contents=TWO_SETS, limits=(1, 2), generations=2, left=Left(commits=1)),
        "G5 done means done",
        (3,),
    ),
    "S6, a lost head": Schedule(
        _taken("S6"),
        World(left=Left(commits=1, files=1)),
        "G4 no wedge: planner",
        None,
        ("planner",),
    ),
    "S6, a forged key": Schedule(
        _taken("S6-far"),
        World(left=Left(commits=1, forged=1), generations=2),
        "G4 no wedge: planner",
        None,
        ("planner",),
    ),
    "S7": Schedule(
        _taken("S7"),
        World(contents=TWO_SETS, limits=(1, 1), left=Left(commits=2)),
        "G4 no claim strands a plan that is half applied",
        (6,),
    ),
    "S8": Schedule(
        _taken("S8"),
        World(left=Left(commits=2)),
        "pointer: applied was not so",
        (20, 11),
    ),
    "S9": Schedule(
        _taken("S9"),
        World(left=Left(commits=2, stale_jobs=1)),
        "S9 files never go back",
        (6,),
    ),
    "S9, what stands": Schedule(
        _taken("S9-standing"),
        World(left=Left(overrides=1)),
        "S9 an override is not undone",
        (3,),
    ),
    "S10": Schedule(
        _taken("S10"),
        World(left=Left(commits=1, rejects=1), generations=2),
        "G8 nothing is enacted that was not approved",
        (2,),
    ),
    "S10, a hold": Schedule(
        _taken("S10"),
        World(left=Left(commits=1, holds=1), generations=2),
        "hold: nothing is claimed under it",
        (2,),
    ),
    "S11": Schedule(
        _taken("S11", "passed"),
        World(bare=True, janitor=True, left=Left(commits=2)),
        "G3 nothing reachable is deleted",
        None,
    ),
    "F6": Schedule(
        _taken("F6", "passed"),
        World(janitor=True, left=Left(commits=2)),
        "G3 nothing reachable is deleted",
        None,
    ),
    "S12": Schedule(
        _taken("S12"),
        World("converge", guarded=True, left=Left(drifts=1, commits=1)),
        "S12 nothing is deleted past the guards",
        None,
    ),
    "S13": Schedule(
        _taken("S13"),
        World(left=Left(commits=2, fences=1)),
        "G1 a fence record never falls",
        (7,),
    ),
    "S14": Schedule(
        _taken("S14"),
        World(janitor=True, past=2, left=Left(pins=1), generations=2),
        "G3 nothing reachable is deleted",
        (3,),
    ),
    "S15": Schedule(
        _taken("S15"),
        World(journal=True, left=Left(commits=1, lost=1), generations=2),
        "G7 a claim is journaled once",
        (6,),
    ),
    "S16": Schedule(
        _taken("S16"),
        World("converge", BACK, left=Left(commits=2)),
        "G5 done means done",
        (21,),
    ),
    "F3, a target that compares nothing": Schedule(
        _taken("fence"),
        World(left=Left(commits=2)),
        "G1 a target never falls",
        (5,),
    ),
    "F4, refreshed and tried again": Schedule(
        _taken("compare"),
        World("converge", left=Left(commits=2)),
        "G1 a target never falls",
        (9,),
    ),
    "F5, only newer plans are taken": Schedule(
        _taken("resume"),
        World(left=Left(commits=1, crashes=1), generations=2),
        "G4 no wedge: planner",
        None,
        ("planner",),
    ),
    "F9, a computed plan renumbered": Schedule(
        _taken("renumber"),
        World(interleaved=True, left=Left(commits=1, overrides=1)),
        "S9 an override is not undone",
        None,
    ),
    "F9, a fence ahead of what was decided": Schedule(
        _taken("ahead"),
        World("converge", interleaved=True, left=Left(overrides=1)),
        "S9 an override is not undone",
        None,
    ),
}


@dataclass(frozen=True)
class Proof:
    """A world in which nothing may break, and who must be able to recover from all its states."""

    world: World
    helpers: tuple[Helper, ...] = HELPERS


PROOFS: dict[str, Proof] = {
    "exact, crashes and late steps": Proof(World(left=Left(crashes=1, late=1, commits=2))),
    "exact, two steps": Proof(
        World(contents=TWO_SETS, limits=(1, 1), left=Left(crashes=1, commits=2))
    ),
    "exact, back again": Proof(World(contents=BACK, left=Left(late=1, commits=2))),
    "converge, crashes": Proof(World("converge", left=Left(crashes=1, commits=2))),
    "converge, late steps": Proof(World("converge", left=Left(late=1, commits=2))),
    "converge, two steps": Proof(
        World("converge", TWO_SETS, limits=(1, 1), left=Left(crashes=1, commits=1), generations=2)
    ),
    "exact, planned read by read": Proof(
        World(interleaved=True, left=Left(crashes=1, commits=2, stale_jobs=1))
    ),
    "converge, planned read by read": Proof(
        World("converge", interleaved=True, left=Left(commits=2))
    ),
    "converge, an override and a planner read by read": Proof(
        World("converge", interleaved=True, left=Left(overrides=1, commits=1))
    ),
    "exact, an override": Proof(World(left=Left(overrides=1, commits=1, crashes=1))),
    "converge, an override": Proof(World("converge", left=Left(overrides=1, commits=1))),
    "exact, people": Proof(World(approvals=True, left=Left(holds=1, rejects=1, commits=1))),
    "exact, lost files": Proof(World(left=Left(files=1, forged=1, commits=1))),
    "exact, a lost fence": Proof(World(left=Left(fences=1, commits=1))),
    "converge, drift": Proof(World("converge", left=Left(drifts=1, commits=1, crashes=1))),
    "exact, drift": Proof(World(left=Left(drifts=1, commits=1, crashes=1))),
    "exact, a janitor and pins": Proof(World(janitor=True, left=Left(pins=1, commits=2))),
    "converge, a janitor": Proof(World("converge", janitor=True, left=Left(commits=2))),
    "exact, a janitor and a new target": Proof(
        World(janitor=True, bare=True, left=Left(commits=1))
    ),
    "exact, lost answers to claims": Proof(
        World(journal=True, left=Left(lost=1, crashes=1, commits=1), generations=2)
    ),
}

LONG: dict[str, Proof] = {
    "converge, crashes and late steps": Proof(
        World("converge", left=Left(crashes=1, late=1, commits=2))
    ),
    "exact, three enactors": Proof(World(limits=(2, 2, 2), left=Left(crashes=1, commits=2))),
    "converge, three enactors": Proof(World("converge", limits=(2, 2, 2), left=Left(commits=2))),
    "exact, a lost fence, with a planner read by read": Proof(
        World(interleaved=True, left=Left(fences=1, commits=1, crashes=1))
    ),
    "exact, a janitor and a new target, three commits": Proof(
        World(janitor=True, bare=True, left=Left(commits=2, crashes=1, late=1))
    ),
}
"""More of the same, for ``make prove-long``."""
