"""Where a target is, read strictly from its URL.

============================================ ============================================
``zonefile:path``                            a file; a path is relative to the config file
``rfc2136://host[:port]/zone[?key=NAME]``    a zone at the name server that takes its updates
``route53://ZONE-ID``                        a hosted zone of Route 53
============================================ ============================================

A target's id is its URL without the query: register, plans and fences know it by that. The query
only says how the machine that runs planfence gets in, and stays in its config file.

Nothing here imports dnspython: the config file is read by every command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from plans.kinds.plain import canonical_name

DNS_PORT: Final = 53
FORMS: Final = {
    "zonefile": "zonefile:path",
    "rfc2136": "rfc2136://host:port/zone?key=NAME",
    "route53": "route53://ZONE-ID",
}

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_SERVER: Final = re.compile(
    r"//(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?/(?P<zone>.+)"
)
# API Reference, ResourceId: at most 32 characters.
_HOSTED_ZONE: Final = re.compile(r"//(Z[0-9A-Z]{1,31})")
_KEY_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A zone file: its path as written."""

    path: str


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """A zone at a name server.

    Attributes:
        host: a name in lower case, or an address without brackets.
        zone: absolute, lower case, with its final dot.
    """

    host: str
    port: int
    zone: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class HostedZonePlace:
    """A hosted zone of Route 53."""

    zone_id: str


Place = FilePlace | ServerPlace | HostedZonePlace


def target_id(url: str) -> str:
    """A target's URL without its query."""
    return url.partition("?")[0]


def key_name(url: str) -> str | None:
    """The name that ``?key=NAME`` gives, or None."""
    _, asked, query = url.partition("?")
    name = query.removeprefix("key=")
    return name if asked and query.startswith("key=") and is_key_name(name) else None


def is_key_name(name: str) -> bool:
    return _KEY_NAME.fullmatch(name) is not None


def place_of(target: str) -> Place:
    """The place that an id names.

    Raises:
        ValueError: it names none, with the reason in one line.
    """
    match = _SCHEME.fullmatch(target)
    if match is None:
        raise ValueError(f"{target!r} names no scheme, as zonefile: is")
    scheme, rest = match.groups()
    read = _READERS.get(scheme)
    if read is None:
        known = ", ".join(f"{name}:" for name in _READERS)
        raise ValueError(f"{scheme}: does not exist here in this version, only {known}")
    return read(target, rest)


def hosted_zone_ids(targets: Iterable[str]) -> tuple[str, ...]:
    """The ids of the hosted zones among targets. What is no target at all is passed over."""
    found = []
    for target in targets:
        try:
            place = place_of(target)
        except ValueError:
            continue
        if isinstance(place, HostedZonePlace):
            found.append(place.zone_id)
    return tuple(found)


def _file(target: str, rest: str) -> FilePlace:
    if not rest or rest.startswith("//") or "?" in rest or not rest.isprintable():
        raise ValueError(f"{target!r} must be {FORMS['zonefile']}")
    return FilePlace(rest)


def _server(target: str, rest: str) -> ServerPlace:
    match = _SERVER.fullmatch(rest)
    if match is None or "?" in rest or "#" in rest:
        raise ValueError(f"{target!r} must be {FORMS['rfc2136']}")
    port = int(match["port"] or DNS_PORT)
    if not 0 < port < 2**16:
        raise ValueError(f"{target!r}: {port} is no port")
    host = _address(match["v6"]) if match["v6"] else match["host"].lower()
    return ServerPlace(host, port, _zone(target, match["zone"]))


def _hosted_zone(target: str, rest: str) -> HostedZonePlace:
    match = _HOSTED_ZONE.fullmatch(rest)
    if match is None:
        raise ValueError(f"{target!r} must be {FORMS['route53']}, as the console shows the id")
    return HostedZonePlace(match[1])


def _address(text: str) -> str:
    from ipaddress import IPv6Address

    return str(IPv6Address(text))  # its own ValueError names the text


def _zone(target: str, text: str) -> str:
    try:
        return canonical_name(text, ".")
    except ValueError as error:
        raise ValueError(f"{target!r}: {error}") from error


# A scheme is added here, in ``plans.observed.dns`` and in ``enactor.dns``, and nowhere else.
_READERS: Final[dict[str, Callable[[str, str], Place]]] = {
    "zonefile": _file,
    "rfc2136": _server,
    "route53": _hosted_zone,
}
