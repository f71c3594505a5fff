"""Targets that read JSON: plans, their attachments, the register's items, and files from people.

Each is compared with ``tests.fuzz.second_reader``: the product's reader must accept what the second
one accepts, and refuse the rest by the rule that it names. What no schema says, and a reader still
refuses, is worked out here by itself: ``_misplaced`` for plans, ``_held_wrongly`` for zones, and in
``tests.fuzz.second_changes`` which changes can be.

What a target returns is where a document had which sort of value: it guides the fuzzer, since the
compiled code that parses them has no lines to count.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from enactor.update_message import update_message
from planfence.check_document import check_document
from planfence.json_places import read_json
from plans.decisions import Approval, Hold, Rejection
from plans.document import Document, decode, digest_of, encode, from_attributes, to_attributes
from plans.errors import Refused
from plans.journal import Entry
from plans.kinds.dns import MANAGED_TYPES, Change
from plans.kinds.health import HEALTH_MEDIA_TYPE, HEALTH_NAME
from plans.kinds.zone import DESIRED_MEDIA_TYPE, DESIRED_NAME, state_of, zone_document
from plans.lease import Lease
from plans.marks import Mark, Pin
from plans.mirror import Mirror
from plans.names import blob_key, plan_key
from plans.observed.route53_sets import raw_set
from plans.plan import Attachment, Plan, Tombstone
from plans.pointer import Pointer
from plans.published import as_plan, check_changes, read_desired, read_health
from plans.settings import Settings
from plans.storage.archive import Stored
from tests.doubles.memory import MemoryArchive
from tests.fuzz.corpora import CORPUS, name_of, split
from tests.fuzz.second_changes import can_be, is_outside
from tests.fuzz.second_reader import Verdict, is_valid, loaded, places, rule_of, verdict

STREAM: Final = "dns/example.com"
LINEAGE: Final = "1" * 32
ZONE: Final = "example.com."
TOMBSTONE: Final = b'{"schema":"planfence/tombstone/'

Told = list[str]


def plan(data: bytes) -> Told:
    """A stored plan is read so that its bytes are the document's only ones, or is refused."""
    value, awaited = _awaited_of_a_plan(data)
    try:
        published = as_plan(Stored(data, "etag"), STREAM, LINEAGE, 1)
    except Refused as refusal:
        _check_refusal(refusal, *awaited)
        return [_kind(refusal)]
    assert not awaited, awaited
    found = published.plan
    assert encode(found) == data
    assert published.digest == digest_of(data)
    assert (found.stream, found.lineage, found.generation) == (STREAM, LINEAGE, 1)
    assert json.loads(found.model_dump_json(by_alias=True)) == value
    for digest in (published.digest[::-1], "0" * 64):
        _check_digest(data, digest, published.digest)
    _check_changes(found, value)
    return list(places("plan", value))


def _awaited_of_a_plan(data: bytes) -> Verdict:
    """What a plan's bytes hold, and the rules that may refuse them as generation 1."""
    if data.startswith(TOMBSTONE):
        value, rules = verdict("tombstone", data)
        return Verdict(value, rules or ("plan-pruned",))
    value, rules = verdict("plan", data)
    return Verdict(value, rules or _misplaced(value))


def _misplaced(value: Any) -> tuple[str, ...]:
    """What the schema of a plan cannot say: where it lies, and that it counts well."""
    here = {"stream": STREAM, "lineage": LINEAGE, "generation": 1}
    for name, expected in here.items():
        if value[name] != expected:
            return (f"foreign-{name}",)
    targets = [target for wave in value["waves"] for target in wave["targets"]]
    names = [target["target"] for target in targets]
    counted = all(
        [step["number"] for step in target["steps"]] == list(range(1, len(target["steps"]) + 1))
        for target in targets
    )
    return () if counted and len(names) == len(set(names)) else ("document-invalid",)


def _check_refusal(refusal: Refused, *awaited: str) -> None:
    assert refusal.rule in awaited, (str(refusal), awaited)
    assert refusal.remedy


def _kind(refusal: Refused) -> str:
    """A refusal without what it is about, for the fuzzer."""
    return re.sub(r"'.*|[0-9]+", "", f"{refusal.rule}: {refusal.what.rpartition(': ')[2]}"[:60])


def _check_digest(data: bytes, digest: str, right: str) -> None:
    try:
        as_plan(Stored(data, "etag"), STREAM, LINEAGE, 1, digest)
    except Refused as refusal:
        _check_refusal(refusal, "digest")
    else:
        assert digest == right


def _check_changes(found: Plan, value: Any) -> None:
    targets = [target for wave in value["waves"] for target in wave["targets"]]
    changes = [
        change for target in targets for step in target["steps"] for change in step["changes"]
    ]
    outside = any(is_outside(change, ZONE) for change in changes)
    judged = [can_be(target) for target in targets]
    try:
        check_changes(found, ZONE)
    except Refused as refusal:
        wrong = () if all(judged) else ("document-invalid",)
        _check_refusal(refusal, *(("zone",) if outside else wrong))
    else:
        assert not outside
        assert False not in judged
        _check_sendable(found)


def _check_sendable(found: Plan) -> None:
    """What passes can be sent, or is refused in words: once it is claimed, a fault strands it."""
    for target in found.targets:
        for step in target.steps:
            plain = [change for change in step.changes if not _is_routed(change)]
            update_message(ZONE, plain).to_wire(max_size=65_535)
            for change in step.changes:
                for side in filter(None, (change.before, change.after)):
                    with contextlib.suppress(ValueError):
                        raw_set(change.key, side)


def _is_routed(change: Change) -> bool:
    sides = filter(None, (change.before, change.after))
    return bool(change.identifier) or any(side.attributes for side in sides)


# Attachments and items


def _attached(body: bytes, name: str, media_type: str) -> tuple[MemoryArchive, Plan]:
    """An archive with one attachment of a plan that names it."""
    digest = digest_of(body)
    entry = Attachment(name=name, digest=digest, size=len(body), media_type=media_type)
    first = decode(Plan, (CORPUS / "plan" / "first").read_bytes(), what="the first plan")
    archive = MemoryArchive()
    archive.create(blob_key(STREAM, 1, digest), body)
    return archive, first.model_copy(update={"attachments": (entry,)})


def _desired(body: bytes) -> Iterator[Document]:
    state = read_desired(*_attached(body, DESIRED_NAME, DESIRED_MEDIA_TYPE), ZONE)
    again = zone_document(ZONE, state)
    assert state_of(again) == state
    yield again


def _health(body: bytes) -> Iterator[Document]:
    found = read_health(*_attached(body, HEALTH_NAME, HEALTH_MEDIA_TYPE), ZONE)
    assert found
    yield found


def _decoded(model: type[Document]) -> Callable[[bytes], Iterator[Document]]:
    return lambda body: iter((decode(model, body, what="it"),))


_READERS: Final[Mapping[str, Callable[[bytes], Iterator[Document]]]] = {
    "zone": _desired,
    "health": _health,
    "entry": _decoded(Entry),
    "tombstone": _decoded(Tombstone),
}
_ITEMS: Final[Mapping[str, type[Document]]] = {
    "pointer": Pointer,
    "settings": Settings,
    "approval": Approval,
    "rejection": Rejection,
    "hold": Hold,
    "lease": Lease,
    "mark": Mark,
    "mirror": Mirror,
    "pin": Pin,
}


def stored(data: bytes) -> Told:
    """An attachment, a journal entry or an item is read as what it is, or is refused.

    The first line of the input names it.
    """
    name, body = split(data)
    if name in _ITEMS:
        return _item(name, body)
    value, awaited = verdict(name, body)
    awaited = awaited or _held_wrongly(name, value)
    try:
        [found] = _READERS[name](body)
    except Refused as refusal:
        _check_refusal(refusal, *awaited)
        return [f"{name} {_kind(refusal)}"]
    assert not awaited, awaited
    if name != "zone":
        assert encode(found) == body
    else:  # what is read is a state, which has no order
        assert isinstance(value, dict)
        rows = loaded(encode(found))["records"]
        assert sorted(map(json.dumps, rows)) == sorted(map(json.dumps, value["records"]))
    return list(places(name, value))


def _held_wrongly(name: str, value: Any) -> tuple[str, ...]:
    """What the schema of an attachment cannot say: its zone, and each record set once, within."""
    if name not in {"zone", "health"}:
        return ()
    if value["zone"] != ZONE:
        return ("zone",)
    records = value.get("records", [])
    keys = {(each["name"], each["type"], each.get("identifier", "")) for each in records}
    well = all(
        each["type"] in MANAGED_TYPES and f".{each['name']}".endswith(f".{ZONE}")
        for each in records
    )
    return () if well and len(keys) == len(records) else ("desired-invalid",)


def _item(name: str, body: bytes) -> Told:
    """An item's attributes need no order, and may leave out what has a default."""
    try:
        value = loaded(body)
    except (ValueError, RecursionError):
        return []
    if not isinstance(value, dict):
        return []
    try:
        found = from_attributes(_ITEMS[name], value, what="it")
    except Refused as refusal:
        _check_refusal(refusal, *([] if is_valid(name, value) else [rule_of(name, value)]))
        return [f"{name} {_kind(refusal)}"]
    assert is_valid(name, value)
    again = to_attributes(found)
    for key, given in value.items():
        assert again[key] == given or _moment(again[key]) == _moment(given)
    return list(places(name, value))


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(text)


# Files from people


def given(data: bytes) -> Told:
    """A file that ``planfence check`` and ``override`` find nothing wrong with is accepted.

    And what they find has a place in the file, one line, and a rule.
    """
    reading = read_json(data)
    if not reading.problems:
        assert reading.value == loaded(data)
    name = name_of(reading.value)
    checked = check_document(data, zone=ZONE, place=plan_key(f"streams/{STREAM}", 1))
    at = [(finding.line or 0, finding.column or 0) for finding in checked.findings]
    assert at == sorted(at)
    ends = [len(line) for line in reading.text.split("\n")]
    for finding in checked.findings:
        assert finding.rule
        assert finding.line is not None
        assert finding.column is not None
        assert 1 <= finding.column <= ends[finding.line - 1] + 1
    if checked.findings:
        return sorted({finding.rule for finding in checked.findings})
    assert checked.name == name
    value, rules = verdict(name, data)
    assert not rules
    if name == "plan":
        here = (value["stream"], value["lineage"], value["generation"])
        assert as_plan(Stored(data, "etag"), *here).plan.generation == 1
    else:
        assert not _held_wrongly(name, value)
        assert [*(_READERS[name](data))]
    return list(places(name, value))
