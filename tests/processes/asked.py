"""What a request to AWS asks for, read from its bytes: by the sender's points, and on its way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

_MUTATIONS: Final = frozenset({"DeleteObject", "PutItem", "PutObject", "TransactWriteItems"})
_OF_OBJECTS: Final = {
    "DELETE": "DeleteObject",
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "PUT": "PutObject",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation and what it is about: ``PutObject 000000000001.json``."""

    operation: str
    subject: str

    @property
    def mutates(self) -> bool:
        return self.operation in _MUTATIONS

    def __str__(self) -> str:
        return f"{self.operation} {self.subject}".rstrip()


_LISTING: Final = Asked("ListObjectsV2", "")


def asked(method: str, url: str, target: str | bytes | None, body: Any) -> Asked:
    """Read a request.

    Args:
        target: the header ``X-Amz-Target``, which only DynamoDB's requests have. Only theirs is
            the body looked at.
    """
    if target is None:
        _, _, key = urlsplit(url).path.removeprefix("/").partition("/")  # behind the bucket's name
        return Asked(_OF_OBJECTS[method], key.rpartition("/")[2]) if key else _LISTING
    named = target.decode() if isinstance(target, bytes) else str(target)
    operation = named.rpartition(".")[2]
    return Asked(operation, _subject(json.loads(body)))


def _subject(request: Mapping[str, Any]) -> str:
    """The kind of the journal entry that is written, or the sort key of a single item."""
    if "Item" in request:
        return str(request["Item"]["sk"]["S"])
    for part in request.get("TransactItems", ()):
        document = part.get("Put", {}).get("Item", {}).get("document")
        if document:
            return str(json.loads(document["S"])["kind"])
    return ""
