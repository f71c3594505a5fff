"""A broken invariant."""

from __future__ import annotations


class Violation(AssertionError):
    """A broken invariant, by name."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant
