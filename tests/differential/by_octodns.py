"""octoDNS itself, in this process: its YAML provider, its plan, its providers for both services.

Its guards (30 % of updates or deletes) are not asked, as ``--force`` has it: this is about records.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from octodns.provider.yaml import YamlProvider
from octodns.zone import Zone as DesiredZone
from octodns_bind import Rfc2136Provider
from octodns_route53 import Route53Provider

from tests.doubles.route53 import hooks
from tests.doubles.route53.double import Double
from tests.servers.bind import LOOPBACK, Zone

# What it says about its own 2.0, at every record: not about what it does today.
DEPRECATED = "ignore:.*DEPRECATED:DeprecationWarning"


def desired(folder: Path, zone: str, text: str, *, escaped_semicolons: bool) -> Any:
    """The zone that octoDNS reads from YAML.

    Raises:
        Exception: of many kinds; octoDNS takes the first thing that is wrong.
    """
    (folder / f"{zone.rstrip('.')}.yaml").write_text(text, encoding="utf-8")
    provider = YamlProvider(
        "config", str(folder), enforce_order=False, escaped_semicolons=escaped_semicolons
    )
    found = DesiredZone(zone, [])
    provider.populate(found)
    return found


class Route53AtDouble(Route53Provider):  # type: ignore[misc]
    """Its provider for Route 53, which asks the double."""

    def __init__(self, double: Double) -> None:
        self.double = double
        super().__init__("route53")

    def client(self, *_: Any, **__: Any) -> Any:
        return hooks.client(self.double)


def bind(zone: Zone) -> Any:
    """Its provider for RFC 2136."""
    key = zone.key
    return Rfc2136Provider(
        "bind",
        LOOPBACK,
        port=zone.port,
        key_name=key.name,
        key_secret=base64.b64encode(key.secret).decode(),
        key_algorithm=key.algorithm,
    )


def enforce(provider: Any, wanted: Any) -> None:
    """Plan and apply."""
    plan = provider.plan(wanted)
    if plan is not None:
        provider.apply(plan)


def changes(provider: Any, wanted: Any) -> list[str]:
    """What it plans, as ``Create www A``; nothing is applied."""
    plan = provider.plan(wanted)
    found = [] if plan is None else plan.changes
    return [f"{type(each).__name__} {each.record.name} {each.record._type}" for each in found]
