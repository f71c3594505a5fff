"""A full disk, on the embedded stores: they are the only ones that have a disk of ours.

Two kinds: the kernel's own refusal (``RLIMIT_FSIZE``, which stops a write in its middle, after some
bytes were written), and an emulated one that begins at each operation of a pass in turn and lasts.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plans.plan import Mode
from plans.settings import read_settings
from tests.processes.crew import At, Crew, Wire, alone
from tests.processes.points import Act, Points, full_from
from tests.processes.stores import Embedded
from tests.processes.trouble import Ended, Pass, enact_in, publish_in, to_enact, to_publish
from tests.processes.world import STREAM, Report, World

PAGE_BYTES: Final = 4096 + 24  # a page in the log, with its header


@dataclass(frozen=True, slots=True)
class FullDisk:
    """A ``Trouble``: what the act does at a point. The first one is "at once"."""

    act: Act

    def run(self, world: World, pass_: Pass) -> Report:
        def full() -> Report:
            points = Points(self.act).install()
            points.reach("at once")
            return pass_(world, points)

        report = alone(full)
        temporary = list((world.folder / "archive" / ".control").glob("temp-*"))
        assert temporary == [], "what could not be written is tidied up"
        return report

    def after_all(self) -> None: ...


def limit_from(name: str, size: int) -> Act:
    """From one point on the kernel lets no file of this process grow beyond ``size`` bytes."""

    def act(number: int, at: str) -> None:
        if at == name:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return act


def limited_at(folder: Path, mode: Mode, at: str, size: int, *, publish: bool = False) -> Ended:
    """The kernel refuses files beyond ``size`` bytes, from a point on."""
    trouble = FullDisk(limit_from(at, size))
    if publish:
        return publish_in(trouble, at, to_publish(Embedded, folder, mode))
    return enact_in(trouble, at, to_enact(Embedded, folder, mode))


def register_full_after(folder: Path, mode: Mode, pages: int) -> Ended:
    """The register's write-ahead log has room for that many more pages, and then no more.

    Somebody else has the register open, or each command would begin a new log.
    """
    scene = to_enact(Embedded, folder, mode)
    log = Embedded(folder).register_path.with_name("register.db-wal")

    def bystander(wire: Wire) -> None:
        with scene.world.register() as register:
            read_settings(register, STREAM)
            wire.send(At("reads"))
            wire.recv()

    def act(number: int, at: str) -> None:
        if at == "at once":
            limit_from(at, log.stat().st_size + pages * PAGE_BYTES)(number, at)

    with Crew() as crew:
        crew.start(bystander).heard()
        return enact_in(FullDisk(act), f"{pages} pages", scene)


def full_at_every_operation(
    folder: Path, mode: Mode, *, publish: bool, step: int = 1
) -> list[Ended]:
    """The disk is full from the n-th operation of a pass on, for every n (or every ``step``-th)."""
    play = publish_in if publish else enact_in
    scene = (to_publish if publish else to_enact)(Embedded, folder / "scene", mode)
    unharmed = FullDisk(lambda number, at: None)
    counted = play(unharmed, "counting", scene.again(folder / "counting"))
    return [
        play(FullDisk(full_from(number)), str(number), scene.again(folder / str(number)))
        for number in range(1, counted.report.points + 1, step)
    ]
