"""octoDNS's own example zones end with the same records under planfence and under octoDNS.

What either refuses of them is listed with its reason (``examples``), and the rest is run.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planner.zone_yaml import parse_zone_yaml, read_zone_yaml
from plans.errors import Invalid, Refused
from tests.differential import by_octodns
from tests.differential.by_octodns import DEPRECATED
from tests.differential.examples import DYNAMIC_ONLY, EXAMPLES, FOLDER, Example
from tests.differential.held import rows, rows_of
from tests.differential.services import Pair
from tests.differential.zones import ZONE, as_yaml

pytestmark = pytest.mark.filterwarnings(DEPRECATED)
APEX = (ZONE, "NS")
LIVE = 'www 60 A 198.51.100.1\ncname 300 TXT "was a text"\ngone 300 MX 10 mx.example.net.\n'

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.file)


def test_every_file_is_listed() -> None:
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml")}
    assert files == {*(example.file for example in EXAMPLES), DYNAMIC_ONLY}
    assert "Permission is hereby granted" in (FOLDER / "LICENSE").read_text("utf-8")


@every_example
def test_planfence_refuses_what_is_listed_for_the_reason_that_is_listed(example: Example) -> None:
    found: tuple[str, ...] = ()
    try:
        parse_zone_yaml(
            example.text.encode(), "z", ZONE, escaped_semicolons=example.escaped_semicolons
        )
    except Invalid as error:
        reasons = [re.sub(r"^z:[0-9]+: |; managed are .*", "", each) for each in error.problems]
        found = tuple(dict.fromkeys(reasons))
    assert found == example.reasons


@every_example
def test_octodns_refuses_what_is_listed(example: Example, tmp_path: Path) -> None:
    def read() -> object:
        return by_octodns.desired(
            tmp_path, ZONE, example.text, escaped_semicolons=example.escaped_semicolons
        )

    if example.octodns:
        with pytest.raises(Exception, match=re.escape(example.octodns)):
            read()
    else:
        assert read()


def test_a_folder_of_files_is_refused(tmp_path: Path) -> None:
    """octoDNS's ``split_extension``."""
    with pytest.raises(Refused, match="is a directory; planfence reads one file for a zone"):
        read_zone_yaml(tmp_path, ZONE, escaped_semicolons=True)


def test_what_is_taken_out_is_there_and_the_rest_is_counted() -> None:
    for example in EXAMPLES:
        there = {(label, record["type"]) for label, record in example.records()}
        assert example.without.union(*example.at.values()) <= there
    run = {
        service: [len(example.rest(service)) for example in EXAMPLES]
        for service in ("BIND", "Route 53")
    }
    assert {service: (sum(map(bool, each)), sum(each)) for service, each in run.items()} == {
        "BIND": (16, 51),
        "Route 53": (16, 50),
    }


@pytest.mark.parametrize(
    ("service", "example"),
    [
        pytest.param(service, example, id=f"{service}-{example.file}")
        for service in ("BIND", "Route 53")
        for example in EXAMPLES
        if example.rest(service)
    ],
)
def test_both_end_with_the_same_records(pair: Pair, service: str, example: Example) -> None:
    rest = example.rest(service)
    untouched = not (example.reasons or example.without or example.at.get(service))
    escaped = example.escaped_semicolons
    text = example.text if untouched else as_yaml(rest, escaped_semicolons=escaped)
    pair.put(rows(LIVE))
    before, same = pair.held()
    assert before == same
    pair.by_planfence(text, escaped_semicolons=escaped)
    pair.by_octodns(text, escaped_semicolons=escaped)
    ours, theirs = pair.held()
    meant = {APEX: before[APEX], **pair.meant(rows_of(rest))}
    assert ours == meant
    assert theirs == meant
