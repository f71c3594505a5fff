"""What may be fuzzed: readers of bytes from outside, each with what must hold for any bytes at all.

A target takes bytes and returns; an ``AssertionError``, or any error that its reader does not
announce, is a finding. ``test_corpus.py`` runs them over the committed corpus in every test run;
``python -m tests.fuzz`` looks for new inputs by coverage (atheris).

Two readers are compared wherever there is a second one: PyYAML for zone files, dnspython for
messages, botocore for pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import yaml
from botocore.model import Shape
from botocore.parsers import ResponseParserError, create_parser
from botocore.session import get_session

from enactor.zonefile import render
from planner.owners import owner_in
from planner.pools_file import parse_pools
from planner.zone_dump import dump_zone
from planner.zone_yaml import parse_zone_yaml
from plans.document import digest_of
from plans.errors import Invalid, Refused
from plans.fence import Fence, Unreadable, as_read, parse_fence
from plans.kinds.dns import MANAGED_TYPES, RecordKey, fence_name
from plans.kinds.rdata import quoted, value_of
from plans.observed.canonical import quick_entries
from plans.observed.entries import Entry
from plans.observed.fence_record import fence_seen, fence_values
from plans.observed.route53_pages import _refuse_empty, _take_sets
from plans.observed.route53_sets import raw_set, read_set
from plans.observed.wire import TYPE_TEXTS, Malformed, Message, Record
from plans.observed.zone_entries import read_zone_entries
from plans.observed.zonefile import ZoneFile, parse_zone_file
from tests.fuzz.document_targets import ZONE, given, plan, stored

DIGITS: Final = "0123456789abcdef"

Target = Callable[[bytes], Sequence[str] | None]
"""Takes any bytes; may say what came of them, for the fuzzer to look for more that is new."""


def _check(held: object, what: object) -> None:
    """An assertion about an error that was awaited."""
    assert held, what


def zone(data: bytes) -> None:
    """A zone file is read whole, and comes back from its dump; or each problem has its line."""
    for escaped in (False, True, None):
        try:
            found = parse_zone_yaml(data, "zone.yaml", ZONE, escaped_semicolons=escaped)
        except Invalid as refusal:
            _check_problems(refusal, data)
            continue
        assert found.records
        assert (found.digest, found.size) == (digest_of(data), len(data))
        asked = list(_asked_for(data))
        read = {(key.name, key.type) for key in found.records}
        assert len(asked) == len(set(asked))
        # octoDNS's dynamic records and aliases are sets of more names and types than are written.
        assert set(asked) == read or (
            set(asked) < read and (b"dynamic" in data or b"/ALIAS" in data)
        )
        if escaped is None:
            continue
        text = dump_zone(ZONE, found.records, escaped_semicolons=escaped, source="fuzz")
        again = parse_zone_yaml(text.encode(), "dump.yaml", ZONE, escaped_semicolons=escaped)
        assert again.records == found.records


def _check_problems(refusal: Invalid, data: bytes) -> None:
    """Each problem is one line of text that names a line of the file, in their order."""
    lines = []
    for problem in refusal.problems:
        place, line, reason = problem.split(":", 2)
        assert (place, reason[:1]) == ("zone.yaml", " ")
        assert "\n" not in reason
        lines.append(int(line))
    assert lines == sorted(lines)
    # A line may end with CR, NEL, LS or PS in YAML 1.1; an error at the end is on the line after.
    assert 1 <= lines[0] <= lines[-1] <= len(data.decode(errors="replace").splitlines()) + 1


def pools(data: bytes) -> None:
    """A pools file is read whole, or each problem has its line."""
    try:
        found = parse_pools(data, "zone.yaml", ZONE)
    except Invalid as refusal:
        _check_problems(refusal, data)
        return
    assert (found.digest, found.size) == (digest_of(data), len(data))
    _check_keys(yaml.compose(data, yaml.CBaseLoader))
    written = yaml.load(data, yaml.CBaseLoader)["pools"]
    assert [pool.pool for pool in found.pools] == list(written)
    assert len({(pool.name, pool.type) for pool in found.pools}) == len(found.pools)
    for pool in found.pools:
        other = written[pool.pool]
        assert pool.name == owner_in(other.get("name", pool.pool), ZONE)
        assert (pool.type, pool.ttl) == (other["type"], int(other.get("ttl", 60)))
        assert pool.min_members == int(other.get("min_members", 1)) <= len(pool.members)
        assert pool.seen_bad == int(other.get("seen_bad", 3))
        kept = [(member.id, member.capacity, member.check is None) for member in pool.members]
        assert kept == [
            (each["id"], float(each["capacity"]), "health" not in each) for each in other["members"]
        ]
        assert len({member.address for member in pool.members}) == len(pool.members)


def _asked_for(data: bytes) -> Iterator[tuple[str, str]]:
    """Every name and type that another reader of YAML finds in an accepted file."""
    _check_keys(yaml.compose(data, yaml.CBaseLoader))
    for name, found in yaml.load(data, yaml.CBaseLoader).items():
        for each in found if isinstance(found, list) else [found]:
            if each["type"] in MANAGED_TYPES:
                yield owner_in(name, ZONE), each["type"]


def _check_keys(node: yaml.Node | None) -> None:
    """No map of an accepted file has a key twice."""
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys))
        for _, value in node.value:
            _check_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _check_keys(value)


def zonefile(data: bytes) -> None:
    """A zone file is read the same by both its readers, and every record of it is kept."""
    try:
        found: ZoneFile | None = parse_zone_file(data, ZONE, "zone")
    except Refused as refusal:
        _check(refusal.rule.startswith("zonefile-"), refusal)
        found = None
    try:
        text = data.decode()
        awaited: list[Entry] = read_zone_entries(text, ZONE, "zone")
    except (UnicodeDecodeError, Refused):
        assert found is None
        return
    quick = quick_entries(text, ZONE)
    assert quick is None or list(quick) == awaited
    if found is None:
        return
    state = found.observation.state
    for entry in awaited:
        key = RecordKey(entry.name, entry.type)
        if key == (fence_name(ZONE), "TXT", ""):
            assert entry.text in fence_values(found.observation.fence)
        elif key.type == "SOA":
            assert found.soa == entry[1:]
        elif key in state:
            assert (state[key].ttl, entry.text in state[key].values) == (entry.ttl, True)
        else:
            assert entry[1:] in found.unmanaged
    kept = sum(len(content.values) for content in state.values()) + len(found.unmanaged)
    assert kept <= len(awaited)
    if not isinstance(found.observation.fence, Unreadable):  # which is never written again
        again = parse_zone_file(render(found, ZONE), ZONE, "again")
        assert again.observation == found.observation
        assert (again.soa, again.unmanaged) == (found.soa, found.unmanaged)


def fence(data: bytes) -> None:
    """A fence record's text is read as exactly what it is, or is kept as it stands."""
    text = data.decode(errors="surrogateescape")
    seen = parse_fence(text)
    assert as_read(seen) == text
    assert seen == _fence(text)
    # The same through the zone: a record set of one value for each line.
    values = tuple(sorted({quoted(line[:600].split(b"\t")) for line in data.split(b"\n") if line}))
    assert fence_values(fence_seen(values)) == values


def _fence(text: str) -> Fence | Unreadable:
    """The fence of a text, put together from its words; a text that it would not write is none."""
    words = dict(word.partition("=")[::2] for word in text.split(" "))
    try:
        found = Fence(
            generation=int(words["g"]),
            step=int(words["s"]),
            done=words["e"] == "1",
            digest=words["d"],
            lineage=words["l"],
            attempt=words["a"],
        )
    except (KeyError, ValueError):
        return Unreadable(text)
    numbers = 1 <= found.generation < 10**12 and 0 <= found.step < 10**6
    texts = ((found.digest, 64), (found.lineage, 32), (found.attempt, 32))
    digits = all(len(each) == size and not set(each) - set(DIGITS) for each, size in texts)
    return found if numbers and digits and found.text() == text else Unreadable(text)


def wire(data: bytes) -> None:
    """A DNS message is read as dnspython reads it, or is none."""
    try:
        read = Message(data)
    except Malformed:
        return
    try:
        other = dns.message.from_wire(data, one_rr_per_rrset=True)
    except dns.exception.DNSException:
        return  # what we pass over, such as the sections behind the answer, dnspython reads
    assert (read.id, read.rcode & 0x0F) == (other.id, other.rcode() & 0x0F)
    if other.opcode() == dns.opcode.UPDATE:
        assert read.records == []
    elif all(record.type in TYPE_TEXTS for record in read.records):  # others are not looked into
        assert read.records == [
            Record(
                rrset.name.canonicalize().to_text(),
                rrset.ttl,
                int(rrset.rdtype),
                value_of(rrset[0]),
            )
            for rrset in other.answer
        ]


_MODEL: Final = get_session().get_service_model("route53").operation_model("ListResourceRecordSets")
_SHAPE: Final = _MODEL.output_shape or Shape("", {})
_PARSER: Final = create_parser("rest-xml")


def page(data: bytes) -> None:
    """A page of Route 53 is read whole, no set as something simpler; or it is refused."""
    answer: dict[str, Any] = {"status_code": 200, "headers": {}, "body": data}
    taken: dict[str, Any] = {}
    try:
        _refuse_empty(answer)
        _take_sets(_MODEL, answer, taken)
        parsed = _PARSER.parse(answer, _SHAPE)
    except ResponseParserError:
        return
    assert parsed["IsTruncated"] in (True, False)
    for raw in taken["ResourceRecordSets"]:
        try:
            key, content, exact = read_set(raw, "Z1")
        except ValueError:
            continue
        written = raw_set(key, content, "Z1")
        assert (written == raw) is exact
        assert read_set(written, "Z1")[:2] == (key, content)


TARGETS: Final[Mapping[str, Target]] = {
    each.__name__: each for each in (plan, stored, given, zone, pools, zonefile, fence, wire, page)
}
