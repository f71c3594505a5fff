"""What a shell offers for streams, generations and names: read only, quick, and never an error.

It reads ``planfence.toml`` and the archive's keys, no plan and no register: whoever presses a key
waits for it. Digests are not offered: a digest that is completed is one that nobody reviewed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from click.shell_completion import CompletionItem

from plans.errors import PlanfenceError
from plans.names import generation_of_key, plans_prefix, valid_stream

if TYPE_CHECKING:
    from planfence.app import App
    from planfence.wiring import Session

GENERATIONS_MAX: Final = 30  # the newest
_WORDS: Final = {
    "head": "the newest plan",
    "applied": "what the pointer says is applied",
    "live": "what is on the targets now",
}


def streams(app: App | None, incomplete: str) -> list[CompletionItem]:
    """The streams of planfence.toml."""
    session = _session(app)
    names = session.config.streams if session else {}
    return [
        CompletionItem(name, help=entry.zone)
        for name, entry in names.items()
        if name.startswith(incomplete)
    ]


def generations(
    app: App | None, stream: object, words: Iterable[str], incomplete: str
) -> list[CompletionItem]:
    """The words that a command accepts, and the newest generations of a stream."""
    items = [CompletionItem(word, help=_WORDS.get(word)) for word in words]
    session = _session(app)
    if session is not None and isinstance(stream, str) and valid_stream(stream):
        numbers = sorted(_published(session, stream), reverse=True)
        items += [CompletionItem(str(number)) for number in numbers[:GENERATIONS_MAX]]
    return [item for item in items if item.value.startswith(incomplete)]


def _published(session: Session, stream: str) -> list[int]:
    try:
        keys = session.archive.list(plans_prefix(stream))
        return [number for number in map(generation_of_key, keys) if number is not None]
    except PlanfenceError:
        return []


def _session(app: App | None) -> Session | None:
    """The session of the command line so far. Nothing is said where there is none: a prompt."""
    if app is None:
        return None
    try:
        return app.session()
    except (PlanfenceError, OSError):
        return None


def rules(incomplete: str) -> list[CompletionItem]:
    """The guards that can be waived by name."""
    from plans.guards import WAIVABLE

    return [CompletionItem(rule) for rule in WAIVABLE if rule.startswith(incomplete)]


def documents(incomplete: str) -> list[CompletionItem]:
    """The names that ``planfence schema`` takes."""
    from planfence.documents import schemas

    return [
        CompletionItem(name, help=schema.about)
        for name, schema in schemas().items()
        if name.startswith(incomplete)
    ]
