"""Every error of a JSON document, with its path, line and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planfence.check_document import CANONICAL, check_document
from plans.document import decode, encode, from_attributes
from plans.errors import Refused
from plans.faults import path_text, record_faults
from plans.kinds.zone import ZoneDocument, state_of
from plans.names import plan_key
from plans.plan import Plan
from plans.schema import DOCUMENTS
from tests.documents import BAD_VALUES, REAL, edited
from tests.planfence.checked import at, check, errors, stored
from tests.planfence.project import Project

EXAMPLES = Path(__file__).parents[2] / "examples" / "dns" / "zones"
CHANGE = ("waves", 0, "targets", 0, "steps", 0, "changes", 0)


@pytest.mark.parametrize("case", BAD_VALUES)
def test_a_bad_value_is_one_error_at_its_path_and_line(project: Project, case: str) -> None:
    name, path, value = BAD_VALUES[case]
    document = edited(REAL[name], *path, to=value)
    text = json.dumps(document, indent=1)
    (project.root / "x.json").write_text(text, encoding="utf-8")
    [file] = check(project, "x.json", "--as", name)
    place = path_text(path)
    found = [error for error in file["errors"] if error["rule"] != "document-not-canonical"]
    assert found
    assert all(error["path"].startswith(place) for error in found)
    assert len({error["path"] for error in found}) == len(found)
    line = text.split("\n")[found[0]["line"] - 1]
    last = next(part for part in reversed(path) if isinstance(part, str))
    if case not in ("digest of a parent", "unknown field deep down"):  # below the value's own line
        assert json.dumps(last) in line or json.dumps(value) in line


@pytest.mark.parametrize(("name", "field"), [(n, f) for n in DOCUMENTS for f in REAL[n]])
def test_check_refuses_what_the_reader_refuses_and_accepts_what_it_accepts(
    name: str, field: str
) -> None:
    values: tuple[Any, ...] = (1.5, 1, "x", None, [], {}, True, "2026-13-45T00:00:00Z")
    for value in values:
        document = REAL[name] | {field: value}
        found = check_document(stored(document), name=name).findings
        try:
            if name in CANONICAL:
                decode(DOCUMENTS[name], stored(document), what=name)
            else:
                from_attributes(DOCUMENTS[name], document, what=name)
        except Refused:
            assert found, (field, value)
        else:
            rules = {finding.rule for finding in found}
            # What the reader of the bytes alone cannot tell, the readers behind it do.
            assert rules <= {"foreign-stream", "desired-invalid"}, (field, value, found)


def test_all_errors_of_a_plan_come_at_once_with_path_line_and_column(project: Project) -> None:
    document = edited(REAL["plan"], *CHANGE, "after", "ttl", to="300")
    document = edited(document, "created_at", to="2026-13-01T00:00:00Z")
    document = edited(document, "mode", to="exakt")
    del document["reason"]
    document["sumary"] = 1
    text = json.dumps(document, indent=2)
    (project.root / "plan.json").write_text(text, encoding="utf-8")
    found = errors(project, "plan.json")
    assert {(path, rule) for path, _, _, rule in found} == {
        ("$.reason", "schema"),
        ("$.mode", "schema"),
        ("$.created_at", "document-invalid"),
        ("$.waves[0].targets[0].steps[0].changes[0].after.ttl", "schema"),
        ("$.sumary", "schema"),
    }
    lines = text.split("\n")
    pointed = {path: lines[line - 1][column - 1 :] for path, line, column, _ in found}
    assert pointed["$.reason"] == "{"
    assert pointed["$.mode"].startswith('"exakt"')
    assert pointed["$.waves[0].targets[0].steps[0].changes[0].after.ttl"].startswith('"300"')
    assert pointed["$.sumary"].startswith('"sumary"')
    ran = project.run("check", "plan.json")
    assert "plan.json:1:1: $.reason: field 'reason' is missing [schema]\n" in ran.out
    assert "unknown field \"sumary\"; did you mean 'summary'? [schema]\n" in ran.out
    assert ran.out.endswith("plan.json: refused, plan, 5 errors\n")


def test_the_words_of_an_error_say_what_was_expected_and_found(project: Project) -> None:
    settings = REAL["settings"] | {"approvals": 21, "mode": 1, "protect": ["a", "a"]}
    settings |= {"updates_max": "101%", "targets": [], "kind": "drs", "version": 0}
    (project.root / "x.json").write_text(json.dumps(settings), encoding="utf-8")
    said = {error["path"]: error["message"] for error in check(project, "x.json")[0]["errors"]}
    assert said == {
        "$.kind": 'expected "dns", found "drs"',
        "$.version": "expected a number at least 1, found 0",
        "$.targets": "expected a length of at least 1, found 0",
        "$.mode": "expected text, found a whole number",
        "$.approvals": "expected a number at most 20, found 21",
        "$.updates_max": 'expected text like ^([0-9]{1,9}|(100|[0-9]{1,2})%)$, found "101%"',
        "$.protect": "holds a value twice",
    }
    long = REAL["plan"] | {"origin": "x" * 5000}
    (project.root / "x.json").write_text(json.dumps(long), encoding="utf-8")
    assert all(len(error["message"]) < 200 for error in check(project, "x.json")[0]["errors"])


def test_a_document_that_is_not_canonical_is_told_where_it_begins_to_differ(
    project: Project,
) -> None:
    body = stored(REAL["plan"])
    (project.root / "spaced.json").write_bytes(body.replace(b'"mode":', b'"mode": '))
    column = body.index(b'"mode":') + len('"mode":') + 1
    assert errors(project, "spaced.json") == [("$", 1, column, "document-not-canonical")]
    (project.root / "short.json").write_bytes(body.rstrip())
    assert errors(project, "short.json") == [("$", 1, len(body), "document-not-canonical")]
    zoned = body.replace(b'Z","created_by"', b'+00:00","created_by"')
    (project.root / "zoned.json").write_bytes(zoned)
    assert [error[0::3] for error in errors(project, "zoned.json")] == [
        ("$.created_at", "document-not-canonical")
    ]


def test_numbering_repeats_and_names_outside_the_zone_are_found_with_their_paths(
    project: Project,
) -> None:
    target = edited(
        REAL["plan"]["waves"][0]["targets"][0], "steps", 0, "changes", to=[at(REAL["plan"], CHANGE)]
    )
    steps = [target["steps"][0], target["steps"][0] | {"number": 5}]
    waves = [{"number": 1, "targets": [target, target | {"steps": steps}]}]
    plan = decode(Plan, stored(REAL["plan"] | {"waves": waves}), what="plan")
    (project.root / "plan.json").write_bytes(encode(plan))
    found = errors(project, "plan.json", "--zone", "example.org")
    assert {error[0::3] for error in found} == {
        ("$.waves[0].targets[1].target", "document-invalid"),
        ("$.waves[0].targets[1].steps[1].number", "document-invalid"),
        ("$.waves[0].targets[1].steps[1].changes[0]", "document-invalid"),
        ("$.waves[0].targets[0].steps[0].changes[0].name", "zone"),
        ("$.waves[0].targets[1].steps[0].changes[0].name", "zone"),
        ("$.waves[0].targets[1].steps[1].changes[0].name", "zone"),
    }
    assert {error[3] for error in errors(project, "plan.json")} == {"document-invalid"}


def test_the_health_of_another_zone_is_found_as_its_reader_refuses_it(project: Project) -> None:
    (project.root / "health.json").write_bytes(stored(REAL["health"]))
    assert project.run("check", "health.json", "--zone", "example.com").code == 0
    assert [each[0::3] for each in errors(project, "health.json", "--zone", "example.net")] == [
        ("$.zone", "zone")
    ]


def test_a_zone_document_holds_each_record_set_once_inside_and_managed(project: Project) -> None:
    records = REAL["zone"]["records"]
    bad = [*records, records[0], {**records[0], "name": "x.example.org."}]
    bad.append({**records[0], "type": "SOA"})
    (project.root / "zone.json").write_bytes(stored(REAL["zone"] | {"records": bad}))
    n = len(records)
    assert {error[0::3] for error in errors(project, "zone.json", "--zone", "example.net")} == {
        ("$.zone", "zone"),
        (f"$.records[{n}]", "desired-invalid"),
        (f"$.records[{n + 1}].name", "desired-invalid"),
        (f"$.records[{n + 2}].type", "desired-invalid"),
    }


RECORDS_WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "ttl": ({"ttl": -1}, "ttl", "schema"),
    "ttl-above": ({"ttl": 2**31}, "ttl", "schema"),
    "no-value": ({"values": []}, "values", "records"),
    "unsorted": ({"values": ["192.0.2.2", "192.0.2.1"]}, "values", "records"),
    "twice": ({"values": ["192.0.2.1", "192.0.2.1"]}, "values", "records"),
    "no-address": ({"values": ["192.0.2.256"]}, "values[0]", "records"),
    "a-line-more": ({"values": ["192.0.2.1\nx 60 IN A 192.0.2.9"]}, "values[0]", "records"),
}


@pytest.mark.parametrize("wrong", RECORDS_WRONG)
def test_a_record_that_cannot_be_is_found_in_a_plan_and_in_a_zone_document(
    project: Project, wrong: str
) -> None:
    changed, path, rule = RECORDS_WRONG[wrong]
    good: dict[str, Any] = {"ttl": 60, "values": ["192.0.2.1"]}
    change = {"name": "a.example.com.", "type": "A", "before": None, "after": good | changed}
    plan = edited(REAL["plan"], *CHANGE, to=change)
    (project.root / "plan.json").write_bytes(stored(plan))
    place = f"$.waves[0].targets[0].steps[0].changes[0].after.{path}"
    own = {"records": "document-invalid"}.get(rule, rule)
    assert [error[0::3] for error in errors(project, "plan.json")] == [(place, own)]
    record: dict[str, Any] = {"name": "a.example.com.", "type": "A", **good, **changed}
    zone: dict[str, Any] = {**REAL["zone"], "records": [record]}
    (project.root / "zone.json").write_bytes(stored(zone))
    own = {"records": "desired-invalid"}.get(rule, rule)
    assert [error[0::3] for error in errors(project, "zone.json")] == [
        (f"$.records[0].{path}", own)
    ]


def test_names_types_and_changes_that_cannot_be_are_found_at_once(project: Project) -> None:
    records = {"ttl": 60, "values": ["x"]}
    change = {"name": "A.example.com.", "type": "SOA", "before": records, "after": records}
    (project.root / "plan.json").write_bytes(stored(edited(REAL["plan"], *CHANGE, to=change)))
    place = "$.waves[0].targets[0].steps[0].changes[0]"
    assert {error[0] for error in errors(project, "plan.json")} == {
        place,
        f"{place}.name",
        f"{place}.type",
    }


NAME = st.sampled_from(["example.com.", "www.example.com.", "example.org."])
RECORD = st.fixed_dictionaries(
    {
        "name": NAME,
        "type": st.sampled_from(["A", "TXT", "SOA"]),
        "ttl": st.just(300),
        "values": st.just(["x"]),
    }
)


@given(st.lists(RECORD, max_size=4))
def test_the_faults_of_a_zone_document_are_what_its_reader_refuses(
    found: list[dict[str, Any]],
) -> None:
    body = stored({"schema": "planfence/zone/v1", "zone": "example.com.", "records": found})
    document = ZoneDocument.model_validate_json(body)
    if list(record_faults(document)):
        with pytest.raises(Refused, match="desired-invalid"):
            state_of(document)
    else:
        assert len(state_of(document)) == len(found)


def test_a_plan_in_an_archive_is_the_one_that_its_key_names(project: Project) -> None:
    project.write("planfence.toml", "")
    for stream, generation in (("dns/example.org", 1), ("dns/example.com", 7)):
        path = project.put_plan(generation, stored(REAL["plan"]), stream)
        [error] = errors(project, str(path))
        assert error[0::3] in {
            ("$.stream", "foreign-stream"),
            ("$.generation", "foreign-generation"),
        }
    path = project.root / plan_key("dns/example.com", 1)
    path.parent.mkdir(parents=True)
    path.write_bytes(stored(REAL["plan"]))
    check(project, str(path), code=0)
    path.write_bytes(stored(REAL["plan"] | {"stream": "Example"}))
    assert [error[0::3] for error in errors(project, str(path))] == [
        ("$.stream", "foreign-stream"),
        ("$.stream", "foreign-stream"),
    ]


@pytest.mark.parametrize(
    ("body", "path", "rule"),
    [
        (b"[]", "$", "document-unknown"),
        (b"{}", "$", "document-unknown"),
        (b'{"schema": "planfence/plan/v2"}', "$.schema", "schema-version"),
        (b'{"schema": ["planfence/plan/v1"]}', "$.schema", "schema-version"),
        (b'{"schema": {}}', "$.schema", "schema-version"),
    ],
)
def test_a_document_that_nobody_knows_says_what_it_could_be(
    project: Project, body: bytes, path: str, rule: str
) -> None:
    (project.root / "x.json").write_bytes(body)
    [(found, _, _, why)] = errors(project, "x.json")
    assert (found, why) == (path, rule)


def test_broken_json_is_refused_at_its_line_with_what_came_before_it(project: Project) -> None:
    body = json.dumps(REAL["plan"], indent=1).replace('"mode"', '"kind"', 1)
    (project.root / "x.json").write_text(body, encoding="utf-8")
    line = body[: body.index('"kind"', body.index('"kind"') + 1)].count("\n") + 1
    found = errors(project, "x.json")
    assert ("$.kind", line, 2, "json-key") in found
    assert ("$.mode", 1, 1, "schema") in found
    (project.root / "x.json").write_text(body[:-3], encoding="utf-8")
    assert {error[3] for error in errors(project, "x.json")} == {"json-key", "json-syntax"}


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_end_a_check_otherwise_than_with_findings(data: bytes) -> None:
    assert check_document(data).findings
    assert check_document(data, name="plan").findings
