"""``planfence prune``: bury the plans that nothing needs any more."""

from __future__ import annotations

import click

from planfence.app import STREAM, App, Command, Result, shared_options


@click.command("prune", cls=Command, short_help="Bury the plans that nothing needs any more.")
@click.argument("stream", type=STREAM)
@click.option("--apply", "applies", is_flag=True, help="do it, and do not only say so")
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, applies: bool) -> Result:
    """Say of every plan whether it is kept, and why; with --apply, prune those that are not.

    Writes nothing without --apply. With it a pass does two things:
      mark  writes a mark to the register for each plan that nothing needs: not reachable, older
            than --retain-days and not among the last --retain-count applied (`stream set`)
      bury  replaces those plans that were marked --prune-grace-hours ago by tombstones, and then
            their attachments, if every reason still holds; if not, it withdraws the mark

    Nothing is deleted: a key stays taken for ever, and in a versioned bucket the plan is there as
    the version before. What was interrupted, the next pass finishes. Keep a plan with `pin`.

    Exit codes: 0 done; 3 refused; 4 the stream changed meanwhile; 5 unavailable: run it again.

    Examples: planfence prune dns/example.com
              planfence prune dns/example.com --apply
    """
    from planfence.pruning import prune_stream

    return prune_stream(app, stream, applies=applies)
