"""A stored document is read as the one that it is, or not at all.

Over all bits of a small plan, all its values with all types of JSON, and samples of larger plans.

Truncations, repeated keys and other ways to write: ``tests/plans/test_document.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.document import decode, digest_of, encode
from plans.errors import Refused
from plans.kinds.dns import RecordKey, Records, diff
from plans.kinds.zone import ZoneDocument, state_of, zone_document
from plans.plan import Plan, Step, TargetPlan, Wave
from plans.published import as_plan
from plans.storage.archive import Stored
from tests.builders import CHANGED, LINEAGE, STREAM, T1, ZONE, Stream, a
from tests.documents import REAL, edited
from tests.planner.routed import as_a_state, routed_sets
from tests.planner.zones import zones

SMALL = Stream().publish(CHANGED)
BODY = encode(SMALL.plan)


def read(body: bytes, digest: str | None = SMALL.digest) -> Plan:
    return as_plan(Stored(body, "etag"), STREAM, LINEAGE, 1, digest).plan


def refused(body: bytes, digest: str | None = SMALL.digest) -> Refused:
    with pytest.raises(Refused) as caught:
        read(body, digest)
    return caught.value


def test_a_plan_with_any_bit_flipped_is_refused_by_its_digest() -> None:
    assert read(BODY) == SMALL.plan
    for place in range(len(BODY)):
        for bit in range(8):
            flipped = bytearray(BODY)
            flipped[place] ^= 1 << bit
            assert refused(bytes(flipped)).rule == "digest"


EVERY_TYPE: tuple[Any, ...] = (None, True, 7, 1.5, "text", [], {}, ["text"], {"key": "text"})


def places(document: Any, *above: str | int) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value of a document with its place, the document itself first."""
    yield above, document
    pairs: Any = ()
    if isinstance(document, dict):
        pairs = document.items()
    elif isinstance(document, list):
        pairs = enumerate(document)
    for key, value in pairs:
        yield from places(value, *above, key)


def stored(document: Any) -> bytes:
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"


MAY_BE_NULL = frozenset(
    "parent desired applied hold fence reason commit ancestry returns_to source standing before"
    " after target".split()
)
NULL_OR_TEXT = frozenset({"fence", "reason", "source"})
NULL_OR_NUMBER = frozenset({"returns_to"})


def fits(field: str, value: Any, other: Any) -> bool:
    """Whether a field may hold the other value as well, as far as types tell."""
    return (
        type(other) is type(value)
        or (other is None and field in MAY_BE_NULL)
        or (value is None and isinstance(other, str) and field in NULL_OR_TEXT)
        or (value is None and type(other) is int and field in NULL_OR_NUMBER)
    )


def test_a_plan_with_any_value_of_another_type_is_refused_without_its_digest() -> None:
    tried = 0
    for place, value in places(REAL["plan"]):
        field = next((part for part in reversed(place) if isinstance(part, str)), "")
        for other in EVERY_TYPE:
            if fits(field, value, other):
                continue
            tried += 1
            with pytest.raises(Refused) as caught:
                read(stored(edited(REAL["plan"], *place, to=other)), None)
            assert caught.value.rule in {"document-invalid", "schema-version"}, (place, other)
    assert tried > 800


def test_a_plan_that_lacks_any_member_is_refused_without_its_digest() -> None:
    body = stored(REAL["plan"])
    assert encode(read(body, None)) == body
    lacking = 0
    for place, value in places(REAL["plan"]):
        if isinstance(value, dict):
            for name in value:
                rest = {key: each for key, each in value.items() if key != name}
                body = stored(edited(REAL["plan"], *place, to=rest))
                rule = refused(body, None).rule
                # The schema's name has a default, which the bytes must show all the same.
                assert rule == f"document-{'not-canonical' if name == 'schema' else 'invalid'}"
                lacking += 1
    assert lacking > 80


def plan_of(state: dict[RecordKey, Records]) -> Plan:
    """The small plan, with changes that make a whole zone."""
    changes = diff(ZONE, state, dict(a("gone")))
    steps = tuple(Step(number=n, changes=(each,)) for n, each in enumerate(changes, start=1))
    part = TargetPlan(target=T1, retire=False, existing=1, steps=steps)
    return SMALL.plan.model_copy(update={"waves": (Wave(number=1, targets=(part,)),)})


states = zones | routed_sets.map(as_a_state)
plans = states.map(plan_of)


@given(plans)
def test_any_plan_comes_back_from_its_bytes_under_its_digest_alone(plan: Plan) -> None:
    body = encode(plan)
    assert read(body, digest_of(body)) == plan
    assert read(body, None) == plan
    assert refused(body, SMALL.digest).rule == "digest"


@given(plans, st.data())
def test_an_altered_plan_is_refused_or_is_another_plan_with_just_these_bytes(
    plan: Plan, data: st.DataObject
) -> None:
    body = encode(plan)
    at = data.draw(st.integers(0, len(body)))
    cut = data.draw(st.integers(0, 4))
    put = data.draw(st.binary(max_size=4))
    altered = body[:at] + put + body[at + cut :]
    if altered == body:
        return
    assert refused(altered, digest_of(body)).rule == "digest"
    try:
        found = decode(Plan, altered, what="it")
    except Refused:
        return
    assert found != plan
    assert encode(found) == altered


@given(states)
def test_any_desired_state_comes_back_from_its_attachment(
    state: dict[RecordKey, Records],
) -> None:
    body = encode(zone_document(ZONE, state))
    assert state_of(decode(ZoneDocument, body, what="it")) == state
    assert body == encode(zone_document(ZONE, dict(reversed(state.items()))))
