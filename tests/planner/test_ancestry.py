"""A plan inherits the newest commit of its chain, and going back is refused by name (F12, S9)."""

from __future__ import annotations

import pytest

from plans.guards import Breached
from plans.names import blobs_prefix, plan_key
from plans.plan import Ancestry, Input, Plan
from tests.builders import (
    CHANGED,
    START,
    STREAM,
    Stream,
    a,
    overwrite_object,
)

OLD, MIDDLE, NEW = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def stream() -> Stream:
    """A stream whose commits are in order OLD, MIDDLE, NEW."""
    stream = Stream()
    commits = [OLD, MIDDLE, NEW]
    for place, commit in enumerate(commits):
        for later in commits[place + 1 :]:
            stream.desired.related[commit, later] = "newer"
            stream.desired.related[later, commit] = "older"
    return stream


def planned(
    stream: Stream, commit: str | None, address: int, *waived: str, dirty: bool = False
) -> Plan:
    stream.desired.commit, stream.desired.dirty = commit, dirty
    return stream.publish({**START, **a("www", f"192.0.2.{address}")}, *waived).plan


def entry(plan: Plan) -> Input:
    [found] = plan.inputs
    return found


def test_a_plan_carries_the_commit_of_its_desired_state(stream: Stream) -> None:
    plan = planned(stream, OLD, 1)
    assert (entry(plan).commit, entry(plan).ancestry, plan.source) == (OLD, "first", OLD)
    assert entry(plan).name == "zone.yaml"
    assert entry(plan).read_at == stream.clock.now()
    assert not plan.needs_approval


@pytest.mark.parametrize(("commit", "ancestry"), [(MIDDLE, "same"), (NEW, "newer")])
def test_the_same_or_a_newer_commit_passes(stream: Stream, commit: str, ancestry: Ancestry) -> None:
    planned(stream, MIDDLE, 1)
    plan = planned(stream, commit, 2)
    assert (entry(plan).ancestry, plan.source) == (ancestry, commit)
    [guard] = [result for result in plan.guards if result.rule == "source-went-back"]
    assert (guard.outcome, guard.limit, guard.actual) == (
        "passed",
        "no commit older than the parent plan's source",
        f"{commit[:12]} is {ancestry}",
    )


def test_an_older_commit_is_refused_with_rule_limit_and_actual(stream: Stream) -> None:
    planned(stream, NEW, 1)
    with pytest.raises(Breached) as caught:
        planned(stream, OLD, 2)
    assert (caught.value.rule, caught.value.expected, caught.value.actual) == (
        "source-went-back",
        "no commit older than the parent plan's source",
        f"{OLD[:12]} is older",
    )
    assert stream.archive.read(plan_key(STREAM, 2)) is None


def test_a_waived_return_needs_an_approval_and_does_not_lower_the_source(stream: Stream) -> None:
    planned(stream, NEW, 1)
    plan = planned(stream, OLD, 2, "source-went-back")
    assert (entry(plan).ancestry, plan.source, plan.needs_approval) == ("older", NEW, True)
    with pytest.raises(Breached, match="source-went-back"):
        planned(stream, MIDDLE, 3)


@pytest.mark.parametrize("ancestry", ["unknown", "unrelated"])
def test_an_uncertain_commit_passes_becomes_the_source_and_needs_an_approval(
    stream: Stream, ancestry: Ancestry
) -> None:
    planned(stream, OLD, 1)
    stream.desired.related[OLD, NEW] = ancestry
    plan = planned(stream, NEW, 2)
    assert (entry(plan).ancestry, plan.source, plan.needs_approval) == (ancestry, NEW, True)


def test_a_dirty_work_tree_is_recorded(stream: Stream) -> None:
    assert entry(planned(stream, OLD, 1, dirty=True)).dirty
    assert not entry(planned(stream, OLD, 2)).dirty


def test_the_source_is_inherited_through_plans_made_outside_git(stream: Stream) -> None:
    planned(stream, NEW, 1)
    outside = planned(stream, None, 2)
    assert (entry(outside).commit, entry(outside).ancestry, outside.source) == (None, None, NEW)
    assert not [result for result in outside.guards if result.rule == "source-went-back"]
    again = planned(stream, None, 3)
    assert again.source == NEW
    with pytest.raises(Breached, match="source-went-back"):
        planned(stream, OLD, 4)


def test_the_first_commit_of_a_chain_made_outside_git_is_first(stream: Stream) -> None:
    assert planned(stream, None, 1).source is None
    plan = planned(stream, OLD, 2)
    assert (entry(plan).ancestry, plan.source) == ("first", OLD)


def test_behind_an_unreadable_parent_every_commit_is_unknown(stream: Stream) -> None:
    planned(stream, NEW, 1)
    overwrite_object(stream.archive, plan_key(STREAM, 1), b"torn")
    plan = planned(stream, OLD, 2, "parent-unreadable")
    assert (entry(plan).ancestry, plan.source, plan.needs_approval) == ("unknown", OLD, True)


# Outside git: returns to earlier content


def test_outside_git_a_return_to_earlier_content_is_marked(stream: Stream) -> None:
    assert entry(planned(stream, None, 1)).returns_to is None
    assert entry(planned(stream, None, 2)).returns_to is None
    assert entry(planned(stream, None, 1)).returns_to == 1
    assert entry(planned(stream, None, 3)).returns_to is None
    assert entry(planned(stream, None, 1)).returns_to == 3
    assert entry(planned(stream, None, 2)).returns_to == 2


def test_the_parents_own_content_is_no_return(stream: Stream) -> None:
    planned(stream, None, 1)
    planned(stream, None, 2)
    planned(stream, None, 1)
    stream.set(mode="converge")
    assert entry(planned(stream, None, 1)).returns_to is None


def test_in_git_returns_are_told_by_commits(stream: Stream) -> None:
    planned(stream, OLD, 1)
    planned(stream, MIDDLE, 2)
    assert entry(planned(stream, NEW, 1)).returns_to is None


def test_strange_keys_and_later_generations_are_no_returns(stream: Stream) -> None:
    planned(stream, None, 1)
    stream.publish(CHANGED)
    desired = stream.publish({**START, **a("www", "192.0.2.1")}).plan.attachments[0].digest
    stream.publish(CHANGED)
    for folder in ("readme", f"{9:012d}"):
        overwrite_object(stream.archive, f"{blobs_prefix(STREAM)}{folder}/{desired}", b"x")
    assert entry(planned(stream, None, 1)).returns_to == 3
