"""The strict Route 53 does what the table of documented behaviour says, through a real client."""

from __future__ import annotations

import pytest

from tests.doubles.route53 import hooks
from tests.doubles.route53.behaviours import (
    ZONE_NAME,
    Behaviour,
    Ground,
    Listing,
    try_listing,
    try_out,
)
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.double import Double
from tests.doubles.route53.table import BEHAVIOURS, LISTINGS


@pytest.fixture
def ground() -> Ground:
    double = Double(VirtualClock())
    check = double.add_health_check({"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80})
    return Ground(hooks.client(double), double.add_zone(ZONE_NAME), check)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.claim)
def test_the_double_behaves_as_documented(behaviour: Behaviour, ground: Ground) -> None:
    try_out(behaviour, ground)


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.claim)
def test_the_double_lists_as_documented(listing: Listing, ground: Ground) -> None:
    try_listing(listing, ground)
