"""``planfence diff``: a plan's desired state against what is live, or against another plan's."""

from __future__ import annotations

import click

from planfence.app import STREAM, App, Command, GenerationNumber, Result, shared_options

WORDS = ("head", "applied")


@click.command(
    "diff", cls=Command, short_help="Desired state against live, or two plans. Reads only."
)
@click.argument("stream", type=STREAM)
@click.argument("one", metavar="[GEN]", type=GenerationNumber(*WORDS), default="head")
@click.argument(
    "other", metavar="[GEN|live]", type=GenerationNumber(*WORDS, "live"), default="live"
)
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, one: int | str, other: int | str) -> Result:
    """Show what differs. Only reads.

    With one plan, or against `live`: what would have to change on each target now, for it to hold
    the complete desired state of that plan. With two plans: what turns the first one's desired
    state into the second one's.

    GEN is a generation, `head` (the default) or `applied`.

    Examples: planfence diff dns/example.com
              planfence diff dns/example.com applied live
              planfence diff dns/example.com 6 7
    """
    from planfence.comparing import against_live, between

    if other == "live":
        return against_live(app, stream, one)
    return between(app, stream, one, other)
