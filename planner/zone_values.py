r"""One value of octoDNS zone YAML, as text or as octoDNS's map of fields, to its canonical text.

Keys and defaults are octoDNS 1.22's (``octodns/record/*.py``), its older names for them included.
Every value may be written as plain text in presentation format too.

Stricter than octoDNS, so that a value means one thing only:

* numbers are plain decimal digits: no quotes, sign, underscore, leading zero or exponent;
* names inside a value end with a dot and are ASCII;
* in free text a backslash begins ``\\``, ``\"`` or ``\DDD`` (RFC 1035 section 5.1), no more;
* TXT and SPF: whether ``;`` is written ``\;`` must have been decided for the stream. octoDNS's own
  default is about to change (its 2.0), and the wrong guess puts backslashes into DKIM keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from planner.yaml_events import Items, Map, Node, Report, Scalar, kind
from plans.kinds.rdata import (
    RDATA_BYTES_MAX,
    STRING_BYTES_MAX,
    normal_name,
    normal_value,
    quoted,
    shown,
)

_WHOLE = re.compile(r"0|[1-9][0-9]{0,9}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,9})?")
_WORD = re.compile(r"[A-Za-z0-9]+")
_PARAM = re.compile(r"[a-z0-9-]{1,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TOKEN = re.compile(r"\\(?:[0-9]{3}|.)?|;|[^\\;]+", re.DOTALL)
_STRING = r'"(?:[^"\\]|\\.)*+"'
_STRINGS = re.compile(rf"{_STRING}(?:[ \t]+{_STRING})*+[ \t]*", re.DOTALL)
_ONE_STRING = re.compile(_STRING, re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Field:
    """A key of a structured value, and how its text is read."""

    key: str
    form: str  # a method of ValueReader without its underscore
    older: str | None = None
    default: str | None = None


def _fields(form: str, *keys: str) -> tuple[_Field, ...]:
    return tuple(_Field(key, form) for key in keys)


_SERVICE_BINDING = (*_fields("whole", "svcpriority"), *_fields("name", "targetname"))

_FORMS: Final[dict[str, tuple[_Field, ...]]] = {
    "CAA": (
        _Field("flags", "whole", default="0"),
        *_fields("word", "tag"),
        *_fields("text", "value"),
    ),
    "DS": (*_fields("whole", "key_tag", "algorithm", "digest_type"), *_fields("data", "digest")),
    "HTTPS": _SERVICE_BINDING,
    "LOC": (
        *_fields("whole", "lat_degrees", "lat_minutes"),
        *_fields("decimal", "lat_seconds"),
        *_fields("upper", "lat_direction"),
        *_fields("whole", "long_degrees", "long_minutes"),
        *_fields("decimal", "long_seconds"),
        *_fields("upper", "long_direction"),
        *_fields("metres", "altitude", "size", "precision_horz", "precision_vert"),
    ),
    "MX": (
        _Field("preference", "whole", older="priority"),
        _Field("exchange", "name", older="value"),
    ),
    "NAPTR": (
        *_fields("whole", "order", "preference"),
        *_fields("flags", "flags"),
        *_fields("text", "service", "regexp"),
        *_fields("name", "replacement"),
    ),
    "SRV": (*_fields("whole", "priority", "weight", "port"), *_fields("name", "target")),
    "SSHFP": (*_fields("whole", "algorithm", "fingerprint_type"), *_fields("data", "fingerprint")),
    "SVCB": _SERVICE_BINDING,
    "TLSA": (
        _Field("certificate_usage", "whole", default="0"),
        _Field("selector", "whole", default="0"),
        _Field("matching_type", "whole", default="0"),
        *_fields("data", "certificate_association_data"),
    ),
    "URI": (*_fields("whole", "priority", "weight"), *_fields("text", "target")),
}
# octoDNS's first names for the fields of DS; ``algorithm`` stood for another of them.
_OLD_DS = (*_fields("whole", "flags", "protocol", "algorithm"), *_fields("data", "public_key"))
_BINDINGS = frozenset({"HTTPS", "SVCB"})
_FREE_TEXT = frozenset({"SPF", "TXT"})


class ValueReader:
    r"""Reads values; reports each problem with its line and then gives None.

    Args:
        escaped_semicolons: whether ``;`` is written ``\;`` in TXT and SPF; None is undecided, and
            refuses every value where it would matter.
        report: takes a line and a reason.
    """

    def __init__(self, escaped_semicolons: bool | None, report: Report) -> None:
        self.escaped_semicolons = escaped_semicolons
        self.report = report

    def read(self, rdtype: str, node: Node) -> str | None:
        """The canonical text of one value of ``rdtype`` (a managed type)."""
        if isinstance(node, Scalar):
            return self._scalar(rdtype, node)
        if isinstance(node, Map) and rdtype in _FORMS:
            return self._map(rdtype, node)
        wanted = "text or a map" if rdtype in _FORMS else "text"
        self.report(node.line, f"{rdtype} value: expected {wanted}, found {kind(node)}")
        return None

    def _scalar(self, rdtype: str, node: Scalar) -> str | None:
        if node.null:
            self.report(node.line, f"{rdtype} value is empty; quote it if the text is meant")
            return None
        try:
            if rdtype in _FREE_TEXT:
                return free_text(node.text, self.escaped_semicolons)
            if rdtype == "OPENPGPKEY":
                return normal_value(rdtype, "".join(node.text.split()), None)
            return normal_value(rdtype, node.text, None)
        except ValueError as error:
            self.report(node.line, str(error))
            return None

    def _map(self, rdtype: str, node: Map) -> str | None:
        fields = _FORMS[rdtype]
        if rdtype == "DS" and not node.entries.keys().isdisjoint({"public_key", "flags"}):
            fields = _OLD_DS
        parts = self._fields(rdtype, fields, node)
        if parts is not None and rdtype in _BINDINGS and "svcparams" in node.entries:
            parts = self._params(rdtype, parts, *node.entries["svcparams"])
        if parts is None:
            return None
        try:
            return normal_value(rdtype, " ".join(parts), None)
        except ValueError as error:
            self.report(node.line, str(error))
            return None

    def _fields(self, rdtype: str, fields: tuple[_Field, ...], node: Map) -> list[str] | None:
        known = {field.key for field in fields} | {field.older for field in fields}
        known.update({"svcparams"} if rdtype in _BINDINGS else ())
        parts: list[str | None] = []
        for key, (line, _) in node.entries.items():
            if key not in known:
                self.report(line, f"{rdtype} value: unknown key {shown(key)}")
                parts.append(None)
        parts.extend(self._field(rdtype, field, node) for field in fields)
        kept = [part for part in parts if part is not None]
        return kept if len(kept) == len(parts) else None

    def _field(self, rdtype: str, field: _Field, node: Map) -> str | None:
        entry = node.entries.get(field.key)
        if field.older is not None and (older := node.entries.get(field.older)) is not None:
            if entry is not None:
                line = max(entry[0], older[0])
                self.report(line, f"{rdtype} value: {field.key} beside {field.older}")
                return None
            entry = older
        if entry is None:
            if field.default is None:
                self.report(node.line, f"{rdtype} value: {field.key} is missing")
            return field.default
        value = entry[1]
        if value is None:
            return None
        if not isinstance(value, Scalar) or value.null:
            self.report(value.line, f"{rdtype} {field.key}: expected text, found {kind(value)}")
            return None
        try:
            return _FIELD_FORMS[field.form](value)
        except ValueError as error:
            self.report(value.line, f"{rdtype} {field.key}: {error}")
            return None

    def _params(
        self, rdtype: str, parts: list[str], line: int, node: Node | None
    ) -> list[str] | None:
        """``parts`` with SvcParams (RFC 9460 section 2.1) behind them."""
        if node is None:
            return None
        if not isinstance(node, Map):
            self.report(line, f"{rdtype} svcparams: expected a map, found {kind(node)}")
            return None
        added = [
            self._param(rdtype, key, key_line, value)
            for key, (key_line, value) in node.entries.items()
        ]
        kept = [param for param in added if param is not None]
        return parts + kept if len(kept) == len(added) else None

    def _param(self, rdtype: str, key: str, line: int, node: Node | None) -> str | None:
        if node is None or (isinstance(node, Items) and None in node.items):
            return None  # reported already
        try:
            if not _PARAM.fullmatch(key):
                raise ValueError("no parameter has such a key")
            if isinstance(node, Scalar) and node.null:
                return key  # no-default-alpn
            text = _whole(node) if key == "port" and isinstance(node, Scalar) else _listed(node)
        except ValueError as error:
            self.report(line, f"{rdtype} svcparams {shown(key)}: {error}")
            return None
        return f"{key}={text}"


def _listed(node: Node) -> str:
    """A parameter's value in quotes; a list's items are joined by commas."""
    if isinstance(node, Scalar):
        return quoted([unescaped(node.text)])
    texts: list[str] = []
    for item in node.items if isinstance(node, Items) else [node]:
        if not isinstance(item, Scalar) or item.null:
            raise ValueError(f"expected text, found {kind(item) if item else 'nothing'}")
        if not item.text.isascii() or not item.text.isprintable() or set(item.text) & set(',"\\'):
            raise ValueError(
                f"an item may not hold a comma, quote or backslash: {shown(item.text)}"
            )
        texts.append(item.text)
    return '"' + ",".join(texts) + '"'


def _whole(scalar: Scalar) -> str:
    if not scalar.plain or not _WHOLE.fullmatch(scalar.text):
        raise ValueError(f"expected a plain whole number, found {_as_written(scalar)}")
    return scalar.text


def _decimal(scalar: Scalar) -> str:
    if not scalar.plain or not _DECIMAL.fullmatch(scalar.text):
        raise ValueError(f"expected a plain decimal number, found {_as_written(scalar)}")
    return scalar.text


def _as_written(scalar: Scalar) -> str:
    return shown(scalar.text) if scalar.plain else f"{shown(scalar.text)} in quotes"


def _word(scalar: Scalar) -> str:
    if not _WORD.fullmatch(scalar.text):
        raise ValueError(f"expected letters and digits, found {shown(scalar.text)}")
    return scalar.text


def _data(scalar: Scalar) -> str:
    """Hexadecimal digits, which a folded scalar may cut."""
    return _word(scalar._replace(text="".join(scalar.text.split())))


def _text(scalar: Scalar) -> str:
    if scalar.text.startswith('"'):
        raise ValueError("write it without double quotes of its own")
    return quoted([unescaped(scalar.text)])


_FIELD_FORMS: Final[dict[str, Callable[[Scalar], str]]] = {
    "whole": _whole,
    "decimal": _decimal,
    "metres": lambda scalar: _decimal(scalar) + "m",
    "word": _word,
    "upper": lambda scalar: _word(scalar).upper(),
    "data": _data,
    "text": _text,
    "flags": lambda scalar: _text(scalar).upper(),  # case means nothing (RFC 3403 section 4.1)
    "name": lambda scalar: normal_name(scalar.text, None),
}


def free_text(text: str, escaped_semicolons: bool | None) -> str:
    """A TXT or SPF value. Text that begins with a double quote has its strings cut already.

    Other text is UTF-8, cut at 255 bytes.

    Raises:
        ValueError: with the reason.
    """
    if text.startswith('"'):
        if not _STRINGS.fullmatch(text):
            raise ValueError(f"{shown(text)} begins with a quote, but is no row of quoted strings")
        strings = [
            _semicolons_read(string[1:-1], escaped_semicolons)
            for string in _ONE_STRING.findall(text)
        ]
    else:
        if not text:
            raise ValueError("the text is empty; write '\"\"' for an empty character-string")
        whole = _semicolons_read(text, escaped_semicolons)
        strings = [
            whole[at : at + STRING_BYTES_MAX] for at in range(0, len(whole), STRING_BYTES_MAX)
        ]
    if any(len(string) > STRING_BYTES_MAX for string in strings):
        raise ValueError(f"a quoted string holds more than {STRING_BYTES_MAX} bytes")
    if sum(len(string) + 1 for string in strings) > RDATA_BYTES_MAX:
        raise ValueError(f"the text takes more than {RDATA_BYTES_MAX} bytes")
    return quoted(strings)


def _semicolons_read(text: str, escaped: bool | None) -> bytes:
    if ";" not in text:
        return unescaped(text)
    if escaped is None:
        raise ValueError(
            f"{shown(text)} has a ';': set escaped_semicolons = true or false for the stream in"
            " planfence.toml"
        )
    return unescaped(text, r"\;" if escaped else ";")


def unescaped(text: str, semicolon: str = ";") -> bytes:
    """The bytes that ``text`` stands for; ``semicolon`` is how one is written, the only way.

    Raises:
        ValueError: a control character, another escape than the three, or a semicolon written the
            other way.
    """
    if _CONTROL.search(text):
        raise ValueError(
            f"{shown(text)} has a line break or control character in it; write it \\DDD"
            " (a block scalar without its last line break begins with |- or >-)"
        )
    if "\\" not in text and semicolon == ";":
        return text.encode()
    out = bytearray()
    for token in _TOKEN.findall(text):
        if token.endswith(";"):
            if token != semicolon:
                raise ValueError(_other_semicolon(text, token))
            out += b";"
        elif token[0] != "\\":
            out += token.encode()
        elif token in ("\\\\", '\\"'):
            out += token[1:].encode()
        elif len(token) == 4 and int(token[1:]) < 256:
            out.append(int(token[1:]))
        else:
            raise ValueError(
                f'{shown(text)}: the escape {shown(token)} is ambiguous; only \\\\, \\" and \\DDD'
                " are accepted"
            )
    return bytes(out)


def _other_semicolon(text: str, written: str) -> str:
    if written == ";":
        return f"{shown(text)}: with escaped_semicolons = true, write every ';' as '\\;'"
    return f"{shown(text)}: '\\;' is accepted only with escaped_semicolons = true, in TXT and SPF"
