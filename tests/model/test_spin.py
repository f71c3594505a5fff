"""The protocol as SPIN explores it: more enactors than ``protocol.py``, and a run to the end.

CI installs SPIN. Where it is not installed these tests are skipped, which CI does not accept.
``make prove`` has the large instances.
"""

from __future__ import annotations

from collections import Counter
from math import factorial, prod
from pathlib import Path

import pytest

from tests.model.spin import MISSING, check, read, states

pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (apt-get install spin gcc)"
)
SMALL = ("ENACTORS=2", "GENERATIONS=3", "CRASHES=1")


@pytest.mark.parametrize(
    ("defines", "at_least"),
    [
        pytest.param(("ENACTORS=4", "GENERATIONS=3", "CRASHES=1"), 300_000, id="four"),
        pytest.param(("ENACTORS=3", "GENERATIONS=3", "CRASHES=1", "PRUNING"), 100_000, id="three"),
        pytest.param((*SMALL, "LATE=1", "PRUNING"), 50_000, id="late steps"),
        pytest.param((*SMALL, "LOST=1"), 10_000, id="lost files"),
    ],
)
def test_nothing_is_broken_and_nobody_is_stuck(
    defines: tuple[str, ...], at_least: int, tmp_path: Path
) -> None:
    verdict = check(tmp_path, *defines)
    assert verdict.error is None
    assert verdict.is_complete
    assert verdict.states > at_least


G1 = "assertion violated (g>=fence[t])"
G2 = "assertion violated ((g!=desired)||(mine==desired_digest))"
G3 = (
    "assertion violated"
    " ((((picked!=desired)&&(picked!=applied))&&(picked!=fence[0]))&&(picked!=fence[1]))"
)
G4 = "invalid end state"


@pytest.mark.parametrize("names", [(), ("NAMED",)], ids=["sorted", "named"])
@pytest.mark.parametrize(
    ("rule", "breaks", "beside"),
    [
        ("NO_COMPARE", G1, ()),
        ("NO_DIGEST", G2, ("LOST=1",)),
        ("NO_FLOOR", G3, ("PRUNING",)),
        ("NO_RESUME", G4, ()),
        ("NO_POINTER", "assertion violated (g>=desired)", ()),
        ("NO_DESIRED", "assertion violated (desired==g)", ()),
        (
            "NO_FENCE",
            "assertion violated ((((fence[0]==g)&&(fence[1]==g))&&done[0])&&done[1])",
            (),
        ),
    ],
)
def test_without_a_rule_the_named_assertion_fails(
    rule: str, breaks: str, beside: tuple[str, ...], names: tuple[str, ...], tmp_path: Path
) -> None:
    assert check(tmp_path, *SMALL, rule, *beside, *names).error == breaks


@pytest.mark.parametrize(
    ("defines", "at_least"),
    [
        pytest.param((*SMALL, "LATE=1"), 10_000, id="late steps"),
        pytest.param((*SMALL, "LOST=1"), 10_000, id="lost files"),
        pytest.param((*SMALL, "PRUNING"), 5_000, id="pruning"),
        pytest.param(("ENACTORS=3", "GENERATIONS=2", "CRASHES=2"), 1_000, id="three"),
        pytest.param(("ENACTORS=4", "GENERATIONS=2", "CRASHES=1"), 1_000, id="four"),
    ],
)
def test_enactors_that_keep_their_places_reach_the_same_states_but_for_their_order(
    defines: tuple[str, ...], at_least: int, tmp_path: Path
) -> None:
    (tmp_path / "sorted").mkdir()
    (tmp_path / "named").mkdir()
    reached = states(tmp_path / "sorted", *defines)
    named = states(tmp_path / "named", *defines, "NAMED")
    assert {(shared, tuple(sorted(enactors))) for shared, enactors in named} == reached
    assert sum(orders(enactors) for _, enactors in reached) == len(named) > len(reached) > at_least


def orders(enactors: tuple[int, ...]) -> int:
    """In how many orders these may stand."""
    return factorial(len(enactors)) // prod(map(factorial, Counter(enactors).values()))


def test_every_run_settles_on_the_newest_plan(tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    settled = check(tmp_path / "with", "ENACTORS=3", *SMALL[1:], liveness=True)
    assert settled.error is None
    assert settled.is_complete
    without = check(tmp_path / "without", *SMALL, "NO_RESUME", liveness=True)
    assert without.error == "acceptance cycle"


def test_a_search_that_was_cut_short_is_not_complete() -> None:
    told = "error: max search depth too small\nerrors: 0\n 12 states, stored\n"
    assert not read(told).is_complete
