"""A pass that died, and an answer that was lost, on every register (F5, F8, and the lease)."""

from __future__ import annotations

import pytest

from plans.errors import Unavailable
from plans.lease import read_lease
from plans.names import blob_key, plan_key
from tests.builders import CHANGED, START, STREAM, T1, T2, Died
from tests.contracts.test_deciding import OnRegister
from tests.contracts.test_deciding import stream as stream  # noqa: PLC0414 - a fixture
from tests.doubles.faults import lost_after, lost_before, raising


def test_f5_a_claim_whose_process_died_is_resumed_by_the_next_pass(stream: OnRegister) -> None:
    """desired = 2, nothing of it written, nobody alive: "take what is above the pointer" idles."""
    planned = stream.planned()
    stream.approve(planned)
    stream.faults.next("apply", "g=2", raising(Died()))
    with pytest.raises(Died):
        stream.enact(planned)
    pointer = stream.pointer
    assert pointer is not None
    assert (pointer.desired_generation, pointer.applied_generation) == (2, 1)
    assert stream.live() == [START, START]
    outcome = stream.enact()
    assert (outcome.outcome, outcome.generation, outcome.resumed) == ("applied", 2, True)
    assert stream.live() == [CHANGED, CHANGED]
    assert stream.kinds()[-3:] == ["claimed", "resumed", "applied"]


@pytest.mark.parametrize("fault", [lost_after, lost_before], ids=["done", "not done"])
@pytest.mark.parametrize("which", [0, 1], ids=["claim", "completion"])
def test_f8_a_lost_answer_to_the_register_is_found_out_and_done_once(
    stream: OnRegister, which: int, fault: object
) -> None:
    planned = stream.planned()
    stream.approve(planned)
    for _ in range(which):
        stream.faults.next("write", "pointer", lambda send: send())
    stream.faults.next("write", "pointer", fault)  # type: ignore[arg-type]
    assert stream.enact(planned).outcome == "applied"
    assert stream.live() == [CHANGED, CHANGED]
    assert stream.kinds().count("claimed") == stream.kinds().count("applied") == 2
    assert [step for step in stream.steps(T2) if step[0] == 2] == [(2, 1, True)]
    # and nobody "cleaned up" a plan that is live
    assert stream.archive.read(plan_key(STREAM, 2)) is not None
    desired = planned.plan.attachments[0].digest
    assert stream.archive.read(blob_key(STREAM, 2, desired)) is not None


@pytest.mark.parametrize("fault", [lost_after, lost_before], ids=["done", "not done"])
def test_f8_a_lost_answer_for_the_lease_leaves_one_holder_and_one_epoch(
    stream: OnRegister, fault: object
) -> None:
    planned = stream.planned()
    stream.approve(planned)
    stream.set(lease_seconds=60)
    stream.faults.next("write", "lease", fault)  # type: ignore[arg-type]
    assert stream.enact(planned).outcome == "applied"
    lease = read_lease(stream.register, STREAM)
    assert lease is not None
    assert (lease.epoch, lease.state) == (1, "released")


def test_a_lease_passes_from_hand_to_hand_and_its_epoch_only_rises(stream: OnRegister) -> None:
    planned = stream.planned()
    stream.approve(planned)
    stream.set(lease_seconds=60)
    stream.faults.next("apply", "g=2", raising(Died()))
    with pytest.raises(Died):
        stream.enact(planned)
    with pytest.raises(Unavailable, match="lease-held"):
        stream.enact(planned)
    assert stream.enact(planned, wait_seconds=90.0).outcome == "applied"
    lease = read_lease(stream.register, STREAM)
    assert lease is not None
    assert lease.epoch == 2
    assert "lease-taken" in stream.kinds()
    assert stream.steps(T1)[-1] == (2, 1, True)
