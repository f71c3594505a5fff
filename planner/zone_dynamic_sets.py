"""What octoDNS's ``dynamic`` becomes: the Route 53 record sets that octodns-route53 makes of it.

``dynamic`` has pools of values and rules that choose a pool by place; the record's own values
answer when every pool has failed. For a record of name N and type T these sets of type T are made:

=========================== ======================= ==============================================
name                        identifier              record set
=========================== ======================= ==============================================
``_octodns-default-pool.N`` (a simple set)          TTL and values of the record itself
``_octodns-P-value.N``      ``P-000``, ``P-001``    one value of pool P, by weight; health check
``_octodns-P-pool.N``       ``P-Primary``           failover PRIMARY, alias of P's values
``_octodns-P-pool.N``       ``P-Secondary-F``       failover SECONDARY, alias of pool F, or of
                                                    ``default``
N                           ``0-P-EU``, ``1-P-None`` by place, alias of the rule's pool; the last
                                                    rule is for every place
=========================== ======================= ==============================================

Values are numbered in the order of their text, rules in the order of the file. Every alias
evaluates the health of what it answers with, and points into its own zone. Names, identifiers and
numbers are those of octodns-route53 1.3, to the letter: a zone that octoDNS has kept needs no
change when planfence takes it over.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from planner.geo_codes import EVERYWHERE
from plans.kinds.dns import ALIAS, OWN_ZONE, Records, records
from plans.kinds.rdata import normal_name

DEFAULT_POOL: Final = "default"  # the record's own values


class PoolValue(NamedTuple):
    """A value as canonical text, its weight from 1 to 100, and its health check's id, if any."""

    text: str
    weight: int
    health_check: str | None


class Pool(NamedTuple):
    """Values in the order of their text, and its line. No ``fallback``: the record's own values."""

    values: tuple[PoolValue, ...]
    fallback: str | None
    line: int


class Rule(NamedTuple):
    """Which pool answers queries from where: the attributes of each place, by its code."""

    pool: str
    places: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Dynamic:
    """Pools by name, and the rules in their order; the last has no places and is for all."""

    pools: Mapping[str, Pool]
    rules: tuple[Rule, ...]


def dynamic_sets(
    name: str, ttl: int, texts: list[str], dynamic: Dynamic
) -> dict[str, dict[str, Records]]:
    """The record sets that a dynamic record is, by name and identifier (see the module's table).

    Args:
        name: the record's own.
        ttl: in seconds, of every value.
        texts: its own values, which answer when every pool has failed.

    Raises:
        ValueError: one of their names would be above 255 octets (RFC 1035 section 2.3.4).
    """

    def below(label: str) -> str:
        try:
            return normal_name(f"_octodns-{label}", name)
        except ValueError as error:
            raise ValueError(f"dynamic makes _octodns-{label}.{name}: {error}") from error

    def alias(label: str, *attributes: str) -> Records:
        return Records(
            0, (), tuple(sorted((f"{ALIAS}{OWN_ZONE}:{below(label)}:true", *attributes)))
        )

    found = {below(f"{DEFAULT_POOL}-pool"): {"": records(ttl, texts)}}
    for pool_name, pool in dynamic.pools.items():
        fallback = pool.fallback or DEFAULT_POOL
        found[below(f"{pool_name}-pool")] = {
            f"{pool_name}-Primary": alias(f"{pool_name}-value", "failover=PRIMARY"),
            f"{pool_name}-Secondary-{fallback}": alias(f"{fallback}-pool", "failover=SECONDARY"),
        }
        found[below(f"{pool_name}-value")] = {
            f"{pool_name}-{number:03}": _value(ttl, value)
            for number, value in enumerate(pool.values)
        }
    found[name] = {
        f"{number}-{rule.pool}-{code}": alias(f"{rule.pool}-pool", *attributes)
        for number, rule in enumerate(dynamic.rules)
        for code, attributes in (rule.places or {"None": EVERYWHERE}).items()
    }
    return found


def _value(ttl: int, value: PoolValue) -> Records:
    check = (f"health_check={value.health_check}",) if value.health_check else ()
    return Records(ttl, (value.text,), (*check, f"weight={value.weight}"))
