"""What ``metrics`` prints: each stream in numbers, for a monitoring system to alarm on.

Everything comes from the register: its items, and its journal as a ``Follower`` hands it out, in
memory that does not grow with it. The format is Prometheus's text format, version 0.0.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, get_args

from planfence.app import App, Result
from planfence.output import lines, say
from planfence.refusals import refusal_document
from planfence.wiring import Session
from plans.decisions import is_released, read_hold
from plans.errors import Failed, PlanfenceError
from plans.follower import Follower
from plans.journal import EntryKind, read_end
from plans.lease import read_lease
from plans.pointer import read_pointer

KINDS: Final[tuple[str, ...]] = get_args(EntryKind)
TOLD_EVERY: Final = 100


@dataclass(frozen=True, slots=True)
class Measured:
    """One stream in numbers. A generation or epoch of 0: there is none."""

    stream: str
    desired_generation: int
    applied_generation: int
    held: bool
    lease_epoch: int
    lease_held: bool
    standing_generation: int
    journal_last_sequence: int
    journal_entries: dict[str, int]


GAUGES: Final = {
    "desired_generation": "Generation that the pointer desires; 0 before the first claim.",
    "applied_generation": "Generation that is applied on every target; 0 if none was.",
    "held": "1 while a person holds the stream.",
    "lease_epoch": "How often the lease changed hands; 0 where there never was one.",
    "lease_held": "1 while somebody has the lease, or had it and did not give it back.",
    "standing_generation": "Override or rollback that stands and is not released; 0 if none.",
    "journal_last_sequence": "Number of the newest journal entry.",
}
"""By the name of the field of ``Measured``."""


def metrics(app: App, stream: str | None) -> Result:
    """Every stream asked for. One that cannot be read does not hide the others."""
    session = app.session()
    names = [stream] if stream else sorted(session.config.streams)
    if not names:
        app.note(f"{session.config.path.name} has no stream yet")
    measured: list[Measured] = []
    failures: dict[str, PlanfenceError] = {}
    for name in names:
        try:
            measured.append(_measure(app, session, name))
        except PlanfenceError as error:
            if stream:
                raise
            failures[name] = error
            say(f"planfence: {name}: {error.outcome}: {error}")
    documents = [_document(each) for each in measured]
    documents += [_unread(name, error) for name, error in failures.items()]
    documents.sort(key=lambda document: str(document["stream"]))
    outcome = next((error.outcome for error in failures.values()), "done")
    code = max((error.exit_code for error in failures.values()), default=0)
    told = lines(*_exposition(measured, failures)) if names else ()
    return Result({"outcome": outcome, "streams": documents}, told, code)


def _measure(app: App, session: Session, stream: str) -> Measured:
    """Read one stream.

    Raises:
        Failed: its journal is broken, or an entry is missing.
        Refused: there is no such stream, or an item of it is not readable.
        Unavailable: the register does not answer.
    """
    register = session.register
    session.settings(stream)
    pointer = read_pointer(register, stream)
    lease = read_lease(register, stream)
    end = read_end(register, stream)  # first, so that what comes meanwhile is never missing
    follower = Follower(stream, session.clock, gap_seconds=0.0)
    counts = Counter(dict.fromkeys(KINDS, 0))
    standing = 0
    with app.working(f"reading the journal of {stream}", end.sequence) as told:
        for entry in follower.read(register):
            counts[entry.kind] += 1
            if entry.kind in ("override", "rollback"):
                standing = entry.generation or 0
            if entry.sequence % TOLD_EVERY == 0:
                told(entry.sequence)
    if follower.watermark.sequence < end.sequence:
        raise Failed(
            f"the journal of {stream} ends before its last entry",
            rule="journal-broken",
            expected=f"{end.sequence} entries",
            actual=str(follower.watermark.sequence),
            remedy=f"run `planfence journal {stream} --verify`",
        )
    if standing and is_released(register, stream, standing):
        standing = 0
    return Measured(
        stream=stream,
        desired_generation=pointer.desired_generation if pointer else 0,
        applied_generation=pointer.applied_generation if pointer else 0,
        held=read_hold(register, stream, session.clock.now()) is not None,
        lease_epoch=lease.epoch if lease else 0,
        lease_held=lease is not None and lease.state == "held",
        standing_generation=standing,
        journal_last_sequence=follower.watermark.sequence,
        journal_entries=dict(counts),
    )


def _exposition(measured: list[Measured], failures: dict[str, PlanfenceError]) -> Iterator[str]:
    """The lines of the text format. A stream's name needs no escaping in a label."""
    up = {**{each.stream: 1 for each in measured}, **dict.fromkeys(failures, 0)}
    yield from _head("up", "gauge", "1 if the stream's register and journal could be read.")
    yield from (f'planfence_up{{stream="{name}"}} {up[name]}' for name in sorted(up))
    if not measured:
        return
    for field, meaning in GAUGES.items():
        yield from _head(field, "gauge", meaning)
        for each in measured:
            yield f'planfence_{field}{{stream="{each.stream}"}} {int(getattr(each, field))}'
    yield from _head("journal_entries_total", "counter", "Journal entries, by their kind.")
    for each in measured:
        for kind, count in each.journal_entries.items():
            labels = f'stream="{each.stream}",kind="{kind}"'
            yield f"planfence_journal_entries_total{{{labels}}} {count}"


def _head(name: str, kind: str, meaning: str) -> tuple[str, str]:
    return f"# HELP planfence_{name} {meaning}", f"# TYPE planfence_{name} {kind}"


def _document(measured: Measured) -> dict[str, Any]:
    fields = {name: getattr(measured, name) for name in (*GAUGES, "journal_entries")}
    return {"stream": measured.stream, **fields, "error": None}


def _unread(stream: str, error: PlanfenceError) -> dict[str, Any]:
    fields = dict.fromkeys((*GAUGES, "journal_entries"))
    return {"stream": stream, **fields, "error": refusal_document(error)}
