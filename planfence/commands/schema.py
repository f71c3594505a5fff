"""``planfence schema``: the JSON Schema of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from planfence.app import Command, Result, shared_options
from planfence.output import Line, lines, table

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _names(
    ctx: click.Context,  # noqa: ARG001 - click's signature
    param: click.Parameter,  # noqa: ARG001 - click's signature
    incomplete: str,
) -> list[CompletionItem]:
    from planfence.completing import documents

    return documents(incomplete)


@click.command("schema", cls=Command, short_help="The JSON Schema of a document. Reads only.")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=_names)
@shared_options
def command(*, name: str | None) -> Result:
    """Print the JSON Schema (2020-12) of a document, or of a command's JSON output. Only reads.

    It is made from the code that reads the document or prints the output, so it is this version's.
    Without NAME, list what has one. Needs no planfence.toml.

    Examples: planfence schema
              planfence schema plan > plan.schema.json
              planfence schema output-status
    """
    import json

    from planfence.documents import schemas

    known = schemas()
    if name is None:
        rows = [(each, schema.about) for each, schema in known.items()]
        documents = [{"name": each, "about": schema.about} for each, schema in known.items()]
        document = {"outcome": "done", "schemas": documents}
        return Result(document, tuple(Line(text) for text in table(rows)))
    if name not in known:
        raise click.UsageError(f"there is no document {name!r}, only {', '.join(known)}")
    text = known[name].text()
    document = {"outcome": "done", "name": name, "schema": json.loads(text)}
    return Result(document, lines(*text.splitlines()))
