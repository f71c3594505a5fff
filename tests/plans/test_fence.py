"""A fence record's text has one form; anything else is unreadable, never a guess."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plans.fence import Fence, Unreadable, parse_fence


def hexes(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789abcdef", min_size=length, max_size=length)


FENCES = st.builds(
    Fence,
    generation=st.integers(1, 10**12 - 1),
    step=st.integers(0, 10**6 - 1),
    done=st.booleans(),
    digest=hexes(64),
    lineage=hexes(32),
    attempt=hexes(32),
)
GREATEST = Fence(10**12 - 1, 10**6 - 1, True, "f" * 64, "f" * 32, "f" * 32)
TEXT = GREATEST.text()


@given(FENCES)
@example(GREATEST)
def test_a_fence_survives_the_round_trip(fence: Fence) -> None:
    assert parse_fence(fence.text()) == fence


@given(FENCES)
@example(GREATEST)
def test_a_fence_fits_one_dns_character_string(fence: Fence) -> None:
    assert len(fence.text().encode()) < 255


@given(st.text())
def test_any_other_text_is_unreadable_and_kept_as_it_was(text: str) -> None:
    assert parse_fence(text) == Unreadable(text)


@given(FENCES, st.data())
def test_an_edited_text_is_unreadable_or_a_fence_that_reads_exactly_so(
    fence: Fence, data: st.DataObject
) -> None:
    text = fence.text()
    place = data.draw(st.integers(0, len(text) - 1))
    edited = text[:place] + data.draw(st.characters()) + text[place + 1 :]
    seen = parse_fence(edited)
    assert seen == Unreadable(edited) if isinstance(seen, Unreadable) else seen.text() == edited


MALFORMED = {
    "empty": "",
    "another version": TEXT.replace("pf1", "pf2"),
    "generation 0": TEXT.replace("g=999999999999", "g=0"),
    "generation with a zero before it": TEXT.replace("g=9", "g=09").replace("99 s", "9 s"),
    "generation of 13 digits": TEXT.replace("g=", "g=1"),
    "negative generation": TEXT.replace("g=9", "g=-"),
    "signed generation": TEXT.replace("g=9", "g=+"),
    "arabic digits": TEXT.replace("g=9", "g=\u0669"),
    "no generation": TEXT.replace("g=999999999999", "g="),
    "step of 7 digits": TEXT.replace("s=", "s=1"),
    "step with a zero before it": TEXT.replace("s=9", "s=0"),
    "done that is neither": TEXT.replace("e=1", "e=2"),
    "digest in capitals": TEXT.replace("d=f", "d=F"),
    "short digest": TEXT.replace("d=f", "d="),
    "long digest": TEXT.replace("d=", "d=0"),
    "short lineage": TEXT.replace("l=f", "l="),
    "long attempt": TEXT + "0",
    "two spaces": TEXT.replace(" s=", "  s="),
    "space before": " " + TEXT,
    "space after": TEXT + " ",
    "line after": TEXT + "\n",
    "another field": TEXT + " x=1",
    "fields in another order": " ".join(sorted(TEXT.split(" "))),
    "quoted": f'"{TEXT}"',
    "two fences": f"{TEXT} {TEXT}",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_text_is_unreadable(case: str) -> None:
    text = MALFORMED[case]
    assert text != TEXT
    assert parse_fence(text) == Unreadable(text)


@pytest.mark.parametrize("length", range(len(TEXT)))
def test_a_truncated_text_is_unreadable(length: int) -> None:
    assert parse_fence(TEXT[:length]) == Unreadable(TEXT[:length])


def test_fences_that_differ_anywhere_are_not_equal() -> None:
    # The whole record is expected, TTL and attempt too: another pass's equal step is another fence.
    for field in ("generation", "step", "digest", "lineage", "attempt"):
        text = TEXT.replace(f"{field[0]}=9", f"{field[0]}=8").replace(
            f"{field[0]}=f", f"{field[0]}=0"
        )
        assert parse_fence(text) != GREATEST
        assert isinstance(parse_fence(text), Fence)
