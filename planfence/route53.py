"""Route 53 in planfence.toml: the account's rates, and the account itself when a target needs it.

::

    [route53]
    requests_per_second = 10     # the rates of AWS for an account, since July 2026;
    requests_burst      = 50     # less where others use the account too, more where AWS grants it
    changes_per_second  = 100
    changes_burst       = 1500
    sync_seconds        = 300    # how long `enact` waits until all name servers answer; 0: not

Region, endpoint and credentials are the SDK's own settings: AWS_PROFILE, AWS_ENDPOINT_URL_ROUTE_53.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from plans.clock import Clock
from plans.observed.route53_settings import CHANGES, REQUESTS, SYNC_SECONDS, Settings
from plans.pacing import Rate

if TYPE_CHECKING:
    from plans.observed.route53_api import Account

_DEFAULTS: Final = {
    "requests_per_second": REQUESTS.per_second,
    "requests_burst": REQUESTS.burst,
    "changes_per_second": CHANGES.per_second,
    "changes_burst": CHANGES.burst,
    "sync_seconds": SYNC_SECONDS,
}
KEYS: Final = tuple(_DEFAULTS)
_MOST: Final = 1_000_000  # no account has such a rate, and nobody waits for so long


def settings_from(table: Mapping[str, Any], report: Callable[[str, str], None]) -> Settings:
    """The table ``[route53]``; every problem is reported, with its place."""
    found = dict(_DEFAULTS)
    for key in KEYS:
        value = table.get(key, _DEFAULTS[key])
        if type(value) not in {int, float} or not 0 <= value <= _MOST:  # not bool, an int to Python
            report(f"route53.{key}", f"must be a number from 0 to {_MOST}")
        elif value == 0 and key != "sync_seconds":
            report(f"route53.{key}", "must be above 0: nothing would ever be sent")
        else:
            found[key] = value
    return Settings(
        Rate(found["requests_per_second"], found["requests_burst"]),
        Rate(found["changes_per_second"], found["changes_burst"]),
        found["sync_seconds"],
    )


class Route53:
    """The account of one run. The SDK is imported, and asked for credentials, at the first use.

    One for all targets: they share the account's rates.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def account(self) -> Account:
        return self._account

    @cached_property
    def _account(self) -> Account:
        from plans.observed.route53_api import Account

        return Account(self._clock, self._settings)
