"""Enacts so many creates or updates at Route 53 on a virtual clock, and prints what it took.

``python -m bench.virtual_time create|update COUNT``, run by ``bench.enacting``. Both programs meet
the strict double in this process, with both of the account's throttling limits, from full buckets
and with nobody else at work. planfence is given the double's clock. octoDNS takes none: its SDK's
own waits between attempts are made on the double's clock by replacing ``time.sleep`` while it runs.
How long those are is a matter of chance, so it runs several times.
"""

from __future__ import annotations

import json
import logging
import random
import sys
from collections.abc import Mapping
from typing import Any, Final
from unittest import mock

from octodns.record import Record
from octodns.zone import Zone
from octodns_route53 import Route53Provider

from tests.builders import ZONE
from tests.doubles.route53 import hooks
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.core import Settings
from tests.doubles.route53.double import Double
from tests.enactor.hosted import Hosted, many, simple

# What octoDNS's provider is set to. A knowing operator has it try a call longer, and sends fewer
# changes at once: an update is sent as UPSERT, which the service counts twice.
SETTINGS: Final[Mapping[str, Mapping[str, int]]] = {
    "default": {},
    "tuned": {"client_max_attempts": 20, "max_changes": 500},
}
SEEDS: Final = range(3)
SETS_MAX: Final = 20_000
BEFORE, AFTER = "192.0.2.1", "192.0.2.2"


def planfence(action: str, count: int) -> dict[str, Any]:
    hosted = Hosted(Settings(throttled=True), sets_max=SETS_MAX)
    if action == "update":
        hosted.applied(many("h", 2))
        hosted.double.put(hosted.zone_id, *existing(count))
    published = hosted.publish(many("h", count, AFTER))
    hosted.clock.sleep(60)  # the buckets are full again
    began = hosted.clock.monotonic()
    outcome = hosted.enact(published)
    seconds = hosted.clock.monotonic() - began
    made = applied(hosted.double, hosted.zone_id)
    return {"applied": made, "seconds": seconds, "error": outcome.error and str(outcome.error)}


def octodns(action: str, count: int, setting: str, seed: int) -> dict[str, Any]:
    random.seed(seed)  # botocore draws its waits from it
    clock = VirtualClock()
    double = Double(clock, Settings(throttled=True))
    zone_id = double.add_zone(ZONE, sets_max=SETS_MAX)
    if action == "update":
        double.put(zone_id, *existing(count))
    key, secret = hooks.CREDENTIALS
    provider = Route53Provider(
        "live", access_key_id=key, secret_access_key=secret, **SETTINGS[setting]
    )
    hooks.attach(provider._conn.meta.events, double)
    desired = Zone(ZONE, [])
    for (name, rdtype, _), content in many("h", count, AFTER).items():
        data = {"type": rdtype, "ttl": content.ttl, "value": content.values[0]}
        desired.add_record(Record.new(desired, name.removesuffix(f".{ZONE}"), data))
    error = None
    with mock.patch("time.sleep", clock.sleep):
        try:
            provider.apply(provider.plan(desired))
        except Exception as failure:  # noqa: BLE001 - whatever it ends with is what is shown
            error = str(failure)
    return {"applied": applied(double, zone_id), "seconds": clock.monotonic(), "error": error}


def existing(count: int) -> list[dict[str, Any]]:
    return [simple(f"h{number:05}", BEFORE) for number in range(count)]


def applied(double: Double, zone_id: str) -> int:
    """How many record sets are as they are desired."""
    return sum(
        each["Type"] == "A" and each["ResourceRecords"] == [{"Value": AFTER}]
        for each in double.record_sets(zone_id)
    )


def main() -> None:
    action, count = sys.argv[1], int(sys.argv[2])
    logging.disable()
    found = {
        "planfence": planfence(action, count),
        "octodns": {
            setting: [octodns(action, count, setting, seed) for seed in SEEDS]
            for setting in SETTINGS
        },
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
