"""Builds the wheel and tries it where nothing else is: the check an editable install cannot make.

In a work tree every folder can be imported. Here only what the wheel holds can be, with the
run-time requirements and none of the development ones. Run it with ``make wheel-check``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ["enactor", "planfence", "planner", "plans"]
NOT_SHIPPED = ["schemas", "tests", "examples", "bench"]

# Runs in the clean environment. An editable install would have no names here.
PROBE = """
import importlib.metadata, importlib.util, json, sys
owners = importlib.metadata.packages_distributions()
files = importlib.metadata.files("planfence")
json.dump({
    "top_level": sorted(name for name, dists in owners.items() if "planfence" in dists),
    "folders": sorted({file.parts[0] for file in files} - {".."}),
    "leaked": [name for name in sys.argv[1:] if importlib.util.find_spec(name)],
}, sys.stdout)
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Runs a command with nothing of this environment's Python or coverage. Returns its stdout."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))
    }
    done = subprocess.run(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"wheel-check: exit {done.returncode}: {' '.join(map(str, command))}")
    return done.stdout


def require(claim: str, *, found: object, expected: object) -> None:
    if found != expected:
        sys.exit(f"wheel-check: {claim}: expected {expected}, found {found}")


def build(folder: Path) -> Path:
    # The backend itself, as locked: an isolated build would fetch one that no hash was checked for.
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet")
    lock = ROOT / "requirements-runtime.lock"
    run(*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", lock, cwd=folder)
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    run(*pip, "check", cwd=folder)
    return folder / "bin"


def try_it(programs: Path, wheel: Path, empty: Path) -> None:
    probe = json.loads(run(programs / "python", "-I", "-c", PROBE, *NOT_SHIPPED, cwd=empty))
    require("top-level names", found=probe["top_level"], expected=ROOMS)
    require("nothing else can be imported", found=probe["leaked"], expected=[])
    dist_info = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
    require("folders", found=probe["folders"], expected=sorted([*ROOMS, dist_info]))

    shown = run(programs / "planfence", "--help", cwd=empty)
    require("planfence --help is about it", found="Usage: planfence" in shown, expected=True)
    require("--help writes no file", found=list(empty.iterdir()), expected=[])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="planfence-wheel-check-") as name:
        folder = Path(name)
        wheel = build(folder / "dist")
        programs = install(wheel, folder / "venv")
        empty = folder / "empty"
        empty.mkdir()
        try_it(programs, wheel, empty)
    print(f"wheel-check: {wheel.name} holds {', '.join(ROOMS)}, and runs")


if __name__ == "__main__":
    main()
