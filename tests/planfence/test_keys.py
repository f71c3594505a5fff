"""Where TSIG keys come from: the environment or a file of BIND's, and never shown."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from planfence.config import parse_config
from planfence.keys import Keys, variable_of
from plans.errors import Refused
from plans.observed.tsig import TsigKey

TARGET = "rfc2136://ns1/example.com"
SECRET = base64.b64encode(b"very secret octets").decode()
KEY = TsigKey("ours.", "hmac-sha256", b"very secret octets")
CONFIG = f"""
[streams."dns/example.com"]
desired = "zones/example.com.yaml"
targets = ["{TARGET}?key=our-key.1", "zonefile:a"]
"""
WITH_FILE = CONFIG + '[keys."our-key.1"]\nfile = "our.key"\n'
FILE = f"""
# tsig-keygen wrote this; /* so it stays */
key "ours" {{  // the name
\talgorithm hmac-sha256;
\tsecret "{SECRET}"; /* the
\tsecret "AAAA"; */
}};
"""


def keys(root: Path, text: str = WITH_FILE, **environment: str) -> Keys:
    return Keys(parse_config(root / "planfence.toml", text.encode()), environment)


def with_file(root: Path, text: str, mode: int = 0o600) -> Keys:
    path = root / "our.key"
    path.write_text(text)
    path.chmod(mode)
    return keys(root)


def refusal(found: Keys, target: str = TARGET) -> Refused:
    with pytest.raises(Refused) as caught:
        found.of(target)
    assert SECRET not in str(caught.value)
    assert "secret octets" not in repr(caught.value.__cause__)
    return caught.value


def test_a_key_is_found_in_its_file_beside_the_config_file(tmp_path: Path) -> None:
    assert with_file(tmp_path, FILE).of(TARGET) == KEY


def test_quotes_are_not_needed(tmp_path: Path) -> None:
    plain = f"key ours {{ secret {SECRET}; algorithm HMAC-SHA256; }};"
    assert with_file(tmp_path, plain).of(TARGET) == KEY


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    found = keys(tmp_path, PLANFENCE_TSIG_OUR_KEY_1=f"hmac-sha256:ours:{SECRET}")
    assert found.of(TARGET) == KEY
    assert variable_of("our-key.1") == "PLANFENCE_TSIG_OUR_KEY_1"


def test_the_environment_alone_will_do(tmp_path: Path) -> None:
    found = keys(tmp_path, CONFIG, PLANFENCE_TSIG_OUR_KEY_1=f"hmac-sha256:ours:{SECRET}\n")
    assert found.of(TARGET) == KEY


def test_a_file_that_everybody_may_read_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    found = with_file(tmp_path, FILE, mode=0o644)
    found.note = told.append
    assert found.of(TARGET) == found.of(TARGET) == KEY
    assert told == [f"everybody on this host may read the key in {tmp_path}/our.key: chmod 600 it"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660])
def test_a_file_that_a_group_may_read_is_nobodys_business(mode: int, tmp_path: Path) -> None:
    found = with_file(tmp_path, FILE, mode)
    found.note = pytest.fail
    assert found.of(TARGET) == KEY


def test_without_anybody_who_listens_nothing_is_told(tmp_path: Path) -> None:
    assert with_file(tmp_path, FILE, mode=0o644).of(TARGET) == KEY


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 key statements in it"),
        (FILE + FILE, "2 key statements in it"),
        (SECRET, "0 key statements in it"),
        (f'key "ours" {{ secret "{SECRET}"; }};', "no algorithm or no secret"),
        ('key "ours" { algorithm hmac-sha256; };', "no algorithm or no secret"),
        (f'key "ours" {{ algorithm md4; secret "{SECRET}"; }};', "'md4' is no algorithm"),
        ('key "ours" { algorithm hmac-sha256; secret "AAA"; };', "the secret is not base64"),
        ('key "ours" { algorithm hmac-sha256; secret ""; };', "the secret has 0 bytes"),
    ],
)
def test_a_file_that_holds_no_key_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    error = refusal(with_file(tmp_path, text))
    assert error.rule == "key-unusable"
    assert f"{tmp_path}/our.key cannot be used: {reason}" in error.what


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    error = refusal(keys(tmp_path))
    assert (error.rule, "No such file" in error.what) == ("key-unusable", True)
    (tmp_path / "our.key").write_bytes(b"\xff\xfe")
    assert "not UTF-8 text" in refusal(keys(tmp_path)).what


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (SECRET, "1 parts between colons"),
        (f"ours:{SECRET}", "2 parts between colons"),
        (f"hmac-sha256:ours:{SECRET}:x", "4 parts between colons"),
        (f"ours:hmac-sha256:{SECRET}", "'ours' is no algorithm"),
        ("hmac-sha256:ours:?", "the secret is not base64"),
    ],
)
def test_a_variable_that_holds_no_key_is_refused(value: str, reason: str, tmp_path: Path) -> None:
    error = refusal(keys(tmp_path, PLANFENCE_TSIG_OUR_KEY_1=value))
    assert (error.rule, error.expected) == ("key-unusable", "algorithm:name:secret")
    assert f"PLANFENCE_TSIG_OUR_KEY_1 cannot be used: {reason}" in error.what


def test_a_key_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    error = refusal(keys(tmp_path, CONFIG))
    assert error.rule == "key-missing"
    assert error.remedy is not None
    assert "set PLANFENCE_TSIG_OUR_KEY_1, or name its file under [keys.our-key.1]" in error.remedy


def test_a_target_that_the_config_file_does_not_name_has_no_key(tmp_path: Path) -> None:
    error = refusal(keys(tmp_path), "rfc2136://ns2/example.com")
    assert error.rule == "key-missing"
    assert "as rfc2136://ns2/example.com?key=NAME" in str(error)
