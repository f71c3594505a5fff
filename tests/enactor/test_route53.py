"""A step on a hosted zone: one batch, under its fence, or nothing at all."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from enactor.route53 import FENCE_TTL, _listing_order
from plans.errors import Drifted, FenceMoved, Refused, Unavailable
from plans.fence import Unreadable
from plans.kinds.dns import Change, RecordKey, Records
from tests.builders import ZONE, a, a_fence
from tests.doubles.route53.faults import (
    Fault,
    after,
)
from tests.enactor.hosted import (
    CHANGE,
    FENCE_NAME,
    FIRST,
    LIST,
    NEXT,
    ONE,
    TWO,
    WWW,
    Hosted,
    actions,
    addresses,
    change,
    fenced,
    many,
    simple,
    step,
)

# One batch


def test_the_first_fence_is_a_batch_of_its_own() -> None:
    hosted = Hosted()
    hosted.open().apply((), expected=None, fence=FIRST)
    assert [actions(each) for each in hosted.double.history] == [[("CREATE", "_planfence")]]
    [found] = hosted.raw(FENCE_NAME, "TXT")
    assert found["TTL"] == FENCE_TTL == 60
    assert hosted.fence == FIRST


def test_a_batch_names_the_old_fence_to_the_letter_and_every_record_set_it_replaces() -> None:
    hosted = fenced(simple("gone"), simple("www"))
    step(
        hosted,
        change("gone", ONE, None),
        change("new", None, ONE),
        change("www", ONE, TWO),
    )
    [_, applied] = hosted.double.history
    assert actions(applied) == [
        ("DELETE", "_planfence"),
        ("DELETE", "gone"),
        ("DELETE", "www"),
        ("CREATE", "_planfence"),
        ("CREATE", "new"),
        ("CREATE", "www"),
    ]
    assert (applied.fence_before, applied.fence_after) == (
        (f'"{FIRST.text()}"',),
        (f'"{NEXT.text()}"',),
    )
    assert hosted.state() == {**a("new"), **a("www", "192.0.2.2")}


def test_nothing_is_ever_upserted() -> None:
    hosted = Hosted()
    hosted.applied({**a("www"), **a("mail")})
    hosted.applied({**a("www", "192.0.2.9")})
    used = {each.action for applied in hosted.double.history for each in applied.changes}
    assert used == {"CREATE", "DELETE"}


def test_a_cname_and_an_address_swap_in_one_batch() -> None:
    hosted = fenced(simple("www"), simple("alias", "www.example.com.", rdtype="CNAME"))
    name = Records(300, ("mail.example.com.",))
    step(
        hosted,
        change("alias", Records(300, ("www.example.com.",)), None, "CNAME"),
        change("alias", None, ONE),
        change("www", ONE, None),
        change("www", None, name, "CNAME"),
    )
    assert hosted.state() == {
        RecordKey(f"alias.{ZONE}", "A"): ONE,
        RecordKey(f"www.{ZONE}", "CNAME"): name,
    }


def alias_to(label: str) -> Records:
    return Records(0, (), (f"alias=self:{label}.{ZONE}:false",))


def test_an_alias_is_created_after_what_it_points_at_however_long_the_chain() -> None:
    hosted = fenced()
    labels = [f"a{number:03}" for number in range(60)]
    chain = [change(one, None, alias_to(two)) for one, two in pairwise(labels)]
    step(hosted, *chain, change(labels[-1], None, ONE))
    assert len(hosted.state()) == 60


def test_aliases_in_a_circle_are_refused_in_the_service_s_words() -> None:
    hosted = fenced()
    with pytest.raises(Refused) as caught:
        step(hosted, change("a", None, alias_to("b")), change("b", None, alias_to("a")))
    assert caught.value.rule == "route53-batch"
    assert "that target was not found" in caught.value.what


# Exactly as stored


ODD: dict[str, tuple[dict[str, Any], Change]] = {
    "values in another order": (
        simple("www", "192.0.2.2", "192.0.2.1"),
        change("www", addresses("192.0.2.1", "192.0.2.2"), TWO),
    ),
    "capitals in a name and a value": (
        simple("WWW", "Target.Example.NET", rdtype="CNAME"),
        change("www", Records(300, ("target.example.net.",)), None, "CNAME"),
    ),
    "a string with needless escapes": (
        simple("www", r'"\141b"', rdtype="TXT"),
        change("www", Records(300, ('"ab"',)), None, "TXT"),
    ),
    "an address in another spelling": (
        simple("www", "2001:DB8:0:0:0:0:0:1", rdtype="AAAA"),
        change("www", Records(300, ("2001:db8::1",)), None, "AAAA"),
    ),
    "a wildcard": (simple("\\052"), change("*", ONE, TWO)),
}


@pytest.mark.parametrize("observes", [False, True])
@pytest.mark.parametrize(("raw", "wanted"), ODD.values(), ids=ODD)
def test_what_is_deleted_is_named_in_the_letters_of_the_service(
    raw: dict[str, Any], wanted: Change, observes: bool
) -> None:
    hosted = fenced(raw)
    target = hosted.open()
    if observes:
        target.observe()
    step(hosted, wanted, target=target)
    expected = {wanted.key: wanted.after} if wanted.after else {}
    assert hosted.state() == expected


def test_letters_that_change_after_they_were_read_are_read_again() -> None:
    hosted = fenced(simple("www", "192.0.2.1", "192.0.2.2"))
    target = hosted.open()
    before = addresses("192.0.2.1", "192.0.2.2")
    target.observe()
    hosted.edit(
        ("DELETE", simple("www", "192.0.2.1", "192.0.2.2")),
        ("CREATE", simple("www", "192.0.2.2", "192.0.2.1")),
    )
    step(hosted, change("www", before, ONE), target=target)
    assert hosted.state() == a("www")


def rewritten(hosted: Hosted, rdtype: str, *texts: str) -> Fault:
    """Somebody writes the set in other letters each time that a batch is on its way."""
    turns = iter(texts)
    last = texts[0]

    def act() -> None:
        nonlocal last
        text = next(turns)
        hosted.edit(
            ("DELETE", simple("www", last, rdtype=rdtype)),
            ("CREATE", simple("www", text, rdtype=rdtype)),
        )
        last = text

    next(turns)
    return after(act)


def test_letters_that_change_each_time_are_no_endless_loop() -> None:
    texts = ['"abc"', r'"\141bc"', r'"a\142c"', r'"ab\143"']
    hosted = fenced(simple("www", texts[0], rdtype="TXT"))
    hosted.double.next(CHANGE, *[rewritten(hosted, "TXT", *texts)] * 3)
    with pytest.raises(Unavailable) as caught:
        step(hosted, change("www", Records(300, ('"abc"',)), None, "TXT"))
    assert caught.value.rule == "route53-moving"
    assert hosted.fence == FIRST


# The fence


def test_a_stale_generation_is_refused_by_the_zone() -> None:
    hosted = fenced(simple("www"))
    late = hosted.open()
    late.read_fence()  # and then it is paused
    newer = a_fence(generation=2)
    step(hosted, change("new", None, ONE), fence=newer)
    before = hosted.double.record_sets(hosted.zone_id)
    with pytest.raises(FenceMoved) as caught:
        late.apply((change("www", ONE, TWO),), expected=FIRST, fence=NEXT)
    assert caught.value.rule == "fence-moved"
    assert (caught.value.expected, caught.value.actual) == (FIRST.text(), newer.text())
    assert hosted.double.record_sets(hosted.zone_id) == before
    assert hosted.operations()[-2:] == [CHANGE, LIST]


def test_two_first_fences_at_once_are_one() -> None:
    hosted = Hosted()
    late = hosted.open()
    assert late.read_fence() is None
    hosted.open().apply((), expected=None, fence=FIRST)
    with pytest.raises(FenceMoved) as caught:
        late.apply((), expected=None, fence=NEXT)
    assert caught.value.expected == "no fence"


def test_a_fence_that_is_gone_refuses_the_step_that_expects_it() -> None:
    hosted = fenced()
    late = hosted.open()
    late.read_fence()
    hosted.edit(("DELETE", hosted.raw(FENCE_NAME, "TXT")[0]))
    with pytest.raises(FenceMoved) as caught:
        late.apply((), expected=FIRST, fence=NEXT)
    assert caught.value.actual == "no fence"
    assert hosted.fence is None


def test_a_ttl_of_the_fence_that_was_edited_is_read_and_not_guessed() -> None:
    hosted = fenced()
    [raw] = hosted.raw(FENCE_NAME, "TXT")
    target = hosted.open()
    target.read_fence()
    hosted.edit(("DELETE", raw), ("CREATE", {**raw, "TTL": 5}))
    with pytest.raises(FenceMoved):
        target.apply((), expected=FIRST, fence=NEXT)
    step(hosted, target=target)
    assert hosted.fence == NEXT


def test_a_step_that_expects_another_fence_than_was_read_reads_it_first() -> None:
    hosted = fenced()
    target = hosted.open()
    with pytest.raises(FenceMoved):
        target.apply((), expected=NEXT, fence=NEXT)
    assert hosted.operations()[-1] == LIST
    target.apply((), expected=FIRST, fence=NEXT)
    assert hosted.fence == NEXT


ADOPTED = {
    "one text": [simple("_planfence", '"hello"', '"x"', rdtype="TXT", ttl=7)],
    "several sets": [
        {**simple("_planfence", f'"{number}"', rdtype="TXT"), "SetIdentifier": number, "Weight": 1}
        for number in "123"
    ],
}


@pytest.mark.parametrize("sets", ADOPTED.values(), ids=ADOPTED)
def test_what_is_no_fence_is_replaced_whole_and_only_as_it_was_read(sets: Any) -> None:
    hosted = Hosted()
    hosted.double.put(hosted.zone_id, *sets, simple("zz"))
    target = hosted.open()
    seen = target.read_fence()
    assert isinstance(seen, Unreadable)
    with pytest.raises(FenceMoved):
        target.apply((), expected=Unreadable("hello"), fence=FIRST)
    target.apply((), expected=seen, fence=FIRST)
    assert hosted.fence == FIRST
    assert len(hosted.raw(FENCE_NAME, "TXT")) == 1


# What is asked for


def test_only_the_pages_are_read_on_which_the_step_s_record_sets_lie() -> None:
    hosted = fenced(*(simple(f"h{number:05}") for number in range(9_000)))
    keys = [*many("h", 9_000)]
    near = [Change(key.name, "A", ONE, TWO) for key in keys[4_000:4_400]]
    far = [Change(key.name, "A", ONE, TWO) for key in (keys[0], keys[8_000])]
    target = hosted.open()
    count = len(hosted.double.calls)
    step(hosted, *far, *near, target=target)
    asked = hosted.operations()[count:]
    # The zone, the fence; one page for each of the far ones, two for those that lie together.
    assert asked == ["GetHostedZone", LIST, *[LIST] * 4, CHANGE]


def test_sets_of_one_name_that_lie_on_two_pages_are_read_whole() -> None:
    sets = [
        {**simple("www"), "SetIdentifier": f"{number:02}", "Weight": 1} for number in range(100)
    ]
    hosted = fenced(*(simple(f"h{number:05}") for number in range(250)), *sets)
    content = Records(300, ("192.0.2.1",), ("weight=1",))
    changes = [Change("h00000.example.com.", "A", ONE, None)]
    changes += [Change(WWW.name, "A", content, None, f"{number:02}") for number in range(100)]
    step(hosted, *changes)
    assert not [key for key in hosted.state() if key.name == WWW.name]


def test_a_refused_step_with_many_new_names_is_explained_with_few_requests() -> None:
    hosted = fenced(*(simple(f"h{number:05}") for number in range(0, 2_000, 2)))
    new = [change(f"h{number:05}", None, ONE) for number in range(1, 1_900, 2)]
    hosted.double.put(hosted.zone_id, simple("h01001", "192.0.2.66"))
    target = hosted.open()
    count = len(hosted.double.calls)
    with pytest.raises(Drifted, match="h01001") as caught:
        step(hosted, *new, target=target)
    assert caught.value.actual == "300 192.0.2.66"
    assert len(hosted.double.calls) - count < 12


def test_a_type_that_is_not_managed_is_passed_over_on_the_way() -> None:
    hosted = fenced(simple("www"), simple("zz"))
    hosted.double.put(hosted.zone_id, simple("x", "what nobody reads", rdtype="ZONEMD"))
    step(hosted, change("www", ONE, TWO))
    assert hosted.raw(WWW.name)[0]["ResourceRecords"] == [{"Value": "192.0.2.2"}]


def test_names_are_ordered_as_the_service_lists_them() -> None:
    labels = ["a", "a-b", "a.a", "0.a-b", "b", "a0", "*", "_x", "a/b", "www.a"]
    hosted = Hosted()
    hosted.double.put(hosted.zone_id, *(simple(label) for label in reversed(labels)))
    listed = [(each["Name"], each["Type"]) for each in hosted.double.record_sets(hosted.zone_id)]
    usual = [place for place in listed if "\\" not in place[0]]
    assert sorted(usual, key=_listing_order) == usual


def test_what_was_just_observed_is_not_read_again() -> None:
    hosted = fenced(simple("www"), simple("v6", "2001:DB8::1", rdtype="AAAA"))
    target = hosted.open()
    state = target.observe().state
    before = dict(state)
    count = len(hosted.double.calls)
    v6 = Records(300, ("2001:db8::1",))
    step(hosted, change("www", ONE, TWO), change("v6", v6, None, "AAAA"), target=target)
    assert hosted.operations()[count:] == [LIST, CHANGE]
    assert state == before
