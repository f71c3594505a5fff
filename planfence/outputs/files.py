"""The JSON of the commands that are about files and about planfence itself."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from planfence.outputs.parts import Done, Output, Shape


class DumpOutput(Done):
    """What is live on a target, as zone YAML."""

    target: str
    zone: str
    record_sets: int
    left_alone: int
    escaped_semicolons: bool | None
    yaml: str


class FindingShown(Shape):
    """One error of a file, with its place as far as it is known."""

    path: str | None
    line: int | None
    column: int | None
    message: str
    rule: str


class CheckedFile(Shape):
    """One file, what it is, and every error of it."""

    file: str
    document: str | None
    outcome: Literal["done", "refused", "unavailable"]
    errors: list[FindingShown]


class CheckOutput(Output):
    """Every file that was checked."""

    outcome: Literal["done", "refused", "unavailable"]
    files: list[CheckedFile]


class SchemaListed(Shape):
    """A document that has a schema."""

    name: str
    about: str


class SchemaOutput(Done):
    """The schemas there are, or the one that was asked for."""

    schemas: list[SchemaListed] = Field(default_factory=list)
    name: str | None = None
    schema_: dict[str, Any] | None = Field(None, alias="schema")


class CompletionOutput(Done):
    """The script that a shell sources."""

    shell: Literal["bash", "zsh", "fish"]
    script: str
