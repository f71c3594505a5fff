"""Loads, verifies and parses the plan in a project's archive, and prints the CPU seconds it took.

Run in a process of its own by ``bench.__main__``, in the project's folder.
"""

from __future__ import annotations

import contextlib
import gc
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from plans.published import read_desired, read_plan
from plans.storage.files import FileArchive

STREAM = "dns/example.com"
RUNS = 5


def cpu_seconds(function: Callable[[], object]) -> float:
    """The median of some runs; what a run returns is freed outside of it."""
    found = []
    for _ in range(RUNS):
        gc.collect()
        began = time.process_time()
        result = function()
        found.append(time.process_time() - began)
        del result
    return statistics.median(found)


def main() -> None:
    archive = FileArchive(Path(".planfence/archive"))
    body = archive.read(f"streams/{STREAM}/plans/{1:012d}.json")
    assert body is not None
    lineage = json.loads(body.body)["lineage"]
    plan = read_plan(archive, STREAM, lineage, 1).plan
    figures = {
        "read_plan": cpu_seconds(lambda: read_plan(archive, STREAM, lineage, 1)),
        "json.loads": cpu_seconds(lambda: json.loads(body.body)),
        "read_desired": cpu_seconds(lambda: read_desired(archive, plan, "example.com.")),
    }
    with mock.patch("plans.document.collector_paused", contextlib.nullcontext):
        figures["read_plan, collector on"] = cpu_seconds(
            lambda: read_plan(archive, STREAM, lineage, 1)
        )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
