"""JSON Schema 2020-12 of every command's JSON, made as those of the stored documents are.

An output is one of two shapes, told apart by whether it has a ``rule``: what the command says when
it did what was asked, or an error. It is one schema, so that a program needs one for a command.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from planfence.outputs import acting, files, keeping, reviewing
from planfence.outputs.parts import Output, Refused
from plans.schema import DIALECT, model_schema

OUTPUTS: Final[Mapping[str, tuple[type[Output], type[Refused]]]] = {
    "init": (acting.InitOutput, Refused),
    "stream-show": (acting.StreamShowOutput, Refused),
    "stream-set": (acting.StreamSetOutput, Refused),
    "plan": (reviewing.PlanOutput, Refused),
    "list": (reviewing.ListOutput, Refused),
    "show": (reviewing.ShowOutput, Refused),
    "diff": (reviewing.DiffOutput, Refused),
    "approve": (acting.ApproveOutput, Refused),
    "reject": (acting.RejectOutput, Refused),
    "enact": (acting.EnactOutput, acting.EnactRefused),
    "status": (reviewing.StatusOutput, Refused),
    "drift": (reviewing.DriftOutput, reviewing.DriftRefused),
    "dump": (files.DumpOutput, Refused),
    "journal": (acting.JournalOutput, Refused),
    "metrics": (reviewing.MetricsOutput, Refused),
    "hold": (acting.HoldOutput, Refused),
    "release": (acting.ReleaseOutput, Refused),
    "override": (acting.OverrideOutput, acting.OverrideRefused),
    "rollback": (acting.OverrideOutput, acting.OverrideRefused),
    "prune": (keeping.PruneOutput, Refused),
    "pin": (keeping.PinOutput, Refused),
    "unpin": (keeping.PinOutput, Refused),
    "check": (files.CheckOutput, Refused),
    "schema": (files.SchemaOutput, Refused),
    "completion": (files.CompletionOutput, Refused),
}


def output_names() -> tuple[str, ...]:
    """The names of the schemas: one for each command, and that of an error of any of them."""
    return (*(f"output-{name}" for name in OUTPUTS), "output-refused")


def output_about(name: str) -> str:
    """What an output is, in one line."""
    text = _shapes(name)[0].__doc__ or name
    return text.splitlines()[0]


def output_schema(name: str) -> dict[str, Any]:
    """The schema of an output by its name.

    Raises:
        KeyError: there is no such output.
    """
    shapes = _shapes(name)
    definitions: dict[str, Any] = {}
    for shape in shapes:
        body = model_schema(shape)
        definitions |= body.pop("$defs", {})
        definitions[shape.__name__] = body
    done, *refused = ({"$ref": f"#/$defs/{shape.__name__}"} for shape in shapes)
    chosen = {"if": {"required": ["rule"]}, "then": refused[0], "else": done} if refused else done
    return {
        "$schema": DIALECT,
        "$id": f"planfence/{name}/v1",
        "title": f"planfence {name}",
        "description": shapes[0].__doc__,
        "type": "object",
        **chosen,
        "$defs": {key: definitions[key] for key in sorted(definitions)},
    }


def output_schema_text(name: str) -> str:
    """The schema as it is printed and committed: indented JSON with a final newline."""
    return json.dumps(output_schema(name), indent=2, ensure_ascii=False) + "\n"


def _shapes(name: str) -> tuple[type[Output] | type[Refused], ...]:
    command = name.removeprefix("output-")
    return (Refused,) if command == "refused" else OUTPUTS[command]
