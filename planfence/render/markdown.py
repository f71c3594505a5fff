"""Markdown that holds text from documents and cannot be taken over by it.

Guarantees:

1. Text that is not our own stands in a code block or a code element, and nowhere else: there it is
   no markup, no HTML, no mention of a person or an issue, and no link.
2. It cannot leave them. It has no line breaks; a block is fenced by more backticks than any of its
   rows has; where a backtick or a bar could end a piece of code, all but letters and digits are
   numeric entities, which are never structure (CommonMark 2.5).
3. What is made here is below ``BYTES_MAX`` in UTF-8, and so below GitHub's limit of 65,536
   characters; what had to be left out is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from planfence.output import Block, Grid, Line, clean, table

BYTES_MAX: Final = 65_000
ROW_BYTES_MAX: Final = 600
CELL_BYTES_MAX: Final = 300

_BACKTICKS: Final = re.compile("`+")
_ENDS_CODE: Final = re.compile(r"[`|\\]")
_WORDS: Final = re.compile(r"[A-Za-z0-9 ,;:()'+-]*")


def marker(stream: str | None) -> str:
    """The hidden line by which CI finds the comment that it updates."""
    return f"<!-- planfence:{stream} -->" if stream else "<!-- planfence -->"


def size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def cut(text: str, bytes_max: int) -> str:
    """``text`` on one line; if it is too long its beginning, with how much more there is."""
    whole = clean(text)
    if size(whole) <= bytes_max:
        return whole
    kept = whole.encode()[: bytes_max - 40].decode("utf-8", "ignore")
    return f"{kept} ... [{len(whole) - len(kept):,} more characters]"


def code(text: str, bytes_max: int = CELL_BYTES_MAX) -> str:
    """Text from a document, within a line or a table of ours.

    Between backticks nothing means anything but a backtick, and in a table a bar.
    """
    kept = cut(text, bytes_max).strip()
    if not kept:
        return ""
    if not _ENDS_CODE.search(kept):
        return f"`{kept}`"
    escaped = "".join(
        character if character.isalnum() or character == " " else f"&#{ord(character)};"
        for character in kept
    )
    return f"<code>{escaped}</code>"


def plain(text: str) -> str:
    """Text that is said to be our own: as it is where it is nothing but words, else as ``code``."""
    return text if _WORDS.fullmatch(text) else code(text)


def fenced(rows: Sequence[str], language: str = "") -> str:
    """A code block of rows without line breaks."""
    longest = max((len(run) for row in rows for run in _BACKTICKS.findall(row)), default=0)
    fence = "`" * max(3, longest + 1)
    body = "".join(f"{row}\n" for row in rows)
    return f"{fence}{language}\n{body}{fence}\n"


def within(rows: Iterable[str], bytes_max: int, more: str) -> list[str]:
    """The first rows that fit, each cut, and a last one that says how many did not."""
    kept: list[str] = []
    left = bytes_max
    every = list(rows)
    for row in every:
        text = cut(row, ROW_BYTES_MAX)
        left -= size(text) + 1
        if left < 0:
            return [*kept, f"... {len(every) - len(kept):,} {more}"]
        kept.append(text)
    return kept


def as_markdown(stream: str | None, title: str, content: Iterable[Block]) -> str:
    """What a command without a report of its own says: text in code blocks, lists as tables.

    Args:
        stream: what it is about, for the marker.
        title: our own text, or text that was made safe.
        content: the text of the command.
    """
    parts = [f"{marker(stream)}\n", f"### {title}\n"]
    left = BYTES_MAX - sum(map(size, parts)) - 1_000
    for block in _joined(content):
        part = _listed(block, left) if isinstance(block, Grid) else _told(block, left)
        if size(part) > left:
            parts.append("There is more: run the command to see it.\n")
            break
        parts.append(part)
        left -= size(part) + 1
    return "\n".join(parts)


def _joined(content: Iterable[Block]) -> Iterator[list[str] | Grid]:
    """Lines that follow each other together; a grid without headings is lines too."""
    rows: list[str] = []
    for block in content:
        if isinstance(block, Line):
            rows.append(block.text)
        elif block.headings:
            if rows:
                yield rows
            rows = []
            yield block
        else:
            rows += table(block.rows, block.indent)
    if rows:
        yield rows


def _told(rows: list[str], bytes_max: int) -> str:
    return fenced(within(rows, bytes_max - 3 * ROW_BYTES_MAX, "more lines"))


def _listed(grid: Grid, bytes_max: int) -> str:
    head = f"| {' | '.join(grid.headings)} |\n|{' --- |' * len(grid.headings)}\n"
    rows: list[str] = []
    left = bytes_max - size(head) - 100
    for row in grid.rows:
        text = f"| {' | '.join(code(cell) for cell in row)} |\n"
        left -= size(text)
        if left < 0:
            break
        rows.append(text)
    hidden = len(grid.rows) - len(rows)
    return head + "".join(rows) + (f"\n{hidden:,} more rows\n" if hidden else "")
