"""YAML as text: scalars, and trees of maps and lists, that every reader takes for the same.

Text is quoted wherever YAML 1.1 or 1.2 would read a number, a truth value, a date or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import digits
from typing import Final

Tree = str | list["Tree"] | dict[str, "Tree"]
"""YAML to be written. A ``str`` is a scalar as it stands in the file, quotes and all."""

NOTHING: Final = ""

_DIGITS: Final = re.compile(r"([0-9]+)")

# What may stand without quotes. Letters first, and no ': ' or ' #' in it; or an address, which
# octoDNS and everybody else writes bare. A word that YAML 1.1 knows is quoted all the same.
_BARE: Final = re.compile(
    r"[A-Za-z_](?:[A-Za-z0-9_./=+@~^$!%;,\\()-]|:(?=[^ ])| (?=[^ #]))*+(?<![: ])"
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
    r"|[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*+::(?:[0-9a-f]{1,4}:)*[0-9a-f]{1,4}"
)
_WORDS_OF_YAML: Final = frozenset("y n yes no on off true false null".split())


def scalar(text: str) -> str:
    """``text`` as YAML that every reader takes for exactly this text."""
    if _BARE.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08X}"


def natural(text: str) -> tuple[tuple[str | int, ...], str]:
    """The sort key of octoDNS's order: runs of digits count as numbers."""
    # Text and digits by turns, text first though it be empty, so that like meets like.
    first, *rest = _DIGITS.split(text)
    # Not isdigit: that is true of digits that are no decimal ones.
    return (first, *(int(part) if part[0] in digits else part for part in rest if part)), text


def in_natural_order(tree: Mapping[str, Tree]) -> dict[str, Tree]:
    """A map as octoDNS wants it."""
    return dict(sorted(tree.items(), key=lambda item: natural(item[0])))


def lines(tree: Tree, indent: str = "") -> Iterator[str]:
    """A tree as block YAML, line by line."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if isinstance(value, str):
                yield f"{indent}{scalar(key)}: {value}".rstrip()
            else:
                yield f"{indent}{scalar(key)}:"
                yield from lines(value, indent + "  ")
    elif isinstance(tree, list):
        for item in tree:
            if isinstance(item, str):
                yield f"{indent}- {item}"
            else:
                first, *rest = lines(item, indent + "  ")
                yield f"{indent}- {first.removeprefix(indent + '  ')}"
                yield from rest
