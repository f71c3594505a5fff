"""Every test of this folder runs its scenario on one stage, on the stores that it is given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulators.servers import Server, new_bucket
from tests.processes.stage import Stage, stage
from tests.processes.stores import AwsAt, Embedded, StoresAt


@pytest.fixture(scope="session")
def on_stage() -> Iterator[Stage]:
    with stage() as run:
        yield run


@pytest.fixture(scope="session")
def aws_at(ministack_server: Server) -> AwsAt:
    """Stores on AWS, as far as MiniStack is that: exact on conditions, and never in conflict."""
    return AwsAt(ministack_server, new_bucket(ministack_server))


@pytest.fixture(scope="session", params=["embedded", "aws"])
def stores_at(request: pytest.FixtureRequest) -> StoresAt:
    """Both kinds, in turn; or the one that a test names as this fixture's parameter."""
    if request.param == "embedded":
        return Embedded
    found: AwsAt = request.getfixturevalue("aws_at")
    return found
