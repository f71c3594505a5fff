"""Whether the members of a capacity pool are healthy: what is asked, and what an answer says.

Health is an input of a planning pass like the zone file: it is read once, by the planner alone, and
the plan keeps a copy. No enactor ever asks for it, so that two enactors with one plan do the same.

What could not be asked is an error of the pass, never "unhealthy": when a health API is down
nothing changes. A probe that reached nothing is something else: that is an answer about the member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

HTTP_TIMEOUT_SECONDS = 5.0  # the default of a probe
HTTP_TIMEOUT_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Route53Check:
    """A Route 53 health check, by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """An Elastic Load Balancing target group, by its ARN."""

    arn: str


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """A GET by the planner itself; ``timeout_seconds`` bounds the whole probe (above 0, to 60)."""

    url: str
    timeout_seconds: float = HTTP_TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True)
class FileCheck:
    """A file that says it; ``path`` is relative to the folder of the pools file."""

    path: str


HealthCheck = Route53Check | TargetGroup | HttpCheck | FileCheck


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation. ``detail`` is one short printable line: "200", "connection refused"."""

    healthy: bool
    detail: str


class HealthSource(Protocol):
    """Who is asked for the health of members."""

    def see(self, checks: Sequence[HealthCheck]) -> Sequence[Seen]:
        """One observation of each check, in their order.

        Raises:
            Refused: a check can never be answered as it is asked: there is no such check, no
                permission, or its file is missing or not understood.
            Unavailable: a service gave no answer.
        """
        ...
