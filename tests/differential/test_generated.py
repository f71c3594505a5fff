"""200 generated zones end with the same records under planfence and under octoDNS.

Each begins with the same live zone: an earlier one, and what people have changed in it since. A
failing test bears the seed of its zone in its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from plans.plan import Mode
from tests.differential.by_octodns import DEPRECATED
from tests.differential.held import rows_of
from tests.differential.services import Pair
from tests.differential.zones import TYPES, ZONE, Names, as_yaml, case

pytestmark = pytest.mark.filterwarnings(DEPRECATED)
SEEDS = range(200)
MODES: tuple[Mode, Mode] = ("exact", "converge")
APEX = (ZONE, "NS")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("service", sorted(TYPES))
def test_planfence_and_octodns_end_with_the_same_records(
    pair: Pair, service: str, seed: int
) -> None:
    live, wanted = case(seed, TYPES[service])
    escaped = seed % 2 == 0
    text = as_yaml(wanted, escaped_semicolons=escaped)
    pair.begin(live, MODES[seed // 2 % 2])
    before, same = pair.held()
    assert before == same
    pair.by_planfence(text, escaped_semicolons=escaped)
    pair.by_octodns(text, escaped_semicolons=escaped)
    ours, theirs = pair.held()
    meant = {APEX: before[APEX], **pair.meant(rows_of(wanted))}
    assert ours == meant
    assert theirs == meant
    found = pair.planned_by_octodns(text, escaped_semicolons=escaped, in_first=True)
    assert found == ["Delete _planfence TXT"], "octoDNS finds nothing else to change there"


def what_changes(live: Names, wanted: Names) -> Iterator[str]:
    for label in {*live, *wanted}:
        before, after = live.get(label, {}), wanted.get(label, {})
        if "CNAME" in before and after and "CNAME" not in after:
            yield "CNAME to others"
        if "CNAME" in after and before and "CNAME" not in before:
            yield "others to CNAME"
        for rdtype in {*before, *after}:
            old, new = before.get(rdtype), after.get(rdtype)
            if old is None or new is None:
                yield "set removed" if new is None else "set made"
            elif old == new:
                yield "set kept"
            else:
                yield "TTL changed" if old.values == new.values else "values changed"


def what_is_wanted(wanted: Names) -> Iterator[str]:
    for label, sets in wanted.items():
        for kind, mark in (("capitals", str.isupper), ("wildcard", lambda char: char == "*")):
            if any(map(mark, label)):
                yield kind
        for rdtype, content in sets.items():
            yield rdtype
            if len(content.values) > 1:
                yield "several values"
            if rdtype in ("SPF", "TXT") and any(len(str(each)) > 255 for each in content.values):
                yield "long text"


@pytest.mark.parametrize("service", sorted(TYPES))
def test_the_200_zones_hold_every_type_and_every_kind_of_change(service: str) -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        live, wanted = case(seed, TYPES[service])
        seen.update({*what_changes(live, wanted), *what_is_wanted(wanted)})
    kinds = "set removed,set made,set kept,TTL changed,values changed,capitals,wildcard,long text"
    often = (*TYPES[service], *kinds.split(","), "CNAME to others", "others to CNAME")
    assert {kind: seen[kind] for kind in often if seen[kind] < 20} == {}
    assert seen["several values"] > 100
