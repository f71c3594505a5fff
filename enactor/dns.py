"""Kind ``dns`` on the enactor's side: a target's id becomes the thing that is written.

``zonefile:PATH`` is a zone file, ``rfc2136://HOST:PORT/ZONE`` a zone at its primary name server,
``route53://ZONE-ID`` a hosted zone of Route 53; each is fenced by a record in the zone itself.
Other schemes are refused by name, never guessed.
"""

from __future__ import annotations

from enactor.targets import Target
from plans.observed.dns import Access, dns_place, server_of
from plans.observed.places import FilePlace, HostedZonePlace


def dns_target(target: str, zone: str, access: Access) -> Target:
    """The target that an id names.

    Args:
        target: the target's id, as the stream's settings have it.
        zone: the zone, absolute.

    Raises:
        Refused: the id names no target, or another zone (rules ``target-scheme`` and
            ``target-zone``), or there is no key for it.
    """
    place = dns_place(target, zone)
    if isinstance(place, FilePlace):
        from enactor.zonefile import ZoneFileTarget

        return ZoneFileTarget(target, access.folder / place.path, zone, clock=access.clock)
    if isinstance(place, HostedZonePlace):
        from enactor.route53 import Route53Target
        from plans.observed.route53_api import ZoneApi

        return Route53Target(target, zone, ZoneApi(access.account(), place.zone_id))
    from enactor.rfc2136 import ServerTarget

    return ServerTarget(target, server_of(target, place, access))
