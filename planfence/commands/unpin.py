"""``planfence unpin``: the end of a pin."""

from __future__ import annotations

import click

from planfence.app import REASON, STREAM, App, Command, GenerationNumber, Result, shared_options


@click.command("unpin", cls=Command, short_help="Take a pin back.")
@click.argument("stream", type=STREAM)
@click.argument("generation", metavar="GEN", type=GenerationNumber())
@click.option("--reason", type=REASON, required=True, help="why; kept in the journal")
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, generation: int, reason: str) -> Result:
    """Take a pin back: the plan is kept only as long as the stream's settings keep it.

    Writes the end of the pin and a journal entry to the register.

    Exit codes: 0 unpinned; 3 refused (it is not pinned); 4 somebody changed the pin meanwhile.

    Example: planfence unpin dns/example.com 7 --reason "the migration is done"
    """
    from planfence.pinning import unpin_plan

    app.about["generation"] = generation
    return unpin_plan(app, stream, generation, reason)
