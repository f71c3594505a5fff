"""Plans of a zone at BIND, by transfer. The server's CPU is not counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.plans import plans
from bench.project import LARGEST, Project, Side
from bench.table import Row

GOAL: Final = 4.0  # times our CPU, at the largest size
MOST_MB: Final = 400
_KEY: Final = """
[keys.bench]
file = "{}"
"""


def rows(folder: Path, size: int, zone_file: Path) -> Iterator[Row]:
    """Rows of a zone that the server loads from what planfence wrote to a zone file."""
    # Late: a child's peak counts what this process holds when it starts one.
    from tests.servers.bind import bind

    with bind() as server:
        records = "".join(_records(zone_file))
        zone = server.zone(records, name="example.com.", apex="")
        del records
        secret = zone.key_file.read_text().split('"')[-2]
        side = Side(
            f"{zone.target}?key=bench",
            {
                "class": "octodns_bind.Rfc2136Provider",
                "host": "127.0.0.1",
                "port": zone.port,
                "timeout": 600,
                "key_name": "planfence",
                "key_secret": secret,
                "key_algorithm": "hmac-sha256",
            },
            _KEY.format(zone.key_file),
        )
        project = Project.new(folder, size, side)
        project.apply()
        at_largest = size == LARGEST
        yield from plans(
            project,
            size,
            "RFC 2136",
            goal=GOAL if at_largest else None,
            most_mb=MOST_MB if at_largest else None,
        )


def _records(zone_file: Path) -> Iterator[str]:
    """A zone file's records but its SOA and its fence."""
    with zone_file.open(encoding="utf-8") as lines:
        for line in lines:
            if " IN SOA " not in line and not line.startswith((";", "_planfence.")):
                yield line
