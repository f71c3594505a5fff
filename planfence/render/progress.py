"""That long work goes on, for a person at a terminal: on stderr, and gone when the work is done.

Work that is quick shows nothing and pays nothing: rich is only imported when some time has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, Final, Protocol

from planfence.output import clean

if TYPE_CHECKING:
    from rich.progress import Progress

AFTER_SECONDS: Final = 0.4


class Waiting(Protocol):
    """What of a ``threading.Timer`` is used."""

    def start(self) -> None: ...
    def cancel(self) -> None: ...
    def join(self) -> None: ...


class Shown:
    """One piece of work. It may never be shown."""

    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._total = total
        self._bar: Progress | None = None

    def show(self) -> None:
        """Begin to show it. Without a total there is only a sign of life."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
        )

        columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False)]
        counted = [BarColumn(), MofNCompleteColumn()] if self._total else []
        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        bar = Progress(*columns, *counted, console=console, transient=True)
        bar.add_task(clean(self._what), total=self._total)
        bar.start()
        self._bar = bar

    def told(self, done: int) -> None:
        """So much of the total is done."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def progress(
    what: str,
    total: int | None,
    timer: Callable[[float, Callable[[], None]], Waiting] = Timer,
) -> Iterator[Callable[[int], None]]:
    """Show that work goes on, if it takes longer than ``AFTER_SECONDS``.

    Args:
        what: the work, in a few words.
        total: how much there is to do, if that is known.
        timer: what waits, as ``threading.Timer`` does.
    """
    shown = Shown(what, total)
    waiting = timer(AFTER_SECONDS, shown.show)
    waiting.start()
    try:
        yield shown.told
    finally:
        waiting.cancel()
        waiting.join()  # it may just have begun
        shown.end()
