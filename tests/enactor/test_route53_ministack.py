"""A second opinion: the real target against MiniStack, over HTTP, where nobody wrote it for us.

MiniStack keeps what the fence rests on (tests/doubles/test_route53_ministack.py) and no limits.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from enactor.route53 import Route53Target
from plans.errors import FenceMoved
from plans.fence import Fence
from plans.kinds.dns import RecordKey, Records
from plans.observed.route53_api import Account, ZoneApi
from tests.builders import ZONE, Stream, a, a_fence
from tests.doubles.route53.clock import VirtualClock
from tests.emulators.servers import Server, ministack
from tests.enactor.hosted import FIRST, NEXT, ONE, TWO, change, many, step

COLLECTION = "12345678-1234-1234-1234-123456789abc"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with ministack() as server:
        yield server


class OnMiniStack(Stream):
    """A stream whose target is a hosted zone of MiniStack. Its clock is virtual: a wait is none."""

    def __init__(self, server: Server) -> None:
        self.client = server.client("route53")
        made = self.client.create_hosted_zone(Name=ZONE, CallerReference=str(uuid.uuid4()))
        self.zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
        super().__init__(f"route53://{self.zone_id}", updates_max="100%", deletes_max="100%")
        self.desired.records = {**a("www"), **a("mail")}

    def open(self) -> Route53Target:
        account = Account(VirtualClock(), make_client=lambda: self.client)
        return Route53Target(f"route53://{self.zone_id}", ZONE, ZoneApi(account, self.zone_id))

    def zone(self, target: str = "") -> Any:
        return self.open()

    def state(self) -> dict[RecordKey, Records]:
        found = self.open().observe().state
        return {key: content for key, content in found.items() if key.name != ZONE}


@pytest.fixture
def stream(server: Server) -> OnMiniStack:
    return OnMiniStack(server)


def test_a_zone_is_made_changed_and_emptied(stream: OnMiniStack) -> None:
    stream.applied()
    assert stream.state() == {**a("www"), **a("mail")}
    wanted = {**a("www", "192.0.2.7", ttl=5), **many("h", 700)}
    wanted[RecordKey(f"*.{ZONE}", "TXT")] = Records(60, ('"a\\195\\"b" "c"',))
    stream.applied(wanted)
    assert stream.state() == wanted
    assert stream.plan().outcome == "unchanged"
    stream.applied(a("last"))
    assert stream.state() == a("last")


def test_a_stale_generation_is_refused_by_the_zone(stream: OnMiniStack) -> None:
    stream.open().apply((), expected=None, fence=FIRST)
    late = stream.open()
    assert late.read_fence() == FIRST
    target = stream.open()
    target.read_fence()
    target.apply((change("new", None, ONE),), expected=FIRST, fence=a_fence(generation=2))
    with pytest.raises(FenceMoved):
        late.apply((change("other", None, TWO),), expected=FIRST, fence=NEXT)
    assert stream.state() == a("new")


def test_of_racing_first_fences_one_wins(stream: OnMiniStack) -> None:
    targets = [stream.open() for _ in range(8)]
    for target in targets:
        assert target.read_fence() is None

    def race(number: int) -> Fence | None:
        fence = a_fence(step=0, done=False, attempt=f"{number:032x}")
        try:
            targets[number].apply((), expected=None, fence=fence)
        except FenceMoved:
            return None
        return fence

    with ThreadPoolExecutor(len(targets)) as pool:
        [winner] = [fence for fence in pool.map(race, range(len(targets))) if fence]
    assert stream.open().read_fence() == winner


# Without geoproximity: MiniStack takes it and forgets it.
POLICIES: dict[str, tuple[str, ...]] = {
    "weighted": ("weight=0", "weight=200"),
    "latency": ("region=eu-west-1", "region=us-east-1"),
    "geo": ("geo_country=*", "geo_continent=EU"),
    "multi": ("multivalue=true", "multivalue=true"),
    "failover": ("failover=SECONDARY",),
    "cidr": (f"cidr={COLLECTION}:*",),
}


def test_every_routing_policy_comes_back_as_it_was_written(stream: OnMiniStack) -> None:
    wanted = {
        RecordKey(f"{label}.{ZONE}", "A", str(number)): Records(300, ("192.0.2.1",), (attribute,))
        for label, attributes in POLICIES.items()
        for number, attribute in enumerate(attributes)
    }
    target = "alias=Z35SXDOTRQ7X7K:lb.us-east-1.elb.amazonaws.com.:true"
    wanted[RecordKey(f"alias.{ZONE}", "A")] = Records(0, (), (target,))
    stream.applied(wanted)
    assert stream.state() == wanted
    stream.applied(a("last"))
    assert stream.state() == a("last")


def test_a_step_waits_until_its_change_is_in_sync(stream: OnMiniStack) -> None:
    target = stream.open()
    target.apply((), expected=None, fence=FIRST)
    step(stream, change("www", None, ONE), target=target)  # type: ignore[arg-type]
    assert target.settle(lambda _: None) is None
