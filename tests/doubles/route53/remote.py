"""The test's end of a double that runs in a process of its own.

``RemoteDouble`` has the methods of ``double.Double``; faults go by name (``faults.BY_NAME``), since
functions do not cross. It can be pickled: a spawned process may drive the same server.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config

from tests.doubles.route53.core import Applied, Settings
from tests.doubles.route53.double import Call
from tests.doubles.route53.faults import HOLD_SECONDS
from tests.doubles.route53.hooks import CREDENTIALS
from tests.doubles.route53.record_sets import Change, RecordSet
from tests.doubles.route53.server import CONTROL

_ROOT: Final = Path(__file__).parents[3]
_LOOPBACK: Final = "127.0.0.1"


@contextmanager
def running(settings: Settings | None = None, *, virtual: bool = False) -> Iterator[RemoteDouble]:
    """A server that listens; afterwards, however it comes, it is gone.

    Args:
        virtual: its clock stands still until ``advance``; else it is the system's.
    """
    given = {**asdict(settings or Settings()), "virtual": virtual}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.doubles.route53.server", json.dumps(given)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the server did not start: its error output says why"
        yield RemoteDouble(int(line), process.pid)
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class RemoteHold:
    """A request to be parked. See ``faults.Hold``."""

    double: RemoteDouble
    number: int

    @property
    def holds(self) -> bool:
        return bool(self.double.ask("holds", number=self.number))

    def wait(self, seconds: float = HOLD_SECONDS) -> bool:
        return bool(self.double.ask("wait", number=self.number, seconds=seconds))

    def release(self) -> None:
        self.double.ask("release", number=self.number)


@dataclass(frozen=True)
class RemoteDouble:
    """A running server. The methods do what those of ``double.Double`` do."""

    port: int
    pid: int

    @property
    def endpoint(self) -> str:
        return f"http://{_LOOPBACK}:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The SDK's settings by which a process finds this server and nobody's account."""
        key, secret = CREDENTIALS
        return {
            "AWS_ENDPOINT_URL_ROUTE_53": self.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": _LOOPBACK,
            "no_proxy": _LOOPBACK,
        }

    def client(self) -> Any:
        """A ``route53`` client that sends every request once."""
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, proxies={})
        session = boto3.session.Session(botocore_session=botocore.session.Session())
        return session.client(
            "route53",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS[0],
            aws_secret_access_key=CREDENTIALS[1],
            config=config,
        )

    def ask(self, verb: str, **arguments: Any) -> Any:
        """Call a method of the double in its process.

        Raises:
            AssertionError: it refused; the text is its own.
        """
        connection = http.client.HTTPConnection(_LOOPBACK, self.port, timeout=2 * HOLD_SECONDS)
        try:
            connection.request("POST", CONTROL + verb, json.dumps(arguments))
            response = connection.getresponse()
            found = json.loads(response.read())
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise AssertionError(found)
        return found

    def next(self, operation: str, *faults: str, containing: str = "") -> None:
        self.ask("next", operation=operation, faults=faults, containing=containing)

    def hold(self, operation: str, *, containing: str = "", then: str = "untouched") -> RemoteHold:
        number = self.ask("hold", operation=operation, containing=containing, then=then)
        return RemoteHold(self, number)

    def clear(self) -> None:
        self.ask("clear")

    @property
    def left(self) -> int:
        return int(self.ask("left"))

    def add_zone(self, name: str, *, private: bool = False, sets_max: int | None = None) -> str:
        return str(self.ask("add_zone", name=name, private=private, sets_max=sets_max))

    def edit(self, zone_id: str, *changes: Mapping[str, Any]) -> None:
        self.ask("edit", zone_id=zone_id, changes=changes)

    def put(self, zone_id: str, *record_sets: Mapping[str, Any]) -> None:
        self.ask("put", zone_id=zone_id, record_sets=record_sets)

    def protect(self, zone_id: str, name: str, rdtype: str, comment: str = "") -> None:
        self.ask("protect", zone_id=zone_id, name=name, rdtype=rdtype, comment=comment)

    def unprotect(self, zone_id: str, name: str, rdtype: str) -> None:
        self.ask("unprotect", zone_id=zone_id, name=name, rdtype=rdtype)

    def add_health_check(self, config: Mapping[str, Any]) -> str:
        return str(self.ask("add_health_check", config=config))

    def set_health(self, check_id: str, seen: Mapping[str, str]) -> None:
        self.ask("set_health", check_id=check_id, seen=dict(seen))

    def delay_insync(self, change_id: str, seconds: float) -> None:
        self.ask("delay_insync", change_id=change_id, seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass on a server whose clock is virtual."""
        self.ask("advance", seconds=seconds)

    def record_sets(self, zone_id: str) -> list[dict[str, Any]]:
        return list(self.ask("record_sets", zone_id=zone_id))

    @property
    def history(self) -> Sequence[Applied]:
        return self.history_from(0)

    def history_from(self, start: int) -> Sequence[Applied]:
        """What was applied since the history had this length."""
        return tuple(map(_applied, self.ask("history", start=start)))

    @property
    def calls(self) -> list[Call]:
        return [Call(*call) for call in self.ask("calls")]


def _applied(found: dict[str, Any]) -> Applied:
    changes = tuple(Change(action, RecordSet(members)) for action, members in found["changes"])
    fences = {
        name: None if found[name] is None else tuple(found[name])
        for name in ("fence_before", "fence_after")
    }
    return Applied(**{**found, **fences, "changes": changes})
