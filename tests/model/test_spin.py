"""The protocol as SPIN explores it: more enactors than ``protocol.py``, and a run to the end.

CI installs SPIN. Where it is not installed these tests are skipped, which CI does not accept.
``make prove-long`` has the large instance.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.model.spin import MISSING, check, read

pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (apt-get install spin gcc)"
)
SMALL = ("ENACTORS=2", "GENERATIONS=3", "CRASHES=1")


@pytest.mark.parametrize(
    ("defines", "at_least"),
    [
        pytest.param(("ENACTORS=3", "GENERATIONS=3", "CRASHES=1", "PRUNING"), 400_000, id="three"),
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
G3 = "assertion violated ((((g!=desired)&&(g!=applied))&&(g!=fence[0]))&&(g!=fence[1]))"
G4 = "invalid end state"


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
    rule: str, breaks: str, beside: tuple[str, ...], tmp_path: Path
) -> None:
    assert check(tmp_path, *SMALL, rule, *beside).error == breaks


def test_every_fair_run_settles_on_the_newest_plan(tmp_path: Path) -> None:
    defines = ("ENACTORS=2", "GENERATIONS=2", "CRASHES=1")
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    assert check(tmp_path / "with", *defines, liveness=True).error is None
    without = check(tmp_path / "without", *defines, "NO_RESUME", liveness=True)
    assert without.error == "acceptance cycle"


def test_a_search_that_was_cut_short_is_not_complete() -> None:
    told = "error: max search depth too small\nerrors: 0\n 12 states, stored\n"
    assert not read(told).is_complete
