"""A target's id becomes the same thing on both sides, or is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from enactor.dns import dns_target
from enactor.rfc2136 import ServerTarget
from enactor.zonefile import ZoneFileTarget
from plans.errors import Refused
from plans.observed.dns import Access, dns_view
from plans.observed.places import ServerPlace
from plans.observed.rfc2136 import ServerView
from plans.observed.route53_api import Account
from plans.observed.tsig import TsigKey
from plans.observed.view import View
from plans.observed.zonefile import ZoneFileView
from tests.builders import ZONE, FixedClock

Make = Callable[[str, str, Access], View]
both = pytest.mark.parametrize("make", [dns_target, dns_view], ids=["target", "view"])
KEY = TsigKey("ours.", "hmac-sha256", b"secret")


def no_key(target: str) -> TsigKey:
    raise Refused(f"no key for {target}", rule="key-missing")


def no_account() -> Account:
    raise AssertionError("no target here is at Route 53")


def access(folder: Path, keys: Callable[[str], TsigKey] = no_key) -> Access:
    return Access(folder, FixedClock(), keys, no_account)


@both
def test_a_zone_file_is_relative_to_the_config_files_folder(make: Make, tmp_path: Path) -> None:
    found = make("zonefile:out/example.com.zone", ZONE, access(tmp_path))
    assert isinstance(found, ZoneFileView)
    assert isinstance(found, ZoneFileTarget) == (make is dns_target)
    assert found.id == "zonefile:out/example.com.zone"
    observation = found.observe()
    assert (observation.exists, observation.fence, dict(observation.state)) == (False, None, {})


@both
def test_a_zone_at_a_name_server_is_asked_with_its_targets_key(make: Make, tmp_path: Path) -> None:
    asked: list[str] = []

    def keys(target: str) -> TsigKey:
        asked.append(target)
        return KEY

    target = "rfc2136://[::1]:5353/Example.com"
    found = make(target, ZONE, access(tmp_path, keys))
    assert isinstance(found, ServerView)
    assert isinstance(found, ServerTarget) == (make is dns_target)
    assert (found.id, asked) == (target, [target])
    assert (found.server.place, found.server.key) == (ServerPlace("::1", 5353, ZONE), KEY)


@both
def test_without_a_key_there_is_no_such_target(make: Make, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no key for rfc2136://ns/example\.com"):
        make("rfc2136://ns/example.com", ZONE, access(tmp_path))


@both
@pytest.mark.parametrize(
    "target",
    [
        "ftp://Z0",
        "file:x",
        "zonefile",
        "zonefile:",
        "zonefile:x?key=1",
        "ZONEFILE:x",
        "",
        "rfc2136:",
    ],
)
def test_another_scheme_is_refused_by_name_never_guessed(
    make: Make, target: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as caught:
        make(target, ZONE, access(tmp_path))
    assert (caught.value.rule, caught.value.actual) == ("target-scheme", target)


@both
def test_a_target_of_another_zone_than_its_stream_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        make("rfc2136://ns/example.net", ZONE, access(tmp_path))
    error = caught.value
    assert (error.rule, error.expected, error.actual) == ("target-zone", ZONE, "example.net.")
