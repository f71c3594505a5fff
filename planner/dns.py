"""Kind ``dns`` on the planner's side: desired state from an octoDNS zone file in YAML.

Beside it may be a file of capacity pools, whose members are asked for their health.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from planner.git import Checkout, checkout_of, committed_digest, relate
from planner.health import HealthSource
from planner.pools import ask, records_of, resolve
from planner.pools_file import PoolsRead, pools_path, read_pools, refuse_clashes
from planner.ports import DesiredRead, InputRead
from planner.zone_yaml import read_zone_yaml
from plans.clock import Clock
from plans.document import digest_of, encode
from plans.errors import Refused
from plans.kinds.health import HealthDocument
from plans.plan import Ancestry


@dataclass(frozen=True, slots=True)
class ZoneYaml:
    """The desired state of one zone: its YAML file, its pools, and the commit they stand at.

    Attributes:
        name: the zone file as the config file names it.
        health: makes who is asked for the health of pool members; not called without a pool.
        clock: for waiting between two observations of a member.
    """

    path: Path
    name: str
    zone: str
    escaped_semicolons: bool | None
    health: Callable[[], HealthSource]
    clock: Clock

    def read(self) -> DesiredRead:
        """Both whole files, then the health of every member, now.

        The commit is read first and the files compared with what that commit holds, so that a
        checkout under our hands shows as ``dirty``, never as the wrong commit.
        """
        checkout = checkout_of(self.path)
        desired = read_zone_yaml(self.path, self.zone, escaped_semicolons=self.escaped_semicolons)
        zone_file = InputRead(
            self.name,
            desired.digest,
            desired.size,
            checkout.commit if checkout else None,
            dirty=checkout is not None and checkout.committed != desired.digest,
        )
        path = pools_path(self.path)
        committed = committed_digest(path, checkout.commit) if checkout else None
        pools = read_pools(path, self.zone)
        if pools is None:
            if committed is not None:
                raise self._gone(path)
            return DesiredRead(desired.records, (zone_file,))
        refuse_clashes(pools, str(path), desired.records)
        health = self._resolved(pools)
        records = dict(desired.records)
        for pool, found in zip(pools.pools, health.pools, strict=True):
            records |= records_of(pool, found)
        inputs = (zone_file, *self._inputs(pools, checkout, committed, health))
        return DesiredRead(records, inputs, health)

    def relate(self, source: str, commit: str) -> Ancestry:
        return relate(self.path.resolve().parent, source, commit)

    def _gone(self, path: Path) -> Refused:
        """A checkout without a file that its commit has is half a desired state."""
        return Refused(
            f"{path} is in the commit and not in the work tree",
            rule="pools-missing",
            remedy="restore it or, if the zone is to have no pools, commit its removal",
        )

    def _resolved(self, pools: PoolsRead) -> HealthDocument:
        answers = ask(pools.pools, self.health(), self.clock)
        found = tuple(resolve(pool, answers) for pool in pools.pools)
        return HealthDocument(zone=self.zone, pools=found)

    def _inputs(
        self,
        pools: PoolsRead,
        checkout: Checkout | None,
        committed: str | None,
        health: HealthDocument,
    ) -> tuple[InputRead, InputRead]:
        name = pools_path(Path(self.name)).as_posix()
        body = encode(health)
        return (
            InputRead(
                name,
                pools.digest,
                pools.size,
                checkout.commit if checkout else None,
                dirty=checkout is not None and committed != pools.digest,
            ),
            InputRead(
                f"health of {name}",
                digest_of(body),
                len(body),
                None,
                dirty=False,
                complete="every member",
            ),
        )
