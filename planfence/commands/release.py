"""``planfence release``: the end of a pause."""

from __future__ import annotations

import click

from planfence.app import STREAM, App, Command, Result, shared_options


@click.command("release", cls=Command, short_help="End a pause.")
@click.argument("stream", type=STREAM)
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str) -> Result:
    """End the hold of a stream, and the standing override or rollback with it.

    Writes to the register: the hold, the release and a journal entry. Does nothing, and says so,
    where nothing is held. What `hold --at-target` protected is set free first.

    Exit codes: 0 released, or nothing to release; 3 or 5 a target may be protected still, and
    nothing was released; 4 somebody else changed the hold.

    Example: planfence release dns/example.com
    """
    from planfence.decide import release_stream

    return release_stream(app, stream)
