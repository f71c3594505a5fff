"""A project whose stream is about a zone at BIND."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.planfence.project import FixedClock, Project
from tests.servers.bind import Bind, Zone

CONFIG = """\
[streams."dns/example.com"]
kind    = "dns"
desired = "zones/example.com.yaml"
zone    = "{zone}"
targets = [{targets}]

[keys.ours]
file = "ours.key"
"""


# As the desired states of ``tests/golden/desired`` have it: changing it would take a waiver.
APEX = "@ 86400 NS ns1.example.com.\n@ 86400 NS ns2.example.com.\n"


def zone_at(server: Bind, records: str = "") -> Zone:
    """A zone with the name servers that are desired."""
    return server.zone(records, apex=APEX)


@dataclass
class RealClock(FixedClock):
    """Wall time: signatures are of a moment that the server compares with its own."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def served(project: Project, zone: Zone, *others: str, target: str | None = None) -> Project:
    """The project with a stream at the zone, and at other targets; nothing is planned."""
    project.clock = RealClock()
    shutil.copy(zone.key_file, project.root / "ours.key")
    (project.root / "ours.key").chmod(0o600)
    configure(project, zone, *others, target=target)
    project.desire("one")
    project.ok("init")
    return project


def configure(project: Project, zone: Zone, *others: str, target: str | None = None) -> None:
    targets = (f"{target or zone.target}?key=ours", *others)
    listed = ", ".join(f'"{each}"' for each in targets)
    project.write("planfence.toml", CONFIG.format(zone=zone.name, targets=listed))
