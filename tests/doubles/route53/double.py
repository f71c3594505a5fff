"""The double: the service behind one lock and a script of faults, and what a test asks of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any, NamedTuple

from plans.clock import Clock
from tests.doubles.route53.core import Applied, Route53, Settings
from tests.doubles.route53.errors import ServiceError
from tests.doubles.route53.faults import Fault, Hold, NoAnswerError, Rule
from tests.doubles.route53.names import stored_name
from tests.doubles.route53.wire import Answer, Request, request, served


class Call(NamedTuple):
    """A request that a client sent. ``status`` is what it was told: 0 if nothing."""

    operation: str
    status: int
    at_seconds: float


class Double:
    """One account of Route 53 for tests. Safe to share between threads.

    ``calls`` has every request in the order of its answers, faulted or not; ``history`` every batch
    applied. Whatever a fault does, each single serving of a request is atomic.
    """

    def __init__(self, clock: Clock, settings: Settings | None = None) -> None:
        self.calls: list[Call] = []
        self._clock = clock
        self._service = Route53(clock, settings or Settings())
        self._lock = RLock()
        self._rules: list[Rule] = []

    # What clients do

    def deliver(self, method: str, url: str, body: bytes) -> Answer:
        """Answer a request as the script says.

        Raises:
            NoAnswerError: its answer, or the request itself, is lost.
        """
        asked = request(method, url, body)
        fault = self._next_fault(asked)
        status = 0
        try:
            answer = self._served(asked) if fault is None else fault(lambda: self._served(asked))
            status = answer.status
            return answer
        finally:
            with self._lock:
                self.calls.append(Call(asked.operation, status, self._clock.monotonic()))

    def _served(self, asked: Request) -> Answer:
        with self._lock:
            return served(self._service, asked)

    def _next_fault(self, asked: Request) -> Fault | None:
        with self._lock:
            for rule in self._rules:
                if rule.meets(asked):
                    self._rules.remove(rule)
                    return rule.fault
        return None

    # The script

    def next(self, operation: str, *faults: Fault, containing: str = "") -> None:
        """Fault the next requests of an operation (``*``: of any), one by one.

        Args:
            containing: only requests whose path or body holds this text.
        """
        with self._lock:
            self._rules += [Rule(operation, containing, fault) for fault in faults]

    def hold(self, operation: str, *, containing: str = "", then: Fault | None = None) -> Hold:
        """Park the next such request before it is served."""
        hold = Hold() if then is None else Hold(then)
        self.next(operation, hold, containing=containing)
        return hold

    def clear(self) -> None:
        """Forget what is left of the script."""
        with self._lock:
            self._rules.clear()

    @property
    def left(self) -> int:
        """Faults that no request has met yet."""
        return len(self._rules)

    # What others do

    def add_zone(self, name: str, *, private: bool = False, sets_max: int | None = None) -> str:
        """A new zone; its id."""
        with self._lock:
            zone_id = self._service.add_zone(name, private=private)
            if sets_max is not None:
                self._service.zone(zone_id).sets_max = sets_max
            return zone_id

    def edit(self, zone_id: str, *changes: Mapping[str, Any]) -> None:
        """Somebody else's batch, at once; in the history it is ``foreign``.

        Raises:
            AssertionError: the service would refuse it.
        """
        with self._lock:
            try:
                batch = {"Changes": changes}
                self._service.change_resource_record_sets(zone_id, batch, foreign=True)
            except ServiceError as error:
                raise AssertionError(f"no edit: {error.message}") from error

    def put(self, zone_id: str, *record_sets: Mapping[str, Any]) -> None:
        """Record sets as the service may hold them, unjudged and without history."""
        with self._lock:
            self._service.zone(zone_id).put(*record_sets)

    def protect(self, zone_id: str, name: str, rdtype: str, comment: str = "") -> None:
        """Somebody protects record sets, as with CreateResourceRecordSetProtections."""
        with self._lock:
            self._service.zone(zone_id).protections[stored_name(name), rdtype] = comment

    def protections(self, zone_id: str) -> dict[str, str]:
        """Comments, by name and type: ``www.example.com. A``."""
        with self._lock:
            found = self._service.zone(zone_id).protections
            return {f"{name} {rdtype}": comment for (name, rdtype), comment in found.items()}

    def unprotect(self, zone_id: str, name: str, rdtype: str) -> None:
        with self._lock:
            del self._service.zone(zone_id).protections[stored_name(name), rdtype]

    def add_health_check(self, config: Mapping[str, Any]) -> str:
        """A new health check that all its checkers see healthy; its id."""
        with self._lock:
            return self._service.add_health_check(config)

    def set_health(self, check_id: str, seen: Mapping[str, str]) -> None:
        """What the checkers see from now on: a status's text (``health``) by Region."""
        with self._lock:
            self._service.set_health(check_id, seen)

    def delay_insync(self, change_id: str, seconds: float) -> None:
        """Keep a change PENDING for so long from now on."""
        with self._lock:
            self._service.delay_insync(change_id.rpartition("/")[2], seconds)

    # What there is

    def record_sets(self, zone_id: str) -> list[dict[str, Any]]:
        """The zone's record sets as boto3 would return them, in the order of a listing."""
        with self._lock:
            zone = self._service.zone(zone_id)
            return [dict(record_set.members) for record_set in zone.record_sets()]

    @property
    def history(self) -> Sequence[Applied]:
        with self._lock:
            return tuple(self._service.history)


__all__ = ["Call", "Double", "NoAnswerError"]
