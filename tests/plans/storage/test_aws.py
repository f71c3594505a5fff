"""Calls to AWS are tried again only where nothing was done, and only within one budget."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    FlexibleChecksumError,
    IncompleteReadError,
    MetadataRetrievalError,
    NoCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import ProtocolError

from plans.errors import PlanfenceError, Refused, Unavailable, Unknown
from plans.storage import aws
from plans.storage.aws import CALL_SECONDS, Again, Calls, client, code_of
from tests.builders import FixedClock

URL = "http://127.0.0.1/"
NOT_SENT = [
    EndpointConnectionError(endpoint_url=URL),
    ConnectTimeoutError(endpoint_url=URL),
    ProxyConnectionError(proxy_url=URL),
    CredentialRetrievalError(provider="sso", error_msg="later"),
    MetadataRetrievalError(error_msg="later"),
]
NO_ANSWER = [
    ReadTimeoutError(endpoint_url=URL),
    ConnectionClosedError(endpoint_url=URL),
    ResponseStreamingError(error="cut"),
    SSLError(endpoint_url=URL, error=OSError("cut")),
    IncompleteReadError(actual_bytes=1, expected_bytes=2),
    FlexibleChecksumError(error_msg="damaged"),
    ResponseParserError("garbage"),
    ProtocolError("cut"),
]
THROTTLED = [
    "SlowDown", "Throttling", "ThrottlingException", "ProvisionedThroughputExceededException",
    "RequestLimitExceeded", "PriorRequestNotComplete", "TooManyRequestsException",
]  # fmt: skip
CREDENTIALS = [
    "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "UnrecognizedClientException",
    "InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed",
]  # fmt: skip


def refusal(code: str, status: int = 400, message: str = "as it says") -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "PutObject")


class Service:
    """Answers by a script; each call takes its time, also one that fails."""

    def __init__(self, clock: FixedClock, *answers: Any, seconds: float = 0.1) -> None:
        self.times: list[float] = []
        self._clock = clock
        self._start = clock.monotonic()
        self._answers = iter(answers)
        self._seconds = seconds

    def __call__(self) -> Any:
        self.times.append(self._clock.monotonic() - self._start)
        self._clock.time += timedelta(seconds=self._seconds)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def calls(clock: FixedClock) -> Calls:
    return Calls("the store s3://b", clock)


def refused_connections(count: int) -> list[Exception]:
    return [EndpointConnectionError(endpoint_url=URL)] * count


Made = Callable[..., Any]
either = pytest.mark.parametrize("made", [Calls.read, Calls.write], ids=["read", "write"])


# What is sent again


@either
@pytest.mark.parametrize("error", NOT_SENT, ids=lambda error: type(error).__name__)
def test_what_was_never_sent_is_sent_again(
    calls: Calls, clock: FixedClock, made: Made, error: Exception
) -> None:
    service = Service(clock, error, error, "answer")
    assert made(calls, service) == "answer"
    assert len(service.times) == 3


@either
@pytest.mark.parametrize("code", THROTTLED)
def test_what_was_throttled_is_sent_again(
    calls: Calls, clock: FixedClock, made: Made, code: str
) -> None:
    status = 503 if code == "SlowDown" else 400
    assert made(calls, Service(clock, refusal(code, status), "answer")) == "answer"


@either
def test_any_429_is_throttling(calls: Calls, clock: FixedClock, made: Made) -> None:
    assert made(calls, Service(clock, refusal("429", 429), "answer")) == "answer"


@either
def test_a_code_that_the_caller_calls_transient_is_sent_again(
    calls: Calls, clock: FixedClock, made: Made
) -> None:
    service = Service(clock, refusal("ConditionalRequestConflict", 409), "answer")
    assert made(calls, service, again=frozenset({"ConditionalRequestConflict"})) == "answer"


@either
def test_a_call_that_says_again_itself_is_sent_again_and_not_before_it_asks(
    calls: Calls, clock: FixedClock, made: Made
) -> None:
    service = Service(clock, Again("another is at it", wait_seconds=4.0), "answer")
    assert made(calls, service) == "answer"
    assert service.times[1] >= 4.0


@pytest.mark.parametrize("error", NO_ANSWER, ids=lambda error: type(error).__name__)
def test_a_read_without_an_answer_is_sent_again(
    calls: Calls, clock: FixedClock, error: Exception
) -> None:
    assert calls.read(Service(clock, error, "answer")) == "answer"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_read_that_the_service_failed_at_is_sent_again(
    calls: Calls, clock: FixedClock, status: int
) -> None:
    assert calls.read(Service(clock, refusal(str(status), status), "answer")) == "answer"


# What is not


@pytest.mark.parametrize(
    "error",
    [*NO_ANSWER, refusal("InternalError", 500), refusal("502", 502), refusal("RequestTimeout")],
    ids=lambda error: type(error).__name__,
)
def test_f8_a_write_without_an_answer_is_sent_once_and_unknown(
    calls: Calls, clock: FixedClock, error: Exception
) -> None:
    service = Service(clock, error)
    with pytest.raises(Unknown, match="not known whether the store s3://b was written") as raised:
        calls.write(service)
    assert raised.value.rule == "store-unknown"
    assert raised.value.__cause__ is error
    assert len(service.times) == 1


@either
@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (refusal("AccessDenied", 403), "access-denied"),
        (refusal("403", 403), "access-denied"),
        (refusal("AccessDeniedException", 400), "access-denied"),
        (refusal("KeyTooLongError", 400), "store-refused"),
        (refusal("NotImplemented", 501), "store-refused"),
        (NoCredentialsError(), "aws-settings"),
        *((refusal(code, 403), "aws-settings") for code in CREDENTIALS),
    ],
    ids=str,
)
def test_what_will_never_be_accepted_is_refused_at_once(
    calls: Calls, clock: FixedClock, made: Made, error: Exception, rule: str
) -> None:
    service = Service(clock, error)
    with pytest.raises(Refused) as raised:
        made(calls, service)
    assert raised.value.rule == rule
    assert raised.value.__cause__ is error
    assert len(service.times) == 1
    assert "the store s3://b" in str(raised.value)


@either
def test_a_code_that_the_caller_named_is_the_callers(
    calls: Calls, clock: FixedClock, made: Made
) -> None:
    error = refusal("PreconditionFailed", 412)
    with pytest.raises(ClientError) as raised:
        made(calls, Service(clock, error), answers=frozenset({"PreconditionFailed"}))
    assert raised.value is error
    assert code_of(raised.value) == "PreconditionFailed"


@either
def test_an_error_of_our_own_code_is_nobody_elses(
    calls: Calls, clock: FixedClock, made: Made
) -> None:
    service = Service(clock, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        made(calls, service)
    assert len(service.times) == 1


@pytest.mark.parametrize(
    "error",
    [
        refusal("SlowDown", 503, "two\nlines"),
        refusal("InternalError", 500, "two\nlines"),
        refusal("AccessDenied", 403, "two\nlines"),
        refusal("InvalidArgument", 400, "two\nlines"),
        refusal("ExpiredToken", 400, "two\nlines"),
        refusal("InvalidArgument", 400, ""),
        refusal("InvalidArgument", 400, "long " * 1000),
    ],
    ids=str,
)
def test_an_error_is_one_line_that_can_be_read(
    calls: Calls, clock: FixedClock, error: Exception
) -> None:
    with pytest.raises(PlanfenceError) as raised:
        calls.write(Service(clock, *[error] * 1000))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 700
    assert raised.value.remedy


# The budget


@pytest.mark.parametrize("seconds", [0.01, 1.0, CALL_SECONDS])
@pytest.mark.parametrize("budget_seconds", [15.0, 30.0, 90.0])
def test_a_store_that_is_down_is_unavailable_within_the_budget(
    clock: FixedClock, seconds: float, budget_seconds: float
) -> None:
    service = Service(clock, *refused_connections(10_000), seconds=seconds)
    with pytest.raises(Unavailable, match=f"did not serve within {budget_seconds:g} s") as raised:
        Calls("the store", clock, budget_seconds).read(service)
    assert type(raised.value) is Unavailable
    assert raised.value.rule == "store-unavailable"
    assert service.times[-1] + CALL_SECONDS <= budget_seconds
    # And it was tried for as long as one more call could be made.
    assert service.times[-1] + seconds + aws.WAIT_MAX_SECONDS + CALL_SECONDS >= budget_seconds


def test_waits_grow_are_jittered_and_have_a_limit(clock: FixedClock) -> None:
    waits = []
    for _ in range(30):
        service = Service(clock, *refused_connections(200), seconds=0.0)
        with pytest.raises(Unavailable):
            Calls("the store", clock, 300.0).read(service)
        waits.append([b - a for a, b in zip(service.times, service.times[1:], strict=False)])
    for turn in range(7):
        turns = [each[turn] for each in waits]
        assert max(turns) <= 0.1 * 2**turn + 1e-5
        assert len(set(turns)) > 25  # not all clients at once
    assert max(map(max, waits)) <= aws.WAIT_MAX_SECONDS
    assert max(map(max, waits)) > 0.9 * aws.WAIT_MAX_SECONDS


def test_a_store_that_stays_down_costs_a_pass_one_budget_and_not_one_for_each_call(
    calls: Calls, clock: FixedClock
) -> None:
    start = clock.monotonic()
    for made in (calls.read, calls.write, calls.read):
        with pytest.raises(Unavailable):
            made(Service(clock, *refused_connections(1000)))
    assert clock.monotonic() - start <= aws.BUDGET_SECONDS


@pytest.mark.parametrize(
    "sign", ["answer", refusal("NoSuchKey", 404), refusal("AccessDenied", 403)], ids=str
)
def test_every_answer_is_a_sign_of_life_that_begins_the_budget_anew(
    calls: Calls, clock: FixedClock, sign: Any
) -> None:
    with pytest.raises(Unavailable):
        calls.read(Service(clock, *refused_connections(1000)))
    try:
        calls.read(Service(clock, sign), answers=frozenset({"NoSuchKey"}))
    except (ClientError, Refused):
        pass
    service = Service(clock, *refused_connections(5), "answer")
    assert calls.read(service) == "answer"


def test_a_call_that_reads_in_between_and_is_answered_ends_with_the_budget_too(
    calls: Calls, clock: FixedClock
) -> None:
    start = clock.monotonic()

    def contended() -> None:
        calls.read(lambda: "the same as before")
        clock.sleep(0.1)
        raise Again("another is at it")

    with pytest.raises(Unavailable, match="another is at it"):
        calls.write(contended)
    assert clock.monotonic() - start <= aws.BUDGET_SECONDS


# Clients


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    return monkeypatch


def test_a_client_sends_once_and_gives_up_in_time(settings: pytest.MonkeyPatch) -> None:
    config = client("s3", region="eu-west-1").meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout == CALL_SECONDS
    assert config.region_name == "eu-west-1"
    assert CALL_SECONDS <= 60 / 3, "a third of the default lease"


def test_a_client_goes_where_the_sdks_own_settings_say(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    settings.setenv("AWS_REGION", "eu-central-1")
    settings.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    made = client("dynamodb")
    assert made.meta.endpoint_url == "http://127.0.0.1:4566"
    assert made.meta.region_name == "eu-central-1"


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_PROFILE", "nobody"), ("AWS_ENDPOINT_URL", "not a url"), ("NO_REGION", "")],
)
def test_settings_that_make_no_client_are_refused(
    settings: pytest.MonkeyPatch, name: str, value: str
) -> None:
    settings.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    settings.setenv(name, value)
    if name == "NO_REGION":
        settings.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(Refused, match="AWS settings") as raised:
        client("dynamodb")
    assert raised.value.rule == "aws-settings"
    assert isinstance(raised.value.__cause__, BotoCoreError | ValueError)


def test_the_archives_interface_costs_no_sdk() -> None:
    imports = "import sys, plans.storage.archive, plans.storage.register"
    command = [sys.executable, "-c", f"{imports}; print('botocore' in sys.modules)"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
