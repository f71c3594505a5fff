"""What ``pin`` and ``unpin`` do, and what ``list`` shows of pins and marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from planfence.app import App, Result
from planfence.output import lines
from plans.errors import Refused
from plans.marks import Mark, Pin, as_mark, as_pin, pin, unpin
from plans.names import pin_key, prune_key
from plans.published import read_plan

if TYPE_CHECKING:
    from planfence.wiring import Session

_AT_ONCE: Final = 50  # generations whose two items one request reads


@dataclass(frozen=True, slots=True)
class Keeping:
    """What was decided about the keeping of one plan: a pin or a mark, never both."""

    pin: Pin | None
    mark: Mark | None

    @property
    def text(self) -> str:
        """What follows the state of a plan, or nothing."""
        if self.pin is not None:
            return f", pinned by {self.pin.by}: {self.pin.reason}"
        return ", marked to be pruned" if self.mark is not None else ""

    @property
    def document(self) -> dict[str, Any]:
        return {
            "pinned": self.pin and self.pin.model_dump(mode="json", include={"by", "reason", "at"}),
            "marked_at": self.mark.at.isoformat() if self.mark else None,
        }


def keeping_of(session: Session, stream: str, generations: Sequence[int]) -> dict[int, Keeping]:
    """Pin and mark of each generation, as far as they stand."""
    found: dict[int, Keeping] = {}
    for start in range(0, len(generations), _AT_ONCE):
        some = generations[start : start + _AT_ONCE]
        keys = [key(stream, number) for number in some for key in (pin_key, prune_key)]
        items = iter(session.register.read_all(*keys))
        for number in some:
            pinned = as_pin(next(items), stream, number)
            mark = as_mark(next(items), stream, number)
            stands = mark is not None and mark.state == "marked"
            found[number] = Keeping(pinned, mark if stands else None)
    return found


def pin_plan(app: App, stream: str, generation: int, reason: str) -> Result:
    """Pin a plan that is there.

    Raises:
        Refused: it is not there or not readable, or it is pinned, marked or pruned.
    """
    by = app.identity()
    session = app.session()
    settings = session.settings(stream)
    published = read_plan(session.archive, stream, settings.lineage, generation)
    app.about["digest"] = published.digest
    wanted = Pin(
        state="pinned",
        digest=published.digest,
        by=by,
        reason=reason,
        at=session.clock.now(),
        attempt=session.new_id(),
    )
    pin(session.register, stream, generation, wanted)
    document = {"outcome": "done", "by": by, "reason": reason}
    return Result(document, lines(f"plan {generation} of {stream} is pinned by {by}: {reason}"))


def unpin_plan(app: App, stream: str, generation: int, reason: str) -> Result:
    """Take a pin back, whatever became of the plan.

    Raises:
        Refused: it is not pinned.
        Conflict: somebody changed the pin meanwhile.
    """
    by = app.identity()
    session = app.session()
    session.settings(stream)
    before = as_pin(session.register.read(pin_key(stream, generation)), stream, generation)
    if before is None:
        raise Refused(
            f"plan {generation} of {stream} is not pinned",
            rule="not-pinned",
            remedy=f"see which are: `planfence list {stream}`",
        )
    app.about["digest"] = before.digest
    after = Pin(
        state="unpinned",
        digest=before.digest,
        by=by,
        reason=reason,
        at=session.clock.now(),
        attempt=session.new_id(),
    )
    unpin(session.register, stream, generation, before, after)
    text = f"plan {generation} of {stream} is unpinned by {by}: {reason}"
    return Result({"outcome": "done", "by": by, "reason": reason}, lines(text))
