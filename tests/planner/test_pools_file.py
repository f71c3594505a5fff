"""The pools file is accepted whole, or refused with every reason, each with its line and path."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from planner.health import FileCheck, HttpCheck, Route53Check, TargetGroup
from planner.pools import Member, Pool
from planner.pools_file import parse_pools, pools_path, read_pools, refuse_clashes
from plans.errors import Invalid, Refused
from plans.kinds.dns import RecordKey

ZONE = "example.com."
ARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123456789abcdef"
WHOLE = f"""\
pools:
  api:
    type: A
    ttl: 30
    min_members: 2
    seen_bad: 5
    members:
      - {{id: eu, address: 192.0.2.1, capacity: 3, health: {{route53: 0ac5-1}}}}
      - {{id: us, address: 192.0.2.2, capacity: 1.5, health: {{target_group: "{ARN}"}}}}
      - {{id: ap, address: 192.0.2.3, capacity: 1, health: {{http: {{url: "http://a/b"}}}}}}
      - {{id: "1", address: 192.0.2.4, capacity: 1, health: {{file: state/up}}}}
  six: {{name: api, type: AAAA, members: [{{id: eu, address: "2001:DB8:0::1", capacity: 1}}]}}
  '': {{type: A, members: [{{id: eu, address: 192.0.2.1, capacity: 1}}]}}
  Alias: {{type: CNAME, members: [{{id: eu, address: LB.example.net., capacity: 1}}]}}
"""
MEMBER = "{id: a, address: 192.0.2.1, capacity: 1}"


def problems(text: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        parse_pools(text.encode(), "x", ZONE)
    assert caught.value.rule == "pools-file"
    return [problem.removeprefix("x:") for problem in caught.value.problems]


def test_a_file_is_read_whole_with_its_defaults_and_its_digest() -> None:
    read = parse_pools(WHOLE.encode(), "x", ZONE)
    api, six, apex, alias = read.pools
    assert api == Pool(
        "api", "api.example.com.", "A", 30, 2, 5,
        (
            Member("eu", "192.0.2.1", 3.0, Route53Check("0ac5-1")),
            Member("us", "192.0.2.2", 1.5, TargetGroup(ARN)),
            Member("ap", "192.0.2.3", 1.0, HttpCheck("http://a/b", 5.0)),
            Member("1", "192.0.2.4", 1.0, FileCheck("state/up")),
        ),
    )  # fmt: skip
    assert six == Pool(
        "six", "api.example.com.", "AAAA", 60, 1, 3, (Member("eu", "2001:db8::1", 1.0, None),)
    )
    assert (apex.name, alias.name) == (ZONE, "alias.example.com.")
    assert alias.members[0].address == "lb.example.net."
    assert read.lines == (2, 12, 13, 14)
    assert (read.digest, read.size) == (hashlib.sha256(WHOLE.encode()).hexdigest(), len(WHOLE))


def test_pools_stand_beside_their_zone_file() -> None:
    for name in ("example.com.yaml", "example.com.YML", "example.com"):
        assert pools_path(Path("zones") / name) == Path("zones/example.com.pools.yaml")


def test_a_zone_without_the_file_has_no_pools(tmp_path: Path) -> None:
    assert read_pools(tmp_path / "none", ZONE) is None


def test_what_cannot_be_read_is_not_no_pools(tmp_path: Path) -> None:
    (tmp_path / "away").symlink_to(tmp_path / "gone")
    for path in (tmp_path, tmp_path / "away"):
        with pytest.raises(Refused) as caught:
            read_pools(path, ZONE)
        assert caught.value.rule == "pools-unreadable"


def test_a_file_of_a_name_that_is_nearly_right_is_not_left_aside_in_silence(tmp_path: Path) -> None:
    (tmp_path / "a.pools.yml").write_text(WHOLE, encoding="utf-8")
    with pytest.raises(Refused) as caught:
        read_pools(tmp_path / "a.pools.yaml", ZONE)
    assert (caught.value.rule, caught.value.expected) == ("pools-name", "a.pools.yaml")


# What is refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1: holds no pool; a zone without pools has no such file"]),
        ("# nothing\n", ["1: holds no pool; a zone without pools has no such file"]),
        ("- a\n", ["1: expected a map from names to records, found a list"]),
        (
            "pools: &x {}\npool: {}\n",
            ["1: anchor &x", "1: $.pools: expected a", "2: $.pool: unknown field"],
        ),
        ("pools: {}\n", ["1: $.pools: expected a length of at least 1, found 0"]),
        ("pools:\n", ["1: $.pools: expected a value, found nothing"]),
        ("pools: !!x {}\n", ["1: tag !!x is not accepted"]),
        ("pools: []\n", ["1: $.pools: expected an object, found a list"]),
        ("pools: {a: 1}\n", ["1: $.pools.a: expected an object, found a whole number"]),
        (
            "pools:\n  a: {type: A}\n",
            ["2: $.pools.a.members: field 'members' is missing"],
        ),
        (
            "pools:\n  a:\n    type: MX\n    members: 7\n    tll: 1\n",
            [
                '3: $.pools.a.type: expected one of "A", "AAAA", "CNAME", found "MX"',
                "4: $.pools.a.members: expected a list, found a whole number",
                """5: $.pools.a.tll: unknown field "tll"; did you mean 'ttl'?""",
            ],
        ),
        (
            f"pools:\n  a:\n    type: [A]\n    ttl: '60'\n    members: [{MEMBER}]\n",
            [
                "3: $.pools.a.type: expected",
                "4: $.pools.a.ttl: expected a whole number, found text",
            ],
        ),
        ("pools:\n  a: {name: 1, type: A, members: [7, ]}\n", ["2: $.pools.a.name", "2: $.pools"]),
    ],
)
def test_a_file_of_another_shape_is_refused_with_every_reason(
    text: str, expected: list[str]
) -> None:
    found = problems(text)
    assert len(found) == len(expected), found
    for problem, start in zip(found, expected, strict=True):
        assert problem.startswith(start)


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        ("'@': {type: A, members: [<M>]}", "name '@': write '' for the zone itself"),
        ("a.example.com.: {type: A, members: [<M>]}", "ends with a dot, but names are relative"),
        ("a.example.org.: {type: A, members: [<M>]}", "is outside the zone"),
        ("a..b: {type: A, members: [<M>]}", "name 'a..b'"),
        ("_planfence: {type: A, members: [<M>]}", "is reserved: planfence keeps its fence there"),
        ("'ü': {type: A, members: [<M>]}", "is not ASCII"),
        ("a b: {name: a, type: A, members: [<M>]}", "has a key of letters, digits"),
        ("b: {name: a.b., type: A, members: [<M>]}", "$.pools.b.name: name 'a.b.' is outside"),
        ("'': {type: CNAME, members: [{id: a, address: x., capacity: 1}]}", "CNAME at the apex"),
        ("a: {type: A, min_members: 2, members: [<M>]}", "$.pools.a.min_members: 2 of 1 members"),
        ("a: {type: A, members: [<M>, {id: a, address: 192.0.2.2, capacity: 1}]}", "here twice"),
        ("a: {type: A, members: [<M>, {id: b, address: 192.0.2.1, capacity: 1}]}", "here twice"),
        ("a: {type: A, members: [{id: a, address: 192.0.2, capacity: 1}]}", "members[0].address"),
        ("a: {type: AAAA, members: [<M>]}", "members[0].address"),
        ("a: {type: CNAME, members: [{id: a, address: x, capacity: 1}]}", "no final dot"),
        ("a: {type: A, members: [{id: a, address: 192.0.2.1, capacity: 0}]}", "a number above 0"),
        ("a: {type: A, members: [{id: a, address: 192.0.2.1, capacity: .1}]}", "found text"),
        ("a: {type: A, members: [{id: a, address: 192.0.2.1, capacity: 010}]}", "found text"),
        ("a: {type: A, members: [{id: a, address: 192.0.2.1, capacity: true}]}", "found true or"),
        ("a: {type: A, members: [{id: 1e3, address: 192.0.2.1, capacity: yes}]}", "found text"),
        ("a: {type: A, members: [{id: 10, address: 192.0.2.1, capacity: 1}]}", "members[0].id"),
        ("a: {type: A, members: [{id: ~, address: 192.0.2.1, capacity: 1}]}", "found nothing"),
        ("a: {type: A, members: [{id: a, address: '', capacity: 1}]}", "a length of at least 1"),
        ("a: {type: A, members: [{id: a b, address: 192.0.2.1, capacity: 1}]}", "text like"),
        ("a: {type: A, members: [H {}]}", "a length of at least 1, found 0"),
        ("a: {type: A, members: [H {file: a, route53: b}]}", "a length of at most 1, found 2"),
        ("a: {type: A, members: [H {file: /etc/passwd}]}", "members[0].health.file"),
        ("a: {type: A, members: [H {target_group: 'arn:aws:s3:::b'}]}", "health.target_group"),
        ("a: {type: A, members: [H {http: {url: 'ftp://u:pw@h/'}}]}", "must begin with http://"),
        ("a: {type: A, members: [H {http: {url: 'http://u:pw@h/'}}]}", "no user and no password"),
        ("a: {type: A, members: [H {http: {url: 'http://h/', timeout_seconds: 61}}]}", "most 60"),
        ("a: {type: A, members: [H {http: {}}]}", "health.http.url: field 'url' is missing"),
        ("a: {type: A, members: [H {http: 1}]}", "health.http: expected an object or null, found"),
        ("a: {type: A, members: [H []]}", "[0].health: expected an object or null, found a list"),
        ("a: {type: A, members: [<M>], seen_bad: 0}", "$.pools.a.seen_bad: expected a number at"),
        ("a: {type: A, members: [<M>]}\n  a: {type: A, members: [<M>]}", "duplicate key 'a'"),
        ("a: {type: A, members: [*x]}", "alias *x: write it out"),
    ],
)  # fmt: skip
def test_one_thing_wrong_is_told_once(pools: str, expected: str) -> None:
    text = _with_health(pools.replace("<M>", MEMBER))
    [problem] = problems(f"pools:\n  {text}\n")
    assert expected in problem
    assert "pw" not in problem


def _with_health(text: str) -> str:
    """``H {...}`` is a member with that health."""
    before, mark, after = text.partition("H ")
    if not mark:
        return text
    health, end = after[: after.rindex("]")], after[after.rindex("]") :]
    return f"{before}{{id: a, address: 192.0.2.1, capacity: 1, health: {health}}}{end}"


def test_everything_that_is_wrong_comes_at_once_in_the_order_of_lines() -> None:
    found = problems(
        f"""\
pools:
  api: {{type: A, members: [{MEMBER}]}}
  API: {{type: A, members: [{MEMBER}]}}
  again: {{name: api, type: CNAME, members: [{{id: a, address: x., capacity: 1}}]}}
  bad:
    type: A
    extra: 1
    members:
      - {{id: a, address: 192.0.2.300, capacity: 1}}
      - {{id: a, address: 192.0.2.2, capacity: -1}}
"""
    )
    assert [problem.partition(": ")[0] for problem in found] == [
        "3",
        "4",
        "4",
        "7",
        "9",
        "10",
        "10",
    ]
    assert found[0].endswith("api.example.com. A is in two pools, first at line 2")
    assert found[1].endswith("has CNAME beside other data (RFC 2181 section 10.1), see line 2")
    assert found[2].endswith("has CNAME beside other data (RFC 2181 section 10.1), see line 3")


# Beside the zone file


@pytest.mark.parametrize(
    ("pool", "key", "expected"),
    [
        ("api: {type: A", RecordKey("api.example.com.", "A"), "A is in the zone file too"),
        ("api: {type: A", RecordKey("api.example.com.", "A", "eu"), "A is in the zone file too"),
        ("api: {type: A", RecordKey("api.example.com.", "CNAME"), "A here, CNAME in the zone file"),
        ("api: {type: A", RecordKey("example.com.", "DNAME"), "is below the DNAME example.com."),
        ("c: {type: CNAME", RecordKey("c.example.com.", "TXT"), "CNAME here, TXT in the zone file"),
    ],
)
def test_nothing_is_kept_by_two_files_and_no_cname_has_company(
    pool: str, key: RecordKey, expected: str
) -> None:
    address = "x." if "CNAME" in pool else "192.0.2.1"
    text = f"pools:\n  {pool}, members: [{{id: a, address: {address}, capacity: 1}}]}}\n"
    read = parse_pools(text.encode(), "x", ZONE)
    with pytest.raises(Invalid) as caught:
        refuse_clashes(read, "x", {key})
    [problem] = caught.value.problems
    assert problem.startswith("x:2: $.pools.")
    assert expected in problem


def test_other_types_at_a_pools_name_are_the_zone_files() -> None:
    read = parse_pools(WHOLE.encode(), "x", ZONE)
    refuse_clashes(read, "x", {RecordKey("api.example.com.", "MX"), RecordKey(ZONE, "NS")})
