"""``planfence init``: config file, stores, streams."""

from __future__ import annotations

import click

from planfence.app import App, Command, Result, shared_options


@click.command("init", cls=Command, short_help="Make the config file, the stores and the streams.")
@click.option("--create", is_flag=True, help="make a store anew although the other one exists")
@shared_options
@click.pass_obj
def command(app: App, /, *, create: bool) -> Result:
    """Make what is missing, leave what is there: run it as often as you like.

    Writes a commented planfence.toml if there is none here or above. Makes the embedded stores if
    neither is there; where only one is missing it may be lost or not mounted, and --create says
    that it is not. Creates each stream of the file that the register lacks, and copies its targets
    into the register's settings, which bind from then on.

    Exit codes: 0 done; 3 refused (one store is missing); 5 unavailable; 64 the file is wrong.

    Example: planfence init
    """
    from planfence.initialise import initialise

    return initialise(app, create=create)
