"""Every refusal in the code says what, why, by which rule and what to do; and a test provokes it.

That each is provoked is not seen here: ``tests/provoked.py`` records what a run of the whole suite
makes, and fails the run.
"""

from __future__ import annotations

import ast
import re
from types import SimpleNamespace
from typing import Any, cast

import click
import pytest

from docs.catalogue import (
    ROOT,
    VARIES,
    Module,
    Place,
    Unfollowed,
    catalogue,
    other_uses,
    place_of,
    usage_places,
)
from docs.generate import stale_pages
from docs.refusals_page import NO_REMEDY
from planfence.cli import group
from plans.errors import PlanfenceError, Refused
from plans.settings import read_settings
from tests.builders import Stream
from tests.provoked import EveryRefusalProvoked

# What a remedy asks for. A new one is welcome here, if a person can do it.
ACTIONS = set(
    """
    add check compare correct describe do find free give install join keep look make mend mount
    move name publish put read restore review run say see set take try use write
    """.split()
)
# The same fact, met by one write (4: read again) and by the pass that read again (3).
RULES_OF_TWO_CODES = {"drift", "fence-moved"}

every_place = pytest.mark.parametrize("place", catalogue(), ids=str)


def test_the_catalogue_sees_the_whole_code_base() -> None:
    assert len(catalogue()) > 100
    assert {place.file.partition("/")[0] for place in catalogue()} == {
        *("planfence", "planner", "enactor", "plans")
    }


# What each says


@every_place
def test_a_rule_is_a_stable_name_in_kebab_case(place: Place) -> None:
    assert place.rules
    for rule in place.rules:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule), rule


@every_place
def test_what_is_wrong_is_one_line_without_a_full_stop(place: Place) -> None:
    assert place.whats
    for what in place.whats:
        assert what.strip() == what != ""
        assert "\n" not in what
        assert not what.removesuffix(VARIES).endswith(".")


@every_place
def test_a_remedy_is_an_action_or_a_command_in_one_line(place: Place) -> None:
    if place.made.__name__ in NO_REMEDY:
        return
    for remedy in place.remedies:
        assert remedy, "say what to do, or in NO_REMEDY why nobody can"
        assert "\n" not in remedy
        assert not remedy.removesuffix(VARIES).endswith(".")
        first_words = re.findall(r"(?:^|[;:,] (?:then |or |and )?)(`?[a-z]+)", remedy)
        assert any(word in ACTIONS or word == "`planfence" for word in first_words), remedy


@every_place
def test_a_command_in_a_remedy_can_be_run(place: Place) -> None:
    for text in (*place.whats, *place.remedies):
        for words in re.findall(r"`planfence ([^`]*)`", text or ""):
            command: click.Command = group
            rest = words.split()
            while isinstance(command, click.Group) and not rest[0].startswith("--"):
                found = command.get_command(click.Context(command), rest.pop(0))
                assert found is not None, words
                command = found
            options = {option for each in command.params for option in each.opts} | {"--help"}
            assert {word for word in rest if word.startswith("--")} <= options, words


def test_a_rule_means_one_exit_code() -> None:
    codes: dict[str, set[int]] = {}
    for place in catalogue():
        for rule in place.rules:
            codes.setdefault(rule, set()).add(place.made.exit_code)
    assert {rule for rule, found in codes.items() if len(found) > 1} == RULES_OF_TWO_CODES


def test_a_class_without_a_remedy_is_a_class_that_exists() -> None:
    assert set(NO_REMEDY) <= {place.made.__name__ for place in catalogue()}


def test_the_page_is_the_codes() -> None:
    assert "refusals.md" not in stale_pages(), "run `make docs`"


# How the catalogue reads


def read(source: str) -> list[Place]:
    """The places in a source that stands where plans/settings.py does."""
    module = Module(ROOT / "plans" / "settings.py", ast.parse(source))
    function = module.tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return [place_of(module, call, function) for call in calls if _is_refused(call)]


def _is_refused(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "Refused"


def test_a_rule_is_followed_through_names_loops_and_choices() -> None:
    [place] = read(
        """
def f(stream, old):
    again = f"run `planfence plan {stream}`"
    for rule, what in (("one", "this"), ("two", "that")):
        raise Refused(f"{what} of {stream.name()}", rule=rule, remedy=again if old else "do it")
"""
    )
    assert place.rules == ("one", "two")
    assert place.whats == ("WHAT of ...",) or set(place.whats) == {"this of ...", "that of ..."}
    assert place.remedies == ("run `planfence plan STREAM`", "do it")


@pytest.mark.parametrize("rule", ["rule_of(stream)", "f'{stream}-gone'", "stream", "rules[0]"])
def test_a_rule_that_cannot_be_followed_is_no_rule(rule: str) -> None:
    with pytest.raises(Unfollowed):
        read(f"def f(stream, rules):\n    raise Refused('x', rule={rule}, remedy='do it')\n")


def test_an_error_is_only_made_by_the_name_of_its_class() -> None:
    assert other_uses() == []


# How a run is held to it


def test_an_error_is_counted_at_the_place_that_made_it_and_with_its_rule() -> None:
    stream = Stream()
    plugin = EveryRefusalProvoked()
    plugin.install()
    try:
        with pytest.raises(Refused, match="stream-missing"):
            read_settings(stream.register, "dns/nowhere")
        Refused("made by a test", rule="retire-first")
    finally:
        plugin.uninstall()
    places = tuple(place for place in catalogue() if place.file == "plans/settings.py")
    missing = {
        (place.rules, any(str(place) in each for each in plugin.unprovoked(places)))
        for place in places
    }
    assert missing == {
        (("stream-missing",), False),
        (("settings-changed",), True),
        (("retire-first",), True),
    }


def test_a_command_line_that_is_refused_is_counted_at_the_line_of_ours() -> None:
    plugin = EveryRefusalProvoked()
    plugin.install()
    try:
        assert len(plugin.unprovoked_usages()) == len(usage_places()) > 20
        for arguments in (["enact", "dns/a", "--newest", "--reason", "x"], ["show", "dns/a", "0"]):
            with pytest.raises(click.UsageError):
                group.main(arguments, standalone_mode=False)
    finally:
        plugin.uninstall()
    assert len(plugin.unprovoked_usages()) == len(usage_places()) - 2


def test_an_error_that_the_catalogue_does_not_see_fails_the_run() -> None:
    plugin = EveryRefusalProvoked()
    line = 1  # no refusal stands there
    plugin.made = {(str(ROOT / "plans" / "settings.py"), line, "new"), (__file__, line, "new")}
    [unseen] = plugin.unseen(catalogue())
    assert unseen == "plans/settings.py:1 [new] is not in the catalogue"


@pytest.mark.parametrize(
    ("whole", "before", "after"),
    [
        (True, pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED),
        (False, pytest.ExitCode.OK, pytest.ExitCode.OK),
        (True, pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERRUPTED),
    ],
)
def test_only_a_whole_run_that_passed_is_held_to_every_refusal(
    whole: bool, before: pytest.ExitCode, after: pytest.ExitCode
) -> None:
    plugin = EveryRefusalProvoked()
    plugin.whole = whole
    session = SimpleNamespace(exitstatus=before, config=SimpleNamespace())
    plugin.pytest_sessionfinish(cast("pytest.Session", session))
    assert session.exitstatus == after
    assert bool(plugin.missing) == (after == pytest.ExitCode.TESTS_FAILED)


def test_a_run_of_some_files_or_without_some_tests_is_not_whole(
    request: pytest.FixtureRequest,
) -> None:
    plugin = EveryRefusalProvoked()
    every = [SimpleNamespace(path=path) for path in (ROOT / "tests").rglob("test_*.py")]
    plugin.pytest_collection_modifyitems(cast(Any, every))
    assert plugin.whole
    plugin.pytest_deselected()
    left_out = plugin.whole
    plugin.pytest_collection_modifyitems(cast(Any, every[1:]))
    assert (left_out, plugin.whole) == (False, False)
    assert request.config.pluginmanager.has_plugin("every-refusal-provoked")


def test_a_run_in_workers_is_held_to_what_all_of_them_have_provoked() -> None:
    plugin = EveryRefusalProvoked()
    for number, whole in enumerate((True, True)):
        worker = EveryRefusalProvoked()
        worker.whole, worker.made = whole, {("enactor/a.py", number, "rule")}
        worker.usages = {("planfence/b.py", number)}
        node = SimpleNamespace(workeroutput={})
        session = SimpleNamespace(exitstatus=pytest.ExitCode.OK, config=node)
        worker.pytest_sessionfinish(cast("pytest.Session", session))
        assert (session.exitstatus, worker.missing) == (pytest.ExitCode.OK, [])
        plugin.pytest_testnodedown(node)
    assert plugin.made == {("enactor/a.py", 0, "rule"), ("enactor/a.py", 1, "rule")}
    assert plugin.usages == {("planfence/b.py", 0), ("planfence/b.py", 1)}
    assert plugin.whole


def test_recording_leaves_an_error_what_it_was() -> None:
    error = PlanfenceError("no", rule="r", expected="a", actual="b", remedy="do it")
    assert str(error) == "no [r]: expected a, found b; do it"
