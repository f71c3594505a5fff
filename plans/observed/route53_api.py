"""Calls to Route 53: paced, sent once, judged in one place, and never read as less than was sent.

Guarantees:

1. No request goes out before this process's share of the account's rates has room for it. One that
   is throttled all the same, or that meets another change of the zone under way, changed nothing:
   it waits, longer each time, and is sent again, for at most ``PATIENCE_SECONDS``.
2. A change whose answer is lost is ``Unknown``, never sent again here.
3. A member of a record set that the SDK has no name for, and would drop, is kept
   (``route53_pages``): whoever reads the set then refuses it by name.

Source: API Reference of the operations; ``plans.storage.aws`` has what all services share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Final, NamedTuple, TypeVar

from botocore.exceptions import ClientError
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from plans.clock import Clock
from plans.errors import Refused, Unavailable
from plans.observed.route53_pages import read_sets_of
from plans.observed.route53_sets import RawSet
from plans.observed.route53_settings import DEFAULTS, HEALTH_STATUSES, Settings
from plans.pacing import Bucket
from plans.storage.aws import Calls, client, code_of

T = TypeVar("T")

PAGE_SETS_MAX: Final = 300
REASON_MAX: Final = 500  # characters of what the service says
PATIENCE_SECONDS: Final = 300.0
WAIT_MAX_SECONDS: Final = 10.0

_THROTTLED: Final = frozenset({"Throttling", "ThrottlingException"})
_BUSY: Final = _THROTTLED | {"PriorRequestNotComplete"}
_REFUSED: Final = frozenset({"InvalidInput", "NoSuchHealthCheck", "NoSuchHostedZone"})
_BATCH: Final = "InvalidChangeBatch"


class Account:
    """What all zones of a session share: the SDK's client, and the account's rates.

    Args:
        make_client: makes the SDK's client, at the first use; by default as for every service.
    """

    def __init__(
        self,
        clock: Clock,
        settings: Settings = DEFAULTS,
        *,
        make_client: Callable[[], Any] | None = None,
    ) -> None:
        self.clock = clock
        self.settings = settings
        self.requests = Bucket(settings.requests, clock)
        self.changes = Bucket(settings.changes, clock)
        self.health_statuses = Bucket(HEALTH_STATUSES, clock)
        self._make_client = make_client or partial(client, "route53")

    def under(self, clock: Clock, make_client: Callable[[], Any] | None = None) -> Account:
        """The same account, its rates shared, for somebody who waits by another clock.

        Args:
            make_client: makes their own client; by default they use this one.
        """
        other = Account(clock, self.settings, make_client=make_client or (lambda: self.client))
        other.requests, other.changes = self.requests, self.changes
        other.health_statuses = self.health_statuses
        return other

    @cached_property
    def client(self) -> Any:
        made = self._make_client()
        read_sets_of(made)
        return made


class Start(NamedTuple):
    """Where a page of a listing begins, in the service's own letters."""

    name: str
    type: str
    identifier: str | None = None


class Page(NamedTuple):
    """Record sets in the service's order, and where the next page begins; None: there is none."""

    sets: Sequence[RawSet]
    following: Start | None


class BatchRefused(Exception):
    """``InvalidChangeBatch``: nothing was changed. ``reason`` is the service's, on one line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Paced:
    """Calls about one thing in an account: sent when the rates have room, and judged.

    Args:
        name: what they are about, for messages: ``the hosted zone Z1 of Route 53``.
    """

    def __init__(self, account: Account, name: str) -> None:
        self.account = account
        self.name = name
        self._calls = Calls(name, account.clock)

    def read(self, call: Callable[[Any], Any], *more: tuple[Bucket, int]) -> Any:
        """Ask for something, again while the service is busy; ``call`` is given the SDK's client.

        Args:
            more: what it takes beside one request: buckets, and how many tokens of each.

        Raises:
            Refused: the service will never accept it as sent.
            Unavailable: it gave no answer in time.
        """
        return self.sent(
            lambda: self._calls.read(lambda: call(self.account.client), answers=_BUSY | _REFUSED),
            self.account.requests,
            *more,
        )

    def sent(self, send: Callable[[], T], requests: Bucket, *more: tuple[Bucket, int]) -> T:
        """Send when the rates have room; again while others use them up."""
        buckets = (*more, (requests, 1))
        began = self.account.clock.monotonic()

        def once() -> T:
            for bucket, tokens in buckets:
                bucket.take(tokens, self.account.clock.sleep)
            try:
                answer = send()
            except ClientError as error:
                if code_of(error) in _THROTTLED:
                    for bucket, _ in buckets:
                        bucket.throttled()
                raise
            for bucket, _ in buckets:
                bucket.served()
            return answer

        def is_spent(_: RetryCallState) -> bool:
            return self.account.clock.monotonic() - began > PATIENCE_SECONDS

        retrying = Retrying(
            retry=retry_if_exception(_is_busy),
            wait=wait_random_exponential(multiplier=0.5, max=WAIT_MAX_SECONDS),
            stop=is_spent,
            sleep=self.account.clock.sleep,
            reraise=True,
        )
        try:
            return retrying(once)
        except ClientError as error:
            raise self.judged(error) from error

    def judged(self, error: ClientError) -> Exception:
        """What an error of the service means that is not "busy for now"."""
        code, reason = code_of(error), reason_of(error)
        if code in _BUSY:
            return Unavailable(
                f"{self.name} was busy for {PATIENCE_SECONDS:g} s: {reason}",
                rule="route53-busy",
                remedy="somebody else uses up the account's rate, or changes the zone all the time;"
                " run the command again: it goes on where the fence stands",
            )
        return Refused(
            f"{self.name} does not accept {error.operation_name}: {code}: {reason}",
            rule="route53-refused",
            remedy="correct what it names, and run `planfence plan` again",
        )


class ZoneApi(Paced):
    """The operations on one hosted zone.

    Every method raises ``Refused`` where the service will never accept it as sent, and
    ``Unavailable`` where it gives no answer in time.
    """

    def __init__(self, account: Account, zone_id: str) -> None:
        super().__init__(account, f"the hosted zone {zone_id} of Route 53")
        self.zone_id = zone_id

    def zone_name(self) -> str:
        """The zone's name, in the service's own letters."""
        answer = self.read(lambda api: api.get_hosted_zone(Id=self.zone_id))
        return str(answer["HostedZone"]["Name"])

    def page(self, start: Start | None, sets_max: int = PAGE_SETS_MAX) -> Page:
        """One page of the listing, the newest accepted state, changes on their way included."""
        arguments: dict[str, Any] = {"MaxItems": str(sets_max)}
        if start is not None:
            arguments |= {"StartRecordName": start.name, "StartRecordType": start.type}
            if start.identifier is not None:
                arguments["StartRecordIdentifier"] = start.identifier
        answer = self.read(
            lambda api: api.list_resource_record_sets(HostedZoneId=self.zone_id, **arguments)
        )
        following = None
        if answer["IsTruncated"]:
            following = Start(
                answer.get("NextRecordName", ""),
                answer.get("NextRecordType", ""),
                answer.get("NextRecordIdentifier"),
            )
            if following == start or not (following.name and following.type):
                raise Unavailable(
                    f"{self.name} does not say where its listing goes on",
                    rule="route53-listing-cut",
                    remedy="nothing was taken from it; try again",
                )
        return Page(answer["ResourceRecordSets"], following)

    def change(self, changes: Sequence[Mapping[str, Any]]) -> str:
        """Send one batch, which happens whole or not at all; the id of the change.

        Raises:
            BatchRefused: the zone is not as the batch expects, or it breaks a rule of the service.
            Unknown: it was sent, and its fate is not known.
        """

        def call() -> Any:
            try:
                return self.account.client.change_resource_record_sets(
                    HostedZoneId=self.zone_id, ChangeBatch={"Changes": changes}
                )
            except ClientError as error:
                _name_batch_refusal(error)
                raise

        def send() -> Any:
            return self._calls.write(call, answers=_BUSY | _REFUSED | {_BATCH})

        # A DELETE and a CREATE cost a token each, whatever they hold.
        answer = self.sent(send, self.account.requests, (self.account.changes, len(changes)))
        return str(answer["ChangeInfo"]["Id"])

    def is_in_sync(self, change_id: str) -> bool:
        """Whether every name server of the zone answers with a change."""
        answer = self.read(lambda api: api.get_change(Id=change_id))
        return bool(answer["ChangeInfo"]["Status"] == "INSYNC")

    def judged(self, error: ClientError) -> Exception:
        code = code_of(error)
        if code == _BATCH:
            return BatchRefused(reason_of(error))
        if code == "NoSuchHostedZone":
            return Refused(
                f"{self.name} does not exist for these credentials",
                rule="route53-zone-missing",
                remedy="correct the target's id, or use credentials of the zone's account",
            )
        return super().judged(error)


def reason_of(error: ClientError) -> str:
    """What the service says, on one line."""
    return " ".join(str(error.response["Error"]["Message"]).split())[:REASON_MAX]


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, ClientError) and code_of(error) in _BUSY


def _name_batch_refusal(error: ClientError) -> None:
    """Give a refused batch its code, where it comes in the form of the API Reference.

    There, code and messages are not where botocore looks for them: it finds an empty code, which
    alone would be no reason to believe that nothing was changed.
    """
    messages = error.response.get("Messages")
    if isinstance(messages, dict) and not code_of(error):
        said = messages.get("Message", "")
        text = ", ".join(said) if isinstance(said, list) else str(said)
        error.response["Error"] = {"Code": _BATCH, "Message": text}
