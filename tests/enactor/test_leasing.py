"""A pass with a lease: got before the claim, shown before every call, lost loudly, given back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from enactor.enacting import enact_stream
from enactor.ports import Request
from plans.errors import Refused, Unavailable
from plans.journal import read_entries
from plans.lease import Applicant, Lease, LeaseLost, Tenure, acquire, read_lease
from plans.settings import Settings
from tests.builders import CHANGED, STREAM, T1, T2, Died, FixedClock, Stream, a, error_of
from tests.doubles.faults import after, lost_after, raising, unavailable
from tests.doubles.zone import MemoryZone


@dataclass
class Timed:
    """Services whose time is that of the stream's clock, and which give credentials."""

    stream: Stream

    def now(self) -> datetime:
        return self.stream.clock.now()

    def begin(self, tenure: Tenure) -> None:
        self.stream.faults.calls.append(f"begin {tenure.lease.epoch}")


def leased(*targets: str, **settings: Any) -> Stream:
    return Stream(*targets, **{"lease_seconds": 60, **settings})


def lease_of(stream: Stream) -> Lease:
    found = read_lease(stream.register.inner, STREAM)
    assert found is not None
    return found


def taken(stream: Stream, clock: FixedClock | None = None) -> Tenure:
    """Somebody else's lease."""
    return acquire(
        Applicant(
            register=stream.register.inner,
            stream=STREAM,
            clock=clock or stream.clock,
            holder="zoe",
            owner="f" * 32,
            seconds=60,
            wait_seconds=1000.0,
        )
    )


def kinds(stream: Stream) -> list[str]:
    return [entry.kind for entry in read_entries(stream.register.inner, STREAM)]


def test_a_pass_gets_the_lease_before_its_claim_and_gives_it_back() -> None:
    stream = leased()
    stream.applied(CHANGED)
    calls = stream.faults.calls
    writes = [call for call in calls if call.startswith("write")]
    lease, *_ = [n for n, call in enumerate(writes) if "lease" in call]
    claim, *_ = [n for n, call in enumerate(writes) if "pointer" in call]
    assert lease < claim
    assert "lease" in writes[-1]
    assert (lease_of(stream).epoch, lease_of(stream).state) == (1, "released")
    assert lease_of(stream).holder == "eve"


def test_without_a_setting_there_is_no_lease_and_no_call_for_one() -> None:
    stream = Stream()
    stream.applied(CHANGED)
    assert not [call for call in stream.faults.calls if "lease" in call]


def test_while_another_holds_the_lease_nothing_is_claimed_and_nothing_is_called() -> None:
    stream = leased()
    published = stream.publish(CHANGED)
    taken(stream)
    error = stream.refusal(published)
    assert (error.rule, error.exit_code) == ("lease-held", 5)


@pytest.mark.parametrize("operation", ["read", "write"])
def test_proceeding_without_the_lease_does_not_exist(operation: str) -> None:
    stream = leased()
    published = stream.publish(CHANGED)
    stream.faults.next(operation, "lease", unavailable)
    error = stream.refusal(published)
    assert isinstance(error, Unavailable)
    assert not [call for call in stream.faults.calls if call.startswith("apply")]


def test_what_is_applied_already_needs_no_lease() -> None:
    stream = leased()
    published = stream.applied(CHANGED)
    taken(stream)
    assert stream.enact(published).outcome == "already_applied"
    assert stream.enact().outcome == "already_applied"


def test_who_waited_chooses_anew() -> None:
    """While a pass waits, the holder may enact, and people may decide."""
    stream = leased()
    stream.publish(CHANGED)
    tenure = taken(stream)

    def meanwhile(send: Callable[[], Any]) -> Any:
        found = send()  # the pass sees the lease held; then all this happens
        stream.publish(dict(CHANGED) | a("later"))
        tenure.release()
        return found

    stream.faults.next("read", "lease", meanwhile)
    outcome = stream.enact(wait_seconds=30.0)
    assert (outcome.outcome, outcome.generation) == ("applied", 2)


def test_waiting_is_told_and_a_plan_that_was_rejected_meanwhile_is_not_claimed() -> None:
    stream = leased()
    published = stream.publish(CHANGED)
    tenure = taken(stream)

    def meanwhile(send: Callable[[], Any]) -> Any:
        found = send()
        stream.reject(published)
        tenure.release()
        return found

    stream.faults.next("read", "lease", meanwhile)
    with pytest.raises(Refused) as caught:
        stream.enact(published, wait_seconds=30.0)
    assert caught.value.rule == "rejected"
    assert stream.watched.told == ["waits for epoch 1 of zoe, 0 s"]
    assert lease_of(stream).state == "released"


def test_a_pass_that_loses_its_lease_stops_everywhere_and_says_so_loudly() -> None:
    """A step may have been sent; after that no target is called, the second one neither."""
    stream = leased(T1, T2, step_changes_max=1)
    published = stream.publish(CHANGED)

    def paused() -> None:
        stream.clock.sleep(61)

    stream.faults.next("apply", "g=1 s=0", after(paused))
    outcome = stream.enact(published)
    error = error_of(outcome)
    assert isinstance(error, LeaseLost)
    assert outcome.outcome == "unavailable"
    assert [result.error is error for result in outcome.targets] == [True, False]
    assert stream.steps(T2) == []
    last = list(read_entries(stream.register.inner, STREAM))[-1]
    assert last.kind == "lease-lost"
    assert "was lost" in last.details["lease"]
    assert stream.enact(published).outcome == "applied"


def test_a_pass_that_another_took_the_lease_from_sends_no_further_step() -> None:
    stream = leased(step_changes_max=1)
    published = stream.publish(CHANGED)

    def overtaken() -> None:
        stream.clock.sleep(11)  # a renewal is due, and another is there
        taken(stream, FixedClock())

    stream.faults.next("apply", "g=1 s=0", after(overtaken))
    outcome = stream.enact(published)
    assert isinstance(error_of(outcome), LeaseLost)
    assert stream.steps() == [(1, 0, False)]
    assert (lease_of(stream).holder, lease_of(stream).state) == ("zoe", "held")


def test_a_lease_that_is_lost_between_the_last_step_and_the_completion_completes_nothing() -> None:
    stream = leased()
    published = stream.publish(CHANGED)
    stream.faults.next("apply", "e=1", after(lambda: stream.clock.sleep(61)))
    outcome = stream.enact(published)
    assert isinstance(error_of(outcome), LeaseLost)
    assert outcome.outcome in ("partial", "unavailable")
    assert stream.pointer is not None
    assert stream.pointer.applied is None
    assert stream.enact(published).outcome == "applied"


def test_a_pass_that_dies_keeps_its_lease_and_the_next_waits_for_it_to_lapse() -> None:
    stream = leased()
    published = stream.publish(CHANGED)
    stream.die_before_step(published)
    assert lease_of(stream).state == "held"
    with pytest.raises(Unavailable, match="lease-held"):
        stream.enact(published)
    assert stream.enact(published, wait_seconds=90.0).outcome == "applied"
    assert lease_of(stream).epoch == 2


def test_a_claim_that_is_refused_gives_the_lease_back() -> None:
    stream = leased()
    published = stream.publish(CHANGED)
    stream.faults.next("write", "pointer", raising(Unavailable("not now", rule="store")))
    with pytest.raises(Unavailable, match="not now"):
        stream.enact(published)
    assert lease_of(stream).state == "released"


def test_a_lease_that_cannot_be_given_back_is_told_and_spoils_nothing() -> None:
    stream = leased()
    published = stream.publish(CHANGED)

    def unreleasable(send: Callable[[], Any]) -> Any:
        stream.faults.next("write", "lease", unavailable)
        return send()

    stream.faults.next("apply", "e=1", unreleasable)
    assert stream.enact(published).outcome == "applied"
    assert any(told.startswith("kept the lease: not now") for told in stream.watched.told)


def test_a_claim_that_lost_a_race_goes_on_under_the_lease_it_has() -> None:
    stream = leased(approvals=1)
    published = stream.publish(CHANGED)
    stream.approve(published)
    stream.faults.next("write", "pointer", after(lambda: stream.set(plan_hours=9)))
    assert stream.enact(published).outcome == "applied"
    assert lease_of(stream).epoch == 1


def test_a_call_whose_fate_is_not_known_binds_the_next_holder_to_the_credentials() -> None:
    stream = leased()
    published = stream.publish(CHANGED)
    stream.faults.next("apply", "e=1", lost_after)
    ports = replace(stream.enactor_ports, bound=lambda _: Timed(stream))
    request = Request(STREAM, "eve", published.plan.generation, published.digest)
    assert enact_stream(ports, request).outcome == "applied"
    assert lease_of(stream).ends_at == stream.clock.now() + timedelta(seconds=40)


def test_credentials_of_a_lease_need_a_lease() -> None:
    stream = Stream()
    published = stream.publish(CHANGED)
    ports = replace(stream.enactor_ports, bound=lambda _: Timed(stream))
    with pytest.raises(Refused) as caught:
        enact_stream(ports, Request(STREAM, "eve", published.plan.generation, published.digest))
    assert caught.value.rule == "lease-needed"
    assert stream.pointer is None


def test_credentials_are_got_under_the_lease_and_before_the_claim() -> None:
    stream = leased()
    published = stream.publish(CHANGED)
    ports = replace(stream.enactor_ports, bound=lambda _: Timed(stream))
    request = Request(STREAM, "eve", published.plan.generation, published.digest)
    assert enact_stream(ports, request).outcome == "applied"
    calls = stream.faults.calls
    lease, claim = (
        next(n for n, call in enumerate(calls) if call.startswith("write") and part in call)
        for part in ("lease", "pointer")
    )
    assert lease < calls.index("begin 1") < claim


def test_without_credentials_nothing_is_claimed_and_the_lease_is_given_back() -> None:
    stream = leased()
    published = stream.publish(CHANGED)

    class Denied(Timed):
        def begin(self, tenure: Tenure) -> None:
            raise Refused("no", rule="access-denied", remedy="ask")

    ports = replace(stream.enactor_ports, bound=lambda _: Denied(stream))
    with pytest.raises(Refused, match="access-denied"):
        enact_stream(ports, Request(STREAM, "eve", published.plan.generation, published.digest))
    assert stream.pointer is None
    assert (lease_of(stream).state, lease_of(stream).ends_at) == ("released", None)


def test_a_lease_without_the_clock_of_the_services_is_changed_for_one_with_it() -> None:
    """The stream's settings came to name such a service between the lease and the claim."""
    stream = leased()
    published = stream.publish(CHANGED)
    stream.faults.next("write", "pointer", after(lambda: stream.set(plan_hours=9)))

    def bound(settings: Settings) -> Timed | None:
        return Timed(stream) if settings.plan_hours == 9 else None

    ports = replace(stream.enactor_ports, bound=bound)
    request = Request(STREAM, "eve", published.plan.generation, published.digest)
    assert enact_stream(ports, request).outcome == "applied"
    assert lease_of(stream).epoch == 2
    assert "begin 2" in stream.faults.calls


@dataclass
class Settling:
    """A target that is done and waits for its servers, by a clock that renews the lease."""

    zone: MemoryZone
    tenure: Tenure | None
    seconds: float

    def __getattr__(self, name: str) -> Any:
        return getattr(self.zone, name)

    def settle(self, waiting: Callable[[float], None]) -> str | None:
        waiting(self.seconds)
        assert self.tenure is not None
        self.tenure.tick()
        return None


def test_what_is_applied_stays_applied_if_the_lease_is_lost_while_servers_are_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = leased()
    published = stream.publish(CHANGED)

    def target(name: str, _: Settings, tenure: Tenure | None) -> Any:
        return Settling(stream.zone(name), tenure, 5.0)

    def waited(_: str, seconds: float) -> None:
        stream.clock.sleep(seconds * 20)

    monkeypatch.setattr(stream.watched, "waiting", waited)
    ports = replace(stream.enactor_ports, target=target)
    request = Request(STREAM, "eve", published.plan.generation, published.digest)
    outcome = enact_stream(ports, request)
    assert outcome.outcome == "applied"
    note = outcome.targets[0].note
    assert note is not None
    assert note.startswith("not known to be answered everywhere: the lease of")


def test_a_process_that_is_killed_runs_no_handler() -> None:
    stream = leased()
    published = stream.publish(CHANGED)
    stream.faults.next("write", "pointer", raising(Died()))
    with pytest.raises(Died):
        stream.enact(published)
    assert lease_of(stream).state == "held"
    assert kinds(stream) == ["created"]
