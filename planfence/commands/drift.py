"""``planfence drift``: what was changed around planfence since the applied plan."""

from __future__ import annotations

import click

from planfence.app import STREAM, App, Command, Result, shared_options

EXIT_DRIFTED = 2


@click.command("drift", cls=Command, short_help="What was changed by hand. Reads only.")
@click.argument("stream", type=STREAM)
@click.option("--detailed-exitcode", is_flag=True, help="2 instead of 0 if anything drifted")
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, detailed_exitcode: bool) -> Result:
    """Compare every target with the plan that is applied, not with the newest one. Only reads.

    Shows what somebody changed around planfence, from applied to live, and each fence that is not
    as the applied plan left it: missing, foreign, of another generation, or not done. Where a newer
    plan is being enacted, what it asks for is no drift. The SOA and records of types that planfence
    does not manage are not looked at.

    Exit codes: 0 unchanged or drifted; 3 refused (nothing is applied yet, or a target holds what
    cannot be read); 5 a target or a store cannot be read, try again.
    With --detailed-exitcode: 0 unchanged; 2 drifted.

    Example: planfence drift dns/example.com --detailed-exitcode
    """
    from planfence.drifting import drift

    return drift(app, stream, EXIT_DRIFTED if detailed_exitcode else 0)
