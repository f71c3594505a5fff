"""Errors, sorted by what the operator does next.

::

    PlanfenceError
    ├── Refused      3   do not retry: something must change first; ``remedy`` says what
    │   └── Invalid          a document from outside; carries every problem, with its place
    ├── Conflict     4   somebody else won: re-read, then decide again
    │   ├── KeyTaken         an archive key that exists already
    │   ├── ConditionFailed  a register condition that did not hold; carries what was found
    │   ├── FenceMoved       the target's fence is not the one the step expected
    │   ├── Drifted          a change's ``before`` is not what the target holds
    │   └── Superseded       a newer generation was seen; an outcome, not a fault
    ├── Unavailable  5   try again, bounded: nothing was changed, or that is unknown
    │   └── Unknown          a write was sent and its fate is not known: re-read first
    └── Failed       1   broken beyond a retry (a corrupt register)

Every error reads as one line: what, why, the rule's name, what to do. No error path deletes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class PlanfenceError(Exception):
    """A condition an operator can act on.

    Args:
        what: what did not happen and why, as one line without a final full stop.
        rule: the refusing rule's stable name (``kebab-case``), for people and programs.
        expected: what the rule asked for.
        actual: what was found instead.
        remedy: what to do next, as an imperative; a command where there is one.
    """

    exit_code: ClassVar[int] = 1
    outcome: ClassVar[str] = "failed"

    def __init__(
        self,
        what: str,
        *,
        rule: str,
        expected: str | None = None,
        actual: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.rule = rule
        self.expected = expected
        self.actual = actual
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.what} [{self.rule}]"
        if self.expected is not None or self.actual is not None:
            text += f": expected {self.expected}, found {self.actual}"
        return f"{text}; {self.remedy}" if self.remedy else text


class Refused(PlanfenceError):
    """Invalid, unsafe, unapproved or held: sending the same again will be refused again."""

    exit_code = 3
    outcome = "refused"


class Invalid(Refused):
    """A document from a person or another program that cannot be accepted.

    ``problems`` has every one found, in order, each as ``place: reason``.
    """

    def __init__(self, problems: Sequence[str], *, rule: str, remedy: str | None = None) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}", rule=rule, remedy=remedy)
        self.problems = tuple(problems)


class Conflict(PlanfenceError):
    """Somebody else won. Re-read and compare generations before doing anything else."""

    exit_code = 4
    outcome = "superseded"


class KeyTaken(Conflict):
    """The archive already holds this key; write-once keys are never replaced."""


class ConditionFailed(Conflict):
    """A register write whose condition did not hold. Nothing of the transaction was written.

    ``failed`` are the indices of the actions whose own condition did not hold. ``items`` has, in
    the order of the actions, what the store held for each of those when it refused: the item's
    attributes, or None where there is no item. For the other actions a store may tell or not.
    """

    def __init__(
        self,
        what: str,
        *,
        failed: Sequence[int],
        items: Sequence[Mapping[str, Any] | None],
    ) -> None:
        super().__init__(what, rule="condition")
        self.failed = tuple(failed)
        self.items = tuple(items)


class FenceMoved(Conflict):
    """The target holds another fence than the step expected; nothing was changed there."""


class Drifted(Conflict):
    """A change's ``before`` is not what the target holds; nothing was changed there."""


class Superseded(Conflict):
    """A newer generation holds the pointer or a fence. The pass ends; this is no fault."""


class Unavailable(PlanfenceError):
    """A store or target cannot be used now. Nothing proceeds without it (guarantee G9)."""

    exit_code = 5
    outcome = "unavailable"


class Unknown(Unavailable):
    """A write was sent and its outcome is not known. Never treated as failed: re-read first."""


class Failed(PlanfenceError):
    """Broken in a way that neither a retry nor another plan mends, such as a corrupt register."""
