"""One line of the real code edited, in memory, for the length of a context.

The function keeps its identity and gets the edited code, so that whoever has imported it by name
runs the edited line too.
"""

from __future__ import annotations
import __future__

import importlib
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType


@dataclass(frozen=True, slots=True)
class Mutant:
    """A breakage: in the function ``where`` (``module:name``), ``line`` becomes ``broken``."""

    name: str
    where: str
    line: str
    broken: str


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Raises ``AssertionError`` if the line is not there exactly once: the code has changed."""
    function = _function(mutant.where)
    source = textwrap.dedent(inspect.getsource(function))
    found = source.count(mutant.line)
    assert found == 1, f"{mutant.where} has {found} times: {mutant.line}"
    edited = source.replace(mutant.line, mutant.broken)
    flags = __future__.annotations.compiler_flag
    # In angle brackets: no file, so that nobody who measures or traces looks for its source.
    module = compile(edited, f"<{mutant.where}>", "exec", flags=flags, dont_inherit=True)
    code = next(
        each
        for each in module.co_consts
        if isinstance(each, CodeType) and each.co_name == function.__name__
    )
    kept = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = kept


def _function(where: str) -> FunctionType:
    module, _, path = where.partition(":")
    found: object = importlib.import_module(module)
    for name in path.split("."):
        found = inspect.getattr_static(found, name)
    if isinstance(found, property):
        found = found.fget
    assert isinstance(found, FunctionType), where
    return found
