"""The pages in docs/ tell of what is there: the generated are fresh, the others name no other."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.commands_page import every_command, help_of, shared_names
from docs.generate import PAGES, main, stale_pages
from planfence.cli import COMMANDS
from plans.schema import schema_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES_BY_HAND = [
    *sorted(DOCS.rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "deploy/README.md")),
]
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))

every_page = pytest.mark.parametrize(
    "page", PAGES_BY_HAND, ids=lambda path: path.relative_to(ROOT).as_posix()
)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


# Generated


def test_generated_pages_are_the_codes() -> None:
    assert stale_pages() == [], "run `make docs`"


@pytest.mark.parametrize(
    ("path", "command"), list(every_command()), ids=lambda part: str(part)[:20]
)
def test_every_command_is_documented_as_its_help_says(path: tuple[str, ...], command: Any) -> None:
    name = " ".join(("planfence", *path))
    section = page("cli.md").partition(f"## {name}\n")[2].partition("\n## ")[0]
    assert section, f"{name} is not documented"
    shared = {f"--{name.replace('_', '-')}" for name in shared_names()}
    text = help_of(name, command)
    for line in text.splitlines():
        option = re.match(r"\s+(?:-h, )?(--[a-z-]+)", line)
        if option is None or option.group(1) not in {*shared, "--help"}:
            assert " ".join(line.split()) in " ".join(section.split()), line
    for shared_option in sorted(shared):
        assert f"\n  {shared_option} " in page("cli.md")


def test_the_commands_that_are_documented_are_those_that_exist() -> None:
    sections = re.findall(r"^## planfence (.*)$", page("cli.md"), re.MULTILINE)
    assert sections == [" ".join(path) for path, _ in every_command()]
    assert {section.split()[0] for section in sections} == set(COMMANDS)


def test_help_in_the_page_is_what_the_command_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "planfence", "check", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout
    section = page("cli.md").partition("## planfence check\n")[2].partition("\n## ")[0]
    words = " ".join(printed.partition("\nOptions:")[0].split())
    assert words in " ".join(section.split())


def test_generating_says_which_page_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("docs.generate.FOLDER", tmp_path)
    assert main(["--check"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"docs/{name} is stale: run `make docs`" for name in PAGES
    ]
    assert main([]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "cli.md").write_text("old", encoding="utf-8")
    assert main(["--check"]) == 1


# The plan document


def fields(schema: dict[str, Any], root: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every field of a schema, as docs/plan-document.md writes it."""
    for name, part in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        yield place
        node = part.get("then", part)
        if "items" in node:
            place, node = f"{place}[]", node["items"]
        if "$ref" in node:
            node = root["$defs"][node["$ref"].rpartition("/")[2]]
        yield from fields(node, root, place)


@pytest.mark.parametrize("name", ["plan", "zone", "health", "tombstone"])
def test_every_field_of_a_plan_is_documented_once_and_no_other_is(name: str) -> None:
    text = page("plan-document.md")
    sections = re.split(r"^## .*planfence/(\w+)/v1`$", text, flags=re.MULTILINE)
    by_name = {"plan": sections[0], **dict(zip(sections[1::2], sections[2::2], strict=True))}
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|(.*)\|(.*)\|$", by_name[name], re.MULTILINE)
    assert [row[0] for row in rows] == sorted([row[0] for row in rows], key=_order(name))
    assert sorted(row[0] for row in rows) == sorted(fields(schema_of(name), schema_of(name)))
    for _, meaning, readers, rule in rows:
        assert meaning.strip()
        assert readers.strip()
        assert rule.strip() or readers.strip() == "people", "what decides something has a rule"


def _order(name: str) -> Any:
    """Fields stay below the one that they belong to; sections may gather them otherwise."""
    known = list(fields(schema_of(name), schema_of(name)))
    tops = list(dict.fromkeys(re.split(r"[.\[]", each)[0] for each in _first_column(name)))
    return lambda each: (tops.index(re.split(r"[.\[]", each)[0]), known.index(each))


def _first_column(name: str) -> list[str]:
    text = page("plan-document.md")
    start = 0 if name == "plan" else text.index(f"planfence/{name}/v1`\n")
    return re.findall(r"^\| `([^`]+)` \|", text[start:], re.MULTILINE)


# What pages name


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@every_page
def test_every_file_that_is_named_exists(page: Path) -> None:
    """A path in code marks below one of our rooms, and `` `path` and `file` `` of one sentence."""
    text = page.read_text(encoding="utf-8")
    rooms = "planfence|planner|enactor|plans|tests|docs|schemas|examples|bench"
    for path in re.findall(rf"`((?:{rooms})/[\w./-]+)`", text):
        if not re.fullmatch(r"planfence/[a-z-]+/v[0-9]+", path):  # a document's schema
            assert (ROOT / path).exists(), path


@every_page
def test_every_test_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"(?<![\w/])(test_\w+)(?!\.py|\w)", text):
        assert f"def {name}(" in TESTS, name


def test_every_schedule_that_a_guarantee_names_is_a_test() -> None:
    text = page("guarantees.md") + page("plan-document.md")
    for letter, number in re.findall(r"\b([FS])([0-9]{1,2}[ab]?)\b", text):
        name = f"test_{letter.lower()}{number}"
        left_out = f"{letter}{number} is left out" in page("guarantees.md")
        assert re.search(rf"def {name}[ab]?_", TESTS) or left_out, f"{letter}{number}"


def test_every_guarantee_of_the_readme_is_shown_and_in_its_order() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    promised = re.findall(
        r"^([0-9])\. ", readme.partition("## What is guaranteed")[2], re.MULTILINE
    )
    shown = re.findall(r"^\| G([0-9]) \|", page("guarantees.md"), re.MULTILINE)
    assert promised == shown


@every_page
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(?:home|root|work|tmp|Users)/", text)


def test_every_page_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        current = waiting.pop()
        if current in reached:
            continue
        reached.add(current)
        if current.is_dir():
            waiting += current.glob("*.md")
            continue
        for target in re.findall(r"\]\(([^)#:]+)\)", current.read_text(encoding="utf-8")):
            waiting.append((current.parent / target).resolve())
    assert set(DOCS.rglob("*.md")) <= reached
