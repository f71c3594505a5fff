"""Many names in few lines: relative to their zone, runs of numbers as ``web[01-40]``.

Nothing is left out: from the lines every name can be written down again. A name that itself holds
a bracket, a comma or a space stands in quotes, so that no name can pass itself off as a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

RUN_FROM: Final = 3  # numbers in a row before they are told as from-to
WIDTH: Final = 88

_NUMBERED: Final = re.compile(r"([a-z0-9_.*-]*?)([0-9]{1,9})([a-z_.-]*)")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.*@/-]+")


def compact(names: Sequence[str], zone: str) -> list[str]:
    """Lines that list all names.

    Args:
        names: absolute, each once.
        zone: what they are told relative to; its own name is ``@``.
    """
    return _wrapped(_runs(relative(name, zone) for name in names))


def relative(name: str, zone: str) -> str:
    if name == zone:
        return "@"
    return name.removesuffix("." + zone) if zone != "." else name


def _runs(names: Iterable[str]) -> list[str]:
    """Names, numbers in a row taken together, where the first of each stood."""
    parsed = [(name, _NUMBERED.fullmatch(name)) for name in names]
    padded = {
        (match[1], len(match[2]), match[3])
        for _, match in parsed
        if match is not None and match[2].startswith("0")
    }
    groups: dict[tuple[str, str, int], list[tuple[int, str]]] = {}
    for name, match in parsed:
        if match is None:
            groups[name, "", -1] = [(0, name)]
            continue
        before, digits, after = match.groups()
        width = len(digits) if (before, len(digits), after) in padded else 0
        groups.setdefault((before, after, width), []).append((int(digits), name))
    return [
        text
        for (before, after, _), numbered in groups.items()
        for text in _run_texts(before, after, sorted(numbered))
    ]


def _run_texts(before: str, after: str, numbered: list[tuple[int, str]]) -> list[str]:
    texts: list[str] = []
    start = 0
    for index in range(1, len(numbered) + 1):
        if index < len(numbered) and numbered[index][0] == numbered[index - 1][0] + 1:
            continue
        run = [name for _, name in numbered[start:index]]
        if len(run) >= RUN_FROM:
            first, last = (name[len(before) : len(name) - len(after)] for name in (run[0], run[-1]))
            texts.append(f"{before}[{first}-{last}]{after}")
        else:
            texts += [name if _PLAIN.fullmatch(name) else f'"{name}"' for name in run]
        start = index
    return texts


def _wrapped(texts: Iterable[str]) -> list[str]:
    result: list[str] = []
    for text in texts:
        if result and len(result[-1]) + 2 + len(text) <= WIDTH:
            result[-1] += f", {text}"
        else:
            if result:
                result[-1] += ","
            result.append(text)
    return result
