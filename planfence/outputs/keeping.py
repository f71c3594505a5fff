"""The JSON of the commands that keep plans and let them go."""

from __future__ import annotations

from planfence.outputs.parts import Done, DoneAboutPlan, Shape
from plans.document import GenerationNumber, Timestamp
from plans.pruning import Deed


class PinOutput(DoneAboutPlan):
    """A pin as it was placed, or as it was taken back."""

    by: str
    reason: str


class PinShown(Shape):
    """Who keeps a plan, why, and since when."""

    by: str
    reason: str
    at: Timestamp


class PrunedRange(Shape):
    """Plans in a row that get the same for the same reason; ``rule`` is stable, ``why`` is not."""

    first: GenerationNumber
    last: GenerationNumber
    deed: Deed
    rule: str
    why: str


class PruneCounts(Shape):
    """How many plans get what. ``pruned`` were, before."""

    keep: int
    mark: int
    wait: int
    bury: int
    withdraw: int
    pruned: int


class PruneOutput(Done):
    """What becomes of every plan, in ranges; ``applied``: it was done, and not only said.

    After ``--apply`` what is kept or marked comes first, then what became of the marks.
    ``attachments`` counts those that no plan names and that were buried, or would be.
    """

    applied: bool
    counts: PruneCounts
    attachments: int
    ranges: list[PrunedRange]
