"""One step as one message: what it asserts, in which order it changes, and how large it is."""

from __future__ import annotations

import dns.tsig
import dns.update
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enactor.update_message import FENCE_TTL, fence_change, update_message
from planfence.clock import SystemClock
from plans.fence import FenceSeen, Unreadable
from plans.kinds.dns import Change, Records
from plans.kinds.rdata import normal_value
from plans.observed.exchange import Server
from plans.observed.places import ServerPlace
from plans.observed.rfc2136 import ServerView
from tests.enactor.servers import fence
from tests.plans.observed.test_rfc2136 import EVERY_TYPE
from tests.servers.scripted import KEY

ZONE = "example.com."
A1, A2 = Records(300, ("192.0.2.1",)), Records(300, ("192.0.2.2",))
ALIAS = Records(300, ("a.example.com.",))
TEXT = Records(60, ('"t"',))


def lines(message: dns.update.UpdateMessage) -> list[str]:
    """Prerequisites and updates, each on its line, without the zone's name."""
    found = [rrset.to_text() for section in message.sections[1:3] for rrset in section]
    return [line.replace(".example.com.", "").replace("example.com.", "@") for line in found]


def of(*changes: Change) -> list[str]:
    return lines(update_message(ZONE, changes))


def change(label: str, rdtype: str, before: Records | None, after: Records | None) -> Change:
    return Change(f"{label}.{ZONE}" if label else ZONE, rdtype, before, after)


# What is asserted


def test_a_replacement_asserts_each_value() -> None:
    both = Records(300, ("192.0.2.1", "192.0.2.2"))
    assert of(change("x", "A", both, A2)) == [
        "x 0 IN A 192.0.2.1",
        "x 0 IN A 192.0.2.2",
        "x ANY A",
        "x 300 IN A 192.0.2.2",
    ]


def test_a_new_set_asserts_that_there_is_none_and_no_alias_at_its_name() -> None:
    assert of(change("x", "A", None, A1)) == [
        "x NONE A",
        "x NONE CNAME",
        "x 300 IN A 192.0.2.1",
    ]


def test_a_new_alias_asserts_that_its_name_is_not_in_use() -> None:
    assert of(change("x", "CNAME", None, ALIAS)) == [
        "x NONE CNAME",
        "x NONE ANY",
        "x 300 IN CNAME a",
    ]


def test_a_removal_asserts_what_it_removes() -> None:
    assert of(change("x", "A", A1, None)) == ["x 0 IN A 192.0.2.1", "x ANY A"]


def test_a_new_set_beside_one_that_is_known_needs_no_more() -> None:
    assert of(change("x", "A", A1, A2), change("x", "TXT", None, TEXT))[1:2] == ["x NONE TXT"]


@pytest.mark.parametrize(
    ("seen", "asserted"),
    [
        (None, ["_planfence NONE TXT", "_planfence NONE CNAME"]),
        (fence(1), [f'_planfence 0 IN TXT "{fence(1).text()}"']),
        (Unreadable("x"), ['_planfence 0 IN TXT "x"']),
        (Unreadable('"a" "b", "c"'), ['_planfence 0 IN TXT "a" "b"', '_planfence 0 IN TXT "c"']),
    ],
)
def test_the_fence_is_a_change_like_any_other(seen: FenceSeen, asserted: list[str]) -> None:
    after = [f'_planfence {FENCE_TTL} IN TXT "{fence(2).text()}"']
    removed = ["_planfence ANY TXT"] if seen is not None else []
    assert of(fence_change(ZONE, seen, fence(2))) == [*asserted, *removed, *after]


# The order of changes


@pytest.mark.parametrize("first", ["A", "CNAME"])
def test_what_goes_is_removed_before_anything_is_added(first: str) -> None:
    contents = {"A": A1, "CNAME": ALIAS}
    second = "CNAME" if first == "A" else "A"
    swap = [
        change("x", "A", *((A1, None) if first == "A" else (None, A1))),
        change("x", "CNAME", *((ALIAS, None) if first == "CNAME" else (None, ALIAS))),
    ]
    updates = of(*swap)[-2:]
    assert updates[0] == f"x ANY {first}"
    assert updates[1].startswith(f"x 300 IN {second} ")
    assert contents[second].values[0].startswith(updates[1].split()[-1])


def test_apex_ns_are_added_first_and_then_removed_one_by_one() -> None:
    """A server ignores the removal of the whole set (RFC 2136 section 3.4.2.3)."""
    old = Records(300, ("a.example.net.", "b.example.net."))
    new = Records(300, ("b.example.net.", "c.example.net."))
    assert of(change("", "NS", old, new)) == [
        "@ 0 IN NS a.example.net.",
        "@ 0 IN NS b.example.net.",
        "@ 300 IN NS b.example.net.",
        "@ 300 IN NS c.example.net.",
        "@ 0 NONE NS a.example.net.",
    ]


def test_apex_ns_that_only_grow_remove_nothing() -> None:
    """No removal without values either, which would take the whole name away."""
    old, new = Records(300, ("a.example.net.",)), Records(300, ("a.example.net.", "b.example.net."))
    assert of(change("", "NS", old, new)) == [
        "@ 0 IN NS a.example.net.",
        "@ 300 IN NS a.example.net.",
        "@ 300 IN NS b.example.net.",
    ]


@pytest.mark.parametrize(("before", "after"), [(None, ALIAS), (ALIAS, None)])
def test_apex_ns_that_come_or_go_are_named_value_by_value(
    before: Records | None, after: Records | None
) -> None:
    found = of(change("", "NS", before, after))
    assert ("@ 0 NONE NS a" in found) == (before is not None)
    assert "@ ANY NS" not in found


def test_ns_below_the_apex_are_removed_as_a_set() -> None:
    assert "lab ANY NS" in of(change("lab", "NS", ALIAS, None))


# Its size


VALUES: dict[str, list[str]] = {}
for line in EVERY_TYPE.strip().splitlines():
    kind, text = line.replace(" 600 ", " ").split(None, 2)[1:]
    VALUES.setdefault(kind, []).append(normal_value(kind, text, ZONE))

names = st.sampled_from(["@", "a", "*.deep", "_x._tcp", r"odd\.name\032", "x" * 63]).map(
    lambda label: ZONE if label == "@" else f"{label}.{ZONE}"
)
sides = st.sampled_from(sorted(VALUES)).flatmap(
    lambda kind: st.tuples(
        st.just(kind), *[st.none() | st.just(Records(60, tuple(VALUES[kind])))] * 2
    )
)
changes = st.builds(lambda name, side: Change(name, *side), names, sides).filter(
    lambda change: change.type not in {"DNAME", "DS", "NS"} or change.name[0] not in "*e"
)
VIEW = ServerView("rfc2136://x/example.com", Server(ServerPlace("x", 53, ZONE), KEY, SystemClock()))
EMPTY = len(update_message(ZONE, ()).to_wire())


@given(st.lists(changes, max_size=60, unique_by=lambda change: change.key))
def test_a_message_is_never_larger_than_its_changes_were_counted(found: list[Change]) -> None:
    size = len(update_message(ZONE, found).to_wire()) - EMPTY
    assert size <= sum(VIEW.step_size(change)[0] for change in found)


def test_what_every_message_has_leaves_its_changes_the_room_that_is_counted() -> None:
    """The longest fences, of a zone with the longest name, signed by the longest key."""
    label = "z" * 63
    zone = f"{label}.{label}.{label}.{'z' * 49}."
    longest = fence(10**12 - 1, 10**6 - 1)
    message = update_message(zone, (fence_change(zone, longest, longest),))
    secret = dns.tsig.Key(f"{label}.{label}.{label}.{'k' * 61}.", b"k" * 64, dns.tsig.HMAC_SHA512)
    message.use_tsig(secret)
    assert len(message.to_wire()) + VIEW.step_capacity[0] <= 65_535
