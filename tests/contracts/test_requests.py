"""What a pass costs in requests on S3 and DynamoDB, counted where the SDK sends them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import pytest

from enactor.dns import dns_target
from enactor.enacting import enact_stream
from enactor.ports import Ports as EnactorPorts
from enactor.ports import Request as EnactRequest
from planner.planning import plan_stream
from planner.ports import Ports as PlannerPorts
from planner.ports import Request as PlanRequest
from plans.kinds.dns import RecordKey, Records
from plans.names import plan_key
from plans.observed.dns import Access, dns_view
from plans.plan import Mode
from plans.settings import Settings, create_stream
from plans.storage.dynamodb import DynamoRegister
from plans.storage.s3 import S3Archive
from tests.builders import Desired, FixedClock, Watched
from tests.emulators.servers import Server, new_bucket, new_table

STREAM, ZONE, TARGET = "dns/example.com", "example.com.", "zonefile:example.com.zone"
NS = {RecordKey(ZONE, "NS"): Records(3600, ("ns1.example.net.",))}
READS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"}
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}


def _no_key(target: str) -> NoReturn:
    raise AssertionError(f"{target} needs no key")


def _no_account() -> NoReturn:
    raise AssertionError("a zone file needs no account")


class Deployment:
    """One stream on MiniStack, with every request counted by operation."""

    def __init__(self, server: Server, folder: Path, mode: Mode) -> None:
        self.sent: Counter[str] = Counter()
        self.clock = FixedClock()
        self.access = Access(folder, self.clock, _no_key, _no_account)
        self.desired = Desired({})
        self.archive = S3Archive(
            new_bucket(server), "planfence", clock=self.clock, client=self._counted(server, "s3")
        )
        self.register = DynamoRegister(
            new_table(server), clock=self.clock, client=self._counted(server, "dynamodb")
        )
        settings = Settings(
            stream=STREAM, kind="dns", lineage="1" * 32, version=1, zone=ZONE, targets=(TARGET,),
            mode=mode, approvals=0, updates_max="100%", deletes_max="100%",
        )  # fmt: skip
        create_stream(self.register, settings, by="admin", clock=self.clock, attempt=self.new_id())

    def _counted(self, server: Server, service: str) -> Callable[[], Any]:
        def opened() -> Any:
            client = server.client(service)
            client.meta.events.register(
                f"before-send.{service}",
                lambda event_name, **_: self.sent.update([event_name.rpartition(".")[2]]),
            )
            return client

        return opened

    def plan(self, number: int, *, in_git: bool = True) -> str:
        self.desired.commit = "c" * 40 if in_git else None
        self.desired.records = {
            **NS,
            RecordKey(f"www.{ZONE}", "A"): Records(300, (f"192.0.2.{number}",)),
        }
        ports = PlannerPorts(
            self.archive,
            self.register,
            self.clock,
            self.desired,
            lambda target: dns_view(target, ZONE, self.access),
        )
        outcome = plan_stream(ports, PlanRequest(STREAM, "ada"))
        assert outcome.outcome == "published"
        assert outcome.digest
        return outcome.digest

    def enact(self, generation: int | None = None, digest: str | None = None) -> str:
        ports = EnactorPorts(
            self.archive,
            self.register,
            self.clock,
            self.new_id,
            lambda target, settings, _: dns_target(target, settings.zone, self.access),
            Watched(),
        )
        return enact_stream(ports, EnactRequest(STREAM, "eve", generation, digest)).outcome

    def new_id(self) -> str:
        return uuid4().hex  # the emulator remembers tokens beyond a test

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        self.sent.clear()
        yield self.sent


@pytest.fixture
def deployed(ministack_server: Server, tmp_path: Path) -> Callable[[Mode], Deployment]:
    return lambda mode: Deployment(ministack_server, tmp_path, mode)


def reads(sent: Counter[str]) -> int:
    return sum(count for operation, count in sent.items() if operation in READS)


def writes(sent: Counter[str]) -> int:
    return sum(count for operation, count in sent.items() if operation in WRITES)


def test_what_is_applied_already_costs_one_request_and_newest_one_list_more(
    deployed: Callable[[Mode], Deployment],
) -> None:
    deployment = deployed("exact")
    digest = deployment.plan(1)
    assert deployment.enact(1, digest) == "applied"
    with deployment.counted() as sent:
        assert deployment.enact(1, digest) == "already_applied"
    assert sent == {"BatchGetItem": 1}
    with deployment.counted() as sent:
        assert deployment.enact() == "already_applied"
    assert sent == {"BatchGetItem": 1, "ListObjectsV2": 1}


@pytest.mark.parametrize(("mode", "objects"), [("exact", 1), ("converge", 2)])
@pytest.mark.parametrize("newest", [False, True], ids=["named", "newest"])
def test_a_pass_over_one_target_costs_four_reads_three_writes_and_its_objects(
    deployed: Callable[[Mode], Deployment], mode: Mode, objects: int, newest: bool
) -> None:
    deployment = deployed(mode)
    for generation in (1, 2):
        digest = deployment.plan(generation)
        with deployment.counted() as sent:
            named = () if newest else (generation, digest)
            assert deployment.enact(*named) == "applied"
        # The very first pass also creates the fence record, which is a step of its own.
        assert reads(sent) <= (5 if generation == 1 else 4), sent
        assert writes(sent) <= (3 if generation == 1 else 2), sent
        assert sent["GetObject"] == objects
        assert sent["ListObjectsV2"] == (1 if newest else 0)
        assert sent["DescribeTable"] == 0  # once a process, before its first write
        assert sent["HeadObject"] == sent["PutObject"] == sent["Scan"] == 0


def test_a_planning_pass_that_publishes_costs_two_reads_of_each_store_and_two_puts(
    deployed: Callable[[Mode], Deployment],
) -> None:
    deployment = deployed("exact")
    for generation in (1, 2, 3):
        with deployment.counted() as sent:
            digest = deployment.plan(generation)
        assert reads(sent) == 2, sent
        assert writes(sent) == 0
        assert sent["ListObjectsV2"] + sent["GetObject"] <= 2, sent
        assert sent["PutObject"] == 2  # the desired state and the plan
        deployment.enact(generation, digest)
    deployment.plan(4)  # waits to be enacted, and is overtaken by the next
    with deployment.counted() as sent:
        deployment.plan(5)
    assert (reads(sent), sent["ListObjectsV2"], sent["GetObject"]) == (2, 1, 1)
    with deployment.counted() as sent:  # what older content it returns to, only a listing tells
        deployment.plan(6, in_git=False)
    assert (reads(sent), sent["ListObjectsV2"], sent["GetObject"]) == (2, 2, 1)


def test_finding_the_head_costs_the_same_however_many_plans_lie_below_the_pointer(
    deployed: Callable[[Mode], Deployment],
) -> None:
    deployment = deployed("exact")
    costs = []
    for generation in range(1, 13):
        digest = deployment.plan(generation)
        deployment.enact(generation, digest)
        with deployment.counted() as sent:
            assert deployment.enact() == "already_applied"
        costs.append(dict(sent))
    assert costs == [{"BatchGetItem": 1, "ListObjectsV2": 1}] * 12
    assert deployment.archive.read(plan_key(STREAM, 1)) is not None
