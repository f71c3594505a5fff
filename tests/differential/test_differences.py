"""What planfence and octoDNS do differently is what the list says, no less and no more."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.differential.by_octodns import DEPRECATED
from tests.differential.differences import APART, DIFFERENCES, Difference
from tests.differential.held import rows
from tests.differential.services import AtRoute53, Pair
from tests.differential.zones import ZONE

pytestmark = pytest.mark.filterwarnings(DEPRECATED)
PAGE = Path(__file__).parents[2] / "docs/comparison.md"
APEX = (ZONE, "NS")
WWW = "www: {type: A, ttl: 300, value: 192.0.2.1}"


def error_of(attempt: Callable[[], object]) -> str:
    """What an attempt ended with; empty if it succeeded. octoDNS raises whatever it comes upon."""
    try:
        attempt()
    except Exception as error:  # noqa: BLE001
        return f"{error}"
    return ""


@pytest.mark.parametrize(
    ("service", "listed"),
    [(each.service, each) for each in DIFFERENCES],
    ids=[f"{each.service}-{each.name}" for each in DIFFERENCES],
)
def test_both_end_as_the_list_says(pair: Pair, service: str, listed: Difference) -> None:
    pair.put(rows(listed.live))
    live, same = pair.held()
    assert live == same
    refusal = error_of(lambda: pair.by_planfence(listed.desired))
    error = error_of(lambda: pair.by_octodns(listed.desired))
    ours, theirs = pair.held()

    def meant(text: str) -> object:
        return {APEX: live[APEX], **pair.meant(rows(text))}

    assert listed.planfence in refusal
    assert bool(refusal) == bool(listed.planfence), refusal
    assert ours == (live if listed.planfence else meant(listed.meant))
    assert listed.octodns in error
    assert bool(error) == bool(listed.octodns), error
    assert theirs == (live if listed.holds is None else meant(listed.holds))
    if isinstance(listed.left, int):
        assert len(pair.planned_by_octodns(listed.desired)) == listed.left
    else:
        with pytest.raises(Exception, match=re.escape(listed.left)):
            pair.planned_by_octodns(listed.desired)
    assert ours != theirs or listed.left, "they agree: take it off the list"


@pytest.mark.parametrize("service", ["Route 53", "BIND"])
def test_octodns_would_delete_the_fence_and_nothing_else(pair: Pair, service: str) -> None:
    pair.put(())
    pair.by_planfence(WWW)
    pair.by_octodns(WWW)
    assert pair.planned_by_octodns(WWW) == []
    assert pair.planned_by_octodns(WWW, in_first=True) == ["Delete _planfence TXT"]


def test_octodns_takes_weighted_sets_for_one_plain_set(tmp_path: Path) -> None:
    zones = AtRoute53(tmp_path)
    for double, zone_id in zones.places:
        for identifier, value in (("a", "192.0.2.1"), ("b", "192.0.2.2")):
            plain = {"Name": f"www.{ZONE}", "Type": "A", "TTL": 300}
            records = [{"Value": value}]
            weighted = {"SetIdentifier": identifier, "Weight": 1, "ResourceRecords": records}
            double.put(zone_id, {**plain, **weighted})
    live, same = zones.held()
    assert live == same
    assert zones.planned_by_octodns(WWW) == []
    zones.by_planfence(WWW)
    zones.by_octodns(WWW)
    ours, theirs = zones.held()
    assert ours == {APEX: live[APEX], **zones.meant(rows("www 300 A 192.0.2.1"))}
    assert theirs == live


def test_the_page_has_every_difference_and_no_other() -> None:
    section = PAGE.read_text("utf-8").partition("## Run side by side with octoDNS\n")[2]
    listed = re.findall(
        r"^\| `([a-z0-9-]+)` \| ([^|]+) \|", section.partition("\n## ")[0], re.MULTILINE
    )
    where: dict[str, set[str]] = {name: set(services) for name, services in APART.items()}
    for each in DIFFERENCES:
        where.setdefault(each.name, set()).add(each.service)
    assert dict(listed) == {
        name: "both" if len(services) == 2 else services.pop() for name, services in where.items()
    }
    assert max(Counter(name for name, _ in listed).values()) == 1
