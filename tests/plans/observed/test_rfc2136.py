"""A zone at its primary, as BIND has it: read whole, exactly, and by nobody who may not."""

from __future__ import annotations

from dataclasses import replace

import dns.update
import pytest

from planfence.clock import SystemClock
from plans.errors import PlanfenceError, Refused
from plans.fence import Fence, FenceSeen, Unreadable
from plans.kinds.dns import Change, RecordKey, Records, cut
from plans.observed.exchange import Server
from plans.observed.places import ServerPlace, place_of
from plans.observed.rfc2136 import ServerView
from plans.observed.tsig import TsigKey
from plans.observed.view import View
from plans.observed.zonefile import parse_zone_file
from tests.servers.bind import OTHER_KEY, Bind, Zone, dnspython_key

FENCE = Fence(7, 2, True, "d" * 64, "1" * 32, "a" * 32)
TEXT = f'"{FENCE.text()}"'

EVERY_TYPE = r"""
a A 192.0.2.1
a A 192.0.2.2
A 600 AAAA 2001:DB8::1
mapped AAAA ::ffff:192.0.2.1
caa CAA 0 issue "ca.example.net; policy=ev"
alias CNAME A
old DNAME new.example.net.
ds DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
ds NS ns.ds
ns.ds A 192.0.2.9
svc HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.1
loc LOC 51 30 12.748 N 0 7 39.611 W 0.29m 0.20m 10m 2m
@ MX 10 Mail.Example.NET.
@ MX 20 a
naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:x@example.com!" .
pgp OPENPGPKEY bWFueSBieXRlcw==
ptr PTR a
spf SPF "v=spf1 -all"
_sip._tcp SRV 1 2 5060 a
ssh SSHFP 1 1 2BB183AF5F22588179A53B0A98631FAD1A292118
svcb SVCB 0 other.example.net.
_443._tcp TLSA 3 1 1 2BB183AF5F22588179A53B0A98631FAD1A2921182BB183AF5F22588179A53B0A
txt TXT "one" "two; \"three\"" "\195\164" ""
uri URI 10 1 "https://example.com/"
* TXT "anything"
*.deep MX 10 a
odd\.name\032 TXT "x"
"""
UNMANAGED = 'host HINFO "pc" "os"\nhost RP . .\na TYPE65400 \\# 2 abcd\n'


def view(zone: Zone, key: TsigKey | None = None) -> ServerView:
    place = place_of(zone.target)
    assert isinstance(place, ServerPlace)
    return ServerView(zone.target, Server(place, key or zone.key, SystemClock()))


def refused(found: View, error: type[PlanfenceError] = Refused) -> list[PlanfenceError]:
    """The errors of both ways to read, the fence first."""
    errors = []
    for read in (found.read_fence, found.observe):
        with pytest.raises(error) as caught:
            read()
        assert type(caught.value) is error
        errors.append(caught.value)
    return errors


# What is there


def test_every_managed_type_is_read_as_from_a_zone_file(bind_server: Bind) -> None:
    zone = bind_server.zone(EVERY_TYPE + UNMANAGED)
    text = f"$ORIGIN {zone.name}\n$TTL 300\n@ SOA ns1 h 1 1 1 1 1\n@ NS ns1\nns1 A 192.0.2.53\n"
    from_file = parse_zone_file((text + EVERY_TYPE + UNMANAGED).encode(), zone.name, "the file")
    found = view(zone).observe()
    assert found.state == from_file.observation.state
    assert found.left_alone == from_file.observation.left_alone == 3
    assert (found.fence, found.exists) == (None, True)


def test_what_a_view_reads_is_what_dnspython_reads(bind_server: Bind) -> None:
    zone = bind_server.zone(EVERY_TYPE)
    found = view(zone).observe().state
    names = {name for name, _, kind, _ in zone.records() if kind != "RRSIG"}
    assert {key.name for key in found} == {name.lower() for name in names}
    assert sum(len(each.values) for each in found.values()) == len(zone.records())


def test_a_zone_of_many_messages_is_read_whole(bind_server: Bind) -> None:
    labels = [f"host-{number:05d}" for number in range(8000)]
    zone = bind_server.zone("".join(f"{label} A 192.0.2.1\n" for label in labels))
    found = view(zone).observe().state
    assert {key.name for key in found} == {zone.relative(label) for label in ["", "ns1", *labels]}


def test_asking_for_many_sets_gives_each_its_own_answer(bind_server: Bind) -> None:
    labels = [f"h{number}" for number in range(300)]
    records = "".join(f"{label} A 192.0.2.{int(label[1:]) % 250}\n" for label in labels)
    zone = bind_server.zone(records)
    found = view(zone)
    whole = found.observe().state
    keys = [*whole, RecordKey(zone.relative("none"), "A")]
    assert found.look(keys) == {**whole, keys[-1]: None}


# The fence


@pytest.mark.parametrize(
    ("records", "seen"),
    [
        ("", None),
        (f"_planfence 60 TXT {TEXT}\n", FENCE),
        (f"_planfence 999 TXT {TEXT}\n", FENCE),
        ('_planfence TXT "something else"\n', Unreadable("something else")),
        (f'_planfence TXT {TEXT}\n_planfence TXT "x"\n', Unreadable(f'{TEXT}, "x"')),
        ('_planfence TXT "v=pf1" "g=1"\n', Unreadable('"v=pf1" "g=1"')),
        ("_planfence SRV 1 1 1 a\n", None),
    ],
)
def test_the_fence_is_read_exactly(records: str, seen: FenceSeen, bind_server: Bind) -> None:
    found = view(bind_server.zone(records))
    assert found.read_fence() == found.observe().fence == seen


@pytest.mark.parametrize(
    "records",
    [
        '* TXT "any name"\n',
        "* CNAME other.example.net.\n",
        "_planfence CNAME other.example.net.\n",
        "_planfence NS ns.example.net.\n",
    ],
)
def test_what_answers_in_the_place_of_the_fence_is_not_taken_for_it(
    records: str, bind_server: Bind
) -> None:
    assert view(bind_server.zone(records)).read_fence() is None


def test_a_fence_below_a_delegation_of_its_name_is_found_by_transfer(bind_server: Bind) -> None:
    records = f"_planfence TXT {TEXT}\n_planfence NS ns.example.net.\n"
    assert view(bind_server.zone(records)).read_fence() == FENCE


def test_only_what_a_question_can_tell_is_told(bind_server: Bind) -> None:
    zone = bind_server.zone(
        "lab NS ns.lab\nns.lab A 192.0.2.7\nold DNAME new.example.net.\nalias CNAME ns1\n"
    )
    keys = [
        RecordKey(zone.relative(label), kind)
        for label, kind in [
            ("lab", "NS"),  # a referral
            ("ns.lab", "A"),  # glue below it
            ("x.old", "A"),  # below a DNAME
            ("alias", "A"),  # an alias, which may stand beside nothing but must not be guessed
            ("alias", "CNAME"),
            ("none", "A"),
        ]
    ]
    assert view(zone).look(keys) == {
        keys[4]: Records(300, (zone.relative("ns1"),)),
        keys[5]: None,
    }


# Who may not read


def test_a_key_that_the_server_lacks_is_refused(bind_server: Bind) -> None:
    zone = bind_server.zone()
    for error in refused(view(zone, replace(zone.key, name="nobody."))):
        assert error.rule == "tsig-key"
        assert "has no key nobody. with the algorithm hmac-sha256" in error.what


def test_another_algorithm_is_another_key(bind_server: Bind) -> None:
    zone = bind_server.zone()
    for error in refused(view(zone, replace(zone.key, algorithm="hmac-sha512"))):
        assert error.rule == "tsig-key"


def test_another_secret_is_refused_and_not_told(bind_server: Bind) -> None:
    zone = bind_server.zone()
    for error in refused(view(zone, replace(zone.key, secret=b"a secret of our own"))):
        assert error.rule == "tsig-secret"
        assert "secret of our own" not in str(error)


def test_a_key_that_may_not_transfer_is_refused(bind_server: Bind) -> None:
    zone = bind_server.zone()
    stranger = dnspython_key(zone.folder / f"{OTHER_KEY}.key")
    key = TsigKey(f"{OTHER_KEY}.", "hmac-sha256", stranger.secret)
    with pytest.raises(Refused, match=r"refuses to transfer .* for the key stranger\.") as caught:
        view(zone, key).observe()
    assert caught.value.rule == "server-refused"


def test_a_zone_that_the_server_does_not_have_is_refused(bind_server: Bind) -> None:
    zone = replace(bind_server.zone(), name="other.example.")
    of_fence, of_zone = refused(view(zone))
    assert (of_fence.rule, of_zone.rule) == ("server-refused", "zone-not-served")


# What a message holds


def test_many_changes_are_cut_below_what_a_message_holds(bind_server: Bind) -> None:
    found = view(bind_server.zone())
    changes = tuple(
        Change(f"host-{number:05d}.{found.zone}", "A", None, Records(60, ("192.0.2.1",)))
        for number in range(5000)
    )
    steps = cut(changes, found)
    assert sum(map(len, steps)) == 5000
    assert 3 <= len(steps) <= 10


def test_a_set_that_no_message_holds_is_refused_by_name(bind_server: Bind) -> None:
    found = view(bind_server.zone())
    long = Records(60, tuple(f'"{number:0250d}"' for number in range(300)))
    change = Change(f"long.{found.zone}", "TXT", None, long)
    with pytest.raises(Refused, match=rf"the changes of long\.{found.zone} do not fit") as caught:
        cut((change,), found)
    assert caught.value.rule == "step-too-large"


@pytest.mark.parametrize(
    ("change", "actual"),
    [
        (Change("a.", "A", None, Records(60, ("192.0.2.1",)), "eu"), "eu"),
        (
            Change("a.", "A", None, Records(0, (), ("alias=x",)), "eu"),
            "eu, alias=x",
        ),
        (Change("a.", "A", Records(0, (), ("alias=x",)), None), "no identifier, alias=x"),
    ],
)
def test_a_set_that_a_name_server_cannot_hold_is_refused_by_name(
    change: Change, actual: str, bind_server: Bind
) -> None:
    with pytest.raises(Refused, match=r"cannot hold a\. A") as caught:
        cut((change,), view(bind_server.zone()))
    assert (caught.value.rule, caught.value.actual) == ("set-unrepresentable", actual)


@pytest.mark.parametrize(
    ("label", "rdtype", "value", "reason"),
    [
        ("", "DS", "1 8 2 " + "ab" * 32, "belong to the zone above it"),
        ("*.", "NS", "ns.example.net.", "a wildcard neither delegates"),
        ("*.deep.", "DNAME", "x.example.net.", "a wildcard neither delegates"),
    ],
)
def test_what_servers_drop_wherever_it_stands_is_refused_when_planning(
    label: str, rdtype: str, value: str, reason: str, bind_server: Bind
) -> None:
    found = view(bind_server.zone())
    content = Records(60, (value,))
    with pytest.raises(Refused, match=reason) as caught:
        cut((Change(label + found.zone, rdtype, None, content),), found)
    assert caught.value.rule == "unservable"
    fine = Change("lab." + found.zone, rdtype, None, content)
    gone = Change(label + found.zone, rdtype, content, None)
    assert cut((fine, gone), found) == ((fine, gone),)


def test_by_hand_is_seen_at_once(bind_server: Bind) -> None:
    zone = bind_server.zone()
    found = view(zone)
    assert found.read_fence() is None

    def fence(update: dns.update.UpdateMessage) -> None:
        update.add("_planfence", 60, "TXT", TEXT)

    zone.by_hand(fence)
    assert found.read_fence() == FENCE
