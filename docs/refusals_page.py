"""``docs/refusals.md``: every rule that planfence refuses or stops by, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from docs.catalogue import Place, catalogue
from planfence.checking import RULES

NO_REMEDY: Final = {
    "ConditionFailed": "never reaches a person: whoever wrote by condition says what it means",
}
"""Classes of which no error has a remedy, and why."""

_HEADINGS: Final = {
    3: ("Refused", "Something must change first: doing the same again will be refused again."),
    4: ("Superseded, or lost to somebody", "Re-read, then decide again."),
    5: ("Unavailable", "Nothing was changed, or that is not known yet: try again."),
    1: ("Failed", "Broken in a way that neither a retry nor another plan mends."),
    64: ("Usage and configuration", "The command line or a planfence.toml cannot be used."),
}
_TEXT: Final = """\
# Refusals

Generated from the code by `make docs`; `tests/test_refusals.py` fails if it is stale, and if a rule
is named here that no test provokes.

Every error is one line on stderr, `planfence: OUTCOME: WHAT [RULE]: expected X, found Y; REMEDY`.
With `--format json` the same parts are fields. A rule's name is stable; the words around it are
not. What varies is in capitals.
"""


def text() -> str:
    return "\n".join([_TEXT, *_sections(), *_findings(), ""]).replace("\n\n\n", "\n\n")


def _sections() -> Iterator[str]:
    for code, (title, meaning) in _HEADINGS.items():
        yield f"## {code}: {title}\n"
        yield f"{meaning}\n"
        yield "| rule | what | what to do |"
        yield "|---|---|---|"
        yield from sorted({row for place in catalogue() for row in _rows(place, code)})
        yield ""


def _rows(place: Place, code: int) -> Iterator[str]:
    if place.made.exit_code != code or place.made.__name__ in NO_REMEDY:
        return
    remedies = "<br>".join(dict.fromkeys(each for each in place.remedies if each and each != "..."))
    whats = "<br>".join(
        dict.fromkeys(each if each != "..." else "what is wrong, and where" for each in place.whats)
    )
    for rule in place.rules:
        named = whats.replace("RULE", rule)
        yield f"| `{rule}` | {_cell(named)} | {_cell(remedies)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _findings() -> Iterator[str]:
    yield "## What `planfence check` finds\n"
    yield "Each finding of `planfence check` names one of these rules; any of them ends it with 3,"
    yield "but `unreadable` with 5.\n"
    yield "| rule | what |"
    yield "|---|---|"
    for rule, meaning in RULES.items():
        yield f"| `{rule}` | {meaning} |"
