"""Rows about batches: what each action asks, atomicity, order, and what the zone needs."""

from __future__ import annotations

from typing import Final

from tests.doubles.route53.behaviours import (
    DOCUMENTED,
    INFERRED,
    SEEN,
    Behaviour,
    alias,
    as_listed,
    create,
    delete,
    record_set,
    unchecked_by_ministack,
    upsert,
)

_API: Final = "API Reference, ChangeResourceRecordSets"
_CHANGE: Final = "API Reference, Change"
_QUOTAS: Final = "Developer Guide, Quotas"
_NAMES: Final = "Developer Guide, DNS domain name format"
_CNAME: Final = "Developer Guide, Supported DNS record types: CNAME"
_CLOUDFRONT: Final = "Z2FDTNDATAQYW2"

_WWW: Final = record_set("www.example.com.", "A", "192.0.2.1", "192.0.2.2")
_OTHER: Final = record_set("other.example.com.", "A", "192.0.2.9")
_CNAME_WWW: Final = record_set("www.example.com.", "CNAME", "other.example.com.")
_APEX: Final = "example.com."
_ONE_BY_ONE: Final = "MiniStack looks at each change by itself, and not at the others of the batch"
_NS: Final = ("ns-331.awsdns-41.com.", "ns-1749.awsdns-26.co.uk.", "ns-683.awsdns-21.net.")


ACTIONS: Final = (
    Behaviour("CREATE makes a record set that is not there", (create(_WWW),), _CHANGE),
    Behaviour(
        "CREATE of a record set that exists is refused, even with the same values",
        (create(_WWW),),
        "hashicorp/terraform-provider-aws#7918",
        SEEN,
        given=(create(_WWW),),
        refused="InvalidChangeBatch",
        says=(
            "Tried to create resource record set [name='www.example.com.', type='A'] but it already"
            " exists"
        ),
    ),
    Behaviour("UPSERT makes a record set that is not there", (upsert(_WWW),), _CHANGE),
    Behaviour(
        "UPSERT replaces a record set",
        (upsert(record_set("www.example.com.", "A", "192.0.2.7", ttl=5)),),
        _CHANGE,
        given=(create(_WWW),),
    ),
    Behaviour(
        "DELETE with the values, TTL and name as they are deletes a record set",
        (delete(_WWW),),
        _API,
        given=(create(_WWW),),
    ),
    Behaviour(
        "DELETE may give the values in another order",
        (delete(record_set("www.example.com.", "A", "192.0.2.2", "192.0.2.1")),),
        "Terraform keeps values as a set and deletes what others made",
        INFERRED,
        given=(create(_WWW),),
    ),
    *(
        Behaviour(
            f"DELETE with {what} is refused",
            (delete(asked),),
            "API Reference, ResourceRecord; kubernetes-sigs/external-dns#732",
            DOCUMENTED,
            given=(create(_WWW),),
            refused="InvalidChangeBatch",
            says=("but the values provided do not match the current values"),
        )
        for what, asked in (
            ("another value", record_set("www.example.com.", "A", "192.0.2.1", "192.0.2.3")),
            ("a value less", record_set("www.example.com.", "A", "192.0.2.1")),
            (
                "a value more",
                record_set("www.example.com.", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3"),
            ),
            ("another TTL", record_set("www.example.com.", "A", "192.0.2.1", "192.0.2.2", ttl=61)),
        )
    ),
    Behaviour(
        "DELETE of a record set that is not there is refused",
        (delete(_WWW),),
        "boto/boto#2887",
        SEEN,
        refused="InvalidChangeBatch",
        says=(
            "Tried to delete resource record set [name='www.example.com.', type='A'] but it was not"
            " found"
        ),
    ),
    Behaviour(
        "DELETE may not spell a value otherwise than it was given, whatever it means",
        (delete(record_set("www.example.com.", "AAAA", "2001:db8::a")),),
        "not documented; names of hosts are said to be equal with and without their final dot",
        INFERRED,
        given=(create(record_set("www.example.com.", "AAAA", "2001:0db8::a")),),
        refused="InvalidChangeBatch",
    ),
)

BATCHES: Final = (
    Behaviour(
        "A batch is applied whole or not at all",
        (create(_OTHER), create(_WWW)),
        _API,
        given=(create(_WWW),),
        refused="InvalidChangeBatch",
    ),
    Behaviour(
        "DELETE and CREATE of one record set in one batch replace it",
        (delete(_WWW), create(record_set("www.example.com.", "A", "192.0.2.7"))),
        "API Reference of 2015 on UPSERT, in hashicorp/terraform#1122; boto 2, Zone.update_record",
        SEEN,
        given=(create(_WWW),),
    ),
    Behaviour(
        "A stale DELETE with its CREATE is refused with a message for each",
        (
            delete(record_set("www.example.com.", "A", "192.0.2.3")),
            create(record_set("www.example.com.", "A", "192.0.2.4")),
        ),
        "aws/aws-sdk-kotlin#1435",
        SEEN,
        given=(create(_WWW),),
        refused="InvalidChangeBatch",
        says=(
            "[Tried to delete resource record set [name='www.example.com.', type='A'] but the"
            " values provided do not match the current values, Tried to create resource record set"
            " [name='www.example.com.', type='A'] but it already exists]"
        ),
    ),
    *(
        Behaviour(
            f"{what} of one record set in one batch is refused",
            changes,
            source,
            standing,
            given=(create(_WWW),),
            refused="InvalidChangeBatch",
            says=(
                "The request contains an invalid set of changes for a resource record set 'A www"
            ),
            ministack=ministack,
        )
        for what, changes, source, standing, ministack in (
            ("DELETE twice", (delete(_WWW), delete(_WWW)), _API, DOCUMENTED, None),
            ("UPSERT twice", (upsert(_WWW), upsert(_WWW)), "not documented", INFERRED, _ONE_BY_ONE),
            (
                "DELETE and UPSERT",
                (delete(_WWW), upsert(_WWW)),
                "not documented",
                INFERRED,
                _ONE_BY_ONE,
            ),
            (
                "DELETE, CREATE, DELETE",
                (delete(_WWW), create(_WWW), delete(_WWW)),
                "not documented",
                INFERRED,
                _ONE_BY_ONE,
            ),
        )
    ),
    Behaviour(
        "CREATE twice of one record set in one batch is refused",
        (create(_OTHER), create(_OTHER)),
        _CHANGE,
        INFERRED,
        refused="InvalidChangeBatch",
    ),
    Behaviour(
        "CREATE before DELETE of one record set in one batch is refused",
        (create(_CNAME_WWW), delete(_CNAME_WWW)),
        "DNSControl/dnscontrol#3493",
        SEEN,
        given=(create(_CNAME_WWW),),
        refused="InvalidChangeBatch",
        says=(
            "The request contains an invalid set of changes for a resource record set"
            " 'CNAME www.example.com.'"
        ),
    ),
    Behaviour(
        "A CNAME and an alias of its name change places in one batch, the DELETE first",
        (delete(_CNAME_WWW), create(alias("www.example.com.", "A", "other.example.com."))),
        _API,
        given=(create(_OTHER), create(_CNAME_WWW)),
    ),
    Behaviour(
        "A CREATE before the DELETE that makes room for it is refused",
        (create(_WWW), delete(_CNAME_WWW)),
        "octodns/octodns#531",
        SEEN,
        given=(create(_CNAME_WWW),),
        refused="InvalidChangeBatch",
        ministack=_ONE_BY_ONE,
    ),
)

WHOLE_ZONE: Final = (
    Behaviour(
        "A CNAME beside another type is refused",
        (create(_CNAME_WWW),),
        f"{_CNAME}; capitalone/Particle-Cloud-Framework#113",
        given=(create(_WWW),),
        refused="InvalidChangeBatch",
        says=(
            "RRSet of type CNAME with DNS name www.example.com. is not permitted as it conflicts"
            " with other records with the same DNS name in zone example.com."
        ),
    ),
    Behaviour(
        "Another type beside a CNAME is refused",
        (create(_WWW),),
        f"{_CNAME}; RJPearson94/terraform-aws-open-next#24",
        given=(create(_CNAME_WWW),),
        refused="InvalidChangeBatch",
        says=("is not permitted because a conflicting RRSet of type CNAME with the same DNS name"),
    ),
    Behaviour(
        "A CNAME at the apex is refused",
        (create(record_set(_APEX, "CNAME", "www.example.com.")),),
        f"{_CNAME}; cloudfoundry/bosh-bootloader#310",
        refused="InvalidChangeBatch",
        says=(
            "of type CNAME with DNS name example.com. is not permitted at apex in zone example.com."
        ),
    ),
    Behaviour(
        "A CNAME has one value",
        (create(record_set("www.example.com.", "CNAME", "a.example.com.", "b.example.com.")),),
        "API Reference, ResourceRecord",
        refused="InvalidChangeBatch",
    ),
    Behaviour(
        "The apex cannot lose its SOA",
        (delete(as_listed(_APEX, "SOA")),),
        "DNSControl/dnscontrol#4402",
        SEEN,
        refused="InvalidChangeBatch",
        says=("A HostedZone must contain exactly one SOA record."),
    ),
    Behaviour(
        "The apex cannot lose its NS",
        (delete(as_listed(_APEX, "NS")),),
        "airbnb/zonify#1",
        SEEN,
        refused="InvalidChangeBatch",
        says=("A HostedZone must contain at least one NS record for the zone itself."),
    ),
    Behaviour(
        "The NS of the apex can be replaced",
        (upsert(record_set(_APEX, "NS", *_NS, ttl=300)),),
        "Developer Guide, NS and SOA records",
    ),
    Behaviour(
        "An SOA of six fields is refused",
        (upsert(record_set(_APEX, "SOA", "ns.example.com. a.example.com. 1 2 3 4")),),
        "Developer Guide, Supported DNS record types",
        refused="InvalidChangeBatch",
        says="Invalid Resource Record: 'FATAL problem: ",
    ),
    Behaviour(
        "An SOA below the apex is refused",
        (
            create(
                record_set("sub.example.com.", "SOA", "ns.example.com. a.example.com. 1 2 3 4 5")
            ),
        ),
        "Developer Guide, NS and SOA records",
        INFERRED,
        refused="InvalidChangeBatch",
    ),
    Behaviour(
        "A wildcard NS is refused",
        (create(record_set("*.example.com.", "NS", "ns.example.org.")),),
        _NAMES,
        refused="InvalidChangeBatch",
    ),
)

ALL: Final = (
    *ACTIONS,
    *BATCHES,
    *unchecked_by_ministack(WHOLE_ZONE, "MiniStack does not look at the zone as a whole"),
)
