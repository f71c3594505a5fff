"""The strict Route 53 throttles requests and changes as AWS documents since 30 July 2026."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.doubles.route53 import hooks
from tests.doubles.route53.behaviours import create, delete, outcome, record_set, upsert
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.core import Settings
from tests.doubles.route53.double import Double


class Account:
    """A throttled account with one zone, of which only the change bucket is looked at."""

    def __init__(self, *, overdraft: bool = False) -> None:
        self.clock = VirtualClock()
        self.double = Double(self.clock, Settings(throttled=True, overdraft=overdraft))
        self.zone = self.double.add_zone("example.com")
        self.client = hooks.client(self.double)

    def change(self, *changes: dict[str, Any]) -> str | None:
        batch = {"Changes": changes}
        return outcome(
            lambda: self.client.change_resource_record_sets(
                HostedZoneId=self.zone, ChangeBatch=batch
            )
        )[0]

    def list(self) -> str | None:
        return outcome(lambda: self.client.list_resource_record_sets(HostedZoneId=self.zone))[0]


def sets(first: int, count: int) -> list[dict[str, Any]]:
    return [
        record_set(f"host-{n}.example.com.", "A", "192.0.2.1") for n in range(first, first + count)
    ]


def test_fifty_requests_may_come_at_once_and_then_ten_a_second() -> None:
    account = Account()
    assert [account.list() for _ in range(51)] == [None] * 50 + ["Throttling"]
    account.clock.sleep(1)
    assert [account.list() for _ in range(11)] == [None] * 10 + ["Throttling"]


def test_throttling_says_so_as_documented() -> None:
    account = Account()
    for _ in range(50):
        account.list()
    with pytest.raises(ClientError) as error:
        account.client.list_hosted_zones()
    assert error.value.response["Error"]["Code"] == "Throttling"
    assert error.value.response["Error"]["Message"] == "Rate exceeded"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("operation", "arguments", "burst", "per_second"),
    [
        ("list_hosted_zones", {}, 50, 10),
        ("list_health_checks", {}, 50, 10),
        ("get_health_check_status", {"HealthCheckId": "none"}, 4, 1),
        ("create_hosted_zone", {"Name": "a..b", "CallerReference": "x"}, 40, 2),
    ],
)
def test_each_operation_has_a_bucket_of_its_own(
    operation: str, arguments: dict[str, str], burst: int, per_second: int
) -> None:
    account = Account()

    def throttled() -> bool:
        call = getattr(account.client, operation)
        return outcome(lambda: call(**arguments))[0] == "Throttling"

    assert [throttled() for _ in range(burst + 1)] == [False] * burst + [True]
    account.clock.sleep(1)
    assert [throttled() for _ in range(per_second + 1)] == [False] * per_second + [True]


def test_all_operations_share_the_accounts_bucket() -> None:
    account = Account()
    assert [account.list() for _ in range(45)] == [None] * 45
    codes = [outcome(account.client.list_hosted_zones)[0] for _ in range(6)]
    assert codes == [None] * 5 + ["Throttling"]


def test_a_bucket_never_holds_more_than_its_maximum() -> None:
    account = Account()
    account.clock.sleep(3600)
    assert [account.list() for _ in range(51)] == [None] * 50 + ["Throttling"]


def test_a_request_that_is_throttled_takes_nothing() -> None:
    account = Account()
    for _ in range(60):
        account.list()
    account.clock.sleep(0.1)
    assert [account.list(), account.list()] == [None, "Throttling"]


def test_fifteen_hundred_changes_may_come_at_once_and_then_a_hundred_a_second() -> None:
    account = Account()
    assert account.change(*map(create, sets(0, 1_000))) is None
    assert account.change(*map(create, sets(1_000, 500))) is None
    assert account.change(*map(create, sets(1_500, 1))) == "Throttling"
    account.clock.sleep(1)
    assert account.change(*map(create, sets(1_500, 101))) == "Throttling"
    assert account.change(*map(create, sets(1_500, 100))) is None


def test_an_upsert_costs_two_changes_and_a_delete_one() -> None:
    account = Account()
    assert account.change(*map(upsert, sets(0, 500))) is None
    assert account.change(*map(delete, sets(0, 500))) is None
    assert account.change(*map(create, sets(0, 1))) == "Throttling"


def test_a_batch_that_is_refused_has_taken_its_changes() -> None:
    account = Account()
    assert account.change(*map(delete, sets(0, 1_000))) == "InvalidChangeBatch"
    assert account.change(*map(create, sets(0, 501))) == "Throttling"


def test_with_an_overdraft_only_an_empty_bucket_refuses() -> None:
    account = Account(overdraft=True)
    assert account.change(*map(create, sets(0, 1_000))) is None
    assert account.change(*map(create, sets(1_000, 1_000))) is None
    assert account.change(*map(create, sets(2_000, 1))) == "Throttling"
    account.clock.sleep(5)
    assert account.change(*map(create, sets(2_000, 1))) == "Throttling"
    account.clock.sleep(0.01)
    assert account.change(*map(create, sets(2_000, 1))) is None


def test_whoever_waits_exactly_long_enough_is_never_refused() -> None:
    account = Account()
    assert account.change(*map(create, sets(0, 1_000))) is None
    assert account.change(*map(create, sets(1_000, 500))) is None
    for n in range(300):
        account.clock.sleep(0.13)  # thirteen changes, in a fraction that floats do not have
        assert account.change(*map(create, sets(10_000 + 13 * n, 13))) is None


def test_nothing_is_throttled_unless_asked() -> None:
    double = Double(VirtualClock())
    client = hooks.client(double)
    for _ in range(200):
        client.list_hosted_zones()


def test_edits_of_others_are_never_held_up() -> None:
    account = Account()
    account.double.edit(account.zone, *map(create, sets(0, 1_000)))
    account.double.edit(account.zone, *map(create, sets(1_000, 1_000)))


# The clock


def test_the_clock_moves_when_somebody_sleeps_on_it() -> None:
    clock = VirtualClock()
    before = clock.now()
    clock.sleep(1.5)
    clock.advance(0.5)
    assert clock.monotonic() == 2.0
    assert (clock.now() - before).total_seconds() == 2.0
    assert clock.slept == [1.5]


def test_nobody_sleeps_for_less_than_no_time() -> None:
    with pytest.raises(ValueError, match="non-negative"):
        VirtualClock().sleep(-1)
