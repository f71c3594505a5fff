r"""Everything that planfence and octoDNS are known to do differently, each with what both end with.

The list is the reverse of what ``zones`` generates: nothing here is ever in a generated zone, and
everything else agrees. Not in it are dynamic records (see the tests of ``dynamic``), and files that
planfence refuses for their form alone (``docs/desired-state.md``; ``test_examples`` has octoDNS's
own).

Each was seen with octoDNS 1.22.0, octodns-route53 1.3.1 and octodns-bind 1.1.0, on the strict
double and on BIND. ``docs/comparison.md`` has them in words, under the same names.
"""

from __future__ import annotations

from dataclasses import dataclass

_DIGEST = "ab" * 32
_TLSA = f"selector: 1, certificate_association_data: {_DIGEST}"
_WWW = "www: {type: A, ttl: 300, value: 192.0.2.1}\n"
_WWW_ROW = "www 300 A 192.0.2.1\n"
_LONG = "a" * 250 + r"\;" + "b" * 50
_NOT_THE_LETTERS = "the values provided do not match the current values"


@dataclass(frozen=True)
class Difference:
    r"""One of them. Records are lines, as ``held.rows`` reads them; ``;`` is ``\;`` in the YAML.

    Args:
        service: ``Route 53`` or ``BIND``.
        desired: the YAML that both tools read.
        live: what both zones hold at first.
        planfence: what its refusal says; empty if it does what is desired.
        meant: what the YAML means, and planfence's zone holds unless it refuses.
        octodns: what its error says; empty if it has none.
        holds: what octoDNS's zone holds in the end; None for what is live.
        left: how many changes octoDNS plans after that, or what its error says.
    """

    name: str
    service: str
    desired: str
    live: str = ""
    planfence: str = ""
    meant: str = ""
    octodns: str = ""
    holds: str | None = None
    left: int | str = 0


def _both(name: str, **ends: str | int | None) -> tuple[Difference, Difference]:
    """The same at both services."""
    return (
        Difference(name, "Route 53", **ends),  # type: ignore[arg-type]
        Difference(name, "BIND", **ends),  # type: ignore[arg-type]
    )


IN_YAML = (
    *_both(
        "empty-file",
        live=_WWW_ROW,
        desired="",
        planfence="[desired-state]",
        holds="",
    ),
    *_both(
        "value-beside-values",
        desired="www: {type: A, ttl: 300, value: 192.0.2.9, values: [192.0.2.1]}",
        planfence="[desired-state]",
        holds=_WWW_ROW,
    ),
    *_both(
        "u-labels",
        desired="bücher: {type: A, ttl: 300, value: 192.0.2.1}",
        planfence="[desired-state]",
        holds="xn--bcher-kva 300 A 192.0.2.1",
    ),
    *_both(
        "structured-value-as-text",
        desired="www: {type: MX, ttl: 300, value: 10 mx.example.net.}",
        meant="www 300 MX 10 mx.example.net.",
        octodns="string indices must be integers",
        left="string indices must be integers",
    ),
    *_both(
        "srv-at-any-name",
        desired="sip: {type: SRV, ttl: 60, value: {priority: 1, weight: 2, port: 3, target: .}}",
        meant="sip 60 SRV 1 2 3 .",
        octodns="invalid name for SRV record",
        left="invalid name for SRV record",
    ),
    *(
        Difference(
            "utf-8-in-txt",
            service,
            desired="www: {type: TXT, ttl: 300, value: ü}",
            meant=f'www 300 TXT "{text}"',
            octodns="non ASCII character",
            left="non ASCII character",
        )
        for service, text in (("BIND", r"\195\188"), ("Route 53", r"\303\274"))
    ),
    Difference(
        "ech",
        "BIND",
        desired="www: {type: HTTPS, ttl: 300, value:"
        " {svcpriority: 1, targetname: ., svcparams: {ech: AASHrgVK}}}",
        meant="www 300 HTTPS 1 . ech=AASHrgVK",
        octodns="'NoneType' object is not iterable",
        left="'NoneType' object is not iterable",
    ),
    Difference(
        "sshfp-algorithm-6",
        "BIND",
        desired="www: {type: SSHFP, ttl: 300, value:"
        f" {{algorithm: 6, fingerprint_type: 2, fingerprint: {_DIGEST}}}}}",
        meant=f"www 300 SSHFP 6 2 {_DIGEST}",
        octodns='unrecognized algorithm "6"',
        left='unrecognized algorithm "6"',
    ),
    Difference(
        "value-twice",
        "Route 53",
        desired="www: {type: A, ttl: 300, values: [192.0.2.1, 192.0.2.1]}",
        meant=_WWW_ROW,
        octodns="Duplicate Resource Record",
        left=1,
    ),
)

TYPES = (
    *(
        Difference(
            "type-not-supported",
            service,
            desired=f"_x._tcp: {{type: {rdtype}, ttl: 300, value: {value}}}",
            meant=f"_x._tcp 300 {rdtype} {text}",
            octodns=f"{rdtype} records not supported",
            left=f"{rdtype} records not supported",
        )
        for service, rdtype, value, text in (
            ("BIND", "DNAME", "new.example.net.", "new.example.net."),
            ("BIND", "OPENPGPKEY", "AQIDBA==", "AQIDBA=="),
            ("BIND", "URI", "{priority: 1, weight: 2, target: 'x:y'}", '1 2 "x:y"'),
            ("Route 53", "HTTPS", "{svcpriority: 1, targetname: .}", "1 ."),
            ("Route 53", "SVCB", "{svcpriority: 1, targetname: .}", "1 ."),
            (
                "Route 53",
                "SSHFP",
                f"{{algorithm: 4, fingerprint_type: 2, fingerprint: {_DIGEST}}}",
                f"4 2 {_DIGEST}",
            ),
            (
                "Route 53",
                "TLSA",
                f"{{certificate_usage: 3, matching_type: 1, {_TLSA}}}",
                f"3 1 1 {_DIGEST}",
            ),
        )
    ),
    Difference(
        "type-not-supported-and-live",
        "Route 53",
        live=f"old 300 SSHFP 4 2 {_DIGEST}\n{_WWW_ROW}",
        desired=_WWW,
        meant=_WWW_ROW,
    ),
    Difference(
        "type-not-supported-and-live",
        "BIND",
        live=f"old 300 DNAME new.example.net.\n{_WWW_ROW}",
        desired=_WWW,
        meant=_WWW_ROW,
    ),
    Difference(
        "several-ptr",
        "Route 53",
        desired="p: {type: PTR, ttl: 300, values: [a.example.net., b.example.net.]}",
        meant="p 300 PTR a.example.net.\np 300 PTR b.example.net.",
        octodns="multi-value PTR records not supported",
        left="multi-value PTR records not supported",
    ),
)

TEXT = (
    *_both(
        "txt-cut-otherwise",
        live='www 300 TXT "a" "b"',
        desired="www: {type: TXT, ttl: 300, value: ab}",
        meant='www 300 TXT "ab"',
    ),
    *_both(
        "long-txt-with-semicolons",
        desired=f"www: {{type: TXT, ttl: 300, value: '{_LONG}'}}",
        meant=f'www 300 TXT "{"a" * 250};{"b" * 4}" "{"b" * 46}"',
        holds=f'www 300 TXT "{"a" * 250};{"b" * 3}" "{"b" * 47}"',
    ),
    Difference(
        "ddd-in-txt",
        "Route 53",
        desired=r"www: {type: TXT, ttl: 300, value: 'a\101b'}",
        meant='www 300 TXT "aeb"',
        holds='www 300 TXT "aAb"',
    ),
    Difference(
        "txt-not-utf-8",
        "BIND",
        desired=r"www: {type: TXT, ttl: 300, value: 'a\233b'}",
        meant=r'www 300 TXT "a\233b"',
        holds=r'www 300 TXT "a\233b"',
        left="failed to parse string value as RDATA",
    ),
    Difference(
        "backslash-in-txt",
        "BIND",
        desired=r"www: {type: TXT, ttl: 300, value: 'a\\b'}",
        meant=r'www 300 TXT "a\\b"',
        holds=r'www 300 TXT "a\\b"',
        left=1,
    ),
    Difference(
        "quote-in-txt",
        "Route 53",
        desired="www: {type: TXT, ttl: 300, value: 'say \"a\" b'}",
        meant=r'www 300 TXT "say \"a\" b"',
        holds=r'www 300 TXT "say \"a\" b"',
        left=1,
    ),
    Difference(
        "quote-in-caa",
        "Route 53",
        desired="c: {type: CAA, ttl: 300, value: {flags: 0, tag: issue, value: 'a\"b'}}",
        meant=r'c 300 CAA 0 issue "a\"b"',
        octodns="InvalidCharacterString",
        left=1,
    ),
    Difference(
        "space-in-naptr",
        "Route 53",
        desired="n: {type: NAPTR, ttl: 300, value: {order: 1, preference: 2, flags: U, service: X,"
        " regexp: '!a b!c!', replacement: .}}",
        meant='n 300 NAPTR 1 2 "U" "X" "!a b!c!" .',
        holds='n 300 NAPTR 1 2 "U" "X" "!a b!c!" .',
        left="too many values to unpack",
    ),
)

LETTERS = (
    *(
        Difference(
            name,
            "Route 53",
            live=f"gone 300 {record}\n{_WWW_ROW}",
            desired=_WWW,
            meant=_WWW_ROW,
            octodns=_NOT_THE_LETTERS,
            left=1,
        )
        for name, record in (
            ("delete-other-letters", "AAAA 2001:DB8::1"),
            ("delete-other-letters", "CNAME Other.example.net"),
            ("delete-semicolon", 'TXT "a;b"'),
            ("delete-quote", r'TXT "a\"b"'),
        )
    ),
    Difference(
        "escaped-dot",
        "Route 53",
        desired=r"'a\.b': {type: A, ttl: 300, value: 192.0.2.1}",
        meant=r"a\056b 300 A 192.0.2.1",
        octodns="UnsupportedCharacter",
        left=1,
    ),
    Difference(
        "ddd-in-name",
        "Route 53",
        desired=r"'a\035b': {type: A, ttl: 300, value: 192.0.2.1}",
        meant=r"a\043b 300 A 192.0.2.1",
        holds=r"a\035b 300 A 192.0.2.1",
        left=2,
    ),
)

LIMITS = (
    Difference(
        "characters-of-a-batch",
        "Route 53",
        desired="".join(f"t{n}: {{type: TXT, ttl: 300, value: {'a' * 200}}}\n" for n in range(200)),
        meant="".join(f't{n} 300 TXT "{"a" * 200}"\n' for n in range(200)),
        octodns="RDATA character limit of 32000 exceeded",
        left=200,
    ),
    Difference(
        "updates-of-a-batch",
        "Route 53",
        live="".join(f"h{n} 300 A 192.0.2.1\n" for n in range(600)),
        desired="".join(f"h{n}: {{type: A, ttl: 300, value: 192.0.2.2}}\n" for n in range(600)),
        meant="".join(f"h{n} 300 A 192.0.2.2\n" for n in range(600)),
        octodns="Number of records limit of 1000 exceeded",
        left=600,
    ),
    Difference(
        "bytes-of-a-message",
        "BIND",
        desired="".join(f"t{n}: {{type: TXT, ttl: 300, value: {'a' * 200}}}\n" for n in range(400)),
        meant="".join(f't{n} 300 TXT "{"a" * 200}"\n' for n in range(400)),
        octodns="The DNS message is too big",
        left=400,
    ),
)

DROPPED_BY_BIND = (
    Difference(
        "apex-name-servers",
        "BIND",
        desired="'': {type: NS, ttl: 300, value: ns1.example.net.}\n" + _WWW,
        meant="@ 300 NS ns1.example.net.\n" + _WWW_ROW,
        holds="@ 300 NS ns1.example.net.\n@ 300 NS ns.elsewhere.test.\n" + _WWW_ROW,
        left=1,
    ),
    Difference(
        "ds-without-ns",
        "BIND",
        desired="sub: {type: DS, ttl: 300, value:"
        f" {{key_tag: 1, algorithm: 8, digest_type: 2, digest: {_DIGEST}}}}}",
        planfence="[ds-without-ns]",
        left=1,
    ),
    Difference(
        "wildcard-ns",
        "BIND",
        desired="'*': {type: NS, ttl: 300, value: ns1.example.net.}",
        planfence="[unservable]",
        left=1,
    ),
    Difference(
        "cname-beside-unmanaged",
        "BIND",
        live="www 300 HINFO pc os",
        desired="www: {type: CNAME, ttl: 300, value: a.example.net.}",
        planfence="[cname-clash]",
        left=1,
    ),
    Difference(
        "service-binding-in-capitals",
        "BIND",
        live=f"gone 300 SVCB 1 Pool.example.net.\n{_WWW_ROW}",
        desired=_WWW,
        meant=_WWW_ROW,
        left=1,
    ),
    Difference(
        "loc-with-default-sizes",
        "BIND",
        live="x 300 LOC 1 2 3 N 4 5 6 E 1m\n",
        desired=_WWW,
        meant=_WWW_ROW,
        octodns="failed to parse string value as RDATA",
        left="failed to parse string value as RDATA",
    ),
)

# These two take more than records to tell: ``test_differences`` has a test for each.
APART = {"fence": ("BIND", "Route 53"), "weighted-sets": ("Route 53",)}

DIFFERENCES = (*IN_YAML, *TYPES, *TEXT, *LETTERS, *LIMITS, *DROPPED_BY_BIND)
