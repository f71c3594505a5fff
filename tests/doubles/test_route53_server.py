"""The strict Route 53 as a server: real sockets, real processes, real races."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import HTTPClientError

from tests.doubles.route53.behaviours import (
    Behaviour,
    Ground,
    Listing,
    create,
    delete,
    outcome,
    record_set,
    try_listing,
    try_out,
)
from tests.doubles.route53.core import Settings
from tests.doubles.route53.health import UNHEALTHY
from tests.doubles.route53.remote import RemoteDouble, running
from tests.doubles.route53.table import BEHAVIOURS, LISTINGS
from tests.emulators.sockets import listeners

CHANGE = "ChangeResourceRecordSets"
WWW = record_set("www.example.com.", "A", "192.0.2.1")
CHECK = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}
RACERS = 16


@pytest.fixture(scope="module")
def server() -> Iterator[RemoteDouble]:
    with running() as double:
        yield double


@pytest.fixture
def zone(server: RemoteDouble) -> str:
    server.clear()
    return server.add_zone("example.com")


def change(client: Any, zone: str, *changes: dict[str, Any]) -> None:
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


# The same service


@pytest.fixture(scope="module")
def shared_client(server: RemoteDouble) -> Any:
    return server.client()


@pytest.mark.parametrize("behaviour", BEHAVIOURS[::10], ids=lambda behaviour: behaviour.claim)
def test_the_server_behaves_as_documented(
    behaviour: Behaviour, server: RemoteDouble, shared_client: Any, zone: str
) -> None:
    try_out(behaviour, Ground(shared_client, zone, server.add_health_check(CHECK)))


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.claim)
def test_the_server_lists_as_documented(
    listing: Listing, server: RemoteDouble, shared_client: Any, zone: str
) -> None:
    try_listing(listing, Ground(shared_client, zone, server.add_health_check(CHECK)))


def test_the_server_listens_on_the_loopback_interface_only(server: RemoteDouble) -> None:
    found = listeners(os.getpgid(server.pid))
    assert server.port in {listener.port for listener in found}
    assert all(listener.address.is_loopback for listener in found)


def test_a_server_ends_with_its_parent() -> None:
    parent = textwrap.dedent("""
        import os
        from tests.doubles.route53.remote import running
        with running() as double:
            print(double.pid, flush=True)
            os._exit(1)  # without a chance to clean up
    """)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", parent], cwd=root, capture_output=True, text=True, check=False
    )
    # The pipe's end is gone with the parent: the server, whose parent is now another, ends too.
    pid = int(done.stdout)
    assert done.returncode == 1
    with subprocess.Popen(["tail", f"--pid={pid}", "-f", os.devnull]) as waiting:
        assert waiting.wait(60) == 0


# Races between processes


def test_of_many_clients_that_replace_one_record_set_one_wins(
    server: RemoteDouble, zone: str
) -> None:
    server.edit(zone, create(WWW))
    barrier, before = Barrier(RACERS), len(server.history)

    def replace(number: int) -> str | None:
        client = server.client()
        theirs = record_set("www.example.com.", "A", f"192.0.2.{100 + number}")
        barrier.wait(60)
        return outcome(lambda: change(client, zone, delete(WWW), create(theirs)))[0]

    with ThreadPoolExecutor(RACERS) as executor:
        codes = list(executor.map(replace, range(RACERS)))
    assert sorted(map(str, codes)) == ["InvalidChangeBatch"] * (RACERS - 1) + ["None"]
    assert len(server.history_from(before)) == 1


ENACTOR = textwrap.dedent("""
    import sys
    import boto3
    zone, old, new = sys.argv[1:]

    def named(action, value):
        records = [{"Value": value}]
        given = {"Name": "www.example.com.", "Type": "A", "TTL": 60, "ResourceRecords": records}
        return {"Action": action, "ResourceRecordSet": given}

    client = boto3.client("route53")
    try:
        client.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": [named("DELETE", old), named("CREATE", new)]}
        )
        print("done")
    except client.exceptions.InvalidChangeBatch as error:
        print(error.response["Error"]["Message"])
""")


def enactor(server: RemoteDouble, zone: str, old: str, new: str) -> subprocess.Popen[str]:
    """A process that replaces one value by another, unless the first is not there."""
    return subprocess.Popen(
        [sys.executable, "-c", ENACTOR, zone, old, new],
        env={**os.environ, **server.environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_an_enactor_whose_request_was_held_cannot_overwrite_a_newer_state(
    server: RemoteDouble, zone: str
) -> None:
    server.edit(zone, create(WWW))
    hold = server.hold(CHANGE, containing="192.0.2.66")
    with enactor(server, zone, "192.0.2.1", "192.0.2.66") as late:
        assert hold.wait()
        with enactor(server, zone, "192.0.2.1", "192.0.2.2") as quick:
            assert quick.communicate(timeout=60)[0] == "done\n"
        hold.release()
        said = late.communicate(timeout=60)[0]
    assert "do not match the current values" in said
    assert server.record_sets(zone)[-1]["ResourceRecords"] == [{"Value": "192.0.2.2"}]


def test_a_request_in_the_network_outlives_the_enactor_that_sent_it(
    server: RemoteDouble, zone: str
) -> None:
    server.edit(zone, create(WWW))
    hold, before = server.hold(CHANGE, containing="192.0.2.66"), len(server.history)
    with enactor(server, zone, "192.0.2.1", "192.0.2.66") as killed:
        assert hold.wait()
        killed.kill()
    assert not server.history_from(before)
    hold.release()
    _until_applied(server, before)
    assert server.record_sets(zone)[-1]["ResourceRecords"] == [{"Value": "192.0.2.66"}]


def _until_applied(server: RemoteDouble, before: int) -> None:
    """The released request is served in its own thread: ask until it was."""
    for _ in range(10_000):
        if server.history_from(before):
            return
    raise AssertionError("the released request was never served")


# Faults and controls


@pytest.mark.parametrize(("fault", "applied"), [("lost_before", 0), ("lost_after", 1)])
def test_a_lost_answer_is_a_closed_connection(
    fault: str, applied: int, server: RemoteDouble, zone: str
) -> None:
    before = len(server.history)
    server.next(CHANGE, fault)
    with pytest.raises(HTTPClientError):
        change(server.client(), zone, create(WWW))
    assert len(server.history_from(before)) == applied
    assert server.calls[-1].status == 0


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("internal_error", "InternalFailure"),
        ("unavailable", "ServiceUnavailable"),
        ("throttled", "Throttling"),
        ("prior_request", "PriorRequestNotComplete"),
        ("twice", "InvalidChangeBatch"),
    ],
)
def test_faults_go_by_name(fault: str, code: str, server: RemoteDouble, zone: str) -> None:
    server.next(CHANGE, fault)
    assert server.left == 1
    assert outcome(lambda: change(server.client(), zone, create(WWW)))[0] == code


def test_a_held_request_may_still_be_lost(server: RemoteDouble, zone: str) -> None:
    hold = server.hold(CHANGE, then="lost_after")
    with ThreadPoolExecutor(1) as executor:
        late = executor.submit(change, server.client(), zone, create(WWW))
        assert hold.wait()
        assert hold.holds
        hold.release()
        with pytest.raises(HTTPClientError):
            late.result()
    assert server.record_sets(zone)[-1] == WWW


def test_a_server_is_prepared_from_outside(server: RemoteDouble, zone: str) -> None:
    client = server.client()
    server.put(zone, WWW)
    server.protect(zone, "www.example.com", "A", "not now")
    assert outcome(lambda: change(client, zone, delete(WWW)))[0] == "InvalidChangeBatch"
    server.unprotect(zone, "www.example.com", "A")
    check = server.add_health_check(CHECK)
    server.set_health(check, {"us-east-1": UNHEALTHY})
    seen = client.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
    assert {each["StatusReport"]["Status"] for each in seen} == {UNHEALTHY}
    with pytest.raises(AssertionError, match="already exists"):
        server.edit(zone, create(WWW))
    with pytest.raises(AssertionError, match="clock is the system's"):
        server.advance(1)


def test_a_server_may_throttle_on_a_clock_that_the_test_moves() -> None:
    with running(Settings(throttled=True), virtual=True) as server:
        client, zone = server.client(), server.add_zone("example.com")
        codes = [outcome(client.list_hosted_zones)[0] for _ in range(51)]
        assert codes == [None] * 50 + ["Throttling"]
        server.advance(1)
        assert outcome(client.list_hosted_zones)[0] is None
        change(client, zone, create(WWW))
        change_id = server.history[0].change_id
        server.delay_insync(change_id, 60)
        assert client.get_change(Id=change_id)["ChangeInfo"]["Status"] == "PENDING"
        server.advance(60)
        assert client.get_change(Id=change_id)["ChangeInfo"]["Status"] == "INSYNC"


def test_a_server_can_be_driven_from_another_process(server: RemoteDouble, zone: str) -> None:
    copy = pickle.loads(pickle.dumps(server))
    copy.edit(zone, create(WWW))
    assert server.history[-1].foreign
    assert server.history[-1].changes[0].record_set.key.name == "www.example.com."
