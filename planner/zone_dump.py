r"""A zone's record sets as desired state: octoDNS zone YAML that ``planner.zone_yaml`` reads back.

Guarantees:

1. What ``dump_zone`` returns was read by the planner's own reader and compared: it holds exactly
   the record sets it was given, character-strings and TTLs included. Anything else is a refusal.
2. Equal states give equal bytes, in the order that octoDNS enforces by default: every map's keys
   in natural order (``web2`` before ``web10``), the record sets of a name by type.
3. Text is quoted wherever YAML 1.1 or 1.2 would read a number, a truth value, a date or nothing
   (``zone_dump_yaml``).

Structured values are octoDNS's maps; where the reader would take a map for another value (it
raises the case of NAPTR flags), the value stands as text. A TXT or SPF value stands as bare text
where its strings are cut every 255 bytes, as octoDNS cuts them, and as a row of quoted strings
where they are not.

Routed sets, aliases and health checks stand in planfence's own keys (``zone_dump_routing``).

Not guaranteed: that octoDNS reads the same everywhere. It keeps no cuts between character-strings,
takes a backslash in TXT for itself, knows structured values as maps only, and not those keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from planner.zone_dump_routing import keys_of, unsayable
from planner.zone_dump_yaml import NOTHING, Tree, in_natural_order, lines, natural, scalar
from planner.zone_yaml import parse_zone_yaml
from plans.collector import collector_paused
from plans.errors import Invalid, PlanfenceError, Refused
from plans.kinds.dns import RecordKey, Records, ZoneState
from plans.kinds.rdata import STRING_BYTES_MAX, quoted, rdata_of, shown

_FREE_TEXT: Final = frozenset({"SPF", "TXT"})
_BINDINGS: Final = frozenset({"HTTPS", "SVCB"})
_LOC_DEFAULTS: Final = ("1.00m", "10000.00m", "10.00m")  # RFC 1876 section 3: size and precisions

# The fields of each type in the order of its presentation format: ``key:form``.
_FORMS: Final = {
    "CAA": "flags:whole tag:text value:string",
    "DS": "key_tag:whole algorithm:whole digest_type:whole digest:data",
    "LOC": "lat_degrees:whole lat_minutes:whole lat_seconds:decimal lat_direction:text"
    " long_degrees:whole long_minutes:whole long_seconds:decimal long_direction:text"
    " altitude:metres size:metres precision_horz:metres precision_vert:metres",
    "MX": "preference:whole exchange:text",
    "NAPTR": "order:whole preference:whole flags:string service:string regexp:string"
    " replacement:text",
    "SRV": "priority:whole weight:whole port:whole target:text",
    "SSHFP": "algorithm:whole fingerprint_type:whole fingerprint:data",
    "TLSA": "certificate_usage:whole selector:whole matching_type:whole"
    " certificate_association_data:data",
    "URI": "priority:whole weight:whole target:string",
}
_FIELDS: Final = {
    rdtype: tuple((key, form) for key, _, form in (field.partition(":") for field in text.split()))
    for rdtype, text in _FORMS.items()
}

_TOKEN: Final = re.compile(r'(?:[^\s"\\]|\\.|"(?:[^"\\]|\\.)*+")++')
_LISTED: Final = frozenset({"alpn", "ipv4hint", "ipv6hint", "mandatory"})


def dump_zone(
    zone: str,
    records: ZoneState,
    *,
    escaped_semicolons: bool | None,
    source: str,
    remarks: Iterable[str] = (),
) -> str:
    r"""``records`` as a desired state, proven by reading it back.

    Args:
        zone: the zone's absolute name.
        records: the record sets to write; without the SOA and the fence.
        escaped_semicolons: whether to write ``;`` as ``\;`` in TXT and SPF; None is undecided.
        source: where the records are from, for refusals.
        remarks: comments for the head of the file, one line each.

    Raises:
        Refused: a value holds ``;`` and it is not decided how to write it
            (``semicolons-undecided``), or the text would lose something (``dump-differs``).
        Invalid: the zone holds what no desired state can (``dump-refused``), each with its reason.
    """
    _refuse_unsayable(records, source)
    if escaped_semicolons is None:
        _refuse_semicolons(records, source)
    error: PlanfenceError | None = None
    for with_maps in (True, False):
        text = zone_text(zone, records, escaped_semicolons, remarks, with_maps=with_maps)
        error = _objection(zone, records, escaped_semicolons, source, text)
        if error is None:
            return text
    assert error is not None
    raise error


def has_semicolons(records: ZoneState) -> bool:
    """Whether it matters how the file writes ``;``."""
    return _first_semicolon(records) is not None


def zone_text(
    zone: str,
    records: ZoneState,
    escaped_semicolons: bool | None,
    remarks: Iterable[str] = (),
    *,
    with_maps: bool = True,
) -> str:
    """The YAML, not read back; ``with_maps`` False writes every value as text."""

    def content(key: RecordKey) -> dict[str, Tree]:
        return _content(key.type, records[key], escaped_semicolons, with_maps)

    tree: dict[str, Tree] = {}
    head = [f"# {remark}".rstrip() for remark in remarks]
    with collector_paused():
        for name, of_name in groupby(sorted(records), attrgetter("name")):
            found: list[Tree] = []
            for _, keys in groupby(of_name, attrgetter("type")):
                found += _records(tuple(keys), content)
            tree[_relative(name, zone)] = found[0] if len(found) == 1 else found
        return "\n".join([*head, "---", *lines(in_natural_order(tree))]) + "\n"


def _objection(
    zone: str, records: ZoneState, escaped_semicolons: bool | None, source: str, text: str
) -> PlanfenceError | None:
    """Why the planner's reader does not take ``text`` for ``records``, or None if it does."""
    try:
        found = parse_zone_yaml(
            text.encode(), "dump", zone, escaped_semicolons=escaped_semicolons
        ).records
    except Invalid as error:
        reasons = [re.sub(r"^dump:[0-9]+: ", "", problem) for problem in error.problems]
        return Invalid(
            [f"{source}: {reason}" for reason in reasons],
            rule="dump-refused",
            remedy="planfence cannot manage a zone that holds this: mend it there first",
        )
    if found == records:
        return None
    keys = sorted(
        key for key in found.keys() | records.keys() if found.get(key) != records.get(key)
    )
    return Refused(
        f"{source}: {keys[0].name} {keys[0].type} would not be read back as it is",
        rule="dump-differs",
        expected=_short(records.get(keys[0])),
        actual=_short(found.get(keys[0])),
        remedy="nothing was printed; write this record set by hand, and report it",
    )


def _refuse_unsayable(records: ZoneState, source: str) -> None:
    """Refuse sets of which a desired state could only say a part."""
    problems = [
        f"{source}: {' '.join(part for part in key if part)} has what no desired state can say:"
        f" {', '.join(found)}"
        for key, content in sorted(records.items())
        if (found := unsayable(content))
    ]
    if problems:
        raise Invalid(
            problems,
            rule="dump-refused",
            remedy="such record sets cannot be kept by this stream: move them to a zone of their"
            " own, or make them plain",
        )


def _short(content: Records | None) -> str:
    return shown(" ".join((*content.values, *content.attributes))) if content else "nothing"


def _first_semicolon(records: ZoneState) -> RecordKey | None:
    found = (
        key
        for key, content in records.items()
        if key.type in _FREE_TEXT and any(";" in value for value in content.values)
    )
    return min(found, default=None)


def _refuse_semicolons(records: ZoneState, source: str) -> None:
    key = _first_semicolon(records)
    if key is not None:
        raise Refused(
            f"{source}: {key.name} {key.type} holds a ';', and it is not decided how the desired"
            " state writes one",
            rule="semicolons-undecided",
            remedy="set escaped_semicolons = false for the stream in planfence.toml (true if"
            " octoDNS reads the file with its default), or say --no-escaped-semicolons",
        )


def _relative(name: str, zone: str) -> str:
    if name == zone:
        return ""
    return name.removesuffix("." if zone == "." else f".{zone}")


def _records(
    keys: Sequence[RecordKey], content: Callable[[RecordKey], dict[str, Tree]]
) -> Iterator[Tree]:
    """The record maps of a name and type: one for each simple set, one for all that are routed."""
    rdtype = keys[0].type
    routed = sorted(
        (key for key in keys if key.identifier), key=lambda key: natural(key.identifier)
    )
    for key in keys:
        if not key.identifier:
            yield _in_order({**content(key), "type": rdtype})
    if routed:
        sets: list[Tree] = [
            _in_order({**content(key), "id": scalar(key.identifier)}) for key in routed
        ]
        yield {"routing": sets, "type": rdtype}


def _in_order(record: Mapping[str, Tree]) -> dict[str, Tree]:
    """A record's keys in natural order, which is that of their text: no digit is in them."""
    return {key: record[key] for key in sorted(record)}


def _content(
    rdtype: str, content: Records, escaped_semicolons: bool | None, with_maps: bool
) -> dict[str, Tree]:
    """TTL and values, unless it is an alias, and what it has beside them."""
    found = keys_of(content)
    if not content.values:
        return found
    found["ttl"] = str(content.ttl)
    values = [_value(rdtype, value, escaped_semicolons, with_maps) for value in content.values]
    if len(values) == 1:
        return {**found, "value": values[0]}
    return {**found, "values": values}


def _value(rdtype: str, value: str, escaped_semicolons: bool | None, with_maps: bool) -> Tree:
    if rdtype in _FREE_TEXT:
        return scalar(_free_text(rdtype, value, bool(escaped_semicolons)))
    if rdtype == "OPENPGPKEY":
        return scalar("".join(value.split()))
    found: dict[str, Tree] | None = None
    if with_maps and rdtype in _FIELDS:
        found = _map(rdtype, value)
    elif with_maps and rdtype in _BINDINGS:
        found = _binding(value)
    if found is None:
        return scalar(value)
    return in_natural_order(found)


def _free_text(rdtype: str, value: str, escaped_semicolons: bool) -> str:
    """The text that ``planner.zone_values.free_text`` reads as these very character-strings."""
    # dnspython types all rdata alike; TXT and SPF have strings.
    strings: tuple[bytes, ...] = rdata_of(rdtype, value).strings  # type: ignore[attr-defined]
    whole = b"".join(strings)
    cuts = range(0, len(whole), STRING_BYTES_MAX)
    if whole and tuple(whole[at : at + STRING_BYTES_MAX] for at in cuts) == strings:
        text = quoted([whole])[1:-1]
        # A quote needs no mark inside bare text. At its front it would begin a quoted string.
        if not text.startswith('\\"'):
            text = re.sub(r'\\(["\\0-9])', lambda mark: '"' if mark[1] == '"' else mark[0], text)
            return text.replace(";", "\\;") if escaped_semicolons else text
    return value.replace(";", "\\;") if escaped_semicolons else value


def _map(rdtype: str, value: str) -> dict[str, Tree] | None:
    """A structured value as octoDNS's map; None if the reader would take the map for another."""
    tokens = _TOKEN.findall(value)
    fields = _FIELDS[rdtype]
    if rdtype == "LOC" and len(tokens) == len(fields) - len(_LOC_DEFAULTS):
        tokens += _LOC_DEFAULTS
    if fields[-1][1] == "data":
        tokens[len(fields) - 1 :] = ["".join(tokens[len(fields) - 1 :])]
    if len(tokens) != len(fields):
        return None
    found: dict[str, Tree] = {}
    for (key, form), token in zip(fields, tokens, strict=True):
        if form in ("whole", "decimal", "metres"):
            found[key] = _number(token)
        elif form == "string":
            found[key] = scalar(token[1:-1])
        else:
            found[key] = scalar(token)
    if rdtype == "NAPTR" and tokens[2] != tokens[2].upper():
        return None
    return found


def _number(token: str) -> str:
    number = token.removesuffix("m")
    return number.rstrip("0").removesuffix(".") if "." in number else number


def _binding(value: str) -> dict[str, Tree] | None:
    """An HTTPS or SVCB value as octoDNS's map; None if one would lose something.

    There a name has no capitals, and no item of a parameter's list a backslash or quote.
    """
    priority, target, *tokens = _TOKEN.findall(value)
    if target != target.lower():
        return None
    found: dict[str, Tree] = {"svcpriority": priority, "targetname": scalar(target)}
    params: dict[str, Tree] = {}
    for token in sorted(tokens, key=natural):
        key, given, text = token.partition("=")
        text = text[1:-1] if text.startswith('"') else text
        if not given:
            params[key] = NOTHING
        elif key == "port":
            params[key] = _number(text)
        elif key in _LISTED:
            if "\\" in text or '"' in text:
                return None
            params[key] = [scalar(item) for item in text.split(",")]
        else:
            params[key] = scalar(text)
    if params:
        found["svcparams"] = in_natural_order(params)
    return found
