"""``make bench``: planfence beside octoDNS on the same zone, in turns, as ratios.

Nothing here passes or fails: a machine that is shared cannot promise a time. The table says which
goals were met, and ``docs/performance.md`` what the figures were.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from bench.processes import BIN, Command, Cost, interleaved, median, planfence, python

STREAM = "dns/example.com"
LARGEST = 100_000
SIZES = {1_000: 5, 10_000: 3, LARGEST: 3}  # record sets, and how often each side runs
CPU_GOALS = {1_000: None, 10_000: 3.0, LARGEST: 8.0}

PROJECT = f"""\
[streams."{STREAM}"]
kind = "dns"
desired = "zones/example.com.yaml"
targets = ["zonefile:out/example.com.zone"]
escaped_semicolons = true
"""
OCTODNS = """\
providers:
  desired:
    class: octodns.provider.yaml.YamlProvider
    directory: zones
    enforce_order: false
  live:
    class: octodns_bind.ZoneFileSource
    directory: out
    file_extension: .zone
zones:
  example.com.:
    sources: [desired]
    targets: [live]
"""

cpu, wall, peak = attrgetter("cpu_seconds"), attrgetter("wall_seconds"), attrgetter("peak_mb")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out the 100,000 record sets")
    sizes = [1_000, 10_000] if parser.parse_args().quick else list(SIZES)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="planfence-bench-") as name:
        rows = []
        for row in measure(Path(name), sizes):
            print(f"bench: {row.what}: {row.ours}", file=sys.stderr)
            rows.append(row)
    show(rows)
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    print(f"\n{machine}; medians, in turns; {time.monotonic() - began:.0f} s in all")


def measure(root: Path, sizes: list[int]) -> Iterator[Row]:
    folders = {size: applied_project(root / str(size), size) for size in sizes}
    for size, folder in folders.items():
        yield from unchanged(folder, size)
    largest = sizes[-1]
    yield from creates(root / "creates", largest)
    yield from stored_plan(folders[largest], largest)
    yield from start_up(folders[1_000])


def applied_project(folder: Path, size: int) -> Path:
    """A project whose zone is as its YAML asks, in the file that planfence wrote."""
    new_project(folder, size)
    (folder / "octodns.yaml").write_text(OCTODNS)
    planfence(folder, "plan", STREAM, "--quiet").run()
    planfence(folder, "enact", STREAM, "--newest", says="is applied").run()
    return folder


def new_project(folder: Path, size: int) -> Path:
    """A project with nothing planned."""
    folder.mkdir()
    (folder / "planfence.toml").write_text(PROJECT)
    python(folder, "-m", "bench.zones", str(size), "zones/example.com.yaml").run()
    planfence(folder, "init").run()
    planfence(folder, "stream", "set", STREAM, "--approvals", "0").run()
    return folder


def unchanged(folder: Path, size: int) -> Iterator[Row]:
    """A plan of a zone that is as it should be. octoDNS sees one difference: the fence record."""
    compare = (str(BIN / "octodns-compare"), "--config-file", "octodns.yaml")
    sides = (
        planfence(folder, "plan", STREAM, says="unchanged"),
        Command(
            (*compare, "--a", "desired", "--b", "live", "--zone", "example.com."),
            folder,
            exit_code=1,
            says="[Delete <TxtRecord TXT 60, _planfence.example.com.,",
        ),
    )
    ours, theirs = interleaved(sides, SIZES[size])
    what = f"plan without a change, {size:,} record sets"
    yield against(f"{what}, CPU", ours, theirs, CPU_GOALS[size])
    limit = 400 if size == LARGEST else None
    ratio = median(theirs, peak) / median(ours, peak)
    yield Row(
        f"{what}, peak memory",
        f"{median(ours, peak):.0f} MB",
        f"{median(theirs, peak):.0f} MB",
        f"{ratio:.1f}",
        f"< {limit} MB" if limit else "",
        median(ours, peak) < limit if limit else None,
    )


def against(what: str, ours: list[Cost], theirs: list[Cost], goal: float | None) -> Row:
    ratio = median(theirs, cpu) / median(ours, cpu)
    return Row(
        what,
        f"{median(ours, cpu):.2f} s",
        f"{median(theirs, cpu):.2f} s",
        f"{ratio:.1f}",
        f">= {goal:.0f}" if goal else "",
        ratio >= goal if goal else None,
    )


def creates(folder: Path, size: int) -> Iterator[Row]:
    """The first plan of a zone: everything is new, and the review shows it."""
    costs = []
    for _ in range(2):
        shutil.rmtree(folder, ignore_errors=True)
        new_project(folder, size)
        costs.append(planfence(folder, "plan", STREAM, says="enact    planfence enact").run())
    what = f"plan of {size:,} creates, with its review"
    yield Row(f"{what}, CPU", f"{median(costs, cpu):.2f} s")
    yield limited(f"{what}, peak memory", median(costs, peak), 400, "MB")


def stored_plan(folder: Path, size: int) -> Iterator[Row]:
    figures = json.loads(python(folder, "-m", "bench.stored_plans").output())
    what = f"stored plan of {size:,} changes"
    goal = 250.0 * size / LARGEST
    yield limited(f"{what}: load, verify, parse, CPU", figures["read_plan"] * 1000, goal, "ms")
    for label, name in (
        ("the same with the collector on, CPU", "read_plan, collector on"),
        ("json.loads of the same bytes, collector on, CPU", "json.loads"),
        ("its desired state, CPU", "read_desired"),
    ):
        yield Row(label, f"{figures[name] * 1000:.0f} ms")


def start_up(folder: Path) -> Iterator[Row]:
    sides = (
        planfence(folder, "--help"),
        Command((str(BIN / "octodns-compare"), "--help"), folder),
        planfence(folder, "status"),
    )
    ours, theirs, status = interleaved(sides, 9)
    ratio = median(theirs, wall) / median(ours, wall)
    yield Row(
        "--help, wall clock",
        f"{median(ours, wall) * 1000:.0f} ms",
        f"{median(theirs, wall) * 1000:.0f} ms",
        f"{ratio:.1f}",
        "< 120 ms",
        median(ours, wall) < 0.12,
    )
    yield limited("planfence status, wall clock", median(status, wall) * 1000, 250, "ms")
    # On a busy machine the wall clock is mostly the others'.
    yield Row("--help, CPU", f"{median(ours, cpu) * 1000:.0f} ms")
    yield Row("planfence status, CPU", f"{median(status, cpu) * 1000:.0f} ms")


def limited(what: str, figure: float, limit: float, unit: str) -> Row:
    return Row(what, f"{figure:.0f} {unit}", goal=f"< {limit:.0f} {unit}", met=figure < limit)


def show(rows: list[Row]) -> None:
    cells = [("what", "planfence", "octoDNS", "ratio", "goal", "met")]
    words = {None: "", True: "yes", False: "NO"}
    cells += [(r.what, r.ours, r.theirs, r.ratio, r.goal, words[r.met]) for r in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(6)]
    for row in cells:
        aligned = (
            f"{cell:<{width}}" if column in (0, 5) else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(aligned).rstrip())


if __name__ == "__main__":
    main()
