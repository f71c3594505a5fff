"""Health from a file that a person or a program writes: ``healthy`` or ``unhealthy``, and why.

::

    unhealthy: maintenance until 17:00

One line, and nothing else. A remark may follow after a colon. What a file cannot say for certain
is refused: a file that is being written, or that is gone, is no sign of a bad member.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Final

from planner.health import Seen
from plans.errors import Refused

LINE_MAX: Final = 200  # bytes, with the remark
_LINE: Final = re.compile(r"(healthy|unhealthy)(?:[ \t]*:[ \t]*(\S.*?)?)?[ \t]*\r?\n?")


def read_health(path: Path) -> Seen:
    """What the file says; the detail is its remark, or its word if it has none.

    Raises:
        Refused: there is no such file, it cannot be read or is not understood (``health-file``).
    """
    try:
        # A pipe would be waited for, for ever.
        is_file = stat.S_ISREG(path.stat().st_mode)
        data = _start_of(path) if is_file else b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused(
            f"the health file {path} cannot be read: {reason}",
            rule="health-file",
            remedy="restore it, or correct the member's 'file'; a missing file says nothing of a"
            " member's health",
        ) from error
    match = _LINE.fullmatch(_text(data))
    if match is None or not (match[2] or "").isprintable():
        # What it holds is not shown: a wrong path may name anything.
        raise Refused(
            f"the health file {path} says neither healthy nor unhealthy",
            rule="health-file",
            expected=f"one line of at most {LINE_MAX} bytes: healthy or unhealthy, and after a"
            " colon why",
            actual="something else" if is_file else "no regular file",
            remedy="write one of the two words into it",
        )
    return Seen(match[1] == "healthy", match[2] or match[1])


def _start_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(LINE_MAX + 1)


def _text(data: bytes) -> str:
    """Empty where it cannot be a line of health."""
    if len(data) > LINE_MAX:
        return ""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""
