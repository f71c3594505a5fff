"""One step as one UPDATE message (RFC 2136): the fence, each ``before``, and the changes.

A server takes the message whole or not at all. But it drops single changes without a word, and says
NOERROR: the removal of what is not there, a CNAME beside other data and other data beside a CNAME,
the removal of an apex NS set, DS records without a delegation. So everything that would let it is a
prerequisite here, and no order of changes inside the message leads there:

* each ``before``, value by value, or its absence;
* for a CNAME at a new name, that the name is not in use; for other data at a new name, that it has
  no CNAME. At a name that has a ``before``, that says it, but for a CNAME that takes the place of
  other data: whether there is more than what is removed, no prerequisite says
  (``enactor.rfc2136`` looks just before, and reads back);
* for DS records, that their name has NS records, unless the same message adds them;
* every removal before any addition, since a server goes from one change to the next;
* at the apex, new NS records first and then the old ones one by one (RFC 2136 section 3.4.2.4).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final

import dns.name
import dns.rdata
import dns.update

from plans.fence import Fence, FenceSeen
from plans.kinds.dns import Change, RecordKey, Records, fence_name
from plans.kinds.rdata import rdata_of
from plans.observed.fence_record import fence_values

FENCE_TTL: Final = 60


def fence_change(zone: str, expected: FenceSeen, fence: Fence) -> Change:
    """The fence record as a change like any other, so that the same rules bind it.

    ``before`` has the values exactly as read; its TTL says nothing.
    """
    before = fence_values(expected)
    return Change(
        fence_name(zone),
        "TXT",
        Records(FENCE_TTL, before) if before else None,
        Records(FENCE_TTL, fence_values(fence)),
    )


def update_message(zone: str, changes: Iterable[Change]) -> dns.update.UpdateMessage:
    """The message for changes of a zone, unsigned. Pure but for its random id.

    Args:
        changes: each with at least one value on a side that is not None, those of one name
            together.
    """
    message = dns.update.UpdateMessage(zone)
    together = [(change, dns.name.from_text(change.name)) for change in changes]
    for change, name in together:
        if change.before is None:
            message.absent(name, change.type)
        else:
            message.present(name, *_rdatas(change.type, change.before.values))
    by_name = [list(here) for _, here in groupby(together, key=lambda pair: pair[0].name)]
    for here in by_name:
        _assert_beside(message, here[0][1], [change for change, _ in here])
    at_apex = [pair for pair in together if pair[0].key == RecordKey(zone, "NS")]
    for change, name in together:
        if change.before is not None and (change, name) not in at_apex:
            message.delete(name, change.type)
    for change, name in together:
        if change.after is not None:
            message.add(name, change.after.ttl, *_rdatas(change.type, change.after.values))
    for change, name in at_apex:
        for rdata in _rdatas("NS", _gone(change)):
            message.delete(name, rdata)
    return message


def _gone(change: Change) -> list[str]:
    """The values that a change takes away."""
    before = change.before.values if change.before else ()
    after = change.after.values if change.after else ()
    return [value for value in before if value not in after]


def _assert_beside(
    message: dns.update.UpdateMessage, name: dns.name.Name, here: list[Change]
) -> None:
    """Assert what must be at a name, and what must not, for its additions to be taken."""
    if all(change.before is None for change in here):
        message.absent(name, None if here[0].type == "CNAME" else "CNAME")
    added = {change.type for change in here if change.after is not None}
    if "DS" in added and "NS" not in added:
        message.present(name, "NS")


def _rdatas(rdtype: str, values: Iterable[str]) -> list[dns.rdata.Rdata]:
    return [rdata_of(rdtype, value) for value in values]
