"""Plans of a hosted zone, which a strict double serves over HTTP in a process of its own.

The double's CPU is not counted. It throttles nothing: no side waits for the account's rates. Types
that octoDNS has no support for at Route 53 are left out of the zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.plans import plans
from bench.project import STREAM, Project, Side
from bench.table import Row

if TYPE_CHECKING:
    from tests.doubles.route53.remote import RemoteDouble

GOAL: Final = 3.0  # times our CPU
# Our own rates would only make the bench wait while it fills the zone.
_RATES: Final = """
[route53]
requests_per_second = 100_000
requests_burst = 100_000
changes_per_second = 1_000_000
changes_burst = 1_000_000
"""


def rows(folder: Path, size: int) -> Iterator[Row]:
    # Late: a child's peak counts what this process holds when it starts one.
    from tests.doubles.route53.remote import running

    with running() as double:
        zone_id = double.add_zone("example.com.", sets_max=2 * size)
        side = Side(
            f"route53://{zone_id}",
            {
                "class": "octodns_route53.Route53Provider",
                "access_key_id": double.environment["AWS_ACCESS_KEY_ID"],
                "secret_access_key": double.environment["AWS_SECRET_ACCESS_KEY"],
            },
            _RATES,
            double.environment,
        )
        project = Project.new(folder, size, side, without=("SSHFP",))
        project.apply("apex")
        yield from plans(project, size, "Route 53", goal=GOAL)
        project.restore()
        yield calls(project, size, double)


def calls(project: Project, size: int, double: RemoteDouble) -> Row:
    """How often each side calls the service for a plan without a change."""
    counts = []
    for command in (project.planfence("plan", STREAM), project.octodns("octodns-sync")):
        before = len(double.calls)
        command.run()
        counts.append(len(double.calls) - before)
    ours, theirs = counts
    what = f"Route 53: plan without a change, {size:,} record sets, API calls"
    return Row(what, str(ours), str(theirs))
