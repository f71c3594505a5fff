"""``check``: every error of every file at once, with its place; ``schema``."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from planfence import checking
from planfence.check_document import CANONICAL, check_document
from planfence.commands.check import NAMES
from planfence.outputs.schema import output_names, output_schema
from plans.document import digest_of
from plans.faults import record_faults
from plans.schema import DOCUMENTS, schema_of
from tests.documents import REAL
from tests.planfence.checked import check, errors, stored
from tests.planfence.project import Project, Ran

EXAMPLES = Path(__file__).parents[2] / "examples" / "dns" / "zones"
CHANGE = ("waves", 0, "targets", 0, "steps", 0, "changes", 0)


def give(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


# What is accepted


def test_every_document_that_planfence_writes_is_accepted_without_config_or_stores(
    project: Project,
) -> None:
    for name, document in REAL.items():
        (project.root / f"{name}.json").write_bytes(stored(document))
        [file] = check(project, f"{name}.json", "--as", name, code=0)
        assert file == {"file": f"{name}.json", "document": name, "outcome": "done", "errors": []}


def test_a_document_is_told_by_its_schema_and_a_file_by_its_ending(project: Project) -> None:
    project.start()
    project.go()
    for name in ("plan", "zone", "entry", "tombstone", "settings"):
        (project.root / f"{name}.json").write_bytes(stored(REAL[name]))
    files = ("plan.json", "zone.json", "entry.json", "tombstone.json", "settings.json")
    ran = project.ok(
        "check", *files, "zones/example.com.yaml", "planfence.toml", str(project.plan_path(1))
    )
    assert [line.rpartition(": ")[2] for line in ran.out.splitlines()] == [
        f"accepted, {name}"
        for name in (
            *("plan", "zone", "entry", "tombstone", "settings"),
            *("desired-state", "config", "plan"),
        )
    ]


def test_stdin_is_a_document_unless_it_is_said_to_be_another(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, stored(REAL["plan"]))
    assert project.ok("check", "-").out == "-: accepted, plan\n"
    give(monkeypatch, b"www: {type: A, value: 192.0.2.1}\n")
    assert project.ok("check", "-", "--as", "desired-state", "--zone", "example.com").out
    give(monkeypatch, b"")
    assert project.ok("check", "-", "--as", "config").out == "-: accepted, config\n"


@pytest.mark.parametrize(
    "arguments", [("-", "--as", "desired-state"), ("a b.yaml",), ("x.json", "--zone", "a..b")]
)
def test_zone_yaml_needs_a_zone_that_is_a_name(project: Project, arguments: tuple[str]) -> None:
    project.refused(64, "usage", "check", *arguments)


# Files that people write


def test_every_problem_of_zone_yaml_comes_with_its_line(project: Project) -> None:
    project.write("zones/example.com.yaml", "www: {type: A, value: 1.2.3}\nx: {type: Z}\nx: []\n")
    assert errors(project, "zones/example.com.yaml") == [
        (None, 1, None, "desired-state"),
        (None, 2, None, "desired-state"),
        (None, 3, None, "desired-state"),
    ]
    out = project.run("check", "zones/example.com.yaml").out
    assert out.startswith("zones/example.com.yaml:1: A value '1.2.3'")
    assert out.endswith("zones/example.com.yaml: refused, desired-state, 3 errors\n")


def test_zone_yaml_is_told_its_zone_and_how_it_writes_semicolons(project: Project) -> None:
    project.write("x.yml", "a:\n  type: TXT\n  value: 'a\\; b'\nwww.example.com.: {type: A}\n")
    said = [error["message"] for error in check(project, "x.yml")[0]["errors"]]
    assert any("has a ';'" in message for message in said)
    assert any("outside the zone x." in message for message in said)
    given = ("--zone", "Example.com", "--escaped-semicolons")
    said = [error["message"] for error in check(project, "x.yml", *given)[0]["errors"]]
    assert any("relative to example.com." in message for message in said)
    assert not any("has a ';'" in message for message in said)
    found = check(project, "x.yml", "--no-escaped-semicolons")[0]["errors"]
    assert any("only with escaped_semicolons" in error["message"] for error in found)


def test_the_example_zone_is_accepted(project: Project) -> None:
    path = str(EXAMPLES / "example.com.yaml")
    check(project, path, "--escaped-semicolons", code=0)


def test_every_problem_of_a_config_file_comes_with_its_place_and_line(project: Project) -> None:
    project.write(
        "planfence.toml",
        """colour = "red"
[stores]
archive = "s3://x"

[streams."dns/example.com"]
desired = "zones/example.com.yaml"
zone = "a b."
targets = [
  "zonefile:a",
  3,
]
[streams.Bad]
""",
    )
    assert errors(project, "planfence.toml") == [
        ("colour", 1, None, "config"),
        ("stores.archive", 3, None, "config"),
        ('streams."dns/example.com".zone', 7, None, "config"),
        ('streams."dns/example.com".targets[1]', 8, None, "config"),
        ('streams."Bad"', 12, None, "config"),
        ('streams."Bad".kind', 12, None, "config"),
        ('streams."Bad".desired', 12, None, "config"),
        ('streams."Bad".targets', 12, None, "config"),
    ]


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [(b"a = 1\nb = \n", 2, 5), (b"a = 1\n\xff", 2, None), (b"a = [", None, None)],
)
def test_a_config_file_that_is_no_toml_is_refused_with_its_line(
    project: Project, body: bytes, line: int | None, column: int | None
) -> None:
    (project.root / "planfence.toml").write_bytes(body)
    assert errors(project, "planfence.toml") == [(None, line, column, "config")]


# Several files


def test_all_files_are_reported_and_the_refused_one_decides(project: Project) -> None:
    (project.root / "good.json").write_bytes(stored(REAL["plan"]))
    project.write("bad.json", "[")
    files = check(project, "good.json", "bad.json", "nowhere.json", ".")
    assert [file["outcome"] for file in files] == ["done", "refused", "unavailable", "unavailable"]
    assert [file["errors"][0]["rule"] for file in files[1:]] == [
        *("json-syntax", "unreadable", "unreadable")
    ]
    assert files[2]["errors"][0]["message"] == "cannot be read: No such file or directory"
    check(project, "good.json", "nowhere.json", code=5)
    ran = project.run("check", "nowhere.json")
    assert (ran.code, ran.out.splitlines()[-1]) == (5, "nowhere.json: unreadable, 1 error")


def test_every_rule_of_a_finding_is_listed_and_no_other() -> None:
    sources = [Path(checking.__file__).with_name(name) for name in ("json_places.py",)]
    sources += [Path(checking.__file__), Path(checking.__file__).with_name("check_document.py")]
    sources.append(Path(record_faults.__code__.co_filename))
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    named = set(re.findall(r'"((?:json|document|schema|foreign)-[a-z-]+)"', text))
    assert named <= set(checking.RULES)
    assert all(f'"{rule}"' in text for rule in checking.RULES)


def test_help_names_every_document() -> None:
    assert NAMES == checking.NAMES
    assert set(CANONICAL) < set(DOCUMENTS)


# Schemas


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schema_prints_the_schema_that_runs(project: Project, name: str) -> None:
    ran = project.ok("schema", name)
    assert ran.json == schema_of(name)
    Draft202012Validator.check_schema(ran.json)
    told = project.ok("schema", name, "--format", "json").json
    assert (told["outcome"], told["name"], told["schema"]) == ("done", name, schema_of(name))


@pytest.mark.parametrize("name", output_names())
def test_schema_prints_the_schema_of_an_output(project: Project, name: str) -> None:
    assert project.ok("schema", name).json == output_schema(name)


def listed(ran: Ran) -> list[str]:
    return [line.split()[0] for line in ran.out.splitlines()]


def test_schema_without_a_name_lists_them_all(project: Project) -> None:
    ran = project.ok("schema")
    assert listed(ran) == [*DOCUMENTS, *output_names()]
    assert all(len(line.split()) > 1 for line in ran.out.splitlines())
    told = project.ok("schema", "--format", "json").json["schemas"]
    assert [each["name"] for each in told] == listed(ran)


def test_an_unknown_schema_is_a_usage_error_that_lists_them(project: Project) -> None:
    ran = project.refused(64, "usage", "schema", "pln")
    assert all(name in ran.err for name in DOCUMENTS)


def test_a_check_of_a_plan_that_was_just_published_needs_only_its_file(project: Project) -> None:
    project.start()
    generation = project.plan()
    body = project.plan_path(generation).read_bytes()
    assert digest_of(body) == project.digest(generation)
    assert check_document(body, zone="example.com.").findings == ()
