r"""Names as Route 53 takes, stores, returns and orders them.

Source: Developer Guide, "DNS domain name format", and API Reference, ListResourceRecordSets.

* A final dot may be left out: every name is complete.
* Letters are stored in lower case, also those written as an escape.
* ``\`` and three **octal** digits stand for one byte (in zone files the digits are decimal).
* Any character but ``a-z 0-9 - _`` comes back as such an escape: ``*`` as ``\052``.
* Bytes up to 040, from 177 on, and a dot inside a label can only be written as escapes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

LABEL_BYTES_MAX: Final = 63
NAME_BYTES_MAX: Final = 255  # on the wire (RFC 1035 section 2.3.4)
_PLAIN: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+")
_KEPT: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
_ESCAPE: Final = re.compile(r"\\([0-3][0-7]{2})")


class NameProblem(ValueError):
    """Not a name. The text is the service's; its form was seen: harmony-one/harmony-ops#491."""

    def __init__(self, code: str, reason: str, text: str) -> None:
        super().__init__(f"FATAL problem: {code} ({reason}) encountered with '{text}'")


@lru_cache(maxsize=65_536)
def stored_name(text: str) -> str:
    r"""The form in which the service stores and returns a name: ``\052.example.com.``.

    Raises:
        NameProblem: it is no name.
    """
    if _PLAIN.fullmatch(text) and len(text) < NAME_BYTES_MAX:
        return text
    return "".join(_shown(label) + "." for label in _labels(text))


@lru_cache(maxsize=65_536)
def listing_order(stored: str) -> bytes:
    """What names are ordered by: the labels reversed, the final dot kept, byte by byte.

    Escapes count as the byte that they stand for: the API Reference names characters which are
    always returned as escapes (``! " # ... ,``) as those that come before the dot.
    """
    return b".".join(reversed(_labels(stored))) + b"."


def is_within(stored: str, zone: str) -> bool:
    return stored == zone or stored.endswith("." + zone)


def is_wildcard(stored: str) -> bool:
    return stored.startswith("\\052.")


def _labels(text: str) -> list[bytes]:
    if not text or text == ".":
        raise NameProblem("DomainNameEmpty", "Domain name is empty", text)
    labels = [_label(part, text) for part in text.removesuffix(".").split(".")]
    if sum(len(label) + 1 for label in labels) + 1 > NAME_BYTES_MAX:
        raise NameProblem("DomainNameTooLong", "Domain name is too long", text)
    if b"*" in labels[0] and labels[0] != b"*":
        raise NameProblem("InvalidWildcard", "The * must replace the entire label", text)
    return labels


def _label(part: str, text: str) -> bytes:
    plain = _ESCAPE.sub("", part)
    if "\\" in plain or not all("!" <= char <= "~" for char in plain):
        raise NameProblem("UnsupportedCharacter", "Value contains unsupported characters", text)
    label = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), part).encode("latin-1").lower()
    if not label:
        raise NameProblem("DomainLabelEmpty", "Domain label is empty", text)
    if len(label) > LABEL_BYTES_MAX:
        raise NameProblem("DomainLabelTooLong", "Domain label is too long", text)
    return label


def _shown(label: bytes) -> str:
    return "".join(chr(byte) if byte in _KEPT else f"\\{byte:03o}" for byte in label)
