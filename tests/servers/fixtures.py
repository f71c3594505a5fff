"""One BIND for the whole session, started by the first test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.bind import Bind, bind, missing


def need_bind() -> None:
    """Skip, with the reason, where there is no BIND. In CI a skip is a failure."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def bind_server() -> Iterator[Bind]:
    """Shared: a test asks it for a zone of its own."""
    need_bind()
    with bind() as server:
        yield server


@pytest.fixture
def own_bind() -> Iterator[Bind]:
    """A server that a test may kill."""
    need_bind()
    with bind() as server:
        yield server
