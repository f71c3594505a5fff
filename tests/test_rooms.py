"""The shape of the code base, held by tests: rooms, sizes, words (DESIGN sections 1, 7 and 9)."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("planfence", "planner", "enactor", "plans")
PURE_ROOMS = ("planner", "enactor", "plans")  # nothing here prints: they return and raise
AROUND = ("schemas", "tests", "docs", "deploy", "examples", "bench")
KINDS = ("dns", "drs", "replication")
KIND_ROOMS = ("planner", "enactor", "plans/kinds")

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60  # without its docstring
VAGUE_NAMES = {"utils", "util", "common", "models", "manager", "helpers", "misc"}

LEFTOVERS = {"dist", "build", "htmlcov"}  # made by tools, ignored by git; as are names with a dot


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name_of(path))


every_file = pytest.mark.parametrize("path", sources(*ROOMS, *AROUND), ids=name_of)
every_shipped_file = pytest.mark.parametrize("path", sources(*ROOMS), ids=name_of)


# Rooms


def test_the_top_level_holds_the_rooms_of_the_design_and_no_others() -> None:
    found = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir()
        and not path.name.startswith((".", "__"))
        and path.name not in LEFTOVERS
        and path.suffix != ".egg-info"
    }
    assert found <= {*ROOMS, *AROUND}
    assert found >= {*ROOMS, "tests"}
    assert not list(ROOT.glob("*.py")), "every module has a room"


def test_every_room_is_shipped_and_nothing_else_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(ROOMS)
    assert project["tool"]["importlinter"]["root_packages"] == list(ROOMS)


@every_shipped_file
def test_every_module_and_every_room_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(parsed(path))
    assert (path.parent / "__init__.py").exists(), f"{name_of(path.parent)} is no package"


@pytest.mark.parametrize(
    "path", [path for path in sources("plans") if path.name == "__init__.py"], ids=name_of
)
def test_the_shared_contract_re_exports_nothing(path: Path) -> None:
    docstring, *rest = parsed(path).body
    assert isinstance(docstring, ast.Expr)
    assert not rest, "a re-export drags storage into the pure modules"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_the_same_file_name_in_every_room(kind: str) -> None:
    having = [room for room in KIND_ROOMS if (ROOT / room / f"{kind}.py").exists()]
    # dns is there from day one; the others come whole or not at all.
    assert having == list(KIND_ROOMS) or (not having and kind != "dns")


@every_file
def test_nothing_imports_the_generated_schemas_as_a_package(path: Path) -> None:
    imported = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert "schemas" not in imported


# Sizes


@every_file
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES_MAX


@every_file
def test_no_function_is_too_long(path: Path) -> None:
    too_long = {
        f"{node.name}, line {node.lineno}": lines
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := lines_of(node)) > FUNCTION_LINES_MAX
    }
    assert too_long == {}


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the end, without the docstring."""
    lines = last_line(function) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= last_line(docstring) - docstring.lineno + 1
    return lines


def last_line(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno


# Words


@every_file
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    folders = path.relative_to(ROOT).parts[:-1]
    assert not VAGUE_NAMES & {path.stem, *folders}


@every_file
def test_nothing_is_left_unfinished(path: Path) -> None:
    assert not re.search(r"\b(TO[D]O|FIX[M]E|XX[X])\b", path.read_text(encoding="utf-8"))


@every_shipped_file
def test_a_stream_is_never_called_a_workspace_nor_a_plan_a_blueprint(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"workspace|blueprint", text, re.IGNORECASE)


@pytest.mark.parametrize("path", sources(*PURE_ROOMS), ids=name_of)
def test_only_the_command_prints(path: Path) -> None:
    printing = [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert printing == []


# Locks of requirements


def pinned(lock: str) -> set[str]:
    """Each requirement with its hashes, as the lock has it."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {block.strip() for block in re.split(r"\n(?=\S)", text)}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-runtime.lock"])
def test_a_lock_pins_by_hash_and_names_no_place(lock: str) -> None:
    for requirement in pinned(lock):
        assert re.match(r"[a-z0-9-]+==\S+", requirement), requirement
        assert "--hash=sha256:" in requirement
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^ *-[-a-z]*(index|links)|[ =]/", text, re.MULTILINE)


def test_what_runs_is_what_was_tested() -> None:
    assert pinned("requirements-runtime.lock") <= pinned("requirements.lock")
