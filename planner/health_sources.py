"""Asks for the health of members where each says: files, Route 53, load balancers, HTTP.

Each different check is asked once, and all that cost no request are looked at first: a wrong file
or URL refuses before anything is sent. AWS is asked in this thread, one request after another, at
the account's rates. Only probes run at once, by the function that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from planner.health import FileCheck, HealthCheck, HttpCheck, Route53Check, Seen, TargetGroup
from planner.health_file import read_health
from planner.health_http import LookUp, Prober, check_url
from plans.clock import Clock

if TYPE_CHECKING:
    from planner.health_targets import TargetGroups
    from plans.observed.route53_api import Account


class AtOnce(Protocol):
    """Calls a function for each check, any number at once; the results in the checks' order."""

    def __call__(
        self, probe: Callable[[HttpCheck], Seen], checks: Sequence[HttpCheck]
    ) -> Sequence[Seen]: ...


class HealthSources:
    """Implements ``planner.health.HealthSource``.

    Args:
        folder: where the paths of file checks begin.
        account: the account of Route 53; asked for with the first check there, because the SDK
            costs more than a whole pass without it.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        account: Callable[[], Account],
        look_up: LookUp,
        at_once: AtOnce,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._account = account
        self._prober = Prober(clock, look_up)
        self._at_once = at_once

    def see(self, checks: Sequence[HealthCheck]) -> Sequence[Seen]:
        """One observation of each check, in their order.

        Raises:
            Refused, Unavailable: see ``planner.health.HealthSource``.
        """
        asked = dict.fromkeys(checks)
        found: dict[HealthCheck, Seen] = {}
        probes = [check for check in asked if isinstance(check, HttpCheck)]
        for probe in probes:
            check_url(probe.url)
        for check in asked:
            if isinstance(check, FileCheck):
                found[check] = read_health(self._folder / check.path)
        for check in asked:
            if isinstance(check, Route53Check):
                found[check] = self._route53(check)
            elif isinstance(check, TargetGroup):
                found[check] = self._target_groups.see(check.arn)
        # Last: nothing that is refused leaves a probe behind.
        found.update(zip(probes, self._at_once(self._prober.probe, probes), strict=True))
        return [found[check] for check in checks]

    def _route53(self, check: Route53Check) -> Seen:
        from planner.health_route53 import CheckApi

        return CheckApi(self._account(), check.id).see()

    @cached_property
    def _target_groups(self) -> TargetGroups:
        from planner.health_targets import TargetGroups

        return TargetGroups(self._clock)
