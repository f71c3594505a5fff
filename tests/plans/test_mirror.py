"""A mirror may lag its target's fence, never lead it, and never falls."""

from __future__ import annotations

from functools import partial

import pytest

from plans.errors import Unavailable, Unknown
from plans.fence import Fence
from plans.mirror import Mirror, ensure_mirror, raise_mirror, read_mirror, read_mirrors
from tests.builders import LINEAGE, STREAM, T1, T2
from tests.doubles.faults import (
    Fault,
    Faults,
    FaultyRegister,
    after,
    lost_after,
    lost_before,
    twice,
    unavailable,
)
from tests.doubles.memory import MemoryRegister

OURS, THEIRS = "a" * 32, "b" * 32


def fence(generation: int) -> Fence:
    return Fence(generation, 1, True, "d" * 64, LINEAGE, OURS)


def raised(
    register: FaultyRegister, generation: int, *, retired: bool = False, attempt: str = OURS
) -> None:
    seen = read_mirror(register, STREAM, T1)
    raise_mirror(register, STREAM, T1, seen, fence(generation), retired=retired, attempt=attempt)


def ensured(register: FaultyRegister, target: str, attempt: str) -> Mirror:
    seen = read_mirror(register, STREAM, target)
    return ensure_mirror(register, STREAM, target, seen, attempt)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def register(faults: Faults) -> FaultyRegister:
    return FaultyRegister(MemoryRegister(), faults)


def found(register: FaultyRegister) -> Mirror | None:
    return read_mirror(register, STREAM, T1)


def test_a_missing_mirror_is_created_at_zero_once(register: FaultyRegister) -> None:
    assert found(register) is None
    mirror = ensured(register, T1, OURS)
    assert mirror == Mirror(generation=0, retired=False, attempt=OURS)
    assert ensured(register, T1, THEIRS) == mirror
    assert found(register) == mirror
    assert read_mirrors(register, STREAM) == {T1: mirror}


def test_another_enactors_mirror_stands(register: FaultyRegister, faults: Faults) -> None:
    other = FaultyRegister(register.inner, Faults())
    faults.next("write", "fence#", after(partial(raised, other, 3, attempt=THEIRS)))
    assert ensured(register, T1, OURS).generation == 3


def test_a_mirror_rises_and_never_falls(register: FaultyRegister) -> None:
    for generation, expected in ((2, 2), (5, 5), (3, 5), (5, 5), (6, 6)):
        raised(register, generation)
        mirror = found(register)
        assert mirror
        assert mirror.generation == expected
    raised(register, 4, retired=True)
    mirror = found(register)
    assert mirror
    assert (mirror.generation, mirror.retired) == (6, False)


def test_each_target_has_its_own_mirror(register: FaultyRegister) -> None:
    raised(register, 4)
    ensured(register, T2, OURS)
    generations = {
        name: mirror.generation for name, mirror in read_mirrors(register, STREAM).items()
    }
    assert generations == {T1: 4, T2: 0}


def test_a_mirror_is_marked_retired_at_its_height_and_keeps_the_mark(
    register: FaultyRegister,
) -> None:
    raised(register, 4)
    raised(register, 4, retired=True, attempt=THEIRS)
    marked = Mirror(generation=4, retired=True, attempt=THEIRS)
    assert found(register) == marked
    raised(register, 4)
    raised(register, 4, retired=True)
    assert found(register) == marked


def test_a_target_that_comes_back_to_the_stream_is_retired_no_more(
    register: FaultyRegister,
) -> None:
    raised(register, 4, retired=True)
    raised(register, 5)
    assert found(register) == Mirror(generation=5, retired=False, attempt=OURS)


@pytest.mark.parametrize("start", [None, 1])
def test_a_mirror_that_rose_further_meanwhile_stands(
    register: FaultyRegister, faults: Faults, start: int | None
) -> None:
    other = FaultyRegister(register.inner, Faults())
    if start:
        raised(other, start)
    faults.next("write", "fence#", after(partial(raised, other, 7, attempt=THEIRS)))
    raised(register, 4)
    assert found(register) == Mirror(generation=7, retired=False, attempt=THEIRS)


@pytest.mark.parametrize("start", [3, 4])
def test_the_mark_of_a_retired_target_is_not_lost_to_a_pass_that_mirrors_without_it(
    register: FaultyRegister, faults: Faults, start: int
) -> None:
    # Another pass read step 0 of the same generation before our last step, and mirrors it now.
    other = FaultyRegister(register.inner, Faults())
    raised(other, start)
    height = 4 if start == 3 else 5
    faults.next("write", "fence#", after(partial(raised, other, height, attempt=THEIRS)))
    raised(register, 4, retired=True)
    mirror = found(register)
    assert mirror
    assert (mirror.generation, mirror.retired) == (height, start == 3)


def test_a_raise_that_is_delivered_twice_changes_nothing_more(
    register: FaultyRegister, faults: Faults
) -> None:
    faults.next("write", "fence#", twice)
    raised(register, 4)
    assert found(register) == Mirror(generation=4, retired=False, attempt=OURS)


@pytest.mark.parametrize("fault", [lost_before, lost_after, unavailable])
def test_a_mirror_that_cannot_be_written_stops_the_step(
    register: FaultyRegister, faults: Faults, fault: Fault
) -> None:
    faults.next("write", "fence#", fault, times=2)
    with pytest.raises(Unknown if fault is not unavailable else Unavailable):
        ensured(register, T1, OURS)
    with pytest.raises(Unknown if fault is not unavailable else Unavailable):
        raised(register, 4)
