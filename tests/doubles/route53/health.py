"""Health checks, as far as a planner of capacity reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

HEALTHY: Final = "Success: HTTP Status Code 200, OK"
UNHEALTHY: Final = (
    "Failure: Connection timed out. The endpoint or the internet connection is down, or requests"
    " are being blocked by your firewall."
)
# Two in each Region that has some: API Reference, HealthCheckConfig, Regions. The addresses are
# made up.
_REGIONS: Final = (
    *("us-east-1", "us-west-1", "us-west-2", "eu-west-1"),
    *("ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "sa-east-1"),
)
_CHECKERS: Final = tuple(
    (region, f"15.177.{10 * number + 2}.{host}")
    for number, region in enumerate(_REGIONS)
    for host in (8, 72)
)
# Source: API Reference, GetHealthCheckStatus: not for calculated health checks.
_WITHOUT_STATUS: Final = frozenset({"CALCULATED"})


@dataclass(frozen=True)
class HealthCheck:
    """A health check with what each of its checkers saw last, the status's text by Region."""

    id: str
    reference: str
    config: Mapping[str, Any]
    seen: Mapping[str, str]

    @property
    def has_status(self) -> bool:
        return self.config["Type"] not in _WITHOUT_STATUS

    def members(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "CallerReference": self.reference,
            "HealthCheckConfig": self.config,
            "HealthCheckVersion": 1,
        }

    def observations(self, at: datetime) -> list[dict[str, Any]]:
        return [
            {
                "Region": region,
                "IPAddress": address,
                "StatusReport": {"Status": self.seen[region], "CheckedTime": stamp(at)},
            }
            for region, address in _CHECKERS
            if region in self.seen
        ]


def seen_everywhere(status: str) -> Mapping[str, str]:
    return MappingProxyType(dict.fromkeys(_REGIONS, status))


def stamp(at: datetime) -> str:
    """ISO 8601 with milliseconds. Source: API Reference, ChangeInfo."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
