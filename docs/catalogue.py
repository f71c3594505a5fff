"""Every place in the code that makes a ``PlanfenceError``, read from the syntax tree.

For each: the class, the rules it can name, what it says and the remedy, with what varies in
capitals (``plan GENERATION of STREAM``). ``docs/refusals.md`` is written from it, and
``tests/test_refusals.py`` holds every place to what DESIGN section 8 asks of a refusal.

A text is followed through names, arguments, tables and choices as far as the sources say what it
can be; a rule that cannot be followed raises ``Unfollowed``.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from plans.errors import PlanfenceError
from plans.guards import WAIVABLE

ROOT: Final = Path(__file__).resolve().parents[1]
ROOMS: Final = ("planfence", "planner", "enactor", "plans")
VARIES: Final = "..."  # what cannot be followed; what can and varies is in capitals
# Classes that name their rule themselves.
OWN_RULES: Final = {"Breached": WAIVABLE, "ConditionFailed": ("condition",)}
OWN_WORDS: Final = {"Breached": "guard RULE is breached on TARGET"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Unfollowed(Exception):
    """What a text can be is not to be seen in the sources."""


@dataclass(frozen=True, slots=True)
class Module:
    """One source file."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def loaded(self) -> Any:
        return importlib.import_module(self.name.removesuffix(".py").replace("/", "."))


@dataclass(frozen=True, slots=True)
class Place:
    """One call that makes an error. A text that the sources do not say is ``None``."""

    file: str
    first_line: int
    last_line: int
    made: type[PlanfenceError]
    rules: tuple[str, ...]
    whats: tuple[str, ...]
    remedies: tuple[str | None, ...]

    def __str__(self) -> str:
        return f"{self.file}:{self.first_line} {self.made.__name__}"


@cache
def modules() -> tuple[Module, ...]:
    return tuple(
        Module(path, ast.parse(path.read_text(encoding="utf-8")))
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
    )


def error_class(module: Module, name: str | None) -> type[PlanfenceError] | None:
    """The class of errors that a name is in a module, if it is one."""
    found = getattr(module.loaded, name or "", None) or _imported_late(module).get(name or "")
    return found if isinstance(found, type) and issubclass(found, PlanfenceError) else None


@cache
def _imported_late(module: Module) -> dict[str, Any]:
    """What functions import inside."""
    return {
        alias.asname or alias.name: getattr(importlib.import_module(node.module), alias.name, None)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ROOMS
        for alias in node.names
    }


@cache
def catalogue() -> tuple[Place, ...]:
    """Every place, in the order of files and lines."""
    return tuple(
        place_of(module, call, around)
        for module in modules()
        for call, around in _calls(module.tree, None)
        if error_class(module, _called(call)) is not None
    )


@cache
def usage_places() -> tuple[tuple[str, int, int], ...]:
    """Every call that refuses a command line, as file, first and last line.

    They are click's errors, which ``planfence.cli`` gives one rule and one remedy.
    """
    return tuple(
        (module.name, call.lineno, call.end_lineno or call.lineno)
        for module in modules()
        for call, _ in _calls(module.tree, None)
        if ast.unparse(call.func) in {"click.UsageError", "click.BadParameter", "self.fail"}
    )


def other_uses() -> list[str]:
    """Where the code names a class of errors otherwise than to make one, catch it or ask for it.

    What is made by another name would be in no catalogue.
    """
    return [
        f"{module.name}:{node.lineno} {ast.unparse(statement).splitlines()[0]}"
        for module in modules()
        for node, above, statement in _uses(module.tree, (), None)
        if _errors_named(module, node) and not _harmless(node, above)
    ]


Above = tuple[ast.AST, ...]


def _uses(
    node: ast.AST, above: Above, statement: ast.AST | None
) -> Iterator[tuple[ast.expr, Above, ast.AST]]:
    """Every name that is read, with what it stands in up to its statement."""
    for child in ast.iter_child_nodes(node):
        begins = isinstance(child, ast.stmt | ast.ExceptHandler)
        around = child if begins or statement is None else statement
        inside = () if begins else (*above, node)
        if isinstance(child, ast.Name | ast.Attribute) and isinstance(child.ctx, ast.Load):
            yield child, (*above, node), around
        yield from _uses(child, inside, around)


def _errors_named(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return error_class(module, node.id) is not None
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        found = getattr(getattr(module.loaded, node.value.id, None), node.attr, None)
        return isinstance(found, type) and issubclass(found, PlanfenceError)
    return False


def _harmless(node: ast.expr, above: Above) -> bool:
    match above[-1]:
        case ast.Call(func=func) if func is node:
            return isinstance(node, ast.Name)
        case ast.Call(func=ast.Name(id="isinstance")):
            return True
        case ast.Attribute():  # of the class itself
            return True
    kinds = {type(each) for each in above}
    if kinds & {ast.ExceptHandler, ast.ClassDef, ast.arg}:
        return True
    match above[0]:
        case ast.AnnAssign(value=value):
            return value is None or node not in ast.walk(value)
        case ast.FunctionDef() | ast.AsyncFunctionDef():  # what it gives back
            return ast.arguments not in kinds
    return False


def place_of(module: Module, call: ast.Call, around: Function | None) -> Place:
    """What one call makes, in the function around it."""
    made = error_class(module, _called(call))
    assert made is not None
    error = made.__name__
    follow = _Follow(module, around)
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if error in OWN_RULES:
        rules = OWN_RULES[error]
    else:
        rules = tuple(follow.exact(given["rule"]))
    whats = [OWN_WORDS[error]] if error in OWN_WORDS else follow.texts(call.args[0])
    whats = [each for each in whats if each is not None]
    remedies = follow.texts(given["remedy"]) if "remedy" in given else [None]
    last = call.end_lineno or call.lineno
    return Place(module.name, call.lineno, last, made, rules, tuple(whats), tuple(remedies))


def _called(call: ast.Call) -> str | None:
    return call.func.id if isinstance(call.func, ast.Name) else None


def _calls(node: ast.AST, around: Function | None) -> Iterator[tuple[ast.Call, Function | None]]:
    """Every call below a node, with the function that it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, around
        yield from _calls(child, child if isinstance(child, Function) else around)


@cache
def _calls_of(name: str) -> tuple[tuple[Module, ast.Call, Function | None], ...]:
    return tuple(
        (module, call, around)
        for module in modules()
        for call, around in _calls(module.tree, None)
        if _called(call) == name
        or (isinstance(call.func, ast.Attribute) and call.func.attr == name)
    )


@dataclass(frozen=True, slots=True)
class _Follow:
    """Follows an expression to the texts that it can be."""

    module: Module
    around: Function | None

    def exact(self, node: ast.expr) -> list[str]:
        """The texts, none of which may vary."""
        found = self.texts(node)
        texts = [text for text in found if isinstance(text, str) and text.islower()]
        if len(texts) != len(found) or not texts:
            raise Unfollowed(f"{self.module.name}:{node.lineno}: {ast.unparse(node)}")
        return texts

    def texts(self, node: ast.expr) -> list[Any]:
        """The texts, with what varies in capitals."""
        match node:
            case ast.Constant(value=str() | None):
                return [node.value]
            case ast.JoinedStr():
                parts = [self._part(part) for part in node.values]
                return ["".join(chosen) for chosen in itertools.product(*parts)]
            case ast.BinOp(op=ast.Add()):
                pairs = itertools.product(self.texts(node.left), self.texts(node.right))
                return [f"{left}{right}" for left, right in pairs]
            case ast.IfExp():
                return [*self.texts(node.body), *self.texts(node.orelse)]
            case ast.Name():
                return self._named(node.id)
            case ast.Call():
                return self._returned(node)
            case ast.ListComp():
                return self.texts(node.elt)
            case ast.List(elts=[only]):
                return self.texts(only)
            case _:
                return [VARIES]

    def _returned(self, call: ast.Call) -> list[Any]:
        """What a call gives: of a function of the module, or of a table's ``get``."""
        match call.func:
            case ast.Name(id=name) if function := self._function(name):
                inside = _Follow(self.module, function)
                nodes = ast.walk(function)
                values = [each.value for each in nodes if isinstance(each, ast.Return)]
                return [text for value in values if value for text in inside.texts(value)]
            case ast.Attribute(value=ast.Name(id=table), attr="get") if len(call.args) == 2:
                known = getattr(self.module.loaded, table, None)
                if isinstance(known, dict):
                    return [*dict.fromkeys(known.values()), *self.texts(call.args[1])]
        return [VARIES]

    def _function(self, name: str) -> Function | None:
        found = (each for each in self.module.tree.body if isinstance(each, Function))
        return next((each for each in found if each.name == name), None)

    def _part(self, part: ast.expr) -> list[str]:
        if isinstance(part, ast.Constant):
            return [str(part.value)]
        assert isinstance(part, ast.FormattedValue)
        match part.value:
            case ast.Name(id=name) if len(found := self._texts_here(name)) == 1:
                return found
            case ast.Name(id=name) | ast.Attribute(attr=name) if not name.startswith("__"):
                constant = getattr(self.module.loaded, name, None)
                return [constant if isinstance(constant, str) else name.strip("_").upper()]
            case _:
                return [VARIES]

    def _texts_here(self, name: str) -> list[str]:
        """What a name inside a text stands for, where its function says so in full."""
        if self.around is None:
            return []
        return [text for text in self._assigned(name) if text and VARIES not in text]

    def _named(self, name: str) -> list[Any]:
        if self.around is not None:
            found = [*self._assigned(name), *self._looped(name)] or self._passed(name)
            if found:
                return list(dict.fromkeys(found))
        constant = getattr(self.module.loaded, name, None)
        return [constant] if isinstance(constant, str) else [VARIES]

    def _assigned(self, name: str) -> Iterator[Any]:
        assert self.around is not None
        for node in ast.walk(self.around):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    yield from self._taken(name, target, node.value)

    def _looped(self, name: str) -> Iterator[Any]:
        assert self.around is not None
        for node in ast.walk(self.around):
            if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
                for each in node.iter.elts:
                    yield from self._taken(name, node.target, each)

    def _taken(self, name: str, target: ast.expr, value: ast.expr) -> Iterator[Any]:
        """What a name gets where ``target`` gets ``value``."""
        if isinstance(target, ast.Name) and target.id == name:
            yield from self.texts(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, part in zip(target.elts, value.elts, strict=True):
                yield from self._taken(name, one, part)

    def _passed(self, name: str) -> list[Any]:
        """What every caller passes for a parameter."""
        assert self.around is not None
        arguments = self.around.args
        positions = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
        positions = [each for each in positions if each not in ("self", "cls")]
        if name not in (*positions, *(each.arg for each in arguments.kwonlyargs)):
            return []
        found: list[Any] = []
        for module, call, around in _calls_of(self.around.name):
            given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            given |= dict(zip(positions, call.args, strict=False))
            if name in given:
                found += _Follow(module, around).texts(given[name])
        return found


def code_spans(text: str) -> list[str]:
    """What a text has between backticks."""
    return re.findall(r"`([^`]+)`", text)
