"""``planfence journal``: what was tried and what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from planfence.app import STREAM, App, Command, Result, shared_options
from planfence.output import Grid, lines, plural

if TYPE_CHECKING:
    from planfence.wiring import Session
    from plans.journal import Entry

LIMIT = 50
TOLD_EVERY = 100


@click.command("journal", cls=Command, short_help="What was tried and what happened. Reads only.")
@click.argument("stream", type=STREAM)
@click.option("--verify", is_flag=True, help="check the chain of all entries instead")
@click.option("--after", metavar="SEQ", type=click.IntRange(min=0), help="entries after this one")
@click.option(
    "--limit", type=click.IntRange(min=1), default=LIMIT, show_default=True, help="how many"
)
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, verify: bool, after: int | None, limit: int) -> Result:
    """Show the newest entries of the journal, or those after SEQ, in order. Only reads.

    --verify reads every entry: no number is missing or repeated, and each names the one before it
    by its hash.

    Exit codes: 0 done; 1 the journal is broken, and where.

    Examples: planfence journal dns/example.com --after 120
              planfence journal dns/example.com --verify
    """
    from functools import partial
    from itertools import islice

    from plans import journal

    if verify and after is not None:
        raise click.UsageError("--verify checks all entries: leave --after out")
    session = app.session()
    session.settings(stream)
    if verify:
        with app.working(f"verifying the journal of {stream}", _length(session, stream)) as told:
            count = journal.verify(session.register, stream, partial(_told, told))
        text = f"the journal of {stream} is whole: {plural(count, 'entry', 'entries')}"
        verified = {"outcome": "done", "verified": True, "count": count, "entries": []}
        return Result(verified, lines(text))
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
    return Result(document, (Grid(tuple(map(_row, entries))),) if entries else ())


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


def _row(entry: Entry) -> tuple[str, ...]:
    from planfence.states import stamp

    plan = f"plan {entry.generation}" if entry.generation else "-"
    details = "; ".join(f"{name}: {value}" for name, value in entry.details.items())
    return str(entry.sequence), stamp(entry.at), entry.kind, plan, entry.by, details
