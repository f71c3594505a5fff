"""A hold stops a running pass before its next step, and no override."""

from __future__ import annotations

import pytest

from tests.builders import Stream, error_of
from tests.doubles.faults import after
from tests.enactor.test_steps import head


@pytest.mark.parametrize("mode", ["exact", "converge"])
def test_a_hold_stops_before_the_next_step(mode: str) -> None:
    stream = Stream(mode=mode, step_changes_max=1)
    published = head(stream)
    stream.faults.next("apply", "g=2 s=1", after(stream.hold))
    outcome = stream.enact(published)
    error = error_of(outcome)
    assert (outcome.outcome, error.rule) == ("refused", "held")
    assert stream.steps()[-1] == (2, 1, False), "a step already sent can land"
    stream.release()
    assert stream.enact(published).outcome == "applied"


def test_a_hold_does_not_stop_an_override() -> None:
    stream = Stream(step_changes_max=1)
    published = head(stream, origin="override")
    stream.faults.next("apply", "g=2 s=1", after(stream.hold))
    assert stream.enact(published).outcome == "applied"
