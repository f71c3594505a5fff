"""Keys name one thing each, and errors read as one line with what to do next."""

from __future__ import annotations

import pytest

from plans.errors import Invalid, Refused, Superseded, Unavailable
from plans.names import blob_key, generation_of_key, plan_key, plans_prefix
from tests.builders import STREAM


def test_a_plans_key_names_its_generation_and_no_other_key_names_one() -> None:
    assert generation_of_key(plan_key(STREAM, 42)) == 42
    assert plan_key(STREAM, 42) == "streams/dns/example.com/plans/000000000042.json"
    for key in (
        plans_prefix(STREAM),
        plan_key(STREAM, 42) + ".bak",
        f"{plans_prefix(STREAM)}42.json",
        f"{plans_prefix(STREAM)}0000000000042.json",
        f"{plans_prefix(STREAM)}00000000004x.json",
        blob_key(STREAM, 42, "a" * 64),
    ):
        assert generation_of_key(key) is None


def test_plan_keys_sort_as_their_generations() -> None:
    keys = [plan_key(STREAM, generation) for generation in (1, 9, 10, 99, 100, 10**11)]
    assert keys == sorted(keys)


def test_an_error_is_one_line_with_its_rule_and_what_to_do() -> None:
    assert str(Refused("no", rule="some-rule")) == "no [some-rule]"
    assert str(Refused("no", rule="r", remedy="ask")) == "no [r]; ask"
    assert str(Refused("no", rule="r", expected="a")) == "no [r]: expected a, found None"
    assert str(Superseded("no", rule="r", expected="a", actual="b", remedy="look")) == (
        "no [r]: expected a, found b; look"
    )


def test_an_invalid_document_carries_every_problem_and_shows_the_first() -> None:
    error = Invalid(["line 1: this", "line 2: that"], rule="desired-state", remedy="mend it")
    assert error.problems == ("line 1: this", "line 2: that")
    assert str(error) == "line 1: this (and 1 more) [desired-state]; mend it"
    assert str(Invalid(["line 1: this"], rule="r")) == "line 1: this [r]"


@pytest.mark.parametrize(
    ("error", "code", "outcome"),
    [(Refused, 3, "refused"), (Superseded, 4, "superseded"), (Unavailable, 5, "unavailable")],
)
def test_an_error_knows_its_exit_code(error: type[Refused], code: int, outcome: str) -> None:
    assert (error.exit_code, error.outcome) == (code, outcome)
