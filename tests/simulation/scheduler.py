"""A scheduler that runs the real, synchronous code one operation at a time.

Each actor is a greenlet. Whatever it asks of a store, a target or the clock goes through
``Scheduler.operate``, which gives control back to the hub *before* the operation happens; the hub
says when it happens and what fate it meets. Between two operations an actor runs alone, which loses
nothing: it touches only its own memory there.

Simulated: every order of operations; crash before or after the effect; pauses; a response lost
with or without the effect; a request delivered late, twice, or once more much later; a store that
is away. Not simulated: stores that break their contract (``tests/contracts`` is about those), and
anything inside one operation, which the contract promises to be atomic.

The hub has no clock, no threads and no randomness of its own: what decides is passed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from math import ceil
from typing import Any, NoReturn, Protocol, TypeVar

from greenlet import greenlet

from plans.errors import PlanfenceError, Unavailable, Unknown

T = TypeVar("T")


class Crashed(BaseException):
    """Thrown into an actor whose process ends here. No handler of the product catches it."""


class Fate(Enum):
    """What becomes of one operation."""

    GO = "ok"
    UNAVAILABLE = "unavailable, nothing changed"
    THROTTLED = "throttled, nothing changed"
    CONTENDED = "409, nothing changed"
    CRASH_BEFORE = "the process ends before it"
    CRASH_AFTER = "the process ends after it"
    LOST_REQUEST = "no answer, no effect"
    LOST_RESPONSE = "no answer, but done"
    LATE = "no answer, delivered later"
    TWICE_FIRST = "delivered twice, first answer"
    TWICE_SECOND = "delivered twice, second answer"
    ECHO = "ok, and delivered again later"


_GO = Fate.GO
NOTHING_CHANGED = (Fate.UNAVAILABLE, Fate.THROTTLED, Fate.CONTENDED)
READ_FATES = (Fate.UNAVAILABLE, Fate.THROTTLED, Fate.CRASH_BEFORE)
WRITE_FATES = tuple(fate for fate in Fate if fate is not Fate.GO)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request that is still under way; its answer reaches nobody."""

    sender: str
    label: str
    effect: Callable[[], object]


@dataclass(eq=False)
class Actor:
    """One process. ``at`` names the operation it waits to do; None once it has ended.

    Attributes:
        rate: how fast its clocks run; 1 is as fast as turns pass.
        skew_seconds: how far its wall clock is off.
        seen: what it has read since it last read a fence (G9).
        is_held: whether it has read last that somebody holds the stream.
        decisions_read: the turn in which it last began to read what was decided (G2).
    """

    name: str
    body: Callable[[], object]
    at: str | None = "start"
    writes: bool = False
    result: Any = None
    error: PlanfenceError | None = None
    crashed: bool = False
    wakes: int = 0
    rate: float = 1.0
    skew_seconds: int = 0
    seen: set[str] = field(default_factory=set)
    is_held: bool = False
    decisions_read: int = 0
    let: greenlet | None = field(default=None, repr=False)

    @property
    def ended(self) -> bool:
        return self.at is None


class Policy(Protocol):
    """Who goes next, and with which fate. The seeded one draws; a named schedule uses none."""

    def next(self, runnable: list[Actor], deliveries: list[Delivery]) -> Actor | Delivery: ...

    def fate(self, actor: Actor) -> Fate | int:
        """The fate of the actor's next operation, or for how many turns it is paused first."""
        ...


class Scheduler:
    """The hub.

    Attributes:
        running: who acts now; None for the test itself, and for a request that arrives late.
        story: what happened, one line for each operation.
    """

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.deliveries: list[Delivery] = []
        self.story: list[str] = []
        self.turn = 0
        self.operations = 0
        self.faults = 0
        self.lost_answers = 0
        self.running: Actor | None = None
        self._hub: greenlet | None = None

    def pass_time(self, seconds: float) -> None:
        """Let whoever runs sleep so long by its own clock; others go on meanwhile."""
        actor = self.running
        if actor is None:
            self.turn += ceil(seconds)
        else:
            actor.wakes = self.turn + ceil(seconds / actor.rate)

    def spawn(self, name: str, body: Callable[[], object]) -> Actor:
        actor = Actor(name, body)
        actor.let = greenlet(lambda _: self._live(actor))
        self.actors.append(actor)
        return actor

    def tell(self, line: str) -> None:
        """Add to the story, under the name of whoever runs."""
        self.story.append(f"{self.running.name if self.running else '-'}: {line}")

    def operate(self, label: str, effect: Callable[[], T], *, writes: bool = False) -> T:
        """A scheduling point. Outside any actor (a test setting its scene) it just happens."""
        actor = self.running
        self.operations += 1
        if actor is None:
            return effect()
        assert self._hub is not None
        if actor.crashed:
            raise Crashed
        actor.at, actor.writes = label, writes
        fate = self._hub.switch()
        if fate is not _GO:
            return self._meet(actor, label, effect, fate)
        try:
            answer = effect()
        except PlanfenceError as error:
            self.story.append(f"{actor.name}: {label} -> {_said(error)}")
            raise
        self.story.append(f"{actor.name}: {label} -> ok")
        return answer

    def step(self, actor: Actor, fate: Fate = Fate.GO) -> None:
        """Let one actor do the operation it waits for, and run on to its next one."""
        assert actor.let is not None
        assert not actor.ended, f"{actor.name} has ended"
        self.turn += 1
        self.running, self._hub = actor, greenlet.getcurrent()
        try:
            if fate is Fate.CRASH_BEFORE:
                self.tell(f"crashes before {actor.at}")
                actor.crashed = True
                actor.let.throw(Crashed)
            else:
                actor.let.switch(fate)
        finally:
            self.running = None

    def run_until(self, actor: Actor, label: str) -> Actor:
        """Run one actor alone until its next operation's label starts with ``label``."""
        while not (actor.at or "").startswith(label):
            if actor.ended:
                raise AssertionError(
                    f"{actor.name} ended ({actor.error or actor.result}) before {label}\n{self}"
                )
            self.step(actor)
        return actor

    def finish(self, actor: Actor) -> Actor:
        """Run one actor alone to its end."""
        while not actor.ended:
            self.step(actor)
        return actor

    def deliver(self, delivery: Delivery) -> None:
        """A late request arrives. Nobody hears the answer."""
        self.deliveries.remove(delivery)
        self.turn += 1
        answer = _attempt(delivery.effect)
        self.story.append(f"{delivery.sender}: late {delivery.label} arrives -> {_said(answer)}")

    def run(self, policy: Policy, turns_max: int) -> None:
        """Run every actor, as the policy says, until all have ended or sleep for good."""
        runnable: list[Actor] = []
        until = -1  # those are still the ones in this turn, unless the last one chosen changed
        for _ in range(turns_max):
            if self.turn >= until:
                runnable, until = self._awake()
            if not runnable:
                if until >= NEVER:
                    return
                self.turn = until
                continue
            chosen = policy.next(runnable, self.deliveries)
            if isinstance(chosen, Delivery):
                self.deliver(chosen)
                continue
            fate = policy.fate(chosen)
            if fate is not _GO:
                self.faults += 1
            if isinstance(fate, int):
                chosen.wakes = self.turn + fate
                self.story.append(f"{chosen.name}: is paused before {chosen.at}")
            else:
                self.step(chosen, fate)
            if chosen.at is None or chosen.wakes > self.turn:
                until = -1
        raise AssertionError(f"{turns_max} turns were not enough\n{self}")

    def _awake(self) -> tuple[list[Actor], int]:
        """Who can go on now, and the turn in which somebody else may; ``NEVER`` if nobody will."""
        living = [actor for actor in self.actors if actor.at is not None]
        asleep = [actor.wakes for actor in living if actor.wakes > self.turn]
        return [actor for actor in living if actor.wakes <= self.turn], min(asleep, default=NEVER)

    def __str__(self) -> str:
        return "\n".join(f"{number:5d}  {line}" for number, line in enumerate(self.story, start=1))

    def _live(self, actor: Actor) -> None:
        try:
            actor.result = actor.body()
            self.tell("ends")
        except PlanfenceError as error:
            actor.error = error
            self.tell(f"ends: {error}")
        except Crashed:
            actor.crashed = True
        actor.at = None

    def _meet(self, actor: Actor, label: str, effect: Callable[[], T], fate: Fate) -> T:
        """An operation that does not just happen."""
        self.tell(f"{label}: {fate.value}")
        if fate in NOTHING_CHANGED:
            raise Unavailable(f"{label}: simulated outage", rule="simulated")
        if fate is Fate.LOST_REQUEST:
            return _unknown(label)
        if fate is Fate.LATE:
            self.deliveries.append(Delivery(actor.name, label, effect))
            return _unknown(label)
        if fate is Fate.ECHO:
            self.deliveries.append(Delivery(actor.name, label, effect))
        answer = _attempt(effect)
        if fate is Fate.LOST_RESPONSE:
            self.lost_answers += not isinstance(answer, PlanfenceError)
            return _unknown(label)
        if fate is Fate.CRASH_AFTER:
            actor.crashed = True
            raise Crashed
        if fate in (Fate.TWICE_FIRST, Fate.TWICE_SECOND):
            again = _attempt(effect)
            answer = again if fate is Fate.TWICE_SECOND else answer
        return _open(answer)


NEVER = 10**9  # a pause that only the end of the chaos ends


def _attempt(effect: Callable[[], T]) -> T | PlanfenceError:
    try:
        return effect()
    except PlanfenceError as error:
        return error


def _open(answer: T | PlanfenceError) -> T:
    if isinstance(answer, PlanfenceError):
        raise answer
    return answer


def _said(answer: object) -> str:
    return f"{type(answer).__name__}" if isinstance(answer, PlanfenceError) else "ok"


def _unknown(label: str) -> NoReturn:
    raise Unknown(f"{label}: simulated loss of the answer", rule="simulated")
