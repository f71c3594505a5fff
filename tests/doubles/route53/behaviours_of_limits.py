"""Rows about limits of a batch, and about names."""

from __future__ import annotations

from typing import Final

from tests.doubles.route53.behaviours import (
    DOCUMENTED,
    INFERRED,
    SEEN,
    Behaviour,
    Given,
    alias,
    create,
    delete,
    record_set,
    unchecked_by_ministack,
    upsert,
)

_QUOTAS: Final = "Developer Guide, Quotas"
_NAMES: Final = "Developer Guide, DNS domain name format"
_CLOUDFRONT: Final = "Z2FDTNDATAQYW2"


def _many(count: int, *values: str) -> list[Given]:
    return [record_set(f"host-{n}.example.com.", "TXT", *values) for n in range(count)]


def _aliases(count: int) -> list[Given]:
    target = "d111111abcdef8.cloudfront.net."
    return [alias(f"alias-{n}.example.com.", "A", target, zone=_CLOUDFRONT) for n in range(count)]


LIMITS: Final = (
    Behaviour("1,000 values fit in a batch", tuple(map(create, _many(1_000, '"v"'))), _QUOTAS),
    Behaviour(
        "1,001 values do not fit in a batch",
        tuple(
            map(create, [*_many(999, '"v"'), record_set("two.example.com.", "TXT", '"1"', '"2"')])
        ),
        f"{_QUOTAS}; DNSControl/dnscontrol#1114",
        refused="InvalidChangeBatch",
        says=("Number of records limit of 1000 exceeded."),
    ),
    Behaviour(
        "An UPSERT counts its values twice",
        tuple(map(upsert, _many(501, '"v"'))),
        f"{_QUOTAS}; DNSControl/dnscontrol#493",
        refused="InvalidChangeBatch",
        says=("Number of records limit of 1000 exceeded."),
    ),
    Behaviour("500 UPSERTs fit in a batch", tuple(map(upsert, _many(500, '"v"'))), _QUOTAS),
    Behaviour(
        "An alias counts as one value",
        tuple(map(create, [*_aliases(1_000), *_many(1, '"v"')])),
        _QUOTAS,
        refused="InvalidChangeBatch",
        says=("Number of records limit of 1000 exceeded."),
    ),
    Behaviour(
        "32,000 characters of values fit in a batch",
        tuple(map(create, _many(320, f'"{"v" * 98}"'))),
        _QUOTAS,
    ),
    Behaviour(
        "32,001 characters of values do not fit in a batch",
        tuple(
            map(
                create,
                [
                    *_many(319, f'"{"v" * 98}"'),
                    record_set("x.example.com.", "TXT", f'"{"v" * 99}"'),
                ],
            )
        ),
        f"{_QUOTAS}; DNSControl/dnscontrol#908",
        refused="InvalidChangeBatch",
        says=("RDATA character limit of 32000 exceeded."),
    ),
    Behaviour(
        "An UPSERT counts its characters twice",
        tuple(map(upsert, _many(161, f'"{"v" * 98}"'))),
        _QUOTAS,
        refused="InvalidChangeBatch",
        says=("RDATA character limit of 32000 exceeded."),
    ),
    Behaviour(
        "The characters of a DELETE count too",
        (
            *map(delete, _many(161, f'"{"v" * 98}"')),
            *map(create, _many(161, f'"{"w" * 98}"')),
        ),
        _QUOTAS,
        INFERRED,
        given=tuple(map(create, _many(161, f'"{"v" * 98}"'))),
        refused="InvalidChangeBatch",
        says=("RDATA character limit of 32000 exceeded."),
    ),
    Behaviour(
        "A value of more than 4,000 characters is refused",
        (create(record_set("x.example.com.", "TXT", " ".join(['"vvvvvvv"'] * 401))),),
        "API Reference, ResourceRecord",
        refused="InvalidInput",
        says=("maxLength '4000'"),
    ),
    Behaviour(
        "A record set has at most 400 values",
        (
            create(
                record_set(
                    "x.example.com.", "A", *(f"10.0.{n // 250}.{n % 250}" for n in range(401))
                )
            ),
        ),
        f"{_QUOTAS}; rancher/rancher#10253",
        refused="InvalidChangeBatch",
        says=("Cannot have more than 400 records in a RRSet."),
    ),
)

SPELLINGS: Final = tuple(
    Behaviour(
        f"{what} is the same name",
        (create(record_set(name, "A", "192.0.2.7")),),
        _NAMES,
        given=(create(record_set("*.www.example.com.", "A", "192.0.2.1")),),
        refused="InvalidChangeBatch",
        says=r"[name='\052.www.example.com.', type='A'] but it already exists",
    )
    for what, name in (
        ("A name without its final dot", "*.www.example.com"),
        ("A name in capitals", "*.WWW.Example.COM."),
        ("A name with octal escapes", r"\052.ww\167.example.com."),
        ("A name with an escaped capital", r"*.\127ww.example.com."),
    )
)

NAMES: Final = (
    Behaviour(
        "Bytes beyond ASCII are written as octal escapes",
        (create(record_set(r"ex\303\244mple.example.com.", "A", "192.0.2.1")),),
        _NAMES,
    ),
    *(
        Behaviour(
            f"A name {what} is refused",
            (create(record_set(name, "A", "192.0.2.1")),),
            source,
            standing,
            refused="InvalidChangeBatch",
            says=says,
        )
        for what, name, source, standing, says in (
            (
                "outside the zone",
                "www.example.org.",
                "getmoto/moto#916",
                SEEN,
                "RRSet with DNS name www.example.org. is not permitted in zone example.com.",
            ),
            (
                "that only ends in the same letters",
                "notexample.com.",
                "getmoto/moto#916",
                SEEN,
                "is not permitted in zone example.com.",
            ),
            ("with raw bytes beyond ASCII", "exämple.example.com.", _NAMES, DOCUMENTED, ""),
            ("with a space", "two words.example.com.", _NAMES, DOCUMENTED, ""),
            ("with an empty label", "www..example.com.", _NAMES, DOCUMENTED, ""),
            ("with a label of 64 bytes", f"{'x' * 64}.example.com.", _NAMES, DOCUMENTED, ""),
            (
                "of more than 255 bytes",
                f"{('x' * 60 + '.') * 5}example.com.",
                _NAMES,
                DOCUMENTED,
                "",
            ),
            (
                "with an asterisk in part of its first label",
                "*www.example.com.",
                _NAMES,
                DOCUMENTED,
                "",
            ),
        )
    ),
)

ALL: Final = (
    *unchecked_by_ministack(LIMITS, "MiniStack counts nothing"),
    *SPELLINGS[:1],
    *unchecked_by_ministack(SPELLINGS[1:], "MiniStack keeps names as they are written"),
    *unchecked_by_ministack(NAMES, "MiniStack takes every name"),
)
