"""A quick reader for the lines that planfence itself writes into zone files.

dnspython takes a file character by character, which is most of the time of a pass that changes
nothing. A plain line, ``name TTL IN type value`` with a value of ``PLAIN_VALUES``, means one thing
to every reader whatever stands around it: one regular expression finds all of them.

Guarantee: the result equals what ``zone_entries`` reads from the same text, or is None, and then
dnspython must read it. Lines that are not plain (escapes, other types) go to dnspython as
a file of their own, and that is safe because:

1. No line leans on the one before it: name, TTL and class are there, and nothing begins with a
   space or a ``$``.
2. No line goes on in the next: each must begin an entry of its own, and a bracket or a quote left
   open would swallow the next one.
3. There is no carriage return, which ends a line for some readers and not for others.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import Final

from plans.errors import Refused
from plans.kinds.plain import NAME_TEXT_MAX, PLAIN_NAME, PLAIN_VALUES, STRING_TYPES
from plans.observed.entries import Entry

# Below 4,200,000,000: what 32 bits cannot hold is no TTL to dnspython, but the name of a type.
_TTL: Final = r"(?:[1-9][0-9]{0,8}+|0|[1-3][0-9]{9}|4[01][0-9]{8})"
_TYPES: Final = {rdtype: rdtype for rdtype in PLAIN_VALUES}  # one object for each, not one a line
_VALUE: Final = "|".join(rf"(?<= {rdtype} ){value}" for rdtype, value in PLAIN_VALUES.items())
_PLAIN: Final = re.compile(rf"^({PLAIN_NAME}) ({_TTL}) IN ([A-Z]++) ({_VALUE})$", re.MULTILINE)
_WHOLE: Final = re.compile(rf'(?!\$)(?:[^\s"();\\]|\\[!-~])++ {_TTL} IN .++')


def quick_entries(text: str, zone: str) -> list[Entry] | None:
    """Every record of the file in its order, or None if dnspython must read the file."""
    if "\r" in text or not text.endswith("\n"):
        return None
    entries: list[Entry] = []
    others: list[tuple[int, str]] = []
    below = zone if zone == "." else "." + zone
    name = ""
    line, at = 1, 0
    for match in _PLAIN.finditer(text):
        if match.start() != at:
            between = text[at : match.start() - 1].split("\n")
            others += enumerate(between, line)
            line += len(between)
        owner, ttl, rdtype, value = match.groups()
        if owner != name:
            if len(owner) > NAME_TEXT_MAX or not (owner == zone or owner.endswith(below)):
                return None
            name = owner
        if len(value) > NAME_TEXT_MAX and rdtype not in STRING_TYPES:
            return None
        entries.append(Entry(line, name, int(ttl), _TYPES[rdtype], value))
        line += 1
        at = match.end() + 1
    others += enumerate(text[at:-1].split("\n"), line)
    return _with_others(entries, others, zone)


def _with_others(
    entries: list[Entry], others: list[tuple[int, str]], zone: str
) -> list[Entry] | None:
    """``entries`` and those of other lines, which dnspython reads apart from the rest."""
    records = [(number, line) for number, line in others if line and line[0] != ";"]
    if not all(_WHOLE.fullmatch(line) for _, line in records):
        return None
    if not records:
        return entries
    from plans.observed.zone_entries import read_zone_entries  # dnspython: not for every `status`

    try:
        found = read_zone_entries("".join(f"{line}\n" for _, line in records), zone, "")
    except Refused:
        return None  # dnspython reads the whole file, and says which line it is
    if [entry.line for entry in found] != list(range(1, len(records) + 1)):
        return None
    read = [entry._replace(line=number) for entry, (number, _) in zip(found, records, strict=True)]
    return sorted(entries + read, key=itemgetter(0))
