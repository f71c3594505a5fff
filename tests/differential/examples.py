"""octoDNS's own example zones, with what planfence and octoDNS refuse of each, and why.

What is refused is taken out by name before both tools run on the rest. Records with ``dynamic`` are
taken out unread: they have tests of their own (``test_dynamic``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.differential.texts import Set
from tests.differential.zones import Names

FOLDER = Path(__file__).parent / "octodns"
TTL_DEFAULT = 3600

_EMPTY = ("holds no record; that is never read as an empty zone",)
_NULL = ("TXT value is empty; quote it if the text is meant",)
_MEANING = "changes what the record means; not managed by planfence"
_DOCS = "docs/examples/"
_TESTS = "tests/config/"

Place = tuple[str, str]
"""A label, and a type."""


@dataclass(frozen=True)
class Example:
    r"""One file.

    Args:
        reasons: what planfence says of it, in order, without places and repeats.
        octodns: what octoDNS says of it, if it takes it neither.
        without: what is taken out for both tools to run on the rest.
        at: what is taken out at one service only, because of a difference that is listed.
        escaped_semicolons: whether ``;`` is ``\;`` in it.
    """

    file: str
    reasons: tuple[str, ...] = ()
    octodns: str = ""
    without: frozenset[Place] = frozenset()
    at: Mapping[str, frozenset[Place]] = field(default_factory=dict)
    escaped_semicolons: bool = True

    @property
    def text(self) -> str:
        return (FOLDER / self.file).read_text("utf-8")

    def rest(self, service: str) -> Names:
        """What both tools are run on."""
        taken = self.without | self.at.get(service, frozenset())
        found: dict[str, dict[str, Set]] = {}
        for label, record in self.records():
            if (label, record["type"]) not in taken and "dynamic" not in record:
                content = _content(record, escaped_semicolons=self.escaped_semicolons)
                found.setdefault(label, {})[record["type"]] = content
        return found

    def records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every record of the file, as PyYAML has it, anchors written out."""
        for label, found in (yaml.safe_load(self.text) or {}).items():
            for record in found if isinstance(found, list) else [found]:
                yield str(label), record


def _content(record: Mapping[str, Any], *, escaped_semicolons: bool) -> Set:
    values = record["values"] if "values" in record else [record["value"]]
    if record["type"] in ("SPF", "TXT") and escaped_semicolons:
        values = [value.replace("\\;", ";") for value in values]
    return Set(record.get("ttl", TTL_DEFAULT), tuple(values))


EXAMPLES = (
    Example(
        f"{_DOCS}basic/config/my-domain.com.yaml",
        reasons=(
            "anchor &WEB_A_VALUES: write it out",
            "anchor &WEB_AAAA_VALUES: write it out",
            "alias *WEB_A_VALUES: write it out",
            "alias *WEB_AAAA_VALUES: write it out",
        ),
    ),
    Example(f"{_DOCS}basic/config/unused-domain.io.yaml", reasons=_EMPTY),
    Example(f"{_DOCS}basic/target/my-domain.com.yaml"),
    Example(f"{_DOCS}basic/target/unused-domain.io.yaml"),
    Example(f"{_DOCS}custom/config/dns.math.yaml"),
    Example(
        f"{_DOCS}migrating-to-octodns/populate/my-dumpable.com.yaml",
        reasons=(
            "anchor &WEB_AAAA_VALUES: write it out",
            *(
                f"SSHFP value '{algorithm} 1 abcdef1234567890': fingerprint length inconsistent"
                " with fingerprint type"
                for algorithm in (42, 43)
            ),
        ),
        octodns='unrecognized algorithm "42"',
        without=frozenset({("sshfp", "SSHFP")}),
        at={"BIND": frozenset({("", "NS")})},  # difference apex-name-servers
    ),
    Example(f"{_DOCS}migrating-to-octodns/populate/unused-dumpable.com.yaml"),
    Example("tests/config-semis/escaped.semis.yaml"),
    Example("tests/config-semis/unescaped.semis.yaml", escaped_semicolons=False),
    *(
        Example(
            f"tests/config-txt-none/{name}.yaml",
            reasons=_NULL,
            octodns="missing value(s)",
            without=frozenset({("test", "TXT")}),
        )
        for name in ("all.null", "list.with.nulls", "scalar.null")
    ),
    Example(f"{_TESTS}dynamic-arpa/unit.tests.yaml"),
    Example(f"{_TESTS}hybrid/one.test.yaml"),
    Example(f"{_TESTS}override/dynamic.tests.yaml"),
    Example(f"{_TESTS}split/shared.yaml"),
    Example(f"{_TESTS}split/unit.tests.yaml"),
    Example(f"{_TESTS}sub.txt.unit.tests.yaml", reasons=_EMPTY),
    Example(f"{_TESTS}subzone.unit.tests.yaml"),
    Example(
        f"{_TESTS}unit.tests.yaml",
        reasons=(
            "geo records are not managed by planfence",
            *(f"octodns.{setting} {_MEANING}" for setting in ("excluded", "ignored", "included")),
            "type 'URLFWD' is not managed",
        ),
        without=frozenset(
            {
                ("", "A"),  # geo
                ("excluded", "CNAME"),
                ("ignored", "A"),
                ("included", "CNAME"),
                ("urlfwd", "URLFWD"),
                ("dname", "DNAME"),  # difference type-not-supported
            }
        ),
        at={
            "BIND": frozenset({("", "NS")}),  # difference apex-name-servers
            "Route 53": frozenset({("", "SSHFP"), ("loc", "LOC")}),  # type-not-supported
        },
    ),
    Example(f"{_TESTS}unordered.yaml"),
    Example(
        f"{_TESTS}zone-disable-validators/zone-disable-validators-a.tests.yaml",
        reasons=(f"octodns.healthcheck {_MEANING}",),
        octodns="invalid healthcheck protocol",
        without=frozenset({("", "A")}),
    ),
)
DYNAMIC_ONLY = f"{_TESTS}dynamic.tests.yaml"  # see test_dynamic
