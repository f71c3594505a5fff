"""The two stores as their URLs name them: read strictly here, opened late.

=========================================== ======================
``file:path``, ``sqlite:path``              embedded, on this host
``s3://bucket/prefix[?region=R]``           an archive in a bucket
``dynamodb://table[?region=R][&allow=W]``   a register in a table
=========================================== ======================

Archive and register may be of either sort. Nothing here imports the AWS SDK: a command that needs
none must not pay for it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

StoreName = Literal["archive", "register"]

REGION_KEY: Final = "region"
ALLOW_KEY: Final = "allow"
EVENTUAL_REPLICAS: Final = "eventual-replicas"
PREFIX_LENGTH_MAX: Final = 256  # of the 1,024 bytes that a key may have
# One call may take 13 s (``plans.storage.aws.CALL_SECONDS``); a budget below that is none to keep.
BUDGET_SECONDS_MIN: Final = 15
BUDGET_SECONDS_MAX: Final = 600
BUDGET_SECONDS: Final = 30

_EMBEDDED: Final[dict[StoreName, str]] = {"archive": "file", "register": "sqlite"}
_REMOTE: Final[dict[StoreName, str]] = {"archive": "s3", "register": "dynamodb"}
_FORMS: Final = {
    "file": "file:path",
    "sqlite": "sqlite:path",
    "s3": "s3://bucket/prefix",
    "dynamodb": "dynamodb://table",
}
_QUERY_KEYS: Final = {"s3": (REGION_KEY,), "dynamodb": (REGION_KEY, ALLOW_KEY)}

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
# "Rules for naming general purpose buckets", Amazon S3 User Guide.
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS: Final = re.compile(r"[0-9]+(\.[0-9]+){3}")
_BUCKET_STARTS: Final = ("xn--", "sthree-", "amzn-s3-demo-")
_BUCKET_ENDS: Final = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
# "Naming rules", Amazon DynamoDB Developer Guide.
_TABLE: Final = re.compile(r"[A-Za-z0-9_.-]{3,255}")
# No character that a URL, an IAM policy (``* ? $``) or a shell would read as something else.
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_.=+-]+")
_REGION: Final = re.compile(r"[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}")

_OBJECT_HOSTS: Final = re.compile(
    r"//(?:(?P<bucket>[^/]+)\.)?s3[.-](?:(?P<region>[a-z0-9-]+)\.)?amazonaws\.com(?P<path>/.*)?"
)
_TABLE_HOSTS: Final = re.compile(r"//dynamodb\.(?P<region>[a-z0-9-]+)\.amazonaws\.com.*")
_BUCKET_ARN: Final = re.compile(r"aws[a-z-]*:s3:::(.+)")
_TABLE_ARN: Final = re.compile(r"aws[a-z-]*:dynamodb:([a-z0-9-]+):[0-9]*:table/([^/]+)")


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A file or folder of an embedded store."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """A bucket, or the part of it below a prefix. The region is the SDK's if it is None."""

    bucket: str
    prefix: str
    region: str | None

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


@dataclass(frozen=True, slots=True)
class TablePlace:
    """A table. The region is the SDK's if it is None."""

    table: str
    region: str | None
    allow_eventual_replicas: bool

    def __str__(self) -> str:
        return f"dynamodb://{self.table}"


Place = FilePlace | BucketPlace | TablePlace


class NoPlace(ValueError):
    """A URL that names no store; ``problems`` has every reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the two stores of a run are, and how long to try before one is "unavailable"."""

    archive: FilePlace | BucketPlace
    register: FilePlace | TablePlace
    budget_seconds: int


def archive_place(url: str, folder: Path) -> FilePlace | BucketPlace:
    """What an archive's URL names; a path is relative to the folder.

    Raises:
        NoPlace: it names no archive.
    """
    scheme, rest = _split("archive", url)
    if scheme == "file":
        return FilePlace(folder / _path(url, scheme, rest))
    authority, query, problems = _remote(url, scheme, rest)
    bucket, _, prefix = authority.partition("/")
    prefix = prefix.removesuffix("/")
    problems += [*_bucket_problems(bucket), *_prefix_problems(prefix)]
    if problems:
        raise NoPlace(problems)
    return BucketPlace(bucket, prefix, query.get(REGION_KEY))


def register_place(url: str, folder: Path) -> FilePlace | TablePlace:
    """What a register's URL names; a path is relative to the folder.

    Raises:
        NoPlace: it names no register.
    """
    scheme, rest = _split("register", url)
    if scheme == "sqlite":
        return FilePlace(folder / _path(url, scheme, rest))
    table, query, problems = _remote(url, scheme, rest)
    if not _TABLE.fullmatch(table):
        problems.append(f"{table!r} is no table name: 3 to 255 of A-Z a-z 0-9 _ . -")
    if problems:
        raise NoPlace(problems)
    return TablePlace(table, query.get(REGION_KEY), ALLOW_KEY in query)


def _split(store: StoreName, url: str) -> tuple[str, str]:
    """The scheme, which is one that this store has, and what follows it."""
    known = (_EMBEDDED[store], _REMOTE[store])
    forms = " or ".join(_FORMS[scheme] for scheme in known)
    match = _SCHEME.fullmatch(url)
    if match is None:
        raise NoPlace([f"{url!r} names no scheme: the {store} is {forms}"])
    scheme, rest = match.groups()
    if scheme in known:
        return scheme, rest
    hint = _hint(store, scheme, rest)
    if hint is None:
        near = difflib.get_close_matches(scheme.lower(), known, n=1)
        hint = f"did you mean {near[0]}:?" if near else f"the {store} is {forms}"
    raise NoPlace([f"{scheme}: names no {store}; {hint}"])


def _hint(store: StoreName, scheme: str, rest: str) -> str | None:
    """How to write what somebody named in another way, if that can be told."""
    if scheme in ("http", "https"):
        return _hint_of_host(store, rest)
    found = _BUCKET_ARN.fullmatch(rest) if scheme == "arn" else None
    if store == "archive" and found:
        return f"write s3://{found.group(1)}"
    found = _TABLE_ARN.fullmatch(rest) if scheme == "arn" else None
    if store == "register" and found:
        return f"write dynamodb://{found.group(2)}?region={found.group(1)}"
    return None


def _hint_of_host(store: StoreName, rest: str) -> str:
    objects, tables = _OBJECT_HOSTS.fullmatch(rest), _TABLE_HOSTS.fullmatch(rest)
    if store == "archive" and objects:
        path = (objects["path"] or "").strip("/")
        name = "/".join(part for part in (objects["bucket"], path) if part) or "bucket/prefix"
        region = f"?region={objects['region']}" if objects["region"] else ""
        return f"write s3://{name}{region}"
    if store == "register" and tables:
        return f"write dynamodb://table?region={tables['region']}"
    form = _FORMS[_REMOTE[store]]
    return f"write {form}, and set AWS_ENDPOINT_URL for an endpoint that is not AWS's"


def _path(url: str, scheme: str, path: str) -> str:
    if not path or path.startswith("//") or not path.isprintable():
        raise NoPlace([f"{url!r} must be {scheme}:path"])
    return path


def _remote(url: str, scheme: str, rest: str) -> tuple[str, dict[str, str], list[str]]:
    """What stands behind ``//``, the query, and what is wrong with the query."""
    if not rest.startswith("//") or "#" in rest or not rest.isprintable():
        raise NoPlace([f"{url!r} must be {_FORMS[scheme]}"])
    authority, asked, query = rest.removeprefix("//").partition("?")
    found: dict[str, str] = {}
    problems: list[str] = []
    for part in query.split("&") if asked else ():
        key, _, value = part.partition("=")
        problem = _query_problem(scheme, key, value)
        if problem is None and key in found:
            problem = f"{key}= stands twice in the query"
        if problem:
            problems.append(problem)
        found[key] = value
    return authority, found, problems


def _query_problem(scheme: str, key: str, value: str) -> str | None:
    known = _QUERY_KEYS[scheme]
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]}=?" if near else f"known: {', '.join(known)}"
        return f"unknown key {key!r} in the query; {hint}"
    if key == REGION_KEY and not _REGION.fullmatch(value):
        return f"region={value} is no region, as eu-west-1 is"
    if key == ALLOW_KEY and value != EVENTUAL_REPLICAS:
        return f"allow={value} is unknown; known: {EVENTUAL_REPLICAS}"
    return None


def _bucket_problems(bucket: str) -> list[str]:
    if not _BUCKET.fullmatch(bucket) or ".." in bucket or _ADDRESS.fullmatch(bucket):
        rule = "3 to 63 of a-z 0-9 . -, a letter or digit at either end, no two dots together"
        return [f"{bucket!r} is no bucket name: {rule}, no IP address"]
    kept = [
        *filter(bucket.startswith, _BUCKET_STARTS),
        *filter(bucket.endswith, _BUCKET_ENDS),
    ]
    return [
        f"{bucket!r} is no general-purpose bucket: AWS keeps {part} for itself" for part in kept
    ]


def _prefix_problems(prefix: str) -> list[str]:
    if not prefix:
        return []
    if len(prefix) > PREFIX_LENGTH_MAX:
        return [f"the prefix has {len(prefix)} characters, and {PREFIX_LENGTH_MAX} is the most"]
    for segment in prefix.split("/"):
        if segment in ("", ".", ".."):
            return [f"the prefix {prefix!r} has an empty segment, . or .."]
        if not _SEGMENT.fullmatch(segment):
            return [f"the prefix {prefix!r} may have A-Z a-z 0-9 _ . = + - between its slashes"]
    return []
