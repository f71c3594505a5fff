"""Kind ``dns``, read only: a target's id becomes a view on it, the same for both sides.

Each scheme is imported when a target has it: a zone file must not pay for a name server's library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plans.clock import Clock
from plans.errors import Refused
from plans.kinds.dns import ZoneState
from plans.kinds.pools import settled
from plans.observed.places import (
    FORMS,
    FilePlace,
    HostedZonePlace,
    Place,
    ServerPlace,
    place_of,
)
from plans.observed.tsig import Keys
from plans.observed.view import View

if TYPE_CHECKING:
    from plans.observed.exchange import Server
    from plans.observed.route53_api import Account


@dataclass(frozen=True, slots=True)
class Access:
    """How the machine that runs planfence gets at targets. None of it is in a plan.

    Attributes:
        folder: what relative paths are relative to: the config file's folder.
        clock: for waiting, for time limits and for signatures.
        keys: the TSIG key of a target.
        account: the account of Route 53; the same at every call.
    """

    folder: Path
    clock: Clock
    keys: Keys
    account: Callable[[], Account]


def dns_place(target: str, zone: str) -> Place:
    """Where a target is, which must be for the zone.

    Raises:
        Refused: the id names no target of this version (rule ``target-scheme``), or another zone
            (rule ``target-zone``).
    """
    try:
        place = place_of(target)
    except ValueError as error:
        raise Refused(
            f"{target} is no target that this planfence knows: {error}",
            rule="target-scheme",
            expected=" or ".join(form.partition("?")[0] for form in FORMS.values()),
            actual=target,
            remedy="correct the stream's targets with `planfence stream set`",
        ) from error
    if isinstance(place, ServerPlace) and place.zone != zone:
        raise Refused(
            f"{target} is not the zone of its stream",
            rule="target-zone",
            expected=zone,
            actual=place.zone,
            remedy="correct the stream's targets with `planfence stream set`",
        )
    return place


def server_of(target: str, place: ServerPlace, access: Access) -> Server:
    """The name server of a target, and how to ask it.

    Raises:
        Refused, Unavailable: there is no key for it, or none that can be used.
    """
    from plans.observed.exchange import Server

    return Server(place, access.keys(target), access.clock)


def desired_on(state: ZoneState, target: str) -> ZoneState:
    """What a target is to hold of a complete desired state; both sides compare with this.

    Raises:
        Refused: the target cannot hold a pool of it (rule ``pool-unrepresentable``).
    """
    return settled(state, target, weighted=target.startswith("route53:"))


def dns_view(target: str, zone: str, access: Access) -> View:
    """The view on the target that an id names.

    Raises:
        Refused: as for ``dns_place`` and ``server_of``.
    """
    place = dns_place(target, zone)
    if isinstance(place, FilePlace):
        from plans.observed.zonefile import ZoneFileView

        return ZoneFileView(target, access.folder / place.path, zone)
    if isinstance(place, HostedZonePlace):
        from plans.observed.route53 import Route53View
        from plans.observed.route53_api import ZoneApi

        return Route53View(target, zone, ZoneApi(access.account(), place.zone_id))
    from plans.observed.rfc2136 import ServerView

    return ServerView(target, server_of(target, place, access))
