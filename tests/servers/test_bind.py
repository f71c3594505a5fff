"""The tests' BIND starts on a port that is its own, or not at all."""

from __future__ import annotations

import socket

import pytest

from tests.emulators.sockets import free_ports
from tests.servers import bind as servers
from tests.servers.bind import PortTakenError, bind
from tests.servers.fixtures import need_bind


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_that_somebody_took_meanwhile_is_changed_for_another(
    kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """named itself says so and runs on, half deaf."""
    need_bind()
    [free] = free_ports(1)
    with taken(kind) as somebody:
        offered = iter([(somebody.getsockname()[1],), (free,)])
        monkeypatch.setattr(servers, "free_ports", lambda _: next(offered))
        with bind() as server:
            assert server.port == free
            assert server.zone("www A 192.0.2.1\n").values("www", "A") == {"192.0.2.1"}


def test_a_machine_without_a_free_port_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    need_bind()
    with taken(socket.SOCK_STREAM) as somebody:
        port = somebody.getsockname()[1]
        monkeypatch.setattr(servers, "free_ports", lambda _: (port,))
        with pytest.raises(PortTakenError, match="address in use"), bind():
            pass


def taken(kind: socket.SocketKind) -> socket.socket:
    somebody = socket.socket(socket.AF_INET, kind)
    somebody.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        somebody.listen()
    return somebody
