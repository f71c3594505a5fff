"""Credentials that end with the lease: what a session may do, when a new one is got, what is told.

MiniStack enforces the policies of role and session for real, by its own clock. It does not know the
resource of GetChange, so that waiting for propagation is not shown here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from enactor.credentials import (
    RENEWED_AFTER_SECONDS,
    SESSION_SECONDS,
    LeasedCredentials,
    LeasedZones,
    told_time,
    zone_policy,
)
from enactor.route53 import Route53Target
from plans.errors import Refused, Unavailable
from plans.lease import Applicant, LeaseLost, Tenure, acquire, read_lease
from plans.observed.route53_api import Account, ZoneApi
from plans.storage.aws import client
from tests.builders import STREAM, ZONE, FixedClock
from tests.doubles.botocore_faults import WireFaults, answering, no_connection
from tests.doubles.faults import Faults, FaultyRegister, lost_after, lost_before, unavailable
from tests.doubles.memory import MemoryRegister
from tests.emulators.servers import Server, ministack
from tests.enactor.hosted import FIRST, ONE, change, simple

SECONDS = 60
ROLE = "arn:aws:iam::000000000000:role/planfence-target"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DENIED = b"""<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error>
<Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"""


@dataclass
class Sts:
    """Gives sessions, and remembers what was asked for."""

    asked: list[dict[str, Any]] = field(default_factory=list)

    def assume_role(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        number = str(len(self.asked))
        return {
            "Credentials": {
                "AccessKeyId": f"key{number}",
                "SecretAccessKey": "secret",
                "SessionToken": f"token{number}",
            }
        }

    @property
    def ends(self) -> list[str]:
        """The end in each policy that was asked for."""
        policies = [json.loads(each["Policy"]) for each in self.asked]
        return [
            each["Statement"][0]["Condition"]["DateLessThan"]["aws:CurrentTime"]
            for each in policies
        ]


class World:
    """A lease, and what is signed under it. The service's clock is the holder's own."""

    def __init__(self, seconds: int = SECONDS) -> None:
        self.faults = Faults()
        self.register = FaultyRegister(MemoryRegister(), self.faults)
        self.clock = FixedClock()
        self.sts = Sts()
        self.tenure = acquire(self.applicant("ada", seconds))
        self.credentials = LeasedCredentials(ROLE, "Z1", self.tenure, self.clock, lambda: self.sts)

    def applicant(self, name: str, seconds: int) -> Applicant:
        return Applicant(
            self.register,
            STREAM,
            self.clock,
            name,
            name[0] * 32,
            seconds,
            service_now=self.clock.now,
        )

    def signs(self) -> str:
        return str(self.credentials.get_frozen_credentials().access_key)

    def recorded(self) -> datetime:
        lease = read_lease(self.register, STREAM)
        assert lease is not None
        assert lease.ends_at is not None
        return lease.ends_at

    def signs_no_later_than_recorded(self) -> None:
        self.signs()
        assert self.credentials.ends_at is not None
        assert self.credentials.ends_at <= self.recorded()


def test_a_session_is_asked_for_once_for_each_end_of_the_lease() -> None:
    world = World()
    assert [world.signs() for _ in range(3)] == ["key1"] * 3
    world.clock.sleep(10)
    assert world.signs() == "key1"  # nobody renewed
    world.tenure.tick()
    assert [world.signs() for _ in range(2)] == ["key2"] * 2
    assert world.sts.ends == ["2026-01-01T00:00:40Z", "2026-01-01T00:00:50Z"]


def test_a_session_is_named_for_the_attempt_and_asked_for_the_shortest_time() -> None:
    world = World()
    world.signs()
    [asked] = world.sts.asked
    assert asked["RoleArn"] == ROLE
    assert asked["RoleSessionName"] == "planfence-" + "a" * 32
    assert asked["DurationSeconds"] == SESSION_SECONDS


def test_a_session_is_got_anew_before_it_is_over_though_the_lease_is_longer() -> None:
    world = World(seconds=3600)
    world.signs()
    world.clock.sleep(RENEWED_AFTER_SECONDS - 1)
    assert world.signs() == "key1"
    world.clock.sleep(1)
    assert world.signs() == "key2"
    assert world.sts.ends == ["2026-01-01T00:40:00Z"] * 2
    assert RENEWED_AFTER_SECONDS < SESSION_SECONDS


@pytest.mark.parametrize("fault", [lost_before, lost_after, unavailable])
def test_nothing_is_signed_with_an_end_that_may_not_be_in_the_register(fault: Any) -> None:
    world = World()
    world.signs()
    for _ in range(3):
        world.faults.next("write", "lease", fault)
        world.clock.sleep(10)
        world.tenure.tick()
        world.signs_no_later_than_recorded()
        assert world.sts.ends == ["2026-01-01T00:00:40Z"]
    world.tenure.tick()
    world.signs_no_later_than_recorded()
    assert len(world.sts.asked) == 2


def test_what_a_session_may_do_is_this_zone_until_then_and_fits_in_a_request() -> None:
    role = f"arn:aws-us-gov:iam::123456789012:role/{'p' * 400}/{'n' * 64}"
    text = zone_policy(role, "Z" + "9" * 31, NOON)
    assert len(text) <= 2048
    on_zone, on_changes = json.loads(text)["Statement"]
    in_time = {"DateLessThan": {"aws:CurrentTime": "2026-01-01T12:00:00Z"}}
    assert on_zone == {
        "Effect": "Allow",
        "Action": [
            "route53:ChangeResourceRecordSets",
            "route53:GetHostedZone",
            "route53:ListResourceRecordSets",
        ],
        "Resource": f"arn:aws-us-gov:route53:::hostedzone/Z{'9' * 31}",
        "Condition": in_time,
    }
    assert on_changes["Action"] == ["route53:GetChange"]
    assert on_changes["Resource"] == "arn:aws-us-gov:route53:::change/*"
    assert on_changes["Condition"] == in_time


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Thu, 01 Jan 2026 12:00:00 GMT", NOON),
        ("Thu, 01 Jan 2026 12:00:00 -0000", None),  # of no zone
        ("noon", None),
        ("", None),
    ],
)
def test_the_time_of_an_answer_is_told_whole_or_not_at_all(
    text: str, told: datetime | None
) -> None:
    assert told_time({"date": text}) == told


# On a service that keeps the conditions


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with ministack(enforce_iam=True) as server:
        iam = server.client("iam")
        trusted = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        allowed = {"Effect": "Allow", "Action": "route53:*", "Resource": "*"}
        iam.create_role(
            RoleName="planfence-target", AssumeRolePolicyDocument=json.dumps(policy(trusted))
        )
        iam.put_role_policy(
            RoleName="planfence-target", PolicyName="p", PolicyDocument=json.dumps(policy(allowed))
        )
        yield server


def policy(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


class Served:
    """Two zones, and a lease. The holder's clock stands still, the service's does not."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clock = FixedClock()
        self.own = server.client("route53")
        self.zone_id, self.other_zone_id = self.new_zone(), self.new_zone()
        self.account = Account(self.clock, make_client=lambda: self.own)
        self.zones = self.of(self.zone_id)

    def new_zone(self) -> str:
        made = self.own.create_hosted_zone(Name=ZONE, CallerReference=str(uuid.uuid4()))
        return str(made["HostedZone"]["Id"].rpartition("/")[2])

    def of(self, *zone_ids: str, role: str = ROLE) -> LeasedZones:
        return LeasedZones(
            self.account, role, zone_ids, self.clock, lambda: self.server.client("sts")
        )

    def tenure(self, *, ends_in_seconds: float = 40) -> Tenure:
        def now() -> datetime:
            return self.zones.now() + timedelta(seconds=ends_in_seconds - 40)

        applicant = Applicant(
            MemoryRegister(), STREAM, self.clock, "ada", "a" * 32, SECONDS, service_now=now
        )
        return acquire(applicant)

    def target(self, tenure: Tenure, zone_id: str | None = None) -> Route53Target:
        zone_id = zone_id or self.zone_id
        api = ZoneApi(self.zones.account(zone_id, tenure), zone_id)
        return Route53Target(f"route53://{zone_id}", ZONE, api)

    def records(self) -> list[str]:
        found = self.own.list_resource_record_sets(HostedZoneId=self.zone_id)
        return [each["Type"] for each in found["ResourceRecordSets"] if each["Name"] != ZONE]


@pytest.fixture
def served(server: Server, monkeypatch: pytest.MonkeyPatch) -> Served:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    # What a pass falls back to would be denied.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    return Served(server)


def test_a_step_is_written_in_the_role_while_the_lease_lasts(served: Served) -> None:
    tenure = served.tenure()
    served.zones.begin(tenure)
    target = served.target(tenure)
    assert target.read_fence() is None
    target.apply((change("www", None, ONE),), expected=None, fence=FIRST)
    assert target.read_fence() == FIRST
    assert served.records() == ["TXT", "A"]


def test_a_call_after_the_end_is_refused_by_the_service_and_told_as_a_lost_lease(
    served: Served,
) -> None:
    tenure = served.tenure(ends_in_seconds=-1)
    with pytest.raises(LeaseLost, match="refused a call that came after its credentials ended"):
        served.target(tenure).read_fence()
    with pytest.raises(LeaseLost) as caught:
        served.target(tenure).api.change([{"Action": "CREATE", "ResourceRecordSet": simple("www")}])
    assert (caught.value.rule, caught.value.exit_code) == ("lease-lost", 5)
    assert served.records() == []


def test_a_session_is_for_its_zone_only(served: Served) -> None:
    tenure = served.tenure()
    target = served.target(tenure)
    target.api.zone_id = served.other_zone_id
    with pytest.raises(Refused, match=r"denies GetHostedZone.*\[access-denied\]"):
        target.read_fence()
    served.target(tenure, served.other_zone_id).read_fence()  # which gets one of its own


def test_a_role_that_is_not_given_is_a_refusal_of_one_line(served: Served) -> None:
    zones = served.of(served.zone_id, role="arn:aws:iam::000000000000:role/none")
    with pytest.raises(Refused, match=r"asked for the role .*/none, denies AssumeRole") as caught:
        zones.begin(served.tenure())
    assert (caught.value.rule, "\n" in str(caught.value)) == ("access-denied", False)


def test_without_an_answer_of_sts_nothing_is_signed(served: Served) -> None:
    sts = served.server.client("sts")
    WireFaults(sts).next("AssumeRole", *[no_connection] * 100)
    zones = LeasedZones(served.account, ROLE, [served.zone_id], served.clock, lambda: sts)
    with pytest.raises(Unavailable, match=r"AWS STS.* did not serve within 30 s"):
        zones.begin(served.tenure())


def test_a_denial_in_time_or_without_a_time_is_no_lost_lease(served: Served) -> None:
    """Who may do too little would otherwise be told to run the command again, for ever."""
    tenure = served.tenure()
    target = served.target(tenure)
    wire = WireFaults(target.api.account.client)
    assert tenure.lease.ends_at is not None
    in_time = format_datetime(tenure.lease.ends_at - timedelta(seconds=1), usegmt=True)
    at_the_end = format_datetime(tenure.lease.ends_at, usegmt=True)
    for headers in ({"date": in_time}, {}):
        wire.next("GetHostedZone", answering(403, DENIED, **headers))
        with pytest.raises(Refused, match="access-denied"):
            target.read_fence()
    wire.next("GetHostedZone", answering(404, DENIED, date=at_the_end))
    with pytest.raises(Refused, match="access-denied"):
        target.read_fence()
    wire.next("GetHostedZone", answering(403, DENIED, date=at_the_end))
    with pytest.raises(LeaseLost):
        target.read_fence()


def test_the_time_is_that_of_the_services_answer_and_of_its_refusal(served: Served) -> None:
    around = [datetime.now(UTC).replace(microsecond=0), served.zones.now(), datetime.now(UTC)]
    assert sorted(around) == around
    wire = WireFaults(served.own)
    date = format_datetime(NOON, usegmt=True)
    wire.next("GetHostedZone", answering(403, DENIED, date=date))
    assert served.zones.now() == NOON


def test_a_time_that_the_service_did_not_tell_itself_is_none(served: Served) -> None:
    wire = WireFaults(served.own)
    date = format_datetime(NOON, usegmt=True)
    wire.next("GetHostedZone", answering(502, DENIED, date=date))  # a proxy's
    with pytest.raises(Unavailable, match="store-unavailable"):
        served.zones.now()
    assert wire.sent == ["GetHostedZone"]  # one try
    wire.next("GetHostedZone", answering(403, DENIED))
    with pytest.raises(Unavailable, match="asked for its time, does not tell it") as caught:
        served.zones.now()
    assert caught.value.rule == "service-time"


def test_the_rates_of_the_account_are_shared_with_whoever_calls_in_the_role(
    served: Served,
) -> None:
    account = served.zones.account(served.zone_id, served.tenure())
    assert (account.requests, account.changes) == (
        served.account.requests,
        served.account.changes,
    )
    assert account.client is not served.own
    assert served.account.under(served.clock).client is served.own


def test_a_client_with_given_credentials_asks_them_for_each_request(served: Served) -> None:
    world = World()
    made = client("route53", credentials=world.credentials)
    tokens: list[str] = []

    def signed(request: Any, **_: Any) -> None:
        tokens.append(str(request.headers["X-Amz-Security-Token"]).strip("b'"))

    made.meta.events.register("before-send.route-53.*", signed)
    for _ in range(2):
        with pytest.raises(ClientError):  # nobody knows such keys
            made.get_hosted_zone(Id=served.zone_id)
        world.clock.sleep(10)
        world.tenure.tick()
    assert tokens == ["token1", "token2"]
