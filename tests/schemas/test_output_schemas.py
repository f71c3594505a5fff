"""The schemas of what commands print. That what they print is as these say, every test of the
command checks (``tests/planfence/documented.py``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from planfence.cli import COMMANDS
from planfence.outputs.schema import OUTPUTS, output_about, output_names, output_schema

SCHEMAS = Path(__file__).parents[2] / "schemas"


def objects(schema: Any) -> list[dict[str, Any]]:
    """Every part of a schema that says what fields an object has."""
    found = []
    if isinstance(schema, dict):
        if "properties" in schema:
            found.append(schema)
        found += [part for value in schema.values() for part in objects(value)]
    return found


def test_every_command_has_a_schema() -> None:
    commands = {name for name in COMMANDS if name != "stream"} | {"stream-show", "stream-set"}
    assert set(OUTPUTS) == commands
    assert set(output_names()) == {f"output-{name}" for name in (*commands, "refused")}


@pytest.mark.parametrize("name", output_names())
def test_a_schema_is_valid_names_itself_and_refuses_unknown_fields(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema == output_schema(name)
    assert schema["$id"] == f"planfence/{name}/v1"
    assert schema["description"]
    assert output_about(name)
    assert '"anyOf"' not in json.dumps(schema)
    assert '"oneOf"' not in json.dumps(schema)
    for part in objects(schema):
        assert part["additionalProperties"] is False


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_output_has_outcome_and_stream_and_an_error_has_a_rule(name: str) -> None:
    schema = output_schema(f"output-{name}")
    assert schema["if"] == {"required": ["rule"]}
    done, refused = (
        schema["$defs"][schema[end]["$ref"].split("/")[-1]] for end in ("else", "then")
    )
    for part in (done, refused):
        assert {"outcome", "stream", "notes"} <= set(part["required"])
        assert part["properties"]["outcome"].keys() & {"const", "enum"}
    assert "rule" not in done["properties"]
    assert {"rule", "message", "remedy"} <= set(refused["required"])
    assert "done" not in refused["properties"]["outcome"]["enum"]


def test_an_unknown_field_and_a_missing_one_are_errors() -> None:
    validator = Draft202012Validator(output_schema("output-hold"))
    said = {"by": "a", "reason": "b", "until": None, "at_target": False}
    good: dict[str, Any] = {"outcome": "done", "stream": "dns/a", **said, "notes": []}
    assert validator.is_valid(good)
    assert not validator.is_valid(good | {"more": 1})
    assert not validator.is_valid({key: value for key, value in good.items() if key != "by"})
    assert not validator.is_valid(good | {"rule": "held"})
