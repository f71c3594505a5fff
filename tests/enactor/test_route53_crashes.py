"""A plan of five batches, stopped or left without an answer at every single call, and resumed.

The double's history is the witness: each batch of the plan landed once, and the fence never fell.
"""

from __future__ import annotations

from functools import cache
from itertools import count

import pytest

from plans.kinds.dns import RecordKey, Records
from plans.plan import Mode
from plans.published import Published
from tests.builders import Died, a
from tests.doubles.route53.evidence import falls, own, repeats, unfenced
from tests.doubles.route53.faults import (
    Fault,
    Send,
    cut_short,
    emptied,
    internal_error,
    internal_error_after,
    lost_after,
    lost_before,
    prior_request,
    throttled,
    twice,
    unavailable,
    untouched,
)
from tests.doubles.route53.wire import Answer
from tests.enactor.hosted import Hosted, SmallTarget, SmallView

Zone = dict[RecordKey, Records]
BATCHES = 5

BEFORE: Zone = {
    key: content
    for label in ("b", "c", "d", "e", "f", "g", "h")
    for key, content in a(label).items()
}
AFTER: Zone = {
    **{key: content for key, content in BEFORE.items() if key.name[0] not in "bc"},
    **{key: content for label in "defg" for key, content in a(label, "192.0.2.9").items()},
    **{key: content for label in "aijklmnop" for key, content in a(label).items()},
}


def dies_before(_: Send) -> Answer:
    raise Died


def dies_after(send: Send) -> Answer:
    send()
    raise Died


FAULTS: dict[str, Fault] = {
    "killed before the call": dies_before,
    "killed after the call": dies_after,
    "request lost": lost_before,
    "answer lost": lost_after,
    "answer cut short": cut_short,
    "answer without a body": emptied,
    "delivered twice": twice,
    "500": internal_error,
    "500 after it was done": internal_error_after,
    "503": unavailable,
    "throttled": throttled,
    "a prior request": prior_request,
}


def begun(mode: Mode) -> tuple[Hosted, Published]:
    """A zone that holds ``BEFORE``, and a plan of five batches to ``AFTER``."""
    hosted = Hosted(mode=mode)
    hosted.view_class, hosted.target_class = SmallView, SmallTarget
    hosted.applied(BEFORE)
    published = hosted.publish(AFTER)
    [part] = published.plan.targets
    assert len(part.steps) == BATCHES
    hosted.double.calls.clear()
    return hosted, published


@cache
def calls_of(mode: Mode) -> int:
    """How many requests the pass makes if nothing goes wrong."""
    hosted, published = begun(mode)
    assert hosted.enact(published).outcome == "applied"
    return len(hosted.double.calls)


def resumed(hosted: Hosted, published: Published) -> str:
    """Run passes until one applies the plan, as a job that is run again does."""
    for number in count(1):
        assert number < 5
        try:
            outcome = hosted.enact(published)
        except Died:
            continue
        assert outcome.outcome in {"applied", "already_applied", "unavailable"}, outcome
        if outcome.error is None:
            return outcome.outcome
    raise AssertionError


CASES: list[tuple[str, Mode]] = [
    *((name, "exact") for name in FAULTS),
    # Here only what may leave something behind: the rest is the same code in both modes.
    *((name, "converge") for name in FAULTS if "kill" in name or name.endswith(("lost", "twice"))),
]


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_a_fault_at_any_call_ends_in_the_same_zone_with_each_batch_applied_once(
    name: str, mode: Mode
) -> None:
    fault = FAULTS[name]
    met = 0
    for number in range(calls_of(mode)):
        hosted, published = begun(mode)
        already = len(hosted.double.history)
        hosted.double.next("*", *[untouched] * number, fault)
        resumed(hosted, published)
        met += not hosted.double.left
        assert hosted.state() == AFTER
        history = hosted.double.history
        assert len(own(history)) == already + BATCHES, f"call {number}"
        assert not repeats(history)
        assert not [*falls(history)]
        assert not [*unfenced(history)]
    assert met == calls_of(mode) > 2 * BATCHES


def test_a_first_fence_whose_answer_is_lost_is_found_and_not_made_twice() -> None:
    for fault in (lost_after, dies_after, internal_error_after):
        hosted = Hosted()
        published = hosted.publish(a("www"))
        hosted.double.next("ChangeResourceRecordSets", fault)
        resumed(hosted, published)
        assert hosted.state() == a("www")
        assert len(hosted.double.history) == 2
        assert not repeats(hosted.double.history)
