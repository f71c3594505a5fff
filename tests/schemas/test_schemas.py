"""The committed schemas are the models', valid, and refuse what the codec refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from planfence.outputs.schema import output_names
from plans.document import decode, from_attributes
from plans.errors import Refused
from plans.schema import DOCUMENTS, _readable, schema_of, schema_text
from tests.documents import BAD_VALUES, REAL, edited

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas"


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))


def errors(name: str, document: Any) -> list[str]:
    """Each error as ``path: message``."""
    return [
        f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(document)
    ]


def read(name: str, document: Any) -> object:
    """What planfence does when it meets this document."""
    model = DOCUMENTS[name]
    if name in {"plan", "health", "zone", "entry", "tombstone"}:
        body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        return decode(model, body, what=name)
    return from_attributes(model, document, what=name)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_is_valid_2020_12_and_names_itself(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"planfence/{name}/v1"
    assert schema["title"] == f"planfence {name}"
    assert schema["description"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_has_no_union_that_hides_its_errors(name: str) -> None:
    text = schema_text(name)
    assert '"anyOf"' not in text
    assert '"oneOf"' not in text
    assert text.endswith("}\n")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_planfence_writes_is_valid_and_readable(name: str) -> None:
    assert errors(name, REAL[name]) == []
    assert read(name, REAL[name])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_real_document_names_every_field_of_its_schema(name: str) -> None:
    assert list(schema_of(name)["properties"]) == list(REAL[name])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_unknown_field_is_refused_by_schema_and_codec(name: str) -> None:
    document = REAL[name] | {"extra": 1}
    assert any("'extra' was unexpected" in error for error in errors(name, document))
    with pytest.raises(Refused, match="document-invalid"):
        read(name, document)


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name in DOCUMENTS for field in REAL[name]]
)
def test_a_field_of_a_wrong_type_is_refused_by_schema_and_codec(name: str, field: str) -> None:
    document = REAL[name] | {field: 1.5}
    assert [error for error in errors(name, document) if error.startswith(f"$.{field}")]
    with pytest.raises(Refused, match="document-invalid"):
        read(name, document)


@pytest.mark.parametrize(
    ("name", "field"),
    [(name, field) for name in DOCUMENTS for field in schema_of(name)["required"]],
)
def test_a_missing_field_is_refused_by_schema_and_codec(name: str, field: str) -> None:
    document = {key: value for key, value in REAL[name].items() if key != field}
    assert errors(name, document) == [f"$: '{field}' is a required property"]
    if (name, field) != ("settings", "schema"):  # an item of a register is found by its key
        with pytest.raises(Refused):
            read(name, document)


@pytest.mark.parametrize("case", BAD_VALUES)
def test_a_bad_value_is_refused_by_schema_and_codec_at_its_place(case: str) -> None:
    name, path, value = BAD_VALUES[case]
    document = edited(REAL[name], *path, to=value)
    place = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    found = errors(name, document)
    assert found
    assert all(error.startswith(place) for error in found)
    with pytest.raises(Refused):
        read(name, document)


# What a model may not be, until somebody says how


class Two(BaseModel):
    """A union without a tag."""

    either: int | str


def test_a_union_without_a_tag_has_no_schema() -> None:
    with pytest.raises(NotImplementedError, match="if/then"):
        _readable(Two.model_json_schema())


@pytest.mark.parametrize("keyword", ["oneOf", "allOf"])
def test_a_schema_of_several_has_no_readable_form(keyword: str) -> None:
    with pytest.raises(NotImplementedError, match=keyword):
        _readable({keyword: [{"type": "string"}]})


# The committed files


def generate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, folder / "generate.py", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))


def test_the_committed_schemas_are_those_of_the_models() -> None:
    result = generate(SCHEMAS, "--check")
    assert (result.returncode, result.stderr) == (0, "")
    found = {path.stem for path in SCHEMAS.glob("*.json")}
    assert found == {*DOCUMENTS, *output_names()}


def staled(folder: Path) -> None:
    path = folder / "plan.json"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (staled, "schemas/plan.json is stale: run `python schemas/generate.py`\n"),
        (
            lambda folder: (folder / "hold.json").unlink(),
            "schemas/hold.json is missing: run `python schemas/generate.py`\n",
        ),
        (
            lambda folder: (folder / "old.json").write_text("{}"),
            "schemas/old.json names no document: run `git rm schemas/old.json`\n",
        ),
    ],
    ids=["stale", "missing", "unknown"],
)
def test_check_names_the_file_and_the_command(
    folder: Path, edit: Callable[[Path], object], said: str
) -> None:
    edit(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = generate(folder, "--check")
    assert (result.returncode, result.stderr) == (1, said)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_generating_again_changes_nothing_and_mends_what_is_stale(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    staled(folder)
    assert generate(folder).returncode == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
