"""A record of a zone file with its place, whoever read it, and the refusal of what is none."""

from __future__ import annotations

from typing import Final, NamedTuple

from plans.errors import Refused

REMEDY: Final = (
    "mend it, or move it aside; then run `planfence plan`, and `planfence enact --adopt`"
    " if its fence is gone with it"
)


class Entry(NamedTuple):
    """A record, and the line of the file on which it begins.

    The name is canonical, and so is the text of types that planfence manages and of the SOA. Other
    types have dnspython's text.
    """

    line: int
    name: str
    ttl: int
    type: str
    text: str


def invalid(source: str, line: int | None, reason: str) -> Refused:
    """The refusal of a file that is no whole zone."""
    where = source if line is None else f"{source} line {line}"
    return Refused(f"{where}: {reason}", rule="zonefile-invalid", remedy=REMEDY)
