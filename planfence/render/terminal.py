"""Text on a terminal, through rich: colours, and columns folded to the width.

rich's markup is never read: every text is handed over as it is, so that a record whose value is
``[bold]`` or ``[link=...]`` is shown as just that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Final

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style as RichStyle
from rich.table import Table
from rich.text import Text

from planfence.output import Block, Grid, Line, Style, clean

WIDTH_DEFAULT: Final = 80
FOLDED_MIN: Final = 6  # characters that a column that is folded has at least
_GAP: Final = 2
_STYLES: Final[dict[Style, RichStyle]] = {
    "plain": RichStyle.null(),
    "added": RichStyle(color="green"),
    "changed": RichStyle(color="yellow"),
    "removed": RichStyle(color="red"),
    "loud": RichStyle(bold=True),
    "quiet": RichStyle(dim=True),
}


def as_terminal_text(content: Iterable[Block], environment: Mapping[str, str]) -> str:
    """Blocks as a terminal shows them.

    A line is left to the terminal to wrap: a command that it holds can still be copied whole. The
    cells of a grid are folded to the width, never cut.
    """
    width = _width(environment)
    parts: list[str] = []
    for block in content:
        if isinstance(block, Line):
            text = clean(block.text)
            style = _STYLES[block.style]
            coloured = style.render(text, color_system=ColorSystem.STANDARD) if text else ""
            parts.append(coloured + "\n")
        else:
            parts.append(_grid(block, width))
    return "".join(parts)


def _grid(grid: Grid, width: int) -> str:
    table = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    rows = list(grid.styled())
    columns = len(rows[0][0]) if rows else 1
    # Narrower than a character for each column, rich would leave columns out.
    width = max(width - len(grid.indent), columns * (1 + _GAP))
    whole = _whole_columns([row for row, _ in rows], width)
    for place in range(columns):
        table.add_column(overflow="fold", no_wrap=place < whole)
    for row, style in rows:
        table.add_row(*(Text(clean(cell)) for cell in row), style=_STYLES[style])
    console = Console(
        file=StringIO(),
        force_terminal=True,
        color_system="standard",
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as captured:
        console.print(table)
    return "".join(f"{grid.indent}{line.rstrip()}\n" for line in captured.get().splitlines())


def _whole_columns(rows: Sequence[tuple[str, ...]], width: int) -> int:
    """How many of the first columns are not folded: those tell the rows apart.

    The others keep room enough, or rich would cut what is not folded.
    """
    count = left = len(rows[0]) - 1 if rows else 0
    taken = 0
    for place in range(count):
        taken += max(len(clean(row[place])) for row in rows) + _GAP
        if taken + left * (FOLDED_MIN + _GAP) > width:
            return place
        left -= 1
    return count


def _width(environment: Mapping[str, str]) -> int:
    told = environment.get("COLUMNS", "")
    if told.isascii() and told.isdigit() and int(told[:5]) > 0:
        return int(told[:5])
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH_DEFAULT
    except (OSError, ValueError):
        return WIDTH_DEFAULT
