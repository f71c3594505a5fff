"""Many names in few lines, from which each can be written down again."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from planfence.names_listed import WIDTH, compact, relative

ZONE = "example.com."


def expanded(lines: list[str]) -> list[str]:
    """The names that a list stands for."""
    names: list[str] = []
    for text in re.findall(r'"[^"]*"|[^, "]+', " ".join(lines)):
        run = re.fullmatch(r"([^\[\"]*)\[([0-9]+)-([0-9]+)\]([^\"]*)", text)
        if run is None:
            names.append(text.strip('"'))
            continue
        before, first, last, after = run.groups()
        width = len(first)
        names += [f"{before}{n:0{width}d}{after}" for n in range(int(first), int(last) + 1)]
    return names


@given(
    st.lists(
        st.one_of(
            st.builds("{}{}".format, st.sampled_from(["h", "web-", ""]), st.integers(0, 300)),
            st.builds("h{:03d}.rack".format, st.integers(0, 300)),
            st.from_regex(r"[a-z0-9_*-]{1,12}(\.[a-z0-9]{1,5})?", fullmatch=True),
            st.sampled_from(["h[1-3]", "a[01-02]b", "odd name", "x,y"]),
        ),
        max_size=60,
        unique=True,
    )
)
def test_no_name_is_lost_and_none_is_added(labels: list[str]) -> None:
    names = [f"{label}.{ZONE}" for label in labels]
    assert sorted(expanded(compact(names, ZONE))) == sorted(labels)


def test_numbers_in_a_row_are_told_as_from_to() -> None:
    names = [f"web{number:02d}.{ZONE}" for number in range(1, 41)] + [f"mail.{ZONE}", ZONE]
    assert compact(names, ZONE) == ["web[01-40], mail, @"]


def test_a_name_cannot_pass_itself_off_as_a_list() -> None:
    assert compact([f"h[1-3].{ZONE}", f"a,b.{ZONE}"], ZONE) == ['"h[1-3]", "a,b"']


def test_lines_are_short() -> None:
    lines = compact([f"{'x' * number}.{ZONE}" for number in range(1, 60)], ZONE)
    assert len(lines) > 10
    assert max(map(len, lines)) <= WIDTH + 1
    assert all(line.endswith(",") for line in lines[:-1])


def test_names_are_told_relative_to_their_zone() -> None:
    assert relative("a.b.example.com.", ZONE) == "a.b"
    assert relative("com.", ".") == "com."
    assert relative("other.org.", ZONE) == "other.org."
