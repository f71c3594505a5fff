#!/usr/bin/env python3
"""Writes the pages of this folder that are made from the code: ``cli.md`` and ``refusals.md``.

With ``--check`` it writes nothing and exits 1, naming every page that is stale.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from docs import commands_page, refusals_page

FOLDER: Final = Path(__file__).resolve().parent
PAGES: Final[dict[str, Callable[[], str]]] = {
    "cli.md": commands_page.text,
    "refusals.md": refusals_page.text,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 if one differs")
    if not parser.parse_args(arguments).check:
        for name, text in PAGES.items():
            (FOLDER / name).write_text(text(), encoding="utf-8")
        return 0
    stale = stale_pages()
    for name in stale:
        print(f"docs/{name} is stale: run `make docs`", file=sys.stderr)
    return 1 if stale else 0


def stale_pages() -> list[str]:
    """Pages that are missing, or not as the code would have them."""
    return [
        name
        for name, text in PAGES.items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text()
    ]


if __name__ == "__main__":
    sys.exit(main())
