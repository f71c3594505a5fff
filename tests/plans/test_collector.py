"""A bulk load leaves the cyclic collector as it found it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from plans.collector import YOUNG_MAX, collector_paused


@pytest.fixture(autouse=True)
def nothing_frozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.enable()


def test_it_is_paused_inside_and_goes_on_behind_also_after_an_error() -> None:
    with collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), collector_paused():
        raise ZeroDivisionError
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_an_inner_pause_does_not_end_the_outer_one() -> None:
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()


class Loop:
    """What only the collector frees."""

    def __init__(self) -> None:
        self.me = self


def loops() -> int:
    return sum(isinstance(found, Loop) for found in gc.get_objects())


def test_a_bulk_is_old_at_once_and_still_collected() -> None:
    with collector_paused():
        kept, bulk = Loop(), [[each] for each in range(YOUNG_MAX)]
    assert len(bulk) == YOUNG_MAX
    assert any(found is kept for found in gc.get_objects(generation=2))
    del kept
    gc.collect()
    assert not loops()


def test_the_garbage_of_small_loads_does_not_stay_for_as_long_as_the_process() -> None:
    """A pass that looks again and again makes some with each refusal that it handles."""
    for _ in range(2_000):
        with collector_paused():
            for _ in range(10):
                Loop()
        _ = [[each] for each in range(100)]  # what the process does besides
    assert loops() < 2_000


def test_what_somebody_else_froze_stays_frozen() -> None:
    gc.freeze()
    count = gc.get_freeze_count()
    assert count
    with collector_paused():
        pass
    assert gc.get_freeze_count() == pytest.approx(count, abs=1000)
