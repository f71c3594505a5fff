"""octoDNS's ``dynamic`` in zone YAML: pools of values, and rules that choose one by place.

What it becomes is in ``zone_dynamic_sets``. Refused is

* what octoDNS refuses (``octodns/record/dynamic.py``, 1.22), but for its opinion of values, which
  is ``zone_values``';
* what octoDNS reads silently as something else: unknown keys, an empty ``geos``, ``dynamic`` on
  another type;
* what has no such form in Route 53, or is outside the zone: ``subnets``, provinces of Canada.

octoDNS makes health checks too. They are outside the zone, and no fence holds them: planfence makes
none, and is told the ids of those that there are. An id that stands for "always unhealthy" has a
key of its own, so that a new ``status`` alone is refused: it would change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from planner.geo_codes import place
from planner.yaml_events import Items, Map, Node, Report, Scalar, kind
from planner.zone_dynamic_sets import DEFAULT_POOL, Dynamic, Pool, PoolValue, Rule
from planner.zone_values import ValueReader
from plans.kinds.rdata import shown

DYNAMIC_TYPES: Final = ("A", "AAAA", "CNAME")
SETS_MAX: Final = 100  # of one name and type: Developer Guide, "Quotas on records"

# "_octodns-" and "-value" leave 48 of a label's 63 octets. Capitals would be lost: Route 53 keeps
# names in lower case, and octoDNS reads a pool's name from them.
_POOL: Final = re.compile(r"[a-z0-9_-]{1,48}")
_WEIGHT: Final = re.compile(r"[1-9][0-9]?|100")  # octoDNS's; Route 53 takes 0 to 255
_CHECK: Final = re.compile(r"[A-Za-z0-9-]{1,64}")  # API Reference, HealthCheckId: 64 at most
# Which key names the health check of a value, by the value's status.
_CHECK_KEYS: Final = {"up": None, "obey": "health_check", "down": "health_check_down"}
_NEEDS: Final = {
    "obey": "(octoDNS's default) needs a health check, and planfence makes none: add health_check"
    " with the id of one, or status: up",
    "down": "needs a health check that is disabled and inverted, and planfence makes none: add"
    " health_check_down with the id of one, or take the value out",
}


class DynamicReader:
    """Reads ``dynamic``; reports each problem with its line.

    Args:
        values: reads the values in the pools.
        report: takes a line and a reason.
    """

    def __init__(self, values: ValueReader, report: Report) -> None:
        self.values = values
        self._report = report
        self._whole = True

    def read(self, rdtype: str, line: int, node: Node | None) -> Dynamic | None:
        """The ``dynamic`` of a record of a managed type, whose key is at ``line``.

        None if anything in it was refused.
        """
        self._whole = True
        if rdtype not in DYNAMIC_TYPES:
            self._refuse(line, f"dynamic is for {', '.join(DYNAMIC_TYPES)}, not for {rdtype}")
            return None
        found = self._map(node, "dynamic", ("pools", "rules"))
        pools = self._pools(rdtype, found)
        self._check_fallbacks(pools)
        rules = self._rules(found, pools)
        return Dynamic(pools, rules) if self._whole else None

    # Pools

    def _pools(self, rdtype: str, found: Map) -> dict[str, Pool]:
        if "pools" not in found.entries:
            return {}
        line, node = found.entries["pools"]
        if isinstance(node, Map) and not node.entries:
            self._refuse(line, "pools is empty")
        pools = {}
        for name, (at, each) in self._map(node, "pools").entries.items():
            if name == DEFAULT_POOL:
                self._refuse(at, "pool 'default': the name stands for the record's own values")
            elif not _POOL.fullmatch(name):
                self._refuse(
                    at, f"pool {shown(name)}: a pool's name is 1 to 48 of a-z, 0-9, '-' and '_'"
                )
            pools[name] = self._pool(rdtype, f"pool {shown(name)}", at, each)
        return pools

    def _pool(self, rdtype: str, what: str, line: int, node: Node | None) -> Pool:
        found = self._map(node, what, ("values",), ("fallback",))
        fallback = None
        if "fallback" in found.entries and not _is_null(found.entries["fallback"][1]):
            fallback = self._text(found, "fallback", what)  # null is how octoDNS dumps none
        items = self._items(found, "values", what)
        values = [
            value
            for number, each in enumerate(items, start=1)
            if (value := self._value(rdtype, f"{what} value {number}", each)) is not None
        ]
        if len(items) > SETS_MAX:
            self._refuse(line, f"{what} has {len(items)} values; {SETS_MAX} are the most")
        if len(items) == 1 and any(value.weight != 1 for value in values):
            self._refuse(line, f"{what} has one value, whose weight can only be 1")
        values.sort(key=lambda value: value.text)
        return Pool(tuple(values), fallback, line)

    def _value(self, rdtype: str, what: str, node: Node | None) -> PoolValue | None:
        found = self._map(
            node, what, ("value",), ("weight", "status", "health_check", "health_check_down")
        )
        if not found.entries:
            return None
        weight, check = self._weight(found, what), self._health_check(found, what)
        _, written = found.entries.get("value", (found.line, None))
        text = None if written is None else self.values.read(rdtype, written)
        if text is None:
            self._whole = False  # reported by whoever read it
            return None
        return PoolValue(text, weight, check)

    def _weight(self, found: Map, what: str) -> int:
        if "weight" not in found.entries:
            return 1
        line, node = found.entries["weight"]
        if isinstance(node, Scalar) and node.plain and _WEIGHT.fullmatch(node.text):
            return int(node.text)
        self._whole = False
        if node is not None:
            said = shown(node.text) if isinstance(node, Scalar) else kind(node)
            self._refuse(
                line, f"{what} weight: expected a plain number from 1 to 100, found {said}"
            )
        return 1

    def _health_check(self, found: Map, what: str) -> str | None:
        """The id that goes with the status. A key that goes with another status is refused."""
        status = self._text(found, "status", what) if "status" in found.entries else "obey"
        if status is None:
            return None
        if status not in _CHECK_KEYS:
            line, _ = found.entries["status"]
            self._refuse(line, f"{what} status: expected up, down or obey, found {shown(status)}")
            return None
        wanted = _CHECK_KEYS[status]
        for key in ("health_check", "health_check_down"):
            if key != wanted and key in found.entries:
                line, _ = found.entries[key]
                self._refuse(line, f"{what}: {key} has no use where status is {status}")
        if wanted is None:
            return None
        if wanted not in found.entries:
            self._refuse(found.line, f"{what}: status {status} {_NEEDS[status]}")
            return None
        check = self._text(found, wanted, what)
        if check is not None and not _CHECK.fullmatch(check):
            line, _ = found.entries[wanted]
            self._refuse(line, f"{what} {wanted}: {shown(check)} is no health check's id")
        return check

    def _check_fallbacks(self, pools: Mapping[str, Pool]) -> None:
        seen: set[str] = set()
        for name, pool in pools.items():
            if pool.fallback is not None and pool.fallback not in pools:
                self._refuse(
                    pool.line,
                    f"pool {shown(name)} falls back to {shown(pool.fallback)}, which is no pool",
                )
            path: list[str] = []
            at: str | None = name
            while at is not None and at in pools and at not in seen:
                seen.add(at)
                path.append(at)
                at = pools[at].fallback
            if at is not None and at in path:
                chain = " -> ".join([*path[path.index(at) :], at])
                self._refuse(pools[at].line, f"pools fall back in a circle: {chain}")

    # Rules

    def _rules(self, found: Map, pools: Mapping[str, Pool]) -> tuple[Rule, ...]:
        """The rules that can be read, each checked against those before it."""
        items = self._items(found, "rules", "dynamic")
        rules: list[Rule] = []
        seen: dict[str, int] = {}
        for number, node in enumerate(items, start=1):
            what = f"rule {number}"
            written = self._map(node, what, ("pool",), ("geos", "subnets"))
            places = self._places(written, what, number, seen)
            if "geos" in written.entries and number == len(items):
                self._refuse(written.line, f"{what} is the last: it is for all and has no geos")
            elif "geos" not in written.entries and number < len(items) and isinstance(node, Map):
                self._refuse(node.line, f"{what} has no geos: such a rule is the last, and alone")
            pool = self._text(written, "pool", what)
            if pool is not None:
                if pool not in pools:
                    self._refuse(written.line, f"{what}: there is no pool {shown(pool)}")
                elif places and any(pool == rule.pool for rule in rules):
                    self._refuse(written.line, f"{what}: pool {shown(pool)} has a rule; join them")
                rules.append(Rule(pool, places))
        if items and len(rules) == len(items):
            self._check_counts(found, pools, rules)
        return tuple(rules)

    def _check_counts(self, found: Map, pools: Mapping[str, Pool], rules: Sequence[Rule]) -> None:
        used = {rule.pool for rule in rules} | {pool.fallback for pool in pools.values()}
        for name in pools:
            if name not in used:
                self._refuse(
                    pools[name].line, f"pool {shown(name)} is used by no rule and no fallback"
                )
        sets = sum(len(rule.places) or 1 for rule in rules)
        if sets > SETS_MAX:
            line, _ = found.entries["rules"]
            self._refuse(line, f"the rules make {sets} record sets; {SETS_MAX} are the most")

    def _places(
        self, rule: Map, what: str, number: int, seen: dict[str, int]
    ) -> dict[str, tuple[str, ...]]:
        """What ``geos`` means. As in octoDNS, no place comes after one that is or holds it."""
        if "subnets" in rule.entries:
            line, _ = rule.entries["subnets"]
            self._refuse(
                line,
                f"{what}: subnets need a CIDR collection, which is outside the zone and planfence"
                " does not make; write routing with cidr",
            )
        places: dict[str, tuple[str, ...]] = {}
        texts = []
        for node in self._items(rule, "geos", what):
            if isinstance(node, Scalar):
                texts.append(node)
            else:
                self._refuse(node.line, f"{what} geos: expected text, found {kind(node)}")
        for code, _, line in sorted(texts):
            if before := next((each for each in seen if f"{code}-".startswith(f"{each}-")), ""):
                where = seen[before]
                self._refuse(
                    line, f"{what}: {shown(code)} is in {shown(before)}, which rule {where} has"
                )
            seen[code] = number
            try:
                places[code] = place(code)
            except ValueError as error:
                self._refuse(line, f"{what}: {shown(code)}: {error}")
        return places

    # Parts

    def _refuse(self, line: int, reason: str) -> None:
        self._whole = False
        self._report(line, reason)

    def _map(
        self,
        node: Node | None,
        what: str,
        required: tuple[str, ...] | None = None,
        optional: tuple[str, ...] = (),
    ) -> Map:
        """A map that has the required keys and no others; without ``required``, any keys.

        An empty one for what is none, so that reading goes on.
        """
        if not isinstance(node, Map):
            self._whole = False  # None was reported by whoever read it
            if node is not None:
                self._refuse(node.line, f"{what}: expected a map, found {kind(node)}")
            return Map({}, 0)
        if required is not None:
            for key, (line, _) in node.entries.items():
                if key not in (*required, *optional):
                    self._refuse(line, f"{what}: unknown key {shown(key)}")
            for key in required:
                if key not in node.entries:
                    self._refuse(node.line, f"{what}: {key} is missing")
        return node

    def _items(self, found: Map, key: str, what: str) -> list[Node]:
        """The items of a list, which has some; none where there is no such key."""
        if key not in found.entries:
            return []
        line, node = found.entries[key]
        if not isinstance(node, Items):
            self._whole = False
            if node is not None:
                self._refuse(line, f"{what} {key}: expected a list, found {kind(node)}")
            return []
        if not node.items:
            self._refuse(line, f"{what}: {key} is empty")
        items = [item for item in node.items if item is not None]
        self._whole = self._whole and len(items) == len(node.items)
        return items

    def _text(self, found: Map, key: str, what: str) -> str | None:
        if key not in found.entries:
            return None
        line, node = found.entries[key]
        if isinstance(node, Scalar) and not node.null:
            return node.text
        self._whole = False
        if node is not None:
            self._refuse(line, f"{what} {key}: expected text, found {kind(node)}")
        return None


def _is_null(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.null
