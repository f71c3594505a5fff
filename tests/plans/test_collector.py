"""A bulk load leaves the cyclic collector as it found it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from plans.collector import collector_paused


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


def test_what_was_loaded_is_old_at_once_and_still_collected() -> None:
    class Loop:
        def __init__(self) -> None:
            self.me = self

    with collector_paused():
        kept = Loop()
    assert any(found is kept for found in gc.get_objects(generation=2))
    del kept
    gc.collect()
    assert not any(isinstance(found, Loop) for found in gc.get_objects())


def test_what_somebody_else_froze_stays_frozen() -> None:
    gc.freeze()
    count = gc.get_freeze_count()
    assert count
    with collector_paused():
        pass
    assert gc.get_freeze_count() == pytest.approx(count, abs=1000)
