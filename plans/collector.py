"""The cyclic garbage collector, paused around a bulk load.

A load makes millions of objects and no garbage. The collector looks at all of them again and again,
which multiplies the time by 3 to 4.5 (facts, performance).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

YOUNG_MAX: Final = 50_000  # objects; looking at so many takes a few milliseconds


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause it, and leave it as it was found, whatever happens."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_count()[0] > YOUNG_MAX and not gc.get_freeze_count():
                # Both together call what was loaded old. Left young, all of it would be looked at
                # by the very next collection. But what is old is hardly ever looked at: were every
                # load called so, whatever garbage it made would stay for as long as the process.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
