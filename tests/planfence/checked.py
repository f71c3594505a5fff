"""What tests of ``check`` share: bytes to check, and what was found wrong with them."""

from __future__ import annotations

import json
from typing import Any

from tests.planfence.project import Project


def stored(document: Any) -> bytes:
    """The bytes that planfence would store."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


def check(project: Project, *arguments: str, code: int = 3) -> list[dict[str, Any]]:
    """Each file's report, from the JSON."""
    ran = project.run("check", *arguments, "--format", "json")
    assert ran.code == code, ran
    assert ran.err == ""
    files = ran.json["files"]
    assert isinstance(files, list)
    return files


def errors(project: Project, *arguments: str) -> list[tuple[Any, ...]]:
    """Path, line, column and rule of each error of one file."""
    [file] = check(project, *arguments)
    return [
        (error["path"], error["line"], error["column"], error["rule"]) for error in file["errors"]
    ]
