"""A zone file is read whole or refused with lines, however it came to be what it is.

What holds for any bytes is ``tests.fuzz.targets.zone``: here it is asked of files that were good
before somebody edited them, which no fuzzer finds as quickly.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from planner.zone_dump import zone_text
from planner.zone_yaml import TTL_DEFAULT, parse_zone_yaml
from plans.errors import Invalid
from plans.kinds.dns import RecordKey, Records
from tests.fuzz.targets import zone
from tests.planner.routed import as_a_state, routed_sets
from tests.planner.zones import ZONE, zones

State = dict[RecordKey, Records]
states = zones | st.builds(lambda plain, sets: {**plain, **as_a_state(sets)}, zones, routed_sets)
pieces = st.sampled_from(
    "- : , [ ] { } & * ! | > ' \" # % @ ` ~ <<: null yes 010 type: ttl: value: values: A TXT alias:"
    " routing: id: weight: dynamic: pools: octodns: \\ \\; \ufeff \u2028 \x85 \t é".split(" ")
)


@st.composite
def edits(draw: st.DrawFn, lines: list[str]) -> list[str]:
    """Lines with one of them gone, twice, elsewhere, deeper, shallower, or with a piece in it."""
    at = draw(st.integers(0, len(lines) - 1))
    line = lines[at]
    deed = draw(st.sampled_from(["gone", "twice", "moved", "deeper", "shallower", "piece", "cut"]))
    rest = lines[:at] + lines[at + 1 :]
    if deed == "gone":
        return rest or lines
    if deed in {"twice", "moved"}:
        kept = lines if deed == "twice" else rest
        to = draw(st.integers(0, len(kept)))
        return [*kept[:to], line, *kept[to:]]
    if deed == "deeper":
        line = "  " + line
    elif deed == "shallower":
        line = line.removeprefix("  ")
    else:
        place = draw(st.integers(0, len(line)))
        line = line[:place] + (draw(pieces) + line[place:] if deed == "piece" else "")
    return [*lines[:at], line, *lines[at + 1 :]]


@given(states, st.booleans(), st.data())
def test_an_edited_file_is_read_whole_or_refused_with_lines(
    state: State, escaped: bool, data: st.DataObject
) -> None:
    lines = zone_text(ZONE, state, escaped).splitlines()
    for _ in range(data.draw(st.integers(0, 3))):
        lines = data.draw(edits(lines))
    zone("\n".join(lines).encode())


@given(zones, st.booleans(), st.data())
def test_no_line_of_a_file_is_read_over(state: State, escaped: bool, data: st.DataObject) -> None:
    """Without it the file means something else, or nothing."""
    state = {
        key: content if content.ttl != TTL_DEFAULT else Records(60, content.values)
        for key, content in state.items()
    }
    lines = zone_text(ZONE, state, escaped).splitlines()
    assert lines.pop(0) == "---"
    at = data.draw(st.integers(0, len(lines) - 1))
    less = "\n".join(lines[:at] + lines[at + 1 :]).encode()
    try:
        found = parse_zone_yaml(less, "zone.yaml", ZONE, escaped_semicolons=escaped)
    except Invalid:
        return
    assert found.records != state
