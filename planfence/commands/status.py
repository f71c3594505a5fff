"""``planfence status``: what is desired, applied and held, and what each target's fence says."""

from __future__ import annotations

import click

from planfence.app import STREAM, App, Command, Result, shared_options


@click.command("status", cls=Command, short_help="Where streams and targets stand. Reads only.")
@click.argument("stream", type=STREAM, required=False)
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str | None) -> Result:
    """Show head, desired, applied and hold of a stream, and the fence of each target. Only reads.

    Without STREAM: every stream of planfence.toml. A target that cannot be read is shown with the
    reason, and does not fail the command.

    Example: planfence status dns/example.com
    """
    from planfence.standings import status

    return status(app, stream)
