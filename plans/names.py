"""Scalar types that must not be mixed up, and where everything is kept.

A register partition names who may write it, because access policies see partition keys only.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, NewType

Generation = NewType("Generation", int)
Digest = NewType("Digest", str)
Lineage = NewType("Lineage", str)


class Key(NamedTuple):
    """Where a register item stands: partition key and sort key."""

    pk: str
    sk: str


JUMP_MAX: Final = 100_000
STREAM_PATTERN: Final = r"^[a-z0-9._-]+(/[a-z0-9._-]+){1,2}$"

_GENERATION_KEY = re.compile(r"/plans/([0-9]{12})\.json$")


def valid_stream(stream: str) -> bool:
    """Two or three segments of ``a-z 0-9 . _ -``, none of them ``.`` or ``..``.

    The third is not ``plans`` or ``blobs``: its keys would lie among those of ``kind/name``.
    """
    segments = stream.split("/")
    return (
        re.fullmatch(STREAM_PATTERN, stream) is not None
        and not {".", ".."} & set(segments)
        and not {"plans", "blobs"} & set(segments[2:])
    )


def plans_prefix(stream: str) -> str:
    return f"streams/{stream}/plans/"


def plan_key(stream: str, generation: int) -> str:
    return f"{plans_prefix(stream)}{generation:012d}.json"


def generation_of_key(key: str) -> Generation | None:
    """The generation that a plan's archive key names, or None if it names none."""
    match = _GENERATION_KEY.search(key)
    return Generation(int(match.group(1))) if match else None


def blobs_prefix(stream: str) -> str:
    return f"streams/{stream}/blobs/"


def blob_key(stream: str, generation: int, digest: str) -> str:
    return f"{blobs_prefix(stream)}{generation:012d}/{digest}"


def settings_key(stream: str) -> Key:
    return Key(f"settings#{stream}", "settings")


def decisions_partition(stream: str) -> str:
    return f"decision#{stream}"


def approval_key(stream: str, generation: int, approver: str) -> Key:
    return Key(decisions_partition(stream), f"approval#{generation:012d}#{approver}")


def reject_key(stream: str, generation: int) -> Key:
    return Key(decisions_partition(stream), f"reject#{generation:012d}")


def hold_key(stream: str) -> Key:
    return Key(decisions_partition(stream), "hold")


def released_key(stream: str, generation: int) -> Key:
    return Key(decisions_partition(stream), f"released#{generation:012d}")


def override_key(stream: str, generation: int) -> Key:
    """That a person made this generation; its number is then never given to other bytes."""
    return Key(decisions_partition(stream), f"override#{generation:012d}")


def pin_key(stream: str, generation: int) -> Key:
    return Key(decisions_partition(stream), f"pin#{generation:012d}")


def prune_key(stream: str, generation: int) -> Key:
    return Key(retention_partition(stream), f"prune#{generation:012d}")


def retention_partition(stream: str) -> str:
    return f"retention#{stream}"


def enact_partition(stream: str) -> str:
    return f"enact#{stream}"


def pointer_key(stream: str) -> Key:
    return Key(enact_partition(stream), "pointer")


def lease_key(stream: str) -> Key:
    return Key(enact_partition(stream), "lease")


def mirror_key(stream: str, target: str) -> Key:
    return Key(enact_partition(stream), f"fence#{target}")


def journal_partition(stream: str) -> str:
    return f"journal#{stream}"


def journal_key(stream: str, sequence: int) -> Key:
    return Key(journal_partition(stream), f"{sequence:012d}")


def journal_last_key(stream: str) -> Key:
    return Key(journal_partition(stream), "last")
