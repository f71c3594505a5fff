"""A claim that loses a race writes nothing, and is decided again on what there is now."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from enactor.enacting import CLAIMS_MAX
from plans.document import to_attributes
from plans.errors import Conflict
from plans.journal import Draft, record
from plans.names import settings_key
from plans.published import Published
from tests.builders import CHANGED, STREAM, Stream, overwrite_item
from tests.doubles.faults import after


def head(stream: Stream) -> Published:
    """Plan 2, which changes things, on an applied plan 1."""
    stream.applied()
    return stream.publish(CHANGED)


def applied_generation(stream: Stream) -> int:
    assert stream.pointer
    return stream.pointer.applied_generation


def test_a_claim_that_loses_every_race_ends() -> None:
    stream = Stream()
    published = head(stream)

    def version_raised() -> None:
        settings = to_attributes(stream.settings)
        settings["version"] += 1
        overwrite_item(stream.register, settings_key(STREAM), **settings)

    stream.faults.next("write", "pointer", after(version_raised), times=CLAIMS_MAX)
    with pytest.raises(Conflict) as caught:
        stream.enact(published)
    assert caught.value.rule == "claim-contended"
    assert applied_generation(stream) == 1


def journaled(stream: Stream, generation: int, digest: str) -> Callable[[], None]:
    """Somebody's word about a generation, which the journal has and nothing else."""

    def act() -> None:
        draft = Draft("pinned", stream.clock.now(), "eve", stream.new_id(), generation, digest)
        record(stream.register, STREAM, draft)

    return act


def test_a_claim_whose_place_in_the_journal_is_taken_meanwhile_is_decided_again() -> None:
    stream = Stream()
    published = head(stream)
    same = journaled(stream, published.plan.generation, published.digest)
    stream.faults.next("write", "pointer", after(same))
    assert stream.enact(published).outcome == "applied"


def test_a_claim_is_refused_for_other_bytes_that_were_journaled_just_before_it() -> None:
    stream = Stream()
    published = head(stream)
    other = journaled(stream, published.plan.generation, "d" * 64)
    stream.faults.next("write", "pointer", after(other))
    assert stream.refusal(published).rule == "generation-digest"
    assert applied_generation(stream) == 1
