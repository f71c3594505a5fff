"""The capacity pools of a zone, read from the YAML beside its zone file: all, or no one.

``zones/example.com.yaml`` has its pools in ``zones/example.com.pools.yaml``. The same strict subset
of YAML is read as for zones (``planner.yaml_events``), then the JSON Schema says what is wrong, and
then we say what no schema can: addresses, names, repeats. Every problem has its line and its path.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from planner.health import FileCheck, HealthCheck, HttpCheck, Route53Check, TargetGroup
from planner.owners import ancestors, owner_in
from planner.pools import Member, Pool
from planner.yaml_events import Items, Node, Scalar, read_entries
from plans.errors import Invalid, Refused
from plans.faults import Path as Place
from plans.faults import path_text
from plans.kinds.dns import RecordKey
from plans.kinds.pools import HealthAsked, PoolsFile
from plans.kinds.rdata import normal_value, shown

ENDING: Final = ".pools.yaml"
RULE: Final = "pools-file"
REMEDY: Final = "mend the file and plan again"

_ZONE_ENDING = re.compile(r"\.ya?ml$", re.IGNORECASE)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TYPES = ("A", "AAAA", "CNAME")


class Problem(NamedTuple):
    """One thing that is wrong. ``path`` is None for what is no YAML as we read it."""

    line: int
    path: str | None
    reason: str

    @property
    def text(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


@dataclass(frozen=True, slots=True)
class PoolsRead:
    """Every pool of the file, each with its line; SHA-256 and size in bytes of what was read."""

    pools: tuple[Pool, ...]
    lines: tuple[int, ...]
    digest: str
    size: int


def pools_path(zone_file: Path) -> Path:
    """Where the pools of a zone file are, if it has any."""
    return zone_file.with_name(_ZONE_ENDING.sub("", zone_file.name) + ENDING)


def read_pools(path: Path, zone: str) -> PoolsRead | None:
    """Read a zone's pools; None where there is no such file.

    Raises:
        Refused: there is something by that name that cannot be read (``pools-unreadable``), or a
            file that only its ending keeps from being read (``pools-name``).
        Invalid: the file is not accepted (``pools-file``); ``problems`` has all the reasons, each
            as ``path:line: reason``, in the order of lines.
    """
    other = path.with_suffix(".yml")
    if os.path.lexists(other):
        raise Refused(
            f"{other} is not where pools are read from, and is not left aside in silence",
            rule="pools-name",
            expected=path.name,
            actual=other.name,
            remedy="name it as expected",
        )
    if not os.path.lexists(path):  # a link that leads nowhere is not "no pools"
        return None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Refused(
            f"the pools at {path} cannot be read: {error.strerror}",
            rule="pools-unreadable",
            remedy="make the file readable; to have no pools, remove it",
        ) from error
    return parse_pools(data, str(path), zone)


def parse_pools(data: bytes, source: str, zone: str) -> PoolsRead:
    """What ``read_pools`` does with a file's bytes; ``source`` names them in each problem.

    Raises:
        Invalid: as for ``read_pools``.
    """
    reader = PoolsReader(data, zone)
    refuse(source, reader.problems)
    written = PoolsFile.model_validate_json(json.dumps(reader.value)).pools
    pools = tuple(
        Pool(
            pool=key,
            name=owner_in(key if pool.name is None else pool.name, zone),
            type=pool.type,
            ttl=pool.ttl,
            min_members=pool.min_members,
            seen_bad=pool.seen_bad,
            members=tuple(
                Member(
                    member.id,
                    normal_value(pool.type, member.address, None),
                    member.capacity,
                    _check(member.health),
                )
                for member in pool.members
            ),
        )
        for key, pool in written.items()
    )
    lines = tuple(reader.lines["pools", pool.pool] for pool in pools)
    return PoolsRead(pools, lines, hashlib.sha256(data).hexdigest(), len(data))


def refuse_clashes(read: PoolsRead, source: str, zone_keys: Collection[RecordKey]) -> None:
    """What only both files together can tell: nothing is kept by two, and no CNAME has company.

    Raises:
        Invalid: as for ``read_pools``.
    """
    types: dict[str, set[str]] = {}
    for key in zone_keys:
        types.setdefault(key.name, set()).add(key.type)
    problems = []
    for pool, line in zip(read.pools, read.lines, strict=True):
        beside = types.get(pool.name, set())
        above = [name for name in ancestors(pool.name) if "DNAME" in types.get(name, ())]
        path = path_text(("pools", pool.pool))
        if pool.type in beside:
            reason = f"{pool.name} {pool.type} is in the zone file too"
            problems.append(Problem(line, path, reason))
        elif beside and "CNAME" in {pool.type, *beside}:
            others = ", ".join(sorted(beside))
            reason = (
                f"{pool.name} has CNAME beside other data (RFC 2181 section 10.1):"
                f" {pool.type} here, {others} in the zone file"
            )
            problems.append(Problem(line, path, reason))
        if above:
            reason = f"{pool.name} is below the DNAME {above[0]} of the zone file, which hides it"
            problems.append(Problem(line, path, reason))
    refuse(source, problems)


def refuse(source: str, problems: Collection[Problem]) -> None:
    """Raise if there are any.

    Raises:
        Invalid: every problem, in the order of lines.
    """
    if problems:
        texts = [f"{source}:{each.line}: {each.text}" for each in sorted(problems, key=_line)]
        raise Invalid(texts, rule=RULE, remedy=REMEDY)


def _line(problem: Problem) -> int:
    return problem.line


class PoolsReader:
    """The file as JSON would have it, with the line of every place, and all that is wrong."""

    def __init__(self, data: bytes, zone: str) -> None:
        self.zone = zone
        self.lines: dict[Place, int] = {(): 1}
        self.refused: set[Place] = set()
        self.problems: list[Problem] = []
        self.value: dict[str, Any] = {}
        for key, node in read_entries(data, self._problem_at):
            self.lines[(key.text,)] = key.line
            self.value[key.text] = self._plain(node, (key.text,))
        if not self.value:
            if not self.problems:
                self._problem_at(1, "holds no pool; a zone without pools has no such file")
            return
        self._check_schema()
        self._check_meaning()

    def _problem_at(self, line: int, reason: str) -> None:
        self.problems.append(Problem(line, None, reason))

    def _problem(self, place: Place, reason: str) -> None:
        if place in self.refused:  # it is told already what is wrong there
            return
        near = place
        while near not in self.lines:
            near = near[:-1]
        self.problems.append(Problem(self.lines[near], path_text(place), reason))

    def _plain(self, node: Node, place: Place) -> Any:
        """The value of a node. A plain scalar is a number or truth value only if JSON says so."""
        if isinstance(node, Scalar):
            if node.null:
                self._problem(place, "expected a value, found nothing")
                self.refused.add(place)
                return None
            return _scalar(node)
        if isinstance(node, Items):
            found = []
            for index, item in enumerate(node.items):
                at = (*place, index)
                self.lines[at] = node.line if item is None else item.line
                found.append(self._kept(item, at))
            return found
        value = {}
        for key, (line, each) in node.entries.items():
            self.lines[(*place, key)] = line
            value[key] = self._kept(each, (*place, key))
        return value

    def _kept(self, node: Node | None, place: Place) -> Any:
        if node is None:  # reported when it was refused
            self.refused.add(place)
            return None
        return self._plain(node, place)

    def _check_schema(self) -> None:
        from plans.schema_faults import schema_faults  # most zones have no pools, and need it not

        for fault in schema_faults("pools", self.value):
            if fault.path not in self.refused:
                self._problem(fault.place, fault.message)
                self.refused.add(fault.place)

    # What a schema cannot say. Whatever is not of its type is told by the schema already.

    def _check_meaning(self) -> None:
        pools = self.value.get("pools")
        owners: dict[str, list[tuple[str, str]]] = {}
        for key, pool in pools.items() if isinstance(pools, dict) else ():
            if isinstance(pool, dict):
                self._check_owner(key, pool, owners)
                self._check_members(("pools", key), pool)

    def _check_owner(
        self, key: str, pool: dict[str, Any], owners: dict[str, list[tuple[str, str]]]
    ) -> None:
        place: Place = ("pools", key)
        named = pool.get("name", key)
        rdtype = pool.get("type")
        if "name" in pool:
            place = (*place, "name")
        if not isinstance(named, str):
            return
        if "name" in pool and not _WORD.fullmatch(key):
            why = "a pool with a name has a key of letters, digits, '.', '_' and '-', at most 64"
            self._problem(("pools", key), why)
        try:
            name = owner_in(named, self.zone)
        except ValueError as error:
            self._problem(place, str(error))
            return
        if not isinstance(rdtype, str):
            return
        if rdtype == "CNAME" and name == self.zone:
            self._problem(place, "CNAME at the apex: the zone's own NS and SOA are there")
        for other, its_type in owners.get(name, ()):
            line = self.lines["pools", other]
            if its_type == rdtype:
                self._problem(place, f"{name} {rdtype} is in two pools, first at line {line}")
            elif "CNAME" in (rdtype, its_type):
                self._problem(
                    place,
                    f"{name} has CNAME beside other data (RFC 2181 section 10.1), see line {line}",
                )
        owners.setdefault(name, []).append((key, rdtype))

    def _check_members(self, place: Place, pool: dict[str, Any]) -> None:
        members = pool.get("members")
        if not isinstance(members, list):
            return
        least = pool.get("min_members")
        if isinstance(least, int) and least > len(members) > 0:
            self._problem((*place, "min_members"), f"{least} of {len(members)} members")
        ids: dict[str, int] = {}
        addresses: dict[str, int] = {}
        for index, member in enumerate(members):
            if isinstance(member, dict):
                at = (*place, "members", index)
                self._check_repeat((*at, "id"), member.get("id"), ids)
                address = self._address((*at, "address"), pool.get("type"), member.get("address"))
                self._check_repeat((*at, "address"), address, addresses)
                self._check_url(at, member.get("health"))

    def _check_repeat(self, place: Place, text: object, first: dict[str, int]) -> None:
        if isinstance(text, str):
            if text in first:
                self._problem(place, f"{shown(text)} is here twice, first at line {first[text]}")
            first.setdefault(text, self.lines[place])

    def _address(self, place: Place, rdtype: object, address: object) -> str | None:
        """The address in its canonical form; None where it is not one."""
        if not isinstance(address, str) or not isinstance(rdtype, str) or rdtype not in _TYPES:
            return None
        try:
            return normal_value(rdtype, address, None)
        except ValueError as error:
            self._problem(place, str(error))
            return None

    def _check_url(self, place: Place, health: object) -> None:
        probe = health.get("http") if isinstance(health, dict) else None
        url = probe.get("url") if isinstance(probe, dict) else None
        if not isinstance(url, str):
            return
        from planner.health_http import url_problem  # as schema_faults above

        problem = url_problem(url)
        if problem is not None:
            self._problem((*place, "health", "http", "url"), problem)


def _scalar(node: Scalar) -> Any:
    if node.plain and node.text in {"true", "false"}:
        return node.text == "true"
    number = _NUMBER.fullmatch(node.text) if node.plain else None
    if number is None:
        return node.text
    return float(node.text) if number.group(1) else int(node.text)


def _check(health: HealthAsked | None) -> HealthCheck | None:
    if health is None:
        return None
    if health.route53 is not None:
        return Route53Check(health.route53)
    if health.target_group is not None:
        return TargetGroup(health.target_group)
    if health.http is not None:
        return HttpCheck(health.http.url, health.http.timeout_seconds)
    assert health.file is not None
    return FileCheck(health.file)
