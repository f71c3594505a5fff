"""Everything that is printed. Data on stdout, diagnostics on stderr, once, at the end.

Guarantees:

1. What comes from documents and zones is shown with its control characters escaped: a value must
   not be able to move the cursor of the person who reviews it.
2. Text that is piped is plain, and the same whatever the terminal is: nothing is cut, nothing
   wrapped. On a terminal ``planfence.render.terminal`` takes over; nothing is cut there either.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

Style = Literal["plain", "added", "changed", "removed", "loud", "quiet"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text for people."""

    text: str
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells in aligned columns. ``styles`` has one for each row, or is empty: all plain."""

    rows: tuple[tuple[str, ...], ...]
    headings: tuple[str, ...] = ()
    indent: str = ""
    styles: tuple[Style, ...] = ()

    def styled(self) -> Iterator[tuple[tuple[str, ...], Style]]:
        """Each row with its style, the headings first."""
        if self.headings and self.rows:
            yield self.headings, "quiet"
        yield from zip(self.rows, self.styles or ("plain",) * len(self.rows), strict=True)


Block = Line | Grid


def lines(*texts: str) -> tuple[Line, ...]:
    return tuple(Line(text) for text in texts)


def clean(text: str) -> str:
    r"""``text`` on one line, with what a terminal would act on as ``\x..`` or ``\u....``."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "backslashreplace").decode("ascii")
        for character in text
    )


def plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def table(rows: Iterable[tuple[str, ...]], indent: str = "") -> list[str]:
    """Rows as aligned columns, two spaces apart; the last column is left as it is."""
    cells = [tuple(clean(cell) for cell in row) for row in rows]
    if not cells:
        return []
    widths = [max(len(row[index]) for row in cells) for index in range(len(cells[0]) - 1)]
    return [
        (
            indent
            + "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
            + row[-1]
        ).rstrip()
        for row in cells
    ]


def say(text: str, *, whole: bool = False) -> None:
    """A diagnostic on stderr. Nobody listening must never stop a pass that is under way.

    ``whole`` leaves our own text as it is, line breaks and all.
    """
    if not _is_open(sys.stderr):
        return
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(_encodable(text if whole else clean(text), sys.stderr) + "\n")
        sys.stderr.flush()


def as_json(document: Mapping[str, Any], *, one_line: bool = False) -> str:
    return json.dumps(document, indent=None if one_line else 2) + "\n"


def as_text(content: Iterable[Block], environment: Mapping[str, str]) -> str:
    """Text for people: with colours and fitted to its width on a terminal, plain anywhere else."""
    if is_terminal(sys.stdout, environment):
        from planfence.render.terminal import as_terminal_text

        return as_terminal_text(content, environment)
    return plain_text(content)


def plain_text(content: Iterable[Block]) -> str:
    """The text that a pipe gets."""
    parts: list[str] = []
    for block in content:
        if isinstance(block, Line):
            parts.append(clean(block.text))
        else:
            parts += table((row for row, _ in block.styled()), block.indent)
    return "".join(f"{text}\n" for text in parts)


def write_data(text: str) -> OSError | None:
    """Write to stdout. A reader that has gone away is no error; a full disk is, or no stdout."""
    error = write_part(text)
    return None if error is not None and error.errno == errno.EPIPE else error


def write_part(text: str) -> OSError | None:
    """Write a part of what has no end. Here a reader that has gone away is an error (``EPIPE``)."""
    if not _is_open(sys.stdout):
        return OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        sys.stdout.write(_encodable(text, sys.stdout))
        sys.stdout.flush()
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):
            # Python flushes again when it exits, and would complain where nobody reads.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error
    return None


def write_file(path: Path, text: str) -> OSError | None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        return error
    return None


def is_terminal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether a stream is a terminal that may be sent more than plain text."""
    if environment.get("NO_COLOR") or environment.get("TERM") in {"dumb", "unknown"}:
        return False
    if not _is_open(stream):
        return False
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _is_open(stream: TextIO | None) -> bool:
    """Whether the process was started with this stream: ``>&-`` leaves Python None for it."""
    return stream is not None


def _encodable(text: str, stream: TextIO) -> str:
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
