"""Journal, claim and completion over DynamoDB, with every fault at their one transaction.

Whatever happens to a request, each ends in exactly one effect and the right outcome: *mine*,
*superseded*, or *try again*.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from plans.claim import Claimed, claim, complete
from plans.errors import Conflict, Superseded, Unavailable, Unknown
from plans.journal import Draft, EntryKind, read_entries, record, verify
from plans.names import pointer_key
from plans.pointer import read_pointer
from plans.settings import create_stream
from plans.storage.register import All, Attribute, Put
from tests.builders import CHANGED, STREAM, T1, Stream, settings_of
from tests.doubles.botocore_faults import (
    Fault,
    Send,
    connect_timeout,
    dynamodb_error,
    lost_after,
    lost_before,
    no_connection,
    served_but,
    twice,
)
from tests.doubles.faults import FaultyRegister
from tests.emulators.servers import Server
from tests.plans.storage.tables import Stage

WRITE = "TransactWriteItems"


def cancelled(code: str) -> Fault:
    """Cancelled whole for what befell one of its items, whichever."""
    reasons = [{"Code": "None"}, {"Code": code, "Message": "as injected"}]
    return dynamodb_error("TransactionCanceledException", CancellationReasons=reasons)


CONFLICT = cancelled("TransactionConflict")
IN_PROGRESS = dynamodb_error("TransactionInProgressException")
ERROR_500 = dynamodb_error("InternalServerError", status=500)

# What befalls the first sendings, and how many there are then in all.
FAULTS: dict[str, tuple[list[Fault], int]] = {
    "conflict": ([CONFLICT], 2),
    "two conflicts": ([CONFLICT, CONFLICT], 3),
    "throttled": ([dynamodb_error("ThrottlingException")], 2),
    "throttled in part": ([cancelled("ThrottlingError")], 2),
    "beyond the capacity": ([cancelled("ProvisionedThroughputExceeded")], 2),
    "no connection": ([no_connection, connect_timeout], 3),
    "in progress": ([IN_PROGRESS], 2),
    "in progress and served": ([served_but(IN_PROGRESS)], 2),
    "lost before the effect": ([lost_before], 2),
    "lost after the effect": ([lost_after], 1),
    "500 before the effect": ([ERROR_500], 2),
    "500 after the effect": ([served_but(ERROR_500)], 1),
    "delivered twice": ([twice], 1),
    "delivered twice and lost": ([lambda send: (send(), lost_after(send))[1]], 1),
    "lost before, then after": ([lost_before, lost_after], 2),
    "lost, then in progress": ([lost_before, IN_PROGRESS], 3),
    "conflict, then lost after": ([CONFLICT, lost_after], 2),
}


class World:
    """A stream whose register is a table, with a plan that was published and not yet claimed."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.stream = Stream()
        # A token is known to the whole account, so the ids of two tests must differ.
        self.stream.new_id.count = uuid.uuid4().int >> 1
        self.stream.register = FaultyRegister(stage.register, self.stream.faults)
        create_stream(
            stage.register,
            settings_of(targets=(T1,), approvals=0),
            by="admin",
            clock=self.stream.clock,
            attempt=self.stream.new_id(),
        )
        self.published = self.stream.publish(CHANGED)
        stage.faults.clear()
        stage.asked.requests.clear()

    def draft(self, kind: EntryKind, generation: int | None = None) -> Draft:
        return Draft(
            kind,
            self.stream.clock.now(),
            "eve",
            self.stream.new_id(),
            generation or self.published.plan.generation,
            self.published.digest,
        )

    def claim(self) -> Claimed:
        grounds = self.stream.grounds(self.published.plan.generation)
        return claim(self.stage.register, self.published, grounds, self.draft("claimed"))

    def complete(self, made: Claimed) -> None:
        complete(self.stage.register, self.published, made, self.draft("applied"))

    def outdate(self) -> None:
        """Somebody else claims a newer generation, on a way without faults."""
        register = self.stage.another()
        pointer: dict[str, Attribute] = {
            "lineage": self.published.plan.lineage,
            "desired_generation": self.published.plan.generation + 1,
            "desired_digest": "d" * 64,
            "applied_generation": 0,
            "applied_digest": None,
            "attempt": self.stream.new_id(),
        }
        draft = self.draft("claimed", self.published.plan.generation + 1)
        record(register, STREAM, draft, Put(pointer_key(STREAM), pointer, All(())))

    @property
    def journal(self) -> list[tuple[str, int | None]]:
        """Kind and generation of every entry, without gaps, repeats or alterations."""
        register = self.stage.another()
        verify(register, STREAM)
        return [(entry.kind, entry.generation) for entry in read_entries(register, STREAM)]

    @property
    def pointer(self) -> tuple[int, int]:
        """Desired and applied generation."""
        pointer = read_pointer(self.stage.another(), STREAM)
        assert pointer is not None
        return pointer.desired_generation, pointer.applied_generation

    @property
    def sent(self) -> int:
        """How often a transaction was sent; each was one call of the SDK."""
        sent = self.stage.faults.sent.count(WRITE)
        assert sent == len(self.stage.asked.of(WRITE))
        assert self.stage.faults.left == 0
        return sent


@pytest.fixture
def world(ministack_server: Server) -> Iterator[World]:
    stage = Stage(ministack_server)
    yield World(stage)
    stage.close()


every_fault = pytest.mark.parametrize(("faults", "sent"), FAULTS.values(), ids=FAULTS)


# mine


@every_fault
def test_an_entry_is_written_once_whatever_befalls_its_request(
    world: World, faults: list[Fault], sent: int
) -> None:
    world.stage.faults.next(WRITE, *faults)
    entry = record(world.stage.register, STREAM, world.draft("held"))
    assert (entry.kind, entry.sequence) == ("held", 2)
    assert world.journal == [("created", None), ("held", 1)]
    assert world.sent == sent


@every_fault
def test_a_claim_is_ours_and_recorded_once_whatever_befalls_its_request(
    world: World, faults: list[Fault], sent: int
) -> None:
    world.stage.faults.next(WRITE, *faults)
    made = world.claim()
    assert made.pointer == read_pointer(world.stage.another(), STREAM)
    assert made.end.sequence == 2
    assert world.pointer == (1, 0)
    assert world.journal == [("created", None), ("claimed", 1)]
    assert world.sent == sent


@every_fault
def test_a_completion_is_recorded_once_whatever_befalls_its_request(
    world: World, faults: list[Fault], sent: int
) -> None:
    made = world.claim()
    world.stage.faults.clear()
    world.stage.asked.requests.clear()
    world.stage.faults.next(WRITE, *faults)
    world.complete(made)
    assert world.pointer == (1, 1)
    assert world.journal == [("created", None), ("claimed", 1), ("applied", 1)]
    assert world.sent == sent


# superseded


def after_all(action: Callable[[], object], faults: list[Fault]) -> list[Fault]:
    """The same, once somebody else has acted while the first sending was on its way."""
    first, *rest = faults

    def fault(send: Send) -> Any:
        action()
        return first(send)

    return [fault, *rest]


@every_fault
def test_a_claim_that_comes_too_late_has_no_effect_whatever_befalls_its_request(
    world: World, faults: list[Fault], sent: int
) -> None:
    world.stage.faults.next(WRITE, *after_all(world.outdate, faults))
    with pytest.raises(Conflict) as raised:
        world.claim()
    assert raised.value.rule == "claim-raced"
    assert world.pointer == (2, 0)
    assert world.journal == [("created", None), ("claimed", 2)]
    # Whoever sees that the journal has moved does not send again.
    assert 1 <= world.stage.faults.sent.count(WRITE) <= sent


@every_fault
def test_a_completion_that_comes_too_late_is_superseded_whatever_befalls_its_request(
    world: World, faults: list[Fault], sent: int
) -> None:
    made = world.claim()
    world.stage.faults.clear()
    world.stage.asked.requests.clear()
    world.stage.faults.next(WRITE, *after_all(world.outdate, faults))
    with pytest.raises(Superseded):
        world.complete(made)
    assert world.pointer == (2, 0)
    assert world.journal == [("created", None), ("claimed", 1), ("claimed", 2)]
    assert world.sent >= sent


def test_a_claim_that_took_effect_before_a_newer_one_is_ours_though_its_answer_is_lost(
    world: World,
) -> None:
    def lost_and_overtaken(send: Send) -> Any:
        send()
        world.outdate()
        return lost_before(send)

    world.stage.faults.next(WRITE, lost_and_overtaken)
    assert world.claim().pointer.desired_generation == 1
    assert world.pointer == (2, 0)
    assert world.journal == [("created", None), ("claimed", 1), ("claimed", 2)]
    assert world.sent == 1


# try again


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (CONFLICT, Unavailable),
        (dynamodb_error("ThrottlingException"), Unavailable),
        (no_connection, Unavailable),
        (IN_PROGRESS, Unknown),
        (lost_before, Unknown),
        (ERROR_500, Unknown),
    ],
    ids=["conflict", "throttled", "no connection", "in progress", "lost", "500"],
)
def test_a_claim_that_could_not_be_made_is_made_once_by_the_next_try(
    world: World, fault: Fault, error: type[Unavailable]
) -> None:
    world.stage.faults.next(WRITE, *[fault] * 300)
    with pytest.raises(error) as raised:
        world.claim()
    assert type(raised.value) is error
    assert world.journal == [("created", None)]
    world.stage.faults.clear()
    world.stage.asked.requests.clear()
    world.claim()
    assert world.journal == [("created", None), ("claimed", 1)]
    assert world.sent == 1


def test_a_claim_whose_fate_cannot_be_read_is_found_by_the_next_try(world: World) -> None:
    def silence(send: Send) -> Any:
        send()
        world.stage.faults.next("GetItem", *[no_connection] * 300)
        return lost_before(send)

    world.stage.faults.next(WRITE, silence)
    with pytest.raises(Unknown):
        world.claim()
    world.stage.faults.clear()
    assert world.pointer == (1, 0)
    assert world.stream.enact(world.published).outcome == "applied"
    assert [kind for kind, _ in world.journal] == ["created", "claimed", "resumed", "applied"]


# the parts together


def test_a_whole_stream_is_planned_enacted_and_verified_over_a_table(world: World) -> None:
    outcome = world.stream.enact(world.published)
    assert outcome.outcome == "applied"
    assert world.pointer == (1, 1)
    assert [kind for kind, _ in world.journal] == ["created", "claimed", "applied"]
    assert world.stream.enact(world.published).outcome == "already_applied"


def test_no_two_transactions_of_a_pass_share_a_token(world: World) -> None:
    world.stream.enact(world.published)
    tokens = [each["ClientRequestToken"] for each in world.stage.asked.of(WRITE)]
    assert len(tokens) >= 2
    assert len(set(tokens)) == len(tokens)
