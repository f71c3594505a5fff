"""What a test does to a request on its way: the words of ``doubles.faults``, on this wire.

A fault is given the real service and decides when, whether and how often it is asked. No lock is
held meanwhile, so that a fault may act on the double itself, or wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

from tests.doubles.route53 import errors
from tests.doubles.route53.wire import Answer, documented_refusal, refusal

HOLD_SECONDS: Final = 120.0  # no test may hang for ever

Send = Callable[[], Answer]
Fault = Callable[[Send], Answer]


class NoAnswerError(Exception):
    """The connection ends, or time runs out, before an answer arrives."""


class HeldTooLongError(AssertionError):
    """A test held a request and forgot it."""


def untouched(send: Send) -> Answer:
    """Nothing: it stands in a script for a request that shall pass."""
    return send()


def lost_before(_: Send) -> Answer:
    """The request never arrives, and nobody says so."""
    raise NoAnswerError("lost before it was served")


def lost_after(send: Send) -> Answer:
    """The request is served, whatever its answer was, and the answer is lost."""
    send()
    raise NoAnswerError("lost after it was served")


def emptied(send: Send) -> Answer:
    """The request is served; of the answer, only the status arrives."""
    return Answer(send().status, b"")


def twice(send: Send) -> Answer:
    """The network delivers the request twice; the second answer is the one that comes back."""
    send()
    return send()


def internal_error(_: Send) -> Answer:
    return refusal(500, "InternalFailure", "We encountered an internal error. Please try again.")


def unavailable(_: Send) -> Answer:
    return refusal(503, "ServiceUnavailable", "Service is unable to handle request.")


def throttled(_: Send) -> Answer:
    """Others used up the account's tokens."""
    error = errors.throttled()
    return refusal(error.status, error.code, error.message)


def prior_request(_: Send) -> Answer:
    """Somebody else's change of the zone is under way."""
    error = errors.prior_request()
    return refusal(error.status, error.code, error.message)


def denied(_: Send) -> Answer:
    message = "User: arn:aws:iam::111122223333:user/nobody is not authorized to perform this action"
    return refusal(403, "AccessDenied", message)


def internal_error_after(send: Send) -> Answer:
    """The request is served, and the client is told that something went wrong."""
    send()
    return internal_error(send)


def in_documented_form(send: Send) -> Answer:
    """A refused batch is answered in the form of the API Reference (``wire``)."""
    answer = send()
    if answer.status == 400 and b"<Code>InvalidChangeBatch</Code>" in answer.body:
        return documented_refusal("as the API Reference has it")
    return answer


def cut_short(send: Send) -> Answer:
    """Half of the answer arrives, and its length says that this is all."""
    answer = send()
    return Answer(answer.status, answer.body[: len(answer.body) // 2])


def after(action: Callable[[], object]) -> Fault:
    """Somebody else acts first, while this request is on its way."""

    def fault(send: Send) -> Answer:
        action()
        return send()

    return fault


def before_answer(action: Callable[[], object]) -> Fault:
    """Somebody else acts after the request is served and before its answer arrives."""

    def fault(send: Send) -> Answer:
        answer = send()
        action()
        return answer

    return fault


class Hold:
    """Parks a request before it is served, until it is released; then another fault may follow.

    The request waits in its own thread: for clients in threads or in processes of their own. In one
    thread ``after`` does the same.
    """

    def __init__(self, then: Fault = untouched) -> None:
        self._then = then
        self._arrived = Event()
        self._released = Event()

    def __call__(self, send: Send) -> Answer:
        self._arrived.set()
        if not self._released.wait(HOLD_SECONDS):
            raise HeldTooLongError(f"a request was held for {HOLD_SECONDS:g} s")
        return self._then(send)

    @property
    def holds(self) -> bool:
        """Whether a request is parked here now."""
        return self._arrived.is_set() and not self._released.is_set()

    def wait(self, seconds: float = HOLD_SECONDS) -> bool:
        """Wait until a request is parked here; False if none came."""
        return self._arrived.wait(seconds)

    def release(self) -> None:
        self._released.set()


BY_NAME: Final[Mapping[str, Fault]] = {
    fault.__name__: fault
    for fault in (
        untouched,
        lost_before,
        lost_after,
        twice,
        internal_error,
        internal_error_after,
        unavailable,
        throttled,
        prior_request,
        denied,
        in_documented_form,
        cut_short,
    )
}


@dataclass(frozen=True)
class Rule:
    """One fault for one request of an operation (any: ``*``) whose path or body holds this text."""

    operation: str
    containing: str
    fault: Fault

    def meets(self, asked: Any) -> bool:
        return self.operation in {"*", asked.operation} and asked.holds(self.containing)
