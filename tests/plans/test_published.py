"""A plan is read whole and verified, or refused by the name of what is wrong with it (F13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plans.document import digest_of, encode
from plans.errors import Refused, Unavailable
from plans.kinds.health import HealthDocument
from plans.kinds.zone import ZoneDocument, zone_document
from plans.names import JUMP_MAX, blob_key, plan_key
from plans.plan import Attachment, Plan, Tombstone
from plans.published import (
    Published,
    check_changes,
    published_digest,
    published_from,
    read_desired,
    read_health,
    read_plan,
)
from tests.builders import (
    CHANGED,
    LINEAGE,
    OTHER_LINEAGE,
    STREAM,
    T1,
    T2,
    ZONE,
    Stream,
    overwrite_object,
)
from tests.doubles.faults import unavailable


@pytest.fixture
def stream() -> Stream:
    return Stream(T1, T2, step_changes_max=1)


@pytest.fixture
def published(stream: Stream) -> Published:
    return stream.publish(CHANGED)


def refused(stream: Stream, rule: str, digest: str | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        read_plan(stream.archive, STREAM, LINEAGE, 1, digest)
    assert caught.value.rule == rule
    return caught.value


def read_digest(archive: Any, stream: str, generation: int) -> str | None:
    stored = archive.read(plan_key(stream, generation))
    return None if stored is None else published_digest(stored)


def write(stream: Stream, body: bytes, generation: int = 1) -> None:
    overwrite_object(stream.archive, plan_key(STREAM, generation), body)


def test_a_published_plan_is_read_with_its_digest(stream: Stream, published: Published) -> None:
    assert read_plan(stream.archive, STREAM, LINEAGE, 1) == published
    assert read_plan(stream.archive, STREAM, LINEAGE, 1, published.digest) == published
    assert read_digest(stream.archive, STREAM, 1) == published.digest
    assert read_desired(stream.archive, published.plan, ZONE) == CHANGED
    check_changes(published.plan, ZONE)


def test_a_plan_that_is_not_there_is_missing(stream: Stream) -> None:
    refused(stream, "plan-missing")
    assert read_digest(stream.archive, STREAM, 1) is None


def test_a_buried_plan_is_pruned_and_keeps_its_digest(stream: Stream, published: Published) -> None:
    write(stream, encode(Tombstone(generation=1, digest=published.digest)))
    assert refused(stream, "plan-pruned").actual == published.digest
    assert read_digest(stream.archive, STREAM, 1) == published.digest


def test_an_altered_tombstone_is_no_tombstone(stream: Stream, published: Published) -> None:
    write(stream, encode(Tombstone(generation=1, digest=published.digest)).replace(b"}", b" }"))
    refused(stream, "document-not-canonical")


def test_an_altered_plan_is_not_the_plan_that_was_named(
    stream: Stream, published: Published
) -> None:
    altered = stream.forge(published.plan, created_by="eve")
    error = refused(stream, "digest", published.digest)
    assert (error.expected, error.actual) == (published.digest, altered.digest)


def test_what_is_no_plan_has_a_digest_all_the_same(stream: Stream) -> None:
    write(stream, b"torn")
    refused(stream, "document-invalid")
    assert read_digest(stream.archive, STREAM, 1) == digest_of(b"torn")


@pytest.mark.parametrize(
    ("field", "value"), [("stream", "dns/example.org"), ("lineage", OTHER_LINEAGE)]
)
def test_a_plan_copied_from_elsewhere_stays_foreign(
    stream: Stream, published: Published, field: str, value: str
) -> None:
    stream.forge(published.plan, **{field: value})
    error = refused(stream, f"foreign-{field}")
    assert error.actual == value


def test_a_plan_at_another_generations_key_stays_foreign(
    stream: Stream, published: Published
) -> None:
    write(stream, encode(published.plan.model_copy(update={"generation": 2})))
    assert refused(stream, "foreign-generation").actual == "2"


def renumbered(plan: Plan, *numbers: int) -> Plan:
    """The plan with other numbers at its first target's steps."""
    [wave] = plan.waves
    target = wave.targets[0]
    steps = tuple(
        step.model_copy(update={"number": number})
        for step, number in zip(target.steps, numbers, strict=True)
    )
    first = target.model_copy(update={"steps": steps})
    changed = wave.model_copy(update={"targets": (first, *wave.targets[1:])})
    return plan.model_copy(update={"waves": (changed,)})


@pytest.mark.parametrize("numbers", [(1, 3), (2, 3), (2, 1), (1, 1)])
def test_steps_are_numbered_from_one_without_gaps(
    stream: Stream, published: Published, numbers: tuple[int, ...]
) -> None:
    assert len(published.plan.targets[0].steps) == 2
    stream.forge(renumbered(published.plan, *numbers))
    refused(stream, "document-invalid")


def test_no_target_is_named_twice(stream: Stream, published: Published) -> None:
    [wave] = published.plan.waves
    twice = wave.model_copy(update={"targets": (wave.targets[0], wave.targets[0])})
    stream.forge(published.plan, waves=(twice,))
    refused(stream, "document-invalid")


# The desired state


def attached(stream: Stream, plan: Plan, body: bytes) -> Plan:
    """The plan with another desired state, which is in the archive."""
    entry = Attachment(
        name="desired", digest=digest_of(body), size=len(body), media_type="application/json"
    )
    overwrite_object(stream.archive, blob_key(STREAM, 1, entry.digest), body)
    return plan.model_copy(update={"attachments": (entry,)})


def another_zone(plan: Stream, published: Published) -> Plan:
    return attached(plan, published.plan, encode(zone_document("example.org.", {})))


def outside(stream: Stream, published: Published) -> Plan:
    document = zone_document(ZONE, CHANGED)
    strange = document.records[0].__class__("www.example.org.", "A", 300, ("192.0.2.1",))
    body = encode(ZoneDocument(zone=ZONE, records=(*document.records, strange)))
    return attached(stream, published.plan, body)


def resized(_: Stream, published: Published) -> Plan:
    [entry] = published.plan.attachments
    longer = entry.model_copy(update={"size": entry.size + 1})
    return published.plan.model_copy(update={"attachments": (longer,)})


def altered(stream: Stream, published: Published) -> Plan:
    key = blob_key(STREAM, 1, published.plan.attachments[0].digest)
    stored = stream.archive.read(key)
    assert stored
    overwrite_object(stream.archive, key, stored.body.replace(b"192.0.2.1", b"192.0.2.9"))
    return published.plan


def absent(_: Stream, published: Published) -> Plan:
    [entry] = published.plan.attachments
    other = entry.model_copy(update={"digest": "0" * 64})
    return published.plan.model_copy(update={"attachments": (other,)})


def unnamed(_: Stream, published: Published) -> Plan:
    return published.plan.model_copy(update={"attachments": ()})


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (unnamed, "attachment-missing"),
        (absent, "attachment-missing"),
        (altered, "attachment-digest"),
        (resized, "object-size"),
        (another_zone, "zone"),
        (outside, "desired-invalid"),
    ],
)
def test_a_desired_state_that_is_not_the_plans_is_refused(
    stream: Stream, published: Published, make: Callable[[Stream, Published], Plan], rule: str
) -> None:
    with pytest.raises(Refused) as caught:
        read_desired(stream.archive, make(stream, published), ZONE)
    assert caught.value.rule == rule


# The health of pools


def with_health(stream: Stream) -> Published:
    stream.desired.health = HealthDocument(zone=ZONE, pools=())
    return stream.publish(CHANGED)


def test_a_plan_without_pools_has_no_health(stream: Stream, published: Published) -> None:
    assert read_health(stream.archive, published.plan, ZONE) is None


def test_health_is_read_as_it_was_published(stream: Stream) -> None:
    plan = with_health(stream).plan
    assert read_health(stream.archive, plan, ZONE) == HealthDocument(zone=ZONE, pools=())


@pytest.mark.parametrize(
    ("body", "zone", "rule"),
    [
        (None, ZONE, "attachment-missing"),
        (b"[" * 57, ZONE, "attachment-digest"),
        (b"", "example.org.", "zone"),
    ],
)
def test_a_health_that_is_not_the_plans_is_refused(
    stream: Stream, body: bytes | None, zone: str, rule: str
) -> None:
    plan = with_health(stream).plan
    entry = plan.attachment("health")
    assert entry
    if body is None:
        gone = entry.model_copy(update={"digest": "0" * 64})
        plan = plan.model_copy(update={"attachments": (gone,)})
    elif body:
        key = blob_key(STREAM, 1, entry.digest)
        overwrite_object(stream.archive, key, body.ljust(entry.size)[: entry.size])
    with pytest.raises(Refused) as caught:
        read_health(stream.archive, plan, zone)
    assert caught.value.rule == rule


def test_a_plan_changes_names_of_its_zone_only(published: Published) -> None:
    with pytest.raises(Refused, match=r"new\.example\.com\. lies outside example\.org\.") as caught:
        check_changes(published.plan, "example.org.")
    assert caught.value.rule == "zone"


# Finding the head


def touched(stream: Stream, *generations: int) -> None:
    for generation in generations:
        write(stream, b"x", generation)


def test_generations_are_listed_from_the_pointers_on(stream: Stream) -> None:
    assert published_from(stream.archive, STREAM, 0).head is None
    touched(stream, 1, 2, 10, 11)
    assert published_from(stream.archive, STREAM, 0).generations == (1, 2, 10, 11)
    assert published_from(stream.archive, STREAM, 10).generations == (10, 11)
    assert published_from(stream.archive, STREAM, 11).head == 11
    assert published_from(stream.archive, STREAM, 12).head is None


def test_a_number_out_of_reach_is_reported_and_ignored(stream: Stream) -> None:
    touched(stream, 3, 3 + JUMP_MAX, 4 + JUMP_MAX, 10**11)
    numbers = published_from(stream.archive, STREAM, 3)
    assert numbers.generations == (3, 3 + JUMP_MAX)
    assert numbers.beyond == (plan_key(STREAM, 4 + JUMP_MAX), plan_key(STREAM, 10**11))


def test_a_key_that_is_no_plans_is_reported_and_ignored(stream: Stream) -> None:
    touched(stream, 1)
    strange = (
        f"streams/{STREAM}/plans/readme.txt",
        f"streams/{STREAM}/plans/plans/000000000007.json",  # of a stream below this one
    )
    for key in strange:
        overwrite_object(stream.archive, key, b"x")
    numbers = published_from(stream.archive, STREAM, 0)
    assert (numbers.generations, set(numbers.beyond)) == ((1,), set(strange))


@pytest.mark.parametrize(
    "read",
    [
        lambda archive: read_plan(archive, STREAM, LINEAGE, 1),
        lambda archive: read_digest(archive, STREAM, 1),
        lambda archive: published_from(archive, STREAM, 0),
    ],
)
def test_an_archive_that_cannot_be_read_is_not_an_empty_one(
    stream: Stream, read: Callable[[Any], object]
) -> None:
    stream.faults.next("get", "", unavailable)
    stream.faults.next("list", "", unavailable)
    with pytest.raises(Unavailable):
        read(stream.archive)
