"""How a fuzzer changes a target's inputs: as documents most of the time, else byte by byte.

Every choice comes from the seed that the fuzzer gives, so that one seed of a run makes the same
inputs each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from random import Random
from typing import Final

from tests.fuzz import json_mutator, text_mutators
from tests.fuzz.corpora import HEADED, inputs, name_of, split

BYTEWISE_SHARE: Final = 0.1

Bytewise = Callable[[bytes, int], bytes]
"""The fuzzer's own change of bytes, to a size at most."""

Change = Callable[[str, bytes, Random], bytes]
"""A change of a target's input, by its name."""


def mutator(target: str, bytewise: Bytewise) -> Callable[[bytes, int, int], bytes] | None:
    """The change of a target's inputs; None where bytes are all that they are.

    What is longer than asked for, or cannot be changed as a document, is changed byte by byte.
    """
    change = _CHANGES.get(target)
    if change is None:
        return None

    def mutated(data: bytes, size_max: int, seed: int) -> bytes:
        rng = Random(seed)
        if rng.random() >= BYTEWISE_SHARE:
            try:
                changed = change(target, data, rng)
            except RecursionError:  # nested as deep as no reader goes
                changed = b""
            if 0 < len(changed) <= size_max:
                return changed
        return bytewise(data, size_max)

    return mutated


def crossover(target: str) -> Callable[[bytes, bytes, int, int], bytes] | None:
    """A part of one document put into another; None where bytes are all that they are."""
    if _CHANGES.get(target) is not _document:
        return None

    def crossed(data: bytes, other: bytes, size_max: int, seed: int) -> bytes:
        name, value = _read(target, data)
        second, part = _read(target, other)
        if name == second and value is not None and part is not None:
            with suppress(RecursionError):
                body = json_mutator.spliced(name, value, part, Random(seed))
                result = _headed(target, name, body)
                if len(result) <= size_max:
                    return result
        return data[:size_max]

    return crossed


def _document(target: str, data: bytes, rng: Random) -> bytes:
    name, value = _read(target, data)
    if value is None or rng.random() < 0.02:
        name, value = _read(target, rng.choice(_starts(target)))
    return _headed(target, name, json_mutator.mutated(name, value, rng))


def _read(target: str, data: bytes) -> tuple[str, object]:
    name, body = split(data) if target in HEADED else (target, data)
    value = json_mutator.read(body)
    if target not in HEADED:
        name = name_of(value)
    return name, value


def _headed(target: str, name: str, body: str) -> bytes:
    head = f"{name}\n" if target in HEADED else ""
    return (head + body).encode(errors="surrogatepass")


@cache
def _starts(target: str) -> list[bytes]:
    """What to begin with where an input is no document at all."""
    every = [path.read_bytes() for path in inputs(target)]
    return [data for data in every if _read(target, data)[1] is not None]


def _text(target: str, data: bytes, rng: Random) -> bytes:
    text = data.decode(errors="replace")
    return _TEXTS[target](text, rng).encode(errors="surrogatepass")


_TEXTS: Final[Mapping[str, Callable[[str, Random], str]]] = {
    "zone": text_mutators.zone,
    "pools": text_mutators.pools,
    "zonefile": text_mutators.zonefile,
    "fence": text_mutators.fence,
}
_CHANGES: Final[Mapping[str, Change]] = {
    "plan": _document,
    "stored": _document,
    "given": _document,
    **dict.fromkeys(_TEXTS, _text),
}
