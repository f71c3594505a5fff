"""The fence record's values, as a zone holds them, and what they read as."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from plans.fence import Fence, FenceSeen, Unreadable, parse_fence

_BETWEEN: Final = ", "
_VALUE: Final = re.compile(r'"(?:[^"\\]|\\.)*"(?: "(?:[^"\\]|\\.)*")*')


def fence_seen(values: Iterable[str]) -> FenceSeen:
    """The TXT record set at the fence's name: one value of one string, or ``Unreadable``.

    Args:
        values: canonical texts; none where the record set is proven absent.
    """
    texts = sorted(set(values))
    if not texts:
        return None
    inner = texts[0][1:-1]
    if len(texts) == 1 and '"' not in inner:
        return parse_fence(inner)
    return Unreadable(_BETWEEN.join(texts))


def fence_values(seen: FenceSeen) -> tuple[str, ...]:
    """The values that read as ``seen``, exactly: ``fence_seen`` of them is ``seen`` again."""
    if seen is None:
        return ()
    if isinstance(seen, Fence):
        return (f'"{seen.text()}"',)
    text = seen.unreadable
    # The text of a single string has no quotes around it, and none inside.
    return tuple(_VALUE.findall(text)) if '"' in text else (f'"{text}"',)
