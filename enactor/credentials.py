"""Credentials that end with the lease, for targets in AWS.

Every request of a pass to a hosted zone is made in a role session whose policy allows it only
before an end. A session of STS lasts 900 s at least, longer than most leases, so the end stands in
the policy, as a condition on ``aws:CurrentTime``: the service that is called compares it with its
own clock, when the request arrives. However long a process is paused between its last look at its
lease and its request, and however long the request is on its way, the service refuses it then.

Guarantees:

1. The end of the credentials that a request is signed with stands in the register's record of the
   lease before it is signed, and a successor waits until it has passed by the service's own clock
   (argued at ``LeasedCredentials``).
2. There is no way back to the caller's own credentials.
3. A request that is refused because its end has passed is ``LeaseLost``: nothing was changed.

Not guaranteed: that the clocks of a service's hosts agree to the second; and a request that arrived
in time may still be at work when the successor begins. A target's fence decides both.

Source: API Reference, AssumeRole; IAM User Guide, "AWS global condition context keys".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Final

from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import ClientError

from plans.clock import Clock
from plans.errors import Unavailable
from plans.lease import LeaseLost, Tenure, TenuredClock
from plans.observed.route53_api import Account
from plans.storage.aws import CALL_SECONDS, Calls, client

SESSION_SECONDS: Final = 900  # the least that STS gives
RENEWED_AFTER_SECONDS: Final = 600.0  # of a session's life, where a lease is that long
_ANSWERED: Final = "after-call.route-53"
_DENIED: Final = 403


class LeasedCredentials(Credentials):
    """Signs each request in a session that ends when the lease does, as that stands then.

    The SDK asks for them with each request. They are got anew when the end of the lease has moved.

    Why no request outlives what a successor waits for, A being the holder and B the successor:

    * A signs with the end of ``tenure.lease``, which is what A wrote to the register last and had
      acknowledged. The record's own end is that or, after a renewal whose answer was lost, a later
      one: under one epoch it never falls.
    * B takes over only the very record that it read, by epoch and beat, and waits for the end in
      it first. A renewal of A's that lands after B's read changes the beat: B's write is refused,
      and B reads and waits again. One that would land after B's write is refused, so that A never
      signs with its end.
    * A gives the lease back without an end only where the fate of every call is known.

    Args:
        role: the ARN of the role.
        zone_id: the hosted zone, the only one that the session may call.
        clock: for the session's age.
        sts: makes the client of STS, which has the caller's own credentials.
    """

    def __init__(
        self, role: str, zone_id: str, tenure: Tenure, clock: Clock, sts: Callable[[], Any]
    ) -> None:
        super().__init__("", "")
        self.ends_at: datetime | None = None
        self._role = role
        self._zone_id = zone_id
        self._tenure = tenure
        self._clock = TenuredClock(clock, tenure)
        self._sts = sts
        self._calls = Calls(f"AWS STS, asked for the role {role},", self._clock)
        self._given: ReadOnlyCredentials | None = None
        self._asked = 0.0

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """What the next request is signed with.

        Raises:
            Refused: STS does not give the role to the caller.
            Unavailable: STS does not answer.
        """
        ends_at, now = self._tenure.lease.ends_at, self._clock.monotonic()
        assert ends_at is not None  # the lease was taken by the service's clock
        spent = now - self._asked >= RENEWED_AFTER_SECONDS
        if self._given is None or spent or ends_at != self.ends_at:
            self._given, self.ends_at, self._asked = self._assumed(ends_at), ends_at, now
        return self._given

    def refuse_late(self, http_response: Any, **_: Any) -> None:
        """Say that a request came too late, where the service refused it for that.

        Raises:
            LeaseLost: it did.
        """
        told = told_time(http_response.headers)
        if http_response.status_code != _DENIED or told is None or self.ends_at is None:
            return
        if told >= self.ends_at:
            raise LeaseLost(
                f"the hosted zone {self._zone_id} of Route 53 refused a call that came after its"
                f" credentials ended, at {self.ends_at:%H:%M:%S} by the service's clock",
                rule="lease-lost",
                remedy="that call changed nothing; run the command again: it goes on where the"
                " targets' fences stand",
            )

    def _assumed(self, ends_at: datetime) -> ReadOnlyCredentials:
        found = self._calls.read(
            lambda: self._sts().assume_role(
                RoleArn=self._role,
                RoleSessionName=f"planfence-{self._tenure.lease.owner}",
                DurationSeconds=SESSION_SECONDS,
                Policy=zone_policy(self._role, self._zone_id, ends_at),
            )["Credentials"]
        )
        return ReadOnlyCredentials(
            found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]
        )


class LeasedZones:
    """The hosted zones of one pass; implements ``enactor.ports.Bound``.

    Args:
        account: the account with the caller's own credentials, which only ask for the time.
        role: the ARN of the role for everything else.
        zone_ids: of the stream, at least one.
        sts: makes the client of STS.
    """

    def __init__(
        self,
        account: Account,
        role: str,
        zone_ids: Sequence[str],
        clock: Clock,
        sts: Callable[[], Any],
    ) -> None:
        self._account = account
        self._role = role
        self.zone_ids = tuple(zone_ids)
        self._clock = clock
        self._make_sts = sts
        self._credentials: dict[str, LeasedCredentials] = {}

    def now(self) -> datetime:
        """The time of Route 53, to the second, cut.

        An answer tells it, and a refusal does too: the caller need not be allowed anything. One
        try: whoever renews a lease has no time for more.

        Raises:
            Unavailable: no answer, or none with a time.
            Refused: the SDK's settings cannot be used.
        """
        name = f"the hosted zone {self.zone_ids[0]} of Route 53, asked for its time,"

        def ask() -> Mapping[str, str]:
            try:
                answer = self._account.client.get_hosted_zone(Id=self.zone_ids[0])
            except ClientError as refusal:
                answer = refusal.response
                if answer["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                    raise  # whoever stands in front of the service may have another clock
            headers: Mapping[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
            return headers

        self._account.requests.take(1, self._clock.sleep)
        told = told_time(Calls(name, self._clock, CALL_SECONDS).read(ask))
        if told is None:
            raise Unavailable(
                f"{name} does not tell it",
                rule="service-time",
                remedy="look at what stands between this host and AWS: it takes away the header"
                " Date; then run the command again",
            )
        return told

    def begin(self, tenure: Tenure) -> None:
        """As ``enactor.ports.Bound`` says: a session for each zone."""
        self._credentials = {}
        for zone_id in self.zone_ids:
            self._of(zone_id, tenure).get_frozen_credentials()

    def account(self, zone_id: str, tenure: Tenure) -> Account:
        """The account as one zone is called in it: in the role, and waiting by the lease."""
        credentials = self._of(zone_id, tenure)

        def make_client() -> Any:
            made = client("route53", credentials=credentials)
            made.meta.events.register(_ANSWERED, credentials.refuse_late)
            return made

        return self._account.under(TenuredClock(self._clock, tenure), make_client)

    def _of(self, zone_id: str, tenure: Tenure) -> LeasedCredentials:
        if zone_id not in self._credentials:
            self._credentials[zone_id] = LeasedCredentials(
                self._role, zone_id, tenure, self._clock, lambda: self._sts
            )
        return self._credentials[zone_id]

    @cached_property
    def _sts(self) -> Any:
        return self._make_sts()


def zone_policy(role: str, zone_id: str, ends_at: datetime) -> str:
    """What a session may do: call one zone, before an end by the service's clock.

    Its rights are those that the role has too; at most 2,048 characters (AssumeRole, ``Policy``).
    """
    partition = role.split(":")[1]
    in_time = {"DateLessThan": {"aws:CurrentTime": f"{ends_at:%Y-%m-%dT%H:%M:%SZ}"}}
    zone = ("ChangeResourceRecordSets", "GetHostedZone", "ListResourceRecordSets")
    allowed = ((zone, f"hostedzone/{zone_id}"), (("GetChange",), "change/*"))
    statements = [
        {
            "Effect": "Allow",
            "Action": [f"route53:{name}" for name in names],
            "Resource": f"arn:{partition}:route53:::{resource}",
            "Condition": in_time,
        }
        for names, resource in allowed
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    return json.dumps(document, separators=(",", ":"))


def told_time(headers: Mapping[str, str]) -> datetime | None:
    """The time that an answer tells in its header ``Date``; None if it does not."""
    try:
        told = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return told if told.tzinfo is not None else None
