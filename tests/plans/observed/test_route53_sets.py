r"""Record sets of Route 53 and ours: the service's whole model, lossless in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, Shape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from plans.kinds.dns import RecordKey, Records
from plans.kinds.rdata import normal_name, normal_value
from plans.observed.route53_sets import _MEMBERS, raw_set, read_set
from plans.observed.route53_text import (
    name_from_api,
    name_to_api,
    value_from_api,
    value_to_api,
)

WWW = "www.example.com."
COLLECTION = "12345678-1234-1234-1234-123456789abc"


def values(*texts: str) -> dict[str, Any]:
    return {"TTL": 300, "ResourceRecords": [{"Value": text} for text in texts]}


def simple(rdtype: str, *texts: str, name: str = WWW) -> dict[str, Any]:
    return {"Name": name, "Type": rdtype, **values(*texts)}


def alias(zone: str = "Z1", name: str = "lb.example.net.", *, evaluate: bool = False) -> Any:
    target = {"HostedZoneId": zone, "DNSName": name, "EvaluateTargetHealth": evaluate}
    return {"AliasTarget": target}


def routed(identifier: str, content: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"Name": WWW, "Type": "A", "SetIdentifier": identifier, **content, **members}


ADDRESS = values("192.0.2.1")
EUROPE, GERMANY, TEXAS = (
    {"ContinentCode": "EU"},
    {"CountryCode": "DE"},
    {"CountryCode": "US", "SubdivisionCode": "TX"},
)
NEAR = {"Coordinates": {"Latitude": "49.22", "Longitude": "-74.01"}, "Bias": -5}
EVERY_FORM = {
    "simple": (simple("A", "192.0.2.1", "192.0.2.2"), ()),
    "simple with a health check": (
        {**simple("A", "192.0.2.1"), "HealthCheckId": "h-1"},
        ("health_check=h-1",),
    ),
    "alias": (
        {"Name": WWW, "Type": "A", **alias(evaluate=True)},
        ("alias=Z1:lb.example.net.:true",),
    ),
    "weighted": (routed("one", ADDRESS, Weight=0), ("weight=0",)),
    "weighted alias": (
        routed("one", alias(), Weight=255),
        ("alias=Z1:lb.example.net.:false", "weight=255"),
    ),
    "latency": (routed("ie", ADDRESS, Region="eu-west-1"), ("region=eu-west-1",)),
    "failover": (
        routed("first", ADDRESS, Failover="PRIMARY", HealthCheckId="h-2"),
        ("failover=PRIMARY", "health_check=h-2"),
    ),
    "geolocation, continent": (routed("eu", ADDRESS, GeoLocation=EUROPE), ("geo_continent=EU",)),
    "geolocation, country": (routed("de", ADDRESS, GeoLocation=GERMANY), ("geo_country=DE",)),
    "geolocation, default": (
        routed("*", ADDRESS, GeoLocation={"CountryCode": "*"}),
        ("geo_country=*",),
    ),
    "geolocation, subdivision": (
        routed("tx", ADDRESS, GeoLocation=TEXAS),
        ("geo_country=US", "geo_subdivision=TX"),
    ),
    "geoproximity, coordinates": (
        routed("near", ADDRESS, GeoProximityLocation=NEAR),
        ("geoproximity_bias=-5", "geoproximity_coordinates=49.22,-74.01"),
    ),
    "geoproximity, region": (
        routed("r", ADDRESS, GeoProximityLocation={"AWSRegion": "eu-west-1", "Bias": 0}),
        ("geoproximity_bias=0", "geoproximity_region=eu-west-1"),
    ),
    "geoproximity, local zone": (
        routed("z", ADDRESS, GeoProximityLocation={"LocalZoneGroup": "us-west-2-lax-1"}),
        ("geoproximity_local_zone=us-west-2-lax-1",),
    ),
    "multivalue": (routed("m", ADDRESS, MultiValueAnswer=True), ("multivalue=true",)),
    "multivalue that is false": (
        routed("m", ADDRESS, MultiValueAnswer=False),
        ("multivalue=false",),
    ),
    "CIDR": (
        routed(
            "net", ADDRESS, CidrRoutingConfig={"CollectionId": COLLECTION, "LocationName": "site-1"}
        ),
        (f"cidr={COLLECTION}:site-1",),
    ),
    "CIDR, default": (
        routed("net", ADDRESS, CidrRoutingConfig={"CollectionId": COLLECTION, "LocationName": "*"}),
        (f"cidr={COLLECTION}:*",),
    ),
    "traffic policy": (
        {"Name": WWW, "Type": "A", "TrafficPolicyInstanceId": "t-1"},
        ("traffic_policy_instance=t-1",),
    ),
}


@pytest.mark.parametrize(("raw", "attributes"), EVERY_FORM.values(), ids=EVERY_FORM)
def test_every_form_of_a_record_set_is_read_whole_and_written_back_as_it_was(
    raw: dict[str, Any], attributes: tuple[str, ...]
) -> None:
    key, content, exact = read_set(raw)
    assert key == RecordKey(raw["Name"], raw["Type"], raw.get("SetIdentifier", ""))
    assert content.attributes == attributes
    assert (content.ttl, len(content.values)) == (
        raw.get("TTL", 0),
        len(raw.get("ResourceRecords", ())),
    )
    assert exact
    assert raw_set(key, content) == raw


OWN = {
    "alias": {"Name": WWW, "Type": "A", **alias("Z7", WWW.replace("www", "lb"), evaluate=True)},
    "weighted alias": routed("one", alias("Z7", "lb.example.com."), Weight=255),
}


@pytest.mark.parametrize("raw", OWN.values(), ids=OWN)
def test_an_alias_into_its_own_zone_is_the_same_in_every_zone(raw: dict[str, Any]) -> None:
    key, content, exact = read_set(raw, "Z7")
    assert exact
    assert any(each.startswith("alias=self:lb.example.com.:") for each in content.attributes)
    assert raw_set(key, content, "Z7") == raw
    moved = raw_set(key, content, "Z8")
    assert moved["AliasTarget"] == {**raw["AliasTarget"], "HostedZoneId": "Z8"}
    assert read_set(moved, "Z8") == (key, content, True)
    # To another zone it is an alias into this one.
    elsewhere = read_set(raw, "Z8")
    assert elsewhere.records != content
    assert raw_set(key, elsewhere.records, "Z8") == raw


def test_an_alias_of_the_own_zone_in_other_letters_is_remembered_in_them() -> None:
    raw = {"Name": WWW, "Type": "A", **alias("Z7", "LB.example.com.")}
    assert read_set(raw, "Z7").records.attributes == ("alias=self:lb.example.com.:false",)
    assert not read_set(raw, "Z7").exact


def test_no_member_of_the_sdk_s_model_is_without_a_place_here() -> None:
    shape = botocore.session.get_session().get_service_model("route53")
    known = {
        *("Name", "Type", "SetIdentifier", "TTL", "ResourceRecords.Value"),
        *(".".join(member.path) for member in _MEMBERS.values()),
    }
    whole = ("AliasTarget", "CidrRoutingConfig", "GeoProximityLocation.Coordinates")
    for path in leaves(shape.shape_for("ResourceRecordSet")):
        assert path in known or path.rpartition(".")[0] in whole, path


def leaves(shape: Shape) -> Iterator[str]:
    if isinstance(shape, ListShape):
        yield from leaves(shape.member)
    elif isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            inner = list(leaves(member))
            yield from (f"{name}.{rest}" for rest in inner) if inner else (name,)


WITH_UNKNOWN = {
    "NewRouting": {**simple("A", "192.0.2.1"), "NewRouting": "7"},
    "GeoLocation.City": routed("x", ADDRESS, GeoLocation={"CountryCode": "DE", "City": "Ulm"}),
    "Scope": {"Name": WWW, "Type": "A", "AliasTarget": {**alias()["AliasTarget"], "Scope": "all"}},
    "Height": routed(
        "x",
        ADDRESS,
        GeoProximityLocation={"Coordinates": {**NEAR["Coordinates"], "Height": "3"}},  # type: ignore[dict-item]
    ),
    "Version": routed(
        "x",
        ADDRESS,
        CidrRoutingConfig={"CollectionId": COLLECTION, "LocationName": "*", "Version": 1},
    ),
}


@pytest.mark.parametrize("name", WITH_UNKNOWN)
def test_a_member_that_is_not_known_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=rf"a {name}, which planfence does not know"):
        read_set(WITH_UNKNOWN[name])


IMPOSSIBLE = {
    "neither values nor an alias": {"Name": WWW, "Type": "A"},
    "not just one of an alias": {**simple("A", "192.0.2.1"), **alias()},
    "not just one": {"Name": WWW, "Type": "A", "TTL": 5, **alias()},
    "or a TTL with values": {"Name": WWW, "Type": "A", "TTL": 5},
    "at least one value": {"Name": WWW, "Type": "A", "TTL": 5, "ResourceRecords": []},
    "TTL 2147483648 is outside": {**simple("A", "192.0.2.1"), "TTL": 2**31},
    "its GeoLocation is empty": routed("x", ADDRESS, GeoLocation={}),
    "its AliasTarget has no DNSName": {
        "Name": WWW,
        "Type": "A",
        "AliasTarget": {"HostedZoneId": "Z1", "EvaluateTargetHealth": True},
    },
    "an attribute is empty": routed("x", ADDRESS, Region=""),
    "its id 'Z1:1' has a colon": {"Name": WWW, "Type": "A", **alias("Z1:1")},
    "its id 'c:1' has a colon": routed(
        "x", ADDRESS, CidrRoutingConfig={"CollectionId": "c:1", "LocationName": "*"}
    ),
    "A value '192.0.2.256'": simple("A", "192.0.2.256"),
    "escape that is not three octal digits": simple("A", "192.0.2.1", name=r"a\400.example.com."),
    "has '\\\\t' in it": simple("A", "192.0.2.1", name="a\tb.example.com."),
    "a name is empty": simple("CNAME", " "),
    "name 'a..example.com.'": simple("CNAME", "a..example.com."),
    "has an escape that is not three octal digits": simple("TXT", r'"a\999"'),
    "MX value '10' has too few fields": simple("MX", "10"),
}


@pytest.mark.parametrize("reason", IMPOSSIBLE)
def test_what_cannot_be_read_whole_is_refused_with_the_reason(reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_set(IMPOSSIBLE[reason])


NOT_OURS = {
    "has no attribute 'colour'": Records(1, ("192.0.2.1",), ("colour=red",)),
    "has no attribute 'weight 5'": Records(1, ("192.0.2.1",), ("weight 5",)),
    "two of Weight": Records(1, ("192.0.2.1",), ("weight=1", "weight=2")),
    "'007' is not of the form whole number": Records(1, ("192.0.2.1",), ("weight=007",)),
    "'yes' is not of the form true or false": Records(1, ("192.0.2.1",), ("multivalue=yes",)),
    "an attribute is empty": Records(1, ("192.0.2.1",), ("region=",)),
    "'Z1' is not of the form zone id:name": Records(0, (), ("alias=Z1",)),
    "'c' is not of the form collection": Records(1, ("192.0.2.1",), ("cidr=c",)),
    "'1' is not of the form latitude": Records(1, ("192.0.2.1",), ("geoproximity_coordinates=1",)),
    "not just one of an alias": Records(1, ("192.0.2.1",), ("alias=Z1:a.example.com.:true",)),
    "or a TTL with values": Records(0, (), ("weight=1",)),
}


@pytest.mark.parametrize("reason", NOT_OURS)
def test_what_is_no_record_set_of_route_53_is_never_sent(reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        raw_set(RecordKey(WWW, "A"), NOT_OURS[reason])


# Letters that mean nothing


SAME = [
    (simple("A", "192.0.2.2", "192.0.2.1"), Records(300, ("192.0.2.1", "192.0.2.2"))),
    (simple("AAAA", "2001:DB8:0:0::1"), Records(300, ("2001:db8::1",))),
    (simple("CNAME", "Target.Example.NET"), Records(300, ("target.example.net.",))),
    (simple("MX", "010 Mail.example.com"), Records(300, ("10 mail.example.com.",))),
    (simple("SRV", "1 2 3 Sip.example.com"), Records(300, ("1 2 3 sip.example.com.",))),
    (simple("TXT", r'"\141b"  "c"'), Records(300, ('"ab" "c"',))),
    (simple("TXT", r'"a\;b"'), Records(300, ('"a;b"',))),
    (simple("DS", "1 8 2 " + "AB" * 32), Records(300, ("1 8 2 " + "ab" * 32,))),
]


@pytest.mark.parametrize(("raw", "content"), SAME)
def test_other_letters_are_read_as_the_same_records_and_remembered_as_other(
    raw: dict[str, Any], content: Records
) -> None:
    read = read_set(raw)
    assert (read.records, read.exact) == (content, False)
    again = read_set(raw_set(read.key, read.records))
    assert (again.records, again.exact) == (content, True)


@pytest.mark.parametrize("rdtype", ["HTTPS", "SVCB"])
def test_letters_of_a_service_bindings_target_are_kept(rdtype: str) -> None:
    raw = simple(rdtype, "1 Pool.Example.NET.")
    read = read_set(raw)
    assert (read.records, read.exact) == (Records(300, ("1 Pool.Example.NET.",)), True)


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        ("www.example.com.", "www.example.com."),
        ("WWW.Example.com", "www.example.com."),
        (r"\052.example.com.", "*.example.com."),
        (r"a\052b.example.com.", "a*b.example.com."),
        (r"a\057b.example.com.", "a/b.example.com."),
        (r"a\056b.example.com.", r"a\.b.example.com."),
        (r"\303\244.example.com.", r"\195\164.example.com."),
        (r"\101.example.com.", "a.example.com."),
        ("@.example.com.", r"\@.example.com."),
        (".", "."),
    ],
)
def test_a_name_has_one_form_here_whatever_its_letters_there(stored: str, name: str) -> None:
    assert name_from_api(stored) == name
    assert name_from_api(name_to_api(name)) == name


@pytest.mark.parametrize(
    ("name", "stored"),
    [("*.example.com.", r"\052.example.com."), ("a/b.example.com.", r"a\057b.example.com.")],
)
def test_a_name_is_sent_in_the_letters_in_which_the_service_returns_it(
    name: str, stored: str
) -> None:
    assert name_to_api(name) == stored


LABELS = st.binary(min_size=1, max_size=20).map(
    lambda label: "".join(f"\\{byte:03d}" for byte in label)
)


@given(st.lists(LABELS, min_size=1, max_size=4))
def test_every_name_survives_both_directions(labels: list[str]) -> None:
    name = normal_name(".".join(labels) + ".", None)
    assert name_from_api(name_to_api(name)) == name


STRINGS = st.lists(st.binary(max_size=30), min_size=1, max_size=3).map(
    lambda strings: " ".join(
        '"' + "".join(f"\\{byte:03d}" for byte in string) + '"' for string in strings
    )
)
HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
LONG_HEX = st.binary(min_size=1, max_size=400).map(bytes.hex)
CAPITALS = st.just("Pool.Example.NET.")
NAMES = st.one_of(
    st.just("."), st.lists(LABELS, min_size=1, max_size=3).map(lambda each: ".".join(each) + ".")
)
BYTE = st.integers(0, 255).map(str)
VALUES = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "CAA": st.builds(
        '0 issue "{}"'.format,
        st.binary(max_size=9).map(lambda each: "".join(f"\\{byte:03d}" for byte in each)),
    ),
    "CNAME": NAMES,
    "DS": st.builds("7 8 2 {}".format, HEX),
    "HTTPS": st.builds('1 {} alpn="h3,h2" ipv4hint=192.0.2.1'.format, NAMES | CAPITALS),
    "MX": st.builds("{} {}".format, BYTE, NAMES),
    "NAPTR": st.builds(
        '{} 1 "u" "a b" {} {}'.format,
        BYTE,
        st.binary(max_size=9).map(
            lambda each: '"' + "".join(f"\\{byte:03d}" for byte in each) + '"'
        ),
        NAMES,
    ),
    "NS": NAMES,
    "PTR": NAMES,
    "SPF": STRINGS,
    "SRV": st.builds("{} {} 5060 {}".format, BYTE, BYTE, NAMES),
    "SSHFP": st.builds("4 2 {}".format, HEX),
    "SVCB": st.builds("0 {}".format, NAMES | CAPITALS),
    "TLSA": st.builds("3 0 0 {}".format, LONG_HEX),
    "TXT": STRINGS,
}


@pytest.mark.parametrize("rdtype", VALUES)
@given(data=st.data())
def test_every_value_survives_both_directions(rdtype: str, data: st.DataObject) -> None:
    value = normal_value(rdtype, data.draw(VALUES[rdtype]), None)
    sent = value_to_api(rdtype, value)
    assert value_from_api(rdtype, sent) == value
    assert sent.isascii()
    assert sent.isprintable()


@given(STRINGS)
def test_text_is_escaped_in_octal_as_the_service_asks(text: str) -> None:
    sent = value_to_api("TXT", normal_value("TXT", text, None))
    rest = sent.replace(r"\\", "").replace(r"\"", "")
    for escape in rest.split("\\")[1:]:
        assert set(escape[:3]) <= set("01234567"), sent
