"""The real zone-file target, with its history kept by the file system itself."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enactor.zonefile import ZoneFileTarget
from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records
from plans.observed.view import Observation
from plans.observed.zonefile import ZoneFile, parse_zone_file
from tests.processes.points import Points

# As they are before any worker puts points around them.
_LINK: Final = os.link
_MKDIR: Final = os.mkdir


class RecordedTarget(ZoneFileTarget):
    """Keeps every version of its file, and has points at its operations.

    Under the lock, just before a version is replaced, it gets a second name in the history folder.
    So a version stands in the history if and only if it once was the zone file: a process that is
    killed before its rename leaves nothing there, and one killed after it is found by the next.
    """

    limit: int | None = None
    points: Points = Points()

    @property
    def step_capacity(self) -> tuple[int, ...]:
        return () if self.limit is None else (self.limit,)

    def step_size(self, change: Change) -> tuple[int, ...]:
        return () if self.limit is None else (1,)

    def read_fence(self) -> FenceSeen:
        seen = super().read_fence()
        self.points.reach(f"fence read {self.path.name}")
        return seen

    def observe(self) -> Observation:
        seen = super().observe()
        self.points.reach(f"observed {self.path.name}")
        return seen

    def apply(self, changes: tuple[Change, ...], *, expected: FenceSeen, fence: Fence) -> None:
        self.points.reach(f"apply called {self.path.name}")
        super().apply(changes, expected=expected, fence=fence)

    def _replace(self, data: bytes, like: os.stat_result | None) -> None:
        _keep(self.path)
        super()._replace(data, like)


class UnfencedTarget(RecordedTarget):
    """Test only: the version without the protection. It holds every ``before``, and no fence."""

    def _check(self, found: ZoneFile, changes: tuple[Change, ...], expected: FenceSeen) -> None:
        super()._check(found, changes, found.observation.fence)


@dataclass(frozen=True, slots=True)
class Version:
    """One content that a zone file once had, by its inode."""

    inode: int
    data: bytes
    fence: Fence
    serial: int | None
    state: dict[RecordKey, Records]


def history(path: Path, zone: str) -> list[Version]:
    """Every version that the zone file ever had, the one that stands there last."""
    versions: list[Version] = []
    for entry in [*_kept(path), *([path] if path.exists() else [])]:
        inode = entry.stat().st_ino
        if versions and versions[-1].inode == inode:
            continue  # linked twice: the process that linked it first was killed before its rename
        data = entry.read_bytes()
        found = parse_zone_file(data, zone, str(entry))
        fence = found.observation.fence
        assert isinstance(fence, Fence), f"{entry} has no fence"
        serial = int(found.soa.text.split(" ")[2]) if found.soa else None
        versions.append(Version(inode, data, fence, serial, dict(found.observation.state)))
    return versions


def _folder(path: Path) -> Path:
    return path.with_name(f"{path.name}.history")


def _kept(path: Path) -> list[Path]:
    folder = _folder(path)
    return sorted(folder.iterdir()) if folder.exists() else []


def _keep(path: Path) -> None:
    if path.exists():
        with contextlib.suppress(FileExistsError):
            _MKDIR(_folder(path))
        _LINK(path, _folder(path) / f"{len(_kept(path)):06d}")
