"""Rows about what one record set may hold: values, TTL, and either values or an alias."""

from __future__ import annotations

from typing import Final

from tests.doubles.route53.behaviours import (
    DOCUMENTED,
    HEALTH_CHECK,
    INFERRED,
    SEEN,
    Behaviour,
    Given,
    Standing,
    alias,
    create,
    record_set,
    unchecked_by_ministack,
    upsert,
    without,
)

_TYPES: Final = "Developer Guide, Supported DNS record types"
_SET: Final = "API Reference, ResourceRecordSet"
_ALIAS: Final = "API Reference, AliasTarget"
_CLOUDFRONT: Final = "Z2FDTNDATAQYW2"
_NAME: Final = "www.example.com."
_TARGET: Final = record_set("target.example.com.", "A", "192.0.2.1")
_POOL: Final = {**_TARGET, "SetIdentifier": "a", "Weight": 1}


def _good(what: str, rdtype: str, *values: str) -> Behaviour:
    given = record_set(_NAME, rdtype, *values)
    return Behaviour(f"{rdtype}: {what} is accepted", (create(given),), _TYPES)


def _bad(
    what: str,
    rdtype: str,
    *values: str,
    says: str = "Invalid Resource Record: 'FATAL problem: ",
    source: str = _TYPES,
    standing: Standing = DOCUMENTED,
) -> Behaviour:
    return Behaviour(
        f"{rdtype}: {what} is refused",
        (create(record_set(_NAME, rdtype, *values)),),
        source,
        standing,
        refused="InvalidChangeBatch",
        says=says,
    )


VALUES: Final = (
    _bad(
        "a name instead of an address",
        "A",
        "ns-738.awsdns-28.net.",
        says=(
            "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with"
            " 'ns-738.awsdns-28.net.'"
        ),
        source="gomodules/dns#7",
        standing=SEEN,
    ),
    _bad("three octets", "A", "192.0.2"),
    _bad("an IPv6 address", "A", "2001:db8::1"),
    _good("any form of an address", "AAAA", "2001:0DB8:0::1"),
    _bad("an IPv4 address", "AAAA", "192.0.2.1"),
    _bad("a zone identifier", "AAAA", "fe80::1%eth0"),
    _bad(
        "one value twice",
        "A",
        "192.0.2.1",
        "192.0.2.1",
        says="Duplicate Resource Record: '192.0.2.1'",
        source="kubernetes-sigs/external-dns#6019",
        standing=SEEN,
    ),
    _bad(
        "one address in two forms",
        "AAAA",
        "2001:db8::1",
        "2001:0db8::1",
        says="Duplicate Resource Record: '2001:0db8::1'",
        source="cookpad/roadworker#100 shows that addresses are compared, not their text",
        standing=INFERRED,
    ),
    _good("two strings of 255 bytes", "TXT", f'"{"a" * 255}" "{"b" * 255}"'),
    _good("quotation marks and bytes as escapes", "TXT", r'"say \"\303\244\" \\ \; "'),
    _bad(
        "a string without quotation marks",
        "TXT",
        "v=spf1 -all",
        says=(
            "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be"
            " enclosed in quotation marks) encountered with 'v=spf1 -all''"
        ),
        source="binxio/cfn-ses-provider#23",
        standing=SEEN,
    ),
    _bad(
        "a bare quotation mark inside",
        "TXT",
        '"owner="zone","',
        says="InvalidCharacterString (Value should be enclosed in quotation marks)",
        source="kubernetes-sigs/external-dns#1176",
        standing=SEEN,
    ),
    _bad(
        "a string of 256 bytes",
        "TXT",
        f'"{"a" * 256}"',
        says="CharacterStringTooLong (Value is too long)",
        source="boto/boto3#1462",
        standing=SEEN,
    ),
    _bad("a raw byte beyond ASCII", "TXT", '"exämple"'),
    _bad("two strings without a space between them", "TXT", '"a""b"', standing=INFERRED),
    _bad("no string", "TXT", "", standing=INFERRED),
    _bad("an escape with decimal digits", "TXT", r'"\195"', standing=INFERRED),
    _good("a name, with or without its final dot", "CNAME", "target.example.com"),
    _bad(
        "an empty name",
        "CNAME",
        "",
        says="DomainNameEmpty (Domain name is empty) encountered with ''",
        source="harmony-one/harmony-ops#491",
        standing=SEEN,
    ),
    _bad("a name with an empty label", "NS", "ns..example.com."),
    _good("priority and name, also none", "MX", "10 mail.example.com.", "0 ."),
    _bad(
        "no priority",
        "MX",
        "mail.example.com.",
        says="MXRRDATAPriorityRequired",
        source="ansible/ansible#23435",
        standing=SEEN,
    ),
    _bad("a priority above 65535", "MX", "65536 mail.example.com."),
    _good("four fields", "SRV", "10 5 80 host.example.com."),
    _bad("three fields", "SRV", "10 5 host.example.com."),
    _good("flags, tag and a quoted value", "CAA", '0 issue "ca.example.net; account=1"'),
    _bad("a value without quotation marks", "CAA", "0 issue ca.example.net"),
    _good("six fields", "NAPTR", '100 50 "u" "E2U+sip" "!^(.*)$!sip:x@example.com!" .'),
    _bad("five fields", "NAPTR", '100 50 "u" "E2U+sip" .'),
    _good("SvcParams", "HTTPS", '1 . alpn="h2,h3"'),
    _good("a digest", "SSHFP", "1 1 123456789abcdef67890123456789abcdef67890"),
)


def _impossible(claim: str, given: Given, source: str, says: str, *before: Given) -> Behaviour:
    return Behaviour(
        claim,
        (create(given),),
        source,
        given=tuple(map(create, before)),
        refused="InvalidInput",
        says=says,
    )


_NONE: Final = (
    "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or"
    " TrafficPolicyInstanceId], but found none in Change with [Action=CREATE,"
    " Name=www.example.com., Type=A, SetIdentifier=null]"
)
_PLAIN: Final = record_set(_NAME, "A", "192.0.2.1")

CONTENT: Final = (
    _impossible("A record set without TTL is refused", without(_PLAIN, "TTL"), _SET, _NONE),
    _impossible(
        "A record set without values is refused", without(_PLAIN, "ResourceRecords"), _SET, _NONE
    ),
    _impossible(
        "An alias with values is refused",
        {**_PLAIN, **alias(_NAME, "A", "target.example.com.")},
        "agorapulse/grails-aws-sdk#95",
        "but found more than one",
        _TARGET,
    ),
    _impossible(
        "An alias with a TTL is refused",
        {**alias(_NAME, "A", "target.example.com."), "TTL": 60},
        _SET,
        "but found more than one",
        _TARGET,
    ),
    _impossible(
        "A TTL above 2147483647 is refused",
        record_set(_NAME, "A", "192.0.2.1", ttl=2**31),
        _SET,
        "maxInclusive '2147483647'",
    ),
    Behaviour(
        "A TTL of 0 is accepted", (create(record_set(_NAME, "A", "192.0.2.1", ttl=0)),), _SET
    ),
    _impossible(
        "A type that the service does not have is refused",
        record_set(_NAME, "LOC", "52 22 23 N 4 53 32 E 0m"),
        _SET,
        "'LOC'",
    ),
    Behaviour(
        "A health check that does not exist is refused",
        (create(record_set(_NAME, "A", "192.0.2.1", HealthCheckId="no-such-check")),),
        "API Reference, ChangeResourceRecordSets",
        refused="NoSuchHealthCheck",
    ),
    Behaviour(
        "A health check can be given to a simple record set",
        (create(record_set(_NAME, "A", "192.0.2.1", HealthCheckId=HEALTH_CHECK)),),
        _SET,
        INFERRED,
    ),
)

ALIASES: Final = (
    Behaviour(
        "An alias points at a record set of its zone and type",
        (create(alias(_NAME, "A", "target.example.com.")),),
        _ALIAS,
        given=(create(_TARGET),),
    ),
    Behaviour(
        "An alias may come after its target in one batch",
        (create(_TARGET), create(alias(_NAME, "A", "target.example.com."))),
        "octodns/octodns#366",
        SEEN,
    ),
    Behaviour(
        "An alias may come after one of its target's sets and before another in one batch",
        (
            create(_POOL),
            create(alias(_NAME, "A", "target.example.com.")),
            create({**_POOL, "SetIdentifier": "b"}),
        ),
        "octodns/octodns-route53, _mod_keyer: pools that fall back to each other",
        INFERRED,
    ),
    Behaviour(
        "An alias may stand at the apex",
        (create(alias("example.com.", "A", "target.example.com.")),),
        _ALIAS,
        given=(create(_TARGET),),
    ),
    Behaviour(
        "An alias may point at an AWS resource",
        (create(alias(_NAME, "A", "d111111abcdef8.cloudfront.net.", zone=_CLOUDFRONT)),),
        _ALIAS,
    ),
    *(
        Behaviour(
            f"An alias {what} is refused",
            changes,
            source,
            standing,
            given=given,
            refused="InvalidChangeBatch",
            says=says,
        )
        for what, changes, given, source, standing, says in (
            (
                "at nothing",
                (create(alias(_NAME, "A", "target.example.com.")),),
                (),
                "barnybug/cli53#227",
                SEEN,
                "Tried to create an alias that targets target.example.com., type A in zone",
            ),
            (
                "at a record set of another type",
                (create(alias(_NAME, "AAAA", "target.example.com.")),),
                (create(_TARGET),),
                _ALIAS,
                DOCUMENTED,
                "but that target was not found",
            ),
            (
                "before its target in one batch",
                (create(alias(_NAME, "A", "target.example.com.")), create(_TARGET)),
                (),
                "octodns/octodns#366",
                SEEN,
                "but that target was not found",
            ),
            (
                "before an UPSERT of its target in one batch",
                (create(alias(_NAME, "A", "target.example.com.")), upsert(_TARGET)),
                (create(_TARGET),),
                "octodns/octodns#366",
                SEEN,
                "but that target was not found",
            ),
            (
                "at itself",
                (create(alias(_NAME, "A", _NAME)),),
                (),
                _ALIAS,
                INFERRED,
                "but that target was not found",
            ),
            (
                "outside the zone that it names",
                (create(alias(_NAME, "A", "lb.us-east-1.elb.amazonaws.com.")),),
                (),
                "barnybug/cli53#213",
                SEEN,
                "but the alias target name does not lie within the target zone",
            ),
            (
                "in a zone that nobody has",
                (create(alias(_NAME, "A", "x.example.org.", zone="Z1UNKNOWN")),),
                (),
                "GSA-TTS/dns#588",
                SEEN,
                "but the alias target name does not lie within the target zone",
            ),
            (
                "of type NS",
                (create(alias(_NAME, "NS", "target.example.com.")),),
                (create(record_set("target.example.com.", "NS", "ns.example.org.")),),
                _SET,
                DOCUMENTED,
                "an alias is not of type NS",
            ),
            (
                "that evaluates the health of a CloudFront distribution",
                (create(alias(_NAME, "A", "d1.cloudfront.net.", zone=_CLOUDFRONT, evaluate=True)),),
                (),
                _ALIAS,
                DOCUMENTED,
                "CloudFront",
            ),
        )
    ),
)

ALL: Final = (
    *unchecked_by_ministack(VALUES, "MiniStack takes every value"),
    *unchecked_by_ministack(CONTENT, "MiniStack takes what the schema forbids"),
    *unchecked_by_ministack(ALIASES, "MiniStack does not look for an alias's target"),
)
