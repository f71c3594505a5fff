"""``planfence rollback``: back to what an earlier generation wanted, by a newer one."""

from __future__ import annotations

from typing import Any

import click

from planfence.app import STREAM, App, Command, GenerationNumber, Result, shared_options
from planfence.commands.override import asked, emergency_options


@click.command("rollback", cls=Command, short_help="An emergency: back to an earlier state.")
@click.argument("stream", type=STREAM)
@click.option(
    "--to", metavar="GEN", type=GenerationNumber(), required=True, help="whose desired state"
)
@emergency_options
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, to: int, **given: Any) -> Result:
    """Publish the desired state of an earlier generation as a new one, above all others.

    Writes a plan to the archive and an entry to the journal. With --hold it writes a hold before
    that. With --enact it shows the difference from what is live, and changes the targets. Nothing
    is ever lowered: pointer and fences go up. Otherwise it is as `planfence override`.

    Refused if the plan GEN or its desired state is gone, or if it is applied and nothing differs.

    Exit codes: 0 published, or applied; 3 refused; 4 superseded; 5 unavailable, try again;
    6 applied in part, run the enact command that is shown.

    Examples: planfence rollback dns/example.com --to 6 --reason "7 broke the mail"
              planfence rollback dns/example.com --to 6 --reason outage --hold --enact
    """
    from planfence.overriding import rollback

    return rollback(app, asked("rollback", stream, f"--to {to}", given), to)
