"""Changes documents as documents: members, values, types, orders, nesting, then the way of writing.

Guided by the published schema, so that most of what comes out is one again, in its one byte form;
the rest is wrong in one place, or well-formed in another way, or no JSON. The same seed makes the
same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple

from tests.fuzz.second_reader import Schema, ordered, resolved, schema
from tests.fuzz.second_reader import written as as_stored

TEXTS: Final = (
    "example.com. www.example.com. *.example.com. _planfence.example.com. example.org. A AAAA CNAME"
    " TXT SOA NS memory:t1 route53://Z1 dns/example.com desired health alias=Z1:a.:true weight=1"
    " pool=api 192.0.2.1 2001:db8:: updates-max 30% 100% 0% 101% 12 api.example.com. a\\;b"
).split()
ODD_TEXTS: Final = (
    *("", " ", "\n", "\0", "\x1f", "\x7f", "\x85", "\u2028", "\ufeff", "\u00e9", "e\u0301"),
    *("\U0001f600", "\ud800", '"', "\\", "\\u0041", "/", "a" * 300, '"quoted \\; text"', "\u0661"),
)
MOMENTS: Final = (
    *("2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "0000-01-01T00:00Z"),
    *("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.000001+05:30", "2026-01-01T00:00:00+00:00"),
    *("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:60Z", "2026-01-01t00:00:00z", "2026-01-01"),
    *(
        "2026-01-01T00:00:00+23:59",
        "2026-01-01T00:00:00+24:00",
        "9999-12-31T23:59:59Z",
        "1767225600",
    ),
    *("2026-01-01 00:00:00Z", "2026-01-01T00:00:00.1234567Z", "0001-01-01T00:00:00+14:00"),
)
NUMBERS: Final = (0, 1, -1, 2, 255, 256, 2**31 - 1, 2**31, 2**53 + 1, 2**63, 10**12, 10**30)
TOKENS: Final = (
    "-0 1.0 1e0 1E2 0.10 1e400 NaN -Infinity 01 0x1 true 1e-7 123456789012345680.0".split()
)
_HALF: Final = re.compile(r"[\ud800-\udfff]")
OTHER_TYPES: Final[tuple[Any, ...]] = (
    None,
    True,
    7,
    1.5,
    "text",
    [],
    {},
    ["text"],
    {"key": "text"},
)

Deed = Callable[["Place", Random], None]


class Token(str):
    """A text that stands in the JSON as it is."""

    __slots__ = ()


class Place(NamedTuple):
    """A value's place in a document: what holds it, under which key, and what may be there."""

    holder: Any
    key: Any
    node: Schema
    name: str

    @property
    def value(self) -> Any:
        return self.holder[self.key]

    def put(self, value: Any) -> None:
        self.holder[self.key] = value


def mutated(name: str, value: Any, rng: Random) -> str:
    """A document's text with some of its values changed."""
    root = [value]
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        deed = rng.choices(_DEEDS, _WEIGHTS)[0]
        places = _every(root, name)
        fit = [place for place in places if isinstance(place.value, _FITS.get(deed, object))]
        deed(rng.choice(fit or places), rng)
    if name == "plan" and rng.random() < 0.8:
        _mend(root[0], rng)
    tidy = ordered(name, schema(name), root[0])
    return _text(tidy, rng) if rng.random() < 0.15 else _stored(tidy)


def spliced(name: str, value: Any, other: Any, rng: Random) -> str:
    """A document's text with a part of another one of its sort, where such a part may stand."""
    root = [value]
    chosen = rng.choice(_every(root, name))
    like = [place for place in _every([other], name) if place.node == chosen.node]
    if like:
        chosen.put(rng.choice(like).value)
    return _stored(ordered(name, schema(name), root[0]))


def read(data: bytes) -> Any:
    """A document's value, or None where it is no JSON that holds anything."""
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        return None


def _every(root: list[Any], name: str) -> list[Place]:
    """The place of a document, which ``root`` holds alone, and all places below it."""
    found, left = [], [Place(root, 0, schema(name), name)]
    while left:
        place = left.pop()
        value, node = place.value, resolved(place.node, name)
        found.append(place._replace(node=node))
        if isinstance(value, dict):
            known, more = node.get("properties", {}), node.get("additionalProperties") or {}
            left += [Place(value, key, known.get(key, more), name) for key in value]
        elif isinstance(value, list):
            items = node.get("items", {})
            left += [Place(value, index, items, name) for index in range(len(value))]
    return found


# Values that a schema allows


def allowed(node: Schema, name: str, rng: Random) -> Any:
    """A value that a schema allows, as far as types, members and patterns go."""
    inner = resolved(node, name)
    kinds = node.get("type", inner.get("type", "string"))
    if isinstance(kinds, list) and rng.random() < 0.3:
        return None
    if "enum" in inner:
        return rng.choice(inner["enum"])
    if "const" in inner:
        return inner["const"]
    kind = kinds[0] if isinstance(kinds, list) else kinds
    return _MAKERS[kind](inner, name, rng)


def _object(node: Schema, name: str, rng: Random) -> Any:
    known, wanted = node.get("properties", {}), node.get("required", ())
    found = {
        key: allowed(part, name, rng)
        for key, part in known.items()
        if key in wanted or rng.random() < 0.3
    }
    more = node.get("additionalProperties")
    if more:
        found |= {rng.choice(TEXTS): allowed(more, name, rng) for _ in range(rng.randrange(3))}
    return found


def _array(node: Schema, name: str, rng: Random) -> Any:
    least = node.get("minItems", 0)
    return [allowed(node["items"], name, rng) for _ in range(least + rng.choice((0, 1, 1, 2)))]


def _string(node: Schema, _: str, rng: Random) -> Any:
    if node.get("format") == "date-time":
        return rng.choice(MOMENTS[:7])
    digits = re.search(r"\[0-9a-f\]\{(\d+)", node.get("pattern", ""))
    if digits:
        return "".join(rng.choices("0123456789abcdef", k=int(digits[1])))
    return rng.choice(TEXTS if rng.random() < 0.7 or "pattern" in node else ODD_TEXTS)


def _integer(node: Schema, _: str, rng: Random) -> Any:
    least = node.get("minimum", -3)
    most = node.get("maximum", node.get("exclusiveMaximum", 2**64) - 1)
    return rng.choice((least, least + 1, rng.randint(least, least + 300), most))


def _real(_: Schema, __: str, rng: Random) -> Any:
    return rng.choice((1.0, 0.5, 3.25, 1e-7, 1e21, 123456789.125, rng.random()))


def _truth(_: Schema, __: str, rng: Random) -> Any:
    return rng.random() < 0.5


_MAKERS: Final[dict[str, Callable[[Schema, str, Random], Any]]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _real,
    "boolean": _truth,
}


# Deeds


def _allow(place: Place, rng: Random) -> None:
    place.put(allowed(place.node, place.name, rng))


def _bound(place: Place, rng: Random) -> None:
    place.put(rng.choice((*NUMBERS, *map(Token, TOKENS))))


def _retype(place: Place, rng: Random) -> None:
    place.put(_copy(rng.choice(OTHER_TYPES)))


def _reword(place: Place, rng: Random) -> None:
    """A piece into a text, or a text for whatever stands there."""
    value = place.value
    piece = rng.choice(rng.choice((ODD_TEXTS, TEXTS, MOMENTS)))
    if not isinstance(value, str) or rng.random() < 0.2:
        place.put(piece)
        return
    at, cut = rng.randint(0, len(value)), rng.choice((0, 0, 1, 3))
    changed = value[:at] + piece + value[at + cut :]
    place.put(rng.choice((changed, changed, value[:at], value.upper(), value + value)))


def _member(place: Place, rng: Random) -> None:
    """A member gone, new, under another name, or elsewhere in the order."""
    value = place.value
    if not isinstance(value, dict):
        _entry(place, rng)
        return
    known = list(resolved(place.node, place.name).get("properties", {}))
    key = rng.choice([*value, "extra"])
    deed = rng.choice(("gone", "new", "renamed", "optional"))
    if deed in {"gone", "renamed"}:
        moved = value.pop(key, None)
        if deed == "renamed":
            value[rng.choice([*known, key + "s", key.upper(), ""])] = moved
    else:
        value[rng.choice(known) if known and deed == "optional" else rng.choice(TEXTS)] = 1


def _entry(place: Place, rng: Random) -> None:
    """An entry of a list gone, twice, elsewhere or new."""
    value = place.value
    if not isinstance(value, list):
        _allow(place, rng)
        return
    node = resolved(place.node, place.name).get("items", {})
    deed = rng.choice(("gone", "twice", "turned", "new", "new", "empty"))
    if deed == "new" or not value:
        value.insert(rng.randint(0, len(value)), allowed(node, place.name, rng))
    elif deed == "gone":
        del value[rng.randrange(len(value))]
    elif deed == "twice":
        value.append(_copy(rng.choice(value)))
    elif deed == "turned":
        value.reverse()
    else:
        value.clear()


def _nest(place: Place, rng: Random) -> None:
    value = place.value
    for _ in range(rng.choice((1, 2, 30, 220))):
        value = [value] if rng.random() < 0.5 else {rng.choice(TEXTS): value}
    place.put(value)


_DEEDS: Final[tuple[Deed, ...]] = (_allow, _entry, _reword, _bound, _member, _retype, _nest)
_FITS: Final[dict[Deed, type]] = {_entry: list, _member: dict}
_WEIGHTS: Final = (44, 24, 12, 8, 5, 5, 1)


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _mend(plan: Any, rng: Random) -> None:
    """Most plans are of the stream that is read, and count their steps well."""
    try:
        plan |= {"stream": "dns/example.com", "lineage": "1" * 32, "generation": 1}
        if rng.random() < 0.1:
            plan |= rng.choice(({"stream": "dns/a"}, {"lineage": "2" * 32}, {"generation": 2}))
        targets = [target for wave in plan["waves"] for target in wave["targets"]]
        for index, target in enumerate(targets):
            target["target"] = f"memory:t{index + 1}"
            for number, step in enumerate(target["steps"], start=1):
                step["number"] = number
    except (KeyError, TypeError, AttributeError):
        return  # it is no plan any more


# Ways to write


def _text(value: Any, loose: Random | None = None) -> str:
    """A value as JSON: compact, or in one of the many other ways that mean the same or nearly."""
    space = loose.choice(("", "", "", " ", "\n", "\t")) if loose else ""
    if isinstance(value, dict):
        pairs = [f"{_text(key)}:{space}{_text(each, loose)}" for key, each in value.items()]
        if loose and pairs and loose.random() < 0.1:
            again = loose.choice([*value])  # not its value too: each level would double the text
            pairs.insert(loose.randint(0, len(pairs)), f"{_text(again)}:null")
        if loose and loose.random() < 0.1:
            loose.shuffle(pairs)
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_text(each, loose) for each in value) + space + "]"
    if isinstance(value, Token):
        return value
    if isinstance(value, str) and (_HALF.search(value) or (loose and loose.random() < 0.1)):
        return json.dumps(value)
    return as_stored(value)


def _stored(value: Any) -> str:
    return _text(value) + "\n"
