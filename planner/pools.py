"""Capacity pools on the planner's side: who is asked, who is in, and with which weight.

Guarantees, whatever the answers are (Hypothesis: ``tests/planner/test_pools.py``):

1. A pool is never without records, nor below its ``min_members``: where too few members are
   healthy, those that are not fill it up in the order of the file; where none is, all are in.
2. A member is out only if every one of ``seen_bad`` observations of this pass said unhealthy.
3. A weight comes from the capacities of all members, healthy or not: one that leaves or comes back
   changes no other member's record set.

Asking is the only thing here that waits; all else is pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.health import HealthCheck, HealthSource, Seen
from plans.clock import Clock
from plans.kinds.dns import RecordKey, Records
from plans.kinds.health import MemberHealth, Observed, PoolHealth, Why
from plans.kinds.pools import WEIGHT_MAX, member_records

ROUND_SECONDS = 1.0  # between two observations of one member
DETAIL_MAX = 200

Answers = Mapping[tuple[str, str], Sequence[Seen]]
"""What was seen of each member that was asked for, by the names of pool and member."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member. ``address`` is canonical; ``check`` None is always counted as healthy."""

    id: str
    address: str
    capacity: float
    check: HealthCheck | None


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool as its file has it. ``pool`` is its key there, ``name`` its absolute owner."""

    pool: str
    name: str
    type: str
    ttl: int
    min_members: int
    seen_bad: int
    members: tuple[Member, ...]


def ask(pools: Sequence[Pool], source: HealthSource, clock: Clock) -> Answers:
    """See every member until it was healthy once, or unhealthy ``seen_bad`` times.

    Each round asks for the members that are still open, ``ROUND_SECONDS`` after the one before. A
    check that several members name is asked once a round.

    Raises:
        Refused, Unavailable: as for ``HealthSource.see``; then nothing is known of any member.
    """
    seen: dict[tuple[str, str], list[Seen]] = {}
    waiting = {
        (pool.pool, member.id): (member.check, pool.seen_bad)
        for pool in pools
        for member in pool.members
        if member.check is not None
    }
    while waiting:
        if seen:
            clock.sleep(ROUND_SECONDS)
        checks = list(dict.fromkeys(check for check, _ in waiting.values()))
        answers = dict(zip(checks, source.see(checks), strict=True))
        for key, (check, seen_bad) in list(waiting.items()):
            found = seen.setdefault(key, [])
            found.append(answers[check])
            if answers[check].healthy or len(found) == seen_bad:
                del waiting[key]
    return seen


def resolve(pool: Pool, answers: Answers) -> PoolHealth:
    """Who of a pool is in, and why."""
    seen = [answers.get((pool.pool, member.id), ()) for member in pool.members]
    good = [not found or any(each.healthy for each in found) for found in seen]
    room = pool.min_members - sum(good)  # how many members that count as bad stay in
    members = []
    for member, weight, found, is_good in zip(pool.members, weights(pool), seen, good, strict=True):
        why = _why(is_good, asked=bool(found), any_good=any(good), room=room)
        room -= not is_good
        members.append(
            MemberHealth(
                id=member.id,
                capacity=member.capacity,
                observations=tuple(
                    Observed(healthy=each.healthy, detail=_one_line(each.detail)) for each in found
                ),
                counted="good" if is_good else "bad",
                state="out" if why == "unhealthy" else "in",
                weight=weight,
                why=why,
            )
        )
    return PoolHealth(
        pool=pool.pool,
        name=pool.name,
        type=pool.type,
        min_members=pool.min_members,
        seen_bad=pool.seen_bad,
        members=tuple(members),
    )


def records_of(pool: Pool, health: PoolHealth) -> dict[RecordKey, Records]:
    """The pool in the complete desired state: a record set for each member that is in."""
    return {
        RecordKey(pool.name, pool.type, member.id): member_records(
            pool.pool, pool.ttl, member.address, found.weight
        )
        for member, found in zip(pool.members, health.members, strict=True)
        if found.state == "in"
    }


def weights(pool: Pool) -> list[int]:
    """Each member's weight: its capacity, where all are whole and a service takes them as weights.

    Else the capacities in the proportion that makes the largest ``WEIGHT_MAX``, none below 1.
    """
    capacities = [member.capacity for member in pool.members]
    largest = max(capacities)
    if largest <= WEIGHT_MAX and all(capacity == int(capacity) for capacity in capacities):
        return [int(capacity) for capacity in capacities]
    return [max(1, int(capacity / largest * WEIGHT_MAX + 0.5)) for capacity in capacities]


def _why(is_good: bool, *, asked: bool, any_good: bool, room: int) -> Why:
    if is_good:
        return "healthy" if asked else "not-asked"
    if not any_good:
        return "all-unhealthy"
    return "min-members" if room > 0 else "unhealthy"


def _one_line(detail: str) -> str:
    """What a source says, as a stored document takes it."""
    kept = "".join(each if each.isprintable() else " " for each in detail)
    return " ".join(kept.split())[:DETAIL_MAX] or "no detail"
