"""Whether a recorded history of a register is linearizable: some one-at-a-time order explains it.

The search of Wing and Gong, with Lowe's memory of what was tried: an operation may come next if
none that is left over had returned before it began. An operation whose outcome is unknown has never
returned; it may have taken effect at any time since it began, or never.

What a register is, is said here a second time and without its code: three items that hold a number
or are absent, and actions that each have one condition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import Literal, NamedTuple

Values = tuple[int | None, ...]
"""What each item holds; None: there is none."""


class Act(NamedTuple):
    """One action on one item. ``puts`` None is a check; ``against`` is of "=" and "<"."""

    item: int
    puts: int | None
    condition: Literal["absent", "=", "<", "always"]
    against: int = 0


class Read(NamedTuple):
    item: int


class Write(NamedTuple):
    acts: tuple[Act, ...]


class Refusal(NamedTuple):
    """The actions whose condition did not hold, and what their items held."""

    failed: tuple[int, ...]
    held: Values


Call = Read | Write
Result = int | None | Refusal | Literal["written", "unknown"]


class Operation(NamedTuple):
    """A call with its result. ``returned`` is infinite where the outcome is unknown."""

    client: int
    began: float
    returned: float
    call: Call
    result: Result


def is_linearizable(history: Sequence[Operation], start: Values) -> bool:
    """Whether an order explains every result, and no operation that returned is left out of it."""
    wanted = sum(1 << n for n, operation in enumerate(history) if operation.returned < inf)
    tried: set[tuple[int, Values]] = set()
    waiting = [(0, start)]
    while waiting:
        chosen, values = waiting.pop()
        if chosen & wanted == wanted:
            return True
        for following in _following(history, chosen, values):
            if following not in tried:
                tried.add(following)
                waiting.append(following)
    return False


def _following(
    history: Sequence[Operation], chosen: int, values: Values
) -> Iterator[tuple[int, Values]]:
    left = [n for n in range(len(history)) if not chosen >> n & 1]
    bound = min(history[n].returned for n in left)
    for n in left:
        operation = history[n]
        if operation.began > bound:
            continue
        result, after = perform(operation.call, values)
        if operation.result in (result, "unknown"):
            yield chosen | 1 << n, after


def perform(call: Call, values: Values) -> tuple[Result, Values]:
    """What the call answers, one at a time, and what the items hold after it."""
    if isinstance(call, Read):
        return values[call.item], values
    failed = tuple(n for n, act in enumerate(call.acts) if not _holds(act, values[act.item]))
    if failed:
        return Refusal(failed, tuple(values[call.acts[n].item] for n in failed)), values
    after = list(values)
    for act in call.acts:
        if act.puts is not None:
            after[act.item] = act.puts
    return "written", tuple(after)


def _holds(act: Act, value: int | None) -> bool:
    if act.condition == "absent":
        return value is None
    if act.condition == "always":
        return True
    if value is None:
        return False
    return value == act.against if act.condition == "=" else value < act.against
