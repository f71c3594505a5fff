"""``planfence approve``: a person's word for exactly these bytes."""

from __future__ import annotations

import click

from planfence.app import (
    STREAM,
    App,
    Command,
    GenerationNumber,
    Result,
    full_digest,
    shared_options,
)


@click.command("approve", cls=Command, short_help="Approve a plan's bytes.")
@click.argument("stream", type=STREAM)
@click.argument("generation", metavar="GEN", type=GenerationNumber())
@click.option("--digest", metavar="D", required=True, help="the plan's digest, all 64 digits")
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, generation: int, digest: str) -> Result:
    """Approve a plan, bound to its digest, until the approval expires.

    Writes an approval and a journal entry to the register. On the embedded stores the approver is
    who PLANFENCE_USER says: a claim, not an authentication.

    Exit codes: 0 approved; 3 refused (other bytes, rejected, your own plan); 4 superseded.

    Example: planfence approve dns/example.com 7 --digest 3f1c...
    """
    from planfence.decide import approve_plan

    app.about["generation"] = generation
    app.about["digest"] = full_digest(digest, stream, generation)
    return approve_plan(app, stream, generation, digest)
