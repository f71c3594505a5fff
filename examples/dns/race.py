"""The race of 19 October 2025, replayed with real processes on the same plans, twice.

The schedule is F1 of the project's failure modes: an enactor checks once that its plan is newer
and is then delayed; a second enactor applies a much newer plan and starts to clean up; the first
wakes up and writes its old plan; the clean-up deletes that old plan, because by its own count it
is many generations old.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from examples.dns.story import environment, expect, run_planfence, title, values

HERE = Path(__file__).resolve().parent
STREAM = "dns/race"
ZONE = "example.com."
NAME = "api.example.com."
TARGETS = ("ns1", "ns2")
OLD, NEWEST = 2, 6

CONFIG = """\
[streams."dns/race"]
kind = "dns"
desired = "example.com.yaml"
zone = "example.com."
targets = ["zonefile:out/ns1.zone", "zonefile:out/ns2.zone"]
"""


def replay(folder: Path) -> None:
    """Publish the plans, run them through both enactors, and compare how the two end."""
    title("The race of 19 October 2025, on the same plans, twice")
    digests = publish(folder)
    print(f"  {NEWEST} plans are published and approved; plan N points {NAME} at 192.0.2.N")
    naive(folder)
    fenced(folder, digests)


def publish(folder: Path) -> dict[int, str]:
    """Plans 1 to NEWEST, each approved: the digests by generation."""
    (folder / "planfence.toml").write_text(CONFIG)
    run(folder, "init")
    run(folder, "stream", "set", STREAM, "--mode", "converge")
    digests: dict[int, str] = {}
    for number in range(1, NEWEST + 1):
        (folder / "example.com.yaml").write_text(
            "'':\n  type: NS\n  values: [ns1.example.com., ns2.example.com.]\n"
            f"api:\n  type: A\n  ttl: 5\n  value: 192.0.2.{number}\n"
        )
        plan = json.loads(run(folder, "plan", STREAM, "--format", "json"))
        expect(plan["generation"] == number, f"plan {number} has its number")
        digests[number] = plan["digest"]
        run(folder, "approve", STREAM, str(number), "--digest", plan["digest"])
    return digests


def naive(folder: Path) -> None:
    """Through the naive enactor: it ends with an empty record."""
    title("First through an enactor that checks once, then writes")
    state = folder / "naive"
    for number in range(1, NEWEST + 1):
        tree = state / "plans" / str(number)
        tree.mkdir(parents=True)
        (tree / NAME).write_text("\n".join(planned_values(folder, number)) + "\n")
    script = str(HERE / "naive_enactor.py")
    subprocess.run([sys.executable, script, str(state), "1"], check=True)
    say("A", f"takes plan {OLD}, checks that it is newer than plan 1, and is delayed")
    slow = start(script, str(state), str(OLD), "--stop-after-check")
    say("B", f"takes plan {NEWEST}, applies it, and looks for old plans to clean up")
    fast = start(script, str(state), str(NEWEST), "--stop-before-clean-up")
    show(naive_values(state))
    say("A", f"wakes up and writes plan {OLD}: nothing asks again")
    wake(slow)
    show(naive_values(state))
    say("B", f"goes on to clean up: plan {OLD} is many generations old, so it goes")
    wake(fast)
    show(naive_values(state))
    expect(naive_values(state) == {target: [] for target in TARGETS}, "the naive record is empty")
    print(f"  -> {NAME} is EMPTY on both servers: what was live pointed into a deleted plan")


def fenced(folder: Path, digests: dict[int, str]) -> None:
    """Through planfence: the zone refuses the stale step, and deleting plans changes nothing."""
    title("Now through planfence: the same plans, the same delay")
    run(folder, "enact", STREAM, "1", "--digest", digests[1])
    say("A", f"claims plan {OLD}, reads fence and pointer, computes its step, and is delayed")
    slow = start(str(HERE / "paused_enactor.py"), str(folder), STREAM, ZONE, str(OLD), digests[OLD])
    say("B", f"enacts plan {NEWEST} on both servers")
    run(folder, "enact", STREAM, str(NEWEST), "--digest", digests[NEWEST])
    live = zone_bytes(folder)
    show(fenced_values(folder))
    say("A", f"wakes up and sends the step of plan {OLD} that it had computed")
    code = wake(slow)
    show(fenced_values(folder))
    expect(code == 4, "the stale enactor ends superseded, with exit code 4")
    expect(zone_bytes(folder) == live, "the stale step changed no byte")
    print("  -> the zone itself refused it: its fence no longer is the one that step expects")
    say("B", "cleans up in the most brutal way: every old plan file is deleted")
    for path in sorted((folder / ".planfence" / "archive").rglob("*")):
        if path.is_file() and f"{NEWEST:012d}" not in str(path):
            path.unlink()
    show(fenced_values(folder))
    expect(zone_bytes(folder) == live, "deleting old plans changes nothing that is live")
    expect(
        fenced_values(folder) == {target: [f"192.0.2.{NEWEST}"] for target in TARGETS},
        "the newest plan is live",
    )
    print("  -> nothing live ever pointed into a plan")


def run(folder: Path, *arguments: str) -> str:
    """A planfence command that must succeed, quietly."""
    result = run_planfence(folder, *arguments, user="ada", apart=True)
    expect(result.returncode == 0, f"`planfence {' '.join(arguments)}` succeeds: {result.stderr}")
    return result.stdout


def start(script: str, *arguments: str) -> int:
    """Start a process and wait until it has stopped itself: its pid."""
    process = subprocess.Popen([sys.executable, script, *arguments], env=environment("enactor-a"))
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    process.returncode = 0  # reaped by hand: Popen must not wait for it again
    expect(os.WIFSTOPPED(status), f"{Path(script).name} stands still where it should")
    return process.pid


def wake(pid: int) -> int:
    """Let a stopped process go on to its end: its exit code."""
    os.kill(pid, signal.SIGCONT)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def planned_values(folder: Path, generation: int) -> list[str]:
    """What a plan wants the record to be, out of the plan's own attachment."""
    blobs = folder / ".planfence" / "archive" / "streams" / STREAM / "blobs" / f"{generation:012d}"
    desired = json.loads(next(blobs.iterdir()).read_text())
    return next(list(entry["values"]) for entry in desired["records"] if entry["name"] == NAME)


def naive_values(state: Path) -> dict[str, list[str]]:
    """What each target serves, re-read from disk through its link."""
    found = {}
    for target in TARGETS:
        record = state / "live" / target / NAME
        found[target] = record.read_text().split() if record.exists() else []
    return found


def fenced_values(folder: Path) -> dict[str, list[str]]:
    return {target: values(folder / "out" / f"{target}.zone", NAME, "A") for target in TARGETS}


def zone_bytes(folder: Path) -> dict[str, bytes]:
    return {target: (folder / "out" / f"{target}.zone").read_bytes() for target in TARGETS}


def say(who: str, what: str) -> None:
    print(f"  {who}: {what}", flush=True)


def show(found: dict[str, list[str]]) -> None:
    texts = (f"{target} {', '.join(values) or '(empty)'}" for target, values in found.items())
    print(f"       live: {' | '.join(texts)}")
