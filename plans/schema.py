"""JSON Schema 2020-12 of every document, from the models. Pure.

Guarantees:

1. A document that its reader accepts is valid under its schema; an unknown field is not.
2. No schema holds ``anyOf`` or ``oneOf``: whoever checks a document by hand gets an error at the
   field that is wrong, never "is not valid under any of the given schemas".
3. Equal models give equal bytes.

It does not say everything: the codec also refuses what is not in canonical form, ``1.0`` where JSON
Schema sees a whole number, and a day that no calendar has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from plans.decisions import Approval, Hold, Rejection
from plans.document import TIMESTAMP, Document
from plans.journal import Entry
from plans.kinds.health import HealthDocument
from plans.kinds.pools import PoolsFile
from plans.kinds.zone import ZoneDocument
from plans.lease import Lease
from plans.marks import Mark, Pin
from plans.mirror import Mirror
from plans.plan import Plan, Tombstone
from plans.pointer import Pointer
from plans.settings import Settings

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

DOCUMENTS: Final[Mapping[str, type[Document]]] = {
    "approval": Approval,
    "entry": Entry,
    "health": HealthDocument,
    "hold": Hold,
    "lease": Lease,
    "mark": Mark,
    "mirror": Mirror,
    "pin": Pin,
    "plan": Plan,
    "pointer": Pointer,
    "pools": PoolsFile,
    "rejection": Rejection,
    "settings": Settings,
    "tombstone": Tombstone,
    "zone": ZoneDocument,
}


def schema_of(name: str) -> dict[str, Any]:
    """The schema of a document by its name in ``DOCUMENTS``.

    Raises:
        KeyError: there is no such document.
    """
    body = model_schema(DOCUMENTS[name])
    return {
        "$schema": DIALECT,
        "$id": f"planfence/{name}/v1",
        "title": f"planfence {name}",
        "description": body.pop("description"),
        **body,
    }


def model_schema(model: type[BaseModel]) -> dict[str, Any]:
    """A model's schema without a head, in the form that guarantee 2 asks for."""
    generated = model.model_json_schema(by_alias=True, mode="validation")
    definitions = generated.pop("$defs", {})
    body = _untitled(_versioned(_readable(generated)))
    if definitions:
        body["$defs"] = {
            key: {"title": key} | _versioned(_readable(definitions[key]))
            for key in sorted(definitions)
        }
    return body


def _versioned(node: dict[str, Any]) -> dict[str, Any]:
    """A stored document says its version, although the model has it as a default."""
    if "const" in node.get("properties", {}).get("schema", {}):
        node["required"] = ["schema", *node["required"]]
    return node


def schema_text(name: str) -> str:
    """The schema as it is printed and committed: indented JSON with a final newline."""
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n"


def _readable(node: dict[str, Any]) -> dict[str, Any]:
    """One schema without ``anyOf``, without the fields' titles, which only repeat their names."""
    if "anyOf" in node:
        rest = {key: value for key, value in node.items() if key not in {"anyOf", "title"}}
        return _nullable(node["anyOf"]) | rest
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            result[key] = {name: _untitled(_readable(part)) for name, part in value.items()}
        elif key in {"items", "additionalProperties"} and isinstance(value, dict):
            result[key] = _readable(value)
        elif key in {"oneOf", "allOf"}:
            raise NotImplementedError(f"say in if/then what {key} would say: {value}")
        else:
            result[key] = value
    if result.get("format") == "date-time":
        result["pattern"] = TIMESTAMP  # a format alone is an annotation: nothing checks it
    return result


def _untitled(node: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key != "title"}


def _nullable(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """``X | None`` with errors that name what is wrong with the X."""
    others = [part for part in parts if part != {"type": "null"}]
    if len(others) != 1 or len(parts) != 2:
        raise NotImplementedError(
            f"a union that is not `X | None` needs a tag and if/then: {parts}"
        )
    [only] = others
    if "$ref" in only:
        return {"type": ["object", "null"], "if": {"type": "object"}, "then": only}
    nullable = _readable(only) | {"type": [only["type"], "null"]}
    if "enum" in nullable:
        nullable["enum"] = [*nullable["enum"], None]
    return nullable
