"""A target's URL becomes the same thing on both sides, or is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from enactor.dns import dns_target
from plans.errors import Refused
from plans.observed.dns import dns_view
from plans.observed.view import View
from tests.builders import ZONE, FixedClock

Make = Callable[[str, Path], View]


def target(url: str, folder: Path) -> View:
    return dns_target(url, folder=folder, zone=ZONE, clock=FixedClock())


def view(url: str, folder: Path) -> View:
    return dns_view(url, folder=folder, zone=ZONE)


@pytest.mark.parametrize("make", [target, view])
def test_a_zone_file_is_relative_to_the_config_files_folder(make: Make, tmp_path: Path) -> None:
    found = make("zonefile:out/example.com.zone", tmp_path)
    assert found.id == "zonefile:out/example.com.zone"
    observation = found.observe()
    assert (observation.exists, observation.fence, dict(observation.state)) == (False, None, {})


@pytest.mark.parametrize("make", [target, view])
@pytest.mark.parametrize(
    "url", ["route53://Z0", "file:x", "zonefile", "zonefile:", "zonefile:x?key=1", "ZONEFILE:x", ""]
)
def test_another_scheme_is_refused_by_name_never_guessed(
    make: Make, url: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as caught:
        make(url, tmp_path)
    assert (caught.value.rule, caught.value.actual) == ("target-scheme", url)
