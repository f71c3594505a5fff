"""Rows about routing policies: which record sets of one name and type may stand together."""

from __future__ import annotations

from typing import Any, Final

from tests.doubles.route53.behaviours import (
    DOCUMENTED,
    HEALTH_CHECK,
    INFERRED,
    SEEN,
    Behaviour,
    Given,
    alias,
    create,
    delete,
    record_set,
    unchecked_by_ministack,
    without,
)

_SET: Final = "API Reference, ResourceRecordSet"
_GEO: Final = "API Reference, GeoLocation"
_QUOTAS: Final = "Developer Guide, Quotas"
_NAME: Final = "www.example.com."
_COLLECTION: Final = "c8c02a84-aaaa-bbbb-e0d2-d833a2f80106"


def routed(identifier: str, value: str = "192.0.2.1", *, ttl: int = 60, **members: Any) -> Given:
    """A record set of ``www.example.com. A`` with an identifier and whatever routes it."""
    return record_set(_NAME, "A", value, ttl=ttl, SetIdentifier=identifier, **members)


# Each policy with two sets that may stand together.
PAIRS: Final[dict[str, tuple[Given, Given]]] = {
    "weighted": (routed("a", Weight=0), routed("b", Weight=255)),
    "latency": (routed("a", Region="eu-west-1"), routed("b", Region="us-east-1")),
    "failover": (
        routed("a", Failover="PRIMARY", HealthCheckId=HEALTH_CHECK),
        routed("b", Failover="SECONDARY"),
    ),
    "geolocation": (
        routed("a", GeoLocation={"ContinentCode": "EU"}),
        routed("b", GeoLocation={"CountryCode": "*"}),
    ),
    "multivalue answer": (routed("a", MultiValueAnswer=True), routed("b", MultiValueAnswer=True)),
    "geoproximity": (
        routed("a", GeoProximityLocation={"AWSRegion": "eu-west-1", "Bias": 10}),
        routed(
            "b",
            GeoProximityLocation={"Coordinates": {"Latitude": "49.22", "Longitude": "-74.01"}},
        ),
    ),
    "CIDR": (
        routed("a", CidrRoutingConfig={"CollectionId": _COLLECTION, "LocationName": "office"}),
        routed("b", CidrRoutingConfig={"CollectionId": _COLLECTION, "LocationName": "*"}),
    ),
}

# A member of each kind changed: a DELETE that differs in it alone.
OTHERWISE: Final[dict[str, tuple[Given, Given]]] = {
    "another weight": (PAIRS["weighted"][0], routed("a", Weight=1)),
    "another Region": (PAIRS["latency"][0], routed("a", Region="us-east-1")),
    "another failover role": (PAIRS["failover"][1], routed("b", Failover="PRIMARY")),
    "another location": (
        PAIRS["geolocation"][0],
        routed("a", GeoLocation={"ContinentCode": "AS"}),
    ),
    "another bias": (
        PAIRS["geoproximity"][0],
        routed("a", GeoProximityLocation={"AWSRegion": "eu-west-1", "Bias": 11}),
    ),
    "another CIDR location": (
        PAIRS["CIDR"][0],
        routed("a", CidrRoutingConfig={"CollectionId": _COLLECTION, "LocationName": "home"}),
    ),
    "another policy": (PAIRS["multivalue answer"][0], routed("a", Weight=1)),
    "no health check": (PAIRS["failover"][0], without(PAIRS["failover"][0], "HealthCheckId")),
}

_TARGETS: Final = tuple(
    create(record_set(f"{name}.example.com.", "A", "192.0.2.1")) for name in ("blue", "green")
)
_ALIASED: Final = alias(_NAME, "A", "blue.example.com.", evaluate=True)

DELETES: Final = (
    *(
        Behaviour(
            f"DELETE with {what} is refused",
            (delete(asked),),
            "API Reference, ChangeResourceRecordSets; airbnb/zonify#23",
            given=(create(given),),
            refused="InvalidChangeBatch",
            says=("but the values provided do not match the current values"),
            ministack="MiniStack forgets geoproximity" if what == "another bias" else None,
        )
        for what, (given, asked) in OTHERWISE.items()
    ),
    *(
        Behaviour(
            f"DELETE with another {what} is refused",
            (delete(asked),),
            "API Reference, ChangeResourceRecordSets",
            given=(*_TARGETS, create(_ALIASED)),
            refused="InvalidChangeBatch",
            says=("but the values provided do not match the current values"),
        )
        for what, asked in (
            ("alias target", alias(_NAME, "A", "green.example.com.", evaluate=True)),
            ("evaluation of the target's health", alias(_NAME, "A", "blue.example.com.")),
        )
    ),
    Behaviour(
        "DELETE with another identifier finds nothing",
        (delete(routed("c", Weight=0)),),
        "airbnb/zonify#23 shows the identifier in the text",
        SEEN,
        given=(create(PAIRS["weighted"][0]),),
        refused="InvalidChangeBatch",
        says=("[name='www.example.com.', type='A', set-identifier='c'] but it was not found"),
    ),
    Behaviour(
        "Every weighted set gets another TTL by deleting all and then creating all",
        (
            *map(delete, PAIRS["weighted"]),
            create(routed("a", Weight=0, ttl=30)),
            create(routed("b", Weight=255, ttl=30)),
        ),
        "hashicorp/terraform-provider-aws#1961 (one by one it fails)",
        INFERRED,
        given=tuple(map(create, PAIRS["weighted"])),
    ),
)

TOGETHER: Final = (
    *(
        Behaviour(f"Two {policy} sets of one name stand together", tuple(map(create, pair)), _SET)
        for policy, pair in PAIRS.items()
    ),
    *(
        Behaviour(
            f"A simple set beside a {policy} set is refused",
            (create(record_set(_NAME, "A", "192.0.2.9")),),
            "chef-boneyard/route53#100",
            SEEN,
            given=(create(pair[0]),),
            refused="InvalidChangeBatch",
            says=("cannot be created as other RRSets exist with the same name and type"),
        )
        for policy, pair in PAIRS.items()
    ),
    *(
        Behaviour(
            f"A {policy} set beside a simple one is refused",
            (create(pair[0]),),
            _SET,
            given=(create(record_set(_NAME, "A", "192.0.2.9")),),
            refused="InvalidChangeBatch",
        )
        for policy, pair in PAIRS.items()
    ),
    *(
        Behaviour(
            f"A {policy} set beside a {other} one is refused",
            (create(PAIRS[policy][1]),),
            source,
            standing,
            given=(create(PAIRS[other][0]),),
            refused="InvalidChangeBatch",
            says=says,
        )
        for policy, other, source, standing, says in (
            (
                "weighted",
                "latency",
                "kubernetes-sigs/external-dns#4345",
                SEEN,
                "type A, SetIdentifier b cannot be created as a non-weighted set exists with the",
            ),
            (
                "latency",
                "weighted",
                "aws/aws-cli#8241",
                SEEN,
                "and Region Name=us-east-1 cannot be created because a non-latency RRSet with",
            ),
            (
                "multivalue answer",
                "weighted",
                "cert-manager/cert-manager#5388",
                SEEN,
                "cannot be created because a non multivalue answer rrset exists with the same",
            ),
            ("geolocation", "latency", _SET, DOCUMENTED, "non-geolocation"),
            ("failover", "weighted", _SET, DOCUMENTED, "non-failover"),
            ("geoproximity", "geolocation", _SET, INFERRED, "non-geoproximity"),
            ("CIDR", "weighted", _SET, INFERRED, "non-CIDR"),
        )
    ),
    *(
        Behaviour(
            f"Two {policy} sets of one {place} are refused",
            (create({**PAIRS[policy][0], "SetIdentifier": "c"}),),
            source,
            standing,
            given=(create(PAIRS[policy][0]),),
            refused="InvalidChangeBatch",
            says=(f"because a {policy} RRSet with the same name, type and"),
        )
        for policy, place, source, standing in (
            ("latency", "Region", "hashicorp/terraform-provider-aws#1668", SEEN),
            ("failover", "role", _SET, DOCUMENTED),
            ("geolocation", "location", _SET, DOCUMENTED),
            ("geoproximity", "place", _SET, INFERRED),
            ("CIDR", "location", _SET, INFERRED),
        )
    ),
    Behaviour(
        "Weighted sets of one name have one TTL",
        (create(routed("b", Weight=1, ttl=61)),),
        "aws/aws-sdk-go-v2#518",
        SEEN,
        given=(create(routed("a", Weight=1)),),
        refused="InvalidChangeBatch",
        says=("cannot be created as weighted sets must contain the same TTL."),
    ),
    Behaviour(
        "At most 100 sets stand together",
        (create(routed("one-more", Weight=1)),),
        _QUOTAS,
        given=tuple(create(routed(f"set-{n}", Weight=1)) for n in range(100)),
        refused="InvalidChangeBatch",
    ),
)


def _impossible(claim: str, given: Given, source: str, says: str = "") -> Behaviour:
    return Behaviour(claim, (create(given),), source, refused="InvalidInput", says=says)


def _refused(claim: str, given: Given, source: str, says: str = "", *before: Given) -> Behaviour:
    return Behaviour(
        claim, (create(given),), source, given=before, refused="InvalidChangeBatch", says=says
    )


ALONE: Final = (
    _impossible(
        "A weighted set without identifier is refused",
        record_set(_NAME, "A", "192.0.2.1", Weight=1),
        "boto/boto3#2240",
        "Missing field 'SetIdentifier' in Change with [Action=CREATE, Name=www.example.com.,"
        " Type=A, SetIdentifier=null]",
    ),
    _impossible(
        "MultiValueAnswer without identifier is refused, even if false",
        record_set(_NAME, "A", "192.0.2.1", MultiValueAnswer=False),
        "DevelopingSpace/starchart#446",
        "Missing field 'SetIdentifier'",
    ),
    _impossible(
        "An identifier without a policy is refused",
        routed("a"),
        "hashicorp/terraform-provider-aws#1668",
        "but found none in Change with",
    ),
    _impossible(
        "Two policies in one set are refused",
        routed("a", Weight=1, Region="eu-west-1"),
        _SET,
        "but found more than one in Change with",
    ),
    _impossible("A weight above 255 is refused", routed("a", Weight=256), _SET, "'255'"),
    _impossible("A Region that does not exist is refused", routed("a", Region="eu-west-9"), _SET),
    _impossible(
        "A continent with a country is refused",
        routed("a", GeoLocation={"ContinentCode": "EU", "CountryCode": "FR"}),
        _GEO,
    ),
    _impossible(
        "A continent that does not exist is refused",
        routed("a", GeoLocation={"ContinentCode": "XX"}),
        _GEO,
    ),
    _impossible(
        "A subdivision of another country than the US is refused",
        routed("a", GeoLocation={"CountryCode": "FR", "SubdivisionCode": "75"}),
        _GEO,
    ),
    _impossible(
        "Two places in one geoproximity set are refused",
        routed("a", GeoProximityLocation={"AWSRegion": "eu-west-1", "LocalZoneGroup": "x"}),
        "API Reference, GeoProximityLocation",
    ),
    _refused(
        "A weighted set with two values is refused",
        record_set(_NAME, "A", "192.0.2.1", "192.0.2.2", SetIdentifier="a", Weight=1),
        _SET,
    ),
    _refused(
        "A primary without health check is refused",
        routed("a", Failover="PRIMARY"),
        "kubernetes-sigs/external-dns#2362",
        "A non-alias primary ResourceRecordSet must have an associated health check.",
    ),
    _refused(
        "A failover alias that does not evaluate its target's health is refused",
        alias(_NAME, "A", "blue.example.com.", SetIdentifier="a", Failover="PRIMARY"),
        _SET,
        "",
        *_TARGETS,
    ),
    Behaviour(
        "A failover alias that evaluates its target's health needs no health check",
        (create({**_ALIASED, "SetIdentifier": "a", "Failover": "PRIMARY"}),),
        _SET,
        given=_TARGETS,
    ),
    _refused(
        "A multivalue answer alias is refused",
        alias(_NAME, "A", "blue.example.com.", SetIdentifier="a", MultiValueAnswer=True),
        _SET,
        "",
        *_TARGETS,
    ),
    _refused(
        "A multivalue answer CNAME is refused",
        record_set(_NAME, "CNAME", "x.example.com.", SetIdentifier="a", MultiValueAnswer=True),
        _SET,
    ),
    _refused(
        "A weighted NS is refused",
        record_set(_NAME, "NS", "ns.example.org.", SetIdentifier="a", Weight=1),
        _SET,
    ),
)

_UNKNOWN: Final = "MiniStack knows record sets by name, type and identifier, and no policies"
ALL: Final = (
    *DELETES,
    *unchecked_by_ministack(TOGETHER, _UNKNOWN),
    *unchecked_by_ministack(ALONE, _UNKNOWN),
)
