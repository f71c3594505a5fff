"""Lines of the real code edited, in memory, for the length of a context.

The function keeps its identity and gets the edited code, so that whoever has imported it by name
runs the edited line too.
"""

from __future__ import annotations
import __future__

import importlib
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType


@dataclass(frozen=True, slots=True)
class Edit:
    """In the function ``where`` (``module:name``), ``line`` becomes ``broken``."""

    where: str
    line: str
    broken: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A breakage, by name. ``also``: where the same rule stands a second time, on purpose."""

    name: str
    where: str
    line: str
    broken: str
    also: tuple[Edit, ...] = ()

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Edit(self.where, self.line, self.broken), *self.also)


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Raises ``AssertionError`` if a line is not there exactly once: the code has changed."""
    assert len({edit.where for edit in mutant.edits}) == len(mutant.edits)
    with ExitStack() as stack:
        for edit in mutant.edits:
            stack.enter_context(_edited(edit))
        yield


@contextmanager
def _edited(edit: Edit) -> Iterator[None]:
    function = _function(edit.where)
    source = textwrap.dedent(inspect.getsource(function))
    found = source.count(edit.line)
    assert found == 1, f"{edit.where} has {found} times: {edit.line}"
    edited = source.replace(edit.line, edit.broken)
    flags = __future__.annotations.compiler_flag
    # In angle brackets: no file, so that nobody who measures or traces looks for its source.
    module = compile(edited, f"<{edit.where}>", "exec", flags=flags, dont_inherit=True)
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
