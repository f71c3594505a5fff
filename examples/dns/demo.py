"""The main job of planfence on a real-sized zone, then the race of 19 October 2025, twice.

Run it with ``make demo``. It works in a folder of its own, needs no server and no network, and
exits 0 only if everything ended as it says.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from examples.dns import race
from examples.dns.story import expect, run_planfence, title, values

HERE = Path(__file__).resolve().parent
STREAM = "dns/example.com"
ZONE_FILE = "out/example.com.zone"
FIRST_REVIEW_LINES = 24

CONFIG = """\
[streams."dns/example.com"]
kind = "dns"
desired = "zones/example.com.yaml"
targets = ["zonefile:out/example.com.zone"]
escaped_semicolons = true   # the YAML writes "\\\\;" where a TXT value holds ";"
"""


WWW = """\
www:
  - ttl: {ttl}
    type: A
    {values}
"""
LAUNCH = """
launch:
  type: CNAME
  ttl: 300
  value: www.example.com.
"""


class Demo:
    """Runs planfence as a person would, in one project folder, and shows what it prints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def planfence(
        self, *arguments: str, user: str = "ada", lines: int | None = None, code: int = 0
    ) -> dict[str, Any]:
        """Run a command, show it and its output, and return its JSON.

        Raises:
            SystemExit: its exit code is not the one that this story tells of.
        """
        print(f"\n{user}$ planfence {' '.join(arguments)}", flush=True)
        told = self.folder / "told.json"
        told.unlink(missing_ok=True)
        result = run_planfence(self.folder, *arguments, "--json-into", str(told), user=user)
        shown = result.stdout.rstrip().splitlines()
        rest = len(shown) - lines if lines is not None else 0
        print("\n".join(f"  {line}" for line in (shown[:lines] if rest > 0 else shown)))
        if rest > 0:
            print(f"  ... ({rest} more lines: the whole zone is new)")
        expect(result.returncode == code, f"`planfence {arguments[0]}` ended with {code}")
        return dict(json.loads(told.read_text())) if told.exists() else {}


def main_job(folder: Path) -> None:
    """Plan, review, approve, enact; a second plan; a change, and the same again."""
    demo = Demo(folder)
    zone_file = folder / ZONE_FILE
    title("The main job: one zone, planned, reviewed, approved, enacted")
    demo.planfence("init")
    plan = demo.planfence("plan", STREAM, lines=FIRST_REVIEW_LINES)
    expect(plan["outcome"] == "published", "the first plan is published")
    expect(not zone_file.exists(), "planning changed nothing")
    enact(demo, plan)
    records = [line for line in zone_file.read_text().splitlines() if not line.startswith(";")]
    print(f"\n  {ZONE_FILE} now holds {len(records)} records")

    title("A second plan has nothing to do")
    again = demo.planfence("plan", STREAM)
    expect(again["outcome"] == "unchanged", "an unchanged zone plans to unchanged")

    title("A change to the desired file")
    desired = folder / "zones" / "example.com.yaml"
    before = desired.read_text()
    desired.write_text(edit(before))
    print("  www moves to 203.0.113.80, with a TTL of 60 seconds; launch is new")
    plan = demo.planfence("plan", STREAM)
    expect(plan["outcome"] == "published", "the change is published")
    enact(demo, plan)
    expect(values(zone_file, "www.example.com.", "A") == ["203.0.113.80"], "www has moved")
    demo.planfence("status", STREAM)
    demo.planfence("journal", STREAM, "--verify")


def enact(demo: Demo, plan: dict[str, Any]) -> None:
    """Approve and enact exactly the bytes that were reviewed."""
    named = (STREAM, str(plan["generation"]), "--digest", plan["digest"])
    refused = demo.planfence("enact", *named, user="ci", code=3)
    expect(refused["rule"] == "approvals", "nothing is enacted before it is approved")
    demo.planfence("approve", *named, user="grace")
    done = demo.planfence("enact", *named, user="ci")
    expect(done["outcome"] == "applied", "the approved plan is applied")


def edit(text: str) -> str:
    """The change that this story makes by hand: www moves, launch is new."""
    old = WWW.format(ttl=300, values="values:\n      - 203.0.113.10\n      - 203.0.113.11")
    new = WWW.format(ttl=60, values="value: 203.0.113.80")
    expect(text.count(old) == 1, "the example zone has www as this story knows it")
    return text.replace(old, new) + LAUNCH


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="planfence-demo-") as name:
        folder = Path(name)
        (folder / "planfence.toml").write_text(CONFIG)
        shutil.copytree(HERE / "zones", folder / "zones")
        main_job(folder)
    with tempfile.TemporaryDirectory(prefix="planfence-race-") as name:
        race.replay(Path(name))
    print("\nEverything ended as told.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
