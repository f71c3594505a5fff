"""Plain scripts work against the strict Route 53, and large zones are quick."""

from __future__ import annotations

import time
from typing import Any
from unittest.mock import Mock

from tests.doubles.route53 import hooks
from tests.doubles.route53.behaviours import create, delete, outcome, record_set
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.core import Settings
from tests.doubles.route53.double import Double
from tests.doubles.route53.wire import Answer

CPU_SECONDS_MAX = 2.0  # of the double alone; it takes a quarter of that on an idle machine


def batches(record_sets: list[dict[str, Any]], size: int) -> list[list[dict[str, Any]]]:
    return [record_sets[at : at + size] for at in range(0, len(record_sets), size)]


def named(count: int) -> list[dict[str, Any]]:
    return [record_set(f"host-{n:05d}.example.com.", "A", "192.0.2.1") for n in range(count)]


def test_a_plain_script_fills_a_zone_with_naive_batches() -> None:
    client = hooks.client(Double(VirtualClock()))
    zone = client.create_hosted_zone(Name="example.com", CallerReference="script")["HostedZone"]
    for batch in batches(named(1_200), 500):
        answer = client.change_resource_record_sets(
            HostedZoneId=zone["Id"], ChangeBatch={"Changes": [*map(create, batch)]}
        )
        client.get_waiter("resource_record_sets_changed").wait(Id=answer["ChangeInfo"]["Id"])
    pages = list(
        client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone["Id"])
    )
    assert [len(page["ResourceRecordSets"]) for page in pages] == [300, 300, 300, 300, 2]
    listed = [each for page in pages for each in page["ResourceRecordSets"]]
    assert listed[2:] == named(1_200)
    assert client.get_hosted_zone(Id=zone["Id"])["HostedZone"]["ResourceRecordSetCount"] == 1_202


def test_a_script_that_heeds_no_limit_is_stopped_by_each() -> None:
    double = Double(VirtualClock(), Settings(throttled=True))
    client, zone = hooks.client(double), double.add_zone("example.com")
    codes = [
        outcome(
            lambda batch=batch: client.change_resource_record_sets(  # type: ignore[misc]
                HostedZoneId=zone, ChangeBatch={"Changes": [*map(create, batch)]}
            )
        )[0]
        for batch in [*batches(named(1_200), 1_001), *batches(named(1_000), 400)]
    ]
    # 1,001 changes are refused and paid for, 199 pass: 300 tokens are left, too few for 400.
    assert codes == ["InvalidChangeBatch", None, "Throttling", "Throttling", None]


def test_ten_thousand_record_sets_take_little_of_the_processor() -> None:
    first, second = large(), large()
    sent = []

    def deliver(method: str, url: str, body: bytes) -> Answer:
        sent.append((method, url, body))
        return first.deliver(method, url, body)

    spied = Mock(spec=Double, deliver=deliver)
    client, zone = hooks.client(spied), "Z000000000001PF"
    others = [record_set(f"x-{n}.example.com.", "A", "192.0.2.1") for n in range(5 * 998)]
    for action in (create, delete):
        for batch in batches(others, 998):
            client.change_resource_record_sets(
                HostedZoneId=zone, ChangeBatch={"Changes": [*map(action, batch)]}
            )
    pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    assert sum(len(page["ResourceRecordSets"]) for page in pages) == 10_002

    began = time.process_time()
    answers = [second.deliver(*request) for request in sent]
    assert time.process_time() - began < CPU_SECONDS_MAX
    assert {answer.status for answer in answers} == {200}
    assert (len(second.history), len(answers)) == (10, 10 + 34)


def large() -> Double:
    double = Double(VirtualClock())
    double.put(double.add_zone("example.com", sets_max=20_000), *named(10_000))
    return double
