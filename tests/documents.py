"""One of each document as planfence writes it, and ways to spoil one of its values."""

from __future__ import annotations

import json
from typing import Any

from plans.deciding import place_hold
from plans.document import to_attributes
from plans.lease import Applicant, acquire
from plans.marks import Mark, Pin
from plans.names import (
    blob_key,
    hold_key,
    journal_key,
    lease_key,
    mirror_key,
    plan_key,
    pointer_key,
    reject_key,
    settings_key,
)
from plans.plan import Tombstone
from tests.builders import CHANGED, START, STREAM, T1, ZONE, Stream

POOLS: Any = {
    "pools": {
        "api": {
            "type": "A",
            "ttl": 30,
            "min_members": 1,
            "seen_bad": 2,
            "members": [
                {
                    "id": "eu",
                    "address": "192.0.2.1",
                    "capacity": 3.0,
                    "health": {"http": {"url": "http://192.0.2.1/up", "timeout_seconds": 2.5}},
                },
                {"id": "us", "address": "192.0.2.2", "capacity": 1.0, "health": {"file": "us"}},
            ],
        }
    }
}
HEALTH: Any = {
    "schema": "planfence/health/v1",
    "zone": ZONE,
    "pools": [
        {
            "pool": "api",
            "name": f"api.{ZONE}",
            "type": "A",
            "min_members": 1,
            "seen_bad": 1,
            "members": [
                {
                    "id": "eu",
                    "capacity": 3.0,
                    "observations": [{"healthy": False, "detail": "connection refused"}],
                    "counted": "bad",
                    "state": "out",
                    "weight": 3,
                    "why": "unhealthy",
                }
            ],
        }
    ],
}


def real_documents() -> dict[str, Any]:
    """One of each, as planfence itself writes it."""
    stream = Stream(approvals=1, protect=("ftp",))
    published = stream.publish(CHANGED)
    approval = stream.approve(published)
    stream.enact(published)
    register, clock = stream.register, stream.clock
    stream.reject(stream.publish(START))
    place_hold(register, STREAM, by="bob", reason="no", clock=clock, attempt=stream.new_id())
    said: Any = {"digest": published.digest, "by": "jan", "at": clock.now()}
    mark = Mark(**said, state="marked", created_at=clock.now(), attempt=stream.new_id())
    pin = Pin(**said, state="pinned", reason="audit", attempt=stream.new_id())
    acquire(Applicant(register, STREAM, clock, "eve", stream.new_id(), 60, service_now=clock.now))
    entry = published.plan.attachments[0]
    stored = stream.archive.read(plan_key(STREAM, 1))
    blob = stream.archive.read(blob_key(STREAM, 1, entry.digest))
    journal = stream.register.read(journal_key(STREAM, 3))
    assert stored
    assert blob
    assert journal
    items = {
        "pointer": pointer_key(STREAM),
        "rejection": reject_key(STREAM, 2),
        "hold": hold_key(STREAM),
        "lease": lease_key(STREAM),
        "mirror": mirror_key(STREAM, T1),
        "settings": settings_key(STREAM),
    }
    return {
        "plan": json.loads(stored.body),
        "zone": json.loads(blob.body),
        "entry": json.loads(str(journal["document"])),
        "approval": to_attributes(approval),
        "health": HEALTH,
        "mark": to_attributes(mark),
        "pin": to_attributes(pin),
        "pools": POOLS,
        "tombstone": to_attributes(Tombstone(generation=1, digest=published.digest)),
        **{name: dict(stream.register.read(key) or {}) for name, key in items.items()},
    }


REAL = real_documents()


def edited(document: Any, *path: str | int, to: Any) -> Any:
    """A copy with one value replaced."""
    if not path:
        return to
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = edited(document[path[0]], *path[1:], to=to)
    return copy


MEMBER = ("pools", "api", "members", 0)
BAD_VALUES: dict[str, tuple[str, tuple[str | int, ...], Any]] = {
    "digest in capitals": ("plan", ("content_digest",), "A" * 64),
    "short digest": ("plan", ("attachments", 0, "digest"), "a" * 63),
    "digest of a parent": ("plan", ("parent",), {"generation": 1, "digest": "x"}),
    "parent that is text": ("plan", ("parent",), "1"),
    "change before": ("plan", ("waves", 0, "targets", 0, "steps", 0, "changes", 0, "before"), []),
    "no wave": ("plan", ("waves",), []),
    "no step": ("plan", ("waves", 0, "targets", 0, "steps"), []),
    "generation 0": ("plan", ("generation",), 0),
    "huge generation": ("plan", ("generation",), 10**12),
    "kind nobody knows": ("plan", ("kind",), "drs"),
    "schema of tomorrow": ("plan", ("schema",), "planfence/plan/v2"),
    "ancestry nobody knows": ("plan", ("inputs", 0, "ancestry"), "sideways"),
    "date without zone": ("plan", ("created_at",), "2026-01-01T00:00:00"),
    "name of two lines": ("plan", ("created_by",), "ada\nbob"),
    "digest of an entry": ("entry", ("previous",), "0" * 63),
    "detail that is a number": ("entry", ("details", "mode"), 1),
    "digest of a pointer": ("pointer", ("desired_digest",), "?"),
    "digest of an approval": ("approval", ("digest",), "g" * 64),
    "lineage of an approval": ("approval", ("lineage",), "1" * 31),
    "state of a hold": ("hold", ("state",), "maybe"),
    "epoch 0": ("lease", ("epoch",), 0),
    "state of a lease": ("lease", ("state",), "lapsed"),
    "credentials without an end": ("lease", ("ends_at",), ""),
    "negative count of blobs": ("mark", ("blobs",), -1),
    "state of a mark": ("mark", ("state",), "deleted"),
    "reason of two lines": ("pin", ("reason",), "a\nb"),
    "attempt of a pin": ("pin", ("attempt",), "1" * 31),
    "negative mirror": ("mirror", ("generation",), -1),
    "digest of a tombstone": ("tombstone", ("digest",), ""),
    "limit over 100 %": ("settings", ("updates_max",), "101%"),
    "stream of one segment": ("settings", ("stream",), "dns"),
    "no target": ("settings", ("targets",), []),
    "target named twice": ("settings", ("targets",), ["t", "t"]),
    "capacity 0": ("pools", (*MEMBER, "capacity"), 0),
    "no member": ("pools", ("pools", "api", "members"), []),
    "no pool": ("pools", ("pools",), {}),
    "pool of a type that is no address": ("pools", ("pools", "api", "type"), "MX"),
    "health from nowhere": ("pools", (*MEMBER, "health"), {}),
    "health from two": ("pools", (*MEMBER, "health"), {"file": "a", "route53": "b"}),
    "file with an absolute path": ("pools", (*MEMBER[:-1], 1, "health", "file"), "/etc/up"),
    "probe of no time": ("pools", (*MEMBER, "health", "http", "timeout_seconds"), 0),
    "member half in": ("health", ("pools", 0, "members", 0, "state"), "half"),
    "weight 256": ("health", ("pools", 0, "members", 0, "weight"), 256),
    "ttl that is text": ("zone", ("records", 0, "ttl"), "300"),
    "unknown field deep down": ("zone", ("records", 0), {"name": "x", "extra": 1}),
}
