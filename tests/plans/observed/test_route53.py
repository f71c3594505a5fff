"""A hosted zone as both sides read it: complete, of one instant, and nothing simplified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plans.errors import PlanfenceError, Refused, Unavailable
from plans.fence import Unreadable
from plans.kinds.dns import RecordKey, Records
from plans.observed.route53 import LISTINGS_MAX, Route53View
from plans.observed.route53_api import ZoneApi
from tests.builders import ZONE, a_fence
from tests.doubles.route53.faults import (
    Fault,
    Send,
    after,
    cut_short,
    denied,
    internal_error,
    lost_before,
    throttled,
)
from tests.doubles.route53.wire import Answer
from tests.enactor.hosted import Hosted, simple

LIST = "ListResourceRecordSets"
FENCE_NAME = f"_planfence.{ZONE}"


def fence_set(*values: str, ttl: int = 60, **members: Any) -> dict[str, Any]:
    texts = values or (f'"{a_fence().text()}"',)
    return {**simple("_planfence", *texts, ttl=ttl, rdtype="TXT"), **members}


def fill(hosted: Hosted, count: int) -> None:
    hosted.double.put(hosted.zone_id, *(simple(f"h{number:05}") for number in range(count)))


def replaced(*pairs: tuple[str, str]) -> Fault:
    """The answer, with texts in it replaced once each."""

    def fault(send: Send) -> Answer:
        answer = send()
        body = answer.body.decode()
        for old, new in pairs:
            assert old in body
            body = body.replace(old, new, 1)
        return Answer(answer.status, body.encode())

    return fault


# A whole listing


@pytest.mark.parametrize(
    ("count", "requests"), [(0, 1), (298, 1), (299, 5), (898, 6), (10_000, 37)]
)
def test_a_listing_goes_through_all_its_pages(count: int, requests: int) -> None:
    hosted = Hosted()
    fill(hosted, count)
    found = hosted.view().observe()
    assert len(found.state) == count + 1  # the NS of the apex
    assert found.fence is None
    assert hosted.operations() == ["GetHostedZone", *[LIST] * requests]


def test_a_page_may_end_between_two_sets_of_one_name() -> None:
    hosted = Hosted()
    sets = [{**simple("m"), "SetIdentifier": f"{each:02}", "Weight": 1} for each in range(100)]
    fill(hosted, 250)
    hosted.double.put(hosted.zone_id, *sets)
    found = hosted.view().observe()
    assert len([key for key in found.state if key.identifier]) == 100


@pytest.mark.parametrize("fault", [lost_before, internal_error, throttled, cut_short])
@pytest.mark.parametrize("page", range(1, 6))
def test_a_page_that_fails_once_is_asked_for_again(fault: Fault, page: int) -> None:
    hosted = Hosted()
    fill(hosted, 500)
    hosted.double.next(LIST, *[lambda send: send()] * (page - 1), fault)
    assert len(hosted.view().observe().state) == 501
    assert not hosted.double.left


@pytest.mark.parametrize("fault", [lost_before, internal_error, throttled, denied])
@pytest.mark.parametrize("page", range(1, 6))
def test_a_page_that_keeps_failing_is_an_error_and_never_an_end(fault: Fault, page: int) -> None:
    hosted = Hosted()
    fill(hosted, 500)
    hosted.double.next(LIST, *[lambda send: send()] * (page - 1), *[fault] * 1_000)
    with pytest.raises(PlanfenceError) as caught:
        hosted.view().observe()
    rules: dict[Fault, str] = {throttled: "route53-busy", denied: "access-denied"}
    assert caught.value.rule == rules.get(fault, "store-unavailable")


@pytest.mark.parametrize("said", ["", "<NextRecordName>example.com.</NextRecordName>"])
def test_a_listing_that_does_not_say_where_it_goes_on_is_an_error(said: str) -> None:
    hosted = Hosted()
    fill(hosted, 5)
    cut_off = replaced(
        ("<IsTruncated>false</IsTruncated>", f"<IsTruncated>true</IsTruncated>{said}")
    )
    hosted.double.next(LIST, *[cut_off] * 9)
    with pytest.raises(Unavailable) as caught:
        hosted.view().observe()
    assert caught.value.rule == "route53-listing-cut"


# One instant


def raises_fence(hosted: Hosted, **changed: Any) -> Callable[[], None]:
    """Another enactor's batch, with its fence."""

    def act() -> None:
        standing = hosted.raw(FENCE_NAME, "TXT")
        number = len(hosted.double.history) + 2
        hosted.edit(
            *(("DELETE", each) for each in standing),
            ("CREATE", {**fence_set(f'"{a_fence(generation=number).text()}"'), **changed}),
            ("CREATE", simple(f"new{number}")),
        )

    return act


@pytest.mark.parametrize("page", range(2, 5))
def test_a_listing_under_which_the_fence_rises_starts_again(page: int) -> None:
    hosted = Hosted()
    fill(hosted, 500)
    hosted.edit(("CREATE", fence_set()))
    asked = [lambda send: send()] * page
    hosted.double.next(LIST, *asked, after(raises_fence(hosted)))
    found = hosted.view().observe()
    assert found.fence == a_fence(generation=3)
    assert RecordKey("new3.example.com.", "A") in found.state
    assert hosted.operations().count(LIST) in {9, 10}


def test_a_ttl_of_the_fence_that_changes_is_a_fence_that_changes() -> None:
    hosted = Hosted()
    fill(hosted, 500)
    hosted.edit(("CREATE", fence_set()))

    def touch() -> None:
        hosted.edit(("DELETE", fence_set()), ("CREATE", fence_set(ttl=5)))

    hosted.double.next(LIST, *[lambda send: send()] * 3, after(touch))
    assert hosted.view().observe().fence == a_fence()
    assert hosted.operations().count(LIST) == 2 * 5


def test_a_record_set_that_is_listed_twice_means_a_torn_listing() -> None:
    hosted = Hosted()
    fill(hosted, 400)
    moved = replaced(("<Name>h00299.example.com.</Name>", "<Name>h00298.example.com.</Name>"))
    hosted.double.next(LIST, *[lambda send: send()] * 3, moved)
    assert len(hosted.view().observe().state) == 401
    assert hosted.operations().count(LIST) == 4 + 5


def test_a_zone_that_changes_under_every_listing_is_an_error() -> None:
    hosted = Hosted()
    fill(hosted, 500)
    act = after(raises_fence(hosted))
    hosted.double.next(LIST, *[act] * 100)
    with pytest.raises(Unavailable) as caught:
        hosted.view().observe()
    assert caught.value.rule == "route53-moving"
    assert len(hosted.double.history) >= LISTINGS_MAX


# The fence


@pytest.mark.parametrize("behind", [None, simple("_planfence", '"x"', rdtype="SPF"), simple("zz")])
def test_a_fence_that_is_not_there_is_told_from_what_comes_next(behind: Any) -> None:
    hosted = Hosted()
    if behind:
        hosted.double.put(hosted.zone_id, behind)
    assert hosted.view().read_fence() is None
    assert hosted.operations() == ["GetHostedZone", LIST]


def test_a_fence_is_read_with_one_request_for_one_record_set() -> None:
    hosted = Hosted()
    fill(hosted, 1_000)
    hosted.edit(("CREATE", fence_set(ttl=7)))
    view = hosted.view()
    assert view.read_fence() == a_fence()
    assert view.read_fence() == a_fence()
    assert hosted.operations() == ["GetHostedZone", LIST, LIST]


TWO = [
    fence_set(SetIdentifier="one", Weight=1),
    fence_set('"x"', SetIdentifier="two", Weight=2),
]
UNREADABLE = {
    "another text": ([fence_set('"hello"')], "hello"),
    "two values": ([fence_set('"b"', '"a"')], '"b", "a"'),
    "two strings": ([fence_set('"v=pf1" "g=1"')], 'v=pf1" "g=1'),
    "several sets": (TWO, '"SetIdentifier": "two"'),
    "one routed set": (TWO[:1], '"Weight": 1'),
    "an alias": (
        [
            {
                "Name": FENCE_NAME,
                "Type": "TXT",
                "AliasTarget": {
                    "HostedZoneId": "Z000000000001PF",
                    "DNSName": "x.example.com.",
                    "EvaluateTargetHealth": False,
                },
            }
        ],
        "AliasTarget",
    ),
}


@pytest.mark.parametrize(("sets", "text"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_stands_at_the_fence_and_is_none_is_told_whole(sets: Any, text: str) -> None:
    hosted = Hosted()
    hosted.double.put(hosted.zone_id, *sets, simple("zz"))
    seen = hosted.view().read_fence()
    assert isinstance(seen, Unreadable)
    assert text in seen.unreadable
    observation = hosted.view().observe()
    assert observation.fence == seen
    assert all(key.name != FENCE_NAME for key in observation.state)


def test_a_fence_named_in_capitals_is_the_fence() -> None:
    hosted = Hosted()
    hosted.edit(("CREATE", {**fence_set(), "Name": "_PLANFENCE.Example.COM"}))
    assert hosted.view().read_fence() == a_fence()


# Nothing is simplified


ODD = [
    simple("\\052"),
    simple("Capital"),
    simple("a\\057b"),
    simple("text", r'"\141b"', rdtype="TXT"),
    simple("v6", "2001:DB8::1", rdtype="AAAA"),
]


def test_names_and_values_are_canonical_whatever_letters_the_service_has() -> None:
    hosted = Hosted()
    hosted.double.put(hosted.zone_id, *ODD)
    state = hosted.view().observe().state
    assert {
        key.name.removesuffix(f".{ZONE}"): state[key].values for key in state if key.name != ZONE
    } == {
        "*": ("192.0.2.1",),
        "capital": ("192.0.2.1",),
        "a/b": ("192.0.2.1",),
        "text": ('"ab"',),
        "v6": ("2001:db8::1",),
    }


def test_sets_of_one_name_and_type_are_told_apart_by_their_identifiers() -> None:
    hosted = Hosted()
    sets = [{**simple("www"), "SetIdentifier": each, "Weight": 1} for each in ("b", "a")]
    hosted.double.put(hosted.zone_id, *sets)
    state = hosted.view().observe().state
    for identifier in ("a", "b"):
        found = state[RecordKey("www.example.com.", "A", identifier)]
        assert found == Records(300, ("192.0.2.1",), ("weight=1",))


def test_a_type_that_is_not_managed_is_left_alone_and_counted() -> None:
    hosted = Hosted()
    hosted.double.put(hosted.zone_id, simple("www"))
    change = ("<Type>A</Type>", "<Type>ZONEMD</Type>")
    hosted.double.next(LIST, replaced(change, ("192.0.2.1", "what nobody here can read")))
    found = hosted.view().observe()
    assert set(found.state) == {RecordKey(ZONE, "NS")}
    assert found.left_alone == 1


MEMBER = "<Flavour>sour</Flavour>"
UNKNOWN = {
    "a Flavour": ("<Type>A</Type>", f"<Type>A</Type>{MEMBER}"),
    "a GeoLocation.Flavour": ("<CountryCode>", f"{MEMBER}<CountryCode>"),
    "its ResourceRecord has a Flavour": ("<Value>192", f"{MEMBER}<Value>192"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_member_that_the_sdk_would_drop_is_refused_by_name(name: str) -> None:
    hosted = Hosted()
    where = {"SetIdentifier": "de", "GeoLocation": {"CountryCode": "DE"}}
    hosted.double.put(hosted.zone_id, {**simple("www"), **where})
    hosted.double.next(LIST, replaced(UNKNOWN[name]))
    with pytest.raises(Refused) as caught:
        hosted.view().observe()
    assert caught.value.rule == "route53-record-set"
    assert "holds www.example.com. A de, which cannot be read whole" in caught.value.what
    assert f"{name}, which planfence does not know" in caught.value.what


@pytest.mark.parametrize(
    ("read", "change"),
    [
        ("observe", ("<Value>192.0.2.1</Value>", "<Value>192.0.2.999</Value>")),
        ("observe", ("<Name>www.example.com.</Name>", "<Name>w\\999ww.example.com.</Name>")),
        ("read_fence", ("<Name>www.example.com.</Name>", "<Name>w\\999ww.example.com.</Name>")),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(read: str, change: tuple[str, str]) -> None:
    hosted = Hosted()
    rdtype = "A" if read == "observe" else "TXT"
    hosted.double.put(hosted.zone_id, simple("www", rdtype=rdtype))
    hosted.double.next(LIST, replaced(change))
    with pytest.raises(Refused) as caught:
        getattr(hosted.view(), read)()
    assert caught.value.rule == "route53-record-set"


# The zone


@pytest.mark.parametrize("read", ["observe", "read_fence"])
def test_a_zone_of_another_name_is_refused(read: str) -> None:
    hosted = Hosted()
    other = hosted.double.add_zone("example.net.")
    view = Route53View(f"route53://{other}", ZONE, ZoneApi(hosted.account(), other))
    with pytest.raises(Refused) as caught:
        getattr(view, read)()
    error = caught.value
    assert (error.rule, error.expected, error.actual) == ("route53-zone-name", ZONE, "example.net.")
    assert hosted.operations() == ["GetHostedZone"]


def test_a_zone_that_is_not_there_is_refused() -> None:
    hosted = Hosted()
    view = Route53View("route53://Z404", ZONE, ZoneApi(hosted.account(), "Z404"))
    with pytest.raises(Refused) as caught:
        view.read_fence()
    assert caught.value.rule == "route53-zone-missing"


def test_no_permission_is_refused() -> None:
    hosted = Hosted()
    hosted.double.next("*", denied)
    with pytest.raises(Refused) as caught:
        hosted.view().read_fence()
    assert caught.value.rule == "access-denied"


def test_what_the_service_does_not_accept_is_refused_with_its_words() -> None:
    hosted = Hosted()

    def invalid(_: Send) -> Answer:
        body = (
            '<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error>'
            "<Type>Sender</Type><Code>InvalidInput</Code><Message>no such\nthing</Message></Error>"
            "<RequestId>x</RequestId></ErrorResponse>"
        )
        return Answer(400, body.encode())

    hosted.double.next(LIST, invalid)
    with pytest.raises(Refused) as caught:
        hosted.view().read_fence()
    assert caught.value.rule == "route53-refused"
    assert "InvalidInput: no such thing" in caught.value.what
