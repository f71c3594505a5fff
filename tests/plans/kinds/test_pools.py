"""What a target holds of capacity pools, with weights and without."""

from __future__ import annotations

import pytest

from plans.errors import Refused
from plans.kinds.dns import RecordKey, Records
from plans.kinds.health import MemberHealth, PoolHealth, Why
from plans.kinds.pools import member_records, pool_of, settled
from plans.observed.dns import desired_on
from tests.builders import START, a

API = RecordKey("api.example.com.", "A")
WEIGHTED = {
    API._replace(identifier="eu"): member_records("api", 60, "192.0.2.2", 3),
    API._replace(identifier="us"): member_records("api", 60, "192.0.2.1", 1),
}
STATE = {**START, **WEIGHTED}
ROUTED = {RecordKey("w.example.com.", "A", "one"): Records(60, ("192.0.2.9",), ("weight=3",))}


def cnames(*names: str) -> dict[RecordKey, Records]:
    return {
        RecordKey("c.example.com.", "CNAME", name): member_records("c", 60, f"{name}.example.", 1)
        for name in names
    }


def test_a_member_stands_in_the_desired_state_with_its_pool_and_weight() -> None:
    assert member_records("api", 60, "192.0.2.2", 3) == Records(
        60, ("192.0.2.2",), ("pool=api", "weight=3")
    )
    assert pool_of(Records(60, (), ("alias=self:x.:true", "pool="))) == ""
    assert pool_of(Records(60, ("192.0.2.1",), ("weight=3",))) is None


@pytest.mark.parametrize("weighted", [True, False])
def test_a_state_without_pools_is_given_back_itself(weighted: bool) -> None:
    for state in (START, {**START, **ROUTED}):
        assert settled(state, "t", weighted=weighted) is state


def test_with_weights_a_pool_is_weighted_sets_and_nothing_else_changes() -> None:
    assert settled({**STATE, **ROUTED}, "t", weighted=True) == {
        **START,
        **ROUTED,
        API._replace(identifier="eu"): Records(60, ("192.0.2.2",), ("weight=3",)),
        API._replace(identifier="us"): Records(60, ("192.0.2.1",), ("weight=1",)),
    }


def test_without_weights_a_pool_is_one_set_of_all_that_are_in() -> None:
    assert settled(STATE, "t", weighted=False) == {
        **START,
        **a("api", "192.0.2.1", "192.0.2.2", ttl=60),
    }
    assert STATE.keys() >= WEIGHTED.keys(), "the state itself is left as it is"


def test_two_cnames_need_weights_and_one_does_not() -> None:
    assert settled(cnames("x"), "t", weighted=False) == {
        RecordKey("c.example.com.", "CNAME"): Records(60, ("x.example.",))
    }
    assert len(settled(cnames("x", "y"), "t", weighted=True)) == 2
    with pytest.raises(Refused) as caught:
        settled(cnames("x", "y"), "zonefile:a", weighted=False)
    assert caught.value.rule == "pool-unrepresentable"
    assert "zonefile:a" in caught.value.what
    assert caught.value.actual == "2 members in"


@pytest.mark.parametrize(
    ("target", "sets"),
    [("route53://Z1", 2), ("zonefile:a.zone", 1), ("rfc2136://127.0.0.1:53/example.com", 1)],
)
def test_the_scheme_of_a_target_says_whether_it_has_weights(target: str, sets: int) -> None:
    assert len(desired_on(WEIGHTED, target)) == sets


def test_members_kept_in_although_bad_are_those_of_the_two_reasons() -> None:
    whys: tuple[Why, ...] = ("healthy", "not-asked", "unhealthy", "min-members", "all-unhealthy")
    members = tuple(
        MemberHealth(
            id=why, capacity=1, observations=(), counted="bad", state="in", weight=1, why=why
        )
        for why in whys
    )
    pool = PoolHealth(pool="p", name="p.", type="A", min_members=1, seen_bad=1, members=members)
    assert [member.id for member in pool.kept_in()] == ["min-members", "all-unhealthy"]
