"""Fuzzes one target until the time is over: ``python -m tests.fuzz.one TARGET FOLDER OPTION...``.

The options are libFuzzer's. New inputs go to ``FOLDER/found``, and one that breaks a rule is kept
as ``FOLDER/crash-...``; the process then ends with another code than 0.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import atheris

with atheris.instrument_imports(include=["plans", "planner", "planfence"]):
    from tests.fuzz.corpora import CORPUS
    from tests.fuzz.mutators import crossover, mutator
    from tests.fuzz.targets import TARGETS, Target

MAX_BYTES = 8_000
SLOW_SECONDS = 20
# Many more than there are places in documents, so that few share one. What counts them is atheris's
# own, pinned with it: it offers no other way to tell the fuzzer what no line of Python shows.
COUNTERS = 4_096


def counted(target: Target, first: int) -> Callable[[bytes], None]:
    """A target whose words count as lines of code do."""

    def run(data: bytes) -> None:
        for told in target(data) or ():
            atheris._trace_branch(first + crc32(told.encode()) % COUNTERS)

    return run


def bytewise(data: bytes, size_max: int) -> bytes:
    """The fuzzer's own change, which is there only while it runs."""
    changed: bytes = atheris.Mutate(data, size_max)
    return changed


def main(name: str, folder: str, *options: str) -> None:
    found = Path(folder) / "found"
    found.mkdir(parents=True, exist_ok=True)
    fixed = (
        f"-artifact_prefix={folder}/",
        f"-max_len={MAX_BYTES}",
        f"-timeout={SLOW_SECONDS}",
        "-print_final_stats=1",
    )
    first = min([atheris._reserve_counter() for _ in range(COUNTERS)])
    changes = {
        "custom_mutator": mutator(name, bytewise),
        "custom_crossover": crossover(name),
    }
    atheris.Setup(
        [sys.argv[0], *fixed, *options, str(found), str(CORPUS / name)],
        counted(TARGETS[name], first),
        **{key: change for key, change in changes.items() if change},
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
