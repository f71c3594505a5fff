"""Fuzzes one target until the time is over: ``python -m tests.fuzz.one TARGET FOLDER OPTION...``.

The options are libFuzzer's. New inputs go to ``FOLDER/found``, and one that breaks a rule is kept
as ``FOLDER/crash-...``; the process then ends with another code than 0.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["plans", "planner"]):
    from tests.fuzz.targets import CORPUS, TARGETS

MAX_BYTES = 8_000
SLOW_SECONDS = 20


def main(name: str, folder: str, *options: str) -> None:
    found = Path(folder) / "found"
    found.mkdir(parents=True, exist_ok=True)
    fixed = (
        f"-artifact_prefix={folder}/",
        f"-max_len={MAX_BYTES}",
        f"-timeout={SLOW_SECONDS}",
        "-print_final_stats=1",
    )
    atheris.Setup([sys.argv[0], *fixed, *options, str(found), str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
