"""Health as Route 53's own health checks see it.

Healthy is what the service takes for healthy (Developer Guide, "How Amazon Route 53 determines
whether a health check is healthy"; API Reference, ``HealthCheckConfig``, ``GetHealthCheckStatus``):

* More than 18 % of the checkers report success. AWS may change that number. Here each checker's
  newest report counts; the service itself also waits for the check's failure threshold, as a pool
  does for ``seen_bad``.
* While no checker reports yet, the check is new, and healthy.
* A disabled check is always healthy.
* An inverted check is the opposite of all that.

Only checks that checkers make of an endpoint can be asked. ``GetHealthCheckStatus`` is documented
not to answer for a calculated one, and nothing is documented of what it says for a CloudWatch alarm
or a routing control: those are refused by name, never guessed.

``GetHealthCheckStatus`` is documented as meant for diagnosis and not for high query rates: one a
second for a whole account, four at once (Developer Guide, "Throttling for Amazon Route 53 API
requests"). This keeps to that rate by itself, so that many checks take their time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from planner.health import Seen
from plans.errors import Refused
from plans.observed.route53_api import Account, Paced
from plans.storage.aws import code_of

HEALTHY_SHARE: Final = 0.18
_CHECKED_BY_CHECKERS: Final = frozenset("HTTP HTTPS HTTP_STR_MATCH HTTPS_STR_MATCH TCP".split())
# How a report begins. AWS documents no more of it than that it is a description; these are the
# beginnings in all that was published: "Success: HTTP Status Code 200, OK", "Failure: ...".
_GOOD: Final = "Success"
_BAD: Final = "Failure"


class CheckApi(Paced):
    """One health check in an account."""

    def __init__(self, account: Account, check_id: str) -> None:
        super().__init__(account, f"the health check {check_id} of Route 53")
        self._id = check_id

    def see(self) -> Seen:
        """What the service takes it for, now.

        Raises:
            Refused: there is no such check, it may not be read, or it cannot be asked.
            Unavailable: no answer in time.
        """
        answer = self.read(lambda api: api.get_health_check(HealthCheckId=self._id))
        config = answer["HealthCheck"]["HealthCheckConfig"]
        if config["Type"] not in _CHECKED_BY_CHECKERS:
            raise Refused(
                f"{self.name} cannot be asked: it is {config['Type']}, and Route 53 tells the"
                " status of none but those that check an endpoint",
                rule="health-check-type",
                remedy="name a check of an endpoint, or use another kind of health",
            )
        healthy, detail = (True, "disabled") if config.get("Disabled") else self._reported()
        if config.get("Inverted"):
            return Seen(not healthy, f"{detail}, inverted")
        return Seen(healthy, detail)

    def _reported(self) -> tuple[bool, str]:
        answer = self.read(
            lambda api: api.get_health_check_status(HealthCheckId=self._id),
            (self.account.health_statuses, 1),
        )
        reports = [self._is_good(each) for each in answer["HealthCheckObservations"]]
        if not reports:
            return True, "no checker reports yet"
        detail = f"{sum(reports)} of {len(reports)} checkers report success"
        return is_healthy(reports), detail

    def _is_good(self, observation: Mapping[str, Any]) -> bool:
        status = str(observation.get("StatusReport", {}).get("Status", ""))
        if status.startswith((_GOOD, _BAD)):
            return status.startswith(_GOOD)
        raise Refused(
            f"{self.name} has a report that is neither success nor failure: {status[:100]!r}",
            rule="health-check-report",
            remedy="use another kind of health for this member, and report this text",
        )

    def judged(self, error: ClientError) -> Exception:
        if code_of(error) == "NoSuchHealthCheck":
            return Refused(
                f"{self.name} does not exist for these credentials",
                rule="health-check-missing",
                remedy="correct its id in the pools file, or use credentials of its account",
            )
        return super().judged(error)


def is_healthy(reports: Iterable[bool]) -> bool:
    """Whether enough of the checkers report success."""
    found = list(reports)
    return sum(found) > HEALTHY_SHARE * len(found)
