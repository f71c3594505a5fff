"""Zones with octoDNS's dynamic records: an example, and as many others as are asked for.

A zone is a plain tree, as octoDNS's YAML holds it. Health checks are not in it: octoDNS makes them,
and what it made is then written into it (``with_checks``).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any

import yaml

from plans.kinds.rdata import normal_name

ZONE = "example.com."
Tree = dict[str, Any]

# As octoDNS explains them (its docs/dynamic_records.md): two pools by continent, one of them with
# weights, and a third to fall back to; here with every status.
EXAMPLE: Tree = {
    "test": {
        "type": "CNAME",
        "ttl": 60,
        "value": "asia.example.net.",
        "dynamic": {
            "pools": {
                "apac": {"fallback": "na", "values": [{"value": "apac.example.net."}]},
                "eu": {
                    "fallback": "na",
                    "values": [
                        {"value": "eu-2.example.net.", "weight": 2},
                        {"value": "eu-1.example.net.", "weight": 3},
                    ],
                },
                "na": {
                    "values": [
                        {"value": "na-1.example.net."},
                        {"value": "NA-2.example.net.", "weight": 100, "status": "up"},
                        {"value": "na-3.example.net.", "status": "down"},
                    ],
                },
            },
            "rules": [
                {"geos": ["AS", "OC"], "pool": "apac"},
                {"geos": ["AF", "EU", "NA-US-CA"], "pool": "eu"},
                {"pool": "na"},
            ],
        },
    }
}
_POOLS = ("eu", "na", "pool-1", "pool-10", "pool-2", "sa_x", "0", "x" * 48)
# In no order and in no one rule with what they are in. octoDNS reads all of these back.
_PLACES = ("AF-ZA", "AN", "AS-JP", "AS-IN", "EU-DE", "EU-FR", "EU", "NA-US-CA", "NA-US", "NA", "OC")
_NAMES = ("", "*", "www", "a.b", "*.c", "_sip._tcp", "10")


def text_of(zone: Tree) -> str:
    """The zone as YAML that both tools read."""
    return yaml.safe_dump(zone, sort_keys=False)


def generated(seed: int) -> Tree:
    """A zone of one to five names with dynamic records, and a plain one."""
    random = Random(seed)
    zone: Tree = {"plain": {"type": "TXT", "values": ["text"]}}
    for name in random.sample(_NAMES, random.randint(1, 5)):
        kinds = [["A"], ["AAAA"], ["A", "AAAA"]] + [["CNAME"]] * (2 if name else 0)
        zone[name] = [_record(random, rdtype) for rdtype in random.choice(kinds)]
    return zone


def _record(random: Random, rdtype: str) -> Tree:
    names = random.sample(_POOLS, random.randint(1, 4))
    # Each value once: octoDNS takes the status of a value in two pools from one of them, and then
    # finds its own health checks wrong at every run.
    numbers = iter(random.sample(range(1, 250), 60))
    pools: Tree = {}
    for number, name in enumerate(names):
        pools[name] = {"values": _values(random, rdtype, numbers)}
        if random.random() < 0.6:  # only to one that comes later: never in a circle
            pools[name]["fallback"] = random.choice([*names[number + 1 :], None])
    fallbacks = {pool.get("fallback") for pool in pools.values()}
    placed = [name for name in names[:-1] if name not in fallbacks or random.random() < 0.5]
    places = list(_PLACES)
    rules: list[Tree] = []
    for name in placed:
        count = random.randint(1, 2)
        rules.append({"geos": places[:count], "pool": name})
        del places[:count]
    rules.append({"pool": names[-1]})
    return {
        "type": rdtype,
        "ttl": random.choice([0, 60, 3600]),
        "value": _value(next(numbers), rdtype),
        "dynamic": {"pools": dict(random.sample(list(pools.items()), len(pools))), "rules": rules},
    }


def _values(random: Random, rdtype: str, numbers: Iterator[int]) -> list[Tree]:
    chosen = islice(numbers, random.randint(1, 12))
    found: list[Tree] = [{"value": _value(number, rdtype)} for number in chosen]
    for each in found:
        if len(found) > 1 and random.random() < 0.7:
            each["weight"] = random.choice([1, 2, 99, 100])
        if status := random.choice(["up", "down", "obey", None]):
            each["status"] = status
    return found


def _value(number: int, rdtype: str) -> str:
    if rdtype == "A":
        return f"192.0.2.{number}"
    return f"2001:DB8::{number:x}" if rdtype == "AAAA" else f"Host-{number}.example.net."


def with_checks(zone: Tree, sets: Sequence[Mapping[str, Any]]) -> Tree:
    """The zone, each value with the health check that its set in Route 53 has."""
    checks = {
        (raw["Name"], raw["Type"], raw["ResourceRecords"][0]["Value"].lower()): raw["HealthCheckId"]
        for raw in sets
        if "HealthCheckId" in raw
    }
    zone = copy.deepcopy(zone)
    for name, record in _dynamic_records(zone):
        for pool, content in record["dynamic"]["pools"].items():
            below = normal_name(f"_octodns-{pool}-value", normal_name(name, ZONE))
            for value in content["values"]:
                status = value.get("status", "obey")
                place = below.replace("*", r"\052"), record["type"], value["value"].lower()
                if status != "up":
                    key = "health_check" if status == "obey" else "health_check_down"
                    value[key] = checks[place]
    return zone


def _dynamic_records(zone: Tree) -> Iterator[tuple[str, Tree]]:
    for name, records in zone.items():
        for record in records if isinstance(records, list) else [records]:
            if "dynamic" in record:
                yield name, record
