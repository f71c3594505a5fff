"""Kind ``dns``, read only: a target's URL becomes a view on it, the same for both sides."""

from __future__ import annotations

from pathlib import Path

from plans.errors import Refused
from plans.observed.view import View
from plans.observed.zonefile import ZoneFileView

SCHEME = "zonefile:"


def zone_file_path(target: str, folder: Path) -> Path:
    """The path a ``zonefile:`` id names.

    Raises:
        Refused: another scheme (rule ``target-scheme``), or no path.
    """
    path = target.removeprefix(SCHEME)
    if not target.startswith(SCHEME) or not path or path.startswith("//") or "?" in path:
        raise Refused(
            f"{target} is no target that this planfence knows",
            rule="target-scheme",
            expected="zonefile:PATH",
            actual=target,
            remedy="correct the stream's targets with `planfence stream set`",
        )
    return folder / path


def dns_view(target: str, *, folder: Path, zone: str) -> View:
    """The view on the target that an id names.

    Raises:
        Refused: the scheme is not known (rule ``target-scheme``).
    """
    return ZoneFileView(target, zone_file_path(target, folder), zone)
