"""A document has one byte form and one digest; whatever is not exactly that is refused."""

from __future__ import annotations

import gc
import json
from datetime import datetime

import pytest

from plans.decisions import Hold
from plans.document import decode, digest_of, encode, from_attributes
from plans.errors import Refused
from plans.kinds.dns import TTL_MAX
from plans.kinds.zone import ZoneDocument
from plans.names import plan_key
from plans.plan import Plan
from plans.published import Published, read_plan
from plans.settings import Settings
from tests.builders import CHANGED, LINEAGE, STREAM, Stream, overwrite_object, settings_of
from tests.documents import REAL, edited


@pytest.fixture(scope="module")
def stream() -> Stream:
    return Stream()


@pytest.fixture(scope="module")
def published(stream: Stream) -> Published:
    return stream.publish(CHANGED)


@pytest.fixture(scope="module")
def body(published: Published) -> bytes:
    return encode(published.plan)


def refusal(body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        decode(Plan, body, what="plan 1")
    return caught.value


def test_a_plan_survives_the_round_trip_byte_for_byte(published: Published, body: bytes) -> None:
    decoded = decode(Plan, body, what="plan 1")
    assert decoded == published.plan
    assert encode(decoded) == body
    assert digest_of(body) == published.digest
    assert body.startswith(b'{"schema":"planfence/plan/v1","stream":')
    assert body.endswith(b"}\n")


def test_every_flipped_bit_is_refused_by_the_digest_and_mistaken_for_no_other_bytes(
    body: bytes, published: Published
) -> None:
    survived = 0
    for place in range(len(body)):
        for bit in range(8):
            flipped = bytearray(body)
            flipped[place] ^= 1 << bit
            assert digest_of(bytes(flipped)) != published.digest
            try:
                other = decode(Plan, bytes(flipped), what="plan 1")
            except Refused:
                continue
            # Text that says something else is a plan too: only the digest tells it from ours.
            survived += 1
            assert other != published.plan
            assert encode(other) == bytes(flipped)
    assert 0 < survived < len(body) * 8


def test_flipped_bits_are_refused_when_the_plan_is_read_by_its_digest(
    stream: Stream, published: Published, body: bytes
) -> None:
    key = plan_key(STREAM, 1)
    for place in range(0, len(body), 7):
        flipped = bytearray(body)
        flipped[place] ^= 1
        overwrite_object(stream.archive, key, bytes(flipped))
        with pytest.raises(Refused, match="is not the plan that was named") as caught:
            read_plan(stream.archive, STREAM, LINEAGE, 1, published.digest)
        assert caught.value.rule == "digest"
    overwrite_object(stream.archive, key, body)
    assert read_plan(stream.archive, STREAM, LINEAGE, 1, published.digest) == published


def test_every_truncation_is_refused_without_any_digest(body: bytes) -> None:
    for length in range(len(body)):
        refusal(body[:length])


@pytest.mark.parametrize("more", [b"\n", b" ", b"\0", b"{}", b"}", b"\xff"])
def test_trailing_bytes_are_refused(body: bytes, more: bytes) -> None:
    refusal(body + more)


def test_a_repeated_key_is_refused_though_its_last_value_is_right(body: bytes) -> None:
    doubled = body.replace(b'"generation":1,', b'"generation":2,"generation":1,', 1)
    assert refusal(doubled).rule == "document-not-canonical"


def test_other_ways_to_write_the_same_document_are_refused(body: bytes) -> None:
    document = json.loads(body)
    reordered = json.dumps(dict(reversed(document.items())), separators=(",", ":"))
    spaced = json.dumps(document)
    escaped = body.replace(b'"ada"', b'"\\u0061da"')
    assert escaped != body
    for other in (reordered.encode() + b"\n", spaced.encode() + b"\n", escaped, b" " + body):
        assert json.loads(other) == document
        assert refusal(other).rule == "document-not-canonical"


@pytest.mark.parametrize("number", [b"1.0", b"1e0", b'"1"', b"true", b"null", b"-1", b"1" * 30])
def test_a_generation_that_is_no_whole_number_is_refused(body: bytes, number: bytes) -> None:
    changed = body.replace(b'"generation":1,', b'"generation":' + number + b",", 1)
    found = refusal(changed)
    assert found.rule == "document-invalid"
    assert "generation" in str(found)


def test_a_newer_schema_is_named_as_such_whatever_else_it_holds(body: bytes) -> None:
    newer = body.replace(b"planfence/plan/v1", b"planfence/plan/v2").replace(b"}\n", b',"x":1}\n')
    found = refusal(newer)
    assert found.rule == "schema-version"
    assert (found.expected, found.actual) == ("planfence/plan/v1", "planfence/plan/v2")


@pytest.mark.parametrize(
    "nonsense",
    [b"", b"[]", b"null", b"\xff", b"[" * 200_000, b"1" * 5000, b'{"schema":1}', b'{"schema":"x'],
)
def test_nonsense_is_refused_as_no_document(nonsense: bytes) -> None:
    assert refusal(nonsense).rule == "document-invalid"


def test_an_unknown_field_is_refused_wherever_it_stands(body: bytes) -> None:
    for outer in (b'{"schema":', b'"base":{', b'"changes":[{', b'"summary":{'):
        inner = outer + b'"extra":1,' if outer.endswith(b"{") else b'{"extra":1,"schema":'
        assert refusal(body.replace(outer, inner, 1)).rule == "document-invalid"


@pytest.mark.parametrize("ttl", [-1, TTL_MAX + 1, 10**30])
def test_a_ttl_that_no_record_can_have_is_refused_before_anything_is_claimed(
    body: bytes, ttl: int
) -> None:
    for before in (b'"before":{"ttl":300', b'"after":{"ttl":300'):
        changed = body.replace(before, before.replace(b"300", b"%d" % ttl), 1)
        assert changed != body
        found = refusal(changed)
        assert found.rule == "document-invalid"
        assert "ttl" in str(found)
    zone = json.dumps(edited(REAL["zone"], "records", 0, "ttl", to=ttl)).encode()
    with pytest.raises(Refused, match=r"records\.0\.ttl"):
        decode(ZoneDocument, zone, what="the desired state")


@pytest.mark.parametrize(
    "time",
    [
        "1767225600",
        1767225600,
        "2026-01-01",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00z",
        "2026-01-01T00:00:00Z\n",
        "2026-02-30T00:00:00Z",
    ],
)
def test_a_time_that_is_not_written_out_is_refused(time: object) -> None:
    """The register compares an end of a hold as a text: all of them must be of one form."""
    for name in ("at", "until"):
        with pytest.raises(Refused, match=f"the hold is not valid: {name}") as caught:
            from_attributes(Hold, REAL["hold"] | {name: time}, what="the hold")
        assert caught.value.rule == "document-invalid"


@pytest.mark.parametrize("time", ["2026-01-01T00:00:00Z", "2026-01-01T05:30:00.25+05:30"])
def test_a_time_that_is_written_out_is_read(time: str) -> None:
    hold = from_attributes(Hold, REAL["hold"] | {"at": time}, what="the hold")
    assert hold.at == datetime.fromisoformat(time)


def test_the_cyclic_collector_is_left_as_it_was(body: bytes) -> None:
    assert gc.isenabled()
    decode(Plan, body, what="plan 1")
    assert gc.isenabled()
    refusal(body[:-2])
    assert gc.isenabled()
    gc.disable()
    try:
        decode(Plan, body, what="plan 1")
        assert not gc.isenabled()
        refusal(body[:-2])
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_attributes_of_another_form_are_refused_with_the_place() -> None:
    attributes = settings_of().model_dump(mode="json", by_alias=True)
    assert from_attributes(Settings, attributes, what="the settings") == settings_of()
    with pytest.raises(Refused, match="the settings is not valid: version") as caught:
        from_attributes(Settings, attributes | {"version": "1"}, what="the settings")
    assert caught.value.rule == "document-invalid"
    with pytest.raises(Refused) as caught:
        from_attributes(
            Settings, attributes | {"schema": "planfence/settings/v9"}, what="the settings"
        )
    assert caught.value.rule == "schema-version"
