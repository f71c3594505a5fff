"""What the outputs of several commands have in common.

Every document has ``outcome`` and ``stream`` first and ``notes`` last. One with a ``rule`` is an
error (``Refused``), whatever the command.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from plans.document import DigestText, GenerationNumber
from plans.kinds.dns import Records

State = Literal[
    "pending",
    "approved",
    "desired",
    "applied",
    "rejected",
    "expired",
    "superseded",
    "held",
    "conflicting",
]
ErrorOutcome = Literal["refused", "superseded", "unavailable", "failed", "partial"]


class Shape(BaseModel):
    """A part of an output."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class Output(Shape):
    """What every command's JSON has. ``stream`` is null where a command is about none, or all."""

    outcome: str
    stream: str | None
    notes: list[str]


class AboutPlan(Output):
    """What is said of a plan also names it. Null where there is none."""

    generation: GenerationNumber | None
    digest: DigestText | None


class Done(Output):
    """A command that did what it was asked, with nothing more to say about how it ended."""

    outcome: Literal["done"]


class DoneAboutPlan(AboutPlan):
    """The same for a command about a plan."""

    outcome: Literal["done"]


class Error(Shape):
    """Why something was not done, by the rule that says so, and what to do about it."""

    outcome: ErrorOutcome
    message: str
    rule: str
    expected: str | None
    actual: str | None
    remedy: str | None
    problems: list[str]


class Refused(Error):
    """A command that ended in an error."""

    stream: str | None
    generation: GenerationNumber | None = None
    digest: DigestText | None = None
    notes: list[str]


class Approvals(Shape):
    """How many approvals a plan needs, and who gave those that count."""

    wanted: int
    by: list[str]


class Warned(Shape):
    """What a reviewer must not overlook. ``kind`` is stable, ``text`` is for people."""

    kind: str
    text: str


class ChangeShown(Shape):
    """One record set before and after; null is "not there".

    ``identifier`` tells record sets of one name and type apart, where a service has several.
    """

    name: str
    type: str
    identifier: str = ""
    before: Records | None
    after: Records | None
