"""BIND takes a step whole, on exactly the fence it expects, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise

import dns.message
import dns.query
import dns.rcode
import pytest

from enactor.targets import Target
from enactor.update_message import fence_change, update_message
from plans.errors import Drifted, FenceMoved, PlanfenceError, Refused
from plans.fence import Fence, FenceSeen, Unreadable
from plans.kinds.dns import Records, diff
from plans.observed.tsig import TsigKey
from tests.enactor.servers import (
    Blind,
    Watched,
    a,
    change,
    fence,
    fenced,
    key,
    target,
    unchanged_by,
)
from tests.plans.observed.test_rfc2136 import EVERY_TYPE
from tests.servers.bind import LOOPBACK, OTHER_KEY, Bind, Zone, dnspython_key

WWW = "www A 192.0.2.1\n"
either = pytest.mark.parametrize("kind", [Watched, Blind], ids=["looks", "does not look"])


# A zone's life


def test_a_target_of_bind_is_a_target(bind_server: Bind) -> None:
    found: Target = target(bind_server.zone())
    assert found.drops_silently


def test_the_first_write_makes_the_fence_alone(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    before = zone.records()
    target(zone).apply((), expected=None, fence=fence(1, 0))
    text = f'"{fence(1, 0).text()}"'
    assert zone.dig() == before | {(zone.relative("_planfence"), 60, "TXT", text)}
    assert target(zone).read_fence() == fence(1, 0)


@pytest.mark.parametrize("rdtype", ["HTTPS", "SVCB"])
def test_a_service_binding_in_capitals_can_be_changed(bind_server: Bind, rdtype: str) -> None:
    """BIND compares its target to the letter, and no other type's."""
    zone = bind_server.zone(f"pool {rdtype} 1 Pool.Example.NET.\n")
    found = fenced(zone)
    before = found.observe().state[key(zone, "pool", rdtype)]
    after = Records(300, ("1 pool.example.net.",))
    step = change(zone, "pool", rdtype, before, after)
    found.apply((step,), expected=fence(1, 0), fence=fence(2))
    assert zone.values("pool", rdtype) == {"1 pool.example.net."}


def test_a_step_adds_replaces_and_removes(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW + "gone A 192.0.2.9\n")
    found = fenced(zone)
    found.apply(
        (
            change(zone, "gone", "A", a(9), None),
            change(zone, "new", "TXT", None, Records(60, ('"x" "y;z"',))),
            change(zone, "www", "A", a(1), a(2, 3, ttl=60)),
        ),
        expected=fence(1, 0),
        fence=fence(1),
    )
    assert zone.values("www", "A") == {"192.0.2.2", "192.0.2.3"}
    assert zone.values("new", "TXT") == {'"x" "y;z"'}
    assert zone.values("gone", "A") == set()
    assert found.observe().fence == fence(1)


def test_every_managed_type_is_written_as_it_was_read(bind_server: Bind) -> None:
    state = target(bind_server.zone(EVERY_TYPE, name="every.test.")).observe().state
    zone = bind_server.zone(name="copy.every.test.")
    wanted = {
        each._replace(name=each.name.replace("every.test.", zone.name)): content
        for each, content in state.items()
    }
    found = fenced(zone)
    changes = diff(zone.name, wanted, found.observe().state)
    found.apply(changes, expected=fence(1, 0), fence=fence(1))
    assert found.observe().state == wanted
    found.apply(diff(zone.name, {}, wanted), expected=fence(1), fence=fence(2))
    assert {each.type for each in found.observe().state} == {"NS"}


def test_the_servers_serial_rises_with_every_step(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    found = target(zone)
    serials = [zone.serial()]
    expected: FenceSeen = None
    for generation in (1, 2, 3):
        found.apply((), expected=expected, fence=fence(generation))
        expected = fence(generation)
        serials.append(zone.serial())
    assert all(old < new for old, new in pairwise(serials))


def test_a_step_of_many_changes_is_one_message(bind_server: Bind) -> None:
    zone = bind_server.zone()
    found = fenced(zone)
    labels = [f"h{number:04d}" for number in range(500)]
    changes = tuple(change(zone, label, "A", None, a(1)) for label in labels)
    found.apply(changes, expected=fence(1, 0), fence=fence(1))
    changes = tuple(change(zone, label, "A", a(1), a(2)) for label in labels)
    found.apply(changes, expected=fence(1), fence=fence(2))
    assert {value for _, _, kind, value in zone.records() if kind == "A"} == {
        "192.0.2.2",
        "192.0.2.53",
    }


def test_apex_ns_are_replaced_and_none_of_the_old_ones_stays(bind_server: Bind) -> None:
    zone = bind_server.zone()
    found = fenced(zone)
    old = Records(300, (zone.relative("ns1"),))
    new = Records(600, ("ns.example.net.", "ns2.example.net."))
    step = (change(zone, "", "NS", old, new),)
    found.apply(step, expected=fence(1, 0), fence=fence(1))
    assert zone.values("", "NS") == set(new.values)
    longer = replace(new, ttl=900)
    found.apply((change(zone, "", "NS", new, longer),), expected=fence(1), fence=fence(2))
    assert found.observe().state[key(zone, "", "NS")] == longer, "the apex keeps all it has"
    assert zone.values("ns1", "A") == {"192.0.2.53"}


@pytest.mark.parametrize("first", ["A", "CNAME"])
def test_a_cname_and_an_address_change_places_in_one_message(first: str, bind_server: Bind) -> None:
    contents = {"A": a(1), "CNAME": Records(300, ("ns1.example.net.",))}
    second = "CNAME" if first == "A" else "A"
    zone = bind_server.zone(f"x {first} {contents[first].values[0]}\n")
    found = fenced(zone)
    found.apply(
        (
            change(zone, "x", first, contents[first], None),
            change(zone, "x", second, None, contents[second]),
        ),
        expected=fence(1, 0),
        fence=fence(1),
    )
    assert zone.values("x", second) == set(contents[second].values)
    assert zone.values("x", first) == set()


def test_what_a_question_cannot_tell_is_read_back_by_transfer(bind_server: Bind) -> None:
    """A delegation with glue, and a name that goes from under a wildcard."""
    zone = bind_server.zone("* A 192.0.2.1\ngone A 192.0.2.1\n")
    found = fenced(zone)
    found.apply(
        (
            change(zone, "gone", "A", a(1), None),
            change(zone, "lab", "NS", None, Records(300, (zone.relative("ns.lab"),))),
            change(zone, "ns.lab", "A", None, a(7)),
        ),
        expected=fence(1, 0),
        fence=fence(1),
    )
    assert zone.values("ns.lab", "A") == {"192.0.2.7"}
    moved = change(zone, "ns.lab", "A", a(7), a(8))
    found.apply((moved,), expected=fence(1), fence=fence(2))
    assert zone.values("ns.lab", "A") == {"192.0.2.8"}


# The fence


def test_a_stale_generation_is_refused_by_the_server(bind_server: Bind) -> None:
    """Nothing of planfence looks before: the message itself is refused, whole."""
    zone = bind_server.zone(WWW)
    fenced(zone).apply((), expected=fence(1, 0), fence=fence(3))
    step = change(zone, "www", "A", a(1), a(2))  # its ``before`` holds
    stale = update_message(zone.name, (fence_change(zone.name, fence(1, 0), fence(2)), step))
    stale.use_tsig(dnspython_key(zone.key_file))
    answer = dns.query.tcp(stale, LOOPBACK, port=zone.port, timeout=10)
    assert answer.rcode() == dns.rcode.NXRRSET
    error = unchanged_by(zone, target(zone, Blind), FenceMoved, step)
    assert (error.expected, error.actual) == (fence(1, 0).text(), fence(3).text())


@either
@pytest.mark.parametrize(
    "expected",
    [
        None,
        fence(1, 0, "b"),
        replace(fence(1, 0), done=True),
        replace(fence(1, 0), lineage="2" * 32),
        Unreadable("x"),
    ],
)
def test_any_other_fence_than_the_one_expected_refuses(
    expected: FenceSeen, kind: type[Watched], bind_server: Bind
) -> None:
    zone = bind_server.zone(WWW)
    fenced(zone)
    step = change(zone, "www", "A", a(1), a(2))
    unchanged_by(zone, target(zone, kind), FenceMoved, step, expected=expected)


@either
def test_a_fence_that_is_gone_refuses(kind: type[Watched], bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    step = change(zone, "www", "A", a(1), a(2))
    error = unchanged_by(zone, target(zone, kind), FenceMoved, step)
    assert error.actual == "no fence"


def test_a_fences_ttl_is_no_part_of_it_and_is_mended(bind_server: Bind) -> None:
    """A server's prerequisites do not see TTLs; the new record has 60 s again."""
    zone = bind_server.zone(f'_planfence 999 TXT "{fence(1, 0).text()}"\n')
    target(zone).apply((), expected=fence(1, 0), fence=fence(2))
    assert (zone.relative("_planfence"), 60, "TXT", f'"{fence(2).text()}"') in zone.dig()


@pytest.mark.parametrize(
    "values", [['"x"'], ['"a" "b"'], ['"a"', '"b, c"'], [r'"say \"x\""'], ['""']]
)
def test_what_is_no_fence_is_replaced_only_as_it_was_read(
    values: list[str], bind_server: Bind
) -> None:
    zone = bind_server.zone("".join(f"_planfence TXT {value}\n" for value in values))
    found = target(zone)
    seen = found.read_fence()
    assert isinstance(seen, Unreadable)
    other = Unreadable(seen.unreadable + "?")
    unchanged_by(zone, found, FenceMoved, expected=other)
    found.apply((), expected=seen, fence=fence(1, 0))
    assert zone.values("_planfence", "TXT") == {f'"{fence(1, 0).text()}"'}


def race(zone: Zone, round_: int, expected: Fence, racer: int) -> Fence | None:
    """One racer's step, which no look delays. Its fence, if it won."""
    mine = fence(round_ + 1, racer + 1)
    step = change(zone, "www", "A", a(round_), a(round_ + 1))
    try:
        target(zone, Blind).apply((step,), expected=expected, fence=mine)
    except FenceMoved:
        return None
    return mine


def test_of_racing_steps_exactly_one_lands(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    fenced(zone)
    expected = fence(1, 0)
    racers = range(8)
    with ThreadPoolExecutor(len(racers)) as executor:
        for round_ in range(1, 13):
            ends = executor.map(partial(race, zone, round_, expected), racers)
            (winner,) = [fence for fence in ends if fence is not None]
            assert target(zone).read_fence() == winner
            assert zone.values("www", "A") == {f"192.0.2.{round_ + 1}"}
            expected = winner


# What each change expects


@either
@pytest.mark.parametrize(
    ("label", "before", "after", "found"),
    [
        ("www", a(2), a(3), "300 192.0.2.1"),
        ("www", a(1, 2), a(3), "300 192.0.2.1"),
        ("www", a(2), None, "300 192.0.2.1"),
        ("www", None, a(3), "300 192.0.2.1"),
        ("none", a(2), a(3), "no such record"),
        ("none", a(2), None, "no such record"),
    ],
)
def test_a_before_that_does_not_hold_refuses_the_whole_step(
    label: str,
    before: Records | None,
    after: Records | None,
    found: str,
    kind: type[Watched],
    bind_server: Bind,
) -> None:
    zone = bind_server.zone(WWW)
    fenced(zone)
    fine = change(zone, "fine", "A", None, a(7))
    wrong = change(zone, label, "A", before, after)
    error = unchanged_by(zone, target(zone, kind), Drifted, fine, wrong)
    assert error.what == f"{zone.relative(label)} A is not as this step expects"
    assert error.actual == found
    assert error.rule == "drift"


def test_a_ttl_that_is_not_as_expected_refuses(bind_server: Bind) -> None:
    zone = bind_server.zone("www 60 A 192.0.2.1\n")
    fenced(zone)
    error = unchanged_by(zone, target(zone), Drifted, change(zone, "www", "A", a(1), a(2)))
    assert (error.expected, error.actual) == ("300 192.0.2.1", "60 192.0.2.1")


# Who may not write, and what does not fit


def test_a_key_that_may_only_read_is_refused(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    fenced(zone)
    stranger = dnspython_key(zone.folder / f"{OTHER_KEY}.key")
    found = target(zone)
    found.server = replace(
        found.server, key=TsigKey(f"{OTHER_KEY}.", "hmac-sha256", stranger.secret)
    )
    error = unchanged_by(zone, found, Refused, change(zone, "www", "A", a(1), a(2)))
    assert error.rule == "server-refused"
    assert "refuses to update" in error.what


def test_a_name_that_the_servers_own_checks_refuse_changes_nothing(bind_server: Bind) -> None:
    zone = bind_server.zone(WWW)
    fenced(zone)
    error = unchanged_by(zone, target(zone), Refused, change(zone, "not_a_host", "A", None, a(2)))
    assert error.rule == "server-refused"
    assert "the server's log says which check refused" in str(error)


def test_a_step_that_fits_no_message_is_refused(bind_server: Bind) -> None:
    zone = bind_server.zone()
    fenced(zone)
    steps = (change(zone, f"h{number:05d}", "A", None, a(1)) for number in range(3000))
    error = unchanged_by(zone, target(zone), Refused, *steps)
    assert error.rule == "step-too-large"


def test_a_set_with_attributes_is_refused_before_anything_is_sent(bind_server: Bind) -> None:
    zone = bind_server.zone()
    fenced(zone)
    weighted = replace(change(zone, "w", "A", None, a(1)), identifier="eu")
    error = unchanged_by(zone, target(zone), Refused, weighted)
    assert error.rule == "set-unrepresentable"


# kill -9


def test_what_a_killed_server_acknowledged_is_there_when_it_starts_again(own_bind: Bind) -> None:
    zone = own_bind.zone(WWW)
    found = fenced(zone)
    found.apply((change(zone, "www", "A", a(1), a(2)),), expected=fence(1, 0), fence=fence(1))
    own_bind.kill()
    with pytest.raises(PlanfenceError) as caught:
        found.read_fence()
    assert (caught.value.exit_code, caught.value.rule) == (5, "server-unreachable")
    own_bind.start_again()
    assert found.read_fence() == fence(1)
    assert zone.values("www", "A") == {"192.0.2.2"}
