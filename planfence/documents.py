"""Every document and output that has a JSON Schema, by the name that ``planfence schema`` takes.

One mapping: whoever adds a document to it has added it to the command, to its help and to its
error for a name that nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from planfence.outputs.schema import output_about, output_names, output_schema_text
from plans.schema import DOCUMENTS, schema_text


@dataclass(frozen=True, slots=True)
class Schema:
    """What a document is, in one line, and its JSON Schema as it is printed."""

    about: str
    text: Callable[[], str]


def schemas() -> Mapping[str, Schema]:
    """Every schema by name, in the order in which they are listed."""
    documents = {
        name: Schema(_first_sentence(model.__doc__ or name), partial(schema_text, name))
        for name, model in DOCUMENTS.items()
    }
    outputs = {
        name: Schema(_first_sentence(output_about(name)), partial(output_schema_text, name))
        for name in output_names()
    }
    return documents | outputs


def _first_sentence(text: str) -> str:
    return text.splitlines()[0].partition(". ")[0].removesuffix(".").replace("``", "")
