"""The race of 2025 on a hosted zone: 100 trials here, as many as wanted in ``make prove-long``."""

from __future__ import annotations

from collections import Counter

import pytest

from plans.plan import Mode
from tests.builders import a, error_of
from tests.doubles.route53.faults import after
from tests.enactor.hosted import CHANGE, SmallTarget
from tests.enactor.route53_trials import MODES, STALE, UnfencedTarget, run, trials, world

TRIALS = 100


def test_no_held_request_ever_lands_on_a_newer_generation() -> None:
    results = [run(trial, SmallTarget) for trial in trials(TRIALS)]
    counts = Counter(result.outcome for result in results)
    regressions = sum(result.regressed for result in results)
    print(f"{len(results)} trials: {dict(counts)}, {regressions} regressions")
    assert regressions == 0
    assert set(counts) <= {"superseded", "applied"}
    assert counts["superseded"] > TRIALS * 0.8


def test_the_same_trials_without_the_fence_do_regress() -> None:
    """The fence is what refuses: take it out, and the very same schedules write old over new."""
    results = [run(trial, UnfencedTarget) for trial in trials(TRIALS)]
    regressions = sum(result.regressed for result in results)
    print(f"{len(results)} trials without the fence: {regressions} regressions")
    assert regressions > 10


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_held_on_its_way_is_refused_whole_and_the_pass_is_superseded(mode: Mode) -> None:
    hosted = world(mode)
    stale = hosted.publish(STALE)
    held = hosted.double.history

    def newer() -> None:
        hosted.applied({**a("new"), **a("www")})

    hosted.double.next(CHANGE, after(newer))
    outcome = hosted.enact(stale)
    assert outcome.outcome == "superseded"
    assert error_of(outcome).rule == "superseded"
    assert hosted.state() == {**a("new"), **a("www")}
    assert len(hosted.double.history) > len(held)
