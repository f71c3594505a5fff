"""Trials of the race of 2025 on a hosted zone: requests held on their way while newer plans land.

Leases are off. The plans change different record sets, so that every ``before`` of the late batch
still holds when it arrives: nothing but the fence can refuse it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, product
from typing import Any

from enactor.route53 import Route53Target
from plans.kinds.dns import RecordKey, Records
from plans.observed.route53_api import ZoneApi
from plans.plan import Mode
from tests.builders import a
from tests.doubles.route53.evidence import falls, repeats
from tests.doubles.route53.faults import after, before_answer, untouched
from tests.enactor.hosted import FENCE_NAME, Hosted, SmallTarget, SmallView

Zone = dict[RecordKey, Records]
MODES: tuple[Mode, ...] = ("exact", "converge")


class UnfencedApi(ZoneApi):
    """Test only: the zone without the protection. A batch with changes goes without its fence."""

    def change(self, changes: Sequence[Mapping[str, Any]]) -> str:
        rest = [each for each in changes if each["ResourceRecordSet"]["Name"] != FENCE_NAME]
        return super().change(rest or changes)


class UnfencedTarget(SmallTarget):
    """Test only: writes through ``UnfencedApi``."""

    def __init__(self, name: str, zone: str, api: ZoneApi) -> None:
        super().__init__(name, zone, UnfencedApi(api.account, api.zone_id))


@dataclass(frozen=True)
class Trial:
    """A pass that is held at one of its requests while ``newer`` generations are applied."""

    mode: Mode
    call: int
    answered: bool  # held after it was served, before its answer arrives
    newer: int


@dataclass(frozen=True)
class Result:
    outcome: str
    regressed: bool


def world(mode: Mode) -> Hosted:
    hosted = Hosted(mode=mode)
    hosted.view_class, hosted.target_class = SmallView, SmallTarget
    hosted.applied({**a("old"), **a("other"), **a("www")})
    return hosted


STALE: Zone = {
    **{key: content for label in ("www", "x", "y", "z") for key, content in a(label).items()},
    **a("old", "192.0.2.66"),
    **a("other"),
    **a("w", "192.0.2.66"),
}


def calls_of(mode: Mode) -> int:
    """How many requests the stale pass makes if nobody holds it."""
    hosted = world(mode)
    published = hosted.publish(STALE)
    [part] = published.plan.targets
    assert len(part.steps) > 1
    hosted.double.calls.clear()
    hosted.enact(published)
    return len(hosted.double.calls)


def run(trial: Trial, target_class: type[Route53Target]) -> Result:
    hosted = world(trial.mode)
    stale = hosted.publish(STALE)
    newest: Zone = {}

    def newer_generations() -> None:
        hosted.target_class = SmallTarget  # the others are as they should be
        for number in range(trial.newer):
            newest.clear()
            newest.update(hosted.view().observe().state)
            newest.pop(RecordKey("example.com.", "NS"))
            newest.update(a("other", f"192.0.2.{100 + number}"))
            hosted.applied(newest)

    hold = before_answer if trial.answered else after
    hosted.double.next("*", *[untouched] * trial.call, hold(newer_generations))
    hosted.target_class = target_class
    outcome = hosted.enact(stale)
    assert not hosted.double.left, "it was never held"
    broken = [*falls(hosted.double.history), *repeats(hosted.double.history)]
    assert not broken or target_class is UnfencedTarget
    return Result(outcome.outcome, hosted.state() != newest)


def trials(count: int) -> list[Trial]:
    """So many, over every call of the pass in turn."""
    kinds = [
        Trial(mode, call, answered, newer)
        for newer, answered, mode in product((1, 2), (False, True), MODES)
        for call in range(calls_of(mode))
    ]
    return list(islice(cycle(kinds), count))
