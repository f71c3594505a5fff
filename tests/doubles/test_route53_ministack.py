"""A second opinion: MiniStack tries the table of documented behaviour too.

It knows little of Route 53 beyond what the fence rests on, and that it does as the double does:
CREATE of what exists and DELETE of what is otherwise are refused, and the batch with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.doubles.route53.behaviours import (
    ZONE_NAME,
    Behaviour,
    Ground,
    Listing,
    try_listing,
    try_out,
)
from tests.doubles.route53.table import BEHAVIOURS, LISTINGS
from tests.emulators.servers import Server, ministack


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with ministack() as server:
        yield server


@pytest.fixture(scope="module")
def health_check(server: Server) -> str:
    config = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}
    made = server.client("route53").create_health_check(
        CallerReference=str(uuid.uuid4()), HealthCheckConfig=config
    )
    return str(made["HealthCheck"]["Id"])


@pytest.fixture
def ground(server: Server, health_check: str) -> Ground:
    client = server.client("route53")
    made = client.create_hosted_zone(Name=ZONE_NAME, CallerReference=str(uuid.uuid4()))
    return Ground(client, made["HostedZone"]["Id"].rpartition("/")[2], health_check)


def row(behaviour: Behaviour | Listing) -> object:
    """A row; where MiniStack deviates, it must: the day when it no longer does fails."""
    if behaviour.ministack is None:
        return pytest.param(behaviour, id=behaviour.claim)
    deviates = pytest.mark.xfail(reason=behaviour.ministack, strict=True, raises=AssertionError)
    return pytest.param(behaviour, id=behaviour.claim, marks=deviates)


@pytest.mark.parametrize("behaviour", [*map(row, BEHAVIOURS)])
def test_ministack_behaves_as_documented(behaviour: Behaviour, ground: Ground) -> None:
    try_out(behaviour, ground, texts=False)


@pytest.mark.parametrize("listing", [*map(row, LISTINGS)])
def test_ministack_lists_as_documented(listing: Listing, ground: Ground) -> None:
    try_listing(listing, ground)
