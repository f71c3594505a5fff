"""Rows about ListResourceRecordSets: order, where a page starts and ends, what is refused."""

from __future__ import annotations

from typing import Any, Final

from tests.doubles.route53.behaviours import (
    DOCUMENTED,
    INFERRED,
    Given,
    Listing,
    create,
    record_set,
)

_API: Final = "API Reference, ListResourceRecordSets"
_APEX: Final = (("example.com.", "NS", ""), ("example.com.", "SOA", ""))


def _a(name: str, **members: Any) -> Given:
    return create(record_set(f"{name}.example.com.", "A", "192.0.2.1", **members))


_ABC: Final = (_a("a"), _a("b"), _a("c"))
_WEIGHTED: Final = tuple(_a("w", SetIdentifier=name, Weight=1) for name in ("two", "one", "Z"))

ALL: Final = (
    Listing(
        "Names come in the order of their reversed labels, the dot being a character like others",
        {},
        _API,
        given=(_a("b"), _a("a.b"), _a("b-2"), _a("*"), _a("_x"), _a("z.a")),
        lists=(
            *_APEX,
            (r"\052.example.com.", "A", ""),
            ("_x.example.com.", "A", ""),
            ("z.a.example.com.", "A", ""),
            ("b-2.example.com.", "A", ""),
            ("b.example.com.", "A", ""),
            ("a.b.example.com.", "A", ""),
        ),
        ministack="MiniStack returns names as they were written",
    ),
    Listing(
        "The types of one name come in alphabetical order",
        {"StartRecordName": "a.example.com."},
        _API,
        given=tuple(
            create(record_set("a.example.com.", rdtype, value))
            for rdtype, value in (
                ("TXT", '"v"'),
                ("AAAA", "2001:db8::1"),
                ("MX", "10 mx.example.com."),
                ("A", "192.0.2.1"),
            )
        ),
        lists=tuple(("a.example.com.", rdtype, "") for rdtype in ("A", "AAAA", "MX", "TXT")),
    ),
    Listing(
        "The record sets of one name and type come in the order of their identifiers",
        {"StartRecordName": "w.example.com."},
        _API,
        INFERRED,
        given=_WEIGHTED,
        lists=tuple(("w.example.com.", "A", name) for name in ("Z", "one", "two")),
    ),
    Listing(
        "A page of one starts at the name and type asked for",
        {"StartRecordName": "b.example.com.", "StartRecordType": "A", "MaxItems": "1"},
        _API,
        given=_ABC,
        lists=(("b.example.com.", "A", ""),),
        following={"NextRecordName": "c.example.com.", "NextRecordType": "A"},
    ),
    Listing(
        "Where the name and type asked for are not there, the next record set comes back",
        {"StartRecordName": "b.example.com.", "StartRecordType": "TXT", "MaxItems": "1"},
        _API,
        given=_ABC,
        lists=(("c.example.com.", "A", ""),),
    ),
    Listing(
        "A name to start at may be written in any form",
        {"StartRecordName": r"\102.EXAMPLE.com", "MaxItems": "1"},
        "Developer Guide, DNS domain name format",
        given=_ABC,
        lists=(("b.example.com.", "A", ""),),
        following={"NextRecordName": "c.example.com.", "NextRecordType": "A"},
        ministack="MiniStack takes every name as it is written",
    ),
    Listing(
        "A page that ends within one name and type names the next identifier",
        {"StartRecordName": "w.example.com.", "MaxItems": "1"},
        _API,
        given=_WEIGHTED,
        lists=(("w.example.com.", "A", "Z"),),
        following={
            "NextRecordName": "w.example.com.",
            "NextRecordType": "A",
            "NextRecordIdentifier": "one",
        },
    ),
    Listing(
        "A page may start at an identifier",
        {
            "StartRecordName": "w.example.com.",
            "StartRecordType": "A",
            "StartRecordIdentifier": "one",
        },
        _API,
        given=_WEIGHTED,
        lists=(("w.example.com.", "A", "one"), ("w.example.com.", "A", "two")),
    ),
    Listing(
        "A page holds 300 record sets, whatever more is asked for",
        {"MaxItems": "500"},
        f"{_API}; boto/boto3#3848",
        given=tuple(_a(f"host-{n:03d}") for n in range(300)),
        lists=(*_APEX, *((f"host-{n:03d}.example.com.", "A", "") for n in range(298))),
        following={"NextRecordName": "host-298.example.com.", "NextRecordType": "A"},
    ),
    *(
        Listing(claim, asked, source, standing, refused="InvalidInput", ministack=ministack)
        for claim, asked, source, standing, ministack in (
            (
                "A type to start at without a name is refused",
                {"StartRecordType": "A"},
                f"{_API}; boto/boto3#941",
                DOCUMENTED,
                "MiniStack starts at the type",
            ),
            (
                "An identifier to start at without a type is refused",
                {"StartRecordName": "a.example.com.", "StartRecordIdentifier": "x"},
                "not documented",
                INFERRED,
                "MiniStack does not ask for the type",
            ),
            (
                "A type that the service does not have is refused",
                {"StartRecordName": "a.example.com.", "StartRecordType": "LOC"},
                _API,
                DOCUMENTED,
                "MiniStack takes every type",
            ),
            (
                "A name to start at that is none is refused",
                {"StartRecordName": "a..example.com."},
                "not documented",
                INFERRED,
                "MiniStack takes every name",
            ),
            (
                "A page of none is refused",
                {"MaxItems": "0"},
                "not documented",
                INFERRED,
                "MiniStack lists some",
            ),
        )
    ),
)
