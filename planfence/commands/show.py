"""``planfence show``: the review of one plan."""

from __future__ import annotations

from typing import Any

import click

from planfence.app import STREAM, App, Command, GenerationNumber, Result, shared_options


@click.command("show", cls=Command, short_help="Review a plan. Reads only.")
@click.argument("stream", type=STREAM)
@click.argument(
    "generation", metavar="[GEN]", type=GenerationNumber("head", "applied"), default="head"
)
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, generation: int | str) -> Result:
    """Show everything that a decision about a plan rests on. Only reads.

    GEN is a generation, `head` (the newest, the default) or `applied`.

    Example: planfence show dns/example.com 7
    """
    from planfence.passes import review_of
    from planfence.states import resolve, standing_document
    from plans.published import read_plan

    session = app.session()
    settings = session.settings(stream)
    number, digest = resolve(session, settings, generation)
    app.about["generation"] = number
    published = read_plan(session.archive, stream, settings.lineage, number, digest)
    app.about["digest"] = published.digest
    report, standing, pools = review_of(app, published, settings)
    document: dict[str, Any] = {
        "outcome": "done",
        **standing_document(standing),
        "warnings": [warning.document() for warning in report.warnings],
        "pools": pools,
    }
    if app.wants_document:
        document["plan"] = published.plan.model_dump(mode="json", by_alias=True)
    return Result(document, report=report)
