"""Two zones of a service, for a test that asks for ``pair``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differential.services import AtBind, AtRoute53, Pair
from tests.servers.bind import Bind


@pytest.fixture(scope="session")
def bind_zones(bind_server: Bind, tmp_path_factory: pytest.TempPathFactory) -> AtBind:
    """Shared, since each zone more makes the server slower: each test puts there what it needs."""
    return AtBind(bind_server, tmp_path_factory.mktemp("zones"))


@pytest.fixture
def pair(service: str, request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    """The zones of the service that the test is parametrized with."""
    if service == "BIND":
        zones: AtBind = request.getfixturevalue("bind_zones")
        return zones
    return AtRoute53(tmp_path)
