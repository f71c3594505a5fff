#!/usr/bin/env python3
"""Writes the JSON Schema of every document into this folder, from the models in ``plans/``, and of
every command's JSON, from those in ``planfence/outputs/``.

With ``--check`` it writes nothing and exits 1, naming every file that is stale, missing or unknown.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from planfence.outputs.schema import output_names, output_schema_text
from plans.schema import DOCUMENTS, schema_text

FOLDER = Path(__file__).resolve().parent
COMMAND = "python schemas/generate.py"
TEXTS = {
    **{name: partial(schema_text, name) for name in DOCUMENTS},
    **{name: partial(output_schema_text, name) for name in output_names()},
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 if one differs")
    if not parser.parse_args(arguments).check:
        for name, text in TEXTS.items():
            (FOLDER / f"{name}.json").write_text(text(), encoding="utf-8")
        return 0
    problems = found_wrong()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def found_wrong() -> list[str]:
    """What differs from the models, one line each, with what to do about it."""
    problems = []
    for name, text in TEXTS.items():
        path = FOLDER / f"{name}.json"
        if not path.exists():
            problems.append(f"schemas/{path.name} is missing: run `{COMMAND}`")
        elif path.read_bytes() != text().encode():
            problems.append(f"schemas/{path.name} is stale: run `{COMMAND}`")
    problems += [
        f"schemas/{path.name} names no document: run `git rm schemas/{path.name}`"
        for path in sorted(FOLDER.glob("*.json"))
        if path.stem not in TEXTS
    ]
    return problems


if __name__ == "__main__":
    sys.exit(main())
