"""Route 53 in planfence.toml: the account's rates, and the account itself when a target needs it.

::

    [route53]
    requests_per_second = 10     # the rates of AWS for an account, since July 2026;
    requests_burst      = 50     # less where others use the account too, more where AWS grants it
    changes_per_second  = 100
    changes_burst       = 1500
    sync_seconds        = 300    # how long `enact` waits until all name servers answer; 0: not

    [enactor]
    role = "arn:aws:iam::123456789012:role/planfence-target"   # what a pass calls Route 53 as

Region, endpoint and credentials are the SDK's own settings: AWS_PROFILE, AWS_ENDPOINT_URL_ROUTE_53.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from plans.clock import Clock
from plans.observed.places import hosted_zone_ids
from plans.observed.route53_settings import CHANGES, REQUESTS, SYNC_SECONDS, Settings
from plans.pacing import Rate

if TYPE_CHECKING:
    from enactor.credentials import LeasedZones
    from plans.lease import Tenure
    from plans.observed.route53_api import Account
    from plans.settings import Settings as StreamSettings

_DEFAULTS: Final = {
    "requests_per_second": REQUESTS.per_second,
    "requests_burst": REQUESTS.burst,
    "changes_per_second": CHANGES.per_second,
    "changes_burst": CHANGES.burst,
    "sync_seconds": SYNC_SECONDS,
}
KEYS: Final = tuple(_DEFAULTS)
_MOST: Final = 1_000_000  # no account has such a rate, and nobody waits for so long
# IAM User Guide, "IAM identifiers": an account, a path, a name of at most 64 characters.
_ROLE: Final = re.compile(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:role/(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII
)


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


def role_from(table: Mapping[str, Any], report: Callable[[str, str], None]) -> str | None:
    """The role of ``[enactor]``, if there is one; what is no role's ARN is reported."""
    role = table.get("role")
    if role is None or (isinstance(role, str) and _ROLE.fullmatch(role)):
        return role
    report("enactor.role", "must be a role's ARN: arn:aws:iam::123456789012:role/NAME")
    return None


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


class PassRoute53:
    """Route 53 for one enacting pass: called by the caller or, where one is configured, in a role.

    Args:
        role: the ARN of the role; None: the caller's own credentials are used.
        region: of STS, which needs one; None: as the SDK's settings say.
    """

    def __init__(
        self, route53: Route53, clock: Clock, role: str | None, region: str | None
    ) -> None:
        self._route53 = route53
        self._clock = clock
        self._role = role
        self._region = region
        self._zones: LeasedZones | None = None

    def bound(self, settings: StreamSettings) -> LeasedZones | None:
        """The hosted zones of a stream, if they are called in a role, which ends with the lease."""
        zone_ids = hosted_zone_ids((*settings.targets, *settings.retiring))
        if self._role is None or not zone_ids:
            return None
        from enactor.credentials import LeasedZones
        from plans.storage.aws import client

        if self._zones is None or self._zones.zone_ids != zone_ids:
            sts = partial(client, "sts", region=self._region)
            account = self._route53.account()
            self._zones = LeasedZones(account, self._role, zone_ids, self._clock, sts)
        return self._zones

    def account(self, target: str, tenure: Tenure) -> Account:
        """The account as a target of the pass is called under its lease. Whatever waits, renews."""
        from plans.lease import TenuredClock

        if self._zones is None:
            return self._route53.account().under(TenuredClock(self._clock, tenure))
        [zone_id] = hosted_zone_ids((target,))
        return self._zones.account(zone_id, tenure)
