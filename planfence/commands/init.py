"""``planfence init``: config file, stores, streams."""

from __future__ import annotations

import click

from planfence.app import App, Command, Result, shared_options


@click.command("init", cls=Command, short_help="Make the config file, the stores and the streams.")
@click.option(
    "--create",
    is_flag=True,
    help="make or mend stores in AWS; make a local one anew although the other exists",
)
@shared_options
@click.pass_obj
def command(app: App, /, *, create: bool) -> Result:
    """Make what is missing, leave what is there: run it as often as you like.

    Writes a commented planfence.toml if there is none here or above. Makes the embedded stores if
    neither is there; where only one is missing it may be lost or not mounted, and --create says
    that it is not. Creates each stream of the file that the register lacks, and copies its targets
    into the register's settings, which bind from then on.

    Stores in AWS are checked, and everything that is missing or wrong is told. --create makes the
    bucket (versioned, closed to the public, by TLS only, with a policy against overwriting) and the
    table (on demand, point-in-time recovery, protected from deletion), and mends what it can of
    those that exist. Needs the role admin: docs/roles.md.

    Exit codes: 0 done; 3 refused (a store is missing or wrong); 5 unavailable; 64 the file is
    wrong.

    Examples: planfence init
              planfence init --create --archive s3://BUCKET/PREFIX --register dynamodb://TABLE
    """
    from planfence.initialise import initialise

    return initialise(app, create=create)
