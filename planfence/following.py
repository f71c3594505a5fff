"""The journal as it grows: each entry shown when it comes, until somebody interrupts."""

from __future__ import annotations

import errno
import json
from collections.abc import Sequence
from typing import Final

from planfence.app import App, Result
from planfence.output import Grid, Style, as_text, say, write_part
from planfence.states import stamp
from plans.errors import Unavailable
from plans.follower import Follower, place_after
from plans.journal import Entry, read_end

LOUD: Final = (
    "override",
    "rollback",
    "break-glass",
    "lease-lost",
    "lease-taken",
)  # shown in capitals
POLL_SECONDS: Final = 2.0


def follow(app: App, stream: str, after: int | None, newest: int) -> Result:
    """Show entries as they come. Ends when nobody reads any more, or when it is interrupted.

    A register that does not answer is told each time, with how long it has been silent, and asked
    again: silence must not look like a journal in which nothing happens.

    Args:
        after: the entry to begin after; None: with the ``newest`` ones.

    Raises:
        Failed: the journal was altered, or an entry of it is missing (``Follower``).
        Refused: the journal has no entry ``after``.
        Unavailable: the output cannot be written; or the register did not answer at the beginning.
    """
    register = app.session().register
    if after is None:
        after = max(0, read_end(register, stream).sequence - newest)
    follower = Follower(stream, app.session().clock, place_after(register, stream, after))
    app.json_lines = True
    try:
        unwritable = _show_all(app, follower)
    except KeyboardInterrupt:
        say(f"planfence: {_go_on(follower)}")
        raise
    if unwritable.errno != errno.EPIPE:
        raise Unavailable(
            f"cannot write the output: {unwritable.strerror}",
            rule="output-unwritable",
            remedy=_go_on(follower),
        )
    return Result({"outcome": "done", "verified": False, "count": 0, "entries": []})


def _show_all(app: App, follower: Follower) -> OSError:
    """Show what comes until it cannot be shown, and return why."""
    session = app.session()
    silent = False
    while True:
        try:
            for entry in follower.read(session.register):
                unwritable = write_part(_text(app, entry))
                if unwritable is not None:
                    return unwritable
            if silent:
                say(f"planfence: the register answers again about {follower.stream}")
            silent = False
        except Unavailable as silence:
            say(
                f"planfence: {silence.outcome}: {silence}; nothing is known of the journal of"
                f" {follower.stream} for {follower.silent_seconds:.0f} s"
            )
            silent = True
        session.clock.sleep(POLL_SECONDS)


def _go_on(follower: Follower) -> str:
    sequence = follower.watermark.sequence
    return f"`planfence journal {follower.stream} --follow --after {sequence}` goes on from here"


def _text(app: App, entry: Entry) -> str:
    if app.flags.format == "json":
        return json.dumps(entry.model_dump(mode="json", by_alias=True)) + "\n"
    return as_text((entry_grid([entry]),), app.outside.environment)


def entry_grid(entries: Sequence[Entry]) -> Grid:
    """Entries for people, one a row; what an emergency did stands out."""
    styles: tuple[Style, ...] = tuple(
        "loud" if entry.kind in LOUD else "plain" for entry in entries
    )
    return Grid(tuple(map(_row, entries)), styles=styles)


def _row(entry: Entry) -> tuple[str, ...]:
    plan = f"plan {entry.generation}" if entry.generation else "-"
    details = "; ".join(f"{name}: {value}" for name, value in entry.details.items())
    kind = entry.kind.upper() if entry.kind in LOUD else entry.kind
    return str(entry.sequence), stamp(entry.at), kind, plan, entry.by, details
