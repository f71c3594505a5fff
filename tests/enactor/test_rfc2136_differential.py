"""For generated zones, planfence and dig agree on what BIND serves in the end.

A zone goes from one generated state to another, by the real planner and enactor: every type, names
and strings as nasty as DNS allows. What dig prints is read by dnspython, not by planfence's view.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from plans.kinds.dns import RecordKey, Records
from plans.kinds.rdata import normal_name, normal_value
from plans.plan import Mode
from tests.enactor.servers import LAX, Served
from tests.planner.zones import ZONE, zones
from tests.servers.bind import Bind, Zone

State = Mapping[RecordKey, Records]


def moved(state: State, zone: str) -> dict[RecordKey, Records]:
    """A generated state under the name of the zone that is served, with its name server's address.

    BIND refuses an update that leaves a name server of the zone without one.
    """
    address = {RecordKey(f"ns1.{zone}", "A"): Records(300, ("192.0.2.53",))}
    delegated = {key.name for key in state if key.type == "NS"} - {ZONE}
    return address | {
        key._replace(name=key.name.removesuffix(ZONE) + zone): content
        for key, content in state.items()
        # The others are refused. BIND takes NAPTR with valid expressions only.
        if (key.type != "DS" or key.name in delegated)
        and not (key.type in {"NS", "DNAME"} and key.name.startswith("*."))
        and key.type != "NAPTR"
    }


def by_dig(zone: Zone) -> dict[RecordKey, Records]:
    """What dig prints, but for the fence."""
    found: dict[RecordKey, tuple[int, set[str]]] = {}
    for name, ttl, kind, value in zone.dig():
        key = RecordKey(normal_name(name, None), kind)
        found.setdefault(key, (ttl, set()))[1].add(normal_value(kind, value, None))
    found.pop(RecordKey(f"_planfence.{zone.name}", "TXT"), None)
    return {key: Records(ttl, tuple(sorted(values))) for key, (ttl, values) in found.items()}


@pytest.mark.parametrize("mode", ["exact", "converge"])
# Each example has a zone of its own, and with every zone the next costs more: no shrinking.
@settings(
    max_examples=15,  # 60 zones
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(first=zones, second=zones)
def test_planfence_and_dig_agree(
    bind_server: Bind, mode: Mode, first: State, second: State
) -> None:
    zone = bind_server.zone(statement=LAX)
    stream = Served(zone, mode=mode)
    for state in (first, second):
        wanted = moved(state, zone.name)
        stream.desired.records = wanted
        published = stream.plan("never-empty", "apex").published
        if published is not None:  # two states may be one
            stream.approve(published)
            outcome = stream.enact(published)
            assert outcome.outcome == "applied", outcome.error
        found = by_dig(zone)
        apex = RecordKey(zone.name, "NS")
        if apex not in wanted:
            wanted[apex] = found[apex]  # left alone
        assert found == wanted == stream.served.observe().state
        assert stream.plan().outcome == "unchanged"
