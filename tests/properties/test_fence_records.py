"""A fence record is read as exactly what stands there, whatever stands there.

Its text alone: ``tests/plans/test_fence.py``; cases of record sets: ``test_places.py``.
"""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from plans.fence import Fence, Unreadable, as_read, parse_fence
from plans.kinds.rdata import quoted
from plans.observed.fence_record import fence_seen, fence_values
from tests.builders import a_fence

hexes = st.text("0123456789abcdef", min_size=32, max_size=32)
fences = st.builds(
    Fence,
    generation=st.integers(1, 10**12 - 1),
    step=st.integers(0, 10**6 - 1),
    done=st.booleans(),
    digest=st.tuples(hexes, hexes).map("".join),
    lineage=hexes,
    attempt=hexes,
)
strings = (
    st.binary(max_size=255)
    | fences.map(lambda fence: fence.text().encode())
    | st.tuples(fences, st.binary(max_size=2)).map(lambda two: two[0].text().encode() + two[1])
    | st.sampled_from([b"", b'"', b", ", b'", "', b"\\", b'" "'])
)
txt_values = st.lists(strings, min_size=1, max_size=3).map(quoted)
record_sets = st.lists(txt_values, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))


@given(record_sets)
@example(('"\\", \\""',))
def test_any_record_set_comes_back_from_what_it_was_seen_as(values: tuple[str, ...]) -> None:
    assert fence_values(fence_seen(values)) == values


@given(record_sets, record_sets)
def test_different_record_sets_are_never_seen_as_the_same(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    """A step expects what was seen: it must not be satisfied by anything else."""
    assert (fence_seen(one) == fence_seen(other)) is (one == other)
    assert (as_read(fence_seen(one)) == as_read(fence_seen(other))) is (one == other)


@given(record_sets)
def test_only_one_value_of_one_string_in_the_exact_form_is_a_fence(values: tuple[str, ...]) -> None:
    seen = fence_seen(values)
    if isinstance(seen, Fence):
        assert values == (f'"{seen.text()}"',)
    else:
        assert seen is None or isinstance(seen, Unreadable)


SMALL = a_fence().text()


def test_every_flipped_bit_of_a_small_fence_is_another_fence_or_none() -> None:
    fence = parse_fence(SMALL)
    for place in range(len(SMALL)):
        for bit in range(8):
            flipped = bytearray(SMALL.encode())
            flipped[place] ^= 1 << bit
            text = flipped.decode("latin-1")
            seen = parse_fence(text)
            assert seen != fence
            assert as_read(seen) == text
