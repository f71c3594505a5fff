"""``planfence.toml``: found upwards from the working directory, read strictly.

An unknown key is an error, because it may be a setting that somebody relies on. Every problem of
the file comes back at once, each with its path.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from planfence.app import UsageRefused
from planfence.route53 import KEYS, role_from, settings_from
from planfence.stores import (
    BUDGET_SECONDS,
    BUDGET_SECONDS_MAX,
    BUDGET_SECONDS_MIN,
    NoPlace,
    archive_place,
    register_place,
)
from planfence.targets import same_target, target_problem
from plans.kinds.plain import canonical_name
from plans.names import valid_stream
from plans.observed.places import is_key_name, key_name, target_id
from plans.observed.route53_settings import Settings as Route53Settings

FILE_NAME: Final = "planfence.toml"
ARCHIVE_DEFAULT: Final = "file:.planfence/archive"
REGISTER_DEFAULT: Final = "sqlite:.planfence/register.db"
KIND: Final = "dns"

_STORE_KEYS: Final = ("archive", "register", "budget_seconds")
_STREAM_KEYS: Final = ("kind", "desired", "zone", "targets", "escaped_semicolons")
_TOML_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """One stream as the file has it. ``desired`` is relative to the file, as written.

    ``targets`` are ids: URLs without their query. ``keys`` has, by id, the TSIG key that it named.
    """

    name: str
    kind: str
    desired: str
    zone: str
    targets: tuple[str, ...]
    escaped_semicolons: bool | None
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file. Paths in it are relative to ``root``, the folder that it lies in.

    ``archive`` and ``register`` are URLs, which ``planfence.stores`` reads.
    """

    path: Path
    archive: str
    register: str
    budget_seconds: int
    streams: Mapping[str, StreamConfig]
    keys: Mapping[str, str]
    """Where a TSIG key is, by its name here; a path."""
    route53: Route53Settings
    role: str | None
    """What an enacting pass calls targets in AWS as; an ARN."""

    @property
    def root(self) -> Path:
        return self.path.parent


def find_config(
    folder: Path, flag: str | None, environment: Mapping[str, str]
) -> tuple[Path, bool]:
    """Where the config file is or, if there is none, would be made; and whether it is there."""
    named = flag or environment.get("PLANFENCE_CONFIG")
    if named:
        path = folder / named
        return path, path.exists()
    for place in (folder, *folder.parents):
        if (place / FILE_NAME).is_file():
            return place / FILE_NAME, True
    return folder / FILE_NAME, False


def read_config(path: Path) -> Config:
    """Read the file.

    Raises:
        UsageRefused: it cannot be read or accepted; every problem is in the error.
    """
    try:
        body = path.read_bytes()
    except OSError as error:
        raise UsageRefused(
            f"{path}: {error.strerror}",
            rule="config",
            remedy="make the file readable, or name another with --config",
        ) from error
    return parse_config(path, body)


def parse_config(path: Path, body: bytes) -> Config:
    """What ``read_config`` does with the file's bytes.

    Raises:
        UsageRefused: they cannot be accepted; every problem is in ``problems``, as
            ``place: reason``, or as ``:line: reason`` where the text is no TOML.
    """
    try:
        data = tomllib.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _not_accepted(path, [f":{line}: not UTF-8 text"]) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _not_accepted(path, [_toml_problem(str(error))]) from error
    reader = _Reader()
    config = reader.config(path, data)
    if reader.problems:
        raise _not_accepted(path, reader.problems)
    return config


def _not_accepted(path: Path, problems: list[str]) -> UsageRefused:
    problem = problems[0]
    if len(problems) > 1:
        what = f"{path}: {len(problems)} problems"
    elif problem.startswith(":"):
        place_and_reason = problem.removeprefix(":")
        what = f"{path}:{place_and_reason}"
    else:
        what = f"{path}: {problem}"
    return UsageRefused(
        what,
        rule="config",
        problems=tuple(problems),
        remedy="correct the file, and try it with `planfence check`",
    )


def _toml_problem(message: str) -> str:
    match = _TOML_PLACE.search(message)
    reason = message[: match.start()] if match else message
    if match is None or match.group(1) is None:
        return f"{reason} at the end of the file"
    return f":{match.group(1)}:{match.group(2)}: {reason}"


class _Reader:
    """Reads the tables, and collects every problem instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def report(self, place: str, reason: str) -> None:
        self.problems.append(f"{place}: {reason}")

    def config(self, path: Path, data: Mapping[str, Any]) -> Config:
        self._unknown("", data, ("stores", "streams", "keys", "route53", "enactor"))
        stores = self._table("stores", data.get("stores", {}))
        self._unknown("stores.", stores, _STORE_KEYS)
        archive = self._store(stores, "archive", ARCHIVE_DEFAULT, archive_place)
        register = self._store(stores, "register", REGISTER_DEFAULT, register_place)
        budget_seconds = self._budget(stores)
        streams: dict[str, StreamConfig] = {}
        for name, table in self._table("streams", data.get("streams", {})).items():
            stream = self._stream(name, table)
            if stream is not None:
                streams[name] = stream
        self._targets_once(path.parent, streams)
        account = self._table("route53", data.get("route53", {}))
        self._unknown("route53.", account, KEYS)
        route53 = settings_from(account, self.report)
        enactor = self._table("enactor", data.get("enactor", {}))
        self._unknown("enactor.", enactor, ("role",))
        role, keys = role_from(enactor, self.report), self._keys(data)
        return Config(path, archive, register, budget_seconds, streams, keys, route53, role)

    def _keys(self, data: Mapping[str, Any]) -> Mapping[str, str]:
        files: dict[str, str] = {}
        for name, value in self._table("keys", data.get("keys", {})).items():
            place = f"keys.{name}"
            if not is_key_name(name):
                self.report(place, "a key's name here has letters, digits, _ . and -, no others")
            table = self._table(place, value)
            self._unknown(f"{place}.", table, ("file",))
            file = self._text(place, table, "file", None) if isinstance(value, dict) else None
            if file is not None:
                files[name] = file
        return files

    def _stream(self, name: str, value: Any) -> StreamConfig | None:
        place = f'streams."{name}"'
        if not valid_stream(name):
            self.report(place, "a stream is kind/name, 2 or 3 segments of a-z 0-9 . _ -")
        if not isinstance(value, dict):
            self.report(place, "must be a table")
            return None
        self._unknown(f"{place}.", value, _STREAM_KEYS)
        kind = self._text(place, value, "kind", KIND if name.startswith(f"{KIND}/") else None)
        if kind is not None and kind != KIND:
            self.report(f"{place}.kind", f"{kind!r} is no kind of this version, which has {KIND}")
        desired = self._text(place, value, "desired", None)
        zone = self._zone(place, value, desired)
        semicolons = value.get("escaped_semicolons")
        if semicolons is not None and not isinstance(semicolons, bool):
            self.report(f"{place}.escaped_semicolons", "must be true or false")
        urls = self._targets(place, value, zone)
        if kind is None or desired is None or zone is None:
            return None
        targets = tuple(map(target_id, urls))
        named = ((target_id(url), key_name(url)) for url in urls)
        keys = {target: key for target, key in named if key is not None}
        return StreamConfig(name, kind, desired, zone, targets, semicolons, keys)

    def _zone(self, place: str, table: Mapping[str, Any], desired: str | None) -> str | None:
        stem = f"{Path(desired).stem}." if desired else None
        zone = self._text(place, table, "zone", stem) if stem or "zone" in table else None
        if zone is None:
            return None
        try:
            return canonical_name(zone, None)
        except ValueError as error:
            self.report(f"{place}.zone", str(error))
            return None

    def _targets(self, place: str, table: Mapping[str, Any], zone: str | None) -> tuple[str, ...]:
        value = table.get("targets")
        place = f"{place}.targets"
        if not isinstance(value, list) or not value:
            self.report(place, "must be a list with at least one target")
            return ()
        targets = []
        for index, url in enumerate(value):
            problem: str | None = "must be text"
            if isinstance(url, str):
                problem = target_problem(url, zone, keyed=True)
            if problem:
                self.report(f"{place}[{index}]", problem)
            else:
                targets.append(url)
        return tuple(targets)

    def _targets_once(self, root: Path, streams: Mapping[str, StreamConfig]) -> None:
        """Two names for one thing would be two fences for it: each would refuse the other."""
        seen: dict[object, str] = {}
        for stream in streams.values():
            place = f'streams."{stream.name}".targets'
            for url in stream.targets:
                thing = same_target(url, root)
                if thing in seen:
                    self.report(place, f"{url} is the same target as {seen[thing]}")
                seen.setdefault(thing, f"{url} of {stream.name}")

    def _store(
        self,
        table: Mapping[str, Any],
        name: str,
        default: str,
        read: Callable[[str, Path], object],
    ) -> str:
        url = self._text("stores", table, name, default)
        try:
            read(url or default, Path())
        except NoPlace as error:
            for problem in error.problems:
                self.report(f"stores.{name}", problem)
        return url or default

    def _budget(self, table: Mapping[str, Any]) -> int:
        value = table.get("budget_seconds", BUDGET_SECONDS)
        # bool is an int to Python, and no number of seconds to anybody.
        if type(value) is int and BUDGET_SECONDS_MIN <= value <= BUDGET_SECONDS_MAX:
            return value
        most = f"{BUDGET_SECONDS_MIN} to {BUDGET_SECONDS_MAX}"
        self.report("stores.budget_seconds", f"must be a whole number of seconds, {most}")
        return BUDGET_SECONDS

    def _text(
        self, place: str, table: Mapping[str, Any], name: str, default: str | None
    ) -> str | None:
        value = table.get(name, default)
        if value is None:
            self.report(f"{place}.{name}", "is missing")
        elif isinstance(value, str) and value:
            return value
        else:
            self.report(f"{place}.{name}", "must be text")
        return None

    def _table(self, place: str, value: Any) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self.report(place, "must be a table")
        return {}

    def _unknown(self, place: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
                self.report(f"{place}{key}", f"unknown key{hint}")
