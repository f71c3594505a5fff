"""Capacity pools in a review: who is out and why, and loudly who is in although unhealthy."""

from __future__ import annotations

from collections.abc import Iterator

from planfence.output import plural
from planfence.report import Warn
from plans.kinds.health import HealthDocument, MemberHealth, PoolHealth


def pool_warnings(pools: HealthDocument | None, unread: str | None) -> Iterator[Warn]:
    """What nobody may overlook about the pools of a plan."""
    if unread is not None:
        yield Warn("pools-unread", "WHY MEMBERS ARE IN OR OUT cannot be told", unread)
    for pool in pools.pools if pools else ():
        kept = pool.kept_in()
        if kept:
            names = ", ".join(f"{member.id} ({_seen(member)})" for member in kept)
            yield Warn("fail-open", "UNHEALTHY MEMBERS KEPT IN", f"{_called(pool)}: {names}")


def pool_facts(pools: HealthDocument | None) -> Iterator[tuple[str, str]]:
    """Each pool in a line of its own."""
    for pool in pools.pools if pools else ():
        yield "pool", _told(pool)


def _told(pool: PoolHealth) -> str:
    members_in = [member for member in pool.members if member.state == "in"]
    out = [f"{member.id} ({_seen(member)})" for member in pool.members if member.state == "out"]
    text = f"{_called(pool)}: {len(members_in)} of {plural(len(pool.members), 'member')} in"
    if any(member.why == "all-unhealthy" for member in pool.members):
        text += ", because all are unhealthy"
    elif pool.kept_in():
        text += f", of which {len(pool.kept_in())} unhealthy for min_members {pool.min_members}"
    return f"{text}; out: {', '.join(out)}" if out else text


def _called(pool: PoolHealth) -> str:
    return f"{pool.pool} {pool.type}" if pool.pool else f"{pool.name} {pool.type}"


def _seen(member: MemberHealth) -> str:
    """How often a member was seen unhealthy, and as what at last."""
    times = plural(len(member.observations), "time")
    return f"unhealthy {times}: {member.observations[-1].detail}"
