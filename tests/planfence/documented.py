"""Holds every JSON that a test makes the command print against its committed schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from planfence.cli import COMMANDS

SCHEMAS = Path(__file__).parents[2] / "schemas"
SEEN: set[str] = set()


def command_of(arguments: Sequence[str]) -> str | None:
    """The command's name as in the schemas' file names; None where none was found."""
    words = [word for word in arguments if word in {*COMMANDS, "set"}]
    if words[:1] == ["stream"]:
        return f"stream-{words[1]}" if words[1:] and words[1] in {"show", "set"} else None
    return words[0] if words else None


@cache
def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"output-{name}.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def check_output(arguments: Sequence[str], text: str) -> None:
    """One JSON document, as the schema of the command that printed it says."""
    name = command_of(arguments) or "refused"
    check_document(name, json.loads(text))


def check_document(name: str, document: Any) -> None:
    errors = [
        f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(document)
    ]
    assert errors == [], f"the JSON of {name} is not as schemas/output-{name}.json says"
    assert list(document)[:2] == ["outcome", "stream"]
    assert list(document)[-1] == "notes"
    SEEN.add(name)
