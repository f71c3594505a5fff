"""Whole processes, measured by the kernel: CPU, wall clock, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """What one process took. CPU is user and system together, of all its threads."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Command:
    """A command in a folder, how it must end, and a word that its output must hold.

    Args:
        environment: what it is given beside the bench's own.
        prepare: what is done before each run, and not measured.
    """

    arguments: tuple[str, ...]
    folder: Path
    exit_code: int = 0
    says: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], object] | None = None

    def run(self) -> Cost:
        """Run it to its end.

        A child's peak counts what its parent held when it was started, so this process stays small:
        zones are made, and plans are read, in children of their own.
        """
        if self.prepare is not None:
            self.prepare()
        own = {"PLANFENCE_USER": "bench", "PYTHONPATH": str(ROOT)}
        environment = {**os.environ, **self.environment, **own}
        # Whoever installs planfence has its byte code: no run but the first compiles it.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        output = self.folder / "output.txt"
        with output.open("wb") as stream:
            began = time.monotonic()
            process = subprocess.Popen(
                self.arguments,
                cwd=self.folder,
                env=environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        with output.open("rb") as stream:
            stream.seek(max(0, output.stat().st_size - 4000))
            end = stream.read().decode(errors="replace")
        if process.returncode != self.exit_code or self.says not in end:
            raise SystemExit(f"{' '.join(self.arguments)} ended with {process.returncode}:\n{end}")
        return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)

    def output(self) -> str:
        self.run()
        return (self.folder / "output.txt").read_text()


def python(folder: Path, *arguments: str) -> Command:
    return Command((sys.executable, *arguments), folder)


def interleaved(commands: Sequence[Command], times: int) -> list[list[Cost]]:
    """Each command's costs, run in turns: whatever else the machine does is shared fairly."""
    costs: list[list[Cost]] = [[] for _ in commands]
    for _ in range(times):
        for command, found in zip(commands, costs, strict=True):
            found.append(command.run())
    return costs


def median(costs: Sequence[Cost], figure: Callable[[Cost], float]) -> float:
    return statistics.median(figure(cost) for cost in costs)
