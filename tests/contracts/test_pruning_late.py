"""Pruning on every pair of stores: those who come late, lose an answer, or read meanwhile.

F7, F8 and F13 of ``facts/failure-modes.md``. F7 is shown with a version that lacks the protection,
too, which shows the symptom.
"""

from __future__ import annotations

import pytest

import plans.journal
import plans.marks
import plans.mirror
from planner.publishing import NumberTaken, publish
from plans.errors import KeyTaken, Refused
from plans.names import plan_key
from plans.published import Published, is_tombstone, read_desired, read_plan
from tests.builders import LINEAGE, STREAM, ZONE, Stream
from tests.contracts.conftest import Stores
from tests.doubles.faults import FaultyArchive, after, lost_after
from tests.pruned import (
    AT_ONCE,
    blob_of,
    deeds,
    desired,
    everything,
    grow_old,
    history,
    is_buried,
    late_blob,
    on_stores,
    plan_is_buried,
    pruned,
    same_bytes,
    state_of,
)


@pytest.fixture
def stream(stores: Stores) -> Stream:
    return on_stores(*stores, **AT_ONCE)


# F7: a key is never free again


def test_f7_a_slow_planner_finds_the_key_of_a_pruned_plan_taken(stream: Stream) -> None:
    # P reads head 0 and pauses with its plan for number 1; others publish 1 to 3; J buries 1.
    slow = stream.publish(desired(9))
    ours = slow.plan.model_copy(update={"created_by": "slow"})
    for number in (1, 2, 3):
        published = stream.publish(desired(number))
        assert stream.enact(published).outcome == "applied"
    grow_old(stream)
    pruned(stream)
    assert plan_is_buried(stream, 1)
    left = everything(stream)
    with pytest.raises(NumberTaken):
        publish(stream.archive, ours, ())
    with pytest.raises(KeyTaken):
        stream.archive.inner.create(plan_key(STREAM, 1), same_bytes(slow))
    assert everything(stream) == left


def test_f7_a_slow_planner_publishes_nothing_beside_a_tombstone_and_what_it_left_goes(
    stream: Stream,
) -> None:
    made = history(stream, 3)
    pruned(stream)
    with pytest.raises(NumberTaken):
        publish(stream.archive, made[0].plan.model_copy(update={"created_by": "slow"}), (b"late",))
    blobs = list(stream.archive.inner.list(f"streams/{STREAM}/blobs/{1:012d}/"))
    late = [key for key in blobs if not is_buried(stream, key)]
    assert len(late) == 1
    told = pruned(stream)
    assert [each.attachments for each in told] == [1, 0, 0]
    assert is_buried(stream, late[0])
    assert [each.attachments for each in pruned(stream)] == [0, 0, 0]


class Freeing(FaultyArchive):
    """An archive in which a pruned key is free again, as it is where plans are deleted."""

    def create(self, key: str, body: bytes) -> None:
        stored = self.inner.read(key)
        if stored is not None and is_tombstone(stored.body):
            self.inner.bury(key, body, stored.etag)
        else:
            super().create(key, body)


def test_f7_where_a_key_is_free_again_one_generation_names_two_digests(stream: Stream) -> None:
    made = history(stream, 2)
    pruned(stream)
    freeing = Freeing(stream.archive.inner, stream.faults)
    again = publish(freeing, made[0].plan.model_copy(update={"created_by": "slow"}), ())
    found = read_plan(stream.archive, STREAM, LINEAGE, 1)
    assert found.digest == again.digest != made[0].digest


def test_f7_a_pruned_plan_is_refused_as_such_and_not_taken_for_missing(stream: Stream) -> None:
    history(stream, 2)
    pruned(stream)
    with pytest.raises(Refused) as raised:
        read_plan(stream.archive, STREAM, LINEAGE, 1)
    assert raised.value.rule == "plan-pruned"


# F8: lost answers


@pytest.mark.parametrize("what", [plan_key(STREAM, 1), "blobs/000000000001"])
def test_f8_a_burial_whose_answer_is_lost_is_found_done(stream: Stream, what: str) -> None:
    made = history(stream, 2)
    stream.faults.next("bury", what, lost_after)
    assert deeds(pruned(stream))[-1] == (1, "bury", "unreachable")
    assert plan_is_buried(stream, 1)
    assert is_buried(stream, blob_of(made[0]))
    assert state_of(stream, 1) == "pruned"


def test_f8_a_mark_whose_answer_is_lost_is_written_once(stream: Stream) -> None:
    history(stream, 2)
    stream.faults.next("write", "prune#", lost_after)
    assert deeds(pruned(stream))[0] == (1, "mark", "unreachable")
    kinds = [entry.kind for entry in plans.journal.read_entries(stream.register, STREAM)]
    assert (kinds.count("marked"), kinds.count("pruned")) == (1, 1)


# F13: a plan is read while it is buried


@pytest.mark.parametrize("when", ["before its plan", "before its desired state"])
def test_f13_an_enactor_that_reads_a_plan_while_it_is_buried_has_it_whole_or_is_refused(
    stream: Stream, when: str
) -> None:
    stream.set(mode="converge")
    made = history(stream, 2)
    what = plan_key(STREAM, 1) if when == "before its plan" else "blobs/000000000001"
    stream.faults.next("get", what, after(lambda: pruned_by_another(stream)))
    with pytest.raises(Refused) as raised:
        whole(stream, made[0])
    assert (
        raised.value.rule
        == {
            "before its plan": "plan-pruned",
            "before its desired state": "object-size",
        }[when]
    )


def test_f13_an_enactor_that_has_read_the_plan_before_has_it_whole(stream: Stream) -> None:
    made = history(stream, 2)
    stream.faults.next("bury", "blobs", after(lambda: whole_after_its_plan(stream, made[0])))
    pruned(stream)
    assert plan_is_buried(stream, 1)


def test_f13_a_plan_that_is_readable_never_lacks_its_attachment(stream: Stream) -> None:
    """At each point of a pass: the plan is whole, or refused."""
    made = history(stream, 2)
    seen: list[str] = []

    def look() -> None:
        try:
            whole(stream, made[0], around_the_faults=True)
            seen.append("whole")
        except Refused as refusal:
            seen.append(refusal.rule)

    for what in (plan_key(STREAM, 1), "blobs/000000000001"):
        stream.faults.next("bury", what, after(look))
    pruned(stream)
    look()
    assert seen == ["whole", "plan-pruned", "plan-pruned"]


def test_f13_a_pass_that_resumes_a_pruned_plan_changes_nothing(stream: Stream) -> None:
    made = history(stream, 3)
    pruned(stream)
    assert stream.refusal(made[0]).exit_code in (3, 4)


def whole(stream: Stream, published: Published, *, around_the_faults: bool = False) -> None:
    archive = stream.archive.inner if around_the_faults else stream.archive
    found = read_plan(archive, STREAM, LINEAGE, published.plan.generation, published.digest)
    read_desired(archive, found.plan, ZONE)


def whole_after_its_plan(stream: Stream, published: Published) -> None:
    read_desired(stream.archive.inner, published.plan, ZONE)


def pruned_by_another(stream: Stream) -> None:
    pruned(stream, by="another")


# Two janitors


@pytest.mark.parametrize("at", ["write prune#", "bury plans", "bury blobs"])
def test_two_janitors_at_once_do_the_same_work_once(stream: Stream, at: str) -> None:
    made = history(stream, 3)
    operation, subject = at.split()
    stream.faults.next(operation, subject, after(lambda: pruned_by_another(stream)))
    pruned(stream)
    for published in made[:2]:
        assert plan_is_buried(stream, published.plan.generation)
        assert is_buried(stream, blob_of(published))
        assert state_of(stream, published.plan.generation) == "pruned"
    entries = list(plans.journal.read_entries(stream.register, STREAM))
    told = [dict(e.details)["generations"] for e in entries if e.kind == "pruned"]
    assert told == ["1-2"]
    plans.journal.verify(stream.register, STREAM)


def test_f7_what_a_slow_planner_adds_while_its_number_is_buried_goes_with_the_next_pass(
    stream: Stream,
) -> None:
    history(stream, 2)
    stream.faults.next("bury", plan_key(STREAM, 1), after(lambda: late_blob(stream, 1)))
    pruned(stream)
    assert [told.attachments for told in pruned(stream)] == [1, 0]
    blobs = stream.archive.inner.list(f"streams/{STREAM}/blobs/{1:012d}/")
    assert all(is_buried(stream, key) for key in blobs)
