"""Pages of record sets: as botocore reads them, whole, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from plans.errors import Unavailable
from plans.observed.route53_pages import read_sets_of
from tests.builders import ZONE
from tests.doubles.route53 import hooks
from tests.doubles.route53.faults import lost_before
from tests.enactor.hosted import LIST, Hosted, simple
from tests.plans.observed.test_route53 import replaced
from tests.plans.observed.test_route53_sets import EVERY_FORM

OTHERS = (
    simple("empty", '""', rdtype="TXT"),
    simple("text", '"<&> \\303\\244"', '"two" "parts"', rdtype="TXT"),
    simple("\\052"),
)


def listed(client: Any, zone_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.list_resource_record_sets(HostedZoneId=zone_id, MaxItems="300")
    answer["ResponseMetadata"].pop("RetryAttempts")
    return answer


def test_every_form_of_a_record_set_is_read_as_botocore_reads_it() -> None:
    hosted = Hosted()
    forms = [
        {**raw, "Name": f"n{number:02}.{ZONE}"}
        for number, (raw, _) in enumerate(EVERY_FORM.values())
    ]
    hosted.double.put(hosted.zone_id, *forms, *OTHERS)
    plain, ours = hooks.client(hosted.double), hooks.client(hosted.double)
    read_sets_of(ours)
    expected = listed(plain, hosted.zone_id)
    assert len(expected["ResourceRecordSets"]) == len(EVERY_FORM) + len(OTHERS) + 2
    assert listed(ours, hosted.zone_id) == expected


SPOILT = {
    "no XML": ("</ListResourceRecordSetsResponse>", ""),
    "a page without a list": ("ResourceRecordSets>", "OtherSets>"),
    "a member twice": ("<Type>A</Type>", "<Type>A</Type><Type>AAAA</Type>"),
    "a TTL that is no number": ("<TTL>300</TTL>", "<TTL>soon</TTL>"),
    "a TTL without text": ("<TTL>300</TTL>", "<TTL/>"),
    "a set without a name": (f"<Name>www.{ZONE}</Name>", ""),
    "a record without a value": ("<Value>192.0.2.1</Value>", ""),
    "no word on whether more follow": ("<IsTruncated>false</IsTruncated>", ""),
    "another word on it": ("<IsTruncated>false<", "<IsTruncated>False<"),
}


@pytest.mark.parametrize(("old", "new"), SPOILT.values(), ids=SPOILT)
def test_a_page_that_cannot_be_read_is_asked_for_again_and_never_taken(old: str, new: str) -> None:
    hosted = Hosted()
    hosted.double.put(hosted.zone_id, simple("www"))
    count = 2 if old.startswith("Res") else 1
    spoil = replaced(*[(old, new)] * count)
    hosted.double.next(LIST, spoil)
    assert len(hosted.view().observe().state) == 2
    hosted.double.next(LIST, spoil, *[lost_before] * 1_000)
    with pytest.raises(Unavailable):
        hosted.view().observe()


def test_two_lists_in_one_page_are_not_taken() -> None:
    hosted = Hosted()
    second = "<ResourceRecordSets></ResourceRecordSets><IsTruncated>"
    hosted.double.next(LIST, *[replaced(("<IsTruncated>", second))] * 1_000)
    with pytest.raises(Unavailable):
        hosted.view().observe()
