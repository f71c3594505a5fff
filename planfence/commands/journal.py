"""``planfence journal``: what was tried and what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from planfence.app import STREAM, App, Command, Result, shared_options
from planfence.output import lines, plural

if TYPE_CHECKING:
    from planfence.wiring import Session

LIMIT = 50
TOLD_EVERY = 100


@click.command("journal", cls=Command, short_help="What was tried and what happened. Reads only.")
@click.argument("stream", type=STREAM)
@click.option("--verify", is_flag=True, help="check the chain of all entries instead")
@click.option("--follow", is_flag=True, help="go on and show each entry as it comes")
@click.option("--after", metavar="SEQ", type=click.IntRange(min=0), help="entries after this one")
@click.option(
    "--limit", type=click.IntRange(min=1), default=LIMIT, show_default=True, help="how many"
)
@shared_options
@click.pass_obj
def command(
    app: App, /, *, stream: str, verify: bool, follow: bool, after: int | None, limit: int
) -> Result:
    """Show the newest entries of the journal, or those after SEQ, in order. Only reads.

    --verify reads every entry: no number is missing or repeated, and each names the one before it
    by its hash.

    --follow begins with the same entries (all of those after SEQ) and does not end: every entry is
    shown when it comes, once and in order. With --format json each is one line. A register that
    does not answer is told on stderr, with how long it has been silent, and asked again. Ends when
    it is interrupted, and says after which entry.

    Exit codes: 0 done; 1 the journal is broken, and where; 130 interrupted.

    Examples: planfence journal dns/example.com --after 120
              planfence journal dns/example.com --verify
              planfence journal dns/example.com --follow --format json
    """
    from itertools import islice

    from plans import journal

    _refuse_contradictions(app, verify=verify, follow=follow, after=after)
    session = app.session()
    session.settings(stream)
    if verify:
        return _verify(app, session, stream)
    from planfence import following

    if follow:
        return following.follow(app, stream, after, limit)
    if after is None:
        entries = journal.recent_entries(session.register, stream, limit)
    else:
        entries = list(islice(journal.read_entries(session.register, stream, after), limit))
    document = {
        "outcome": "done",
        "verified": False,
        "count": len(entries),
        "entries": [entry.model_dump(mode="json", by_alias=True) for entry in entries],
    }
    return Result(document, (following.entry_grid(entries),) if entries else ())


def _refuse_contradictions(app: App, *, verify: bool, follow: bool, after: int | None) -> None:
    if verify and (follow or after is not None):
        raise click.UsageError("--verify checks all entries: leave --after and --follow out")
    if follow and (app.flags.json_into or app.flags.format == "markdown"):
        raise click.UsageError("--follow has no end: leave --json-into and --format markdown out")


def _verify(app: App, session: Session, stream: str) -> Result:
    from functools import partial

    from plans.journal import verify

    with app.working(f"verifying the journal of {stream}", _length(session, stream)) as told:
        count = verify(session.register, stream, partial(_told, told))
    text = f"the journal of {stream} is whole: {plural(count, 'entry', 'entries')}"
    document = {"outcome": "done", "verified": True, "count": count, "entries": []}
    return Result(document, lines(text))


def _told(told: Callable[[int], None], number: int) -> None:
    if number % TOLD_EVERY == 0:
        told(number)


def _length(session: Session, stream: str) -> int | None:
    """How many entries the journal says it has: for the eye only, nothing is trusted yet."""
    from plans.errors import Failed
    from plans.journal import recent_entries

    try:
        newest = recent_entries(session.register, stream, 1)
    except Failed:
        return None  # what is wrong with it, and where first, is for ``verify`` to find
    return newest[-1].sequence if newest else None
