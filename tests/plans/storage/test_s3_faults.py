"""A plan is published in S3 exactly once, whatever becomes of the requests and the answers (F8).

The bucket is versioned, so that each write that had an effect is a version that can be counted.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError, ClientError

from planner.publishing import SENDS_MAX, NumberTaken, publish
from plans.document import digest_of, encode
from plans.errors import Refused, Unavailable, Unknown
from plans.names import blob_key, plan_key
from plans.storage import aws
from plans.storage.s3 import S3Archive
from tests.builders import CHANGED, STREAM, FixedClock, Stream
from tests.doubles.botocore_faults import (
    Fault,
    Send,
    WireFaults,
    answering,
    connect_timeout,
    cut,
    lost_after,
    lost_before,
    no_connection,
    s3_error,
    served_but,
    twice,
)
from tests.emulators.servers import Server, new_bucket

BLOB = b"the desired state"
PLAN = Stream().publish(CHANGED).plan
PLAN_BYTES = encode(PLAN)
KEYS = {"blob": blob_key(STREAM, 1, digest_of(BLOB)), "plan": plan_key(STREAM, 1)}
BODIES = {"blob": BLOB, "plan": PLAN_BYTES}

# What is sent for the object that a fault meets, each fault of one request. The rest of a
# publication is one PutObject.
SENT: dict[str, tuple[Fault, list[str]]] = {
    # Nothing was done, and that is known: the same write again.
    "no connection": (no_connection, ["PutObject", "PutObject"]),
    "no connection in time": (connect_timeout, ["PutObject", "PutObject"]),
    "409": (s3_error(409, "ConditionalRequestConflict"), ["PutObject", "PutObject"]),
    "409 of the bucket": (s3_error(409, "OperationAborted"), ["PutObject", "PutObject"]),
    "503 slow down": (s3_error(503, "SlowDown"), ["PutObject", "PutObject"]),
    "400 damaged": (s3_error(400, "BadDigest"), ["PutObject", "PutObject"]),
    "400 cut short": (s3_error(400, "IncompleteBody"), ["PutObject", "PutObject"]),
    "400 damaged checksum": (
        s3_error(400, "XAmzContentChecksumMismatch"),
        ["PutObject", "PutObject"],
    ),
    # Unknown, and nothing was done: read back, then the same write again.
    "request lost": (lost_before, ["PutObject", "GetObject", "PutObject"]),
    "500": (s3_error(500, "InternalError"), ["PutObject", "GetObject", "PutObject"]),
    "503": (s3_error(503, "ServiceUnavailable"), ["PutObject", "GetObject", "PutObject"]),
    "400 timeout": (s3_error(400, "RequestTimeout"), ["PutObject", "GetObject", "PutObject"]),
    "a proxy's 502": (answering(502, b"<html>"), ["PutObject", "GetObject", "PutObject"]),
    "a proxy's 200": (answering(200, b""), ["PutObject", "GetObject", "PutObject"]),
    "412 although free": (
        s3_error(412, "PreconditionFailed"),
        ["PutObject", "GetObject", "PutObject"],
    ),
    # Unknown, and it was done: read back, and it is ours.
    "answer lost": (lost_after, ["PutObject", "GetObject"]),
    "delivered twice and cut": (served_but(cut(20)), ["PutObject", "GetObject"]),
    "500 after the effect": (
        served_but(s3_error(500, "InternalError")),
        ["PutObject", "GetObject"],
    ),
    "a proxy's 504": (served_but(answering(504, b"<html>")), ["PutObject", "GetObject"]),
    "delivered twice": (twice, ["PutObject", "GetObject"]),
    "a 412 of no words": (served_but(answering(412, b"")), ["PutObject", "GetObject"]),
    # Done, and told otherwise: the second write is refused by its condition, and it is ours.
    "409 after the effect": (
        served_but(s3_error(409, "ConditionalRequestConflict")),
        ["PutObject", "PutObject", "GetObject"],
    ),
    "slow down after the effect": (
        served_but(s3_error(503, "SlowDown")),
        ["PutObject", "PutObject", "GetObject"],
    ),
}
every_fault = pytest.mark.parametrize("fault", SENT)
either_object = pytest.mark.parametrize("met", ["blob", "plan"])


class Publishing:
    """An archive on MiniStack, the wire to it, and a client with a wire of its own."""

    def __init__(self, bucket: str, client: Any, wire: WireFaults, theirs: Any) -> None:
        self.bucket, self.prefix = bucket, f"tests/{uuid4()}"
        self.clock, self.wire, self.theirs = FixedClock(), wire, theirs
        self.archive = S3Archive(bucket, self.prefix, clock=self.clock, client=lambda: client)

    def publish(self) -> Any:
        return publish(self.archive, PLAN, (BLOB,))

    def fault(self, met: str, *faults: Fault, operation: str = "PutObject") -> None:
        """Let them meet the requests for the blob, which come first, or those for the plan."""
        passed: list[Fault] = [] if met == "blob" else [lambda send: send()]
        self.wire.next(operation, *passed, *faults)

    def rival(self, met: str) -> None:
        """Another planner takes the key."""
        self.theirs.put_object(
            Bucket=self.bucket, Key=f"{self.prefix}/{KEYS[met]}", Body=b"theirs", IfNoneMatch="*"
        )

    def versions(self) -> dict[str, list[bytes]]:
        """Every version there is: the bodies of each key."""
        found = self.theirs.list_object_versions(Bucket=self.bucket, Prefix=self.prefix)
        bodies: dict[str, list[bytes]] = {}
        for each in found.get("Versions", ()):
            read = self.theirs.get_object(
                Bucket=self.bucket, Key=each["Key"], VersionId=each["VersionId"]
            )
            key = each["Key"].removeprefix(f"{self.prefix}/")
            bodies.setdefault(key, []).append(read["Body"].read())
        return bodies


@pytest.fixture(scope="module")
def opened(ministack_server: Server) -> Any:
    client, theirs = ministack_server.client("s3"), ministack_server.client("s3")
    return new_bucket(ministack_server), client, WireFaults(client), theirs


@pytest.fixture
def publishing(opened: Any) -> Publishing:
    publishing = Publishing(*opened)
    publishing.wire.clear()
    return publishing


# Published once


@either_object
@every_fault
def test_f8_one_fault_leaves_exactly_one_object_which_is_ours(
    publishing: Publishing, met: str, fault: str
) -> None:
    wrong, sent = SENT[fault]
    publishing.fault(met, wrong)
    assert publishing.publish().plan == PLAN
    assert publishing.wire.sent == ([*sent, "PutObject"] if met == "blob" else ["PutObject", *sent])
    assert publishing.versions() == {KEYS["blob"]: [BLOB], KEYS["plan"]: [PLAN_BYTES]}


@either_object
@every_fault
def test_f8_the_same_fault_several_times_leaves_exactly_one_object(
    publishing: Publishing, met: str, fault: str
) -> None:
    publishing.fault(met, *[SENT[fault][0]] * 3)
    publishing.publish()
    assert publishing.versions() == {KEYS["blob"]: [BLOB], KEYS["plan"]: [PLAN_BYTES]}


@either_object
@every_fault
def test_f10_whatever_is_told_a_number_that_another_planner_took_is_lost(
    publishing: Publishing, met: str, fault: str
) -> None:
    wrong, _ = SENT[fault]

    def overtaken(send: Send) -> AWSResponse:
        publishing.rival(met)
        return wrong(send)

    publishing.fault(met, overtaken)
    with pytest.raises(NumberTaken):
        publishing.publish()
    expected = {KEYS[met]: [b"theirs"]}
    assert publishing.versions() == ({KEYS["blob"]: [BLOB]} if met == "plan" else {}) | expected


@either_object
@pytest.mark.parametrize("after", ["answer lost", "500 after the effect", "delivered twice"])
@pytest.mark.parametrize("fault", [lost_before, cut(5), s3_error(503, "SlowDown"), no_connection])
def test_f8_a_read_back_that_fails_is_made_again_until_it_says_whose_it_is(
    publishing: Publishing, met: str, after: str, fault: Fault
) -> None:
    publishing.fault(met, SENT[after][0])
    publishing.wire.next("GetObject", fault, fault)
    publishing.publish()
    assert publishing.wire.left == 0
    assert publishing.versions() == {KEYS["blob"]: [BLOB], KEYS["plan"]: [PLAN_BYTES]}


# Not published, or nobody knows


@pytest.mark.parametrize("served", [False, True], ids=["lost before", "lost after"])
def test_a_store_that_falls_silent_leaves_it_unknown_and_the_next_run_finds_out(
    publishing: Publishing, served: bool
) -> None:
    start = publishing.clock.monotonic()
    publishing.fault("plan", lost_after if served else lost_before)
    publishing.wire.next("GetObject", *[lost_before] * 1000)
    with pytest.raises(Unknown) as raised:
        publishing.publish()
    assert raised.value.rule == "outcome-unknown"
    assert publishing.clock.monotonic() - start <= aws.BUDGET_SECONDS
    assert (KEYS["plan"] in publishing.versions()) == served
    publishing.wire.clear()
    publishing.publish()
    assert publishing.wire.sent == [
        "PutObject",
        "GetObject",
        *["PutObject", *["GetObject"] * served],
    ]
    assert publishing.versions() == {KEYS["blob"]: [BLOB], KEYS["plan"]: [PLAN_BYTES]}


def test_a_store_that_is_unreachable_is_unavailable_with_nothing_changed(
    publishing: Publishing,
) -> None:
    start = publishing.clock.monotonic()
    publishing.fault("blob", *[no_connection] * 1000)
    with pytest.raises(Unavailable) as raised:
        publishing.publish()
    assert type(raised.value) is Unavailable
    assert publishing.clock.monotonic() - start <= aws.BUDGET_SECONDS
    assert publishing.versions() == {}


@either_object
def test_a_store_that_denies_is_refused_with_nothing_more_sent(
    publishing: Publishing, met: str
) -> None:
    publishing.fault(met, s3_error(403, "AccessDenied"))
    with pytest.raises(Refused) as raised:
        publishing.publish()
    assert raised.value.rule == "access-denied"
    assert publishing.wire.sent == ["PutObject"] * (1 if met == "blob" else 2)
    assert KEYS["plan"] not in publishing.versions()


def test_a_key_that_is_taken_and_reads_as_missing_ends_within_bounds(
    publishing: Publishing,
) -> None:
    publishing.fault("blob", *[s3_error(412, "PreconditionFailed")] * 100)
    with pytest.raises(Unknown):
        publishing.publish()
    assert publishing.wire.sent == ["PutObject", "GetObject"] * SENDS_MAX
    assert publishing.versions() == {}


# The SDK


@pytest.mark.parametrize(
    "fault",
    [
        lost_before,
        lost_after,
        no_connection,
        connect_timeout,
        s3_error(500, "InternalError"),
        s3_error(503, "SlowDown"),
        s3_error(503, "ServiceUnavailable"),
        s3_error(409, "ConditionalRequestConflict"),
        s3_error(400, "RequestTimeout"),
        s3_error(429, "TooManyRequestsException"),
        answering(502, b"<html>"),
        answering(200, b"<html>"),
    ],
)
def test_the_sdk_sends_every_request_exactly_once(
    monkeypatch: pytest.MonkeyPatch, ministack_server: Server, fault: Fault
) -> None:
    client = products_client(ministack_server.environment, monkeypatch)
    wire = WireFaults(client)
    requests: dict[str, Callable[[], object]] = {
        "PutObject": lambda: client.put_object(Bucket="b", Key="k", Body=b"", IfNoneMatch="*"),
        "GetObject": lambda: client.get_object(Bucket="b", Key="k"),
        "HeadObject": lambda: client.head_object(Bucket="b", Key="k"),
        "ListObjectsV2": lambda: client.list_objects_v2(Bucket="b"),
        "PutBucketPolicy": lambda: client.put_bucket_policy(Bucket="b", Policy="{}"),
    }
    for operation, request in requests.items():
        wire.clear()
        wire.next(operation, *[fault] * 10)
        with suppress(ClientError, BotoCoreError):
            request()
        assert wire.sent == [operation]


def products_client(environment: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The client that planfence makes, for these settings."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    return aws.client("s3")


# Real sockets


def archive_at(
    endpoint: str, server: Server, monkeypatch: pytest.MonkeyPatch, clock: FixedClock
) -> S3Archive:
    monkeypatch.setattr(aws, "READ_SECONDS", 0.1)
    monkeypatch.setattr(aws, "CONNECT_SECONDS", 0.5)  # also while it waits for "100 Continue"
    settings = {**server.environment, "AWS_ENDPOINT_URL": endpoint}
    client = products_client(settings, monkeypatch)
    return S3Archive("bucket", clock=clock, client=lambda: client)


def test_an_endpoint_where_nobody_listens_is_unavailable(
    ministack_server: Server, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    endpoint = f"http://127.0.0.1:{closed_port}"
    archive = archive_at(endpoint, ministack_server, monkeypatch, FixedClock())
    with pytest.raises(Unavailable, match="Could not connect") as raised:
        archive.create(KEYS["plan"], b"plan")
    assert type(raised.value) is Unavailable
    with pytest.raises(Unavailable, match="Could not connect"):
        archive.read(KEYS["plan"])


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 2", b"hello\n"])
@pytest.mark.parametrize("closes", [False, True], ids=["stays silent", "closes"])
def test_an_endpoint_that_does_not_answer_leaves_a_create_unknown(
    ministack_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    talking: Callable[[bytes, bool], str],
    said: bytes,
    closes: bool,
) -> None:
    endpoint = talking(said, closes)
    archive = archive_at(endpoint, ministack_server, monkeypatch, FixedClock())
    with pytest.raises(Unknown) as raised:
        archive.create(KEYS["plan"], b"plan")
    assert raised.value.rule == "store-unknown"


@pytest.fixture
def closed_port() -> Any:
    """A port of this host that is taken, so that nobody else gets it, and refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def talking() -> Any:
    """An endpoint that says this to each connection, and then nothing more."""
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(listening: socket.socket, said: bytes, closes: bool) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return  # closed: the test is over
            opened.append(connection)
            with suppress(OSError):  # the client may be gone
                connection.recv(65536)
                connection.sendall(said)
                if closes:
                    connection.shutdown(socket.SHUT_RDWR)

    def listen(said: bytes, closes: bool) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)
        threads.append(threading.Thread(target=serve, args=(listening, said, closes)))
        threads[-1].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield listen
    for each in opened:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
    for thread in threads:
        thread.join()
