"""``make bench``: planfence beside octoDNS on the same zones, in turns, as ratios.

Nothing here passes or fails: a machine that is shared cannot promise a time. The table says which
goals were met, and ``docs/performance.md`` what the figures were.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import enacting, rfc2136, route53, zonefiles
from bench.project import RUNS
from bench.table import Row, show

QUICK = 10_000
AT_ROUTE53 = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out the largest of each")
    quick = parser.parse_args().quick
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="planfence-bench-") as name:
        rows = []
        for row in measure(Path(name), quick=quick):
            print(f"bench: {row.what}: {row.ours}", file=sys.stderr)
            rows.append(row)
    show(rows)
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    print(f"\n{machine}; medians, in turns; {time.monotonic() - began:.0f} s in all")


def measure(root: Path, *, quick: bool) -> Iterator[Row]:
    sizes = [size for size in RUNS if not quick or size <= QUICK]
    largest = sizes[-1]
    projects = {size: zonefiles.applied_project(root / str(size), size) for size in sizes}
    for size, project in projects.items():
        yield from zonefiles.unchanged(project, size)
    yield from zonefiles.creates(root / "creates", largest)
    yield from zonefiles.stored_plan(projects[largest], largest)
    yield from zonefiles.start_up(projects[sizes[0]])
    yield from route53.rows(root / "route53", AT_ROUTE53)
    zone_file = projects[largest].folder / zonefiles.ZONE_FILE
    yield from rfc2136.rows(root / "rfc2136", largest, zone_file)
    counts = enacting.COUNTS[:-1] if quick else enacting.COUNTS
    yield from enacting.rows(root / "enacting", counts)


if __name__ == "__main__":
    main()
