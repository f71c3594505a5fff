"""How planfence talks to AWS: clients that send once, one place that tries again, one verdict.

botocore by itself repeats a request whose answer was lost, so that our own success comes back as a
failed condition. Here its retries are off, and each failure of a call is one of four:

========= ============================================= ===================== =====================
verdict   seen as                                       a read                a write
========= ============================================= ===================== =====================
not done  no connection; throttled; a conflict          is sent again         is sent again
unknown   no answer; a cut answer; 5xx                  is sent again         ``Unknown``: re-read
refused   no permission; bad credentials or settings    ``Refused``           ``Refused``
answer    a code that the caller named                  the caller's          the caller's
========= ============================================= ===================== =====================

Sent again means: within a budget that counts from the store's last sign of life, with full jitter
(Marc Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015). Source of the codes:
the services' API references; ``docs/aws.md`` has the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    ProxyConnectionError,
    SSLError,
)
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential
from urllib3.exceptions import HTTPError

from plans.clock import Clock
from plans.errors import PlanfenceError, Refused, Unavailable, Unknown

T = TypeVar("T")

BUDGET_SECONDS: Final = 30.0
# The longest call: below a third of the default lease (60 s), and well within the budget.
CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 10.0
CALL_SECONDS: Final = CONNECT_SECONDS + READ_SECONDS
WAIT_MAX_SECONDS: Final = 5.0

_JITTERED: Final = wait_random_exponential(multiplier=0.1, max=WAIT_MAX_SECONDS)

_NOT_SENT: Final = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)
# HTTPError: botocore lets urllib3's own out where an error's body is cut in a streaming operation.
_NO_ANSWER: Final = (
    FlexibleChecksumError,
    HTTPClientError,
    HTTPError,
    IncompleteReadError,
    ResponseParserError,
    SSLError,
)
_NO_CREDENTIALS_NOW: Final = (CredentialRetrievalError, MetadataRetrievalError)
_THROTTLED: Final = frozenset(
    """
    BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete
    ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled
    RequestThrottledException SlowDown ThrottledException Throttling ThrottlingException
    TooManyRequestsException
    """.split()
)
_UNKNOWN_CODES: Final = frozenset(
    "InternalError InternalFailure InternalServerError RequestTimeout ServiceUnavailable".split()
)
_NEVER_CODES: Final = frozenset({"NotImplemented"})  # 501: a store without conditional writes
# Keys, tokens and clocks: the same call would be accepted from a host that is set up.
_CREDENTIALS: Final = frozenset(
    """
    ExpiredToken ExpiredTokenException InvalidAccessKeyId InvalidClientTokenId
    InvalidSignatureException InvalidToken RequestTimeTooSkewed SignatureDoesNotMatch
    UnrecognizedClientException
    """.split()
)
_DENIED: Final = frozenset(
    "AccessDenied AccessDeniedException AllAccessDisabled UnauthorizedOperation 403".split()
)


def client(
    service: str,
    *,
    region: str | None = None,
    credentials: Credentials | None = None,
    models: Loader | None = None,
) -> Any:
    """A client that sends every request once. Endpoint and credentials are the SDK's own settings.

    Args:
        credentials: asked anew for each request, in the place of those of the SDK's settings.
        models: which operations a service has, in the place of what the SDK knows.

    Raises:
        Refused: they cannot be used (no region, an unknown profile, ...).
    """
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        user_agent_extra="planfence",
    )
    try:
        made: Any = (
            boto3 if credentials is None and models is None else _session(credentials, models)
        )
        return made.client(service, region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise _settings_refused(service, str(error)) from error


class _Given(CredentialProvider):
    """What the SDK finds where it looks for credentials."""

    METHOD = "planfence"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


def _session(credentials: Credentials | None, models: Loader | None) -> boto3.Session:
    """A session that has these credentials and cannot find any others, or has these models."""
    core = botocore.session.get_session()
    if credentials is not None:
        core.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
    if models is not None:
        core.register_component("data_loader", models)
    return boto3.Session(botocore_session=core)


def code_of(error: ClientError) -> str:
    """The service's own code for a refusal, such as ``PreconditionFailed``."""
    return str(error.response.get("Error", {}).get("Code", ""))


class Again(Exception):
    """Inside a call: nothing was done, and the same request may be sent again.

    Args:
        wait_seconds: the least time to wait before that.
    """

    def __init__(self, reason: str, *, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_seconds = wait_seconds


class Calls:
    """Calls to one store or target, tried again within one budget.

    The budget is spent by silence, not by calls: it counts from the first call that got no answer
    since the last that got one. A store that is down costs a pass one budget, not one for each
    thing that the pass still tries to record.

    Args:
        name: what is called, for messages: ``the archive s3://bucket/prefix``.
        budget_seconds: how long to try before ``Unavailable``.
    """

    def __init__(self, name: str, clock: Clock, budget_seconds: float = BUDGET_SECONDS) -> None:
        self.name = name
        self._clock = clock
        self._budget_seconds = budget_seconds
        self._silent_since: float | None = None

    def read(
        self,
        call: Callable[[], T],
        *,
        answers: frozenset[str] = frozenset(),
        again: frozenset[str] = frozenset(),
    ) -> T:
        """Make a call that changes nothing.

        Args:
            answers: codes that are answers to the caller: their ``ClientError`` comes through.
            again: codes beyond the usual after which the same request may be sent again.

        Raises:
            Refused: the service will never accept it as sent.
            Unavailable: no answer within the budget.
        """
        return self._made(call, answers, again, writes=False)

    def write(
        self,
        call: Callable[[], T],
        *,
        answers: frozenset[str] = frozenset(),
        again: frozenset[str] = frozenset(),
    ) -> T:
        """Make a call that changes something. It is sent again only if nothing was done.

        Args: as for ``read``.

        Raises:
            Unknown: it was sent and its fate is not known. Re-read before deciding.
            Refused, Unavailable: nothing was changed.
        """
        return self._made(call, answers, again, writes=True)

    def _made(
        self, call: Callable[[], T], answers: frozenset[str], again: frozenset[str], *, writes: bool
    ) -> T:
        started = self._clock.monotonic()

        def is_spent(state: RetryCallState) -> bool:
            """Whether one more wait and call could end after the budget does."""
            # From this call's start at the latest: a call that itself reads in between, and is
            # answered, must not begin anew for ever.
            silent = self._silent_since
            since = started if silent is None else min(started, silent)
            spent_seconds = self._clock.monotonic() - since
            return spent_seconds + state.upcoming_sleep + CALL_SECONDS > self._budget_seconds

        retrying = Retrying(
            retry=retry_if_exception_type(Again),
            wait=_wait_seconds,
            stop=is_spent,
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            return retrying(lambda: self._once(call, answers, again, writes))
        except Again as last:
            raise Unavailable(
                f"{self.name} did not serve within {self._budget_seconds:g} s: {last.reason}",
                rule="store-unavailable",
                remedy="look at the network, the endpoint and the service's health, then try again",
            ) from last

    def _once(
        self, call: Callable[[], T], answers: frozenset[str], again: frozenset[str], writes: bool
    ) -> T:
        began = self._clock.monotonic()
        failure: Exception
        try:
            made = call()
        except ClientError as error:
            code = code_of(error)
            if code in answers:
                self._silent_since = None
                raise
            failure = self._judged(error, code, again, writes=writes)
            failure.__cause__ = error
        except (BotoCoreError, ResponseParserError, HTTPError) as error:
            failure = self._judged_silence(error, writes=writes)
            failure.__cause__ = error
        except Again as error:
            failure = error
        else:
            self._silent_since = None
            return made
        if isinstance(failure, Refused):
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = began
        raise failure

    def _judged(
        self, error: ClientError, code: str, again: frozenset[str], *, writes: bool
    ) -> Exception:
        message = _one_line(str(error.response.get("Error", {}).get("Message", "")) or str(error))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in again or code in _THROTTLED or status == 429:
            return Again(f"{code}: {message}")
        if code not in _NEVER_CODES and (code in _UNKNOWN_CODES or status >= 500):
            return self._silent(f"{code}: {message}", writes=writes)
        if code in _CREDENTIALS:
            return _settings_refused(self.name, f"{code}: {message}")
        if code in _DENIED or status == 403:
            return Refused(
                f"{self.name} denies {error.operation_name}: {message}",
                rule="access-denied",
                remedy="run it in the role that this command needs: docs/roles.md",
            )
        return Refused(
            f"{self.name} does not accept {error.operation_name}: {code}: {message}",
            rule="store-refused",
            remedy="check the stores with `planfence init`",
        )

    def _judged_silence(self, error: Exception, *, writes: bool) -> Exception:
        if isinstance(error, _NOT_SENT + _NO_CREDENTIALS_NOW):
            return Again(_one_line(str(error)))
        if isinstance(error, _NO_ANSWER):
            return self._silent(_one_line(str(error)), writes=writes)
        return _settings_refused(self.name, str(error))

    def _silent(self, reason: str, *, writes: bool) -> Again | PlanfenceError:
        if not writes:
            return Again(reason)
        return Unknown(
            f"it is not known whether {self.name} was written: {reason}",
            rule="store-unknown",
            remedy="run the command again: it finds out what happened before it does anything",
        )


def _wait_seconds(state: RetryCallState) -> float:
    assert state.outcome is not None
    last = state.outcome.exception()
    assert isinstance(last, Again)
    return max(last.wait_seconds, _JITTERED(state))


def _settings_refused(name: str, reason: str) -> Refused:
    return Refused(
        f"{name} cannot be called with these AWS settings: {_one_line(reason)}",
        rule="aws-settings",
        remedy="set region and credentials as for any SDK: AWS_DEFAULT_REGION, AWS_PROFILE, ...",
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
