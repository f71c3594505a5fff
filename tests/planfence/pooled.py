"""A project with a capacity pool of three sites beside its zone file; their health is in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plans.names import blob_key
from tests.planfence.project import STREAM, Project

FILE = "zones/example.com.pools.yaml"
SITES = ("eu", "us", "ap")
POOL = """\
pools:
  web:
    type: A
    ttl: 60
    min_members: {least}
    members:
      - {{id: eu, address: 192.0.2.1, capacity: 400, health: {{file: health/eu}}}}
      - {{id: us, address: 192.0.2.2, capacity: 400, health: {{file: health/us}}}}
      - {{id: ap, address: 192.0.2.3, capacity: 100, health: {{file: health/ap}}}}
"""


@dataclass
class Pooled:
    """A project with a pool of three sites beside its zone file."""

    project: Project

    def pools(self, text: str = POOL, least: int = 1) -> None:
        self.project.write(FILE, text.format(least=least))

    def well(self, *sites: str) -> None:
        """These are healthy, and no others."""
        for site in SITES:
            said = "healthy" if site in sites else f"unhealthy: {site} burns"
            self.project.write(f"zones/health/{site}", f"{said}\n")

    def start(self) -> Pooled:
        self.project.start()
        self.pools()
        self.well(*SITES)
        self.project.ok("stream", "set", STREAM, "--updates-max", "100%", "--deletes-max", "100%")
        return self

    def live(self) -> set[str]:
        text = (self.project.root / "out/a.zone").read_text(encoding="utf-8")
        return {line.split()[-1] for line in text.splitlines() if line.startswith("web.")}

    def show(self) -> dict[str, Any]:
        return self.project.ok("show", STREAM, "--format", "json").json

    def attachment(self, generation: int, name: str) -> Path:
        [entry] = [each for each in self.show()["plan"]["attachments"] if each["name"] == name]
        key = blob_key(STREAM, generation, entry["digest"])
        return self.project.root / ".planfence/archive" / key
