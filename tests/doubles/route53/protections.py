"""Record set protections on the wire, which the model that botocore carries does not have yet.

Source: API Reference, Create-, Delete- and ListResourceRecordSetProtections. What is not written as
it says there is ``InvalidInput``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

from tests.doubles.route53.errors import invalid_input, invalid_xml
from tests.doubles.route53.facets import NAMESPACE, choices
from tests.doubles.route53.names import NameProblem, stored_name

ENTRIES_MAX: Final = 100
COMMENT_MAX: Final = 256
_NAME: Final = "{}ResourceRecordSetProtections{}"
_ENTRIES: Final = {
    "Create": ("ResourceRecordSetProtectionConfig", ("RecordName", "RecordType", "Comment")),
    "Delete": ("ResourceRecordSetProtectionKey", ("RecordName", "RecordType")),
}

Found = dict[tuple[str, str], str]
"""Comments, by name and type."""


def read(body: bytes, verb: str) -> Found:
    """What a request asks for."""
    entry, members = _ENTRIES[verb]
    try:
        root = fromstring(body)
    except ParseError as error:
        raise invalid_xml(str(error)) from error
    _expect(root, _NAME.format(verb, "Request"))
    [batch] = _children(root, ("Protections",))
    found: Found = {}
    for each in _children(batch, (entry,)):
        texts = {_tag(child): child.text or "" for child in _children(each, members)}
        rdtype, comment = texts["RecordType"], texts.get("Comment", "")
        if rdtype not in choices("RRType") or len(comment) > COMMENT_MAX:
            raise invalid_input(f"no such protection: {texts}")
        try:
            found[stored_name(texts["RecordName"]), rdtype] = comment
        except NameProblem as problem:
            raise invalid_input(str(problem)) from problem
    if not 1 <= len(found) <= ENTRIES_MAX:
        raise invalid_input(f"1 to {ENTRIES_MAX} protections")
    return found


def document(verb: str, inner: str = "") -> str:
    name = _NAME.format(verb, "Response")
    return f'<{name} xmlns="{NAMESPACE}">{inner}</{name}>'


def listed(found: Iterable[tuple[tuple[str, str], str]], following: str | None) -> str:
    """A page of protections."""
    inner = "".join(
        "<ResourceRecordSetProtection>"
        f"<RecordName>{escape(name)}</RecordName><RecordType>{rdtype}</RecordType>"
        + (f"<Comment>{escape(comment)}</Comment>" if comment else "")
        + "</ResourceRecordSetProtection>"
        for (name, rdtype), comment in found
    )
    token = f"<NextToken>{following}</NextToken>" if following else ""
    sets = f"<ResourceRecordSetProtections>{inner}</ResourceRecordSetProtections>"
    return document("List", sets + token)


def _children(element: Element, names: tuple[str, ...]) -> list[Element]:
    for child in element:
        if _tag(child) not in names or not child.tag.startswith(f"{{{NAMESPACE}}}"):
            raise invalid_xml(f"Invalid content was found starting with element '{child.tag}'.")
    return list(element)


def _expect(element: Element, name: str) -> None:
    if element.tag != f"{{{NAMESPACE}}}{name}":
        raise invalid_xml(f"Cannot find the declaration of element '{element.tag}'.")


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]
