"""Kind ``dns`` on the enactor's side: a target's URL becomes the thing that is written.

``zonefile:PATH`` is a zone file, fenced by a record in the file itself. Other schemes are refused
by name, never guessed.
"""

from __future__ import annotations

from pathlib import Path

from enactor.targets import Target
from enactor.zonefile import ZoneFileTarget
from plans.clock import Clock
from plans.observed.dns import zone_file_path


def dns_target(target: str, *, folder: Path, zone: str, clock: Clock) -> Target:
    """The target that an id names.

    Args:
        target: the target's id, as the stream's settings have it.
        folder: what relative paths are relative to: the config file's folder.
        zone: the zone, absolute.
        clock: for waiting on a busy target.

    Raises:
        Refused: the scheme is not known (rule ``target-scheme``).
    """
    return ZoneFileTarget(target, zone_file_path(target, folder), zone, clock=clock)
