"""``planfence list``: the generations of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from planfence.app import STREAM, App, Command, Result, shared_options
from planfence.output import Grid

if TYPE_CHECKING:
    from planfence.states import Shelf
    from planfence.wiring import Session
    from plans.settings import Settings

HEADINGS = ("GEN", "DIGEST", "CREATED", "BY", "ORIGIN", "MODE", "CHANGES", "STATE")

FIELDS = "digest state created_at created_by origin mode summary approvals rule".split()


@click.command("list", cls=Command, short_help="The plans of a stream. Reads only.")
@click.argument("stream", type=STREAM)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="how many")
@shared_options
@click.pass_obj
def command(app: App, /, *, stream: str, limit: int) -> Result:
    """List the generations of a stream, newest first. Only reads.

    STATE is one of
      pending n/m   published, with n of the m approvals it needs
      approved n/m  may be enacted
      desired       claimed by an enactor, not applied on every target yet
      applied       what the pointer says is applied
      rejected, expired, superseded, held (made under a hold): never enacted any more
      conflicting   not the bytes that the pointer names under this generation
      unreadable, pruned: its file cannot be trusted, or is gone on purpose
    and whether it is pinned, or marked to be pruned.

    Example: planfence list dns/example.com --limit 5
    """
    from planfence.pinning import keeping_of
    from planfence.states import generations, take

    session = app.session()
    settings = session.settings(stream)
    numbers = generations(session, stream)
    rows: list[tuple[str, ...]] = []
    plans: list[dict[str, Any]] = []
    shown = numbers[-limit:]
    keeping = keeping_of(session, stream, shown)
    for number in reversed(shown):
        row, document = _entry(session, settings, take(session, settings, number))
        kept = keeping[number]
        rows.append((*row[:-1], row[-1] + kept.text))
        plans.append(document | kept.document)
    if not rows:
        app.note(f"no plan of {stream} is published: `planfence plan {stream}`")
    if len(numbers) > limit:
        app.note(f"{len(numbers) - limit} older ones are not shown: --limit N")
    grids = (Grid(tuple(rows), HEADINGS),) if rows else ()
    return Result({"outcome": "done", "plans": plans, "older": len(numbers) - len(rows)}, grids)


def _entry(
    session: Session, settings: Settings, shelf: Shelf
) -> tuple[tuple[str, ...], dict[str, Any]]:
    from planfence.states import stamp, standing_document, standing_of

    number = shelf.generation
    document: dict[str, Any] = {"generation": number} | dict.fromkeys(FIELDS)
    if shelf.published is None:
        rule = shelf.refusal.rule if shelf.refusal else "unreadable"
        state = "pruned" if rule == "plan-pruned" else "unreadable"
        text = state if state == "pruned" else f"{state} [{rule}]"
        row = (str(number), "-", "-", "-", "-", "-", "-", text)
        return row, document | {"state": state, "rule": rule}
    plan, digest = shelf.published.plan, shelf.published.digest
    standing = standing_of(session, shelf.published, settings)
    summary = plan.summary
    changes = f"+{summary.creates} ~{summary.updates} -{summary.deletes}"
    created = stamp(plan.created_at)
    row = (
        *(str(number), digest[:12], created, plan.created_by, plan.origin, plan.mode),
        *(changes, standing.text),
    )
    return row, document | {
        "digest": digest,
        "created_at": plan.created_at.isoformat(),
        "created_by": plan.created_by,
        "origin": plan.origin,
        "mode": plan.mode,
        "summary": summary.model_dump(mode="json"),
        **standing_document(standing),
    }
