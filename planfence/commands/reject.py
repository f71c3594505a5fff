"""``planfence reject``: a person's word that a plan is never enacted."""

from __future__ import annotations

import click

from planfence.app import REASON, STREAM, App, Command, GenerationNumber, Result, shared_options


@click.command("reject", cls=Command, short_help="Reject a plan for good.")
@click.argument("stream", type=STREAM)
@click.argument("generation", metavar="GEN", type=GenerationNumber())
@click.option("--reason", type=REASON, required=True, help="why; kept in the journal")
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, generation: int, reason: str) -> Result:
    """Reject a plan for good, while no pass has claimed it.

    Writes a rejection and a journal entry to the register. It cannot be taken back: publish a new
    plan instead. A plan that is being enacted is stopped by `hold` and replaced by `override`.

    Exit codes: 0 rejected; 3 refused (rejected before, or claimed); 4 superseded, there is nothing
    to reject.

    Example: planfence reject dns/example.com 7 --reason "the old mail server is still in use"
    """
    from planfence.decide import reject_plan

    app.about["generation"] = generation
    return reject_plan(app, stream, generation, reason)
