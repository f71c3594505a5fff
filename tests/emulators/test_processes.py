"""A server is up when it is handed out, alone, and gone afterwards."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.emulators import processes
from tests.emulators.processes import Recipe, StartFailedError, running
from tests.emulators.sockets import Listener, address_of, free_ports, listeners

_TIMEOUT_SECONDS = 30

# Listens, and has a child, and heeds no polite request to end.
LISTENING = """
import os, signal, socket, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("child", "w").write(str(child.pid))
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where servers have their folders. They leave nothing there."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def recipe(script: str, host: str = "127.0.0.1", stop_seconds: float = 0.0) -> Recipe:
    def command(folder: Path, ports: Sequence[int]) -> list[str]:
        return [sys.executable, "-c", script, host, str(ports[0])]

    return Recipe(
        name="script",
        ports=1,
        command=command,
        environment=lambda *_: {},
        is_ready=lambda _: True,
        stop_seconds=stop_seconds,
    )


def assert_comes(end: int) -> None:
    """The process of this file descriptor ends in time. Closes it."""
    assert select.select([end], [], [], _TIMEOUT_SECONDS)[0]
    os.close(end)


# Up


def test_a_server_has_the_ports_that_it_was_given() -> None:
    with running(recipe(LISTENING)) as process:
        found = listeners(process.pid)
    assert found == {Listener(ip_address("127.0.0.1"), process.ports[0])}


def test_a_server_that_ends_at_once_is_an_error_with_its_last_words() -> None:
    with (
        pytest.raises(StartFailedError, match=r"(?s)script ended; .*no such flag"),
        running(recipe("import sys; sys.exit('no such flag')")),
    ):
        pass


def test_a_server_that_never_answers_is_an_error_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "START_SECONDS", 0.1)
    with (
        pytest.raises(StartFailedError, match=r"script is not ready after 0\.1 s"),
        running(recipe("import time; time.sleep(600)")),
    ):
        pass


def test_a_server_that_is_open_to_the_network_is_an_error() -> None:
    with (
        pytest.raises(StartFailedError, match="listens beyond the loopback interface"),
        running(recipe(LISTENING, host="0.0.0.0")),
    ):
        pass


def test_a_port_that_somebody_took_meanwhile_is_changed_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [free] = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        offered = iter([(somebody.getsockname()[1],), (free,)])
        monkeypatch.setattr(processes, "free_ports", lambda _: next(offered))
        with running(recipe(LISTENING)) as process:
            assert process.ports == (free,)


def test_a_machine_without_a_free_port_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = (somebody.getsockname()[1],)
        monkeypatch.setattr(processes, "free_ports", lambda _: taken)
        with pytest.raises(StartFailedError, match="in use"), running(recipe(LISTENING)):
            pass


# Gone


@pytest.mark.parametrize("stop_seconds", [0.0, 0.1])
def test_a_server_and_its_children_are_gone_also_when_a_test_fails(
    stop_seconds: float, temporary: Path
) -> None:
    ends = []

    def fail() -> None:
        with running(recipe(LISTENING, stop_seconds=stop_seconds)) as process:
            ends.append(os.pidfd_open(process.pid))
            ends.append(os.pidfd_open(int(next(temporary.glob("*/child")).read_text())))
            raise AssertionError("the test fails")

    with pytest.raises(AssertionError, match="the test fails"):
        fail()
    for end in ends:
        assert_comes(end)


def test_a_server_that_ended_by_itself_is_cleaned_up_as_well() -> None:
    with running(recipe(LISTENING)) as process:
        end = os.pidfd_open(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        assert_comes(end)


def test_what_a_server_leaves_elsewhere_is_removed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def litter(ports: Sequence[int]) -> list[Path]:
        return [elsewhere / str(ports[0]), elsewhere / "never made"]

    with running(replace(recipe(LISTENING), litter=litter)) as process:
        (elsewhere / str(process.ports[0])).touch()
    assert list(elsewhere.iterdir()) == []


def test_a_test_run_that_is_killed_leaves_no_server_behind(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    script = """
from tests.emulators.servers import ministack
with ministack() as server:
    print(server.pid, flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(tmp_path_factory.mktemp("killed"))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as test_run:
        assert test_run.stdout is not None
        end = os.pidfd_open(int(test_run.stdout.readline()))
        test_run.kill()
    assert_comes(end)


def test_a_server_does_not_start_for_a_parent_that_is_gone() -> None:
    nobody = str(os.getppid())  # alive, but not the parent
    command = [
        sys.executable,
        str(processes.TETHERED),
        nobody,
        sys.executable,
        "-c",
        "print('started')",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "the parent is gone\n")


# The kernel's tables


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("0100007F", "127.0.0.1"),
        ("00000000", "0.0.0.0"),
        ("00000000000000000000000001000000", "::1"),
        ("0000000000000000FFFF00000100007F", "127.0.0.1"),
        ("B80D0120000000000000000001000000", "2001:db8::1"),
        ("00000000000000000000000000000000", "::"),
    ],
)
def test_an_address_is_read_as_the_kernel_writes_it(digits: str, expected: str) -> None:
    assert address_of(digits, "little") == ip_address(expected)
