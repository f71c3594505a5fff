"""The strict Route 53 on the wire: what is signed, what the schema takes, what it answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore import UNSIGNED

from tests.doubles.route53 import hooks
from tests.doubles.route53.behaviours import outcome, record_set
from tests.doubles.route53.clock import VirtualClock
from tests.doubles.route53.double import Double
from tests.doubles.route53.facets import NAMESPACE
from tests.doubles.route53.wire import Answer

WWW = record_set("www.example.com.", "A", "192.0.2.1")


@pytest.fixture
def double() -> Double:
    return Double(VirtualClock())


@pytest.fixture
def zone(double: Double) -> str:
    return double.add_zone("example.com")


@pytest.fixture
def client(double: Double) -> Any:
    return hooks.client(double)


def test_a_request_that_is_not_signed_is_not_served(client: Any) -> None:
    client.meta.events.register("choose-signer.route-53.*", lambda **_: UNSIGNED)
    with pytest.raises(AssertionError, match="not signed"):
        client.list_hosted_zones()


def test_an_operation_that_the_double_does_not_have_says_so(client: Any) -> None:
    code, message = outcome(lambda: client.get_account_limit(Type="MAX_ZONES_BY_OWNER"))
    assert code == "NotImplemented"
    assert "/2013-04-01/accountlimit/" in message


def test_an_action_that_does_not_exist_is_refused(zone: str, client: Any) -> None:
    batch = {"Changes": [{"Action": "REPLACE", "ResourceRecordSet": WWW}]}
    send = client.change_resource_record_sets
    code, message = outcome(lambda: send(HostedZoneId=zone, ChangeBatch=batch))
    assert code == "InvalidInput"
    assert "[CREATE, DELETE, UPSERT]" in message


CHANGES = (
    f'<ChangeResourceRecordSetsRequest xmlns="{NAMESPACE}">%s</ChangeResourceRecordSetsRequest>'
)
ONE = (
    "<ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet>%s"
    "</ResourceRecordSet></Change></Changes></ChangeBatch>"
)
NAMED = "<Name>www.example.com</Name><Type>A</Type>"


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("<", "InvalidInput", "Invalid XML"),
        ("<ChangeBatch/>", "MalformedInput", "expected ChangeResourceRecordSetsRequest"),
        (CHANGES % "", "InvalidInput", "'ChangeResourceRecordSetsRequest' is not complete"),
        (CHANGES % "<ChangeBatch/>", "InvalidInput", "'ChangeBatch' is not complete"),
        (CHANGES % "<ChangeBatch><Changes/></ChangeBatch>", "InvalidInput", "'Changes' is not"),
        (CHANGES % ONE % "<Type>A</Type>", "InvalidInput", "'ResourceRecordSet' is not complete"),
        (CHANGES % ONE % f"{NAMED}<Ttl>1</Ttl>", "InvalidInput", "starting with element 'Ttl'"),
        (CHANGES % ONE % f"{NAMED}<TTL>-1</TTL>", "InvalidInput", "minInclusive '0'"),
        (CHANGES % ONE % f"{NAMED}<TTL>1m</TTL>", "InvalidInput", "'1m' is not a valid value"),
        (
            CHANGES % ONE % f"{NAMED}<TTL>1</TTL><ResourceRecords/>",
            "InvalidInput",
            "'ResourceRecords' is not complete",
        ),
        (
            CHANGES % ONE % f"{NAMED}<SetIdentifier/>",
            "InvalidInput",
            "minLength '1'",
        ),
        (
            CHANGES % ONE % f"{NAMED}<MultiValueAnswer>yes</MultiValueAnswer>",
            "InvalidInput",
            "'yes' is not a valid value for 'boolean'",
        ),
        (
            CHANGES % ONE % f"{NAMED}<ResourceRecords><Record/></ResourceRecords>",
            "InvalidInput",
            "starting with element 'Record'",
        ),
        (
            CHANGES
            % ONE
            % (
                f"{NAMED}<CidrRoutingConfig><CollectionId>1</CollectionId>"
                "<LocationName>x</LocationName></CidrRoutingConfig>"
            ),
            "InvalidInput",
            "cvc-pattern-valid",
        ),
        (
            CHANGES % ONE % f"{NAMED}<TrafficPolicyInstanceId>1</TrafficPolicyInstanceId>",
            "InvalidInput",
            "CreateTrafficPolicyInstance",
        ),
        (
            CHANGES % ONE % f"{NAMED}<GeoLocation/><SetIdentifier>x</SetIdentifier>"
            "<TTL>1</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value>"
            "</ResourceRecord></ResourceRecords>",
            "InvalidInput",
            "A GeoLocation has a ContinentCode or a CountryCode",
        ),
    ],
)
def test_what_breaks_the_schema_is_refused(
    body: str, code: str, says: str, double: Double, zone: str
) -> None:
    answer = post(double, zone, body)
    assert answer.status == 400
    text = answer.body.decode().replace("&lt;", "<")
    assert f"<Code>{code}</Code>" in text
    assert says in text
    assert not double.history


def test_members_may_come_in_any_order(double: Double, zone: str) -> None:
    values = "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord>"
    body = CHANGES % ONE % f"{values}</ResourceRecords><TTL>60</TTL>{NAMED}"
    assert post(double, zone, body).status == 200


def post(double: Double, zone: str, body: str) -> Answer:
    url = f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone}/rrset/"
    return double.deliver("POST", url, body.encode())


def test_an_answer_is_dated_to_the_millisecond(zone: str, double: Double) -> None:
    body = post(double, zone, CHANGES % ONE % f"{NAMED}<TTL>x</TTL>").body
    assert b"InvalidInput" in body
    answer = post(
        double,
        zone,
        CHANGES % ONE % f"{NAMED}<TTL>1</TTL><ResourceRecords><ResourceRecord>"
        "<Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>",
    )
    assert re.search(rb"<SubmittedAt>2026-10-19T07:00:00.000Z</SubmittedAt>", answer.body)
