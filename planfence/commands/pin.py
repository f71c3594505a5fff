"""``planfence pin``: a person's word that a plan is kept."""

from __future__ import annotations

import click

from planfence.app import REASON, STREAM, App, Command, GenerationNumber, Result, shared_options


@click.command("pin", cls=Command, short_help="Keep a plan, whatever its age.")
@click.argument("stream", type=STREAM)
@click.argument("generation", metavar="GEN", type=GenerationNumber())
@click.option("--reason", type=REASON, required=True, help="why; shown by prune and list")
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, generation: int, reason: str) -> Result:
    """Keep a plan, whatever its age, until somebody unpins it.

    Writes the pin and a journal entry to the register. A plan that is marked to be pruned cannot be
    pinned: make it too young by --retain-days (`stream set`), and prune withdraws the mark.

    Exit codes: 0 pinned; 3 refused (pinned already, marked, or pruned).

    Example: planfence pin dns/example.com 7 --reason "the state before the migration"
    """
    from planfence.pinning import pin_plan

    app.about["generation"] = generation
    return pin_plan(app, stream, generation, reason)
