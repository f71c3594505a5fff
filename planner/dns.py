"""Kind ``dns`` on the planner's side: desired state from an octoDNS zone file in YAML."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from planner.git import checkout_of, relate
from planner.ports import DesiredRead
from planner.zone_yaml import read_zone_yaml
from plans.plan import Ancestry


@dataclass(frozen=True, slots=True)
class ZoneYaml:
    """The desired state of one zone, from one YAML file, with the commit it stands at."""

    path: Path
    name: str
    zone: str
    escaped_semicolons: bool | None

    def read(self) -> DesiredRead:
        """The whole file, now.

        The commit is read first and the file compared with what that commit holds, so that a
        checkout under our hands shows as ``dirty``, never as the wrong commit.
        """
        checkout = checkout_of(self.path)
        desired = read_zone_yaml(self.path, self.zone, escaped_semicolons=self.escaped_semicolons)
        return DesiredRead(
            records=desired.records,
            name=self.name,
            digest=desired.digest,
            size=desired.size,
            commit=checkout.commit if checkout else None,
            dirty=checkout is not None and checkout.committed != desired.digest,
        )

    def relate(self, source: str, commit: str) -> Ancestry:
        return relate(self.path.resolve().parent, source, commit)
