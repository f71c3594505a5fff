"""A value that can be read two ways is refused with its line, whatever its type."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from planner.zone_yaml import read_zone_yaml
from plans.errors import Invalid

ZONE = "example.com."


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
    ("rdtype", "value", "name"),
    [
        *((rdtype, "www.example.net", "www.example.net") for rdtype in ("CNAME", "DNAME", "NS")),
        ("PTR", "host", "host"),
        ("CNAME", "''", "@"),
        ("CNAME", "'a\\.'", "a\\."),
        ("MX", "10 mail", "mail"),
        ("SRV", "1 2 3 sip", "sip"),
        ("NAPTR", '1 2 "" "" "" sip', "sip"),
        ("HTTPS", "1 www", "www"),
        ("SVCB", "1 www", "www"),
        ("MX", "{preference: 1, exchange: mail}", "mail"),
        ("SRV", "{priority: 1, weight: 2, port: 3, target: sip}", "sip"),
        ("HTTPS", "{svcpriority: 1, targetname: www}", "www"),
    ],
)
def test_a_target_without_a_final_dot_is_refused(
    path: Path, rdtype: str, value: str, name: str
) -> None:
    [problem] = problems(path, f"x: {{type: {rdtype}, value: {value}}}\n")
    assert problem.startswith("1: ")
    assert problem.endswith(f"name '{name}' has no final dot")


@pytest.mark.parametrize(
    ("rdtype", "value", "reason"),
    [
        ("MX", "{preference: 10}", "MX value: exchange is missing"),
        ("MX", "{exchange: a.}", "MX value: preference is missing"),
        ("MX", "{preference: 1, priority: 1, exchange: a.}", "MX value: preference beside prio"),
        ("MX", "{preference: 1, exchange: a., note: x}", "MX value: unknown key 'note'"),
        ("MX", "{preference: 1, exchange: a., svcparams: {}}", "MX value: unknown key 'svcparams'"),
        ("MX", "{preference: '1', exchange: a.}", "MX preference: expected a plain whole number"),
        ("MX", "{preference: 010, exchange: a.}", "MX preference: expected a plain whole number"),
        ("MX", "{preference: 65536, exchange: a.}", "MX value '65536 a.': 65536 is not an"),
        ("MX", "{preference: 1, exchange: }", "MX exchange: expected text, found nothing"),
        ("MX", "{preference: 1, exchange: [a.]}", "MX exchange: expected text, found a list"),
        ("MX", "{preference: 1, exchange: *a}", "alias *a: write it out"),
        ("CAA", "{tag: is-sue, value: a}", "CAA tag: expected letters and digits, found 'is-sue'"),
        ("CAA", "{tag: issue, value: '\"a\"'}", "CAA value: write it without double quotes"),
        ("CAA", "{tag: issue, value: 'a\\;'}", "CAA value: 'a\\;': '\\;' is accepted only with"),
        ("CAA", "0 issue a; b", "CAA value '0 issue a; b' has an unquoted ';'"),
        ("LOC", "{lat_seconds: 1e1}", "LOC lat_seconds: expected a plain decimal number, found"),
        ("DS", "{flags: 1, protocol: 2, algorithm: 2, digest: ab}", "DS value: unknown key 'dig"),
        ("URI", "{priority: 1, weight: 1, target: ''}", "URI value '1 1 \"\"': URI target cannot"),
    ],
)
def test_a_structured_value_that_is_not_octodnss_is_refused(
    path: Path, rdtype: str, value: str, reason: str
) -> None:
    found = problems(path, f"x:\n  type: {rdtype}\n  value: {value}\n")
    assert any(problem.startswith(f"3: {reason}") for problem in found)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ("alpn", "HTTPS svcparams: expected a map, found text"),
        ("*a", "alias *a: write it out"),
        ("{alpn: *a}", "alias *a: write it out"),
        ("{alpn: [*a]}", "alias *a: write it out"),
        ("{alpn: ['h2,h3']}", "HTTPS svcparams 'alpn': an item may not hold a comma, quote or"),
        ("{alpn: [[h2]]}", "HTTPS svcparams 'alpn': expected text, found a list"),
        ("{alpn: {h2: h3}}", "HTTPS svcparams 'alpn': expected text, found a map"),
        ("{alpn: [~]}", "HTTPS svcparams 'alpn': expected text, found nothing"),
        ("{port: 0443}", "HTTPS svcparams 'port': expected a plain whole number, found '0443'"),
        ("{ALPN: [h2]}", "HTTPS svcparams 'ALPN': no parameter has such a key"),
        ("{key65400: 'a\\b'}", "HTTPS svcparams 'key65400': 'a\\b': the escape '\\b' is ambiguous"),
        ("{nosuch: x}", "HTTPS value "),
    ],
)
def test_a_service_parameter_that_is_unclear_is_refused(
    path: Path, params: str, reason: str
) -> None:
    text = f"x: {{type: HTTPS, value: {{svcpriority: 1, targetname: ., svcparams: {params}}}}}\n"
    [problem] = problems(path, text)
    assert problem.startswith(f"1: {reason}")


UNDECIDED = "set escaped_semicolons = true or false for the stream in planfence.toml"
AMBIGUOUS = 'is ambiguous; only \\\\, \\" and \\DDD are accepted'


@pytest.mark.parametrize("rdtype", ["TXT", "SPF"])
@pytest.mark.parametrize(
    ("escaped", "text", "reason"),
    [
        (None, "a; b", f"'a; b' has a ';': {UNDECIDED}"),
        (None, "a\\; b", f"'a\\; b' has a ';': {UNDECIDED}"),
        (None, '"a; b"', f"'a; b' has a ';': {UNDECIDED}"),
        (True, "a\\; b; c", "with escaped_semicolons = true, write every ';' as '\\;'"),
        (True, "a\\\\; b", "with escaped_semicolons = true, write every ';' as '\\;'"),
        (False, "a\\; b", "'\\;' is accepted only with escaped_semicolons = true, in TXT and SPF"),
        (True, "a\\nb", f"'a\\nb': the escape '\\n' {AMBIGUOUS}"),
        (True, "a\\25", f"'a\\25': the escape '\\2' {AMBIGUOUS}"),
        (True, "a\\256", f"'a\\256': the escape '\\256' {AMBIGUOUS}"),
        (True, "a\\", f"'a\\': the escape '\\' {AMBIGUOUS}"),
        (True, '"a" b', "begins with a quote, but is no row of quoted strings"),
        (True, '"a""b"', "begins with a quote, but is no row of quoted strings"),
        (True, '"a', "begins with a quote, but is no row of quoted strings"),
        (True, '"' + "x" * 256 + '"', "a quoted string holds more than 255 bytes"),
        (True, "x" * 65_500, "the text takes more than 65535 bytes"),
        (True, "", "the text is empty; write '\"\"' for an empty character-string"),
    ],
)
def test_text_that_can_be_read_two_ways_is_refused(
    path: Path, rdtype: str, escaped: bool | None, text: str, reason: str
) -> None:
    [problem] = problems(path, f"x:\n  type: {rdtype}\n  value: '{text}'\n", escaped=escaped)
    assert problem.startswith("3: ")
    assert reason in problem


def test_a_block_scalar_with_its_last_line_break_is_refused(path: Path) -> None:
    [problem] = problems(path, "x:\n  type: TXT\n  value: |\n    v=spf1 -all\n")
    assert problem.startswith("3: 'v=spf1 -all\\x0a' has a line break or control character in it")
