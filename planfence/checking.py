"""What ``check`` does: every error of every file at once, each with its place. Only reads.

Needs no config file and no stores, and trusts nothing but the file: what a document is, its name on
the command line, its own ``schema`` field or the file's ending say.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import click

from planfence.app import App, Result, UsageRefused
from planfence.check_document import Checked, Finding, check_document
from planfence.config import parse_config
from planfence.output import Line, plural
from plans.errors import Invalid
from plans.kinds.rdata import normal_name
from plans.schema import DOCUMENTS

DESIRED: Final = "desired-state"
POOLS: Final = "pools"
CONFIG: Final = "config"
NAMES: Final = (*DOCUMENTS, DESIRED, CONFIG)
STDIN: Final = "-"

RULES: Final = {
    "unreadable": "the file cannot be read",
    "json-encoding": "not UTF-8, a byte order mark, or half of a surrogate pair",
    "json-syntax": "no JSON, or something behind the document",
    "json-key": "one object has a key twice",
    "json-number": "NaN, Infinity, or a number beyond 64 bits",
    "json-depth": "nested too deep",
    "document-unknown": "nothing says what the document is",
    "schema-version": "a `schema` that this planfence does not know",
    "schema": "not as the document's JSON Schema asks",
    "document-invalid": "what a schema cannot say: impossible dates, numbering, repeats, records",
    "document-not-canonical": "a stored document whose bytes planfence would write otherwise",
    "foreign-stream": "the plan names no stream, or another than the archive's key",
    "foreign-generation": "the plan names another generation than the archive's key",
    "zone": "a name outside the zone that `--zone` gives",
    "desired-invalid": "a zone document with a record set twice, outside, not managed, or no such",
    "desired-state": "octoDNS zone YAML that `planfence plan` would refuse",
    "pools-file": "a file of capacity pools that `planfence plan` would refuse",
    "config": "a planfence.toml that every command would refuse",
}
"""Every rule that a finding may name, and what it says. docs/cli.md lists them."""

Outcome = Literal["done", "refused", "unavailable"]
_EXIT_CODES: Final[dict[Outcome, int]] = {"done": 0, "refused": 3, "unavailable": 5}
_LINE = re.compile(r":([0-9]+):(?:([0-9]+):)? ")
_WORDS: Final[dict[Outcome, str]] = {
    "done": "accepted",
    "refused": "refused",
    "unavailable": "unreadable",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to read the files: what they are, and what zone YAML needs to be told."""

    name: str | None
    zone: str | None
    escaped_semicolons: bool | None


@dataclass(frozen=True, slots=True)
class Report:
    """One file: what it is, if that is known, and what is wrong with it."""

    file: str
    name: str | None
    outcome: Outcome
    findings: tuple[Finding, ...]


def check_files(app: App, files: tuple[str, ...], wanted: Wanted) -> Result:
    """Check each file, and tell of all of them.

    Raises:
        click.UsageError: a zone that is needed is not named, or is no name.
    """
    zones = [_zone_of(file, wanted) for file in files]
    reports = [
        _report(app.outside.folder, file, wanted, zone)
        for file, zone in zip(files, zones, strict=True)
    ]
    outcomes = {report.outcome for report in reports}
    order: tuple[Outcome, ...] = ("refused", "unavailable", "done")
    outcome = next(each for each in order if each in outcomes)
    document = {"outcome": outcome, "files": [_document(report) for report in reports]}
    return Result(document, tuple(_lines(reports)), _EXIT_CODES[outcome])


def _zone_of(file: str, wanted: Wanted) -> str | None:
    """The zone, absolute. YAML is named after its zone, unless ``--zone`` says another."""
    name = wanted.zone
    kind = _kind_of(file, wanted)
    if name is None and kind in {DESIRED, POOLS}:
        if file == STDIN:
            raise click.UsageError("zone YAML on stdin needs --zone NAME")
        name = Path(file).stem
        if kind == POOLS:
            name = name.removesuffix(".pools")
    if name is None:
        return None
    try:
        return normal_name(name, ".")
    except ValueError as error:
        raise click.UsageError(f"--zone NAME for {file}: {error}") from error


def _kind_of(file: str, wanted: Wanted) -> str | None:
    """What a file is by option or ending; None leaves it to the document's own ``schema``."""
    if wanted.name is not None:
        return wanted.name
    if file.lower().endswith((".pools.yaml", ".pools.yml")):
        return POOLS
    endings = {".yaml": DESIRED, ".yml": DESIRED, ".toml": CONFIG}
    return endings.get(Path(file).suffix.lower())


def _report(folder: Path, file: str, wanted: Wanted, zone: str | None) -> Report:
    path = folder / file
    kind = _kind_of(file, wanted)
    try:
        data = stdin_bytes() if file == STDIN else path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        finding = Finding(None, None, None, f"cannot be read: {reason}", "unreadable")
        return Report(file, kind, "unavailable", (finding,))
    checked = _checked(data, path, kind, wanted, zone)
    return Report(file, checked.name, "refused" if checked.findings else "done", checked.findings)


def stdin_bytes() -> bytes:
    """All of stdin.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    stdin: TextIO | None = sys.stdin  # None where the process was started without one
    if stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return stdin.buffer.read()


def _checked(
    data: bytes, path: Path, kind: str | None, wanted: Wanted, zone: str | None
) -> Checked:
    if kind == DESIRED:
        assert zone is not None
        return Checked(kind, tuple(_zone_yaml(data, zone, wanted.escaped_semicolons)))
    if kind == POOLS:
        assert zone is not None
        return Checked(kind, tuple(_pools(data, zone)))
    if kind == CONFIG:
        found = sorted(_config(data, path), key=lambda finding: finding.line or 0)
        return Checked(kind, tuple(found))
    return check_document(data, name=kind, zone=zone, place=path.as_posix())


# Zone YAML


def _zone_yaml(data: bytes, zone: str, escaped_semicolons: bool | None) -> Iterator[Finding]:
    from planner.zone_yaml import parse_zone_yaml

    try:
        parse_zone_yaml(data, "", zone, escaped_semicolons=escaped_semicolons)
    except Invalid as error:
        for problem in error.problems:
            line, column, message = _split(problem)
            yield Finding(None, line, column, message, error.rule)


def _pools(data: bytes, zone: str) -> Iterator[Finding]:
    """What the file alone can tell; whether the zone file keeps the same name, ``plan`` sees."""
    from planner.pools_file import RULE, PoolsReader

    for problem in sorted(PoolsReader(data, zone).problems):
        yield Finding(problem.path, problem.line, None, problem.reason, RULE)


def _split(problem: str) -> tuple[int | None, int | None, str]:
    """``:12:3: reason`` in its parts; what names no line has none."""
    match = _LINE.match(problem)
    if match is None:
        return None, None, problem
    column = match.group(2)
    return int(match.group(1)), int(column) if column else None, problem[match.end() :]


# planfence.toml


def _config(data: bytes, path: Path) -> Iterator[Finding]:
    try:
        parse_config(path, data)
    except UsageRefused as error:
        lines = _toml_lines(data)
        for problem in error.problems:
            line, column, message = _split(problem)
            place, found, reason = problem.partition(": ")
            if line is None and found:
                line = _line_of(lines, place)
                yield Finding(place, line, None, reason, error.rule)
            else:
                yield Finding(None, line, column, message, error.rule)


def _toml_lines(data: bytes) -> dict[str, int]:
    """The line of every table and of every key that stands alone on its line, by its place."""
    lines: dict[str, int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        text = line.strip()
        header = text.startswith("[")
        keys = _keys(text if header else f"{text.partition('=')[0]} = 0")
        if keys is None or (not header and "=" not in text):
            continue
        if header:
            table = keys
        lines.setdefault(_place(keys if header else (*table, *keys)), number)
    return lines


def _keys(text: str) -> tuple[str, ...] | None:
    """The keys that a header or an assignment names; None if it is neither."""
    try:
        value: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    keys: list[str] = []
    while isinstance(value, dict) and len(value) == 1:
        [(key, value)] = value.items()
        keys.append(key)
    return tuple(keys)


def _place(keys: tuple[str, ...]) -> str:
    """As ``planfence.config`` names places: ``streams."dns/example.com".zone``."""
    quoted = [f'"{key}"' if index == 1 else key for index, key in enumerate(keys)]
    return ".".join(quoted if keys[0] == "streams" else keys)


def _line_of(lines: dict[str, int], place: str) -> int | None:
    """The line of a place, or of the nearest table around it."""
    bare = re.sub(r"\[[0-9]+\]$", "", place)
    around = [known for known in lines if bare == known or bare.startswith(f"{known}.")]
    return lines[max(around, key=len)] if around else None


# What is said


def _document(report: Report) -> dict[str, Any]:
    return {
        "file": report.file,
        "document": report.name,
        "outcome": report.outcome,
        "errors": [finding._asdict() for finding in report.findings],
    }


def _lines(reports: list[Report]) -> Iterator[Line]:
    for report in reports:
        for finding in report.findings:
            place = "".join(f":{part}" for part in (finding.line, finding.column) if part)
            path = f"{finding.path}: " if finding.path else ""
            yield Line(f"{report.file}{place}: {path}{finding.message} [{finding.rule}]")
        name = f", {report.name}" if report.name else ""
        count = f", {plural(len(report.findings), 'error')}" if report.findings else ""
        yield Line(f"{report.file}: {_WORDS[report.outcome]}{name}{count}", "loud")
