"""Late calls to Route 53: SIGSTOP of a real enactor between its last check and its request.

The pause is the latest that there is: the request is built and signed, and not yet sent. Meanwhile
the lease ends, a successor takes over and applies a newer plan. Then SIGCONT: what was signed is
sent. The paused plan and the newer one change different records, so that every ``before`` holds.

MiniStack keeps the policy of each session by its own clock, which nobody here can hurry. So the
lease has few seconds, fewer than settings allow.
"""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import enactor.leasing
import enactor.ports
from enactor.credentials import LeasedZones
from enactor.enacting import enact_stream
from enactor.route53 import Route53Target
from plans.errors import PlanfenceError
from plans.lease import Applicant, Tenure, read_lease
from plans.names import settings_key
from plans.observed.route53_api import Account, ZoneApi
from plans.settings import Settings
from plans.storage.register import All, Put
from tests.emulators.servers import Server
from tests.enactor.route53_trials import UnfencedApi
from tests.processes.crew import Crew, Worker
from tests.processes.stores import Embedded
from tests.processes.world import EXIT_CODES, STREAM, ZONE, Counted, Report, World, new_id

T = TypeVar("T")

LEASE_SECONDS: Final = 6
WAIT_SECONDS: Final = 120.0
_CHANGES: Final = "route-53.ChangeResourceRecordSets"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said to one batch. ``late_seconds``: after the recorded end of the lease."""

    status: int
    code: str
    late_seconds: float | None


@dataclass(frozen=True, slots=True)
class Woken:
    """What a paused enactor did after it was woken, and what the service said to its batches."""

    report: Report
    answers: tuple[Answer, ...]
    landed: bool


@dataclass(frozen=True)
class HostedWorld(World):
    """The world with its one target in Route 53.

    ``role`` is what the enactor calls it as; None: as itself. ``api_class`` makes the calls of a
    step, and ``stops`` says whether the enactor stops before it sends the first.
    """

    server: Server = field(kw_only=True)
    zone_id: str = field(kw_only=True)
    role: str | None = None
    api_class: type[ZoneApi] = ZoneApi
    stops: bool = False

    def build(self) -> HostedWorld:
        super().build()
        with self.register() as register:
            key = settings_key(STREAM)
            register.write(Put(key, {**(register.read(key) or {}), "lease_seconds": 60}, All(())))
        return self

    def write_desired(self, name: str, addresses: Mapping[str, int]) -> Path:
        """Without the apex, which is the service's own."""
        path = super().write_desired(name, addresses)
        path.write_text(path.read_text().partition("\n")[2])
        return path

    def target(self, target: str, points: object = None) -> Route53Target:  # type: ignore[override]
        """As itself, without a lease: what planners and the test look through."""
        return self._target(target, self.account)

    @property
    def account(self) -> Account:
        return Account(self.clock, make_client=lambda: self.server.client("route53"))

    def pass_(self, plan: Report, by: str) -> tuple[Report, list[Answer]]:
        """One enacting pass in a process of its own."""
        os.environ.update(self.server.environment)
        setattr(enactor.leasing, "Applicant", _brief)  # noqa: B010 - not exported there
        zones = None
        if self.role is not None:
            sts = partial(self.server.client, "sts")
            zones = LeasedZones(self.account, self.role, [self.zone_id], self.clock, sts)
        answers: list[Answer] = []

        def target(name: str, _: Settings, tenure: Tenure | None) -> Route53Target:
            assert tenure is not None
            account = zones.account(self.zone_id, tenure) if zones else self.account
            self._watch(account, tenure, answers)
            return self._target(name, account)

        with self.register() as register:
            ports = enactor.ports.Ports(
                self.archive, register, self.clock, new_id, target, Counted(), lambda _: zones
            )
            request = enactor.ports.Request(
                STREAM, by, plan.generation, plan.digest, sync=False, wait_seconds=WAIT_SECONDS
            )
            try:
                found = enact_stream(ports, request)
            except PlanfenceError as error:
                return Report(error.outcome, error.exit_code, None, None, error.rule), answers
        rule = found.error.rule if found.error else None
        code = EXIT_CODES[found.outcome]
        return Report(found.outcome, code, found.generation, found.digest, rule), answers

    def address(self, label: str) -> str:
        for key, content in self.target(self.targets[0]).observe().state.items():
            if key.name == f"{label}.{ZONE}":
                return content.values[0]
        raise AssertionError(f"no {label}")

    def _target(self, name: str, account: Account) -> Route53Target:
        return Route53Target(name, ZONE, self.api_class(account, self.zone_id))

    def _watch(self, account: Account, tenure: Tenure, answers: list[Answer]) -> None:
        """Keep what is answered; stop before the first batch is sent."""
        stopped = not self.stops

        def before_send(**_: Any) -> None:
            nonlocal stopped
            if not stopped:
                stopped = True
                os.kill(os.getpid(), signal.SIGSTOP)

        def received(response_dict: Any, parsed_response: Any, **_: Any) -> None:
            told, ends_at = response_dict["headers"]["date"], tenure.lease.ends_at
            late = (parsedate_to_datetime(told) - ends_at).total_seconds() if ends_at else None
            code = parsed_response.get("Error", {}).get("Code", "")
            answers.append(Answer(response_dict["status_code"], code, late))

        account.client.meta.events.register(f"before-send.{_CHANGES}", before_send)
        account.client.meta.events.register(f"response-received.{_CHANGES}", received)


def _brief(**asked: Any) -> Applicant:
    """An applicant for a lease of few seconds."""
    return Applicant(**{**asked, "seconds": LEASE_SECONDS})


@dataclass(frozen=True, slots=True)
class Kind:
    """Of late call: in the role or not, its batch with its fence or without."""

    in_role: bool
    fenced: bool


def late_calls(folder: Path, server: Server, role: str, kinds: tuple[Kind, ...]) -> list[Woken]:
    """One late call of each kind, each in a world of its own, all waiting at the same time."""
    for service in ("route53", "sts"):  # what they load is then loaded for every fork
        server.client(service)
    worlds = [
        _world(folder / str(n), server, role if kind.in_role else None)
        for n, kind in enumerate(kinds)
    ]
    stale = _all([partial(_started, world) for world in worlds])
    with Crew() as crew:
        sleepers = [
            _start(crew, partial(_asleep, world, plan, kind))
            for world, plan, kind in zip(worlds, stale, kinds, strict=True)
        ]
        for sleeper in sleepers:
            sleeper.stopped()
        for report in _all([partial(_succeeds, world) for world in worlds]):
            assert report.outcome == "applied", report
        assert all(sleeper.is_still_stopped() for sleeper in sleepers)
        assert _all([partial(_holder_and_address, world, "b") for world in worlds]) == [
            ("successor", "192.0.2.2")
        ] * len(worlds)
        for sleeper in sleepers:
            sleeper.resume()
        ends = [sleeper.result() for sleeper in sleepers]
    live = _all([partial(_holder_and_address, world, "a") for world in worlds])
    return [
        Woken(report, tuple(answers), landed=address == "192.0.2.66")
        for (report, answers), (_, address) in zip(ends, live, strict=True)
    ]


def _start(crew: Crew, job: Callable[[], T]) -> Worker[T]:
    return crew.start(lambda _: job())


def _all(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Each in a process of its own, all at the same time."""
    with Crew() as crew:
        workers = [_start(crew, job) for job in jobs]
        return [worker.result() for worker in workers]


def _world(folder: Path, server: Server, role: str | None) -> HostedWorld:
    made = server.client("route53").create_hosted_zone(Name=ZONE, CallerReference=str(uuid.uuid4()))
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
    return HostedWorld(
        folder,
        Embedded(folder),
        targets=(f"route53://{zone_id}",),
        server=server,
        zone_id=zone_id,
        role=role,
    )


def _started(world: HostedWorld) -> Report:
    """A first plan is applied; the plan that will be late."""
    world.build()
    first = _planned(world, a=1, b=1)
    applied, _ = world.pass_(first, "starter")
    assert applied.outcome == "applied", applied
    return _planned(world, a=66, b=1)


def _planned(world: HostedWorld, **addresses: int) -> Report:
    return world.approved(world.write_desired("desired", addresses))


def _asleep(world: HostedWorld, plan: Report, kind: Kind) -> tuple[Report, list[Answer]]:
    api_class = ZoneApi if kind.fenced else UnfencedApi
    return replace(world, stops=True, api_class=api_class).pass_(plan, "sleeper")


def _succeeds(world: HostedWorld) -> Report:
    return world.pass_(_planned(world, a=1, b=2), "successor")[0]


def _holder_and_address(world: HostedWorld, label: str) -> tuple[str, str]:
    with world.register() as register:
        lease = read_lease(register, STREAM)
    assert lease is not None
    return lease.holder, world.address(label)
