r"""A zone's record sets as desired state: octoDNS zone YAML that ``planner.zone_yaml`` reads back.

Guarantees:

1. What ``dump_zone`` returns was read by the planner's own reader and compared: it holds exactly
   the record sets it was given, character-strings and TTLs included. Anything else is a refusal.
2. Equal states give equal bytes, in the order that octoDNS enforces by default: every map's keys
   in natural order (``web2`` before ``web10``), the record sets of a name by type.
3. Text is quoted wherever YAML 1.1 or 1.2 would read a number, a truth value, a date or nothing.

Structured values are octoDNS's maps; where the reader would take a map for another value (it
raises the case of NAPTR flags), the value stands as text. A TXT or SPF value stands as bare text
where its strings are cut every 255 bytes, as octoDNS cuts them, and as a row of quoted strings
where they are not.

Not guaranteed: that octoDNS reads the same everywhere. It keeps no cuts between character-strings,
takes a backslash in TXT for itself, and knows structured values as maps only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from planner.zone_yaml import parse_zone_yaml
from plans.errors import Invalid, PlanfenceError, Refused
from plans.kinds.dns import RecordKey, Records, ZoneState
from plans.kinds.rdata import STRING_BYTES_MAX, quoted, rdata_of, shown

Tree = str | list["Tree"] | dict[str, "Tree"]
"""YAML to be written. A ``str`` is a scalar as it stands in the file, quotes and all."""

NOTHING: Final = ""
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
_DIGITS: Final = re.compile(r"([0-9]+)")
_LISTED: Final = frozenset({"alpn", "ipv4hint", "ipv6hint", "mandatory"})

# What may stand without quotes. Letters first, and no ': ' or ' #' in it; or an address, which
# octoDNS and everybody else writes bare. A word that YAML 1.1 knows is quoted all the same.
_BARE: Final = re.compile(
    r"[A-Za-z_](?:[A-Za-z0-9_./=+@~^$!%;,\\()-]|:(?=[^ ])| (?=[^ #]))*+(?<![: ])"
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
    r"|[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*+::(?:[0-9a-f]{1,4}:)*[0-9a-f]{1,4}"
)
_WORDS_OF_YAML: Final = frozenset("y n yes no on off true false null".split())


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
    _refuse_routed(records, source)
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
    names: dict[str, list[RecordKey]] = {}
    for key in records:
        names.setdefault(_relative(key.name, zone), []).append(key)
    tree: dict[str, Tree] = {}
    for name in sorted(names, key=natural):
        sets: list[Tree] = [
            _record(key.type, records[key], escaped_semicolons, with_maps)
            for key in sorted(names[name])
        ]
        tree[name] = sets[0] if len(sets) == 1 else sets
    head = [f"# {remark}".rstrip() for remark in remarks]
    return "\n".join([*head, "---", *_lines(tree, "")]) + "\n"


def natural(text: str) -> tuple[tuple[str | int, ...], str]:
    """The sort key of octoDNS's order: runs of digits count as numbers."""
    # Text and digits by turns, text first though it be empty, so that like meets like.
    first, *rest = _DIGITS.split(text)
    return (first, *(int(part) if part.isdigit() else part for part in rest if part)), text


def scalar(text: str) -> str:
    """``text`` (printable, one line) as YAML that every reader takes for exactly this text."""
    if _BARE.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    return "'" + text.replace("'", "''") + "'"


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


def _refuse_routed(records: ZoneState, source: str) -> None:
    """Refuse sets of which a desired state could only say a part."""
    problems = [
        f"{source}: {' '.join(part for part in key if part)} has what no desired state can say:"
        f" {', '.join(content.attributes) or 'an identifier'}"
        for key, content in sorted(records.items())
        if key.identifier or content.attributes
    ]
    if problems:
        raise Invalid(
            problems,
            rule="dump-refused",
            remedy="such record sets cannot be kept by this stream: move them to a zone of their"
            " own, or make them plain",
        )


def _short(content: Records | None) -> str:
    return shown(" ".join(content.values)) if content else "nothing"


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


def _record(
    rdtype: str, content: Records, escaped_semicolons: bool | None, with_maps: bool
) -> dict[str, Tree]:
    values = [_value(rdtype, value, escaped_semicolons, with_maps) for value in content.values]
    record: dict[str, Tree] = {"ttl": str(content.ttl), "type": rdtype}
    if len(values) == 1:
        return {**record, "value": values[0]}
    return {**record, "values": values}


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
    return dict(sorted(found.items(), key=lambda item: natural(item[0])))


def _free_text(rdtype: str, value: str, escaped_semicolons: bool) -> str:
    """The text that ``planner.zone_values.free_text`` reads as these very character-strings."""
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
    """An HTTPS or SVCB value as octoDNS's map; None if a parameter's list cannot be one there."""
    priority, target, *tokens = _TOKEN.findall(value)
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
        found["svcparams"] = dict(sorted(params.items(), key=lambda item: natural(item[0])))
    return found


def _lines(tree: Tree, indent: str) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if isinstance(value, str):
                yield f"{indent}{scalar(key)}: {value}".rstrip()
            else:
                yield f"{indent}{scalar(key)}:"
                yield from _lines(value, indent + "  ")
    elif isinstance(tree, list):
        for item in tree:
            if isinstance(item, str):
                yield f"{indent}- {item}"
            else:
                first, *rest = _lines(item, indent + "  ")
                yield f"{indent}- {first.removeprefix(indent + '  ')}"
                yield from rest
