"""Targets as people write them, in planfence.toml and on the command line."""

from __future__ import annotations

from pathlib import Path

from plans.observed.places import (
    FORMS,
    FilePlace,
    HostedZonePlace,
    ServerPlace,
    key_name,
    place_of,
    target_id,
)


def target_problem(url: str, zone: str | None, *, keyed: bool) -> str | None:
    """Why a target's URL cannot be used by this version; None if it can.

    Args:
        zone: the stream's zone, absolute; None where it is not known.
        keyed: whether the URL must say with which key a name server is asked.
    """
    target, asked, _ = url.partition("?")
    try:
        place = place_of(target)
    except ValueError as error:
        return str(error)
    if isinstance(place, FilePlace):
        return f"{url}: a zonefile: target takes no query" if asked else None
    if isinstance(place, HostedZonePlace):
        return f"{url}: a route53: target takes no query" if asked else None
    if key_name(url) is None and (keyed or asked):
        return f"{url!r} must name its TSIG key, as {FORMS['rfc2136']} does"
    if zone is not None and place.zone != zone:
        return f"{url}: its zone is {place.zone}, and the stream's is {zone}"
    return None


def same_target(url: str, root: Path) -> Path | ServerPlace | HostedZonePlace:
    """Equal for two URLs of one thing, of which ``target_problem`` finds nothing wrong.

    Two names for one thing would be two fences for it: each would refuse the other.
    """
    place = place_of(target_id(url))
    return (root / place.path).resolve() if isinstance(place, FilePlace) else place
