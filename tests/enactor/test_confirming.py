"""A target that may acknowledge a change and drop it is done only once that was looked for."""

from __future__ import annotations

from plans.kinds.dns import RecordKey
from plans.published import Published
from tests.builders import CHANGED, START, T1, Stream, error_of
from tests.doubles.faults import FaultyZone, after
from tests.enactor.test_steps import head


def forgetful(stream: Stream) -> FaultyZone:
    """The stream's target, as one of which that is known."""
    zone = stream.zone()
    zone.drops_silently = True
    return zone


def test_such_a_target_is_marked_done_by_a_write_of_its_own() -> None:
    stream = Stream(step_changes_max=1)
    forgetful(stream)
    published = stream.publish(CHANGED)
    assert stream.enact(published).outcome == "applied"
    assert stream.steps() == [(1, 0, False), (1, 1, False), (1, 2, False), (1, 3, True)]
    assert "observe" not in {call.split()[0] for call in stream.faults.calls[-20:]}


def test_such_a_target_without_changes_needs_no_mark_of_its_own() -> None:
    stream = Stream()
    forgetful(stream)
    assert stream.enact(stream.publish(START)).outcome == "applied"
    assert stream.steps() == [(1, 0, False), (1, 1, True)]


def test_in_converge_such_a_target_is_marked_done_once_nothing_differs() -> None:
    stream = Stream(mode="converge")
    forgetful(stream)
    assert stream.enact(stream.publish(CHANGED)).outcome == "applied"
    assert stream.steps() == [(1, 0, False), (1, 1, False), (1, 2, True)]


def died_before_the_mark(stream: Stream) -> Published:
    """An enactor wrote the plan's only step and died before it called the target done."""
    forgetful(stream)
    published = head(stream)
    stream.die_before_step(published, "g=2 s=2")
    assert stream.steps()[-1] == (2, 1, False)
    return published


def test_what_another_pass_wrote_is_looked_at_before_the_target_is_called_done() -> None:
    stream = Stream()
    published = died_before_the_mark(stream)
    assert stream.enact(published).outcome == "applied"
    assert stream.steps()[-1] == (2, 2, True)


def test_what_another_pass_wrote_and_is_not_there_refuses_and_a_new_plan_mends_it() -> None:
    stream = Stream()
    published = died_before_the_mark(stream)
    dropped = RecordKey("new.example.com.", "A")
    del stream.zone().state[dropped]
    error = error_of(stream.enact(published))
    assert (error.rule, error.expected, error.actual) == (
        "drift",
        "300 192.0.2.1",
        "no such record",
    )
    assert error.what.startswith("new.example.com. A of memory:t1 is not as plan 2 wrote it")
    assert stream.steps()[-1] == (2, 1, False), "it is not called done"
    assert stream.plan().outcome == "published", "it does not stay pending (G4)"
    assert stream.enact().outcome == "applied"
    assert stream.zone().state == CHANGED


def test_a_step_that_lands_while_the_target_is_looked_at_is_read_first() -> None:
    stream = Stream()
    published = died_before_the_mark(stream)
    stream.faults.next("observe", T1, after(lambda: stream.enact(published)))
    assert stream.enact(published).outcome == "applied"
    assert stream.steps()[-1] == (2, 2, True)
