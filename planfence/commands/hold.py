"""``planfence hold``: a person's pause."""

from __future__ import annotations

import click

from planfence.app import REASON, STREAM, App, Command, Result, shared_options


@click.command("hold", cls=Command, short_help="Pause a stream.")
@click.argument("stream", type=STREAM)
@click.option("--reason", type=REASON, required=True, help="why; shown to whoever is refused")
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, reason: str) -> Result:
    """Pause a stream: nothing is claimed, and a running pass stops before its next step.

    Writes the hold and a journal entry to the register. A step that was already sent can still
    land. A plan made under a hold stays ineligible after it.

    Exit codes: 0 held; 3 refused (held already, and by whom).

    Example: planfence hold dns/example.com --reason "provider migration until 18:00"
    """
    from planfence.decide import hold_stream

    return hold_stream(app, stream, reason)
