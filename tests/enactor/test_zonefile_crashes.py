"""Disks that fail, processes that die, wait and race: the old file or the new, one winner."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from enactor.zonefile import ZoneFileTarget
from plans.errors import PlanfenceError, Unavailable, Unknown
from plans.fence import Fence
from plans.kinds.dns import Change, Records

ZONE = "example.com."
NS = Change(ZONE, "NS", None, Records(300, ("ns1.example.net.",)))
A = Change("a.example.com.", "A", None, Records(60, ("192.0.2.1",)))
A_MOVED = Change("a.example.com.", "A", A.after, Records(60, ("192.0.2.2",)))


def fence(generation: int, step: int = 1, attempt: str = "a") -> Fence:
    return Fence(generation, step, False, f"{generation:064x}", "1" * 32, attempt * 32)


class StillClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return 1000.0 + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def served(tmp_path: Path, clock: StillClock) -> ZoneFileTarget:
    """A zone with NS and A at generation 1."""
    path = tmp_path / "zones" / "example.com.zone"
    target = ZoneFileTarget(f"zonefile:{path}", path, ZONE, clock=clock)
    target.apply((), expected=None, fence=fence(1, 0))
    target.apply((NS, A), expected=fence(1, 0), fence=fence(1))
    return target


def unchanged_by(target: ZoneFileTarget, error: type[PlanfenceError]) -> PlanfenceError:
    """The error that ``apply`` ends with, having left the very file that was there."""
    before = target.path.read_bytes(), target.path.stat().st_ino
    with pytest.raises(error) as caught:
        target.apply((A_MOVED,), expected=fence(1), fence=fence(2))
    assert type(caught.value) is error
    assert (target.path.read_bytes(), target.path.stat().st_ino) == before
    return caught.value


def left_beside(target: ZoneFileTarget) -> set[str]:
    return {entry.name for entry in target.path.parent.iterdir()} - {
        target.path.name,
        f"{target.path.name}.lock",
    }


def failing(number: int) -> Callable[..., Any]:
    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fails


@pytest.mark.parametrize("number", [5, 13, 28], ids=["EIO", "EACCES", "ENOSPC"])
@pytest.mark.parametrize("call", ["write", "fchown", "fchmod", "fsync"])
def test_an_error_before_the_rename_leaves_the_old_file(
    served: ZoneFileTarget, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    monkeypatch.setattr(os, call, failing(number))
    error = unchanged_by(served, Unavailable)
    assert error.rule == "target-unavailable"
    assert os.strerror(number) in error.what
    assert left_beside(served) == set()


def test_a_temporary_file_that_cannot_be_removed_stays_and_hides_no_error(
    served: ZoneFileTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing(28))
        patched.setattr(os, "unlink", failing(5))
        assert "No space left" in unchanged_by(served, Unavailable).what
    assert left_beside(served) == {".example.com.zone.planfence-new"}
    served.apply((A_MOVED,), expected=fence(1), fence=fence(2))
    assert left_beside(served) == set()


def test_short_writes_are_completed(
    served: ZoneFileTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:7]))
    served.apply((A_MOVED,), expected=fence(1), fence=fence(2))
    assert served.observe().state[A.key] == A_MOVED.after


def test_content_is_on_the_disk_before_the_rename_and_every_new_entry_after_it(
    tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new" / "zones" / "example.com.zone"
    done: list[object] = []
    real = os.rename

    def rename(old: Path, new: Path) -> None:
        done.append("rename")
        real(old, new)

    monkeypatch.setattr(os, "fsync", lambda descriptor: done.append(os.fstat(descriptor).st_ino))
    monkeypatch.setattr(os, "rename", rename)
    target = ZoneFileTarget(f"zonefile:{path}", path, ZONE, clock=clock)
    target.apply((), expected=None, fence=fence(1, 0))
    upper, folder, file = (each.stat().st_ino for each in (path.parents[1], path.parent, path))
    assert done == [upper, tmp_path.stat().st_ino, file, "rename", folder]


def test_an_error_after_the_rename_is_unknown(
    served: ZoneFileTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fails_on_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(5, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fails_on_folders)
    with pytest.raises(Unknown) as caught:
        served.apply((A_MOVED,), expected=fence(1), fence=fence(2))
    assert caught.value.rule == "target-unknown"
    assert served.read_fence() == fence(2)


def test_an_error_of_the_rename_itself_is_unknown(
    served: ZoneFileTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "rename", failing(5))
    unchanged_by(served, Unknown)
    assert left_beside(served) == set()


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "folder" / "zone"
    target = ZoneFileTarget("zonefile:x", path, ZONE, clock=StillClock())
    with pytest.raises(Unavailable):
        target.apply((), expected=None, fence=fence(1, 0))


@pytest.mark.parametrize("call", ["open", "flock"])
def test_a_lock_that_cannot_be_had_is_unavailable(
    served: ZoneFileTarget, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    if call == "open":
        lock = served.path.with_name(f"{served.path.name}.lock")
        lock.unlink()
        lock.mkdir()
    else:
        monkeypatch.setattr("enactor.zonefile.fcntl.flock", failing(37))
    assert unchanged_by(served, Unavailable).rule == "target-unavailable"


# Other processes


ANOTHER = """
import fcntl, os, signal, sys
from datetime import datetime
from pathlib import Path
from enactor.zonefile import ZoneFileTarget
from plans.errors import FenceMoved, Unavailable
from plans.fence import Fence, parse_fence
from plans.kinds.dns import Change, Records

class NoWait:
    def now(self): return datetime.max
    def monotonic(self): return 0.0
    def sleep(self, seconds): os.sched_yield()

def fence(generation, attempt):
    return Fence(generation, 1, False, f"{generation:064x}", "1" * 32, attempt * 32)

path = Path(sys.argv[1])
target = ZoneFileTarget("zonefile:x", path, "example.com.", clock=NoWait())
print("ready", flush=True)
"""

HOLDS = """
descriptor = os.open(f"{path}.lock", os.O_RDWR)
fcntl.flock(descriptor, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""

DIES = """
os.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
moved = Change(
    "a.example.com.", "A", Records(60, ("192.0.2.1",)), Records(60, ("192.0.2.9",))
)
target.apply((moved,), expected=fence(1, "a"), fence=fence(2, "b"))
"""

RACES = """
for line in sys.stdin:
    expected = parse_fence(line.rstrip())
    try:
        target.apply((), expected=expected, fence=fence(expected.generation + 1, sys.argv[2]))
        print("won", flush=True)
    except FenceMoved as error:
        print("moved", error.actual, flush=True)
"""


def another(script: str, path: Path, *arguments: str) -> subprocess.Popen[str]:
    """A real process; it runs ``script`` on a target of its own at ``path``."""
    return subprocess.Popen(
        [sys.executable, "-c", ANOTHER + script, str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def test_a_lock_held_by_another_process_is_waited_for_and_then_unavailable(
    served: ZoneFileTarget, clock: StillClock
) -> None:
    with another(HOLDS, served.path) as holder:
        assert [told(holder), told(holder)] == ["ready", "held"]
        error = unchanged_by(served, Unavailable)
        holder.communicate()
    assert error.rule == "target-busy"
    assert clock.slept[:6] == [0.01, 0.02, 0.04, 0.08, 0.16, 0.25]
    assert max(clock.slept) == 0.25
    assert sum(clock.slept) == pytest.approx(served.busy_seconds)
    served.apply((A_MOVED,), expected=fence(1), fence=fence(2))
    assert served.read_fence() == fence(2)


def test_a_lock_that_becomes_free_while_waiting_is_taken(
    served: ZoneFileTarget, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with another(HOLDS, served.path) as holder:
        assert [told(holder), told(holder)] == ["ready", "held"]
        monkeypatch.setattr(clock, "sleep", lambda _: holder.communicate())
        served.apply((A_MOVED,), expected=fence(1), fence=fence(2))
    assert served.read_fence() == fence(2)


def test_an_enactor_killed_before_its_rename_leaves_the_old_file_whole(
    served: ZoneFileTarget, clock: StillClock
) -> None:
    before = served.path.read_bytes()
    with another(DIES, served.path) as dying:
        assert dying.wait() == -signal.SIGKILL
    assert served.path.read_bytes() == before
    assert left_beside(served) == {".example.com.zone.planfence-new"}
    served.apply((A_MOVED,), expected=fence(1), fence=fence(2))
    assert served.observe().state[A.key] == A_MOVED.after
    assert left_beside(served) == set()
    assert clock.slept == [], "the kernel dropped the dead holder's lock"


def test_of_eight_racing_enactors_exactly_one_wins_each_round(served: ZoneFileTarget) -> None:
    racers = [another(RACES, served.path, attempt) for attempt in "12345678"]
    try:
        assert {told(racer) for racer in racers} == {"ready"}
        for generation in range(2, 12):
            seen = served.read_fence()
            assert isinstance(seen, Fence)
            for racer in racers:
                tell(racer, seen.text())
            answers = [told(racer) for racer in racers]
            winner = fence(generation, attempt=str(answers.index("won") + 1))
            assert served.read_fence() == winner
            assert sorted(answers) == [f"moved {winner.text()}"] * 7 + ["won"]
    finally:
        for racer in racers:
            racer.communicate()
    assert {racer.returncode for racer in racers} == {0}
    assert " 12 3600 600 1209600 300\n" not in served.path.read_text()
    assert " 11 3600 600 1209600 300\n" in served.path.read_text(), "one serial for each winner"
