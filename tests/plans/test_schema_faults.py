"""What a JSON Schema does not allow is told in words, also where nobody thought of the keyword."""

from __future__ import annotations

from typing import Any

import pytest

from plans import schema_faults


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, "3 is not a multiple of 2"),
        (10**300 + 1, "not as the schema's multipleOf asks"),
    ],
)
def test_a_keyword_without_words_of_ours_is_told_shortly(
    monkeypatch: pytest.MonkeyPatch, value: int, expected: str
) -> None:
    def schema(_: str) -> dict[str, Any]:
        return {"properties": {"even": {"multipleOf": 2}}}

    monkeypatch.setattr(schema_faults, "schema_of", schema)
    [fault] = schema_faults.schema_faults("pools", {"even": value})
    assert (fault.place, fault.message) == (("even",), expected)
