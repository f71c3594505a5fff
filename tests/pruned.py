"""What the tests of pruning share: streams with a history, on any stores, and a janitor."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from plans.document import digest_of, encode
from plans.journal import read_entries
from plans.kinds.dns import RecordKey, Records
from plans.marks import Mark, Pin, as_mark, pin
from plans.names import blob_key, plan_key, prune_key
from plans.pruning import Janitor, Told, prune, survey
from plans.published import Published, is_tombstone
from plans.settings import create_stream
from plans.storage.archive import Archive
from plans.storage.register import Register
from tests.builders import START, STREAM, T1, Stream, a, settings_of

AT_ONCE: Mapping[str, Any] = {"retain_days": 30, "retain_count": 1, "prune_grace_hours": 0}
"""Settings under which everything that is old goes, without a grace."""


def on_stores(archive: Archive, register: Register, *targets: str, **settings: Any) -> Stream:
    """A stream whose stores are these, behind the same faults. Its ids are nobody else's."""
    stream = Stream(*targets, **settings)
    stream.archive.inner, stream.register.inner = archive, register
    stream.new_id.count = uuid.uuid4().int >> 8  # an emulator remembers tokens of every table
    chosen = {"targets": targets or (T1,), "approvals": 0, **settings}
    create_stream(
        stream.register,
        settings_of(**chosen),
        by="admin",
        clock=stream.clock,
        attempt=stream.new_id(),
    )
    return stream


def desired(number: int) -> dict[RecordKey, Records]:
    """A desired state that no other number has."""
    return {**START, **a("www", f"198.51.{number // 250}.{1 + number % 250}")}


def history(stream: Stream, count: int) -> list[Published]:
    """Plans that were applied one after the other, and then grew old."""
    made = [stream.applied(desired(number)) for number in range(count)]
    grow_old(stream)
    return made


def grow_old(stream: Stream, days: int = 31) -> None:
    stream.clock.sleep(timedelta(days=days).total_seconds())


def janitor(stream: Stream, by: str = "jan") -> Janitor:
    return Janitor(STREAM, stream.archive, stream.register, stream.clock, stream.new_id, by)


def pruned(stream: Stream, by: str = "jan") -> list[Told]:
    """One pass that prunes."""
    return list(prune(janitor(stream, by)))


def surveyed(stream: Stream) -> list[Told]:
    """One pass that only looks."""
    return list(survey(janitor(stream)))


def deeds(told: Iterable[Told]) -> list[tuple[int, str, str]]:
    return [(each.generation, each.deed, each.rule) for each in told]


def pin_of(stream: Stream, published: Published, by: str = "ana") -> Pin:
    return Pin(
        state="pinned",
        digest=published.digest,
        by=by,
        reason="evidence",
        at=stream.clock.now(),
        attempt=stream.new_id(),
    )


def pin_plan(stream: Stream, published: Published, by: str = "ana") -> None:
    pin(stream.register, STREAM, published.plan.generation, pin_of(stream, published, by))


def mark_of(stream: Stream, generation: int) -> Mark | None:
    return as_mark(stream.register.inner.read(prune_key(STREAM, generation)), STREAM, generation)


def state_of(stream: Stream, generation: int) -> str | None:
    mark = mark_of(stream, generation)
    return mark.state if mark else None


def is_buried(stream: Stream, key: str) -> bool:
    stored = stream.archive.inner.read(key)
    assert stored is not None, "a key that was taken is free"
    return is_tombstone(stored.body)


def plan_is_buried(stream: Stream, generation: int) -> bool:
    return is_buried(stream, plan_key(STREAM, generation))


def blob_of(published: Published) -> str:
    [entry] = published.plan.attachments
    return blob_key(STREAM, published.plan.generation, entry.digest)


def late_blob(stream: Stream, generation: int, body: bytes = b"of a planner that lost") -> str:
    """An attachment that no plan names."""
    key = blob_key(STREAM, generation, digest_of(body))
    stream.archive.inner.create(key, body)
    return key


def everything(stream: Stream) -> dict[str, bytes]:
    """Every object of the archive."""
    inner = stream.archive.inner
    found = {key: inner.read(key) for key in inner.list("")}
    return {key: stored.body for key, stored in found.items() if stored is not None}


def same_bytes(published: Published) -> bytes:
    return encode(published.plan)


def journaled(stream: Stream, *kinds: str) -> list[dict[str, str]]:
    """The details of the journal's entries of these kinds."""
    found = read_entries(stream.register.inner, STREAM)
    return [dict(entry.details) for entry in found if entry.kind in kinds]
