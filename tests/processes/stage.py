"""The stage: one process of its own, in which scenarios fork theirs.

pytest's process cannot fork safely: other tests of the session give it threads and connections.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import ParamSpec, Protocol, TypeVar

from tests.processes.crew import limited

P = ParamSpec("P")
T = TypeVar("T")


class Stage(Protocol):
    """Runs a scenario on the stage. Whatever it raises is raised here, with its trace."""

    def __call__(self, scenario: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T: ...


@contextmanager
def stage() -> Iterator[Stage]:
    """A new process, warm after its first scenario, that ends with the block."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        with _not_measured():
            executor.submit(os.getpid).result()

        def run(scenario: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T:
            return executor.submit(_run, scenario, *args, **options).result()

        yield run


@contextmanager
def _not_measured() -> Iterator[None]:
    """Start a process without coverage, as if nobody measured.

    It writes its data through the very calls that the points stand around: a full disk would be
    full for it too, and a kill would leave its data torn. What runs here, other tests measure.
    """
    taken = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE")}
    try:
        yield
    finally:
        os.environ.update(taken)


def _run(scenario: Callable[P, T], /, *args: P.args, **options: P.kwargs) -> T:
    with limited():
        return scenario(*args, **options)
