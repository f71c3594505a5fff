"""What the stores have of each generation, side by side: plan's key, mark, attachments.

Three ascending listings are read in step, a page at a time each, so that 100,000 generations need
no more memory than ten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, TypeVar

from plans.marks import Mark, Marked, as_mark
from plans.names import blobs_prefix, generation_of_key, plan_key, plans_prefix, retention_partition
from plans.storage.archive import Archive
from plans.storage.register import Register

T = TypeVar("T")
_PREFIX = "prune#"
_DIGITS = 12  # of a generation in a key


@dataclass(frozen=True, slots=True)
class Shelf:
    """One generation whose plan's key is taken, by whatever."""

    generation: int
    mark: Mark | None
    blobs: tuple[str, ...]


def shelves(archive: Archive, register: Register, stream: str) -> Iterator[Shelf]:
    """Every generation whose plan's key is taken, ascending.

    Raises:
        Refused: a mark is not readable.
        Unavailable: a listing is not complete.
    """
    marks = _InStep((of.generation, of.mark) for of in marks_from(register, stream))
    blobs = _InStep(_blobs(archive, stream))
    for key in archive.list(plans_prefix(stream)):
        generation = generation_of_key(key)
        if generation is not None and key == plan_key(stream, generation):
            yield Shelf(generation, marks.at(generation), blobs.at(generation) or ())


def marks_from(register: Register, stream: str) -> Iterator[Marked]:
    """Every mark there is, also those that ended, ascending by generation.

    Raises:
        Refused: one is not readable.
    """
    for item in register.scan(retention_partition(stream), _PREFIX):
        generation = int(item.key.sk.removeprefix(_PREFIX))
        mark = as_mark(item.attributes, stream, generation)
        assert mark is not None
        yield Marked(generation, mark)


def marks_with_blobs(
    archive: Archive, register: Register, stream: str
) -> Iterator[tuple[Marked, tuple[str, ...]]]:
    """Every mark that stands, ascending, with the keys of its generation's attachments.

    One that a slow planner adds in between is not there; the next pass finds it.

    Raises:
        Refused: a mark is not readable.
        Unavailable: a listing is not complete.
    """
    blobs = _InStep(_blobs(archive, stream))
    for of in marks_from(register, stream):
        if of.mark.state == "marked":
            yield of, blobs.at(of.generation) or ()


def _blobs(archive: Archive, stream: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    prefix = blobs_prefix(stream)

    def number(key: str) -> str:
        return key.removeprefix(prefix).partition("/")[0]

    for found, keys in groupby(archive.list(prefix), number):
        if len(found) == _DIGITS and found.isdigit():
            yield int(found), tuple(keys)


class _InStep(Generic[T]):
    """An ascending sequence that is asked for ascending numbers."""

    def __init__(self, pairs: Iterator[tuple[int, T]]) -> None:
        self._pairs = pairs
        self._next = next(pairs, None)

    def at(self, number: int) -> T | None:
        while self._next is not None and self._next[0] < number:
            self._next = next(self._pairs, None)
        if self._next is None or self._next[0] != number:
            return None
        return self._next[1]
