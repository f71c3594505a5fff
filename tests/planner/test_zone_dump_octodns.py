"""octoDNS reads a dump, with its own settings, as the records that it was dumped from.

But for what octoDNS has no words for: cuts between character-strings, backslashes and non-ASCII
bytes in TXT, and ``dohpath`` in SVCB.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from octodns.provider.yaml import YamlProvider
from octodns.zone import Zone

from planner.zone_dump import dump_zone
from planner.zone_yaml import read_zone_yaml
from plans.kinds.dns import MANAGED_TYPES, RecordKey, Records, records
from plans.kinds.rdata import normal_name, normal_value, quoted, rdata_of

ZONE = "example.com."
EXAMPLE = Path(__file__).parents[2] / "examples/dns/zones/example.com.yaml"
FREE_TEXT = ("SPF", "TXT")


def by_octodns(folder: Path, text: str, *, escaped: bool) -> dict[RecordKey, Records]:
    """What octoDNS makes of a zone file, in the order that it enforces by default."""
    (folder / "example.com.yaml").write_text(text)
    provider = YamlProvider("dump", str(folder), escaped_semicolons=escaped)
    zone = Zone(ZONE, [])
    provider.populate(zone, lenient=True)  # DNS-SD names are none to it otherwise
    found = {}
    for record in zone.records:
        key = RecordKey(normal_name(record.fqdn, None), record._type)
        rdatas = record.to_rrset().rdatas
        found[key] = records(record.ttl, [normal_value(key.type, each, None) for each in rdatas])
    return found


def without_cuts(state: dict[RecordKey, Records]) -> dict[RecordKey, Records]:
    return {
        key: records(content.ttl, [whole(key.type, value) for value in content.values])
        for key, content in state.items()
    }


def whole(rdtype: str, value: str) -> str:
    if rdtype not in FREE_TEXT:
        return value
    text = b"".join(rdata_of(rdtype, value).strings)  # type: ignore[attr-defined]
    return quoted([text[at : at + 255] for at in range(0, len(text), 255)] or [b""])


@pytest.mark.parametrize("escaped", [True, False])
def test_octodns_reads_the_example_zone_alike(tmp_path: Path, escaped: bool) -> None:
    state = read_zone_yaml(EXAMPLE, ZONE, escaped_semicolons=True).records
    state = {key: content for key, content in state.items() if "dohpath" not in str(content)}
    assert {key.type for key in state} == set(MANAGED_TYPES)
    text = dump_zone(ZONE, state, escaped_semicolons=escaped, source="z")
    assert by_octodns(tmp_path, text, escaped=escaped) == without_cuts(state)


plain_text = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\"),
    min_size=1,
    max_size=600,
).filter(lambda text: not text.startswith('"') and '" "' not in text)
names = st.from_regex(r"[a-z0-9_]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]{1,4})?", fullmatch=True)


@given(st.dictionaries(names, plain_text, min_size=1, max_size=6), st.booleans())
def test_octodns_reads_any_plain_text_under_any_name_alike(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[str, str], escaped: bool
) -> None:
    state = {
        RecordKey(f"{name}.{ZONE}", "TXT"): records(60, [whole("TXT", quoted_text(text))])
        for name, text in texts.items()
    }
    dumped = dump_zone(ZONE, state, escaped_semicolons=escaped, source="z")
    assert by_octodns(tmp_path_factory.getbasetemp(), dumped, escaped=escaped) == state


def quoted_text(text: str) -> str:
    data = text.encode()
    return quoted([data[at : at + 255] for at in range(0, len(data), 255)])
