"""Nothing breaks in any world of the protocol, and from every state somebody can recover it."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import FunctionType

import pytest

from tests.model import planning, protocol
from tests.model.explore import explore
from tests.model.recovery import wedge_check
from tests.model.schedules import PROOFS
from tests.model.state import Left, State, World

ROOT = Path(__file__).parents[2]
GATHERED = {"moves", "of_enactor", "of_planner", "of_janitor", "of_misfortune"}
PAGE = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PROOFS)
def test_nothing_breaks_and_somebody_can_recover_every_state(name: str) -> None:
    proof = PROOFS[name]
    found = explore(proof.world, each=wedge_check(proof.world, proof.helpers))
    assert found.violations == {}
    assert found.states > 1_000, "a world where little happens proves little"


def shared_states(world: World) -> set[State]:
    """Everything that enactors share, in all the states that are reached."""
    found: set[State] = set()

    def remember(state: State) -> None:
        found.add(state._replace(enactors=()))

    assert explore(world, each=remember).violations == {}
    return found


@pytest.mark.parametrize(
    "world", [World(left=Left(commits=2)), World("converge", left=Left(commits=1))]
)
def test_a_lease_that_is_always_granted_makes_nothing_possible_or_impossible(world: World) -> None:
    assert shared_states(world._replace(lease=True)) == shared_states(world)


def test_a_fence_record_that_others_delete_twice_may_fall_but_takes_no_older_step() -> None:
    world = World(left=Left(commits=2, fences=2, crashes=0), generations=3)
    found = explore(world, until="G1 a fence record never falls")
    assert set(found.violations) == {"G1 a fence record never falls"}
    assert found.violations["G1 a fence record never falls"].count("fence of t1 is deleted") == 2


# docs/model.md


def moves_in_the_page() -> dict[str, list[str]]:
    """By each move of the model, the functions that it is, as ``file.py:function``."""
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", PAGE, re.MULTILINE)
    return {move: re.findall(r"`([\w/]+\.py:[\w.]+)`", code) for move, code in rows}


def test_every_move_is_mapped_to_code_that_exists() -> None:
    for move, functions in moves_in_the_page().items():
        assert hasattr(protocol, move) or hasattr(planning, move), move
        assert functions, move
        for path, _, name in (function.partition(":") for function in functions):
            module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
            found: object = module
            for part in name.split("."):
                found = getattr(found, part, None)
            assert callable(found), f"{path}:{name}"


def test_every_move_of_the_model_is_in_the_page() -> None:
    moves = {
        name
        for module in (protocol, planning)
        for name, function in vars(module).items()
        if isinstance(function, FunctionType) and not name.startswith("_")
        if function.__annotations__["return"] in ("Move", "Iterator[Move]", "Planner")
    }
    assert moves - GATHERED - {"observe_early"} <= set(moves_in_the_page())
