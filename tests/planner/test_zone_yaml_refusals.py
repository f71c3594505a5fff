"""What a zone's YAML must not leave open is refused, each time with file, line and reason."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planner.zone_yaml import read_zone_yaml
from plans.errors import Invalid, Refused
from plans.kinds.dns import MANAGED_TYPES

ZONE = "example.com."
A = "{type: A, value: 192.0.2.1}"
FENCE_REASON = "name '_planfence' is reserved: planfence keeps its fence there"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zone.yaml"


def problems(path: Path, text: str | bytes, *, escaped: bool | None = None) -> list[str]:
    """Each problem as ``line: reason``, checked to be at ``path``."""
    path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    with pytest.raises(Invalid) as caught:
        read_zone_yaml(path, ZONE, escaped_semicolons=escaped)
    assert caught.value.rule == "desired-state"
    prefix = f"{path}:"
    assert all(problem.startswith(prefix) for problem in caught.value.problems)
    return [problem.removeprefix(prefix) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"# only a comment\n", b"---\n", b"{}\n", b"--- {}\n", b"null\n", b"~"]
)
def test_a_file_without_records_is_never_an_empty_zone(path: Path, data: bytes) -> None:
    assert problems(path, data) == ["1: holds no record; that is never read as an empty zone"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"- www\n", "1: expected a map from names to records, found a list"),
        (b"\nwww\n", "2: expected a map from names to records, found text"),
        (b"!!map {a: {}}", "1: tag !!map is not accepted"),
        (b"--- !zone\n[]", "1: tag !zone is not accepted"),
        (b"--- *zone\n", "1: alias *zone: write it out"),
        (b"a: {}\n\xff: {}\n", "2: not UTF-8: byte 0xff"),
        (b"\xfe\xff\x00a", "1: not UTF-8: byte 0xfe"),
        (b"a: b\nc: \x00\n", "2: not YAML: character U+0000: control characters are not allowed"),
        (b"a:\n\t- b\n", "2: not YAML: while scanning for the next token, found character that"),
        (
            b"a: [b\n",
            "2: not YAML: while parsing a flow sequence, did not find expected ',' or ']'",
        ),
        (b"a: b: c\n", "1: not YAML: mapping values are not allowed in this context"),
        (b"a: {}\n---\nb: {}\n", "2: a second document in the file"),
        (b"a: " + b"[" * 10 + b"]" * 10, "1: nested more than 10 deep"),
        (b"[" * 100_000, "1: nested more than 10 deep"),
    ],
)
def test_what_is_not_one_plain_yaml_map_is_refused(path: Path, data: bytes, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems(path, data))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"www: {A}\nmail: {A}\nwww: {A}\n", "3: duplicate key 'www', first at line 1"),
        (f"www: {A}\n'www': {A}\n", "2: duplicate key 'www', first at line 1"),
        (
            "www:\n  type: A\n  value: 192.0.2.1\n  value: 192.0.2.2\n",
            "4: duplicate key 'value', first at line 3",
        ),
        (
            "m:\n  type: MX\n  value:\n    priority: 1\n    priority: 2\n    value: a.\n",
            "5: duplicate key 'priority', first at line 4",
        ),
        (f"&a www: {A}\n", "1: anchor &a: write it out"),
        (f"www: &a {A}\n", "1: anchor &a: write it out"),
        ("www: {type: A, value: *a}\n", "1: alias *a: write it out"),
        ("www: {type: *a, value: 192.0.2.1}\n", "1: alias *a: write it out"),
        ("www: {type: A, values: *a}\n", "1: alias *a: write it out"),
        ("www: {type: A, ttl: *a, value: 192.0.2.1}\n", "1: alias *a: write it out"),
        ("www: {type: A, octodns: *a, value: 192.0.2.1}\n", "1: alias *a: write it out"),
        (f"*a : {A}\nwww: {A}\n", "1: alias *a: write it out"),
        (f"www: [{A}, *a]\n", "1: alias *a: write it out"),
        ("www: !include www.yaml\n", "1: tag !include is not accepted"),
        ("www: {type: TXT, value: !!str 1}\n", "1: tag !!str is not accepted"),
        ("www: {type: A, values: !x [192.0.2.1]}\n", "1: tag !x is not accepted"),
        (f"? [www]\n: {A}\n", "1: a key must be text, found a list"),
        (f"? {{a: b}}\n: {A}\n", "1: a key must be text, found a map"),
        (f"? \n: {A}\n", "1: an empty key; quote it if the text is meant"),
        (f"~: {A}\n", "1: an empty key; quote it if the text is meant"),
        (f"<<: {A}\n", "1: a merge key; quote it if the text is meant"),
    ],
)
def test_yaml_that_two_readers_see_differently_is_refused(
    path: Path, text: str, problem: str
) -> None:
    assert problems(path, text) == [problem]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("www.example.net.", "name 'www.example.net.' is outside the zone example.com."),
        ("badexample.com.", "name 'badexample.com.' is outside the zone example.com."),
        (
            "www.example.com.",
            "name 'www.example.com.' ends with a dot, but names are relative to example.com.",
        ),
        (
            "example.com.",
            "name 'example.com.' ends with a dot, but names are relative to example.com.",
        ),
        ("'@'", "name '@': write '' for the zone itself"),
        ("_planfence", FENCE_REASON),
        ("_PlanFence", "name '_PlanFence' is reserved: planfence keeps its fence there"),
        ("\\095planfence", "name '\\095planfence' is reserved: planfence keeps its fence there"),
        ("a..b", "name 'a..b': A DNS label is empty"),
        ("x" * 64, f"name '{'x' * 64}': A DNS label is > 63 octets long"),
        ("'a b'", "name 'a b' has a space or control character in it"),
        ("münchen", "name 'münchen' is not ASCII; write its A-labels (xn--...)"),
    ],
)
def test_a_name_that_is_not_surely_in_the_zone_is_refused(
    path: Path, key: str, reason: str
) -> None:
    assert problems(path, f"ok: {A}\n{key}: {A}\n") == [f"2: {reason}"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("[]", "'x' has no record"),
        ("192.0.2.1", "'x': expected a record map, found text"),
        ("", "'x': expected a record map, found nothing"),
        ("[[]]", "'x': expected a record map, found a list"),
        ("{value: 192.0.2.1}", "type is missing"),
        ("{type: , value: 192.0.2.1}", "type: expected text, found nothing"),
        ("{type: [A], value: 192.0.2.1}", "type: expected text, found a list"),
        ("{type: A}", "value or values is missing"),
        ("{type: A, value: 192.0.2.1, values: [192.0.2.2]}", "value beside values: which one is"),
        ("{type: A, values: []}", "values is empty; to remove a record set, remove its record"),
        ("{type: A, values: 192.0.2.1}", "values: expected a list, found text"),
        ("{type: A, values: }", "values: expected a list, found nothing"),
        ("{type: A, value: [192.0.2.1]}", "A value: expected text, found a list"),
        ("{type: MX, value: [10 a.]}", "MX value: expected text or a map, found a list"),
        ("{type: A, value: {ip: 192.0.2.1}}", "A value: expected text, found a map"),
        ("{type: A, value: }", "A value is empty; quote it if the text is meant"),
        ("{type: TXT, value: null}", "TXT value is empty; quote it if the text is meant"),
        ("{type: A, value: 300.0.0.1}", "A value '300.0.0.1': Text input is malformed"),
        ("{type: SOA, value: x}", "type SOA is not managed: it belongs to the target"),
        ("{type: ALIAS, value: x.}", "type ALIAS is not managed: it is a provider's own, not DNS"),
        (
            "{type: SomeProvider/ALIAS, value: x.}",
            f"type 'SomeProvider/ALIAS' is not managed; managed are {' '.join(MANAGED_TYPES)}",
        ),
        ("{type: a, value: 192.0.2.1}", "type 'a' is not managed; managed are A AAAA"),
        (
            "{type: TXT, value: x, dynamic: {pools: {}}}",
            "dynamic is for A, AAAA, CNAME, not for TXT",
        ),
        (
            "{type: A, value: 192.0.2.1, geo: {AF: [192.0.2.2]}}",
            "geo records are not managed by planfence",
        ),
        ("{type: A, value: 192.0.2.1, tll: 60}", "unknown key 'tll' in a record"),
        ("{type: A, value: 192.0.2.1, octodns: lenient}", "octodns: expected a map, found text"),
        *(
            (
                f"{{type: A, value: 192.0.2.1, octodns: {{lenient: true, {key}: x}}}}",
                f"octodns.{key} changes what the record means; not managed by planfence",
            )
            for key in ("ignored", "included", "excluded", "healthcheck", "azuredns")
        ),
    ],
)
def test_a_record_that_leaves_something_open_is_refused(
    path: Path, record: str, reason: str
) -> None:
    [problem] = problems(path, f"ok: {A}\nx: {record}\n")
    assert problem.startswith(f"2: {reason}")


@pytest.mark.parametrize(
    ("ttl", "reason"),
    [
        *(
            (ttl, f"ttl: expected a plain whole number of seconds, found '{ttl}'")
            for ttl in ("true", "yes", "-1", "+60", "060", "0x3c", "1_000", "60.0", "1e3", "1h")
        ),
        ("1:30", "ttl: expected a plain whole number of seconds, found '1:30'"),
        ("", "ttl: expected a plain whole number of seconds, found ''"),
        ("'60'", "ttl: expected a plain whole number of seconds, found '60' in quotes"),
        ("[60]", "ttl: expected a number, found a list"),
        ("2147483648", "ttl 2147483648 is above 2147483647 (RFC 2181 section 8)"),
    ],
)
def test_a_ttl_that_is_no_plain_number_in_range_is_refused(
    path: Path, ttl: str, reason: str
) -> None:
    text = f"x:\n  type: A\n  value: 192.0.2.1\n  ttl: {ttl}\n"
    assert problems(path, text) == [f"4: {reason}"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            f"www: [{A}, {A}]\nWWW: {A}\n",
            [
                "1: www.example.com. A is here twice, first at line 1",
                "2: www.example.com. A is here twice, first at line 1",
            ],
        ),
        (
            f"a:\n- {{type: CNAME, value: b.}}\n- {A}\n- {{type: TXT, value: x}}\n",
            [
                "3: a.example.com. has CNAME beside A (RFC 2181 section 10.1), see line 2",
                "4: a.example.com. has CNAME beside TXT (RFC 2181 section 10.1), see line 2",
            ],
        ),
        (
            f"a: {A}\nA: {{type: CNAME, value: b.}}\n",
            ["2: a.example.com. has CNAME beside A (RFC 2181 section 10.1), see line 1"],
        ),
        (
            "a: {type: CNAME, values: [b., c.]}\n",
            ["1: a.example.com. CNAME has 2 values; one is allowed"],
        ),
        (
            "a: {type: DNAME, values: [b., c.]}\n",
            ["1: a.example.com. DNAME has 2 values; one is allowed"],
        ),
        (
            "'': {type: CNAME, value: b.}\n",
            ["1: CNAME at the apex: the zone's own NS and SOA are there (RFC 1034 section 3.6.2)"],
        ),
        (
            "'': {type: DNAME, value: b.}\n",
            [
                (
                    "1: DNAME at the apex: nothing may be below it (RFC 6672 section 2.4),"
                    " and the fence record is"
                )
            ],
        ),
        (
            f"a: {{type: DNAME, value: b.}}\nx.a: {A}\nxa: {A}\nx\\.a: {A}\n",
            [
                (
                    "2: x.a.example.com. is below the DNAME a.example.com. at line 1,"
                    " which hides it (RFC 6672 section 2.4)"
                )
            ],
        ),
    ],
)
def test_record_sets_that_cannot_stand_together_are_refused(
    path: Path, text: str, found: list[str]
) -> None:
    assert problems(path, text) == found


def test_every_problem_is_reported_at_once_in_the_order_of_lines(path: Path) -> None:
    text = """\
        www: {type: CNAME, value: web}
        '@': {type: A, values: [300.0.0.1, 192.0.2.1, 192.0.2.x], ttl: x}
        mail:
          type: MX
          values: [{preference: x, exchange: y, z: 0}]
        www: {}
    """
    assert [problem.split(" ")[:2] for problem in problems(path, text)] == [
        ["1:", "name"],
        ["2:", "name"],
        ["2:", "ttl:"],
        ["2:", "A"],
        ["2:", "A"],
        ["5:", "MX"],
        ["5:", "MX"],
        ["5:", "MX"],
        ["6:", "duplicate"],
    ]


def test_a_missing_file_is_refused_by_name(path: Path) -> None:
    with pytest.raises(Refused, match=f"no desired state at {path}") as caught:
        read_zone_yaml(path, ZONE, escaped_semicolons=None)
    assert caught.value.rule == "desired-missing"


def test_a_directory_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(Invalid, match=f"{path}: is a directory") as caught:
        read_zone_yaml(path, ZONE, escaped_semicolons=None)
    assert caught.value.rule == "desired-state"


@pytest.mark.parametrize("name", ["file/zone.yaml", "x\0y"])
def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="cannot be read") as caught:
        read_zone_yaml(tmp_path / name, ZONE, escaped_semicolons=None)
    assert caught.value.rule == "desired-unreadable"


pieces = st.sampled_from(
    "www: type: A MX TXT value: values: 192.0.2.1 svcparams: { } [ ] , - ? : | > & * ! ' \" ; # %"
    " \\ \n \n\x20\x20 --- ... ~ <<: &a *a !!str !include \ufeff \u2028 \x85 é".split(" ")
)


@given(st.binary() | st.lists(pieces).map(lambda words: " ".join(words).encode()))
@example(b"a: !!binary x")
@example(b"\xef\xbb\xbf\xef\xbb\xbfa: b")
def test_any_bytes_are_a_zone_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    try:
        found = read_zone_yaml(path, ZONE, escaped_semicolons=False)
    except Invalid as error:
        reasons = error.problems
    else:
        assert found.records
        return
    assert all(reason.startswith(f"{path}:") and "\n" not in reason for reason in reasons)
